/*
 * Objects of one size without a header each. An object that came back holds
 * the pointer to the next such one in its first bytes.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slab.h"

/* with what malloc() adds to it, eight pages */
#define CHUNK (32 * 1024 - 32)

void
slab_init(struct slab *s, size_t size, size_t max)
{
	assert(size > 0 && size <= SIZE_MAX - 7);
	memset(s, 0, sizeof *s);
	s->size = (size + 7) / 8 * 8;
	s->max = max;
}

/* makes the next chunk, or only what is left to make */
static int
more(struct slab *s)
{
	size_t n = CHUNK / s->size;

	if (n == 0)
		n = 1;
	if (n > s->max - s->made)
		n = s->max - s->made;
	if (n == 0)
		return -1;
	s->fresh = malloc(n * s->size);
	if (s->fresh == NULL)
		return -1;
	s->n_fresh = n;
	s->made += n;
	return 0;
}

void *
slab_get(struct slab *s)
{
	void *p = s->idle;

	if (p != NULL) {
		memcpy(&s->idle, p, sizeof s->idle);
	} else {
		if (s->n_fresh == 0 && more(s) < 0)
			return NULL;
		p = s->fresh;
		s->fresh += s->size;
		s->n_fresh--;
	}
	/* here, and not for a whole chunk: what is not used is not touched */
	memset(p, 0, s->size);
	s->used++;
	return p;
}

void
slab_put(struct slab *s, void *p)
{
	if (p == NULL)
		return;
	assert(s->used > 0);
	memcpy(p, &s->idle, sizeof s->idle);
	s->idle = p;
	s->used--;
}

size_t
slab_used(const struct slab *s)
{
	return s->used;
}
