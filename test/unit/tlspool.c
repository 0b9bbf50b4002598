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

static unsigned char from[TLSPOOL_IN], to[TLSPOOL_IN];

static void
test_parts(void)
{
	struct tlspart *part = NULL, *more[8] = {NULL};
	size_t i, n = 0;

	tlspool_init(1);
	for (i = 0; i < sizeof from; i++)
		from[i] = (unsigned char)(i * 7);
	expect(tlspool_part(&part, NULL, from, 100, 50) && part->at == 100 &&
	    part->n == 50, "a part");
	memset(to, 0xee, sizeof to);
	tlspool_unpart(part, to);
	expect(memcmp(to + 100, from + 100, 50) == 0 && to[99] == 0xee &&
	    to[150] == 0xee, "is where it was");
	tlspool_unpart(NULL, to);
	expect(tlspool_part(&part, NULL, from, 0, sizeof from),
	    "a whole buffer");
	tlspool_unpart(part, to);
	expect(memcmp(to, from, sizeof from) == 0, "comes back");
	expect(tlspool_part(&part, NULL, from, 0, 10), "a smaller one");
	tlspool_drop(&part);
	expect(part == NULL, "is gone");
	while (n < 8 && tlspool_part(&more[n], NULL, from, 0, 10000))
		n++;
	expect(n == 3 && more[n] == NULL, "no more than one pair takes");
	expect(tlspool_full(NULL, 10000) && !tlspool_full(NULL, 10) &&
	    !tlspool_full(more[0], 10000), "which is told before");
	expect(!tlspool_part(&more[0], NULL, from, 0, 15000) &&
	    more[0]->n == 10000, "one that cannot grow stays as it is");
	tlspool_drop(&more[--n]);
	expect(tlspool_part(&part, NULL, from, 0, 10000),
	    "again when one is gone");
	tlspool_drop(&part);
	tlspool_drop(&part);
	while (n > 0)
		tlspool_drop(&more[--n]);
}

/* who is the oldest, when parts grow and go */
static void
test_age(void)
{
	struct tlspart *p[4] = {NULL};
	char owner[4];
	int i;

	tlspool_init(2);
	expect(tlspool_oldest() == NULL, "nobody waits");
	for (i = 0; i < 4; i++)
		tlspool_part(&p[i], &owner[i], from, 0, 10);
	expect(tlspool_oldest() == &owner[0], "the first");
	for (i = 0; i < 4; i++)
		expect(tlspool_part(&p[i], &owner[i], from, 0, 9000),
		    "it grows");
	expect(tlspool_oldest() == &owner[0], "and keeps its age");
	tlspool_drop(&p[1]);
	expect(tlspool_oldest() == &owner[0], "one between goes");
	tlspool_drop(&p[0]);
	expect(tlspool_oldest() == &owner[2], "the first goes");
	tlspool_part(&p[0], &owner[0], from, 0, 10);
	expect(tlspool_oldest() == &owner[2], "and comes back as the last");
	tlspool_drop(&p[2]);
	tlspool_drop(&p[3]);
	expect(tlspool_oldest() == &owner[0], "and is alone");
	tlspool_drop(&p[0]);
	expect(tlspool_oldest() == NULL, "nobody is left");
}

int
main(void)
{
	test_pairs();
	test_parts();
	test_age();
	return failed;
}
