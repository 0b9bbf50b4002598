#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hint.h"

/* A piece of somebody else's memory; dies with the next read into it. */
struct span {
	const char *p;
	size_t n;
};

/* true if s holds exactly the text lit; upper and lower case are the same */
bool span_is(struct span s, const char *lit);
/* the same, with upper and lower case told apart */
bool span_is_exact(struct span s, const char *lit);
bool span_equal(struct span a, struct span b);
/* the same, upper and lower case being the same */
bool span_alike(struct span a, struct span b);
/* the bytes from p on, before end */
static inline struct span
span_between(const char *p, const char *end)
{
	struct span s = {p, (size_t)(end - p)};

	return s;
}

/* lower case of one ASCII letter, all else as it is */
static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* the value of a hexadecimal digit, -1 for what is none */
int hex_digit(char c);
/*
 * Walks a comma-separated list: takes the next element, without the white
 * space around it, off *list. False when there is none left; empty elements
 * are skipped (RFC 9110 5.6.1).
 */
bool span_next(struct span *list, struct span *element);

/*
 * Text being written into memory of a fixed size. What does not fit sets
 * full and is dropped; the writer looks once, at the end.
 */
struct text {
	char *p;
	size_t n, cap;
	bool full;
};

/* a head is put together from a hundred pieces: these are worth inlining */
static inline void
text_init(struct text *t, void *p, size_t cap)
{
	t->p = p;
	t->n = 0;
	t->cap = cap;
	t->full = false;
}

static inline void
text_mem(struct text *t, const void *p, size_t n)
{
	if (RARE(n > t->cap - t->n)) {
		t->full = true;
		return;
	}
	if (n > 0)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

static inline void
text_str(struct text *t, const char *s)
{
	text_mem(t, s, strlen(s));
}

static inline void
text_span(struct text *t, struct span s)
{
	text_mem(t, s.p, s.n);
}

void text_uint(struct text *t, uint64_t v);
void text_hex(struct text *t, uint64_t v);

/*
 * A buffer of the pool: bytes that somebody could not take at once.
 *
 *	0        beg          end          cap
 *	|  gone   |   bytes    |   room    |
 *
 * 0 <= beg <= end <= cap, and an empty buffer goes back to the pool.
 */
struct buf {
	struct buf *next; /* in the pool; free for its holder's use outside */
	size_t beg, end, cap;
	unsigned char data[];
};

/* what a small buffer holds: most heads, and what a short stall leaves */
#define BUF_SMALL 4096

/*
 * Decides the pool: buffers of two sizes. There are small ones enough for
 * every end, so that nobody waits for those whose peers do not read; the
 * large ones make bulk fast. Memory is taken as it is first used and never
 * given back. Call once, before any other.
 */
void buf_pool(size_t large, size_t n_large, size_t n_small);
/* bytes that a large buffer holds */
size_t buf_size(void);
/* bytes that the largest buffer to be had now holds; 0: there is none */
size_t buf_left(void);
/* the memory that the pool can take in all, were there as much */
uint64_t buf_memory(void);
/* an empty buffer that holds need bytes or more, or NULL: none is left */
struct buf *buf_get(size_t need);
/* asks for what buf_get() gives next: see hint.h */
void buf_warm(void);
/* gives b back; NULL is fine */
void buf_put(struct buf *b);
/*
 * Makes room for more bytes in *b, which may be NULL, taking a larger buffer
 * if need be. False, and *b as it was, if there is none.
 */
bool buf_fit(struct buf **b, size_t more);
/* bytes that wait in b; 0 for NULL */
size_t buf_len(const struct buf *b);
/* bytes that still fit behind the ones that wait, after moving them down */
size_t buf_room(struct buf *b);
/* appends n bytes, which must fit (buf_room) */
void buf_append(struct buf *b, const void *p, size_t n);
/* drops the first n bytes that wait */
void buf_drop(struct buf *b, size_t n);

#endif
