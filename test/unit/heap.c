/* Tests heap.c: against a plain array of deadlines, at random. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heap.h"

#define N 300

static int failed;

static void
expect(bool ok, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL heap: %s\n", why);
	failed = 1;
}

static unsigned
any(unsigned below)
{
	static uint32_t x = 1;

	x = x * 1103515245u + 12345u;
	return (x >> 16) % below;
}

/* what heap.h says of items, and that each owner's place is right */
static void
check(const struct heap *h)
{
	size_t i;

	for (i = 1; i <= h->n; i++) {
		expect(*h->items[i].pos == i, "place of an owner");
		if (i > 1)
			expect(h->items[i / 2].at <= h->items[i].at, "order");
	}
}

static void
test_lazy(void)
{
	struct heap h;
	uint32_t a = 0, b = 0;

	memset(&h, 0xff, sizeof h);
	heap_init(&h, 10);
	expect(heap_next(&h) == INT64_MAX, "nothing is never");
	expect(heap_due(&h, INT64_MAX) == NULL, "nothing is due in nothing");
	heap_remove(&h, &a);
	expect(heap_set(&h, &a, 100) == 0 && a != 0, "put in");
	expect(heap_set(&h, &a, 200) == 0, "later is fine");
	expect(heap_next(&h) == 100, "later changes nothing");
	expect(heap_set(&h, &a, 50) == 0, "earlier is fine");
	expect(heap_next(&h) == 50, "earlier moves");
	heap_set(&h, &b, -5);
	expect(heap_next(&h) == -5, "negative deadline");
	expect(heap_due(&h, -6) == NULL, "one before is not due");
	expect(heap_due(&h, -5) == &b, "at the deadline is due");
	expect(b == 0, "what was due is out");
	expect(heap_due(&h, 49) == NULL, "the other is not due");
	heap_remove(&h, &a);
	expect(a == 0 && heap_next(&h) == INT64_MAX, "removed");
	heap_set(&h, &a, 1);
	heap_free(&h);
	a = 0;
	expect(heap_next(&h) == INT64_MAX && heap_set(&h, &a, 1) == 0 &&
	    heap_due(&h, 1) == &a, "again after heap_free()");
	heap_free(&h);
}

static void
test_max(size_t max, const char *why)
{
	struct heap h;
	static uint32_t pos[N];
	size_t i;

	memset(pos, 0, sizeof pos);
	heap_init(&h, max);
	for (i = 0; i < max; i++)
		expect(heap_set(&h, &pos[i], (int64_t)(max - i)) == 0, why);
	expect(heap_set(&h, &pos[max], 0) == -1, why);
	expect(pos[max] == 0, why);
	check(&h);
	if (max > 0) {
		expect(heap_set(&h, &pos[0], 0) == 0, "moves when full");
		expect(heap_due(&h, 0) == &pos[0], "comes out when full");
		expect(heap_set(&h, &pos[max], 9) == 0, "room again");
	}
	check(&h);
	heap_free(&h);
}

/* owners with their deadline, or -1 */
static uint32_t place[N];
static int64_t at[N];

static int64_t
nearest(void)
{
	int64_t min = INT64_MAX;
	int i;

	for (i = 0; i < N; i++)
		if (at[i] >= 0 && at[i] < min)
			min = at[i];
	return min;
}

static void
step(struct heap *h)
{
	unsigned i = any(N);
	int64_t t = any(1000);
	uint32_t *p;

	switch (any(4)) {
	case 0:
	case 1:
		expect(heap_set(h, &place[i], t) == 0, "random set");
		if (at[i] < 0 || t < at[i])
			at[i] = t;
		break;
	case 2:
		heap_remove(h, &place[i]);
		at[i] = -1;
		break;
	default:
		t = any(200);
		p = heap_due(h, t);
		expect((p != NULL) == (nearest() <= t), "random due");
		if (p == NULL)
			break;
		expect(at[p - place] == nearest(), "due is the nearest");
		at[p - place] = -1;
	}
	expect(heap_next(h) == nearest(), "random next");
}

static void
test_random(void)
{
	struct heap h;
	int i;

	heap_init(&h, N);
	for (i = 0; i < N; i++)
		at[i] = -1;
	for (i = 0; i < 20000; i++) {
		step(&h);
		check(&h);
	}
	for (i = 0; i < N; i++)
		expect((place[i] != 0) == (at[i] >= 0), "0 is not in");
	heap_free(&h);
}

int
main(void)
{
	test_lazy();
	test_max(0, "none at all");
	test_max(1, "one");
	test_max(64, "the first array, exactly");
	test_max(65, "one more than the first array");
	test_max(200, "not a power of two");
	test_random();
	return failed;
}
