/*
 * The phases of a session: what its ends are polled for, which step runs when
 * one is ready, and what happens when a deadline passes. What an end wants is
 * derived from the phase and from what waits in buffers, in each turn anew.
 */
#include <poll.h>

#include "step.h"
#include "exchange.h"
#include "farewell.h"
#include "greet.h"
#include "relay.h"
#include "shake.h"
#include "tunnel.h"

static int
client_events(const struct session *s)
{
	const struct conn *c = s->c;
	int out = conn_unsent(c) ? POLLOUT : 0;

	switch ((enum phase)s->phase) {
	case S_GREET:
	case S_SHAKE:
	case S_HEAD:
		return POLLIN;
	case S_CONNECT:
	case S_SECURE:
	case S_ANSWER:
	case S_BODY:
		if (exchange_wants_body(s))
			return out | (conn_unsent(s->u) ? 0 : POLLIN);
		/* whether it leaves, or sends more than it should now */
		return out | (c->eof || s->x->peeked ? 0 : POLLIN);
	case S_FLUSH:
		return POLLOUT;
	case S_TUNNEL:
		return out | (c->eof || conn_unsent(s->u) ||
		    session_waits(s) ? 0 : POLLIN);
	case S_RELAY:
		return out | (c->eof || conn_unsent(s->u) || s->u->broken ? 0 :
		    POLLIN);
	case S_LINGER:
		return out | (c->eof ? 0 : POLLIN);
	case S_FREE:
	case S_DEAD:
	case S_COUNT:
		break;
	}
	return 0;
}

static int
upstream_events(const struct session *s)
{
	const struct conn *u = s->u;
	int out = conn_unsent(u) ? POLLOUT : 0;

	switch ((enum phase)s->phase) {
	case S_SECURE:
		return POLLIN;
	case S_ANSWER:
	case S_BODY:
		if (!s->x->q_broken && exchange_head_unsent(s))
			out = POLLOUT;
		return out | (conn_unsent(s->c) ? 0 : POLLIN);
	case S_TUNNEL:
		return out | (u->eof || conn_unsent(s->c) ? 0 : POLLIN);
	case S_RELAY:
		return out | (u->eof || conn_unsent(s->c) || s->c->broken ? 0 :
		    POLLIN);
	case S_LINGER:
		return out | POLLIN;
	default:
		return 0;
	}
}

int
step_events(const struct conn *c)
{
	switch ((enum conn_kind)c->kind) {
	case CONN_CLIENT:
		return client_events(c->owner);
	case CONN_UPSTREAM:
		return upstream_events(c->owner);
	case CONN_ATTEMPT:
		return POLLOUT;
	case CONN_POOLED:
		return POLLIN; /* to see it end */
	default:
		break;
	}
	return 0;
}

static void
linger_write(struct conn *c)
{
	if (conn_flush(c) && !conn_unsent(c))
		conn_shut(c);
}

static void
writable(struct session *s, struct conn *c)
{
	switch ((enum phase)s->phase) {
	case S_RELAY:
		relay_write(s, c);
		break;
	case S_SHAKE:
		shake_client(s);
		break;
	case S_CONNECT:
	case S_SECURE:
	case S_ANSWER:
	case S_BODY:
		if (c->kind == CONN_ATTEMPT) {
			exchange_attempt(s, c);
		} else if (c == s->u && s->phase == S_SECURE) {
			exchange_secure(s);
		} else if (c == s->u) {
			exchange_push(s);
		} else if (conn_flush(c)) {
			s->last = world.now;
		} else {
			session_end(s, R_CLIENT_RESET, BY_CLIENT);
		}
		break;
	case S_FLUSH:
		if (!conn_flush(c)) {
			session_end(s, R_CLIENT_RESET, BY_CLIENT);
			break;
		}
		s->last = world.now;
		if (!conn_unsent(c))
			session_finish(s);
		break;
	case S_TUNNEL:
		tunnel_write(s, c);
		break;
	case S_LINGER:
		linger_write(c);
		break;
	default:
		/* what an engine had to say */
		conn_flush(c);
		break;
	}
}

static void
readable(struct session *s, struct conn *c)
{
	switch ((enum phase)s->phase) {
	case S_GREET:
		greet_client(s);
		break;
	case S_RELAY:
		relay_read(s, c);
		break;
	case S_SHAKE:
		shake_client(s);
		break;
	case S_HEAD:
		exchange_head(s);
		break;
	case S_CONNECT:
	case S_SECURE:
	case S_ANSWER:
	case S_BODY:
		if (c->kind == CONN_ATTEMPT)
			exchange_attempt(s, c);
		else if (c == s->c)
			exchange_client(s);
		else if (s->phase == S_SECURE)
			exchange_secure(s);
		else if (s->phase == S_ANSWER)
			exchange_answer(s);
		else
			exchange_body(s);
		break;
	case S_TUNNEL:
		tunnel_read(s, c);
		break;
	case S_LINGER:
		farewell_discard(s, c);
		break;
	default:
		break;
	}
}

