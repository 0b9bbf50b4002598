/*
 * A binary heap of deadlines. Wherever an item is put, its owner's place is
 * put right in the same breath: see place().
 */
#include <assert.h>
#include <stdlib.h>

#include "heap.h"

void
heap_init(struct heap *h, size_t max)
{
	assert(max < UINT32_MAX);
	h->items = NULL;
	h->n = h->cap = 0;
	h->max = max;
}

void
heap_free(struct heap *h)
{
	free(h->items);
	h->items = NULL;
	h->n = h->cap = 0;
}

static void
place(struct heap *h, size_t i, struct heap_item item)
{
	h->items[i] = item;
	*item.pos = (uint32_t)i;
}

/* finds the place of item at i or above it */
static void
rise(struct heap *h, size_t i, struct heap_item item)
{
	for (; i > 1 && h->items[i / 2].at > item.at; i /= 2)
		place(h, i, h->items[i / 2]);
	place(h, i, item);
}

/* finds the place of item at i or below it */
static void
sink(struct heap *h, size_t i, struct heap_item item)
{
	size_t child;

	while (i <= h->n / 2) {
		child = 2 * i;
		if (child < h->n &&
		    h->items[child + 1].at < h->items[child].at)
			child++;
		if (h->items[child].at >= item.at)
			break;
		place(h, i, h->items[child]);
		i = child;
	}
	place(h, i, item);
}

static int
grow(struct heap *h)
{
	size_t cap = h->cap == 0 ? 64 : h->cap * 2;
	struct heap_item *items;

	if (cap > h->max)
		cap = h->max;
	if (cap <= h->cap || cap >= SIZE_MAX / sizeof *items)
		return -1;
	/* one more, since items[0] is not used */
	items = realloc(h->items, (cap + 1) * sizeof *items);
	if (items == NULL)
		return -1;
	h->items = items;
	h->cap = cap;
	return 0;
}

int
heap_put(struct heap *h, uint32_t *pos, int64_t at)
{
	struct heap_item item = {at, pos};
	size_t i = *pos;

	if (i == 0) {
		if (h->n == h->cap && grow(h) < 0)
			return -1;
		i = ++h->n;
	}
	rise(h, i, item);
	return 0;
}

void
heap_remove(struct heap *h, uint32_t *pos)
{
	size_t i = *pos;
	struct heap_item last;

	if (i == 0)
		return;
	assert(i <= h->n && h->items[i].pos == pos);
	*pos = 0;
	last = h->items[h->n--];
	if (i > h->n)
		return;
	if (i > 1 && h->items[i / 2].at > last.at)
		rise(h, i, last);
	else
		sink(h, i, last);
}

uint32_t *
heap_due(struct heap *h, int64_t now)
{
	uint32_t *pos;

	if (h->n == 0 || heap_next(h) > now)
		return NULL;
	pos = h->items[1].pos;
	heap_remove(h, pos);
	return pos;
}
