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

struct tlspart *
tlspool_part(const unsigned char *buf, size_t at, size_t n)
{
	size_t size = sizeof(struct tlspart) + n;
	struct tlspart *part;

	assert(at + n <= TLSPOOL_IN);
	if (pool.aside + size > pool.max * sizeof(struct tlspair))
		return NULL;
	part = malloc(size);
	if (part == NULL)
		return NULL;
	part->at = (uint16_t)at;
	part->n = (uint16_t)n;
	memcpy(part->bytes, buf + at, n);
	pool.aside += size;
	return part;
}

void
tlspool_unpart(struct tlspart *part, unsigned char *buf)
{
	if (part == NULL)
		return;
	memcpy(buf + part->at, part->bytes, part->n);
	tlspool_drop(part);
}

void
tlspool_drop(struct tlspart *part)
{
	if (part == NULL)
		return;
	pool.aside -= sizeof *part + part->n;
	free(part);
}