/* after any step: requests that wait, deadlines, ends that should wake */
static void
settle(struct session *s)
{
	if (RARE(s->pipelined) && s->phase == S_HEAD)
		exchange_next(s);
	if (RARE(s->phase == S_DEAD))
		return;
	session_deadline_changed(s);
	conn_wants(s->c, client_events(s));
	if (s->u != NULL)
		conn_wants(s->u, upstream_events(s));
}

void
step_serve(struct conn *c, int revents)
{
	struct session *s = c->owner;
	bool attempt = c->kind == CONN_ATTEMPT;

	if (RARE(c->kind == CONN_POOLED)) {
		/* its end, or bytes that nobody asked for */
		if (conn_peek(c) != -1)
			upstream_drop(c);
		return;
	}
	if (s->phase == S_TUNNEL && revents == POLLIN) {
		if (!tunnel_read(s, c))
			settle(s);
		return;
	}
	if (RARE(s->phase == S_RELAY) && revents == POLLIN) {
		if (!relay_read(s, c))
			settle(s);
		return;
	}
	if (RARE(revents & POLLOUT))
		writable(s, c);
	/* the end may be gone by now, and its memory be another's */
	if ((revents & POLLIN) && !(attempt && (revents & POLLOUT)) &&
	    s->phase != S_DEAD && (attempt || c == s->c || c == s->u))
		readable(s, c);
	settle(s);
}

/* the deadline of s has passed, with that meaning */
static void
overdue(struct session *s, enum reason why)
{
	switch ((enum phase)s->phase) {
	case S_HEAD:
		if (s->c->in != NULL)
			exchange_refuse_head(s, why);
		else
			session_end(s, why, BY_WEIR);
		break;
	case S_GREET:
		greet_failed(s, why);
		break;
	case S_RELAY:
		if (why == R_CLIENT_GONE)
			conn_shut(s->u);
		else
			session_end(s, why, BY_WEIR);
		break;
	case S_SHAKE:
		shake_failed(s, why);
		break;
	case S_CONNECT:
	case S_SECURE:
		if (why == R_DONE)
			exchange_redial(s);
		else if (why == R_CLIENT_GONE)
			session_end(s, why, BY_CLIENT);
		else
			exchange_failed(s, why);
		break;
	case S_ANSWER:
	case S_BODY:
	case S_FLUSH:
		if (why == R_DONE)
			exchange_ping(s);
		else if (why == R_WRITE_TIMEOUT)
			session_abort(s, why, BY_CLIENT);
		else if (why == R_CLIENT_GONE)
			session_end(s, why, BY_CLIENT);
		else if (s->phase == S_ANSWER && why != R_BODY_TIMEOUT)
			exchange_failed(s, why);
		else
			session_refuse(s, why);
		break;
	case S_TUNNEL:
		if (why == R_LINGER)
			session_end(s, why, BY_WEIR);
		else if (why == R_DONE)
			tunnel_tick(s);
		else if (why == R_CLIENT_GONE)
			conn_shut(s->u);
		else
			farewell(s, why);
		break;
	case S_LINGER:
		session_end(s, why, BY_WEIR);
		break;
	default:
		break;
	}
}

void
step_stalled(void *end)
{
	struct conn *c = end;

	if (c->kind == CONN_POOLED || c->kind == CONN_HEALTH) {
		/* to be looked at, and dropped */
		c->pending = true;
		conn_wake(c);
	} else {
		c->stalled = session_hurry(c->owner);
	}
}

/* true if a side's engine was given up: s has ended, or its request has */
static bool
end_stalled(struct session *s)
{
	if (s->c->stalled && s->phase == S_SHAKE)
		shake_failed(s, R_TLS_STALLED);
	else if (s->c->stalled)
		session_end(s, R_TLS_STALLED, BY_CLIENT);
	else if (s->u == NULL || !s->u->stalled)
		return false;
	else if (s->phase == S_SECURE)
		exchange_failed(s, R_UPSTREAM_STALLED);
	else if (s->x != NULL)
		session_refuse(s, R_UPSTREAM_STALLED);
	else
		session_end(s, R_UPSTREAM_STALLED, BY_UPSTREAM);
	return true;
}

void
step_expire(void)
{
	struct session *s;
	enum reason why;

	while ((s = session_due(world.now)) != NULL) {
		if (!end_stalled(s) &&
		    session_deadline(s, &why) <= world.now)
			overdue(s, why);
		settle(s);
	}
}
