/* Tests tlspool.c. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tlspool.h"

static int failed;

static void
expect(bool ok, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL %s\n", why);
	failed = 1;
}

static void
test_pairs(void)
{
	struct tlspair *p[3];

	tlspool_init(3);
	expect(tlspool_max() == 3 && tlspool_used() == 0, "a new pool");
	expect(tlspool_memory() >= 3 * sizeof *p[0], "its memory");
	p[0] = tlspool_get();
	expect(!tlspool_scarce(), "one of three is out");
	p[1] = tlspool_get();
	expect(tlspool_scarce(), "two of three are out");
	p[2] = tlspool_get();
	expect(p[0] != NULL && p[1] != NULL && p[2] != NULL &&
	    p[0] != p[1] && p[1] != p[2] && p[0] != p[2], "three pairs");
	expect(tlspool_get() == NULL, "and no fourth");
	memset(p[0], 1, sizeof *p[0]);
	memset(p[1], 2, sizeof *p[1]);
	tlspool_put(p[0]);
	tlspool_put(NULL);
	expect(tlspool_used() == 2 && tlspool_get() == p[0],
	    "the last that came back is the first to go");
	expect(p[1]->in[0] == 2 && p[1]->out[TLSPOOL_OUT - 1] == 2,
	    "they are apart");
	tlspool_put(p[0]);
	tlspool_put(p[1]);
	tlspool_put(p[2]);
	tlspool_init(1);
	p[0] = tlspool_get();
	expect(p[0] != NULL && tlspool_get() == NULL, "a smaller pool");
	tlspool_put(p[0]);
}

static void
test_parts(void)
{
	static unsigned char from[TLSPOOL_IN], to[TLSPOOL_IN];
	struct tlspart *part, *more[8];
	size_t i, n = 0;

	tlspool_init(1);
	for (i = 0; i < sizeof from; i++)
		from[i] = (unsigned char)(i * 7);
	part = tlspool_part(from, 100, 50);
	expect(part != NULL && part->at == 100 && part->n == 50, "a part");
	memset(to, 0xee, sizeof to);
	tlspool_unpart(part, to);
	expect(memcmp(to + 100, from + 100, 50) == 0 && to[99] == 0xee &&
	    to[150] == 0xee, "is where it was");
	tlspool_unpart(NULL, to);
	part = tlspool_part(from, 0, sizeof from);
	expect(part != NULL, "a whole buffer");
	tlspool_unpart(part, to);
	expect(memcmp(to, from, sizeof from) == 0, "comes back");
	while (n < 8 && (more[n] = tlspool_part(from, 0, 10000)) != NULL)
		n++;
	expect(n == 3, "no more than one pair takes");
	tlspool_drop(more[--n]);
	part = tlspool_part(from, 0, 10000);
	expect(part != NULL, "again when one is gone");
	tlspool_drop(part);
	tlspool_drop(NULL);
	while (n > 0)
		tlspool_drop(more[--n]);
}

int
main(void)
{
	test_pairs();
	test_parts();
	return failed;
}
