/* Tokens, as they come and with a signature that fits; and sets of keys. */
#include "fuzz.h"
#include "base64.h"
#include "jwt.h"
#include "tlssign.h"

static const char secret[] = "a secret of thirty-two bytes, yes";

/* header and claims, with a newline between them, as a token that is good */
static struct span
signed_token(const uint8_t *p, size_t n)
{
	static char memory[4 * JWT_MAX];
	const uint8_t *line = memchr(p, '\n', n);
	unsigned char mac[SIGN_HASH];
	struct text t;

	text_init(&t, memory, sizeof memory);
	if (line == NULL || n > JWT_MAX)
		return (struct span){"", 0};
	base64url_encode(&t, p, (size_t)(line - p));
	text_str(&t, ".");
	base64url_encode(&t, line + 1, n - 1 - (size_t)(line - p));
	sign_hmac(secret, sizeof secret - 1, t.p, t.n, mac);
	text_str(&t, ".");
	base64url_encode(&t, mac, sizeof mac);
	return (struct span){t.p, t.n};
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct jwt_keys *k;
	struct jwt_keys *set;
	char err[200] = "";
	struct jwt j;

	if (k == NULL) {
		snprintf(err, sizeof err, "hs256 %s", secret);
		k = jwt_keys_load(err, err, sizeof err);
		MUST(k != NULL);
	}
	jwt_read(k, NULL, NULL, (struct span){(const char *)p, n}, &j);
	if (jwt_read(k, NULL, "us", signed_token(p, n), &j) == R_DONE)
		MUST(strlen(j.subject) <= JWT_SUBJECT_MAX);
	set = jwt_keys_load(file_of(p, n), err, sizeof err);
	MUST(set != NULL || err[0] != '\0');
	jwt_keys_free(set);
	return 0;
}
