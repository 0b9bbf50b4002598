#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Deadlines, the nearest first. An owner embeds a uint32_t that starts at 0,
 * the place of its deadline in here, and does not move in memory while that
 * is not 0.
 *
 * Deadlines are raised lazily: a later one than the one that is in changes
 * nothing, so that traffic costs a comparison. The owner is then looked at
 * too early, and sets what is left.
 */
struct heap_item {
	int64_t at;
	uint32_t *pos;
};

/* items[1] is the nearest; those of i are not nearer than that of i / 2 */
struct heap {
	struct heap_item *items;
	size_t n, cap, max;
};

/* an empty heap that grows to max deadlines; takes no memory yet */
void heap_init(struct heap *h, size_t max);
/* gives the memory back; the owners' places are not touched */
void heap_free(struct heap *h);
/* what heap_set() does when there is something to do */
int heap_put(struct heap *h, uint32_t *pos, int64_t at);
/* takes the owner out; nothing happens if it is not in */
void heap_remove(struct heap *h, uint32_t *pos);
/* takes out one owner whose deadline is at or before now; NULL if none */
uint32_t *heap_due(struct heap *h, int64_t now);
/* the nearest deadline, or INT64_MAX */
static inline int64_t
heap_next(const struct heap *h)
{
	return h->n == 0 ? INT64_MAX : h->items[1].at;
}

/*
 * Puts the owner in, or moves it to an earlier deadline; a later one changes
 * nothing. 0, or -1 if it is not in and there is no memory or max are.
 */
static inline int
heap_set(struct heap *h, uint32_t *pos, int64_t at)
{
	if (*pos != 0 && h->items[*pos].at <= at)
		return 0;
	return heap_put(h, pos, at);
}

#endif
