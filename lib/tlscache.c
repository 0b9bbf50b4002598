/*
 * Sets of four. An id is random and of our own making, so its first bytes
 * spread sessions evenly; an id that a client makes up finds nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "tlscache.h"

#define WAYS 4

struct entry {
	struct tlsession s;
	uint32_t until; /* 0: empty; else good before this second */
};

struct tlscache {
	size_t sets;
	uint32_t life_s;
	struct entry at[];
};

struct tlscache *
tlscache_new(size_t n, int64_t life_s)
{
	size_t sets = n / WAYS + (n % WAYS > 0);
	struct tlscache *c;

	if (sets > (SIZE_MAX - sizeof *c) / WAYS / sizeof c->at[0])
		return NULL;
	c = calloc(1, sizeof *c + sets * WAYS * sizeof c->at[0]);
	if (c == NULL)
		return NULL;
	c->sets = sets;
	if (life_s > 0)
		c->life_s = life_s < 86400 * 7 ? (uint32_t)life_s : 86400 * 7;
	return c;
}

void
tlscache_free(struct tlscache *c)
{
	/* through a volatile pointer, so that no compiler leaves it out */
	void *(*const volatile wipe)(void *, int, size_t) = memset;

	if (c == NULL)
		return;
	wipe(c->at, 0, c->sets * WAYS * sizeof c->at[0]);
	free(c);
}

/* where an id's four places begin */
static size_t
place(const struct tlscache *c, const unsigned char id[32])
{
	uint32_t h;

	memcpy(&h, id, sizeof h);
	return h % c->sets * WAYS;
}

void
tlscache_put(struct tlscache *c, const struct tlsession *s, int64_t now)
{
	struct entry *e, *first;
	int i;

	if (c->sets == 0 || c->life_s == 0)
		return;
	e = first = &c->at[place(c, s->id)];
	for (i = 1; i < WAYS; i++)
		if (first[i].until < e->until)
			e = &first[i];
	e->s = *s;
	e->until = (uint32_t)now + c->life_s;
}

const struct tlsession *
tlscache_get(const struct tlscache *c, const unsigned char id[32],
    int64_t now)
{
	const struct entry *e;
	int i;

	if (c->sets == 0)
		return NULL;
	e = &c->at[place(c, id)];
	for (i = 0; i < WAYS; i++, e++)
		if (e->until > (uint32_t)now &&
		    memcmp(e->s.id, id, sizeof e->s.id) == 0)
			return &e->s;
	return NULL;
}
