#ifndef TLSHOLD_H
#define TLSHOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "bear.h"

#include "hint.h"
#include "tlspool.h"

/*
 * What a connection holds, from its beginning to its end: as little as it can,
 * as most of them are idle. Only for tls.c. tls_stalled(), tls_rest(),
 * tls_sleep(), tls_size() and tls_starved() of tls.h belong here.
 *
 *	new       nothing but struct tls; begins with the first byte
 *	shaking   engine, struct shake (certificates, choices), buffers
 *	up        engine; buffers while bytes move (tls_rest)
 *	asleep    struct image: keys, counters, little more (tls_sleep)
 *	over      nothing but struct tls, with the error
 *
 * So after a call that is given a struct tls to change, its engine may be
 * another one, or gone. Those that return true have left one there; after
 * others t->e is looked at again. And while others rest it may be ended, as
 * they may need its memory.
 */

/* our own close_notify, after tls_shut() */
enum { SHUT_NOT, SHUT_ASKED, SHUT_SAID, SHUT_SENT };

struct tls {
	/* made by either file, given back by lib/tlshold.c alone */
	br_ssl_engine_context *e; /* NULL: new, asleep, or over */
	struct image *image; /* asleep: instead of e */
	struct shake *shake;
	struct tlspair *pair; /* e's buffers */
	struct tlspart *in, *out; /* what was in them, see tls_rest() */
	/* stays until tls_free() */
	struct tls_server *server; /* one of these */
	struct tls_client *client;
	void *owner; /* the caller's */
	const struct asker *known; /* whose certificate a client has shown */
	uint16_t ahead, n_ahead; /* in ibuf: read, not the engine's yet */
	uint16_t suite;
	int16_t err;
	uint8_t odd; /* records so far, see ODD_MAX */
	uint8_t shut; /* SHUT_NOT ... */
	bool up : 1; /* the handshake is done */
	bool over : 1; /* nothing goes any more */
	bool starved : 1; /* there was no buffer */
	bool resumed : 1;
	bool whole : 1; /* e has what only handshakes need behind it */
	bool closing : 1, closed : 1; /* tls_close() was called, and could close */
};

/* memory for a server's or a client's context, which the caller makes of it;
 * t->e is its first member. NULL: there is none */
void *tlshold_begin(struct tls *t);
/* drops what only the handshake needed */
void tlshold_shrink(struct tls *t);
/* gives back all but struct tls; the first error counts, 0 is none */
void tlshold_end(struct tls *t, int error);

/* gives t, which has none, buffers with what was put aside, and wakes it. True
 * for one that is new, too, whose engine the caller makes. False: it is over,
 * or there is no memory now, see tls_starved() */
bool tlshold_take(struct tls *t);

/* the same, unless it has them */
static inline bool
tlshold_pair(struct tls *t)
{
	return USUAL(t->pair != NULL) || tlshold_take(t);
}

/* the age of what was put aside is that of its record: forgets it if another
 * one begins. t has its buffers */
static inline void
tlshold_next(struct tls *t)
{
	const br_ssl_engine_context *e = t->e;

	if (e->ixa < 5 || e->ixa < e->ixb)
		tlspool_drop(&t->in);
	if (e->oxa >= e->oxc)
		tlspool_drop(&t->out);
}

/* where the plain bytes are that the engine has at p, or NULL: without buffers
 * they stand aside */
static inline const unsigned char *
tlshold_plain(const struct tls *t, const unsigned char *p)
{
	if (RARE(t->pair == NULL) && p != NULL)
		return t->in->bytes + (t->e->ixa - t->in->at);
	return p;
}

/* forgets them there if all have been taken. t has its engine */
static inline void
tlshold_taken(struct tls *t)
{
	if (RARE(t->pair == NULL) && t->n_ahead == 0 &&
	    t->e->ixa == t->e->ixb)
		tlspool_drop(&t->in);
}

#endif
