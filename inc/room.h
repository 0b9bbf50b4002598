#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Objects of one size that are large and do not live long. They stand in
 * chunks of their own, which go back to the system when they have been empty
 * for a while: so many of them at once leave nothing behind, and never stand
 * between what lives long. They hold nothing that asks for more alignment than
 * an int64_t.
 */
struct room {
	void *idle; /* objects that came back, last in first out */
	size_t n_idle, low; /* and the least of these since the last trim */
	size_t size;
	struct hall *open; /* chunks with places that are not even idle */
	size_t held; /* bytes, of all chunks */
	struct room *next; /* of those that may have something to give back */
	bool listed;
};

/* what a room of objects of this size begins as */
#define ROOM(n) {.size = ((n) + 7) / 8 * 8}

/* an object, whatever is in it; or NULL */
void *room_get(struct room *r);
/* gives p back; NULL is fine */
/* asks for n bytes of the object that room_get() gives next: see hint.h */
void room_warm(const struct room *r, size_t n);
void room_put(struct room *r, void *p);
/* gives back what no room has needed for a while */
void room_trim(int64_t now);
/* when that is to be called next */
extern int64_t room_trim_at;

#endif
