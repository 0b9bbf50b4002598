#ifndef DIAL_H
#define DIAL_H

#include "session.h"

/*
 * From a route to a connection that has taken the first byte of the request:
 * an idle one of the pool, or the upstream's addresses in turn, the next one
 * beside the first if that does not answer soon (RFC 8305).
 */
enum dial {
	DIAL_WON,  /* s->u is connected and has begun to take x->head */
	DIAL_SECURE, /* s->u is connected and in its TLS handshake */
	DIAL_WAIT, /* attempts are under way, or a name is being looked up */
	DIAL_LOST  /* nothing more to try at this upstream: x->lost */
};

/* begins with the upstream of the session, or chooses one */
enum dial dial_start(struct session *s);
/* chooses one that was not tried yet; false: there is none, x->lost tells why */
bool dial_choose(struct session *s);
/* an attempt's end is ready */
enum dial dial_ready(struct session *s, struct conn *c);
/* the handshake of s->u can go on */
enum dial dial_secure(struct session *s);
/* x->attempt_at has come */
enum dial dial_more(struct session *s);
/* sends more of the request's head: 1 it is gone, 0 there is more, -1 */
int dial_push(struct session *s, struct conn *c);

#endif
