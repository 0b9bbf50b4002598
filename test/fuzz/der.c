/* Certificates and public keys in DER. */
#include "fuzz.h"
#include "der.h"
#include "tlssign.h"

static const uint8_t *begin;
static size_t size;

static bool
inside(struct der d)
{
	return d.n <= size && d.p >= begin && d.p + d.n <= begin + size;
}

static void
test_cert(void)
{
	struct der_cert c;
	struct der d;
	size_t i;

	if (!der_cert(&c, begin, size))
		return;
	MUST(inside(c.issuer) && inside(c.subject) && inside(c.key));
	MUST(c.alt.p == NULL || inside(c.alt));
	for (i = 0; der_name(&c, i, &d); i++)
		MUST(inside(d));
	for (i = 0; der_ip(&c, i, &d); i++)
		MUST(inside(d));
	if (der_who(c.issuer, &d))
		MUST(inside(d));
	if (der_who(c.subject, &d))
		MUST(inside(d));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	begin = p;
	size = n;
	test_cert();
	sign_key_free(sign_key_der(p, n, false));
	sign_key_free(sign_key_der(p, n, true));
	return 0;
}
