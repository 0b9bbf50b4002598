/*
 * Pairs that came back are used first, as they are likely in the processor's
 * caches still. A free one's first bytes point to the next.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tlspool.h"

static struct {
	void *free;
	size_t max, made, used;
	size_t aside; /* bytes in parts */
	struct tlspart *oldest, *newest;
} pool;

void
tlspool_init(size_t max)
{
	pool.max = max;
}

size_t
tlspool_max(void)
{
	return pool.max;
}

struct tlspair *
tlspool_get(void)
{
	void *p = pool.free;

	if (pool.used >= pool.max)
		return NULL;
	if (p != NULL) {
		memcpy(&pool.free, p, sizeof pool.free);
	} else {
		p = malloc(sizeof(struct tlspair));
		if (p == NULL)
			return NULL;
		pool.made++;
	}
	pool.used++;
	return p;
}

void
tlspool_put(struct tlspair *p)
{
	if (p == NULL)
		return;
	assert(pool.used > 0);
	memcpy((void *)p, &pool.free, sizeof pool.free);
	pool.free = p;
	pool.used--;
}

size_t
tlspool_used(void)
{
	return pool.used;
}

bool
tlspool_scarce(void)
{
	return pool.used > pool.max / 2;
}

size_t
tlspool_memory(void)
{
	return 2 * pool.max * sizeof(struct tlspair);
}

/* bytes that a part of n takes */
static size_t
part_size(size_t n)
{
	return sizeof(struct tlspart) + n;
}

bool
tlspool_full(const struct tlspart *part, size_t n)
{
	size_t has = part != NULL ? part_size(part->n) : 0;

	return pool.aside - has + part_size(n) >
	    pool.max * sizeof(struct tlspair);
}

/* its neighbours learn where it is, or that it is gone */
static void
join(struct tlspart *older, struct tlspart *newer)
{
	if (older != NULL)
		older->newer = newer;
	else
		pool.oldest = newer;
	if (newer != NULL)
		newer->older = older;
	else
		pool.newest = older;
}

bool
tlspool_part(struct tlspart **part, void *owner, const unsigned char *buf,
    size_t at, size_t n)
{
	struct tlspart *p;

	assert(at + n <= TLSPOOL_IN);
	if (tlspool_full(*part, n))
		return false;
	p = realloc(*part, part_size(n));
	if (p == NULL)
		return false;
	if (*part == NULL) {
		p->older = pool.newest;
		p->newer = NULL;
		p->n = 0;
		pool.aside += part_size(0);
	}
	join(p->older, p);
	join(p, p->newer);
	pool.aside = pool.aside - p->n + n;
	p->owner = owner;
	p->at = (uint16_t)at;
	p->n = (uint16_t)n;
	memcpy(p->bytes, buf + at, n);
	*part = p;
	return true;
}

void
tlspool_forget(struct tlspart **part)
{
	struct tlspart *p = *part;

	join(p->older, p->newer);
	pool.aside -= part_size(p->n);
	free(p);
	*part = NULL;
}

void *
tlspool_oldest(void)
{
	return pool.oldest != NULL ? pool.oldest->owner : NULL;
}
