/* Tests slab.c. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "slab.h"

#define MAX 3000

static int failed;

static void
expect(bool ok, size_t size, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL slab of %zu: %s\n", size, why);
	failed = 1;
}

static bool
zeroed(const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
test_size(struct slab *s, size_t size, size_t max)
{
	static unsigned char *all[MAX];
	size_t i;
	void *p, *q;

	slab_init(s, size, max);
	for (i = 0; i < max; i++) {
		all[i] = slab_get(s);
		expect(all[i] != NULL, size, "up to max");
		if (all[i] == NULL)
			return;
		expect((uintptr_t)all[i] % 8 == 0, size, "aligned");
		expect(zeroed(all[i], size), size, "new is zeroed");
		memset(all[i], (int)(i % 251 + 1), size);
	}
	expect(slab_get(s) == NULL, size, "not more than max");
	expect(slab_used(s) == max, size, "used at max");
	for (i = 0; i < max; i++)
		expect(all[i][0] == i % 251 + 1 &&
		    all[i][size - 1] == i % 251 + 1, size, "no overlap");
	slab_put(s, NULL);
	slab_put(s, all[0]);
	slab_put(s, all[max - 1]);
	expect(slab_used(s) == max - 2, size, "put is counted");
	p = slab_get(s);
	q = slab_get(s);
	expect(p == all[max - 1] && q == all[0], size, "last in, first out");
	expect(zeroed(p, size) && zeroed(q, size), size, "old is zeroed");
	expect(slab_get(s) == NULL, size, "full again");
	/* all of them, so that a checker finds the chunks again */
	for (i = 0; i < max; i++)
		slab_put(s, all[i]);
	expect(slab_used(s) == 0, size, "all back");
}

int
main(void)
{
	static struct slab slabs[9], s;
	struct slab *next = slabs;
	char *a, *b;

	/* two objects or more each; sizes around 16 KB and its parts */
	test_size(next++, 8, MAX);
	test_size(next++, 9, 2);
	test_size(next++, 13, MAX);
	test_size(next++, 24, 2);
	test_size(next++, 504, 100);
	test_size(next++, 16352, 3);
	test_size(next++, 16353, 3);
	test_size(next++, 16384, 2);
	test_size(next++, 100000, 2);
	slab_init(&s, 8, 0);
	expect(slab_get(&s) == NULL && slab_used(&s) == 0, 8, "none at all");
	memset(&s, 0xff, sizeof s);
	slab_init(&s, 17, 10);
	a = slab_get(&s);
	b = slab_get(&s);
	expect(b - a == 24, 17, "side by side, without a header");
	return failed;
}
