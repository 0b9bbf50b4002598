/*
 * A key for a client. Its line goes to the standard output, so that it can be
 * appended to the file; the key itself to the standard error, to be seen once
 * and kept nowhere.
 */
#include <stdio.h>

#include "newkey.h"
#include "apikey.h"
#include "base64.h"
#include "tls.h"
#include "tlssign.h"

#define RANDOM 32 /* bytes */
#define PREFIX "weir_" /* so that a key is known where it turns up */

int
newkey_main(const char *name)
{
	unsigned char bytes[RANDOM], hash[SIGN_HASH];
	char memory[64];
	struct text t;
	size_t i;

	/* who asks for help should not get a key */
	if (*name == '-' || !apikey_name_valid(name)) {
		fprintf(stderr, "weir: a key's name is 1 to 64 letters, "
		    "digits, . _ - or @, and does not begin with -\n");
		return 2;
	}
	tls_entropy(bytes, sizeof bytes);
	text_init(&t, memory, sizeof memory);
	text_str(&t, PREFIX);
	base64url_encode(&t, bytes, sizeof bytes);
	sign_sha256(t.p, t.n, hash);
	printf("%s = sha256:", name);
	for (i = 0; i < sizeof hash; i++)
		printf("%02x", hash[i]);
	printf("\n");
	if (fflush(stdout) != 0) {
		perror("weir");
		return 1;
	}
	fprintf(stderr, "%.*s\n", (int)t.n, t.p);
	return 0;
}
