#ifndef SLAB_H
#define SLAB_H

#include <stddef.h>

/*
 * Objects of one size, side by side in chunks that are never given back.
 * They hold nothing that asks for more alignment than an int64_t.
 */
struct slab {
	void *idle; /* objects that came back, last in first out */
	unsigned char *fresh; /* in the newest chunk, never given out */
	size_t n_fresh;
	size_t size, max;
	size_t made, used; /* made: in all chunks */
};

/* decides size and number of the objects; takes no memory yet */
void slab_init(struct slab *s, size_t size, size_t max);
/* a zeroed object, or NULL when max are in use or memory ran out */
void *slab_get(struct slab *s);
/* gives p back; NULL is fine. Its first pointer's worth of bytes is used for
 * the list of free ones, the others stay as they are until slab_get() */
void slab_put(struct slab *s, void *p);
/* objects in use */
size_t slab_used(const struct slab *s);

#endif
