/*
 * Pieces of text and the pool of buffers.
 *
 * Buffers have one of two sizes. They are made one by one as they are first
 * needed. Large ones are kept in a list, last in first out, so that those in
 * use stay few and warm; of small ones there may be many for a moment, so they
 * go back. There is one pool, since there is one thread.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "room.h"

struct pool {
	struct buf *idle; /* large ones */
	size_t size, count, left, unmade;
};
static struct pool small, large;
static struct room smalls = ROOM(sizeof(struct buf) + BUF_SMALL);

int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
span_is(struct span s, const char *lit)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (lit[i] == '\0' || (s.p[i] != lit[i] &&
		    lower(s.p[i]) != lower(lit[i])))
			return false;
	return lit[i] == '\0';
}

bool
span_is_exact(struct span s, const char *lit)
{
	return strlen(lit) == s.n && (s.n == 0 || memcmp(s.p, lit, s.n) == 0);
}

bool
span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
span_alike(struct span a, struct span b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
span_next(struct span *list, struct span *element)
{
	const char *p, *end, *q, *last;

	*element = *list;
	if (list->n == 0)
		return false;
	p = list->p;
	end = list->p + list->n;
	while (p < end && (blank(*p) || *p == ','))
		p++;
	for (q = p; q < end && *q != ','; q++)
		;
	for (last = q; last > p && blank(last[-1]); last--)
		;
	element->p = p;
	element->n = (size_t)(last - p);
	list->p = q;
	list->n = (size_t)(end - q);
	return element->n > 0;
}

/* inlined, so that the base is known: to divide by it costs ten times less */
static inline void
text_number(struct text *t, uint64_t v, unsigned base)
{
	char digits[20];
	size_t i = sizeof digits;

	do {
		digits[--i] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	text_mem(t, digits + i, sizeof digits - i);
}

void
text_uint(struct text *t, uint64_t v)
{
	text_number(t, v, 10);
}

void
text_hex(struct text *t, uint64_t v)
{
	text_number(t, v, 16);
}

static void
decide(struct pool *p, size_t size, size_t count)
{
	assert(p->size == 0 && size > 0);
	p->size = size;
	p->count = p->left = p->unmade = count;
}

void
buf_pool(size_t size, size_t n_large, size_t n_small)
{
	decide(&large, size, n_large);
	decide(&small, BUF_SMALL, n_small);
}

size_t
buf_size(void)
{
	return large.size;
}

size_t
buf_left(void)
{
	return large.left > 0 ? large.size : small.left > 0 ? small.size : 0;
}

uint64_t
buf_memory(void)
{
	return (uint64_t)large.count * (large.size + sizeof(struct buf)) +
	    (uint64_t)small.count * (small.size + sizeof(struct buf));
}

static struct buf *
get(struct pool *p)
{
	struct buf *b = p->idle;

	if (p == &small) {
		b = p->left > 0 ? room_get(&smalls) : NULL;
		if (b == NULL)
			return NULL;
		b->cap = p->size;
	} else if (b != NULL) {
		p->idle = b->next;
	} else {
		if (p->unmade == 0)
			return NULL;
		b = malloc(sizeof *b + p->size);
		if (b == NULL)
			return NULL;
		p->unmade--;
		b->cap = p->size;
	}
	p->left--;
	b->next = NULL;
	b->beg = b->end = 0;
	return b;
}

struct buf *
buf_get(size_t need)
{
	struct buf *b = NULL;

	if (USUAL(need <= small.size))
		b = get(&small);
	if (RARE(b == NULL) && need <= large.size)
		b = get(&large);
	return b;
}

void
buf_warm(void)
{
	room_warm(&smalls, 320);
}

void
buf_put(struct buf *b)
{
	if (b == NULL)
		return;
	assert(b->beg <= b->end && b->end <= b->cap);
	if (RARE(b->cap != small.size)) {
		large.left++;
		b->next = large.idle;
		large.idle = b;
		return;
	}
	small.left++;
	room_put(&smalls, b);
}

bool
buf_fit(struct buf **b, size_t more)
{
	struct buf *larger;

	if (*b != NULL && buf_room(*b) >= more)
		return true;
	larger = buf_get(buf_len(*b) + more);
	if (larger == NULL)
		return false;
	if (*b != NULL)
		buf_append(larger, (*b)->data + (*b)->beg, buf_len(*b));
	buf_put(*b);
	*b = larger;
	return true;
}

size_t
buf_len(const struct buf *b)
{
	return b == NULL ? 0 : b->end - b->beg;
}

size_t
buf_room(struct buf *b)
{
	assert(b->beg <= b->end && b->end <= b->cap);
	if (b->beg > 0) {
		memmove(b->data, b->data + b->beg, b->end - b->beg);
		b->end -= b->beg;
		b->beg = 0;
	}
	return b->cap - b->end;
}

void
buf_append(struct buf *b, const void *p, size_t n)
{
	assert(n <= b->cap - b->end);
	if (n == 0)
		return;
	memcpy(b->data + b->end, p, n);
	b->end += n;
}

void
buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->end - b->beg);
	b->beg += n;
	if (b->beg == b->end)
		b->beg = b->end = 0;
}
