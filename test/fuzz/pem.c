/* Certificates and private keys in PEM: a file, and DER put into one. */
#include "fuzz.h"
#include "base64.h"
#include "tlskeys.h"

static void
load(const void *p, size_t n)
{
	char err[300] = "", warn[300];
	struct cred *c = cred_load(file_of(p, n), NULL, 1, err, warn,
	    sizeof err);
	struct anchors *a;

	MUST(c != NULL || err[0] != '\0');
	cred_free(c);
	err[0] = '\0';
	a = anchors_load(file_path, err, sizeof err);
	MUST(a != NULL || err[0] != '\0');
	anchors_free(a);
}

static void
load_der(const uint8_t *p, size_t n, const char *kind)
{
	static char memory[16384];
	struct text t;
	size_t i, begin;

	text_init(&t, memory, sizeof memory);
	text_str(&t, "-----BEGIN ");
	text_str(&t, kind);
	text_str(&t, "-----\n");
	begin = t.n;
	base64url_encode(&t, p, n);
	for (i = begin; i < t.n; i++)
		memory[i] = memory[i] == '-' ? '+' : memory[i] == '_' ? '/' :
		    memory[i];
	while ((t.n - begin) % 4 != 0)
		text_str(&t, "=");
	text_str(&t, "\n-----END ");
	text_str(&t, kind);
	text_str(&t, "-----\n");
	MUST(!t.full);
	load(t.p, t.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 8192)
		return 0;
	load(p, n);
	load_der(p, n, "CERTIFICATE");
	load_der(p, n, "PRIVATE KEY");
	return 0;
}
