/*
 * Objects that come back wait in a list, for the next ones. Those that were in
 * it for a whole period go back to their chunks: each object has the address of
 * its own in front of it. A chunk is in a list while it has places left, one
 * that was full first, so that the emptier ones are left to become empty.
 */
#include <sys/mman.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "hint.h"

#define CHUNK (64 * 1024)
/* what is not needed for as long as this, and up to twice that, goes back */
#define TRIM_MS 1000

#if !defined MAP_ANONYMOUS && defined MAP_ANON
#define MAP_ANONYMOUS MAP_ANON
#endif

struct hall {
	struct hall *next, *prev;
	void *idle; /* places that came back; each holds the next one */
	size_t places; /* in all; */
	size_t used, fresh; /* in use; and never used, from the end */
};

/* what stands at the head of a chunk, and of a place in it */
#define ALIGNED(n) (((n) + 7) / 8 * 8)
#define HEAD ALIGNED(sizeof(struct hall))
#define LABEL ALIGNED(sizeof(struct hall *))

int64_t room_trim_at = INT64_MAX;
static struct room *rooms; /* that may have something to give back */

static size_t
places(const struct room *r)
{
	return (CHUNK - HEAD) / (LABEL + r->size);
}

static void *
take_chunk(void)
{
#ifdef MAP_ANONYMOUS
	void *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? p : NULL;
#else
	return malloc(CHUNK);
#endif
}

static void
give_chunk(void *p)
{
#ifdef MAP_ANONYMOUS
	munmap(p, CHUNK);
#else
	free(p);
#endif
}

static void
list_add(struct hall **list, struct hall *h)
{
	h->prev = NULL;
	h->next = *list;
	if (h->next != NULL)
		h->next->prev = h;
	*list = h;
}

static void
list_remove(struct hall **list, struct hall *h)
{
	if (h->prev != NULL)
		h->prev->next = h->next;
	else
		*list = h->next;
	if (h->next != NULL)
		h->next->prev = h->prev;
}

static struct hall *
more(struct room *r)
{
	struct hall *h = take_chunk();

	if (h == NULL)
		return NULL;
	h->idle = NULL;
	h->used = 0;
	h->fresh = h->places = places(r);
	assert(h->places > 0);
	r->held += CHUNK;
	list_add(&r->open, h);
	return h;
}

/* an object from a chunk */
static void *
take(struct room *r)
{
	struct hall *h = r->open;
	unsigned char *p;

	if (h == NULL && (h = more(r)) == NULL)
		return NULL;
	p = h->idle;
	if (p != NULL) {
		memcpy(&h->idle, p, sizeof h->idle);
	} else {
		/* what is not used is not touched */
		p = (unsigned char *)h + HEAD +
		    (h->places - h->fresh--) * (LABEL + r->size);
		memcpy(p, &h, sizeof h);
		p += LABEL;
	}
	if (++h->used == h->places)
		list_remove(&r->open, h);
	return p;
}

/* back to its chunk, and that to the system if it is not the last one */
static void
give(struct room *r, void *p)
{
	struct hall *h;

	memcpy(&h, (unsigned char *)p - LABEL, sizeof h);
	assert(h->used > 0);
	memcpy(p, &h->idle, sizeof h->idle);
	h->idle = p;
	if (h->used-- == h->places)
		list_add(&r->open, h);
	if (h->used == 0 && (h->next != NULL || h->prev != NULL)) {
		list_remove(&r->open, h);
		give_chunk(h);
		r->held -= CHUNK;
	}
}

void *
room_get(struct room *r)
{
	void *p = r->idle;

	if (RARE(p == NULL))
		return take(r);
	memcpy(&r->idle, p, sizeof r->idle);
	r->n_idle--;
	r->low = r->n_idle < r->low ? r->n_idle : r->low;
	return p;
}

void
room_warm(const struct room *r, size_t n)
{
	warm(r->idle, n);
}

static void
enlist(struct room *r)
{
	r->low = 0;
	r->next = rooms;
	r->listed = true;
	rooms = r;
	if (room_trim_at == INT64_MAX)
		room_trim_at = 0;
}

void
room_put(struct room *r, void *p)
{
	if (p == NULL)
		return;
	memcpy(p, &r->idle, sizeof r->idle);
	r->idle = p;
	r->n_idle++;
	if (!r->listed)
		enlist(r);
}

/* true if there may be something to give back later */
static bool
trim(struct room *r)
{
	void *p;

	for (; r->low > 0; r->low--) {
		p = r->idle;
		memcpy(&r->idle, p, sizeof r->idle);
		r->n_idle--;
		give(r, p);
	}
	r->low = r->n_idle;
	return r->n_idle > 0;
}

void
room_trim(int64_t now)
{
	struct room *r, **at = &rooms;

	if (now < room_trim_at)
		return;
	/* the first time nothing is low yet: nobody knows since when */
	while ((r = *at) != NULL) {
		if (trim(r)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		r->listed = false;
	}
	room_trim_at = rooms != NULL ? now + TRIM_MS : INT64_MAX;
}
