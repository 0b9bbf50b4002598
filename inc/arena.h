#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

/*
 * Memory that is taken in pieces and given back all at once. An arena is a
 * pointer that begins as NULL.
 */
struct arena;

/* n zeroed bytes, aligned for anything, or NULL */
void *arena_take(struct arena **a, size_t n);
/* printf into the arena; NULL if there is no memory */
char *arena_printf(struct arena **a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* gives everything back; NULL is fine */
void arena_free(struct arena *a);

#endif
