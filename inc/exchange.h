#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "dial.h"

/*
 * HTTP requests and their answers, step by step. Each step is called when its
 * descriptor is ready, does what can be done now, and leaves the session in
 * the phase that says what it waits for.
 */

/* HEAD: the client has sent something */
void exchange_head(struct session *s);
/* HEAD: what has come of a head is refused */
void exchange_refuse_head(struct session *s, enum reason why);
/* HEAD: requests that wait in c->in are served, one after another */
void exchange_next(struct session *s);
/* CONNECT, ANSWER, BODY: the client has sent something, or left */
void exchange_client(struct session *s);
/* an upstream's connection has got that far */
void exchange_dialed(struct session *s, enum dial d);
/* CONNECT: an attempt is ready */
void exchange_attempt(struct session *s, struct conn *c);
/* SECURE: the upstream's TLS handshake can go on */
void exchange_secure(struct session *s);
/* CONNECT: x->attempt_at has come */
void exchange_redial(struct session *s);
/* ANSWER, BODY: the upstream takes more of the request */
void exchange_push(struct session *s);
/* ANSWER: the upstream has sent something */
void exchange_answer(struct session *s);
/* BODY: the upstream has sent more of its answer */
void exchange_body(struct session *s);
/* BODY: a stream of events has been silent for long */
void exchange_ping(struct session *s);
/* the upstream connection failed: another try where that is allowed */
void exchange_failed(struct session *s, enum reason why);

/* true if the request's head has not left whole */
static inline bool
exchange_head_unsent(const struct session *s)
{
	const struct buf *head = s->x->head;

	return head != NULL && RARE(head->beg < head->end);
}

/* true if bytes of the request's body are awaited from the client */
static inline bool
exchange_wants_body(const struct session *s)
{
	const struct exchange *x = s->x;

	return RARE(!x->q.done) &&
	    (s->phase == S_ANSWER || s->phase == S_BODY) && !x->q_broken &&
	    s->u != NULL && !exchange_head_unsent(s);
}

#endif
