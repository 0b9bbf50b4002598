/* Failures and further tries: see retry.h. */
#include "retry.h"
#include "dial.h"

/* whether it tells against an upstream that a request ended so */
static bool
culprit(enum reason why)
{
	switch (why) {
	case R_CONNECT_REFUSED:
	case R_CONNECT_FAILED:
	case R_CONNECT_TIMEOUT:
	case R_UPSTREAM_TLS:
	case R_UPSTREAM_TLS_TIMEOUT:
	case R_UPSTREAM_RESET:
	case R_UPSTREAM_NO_ANSWER:
	case R_UPSTREAM_CUT:
	case R_RESPONSE_TIMEOUT:
	case R_HANDSHAKE_TIMEOUT:
		return true;
	default:
		return false;
	}
}

static bool
timed_out(enum reason why)
{
	return why == R_RESPONSE_TIMEOUT || why == R_HANDSHAKE_TIMEOUT;
}

/* a connection that the upstream may have closed while it was idle */
static bool
may_be_stale(const struct session *s, enum reason why)
{
	return s->u != NULL && s->u->reused && !timed_out(why);
}

void
retry_blame(struct session *s, enum reason why)
{
	if (s->up != NULL && culprit(why) && !may_be_stale(s, why))
		upstream_failed(s->up, why, s->route->fail_after,
		    s->route->fail_ms, world.now);
}

void
retry_answered(struct session *s, int status)
{
	if (statuses_have(&s->route->fail_status, status))
		upstream_failed(s->up, R_FAIL_STATUS, s->route->fail_after,
		    s->route->fail_ms, world.now);
	else if (s->up->fails > 0)
		upstream_worked(s->up, world.now);
}

/*
 * Whether a request whose connection failed may be sent again: no byte of it
 * has left; or it is a handshake, which has no effect before its 101; or it
 * is idempotent, nothing of a body has left, and the connection was one that
 * the upstream may have closed while it was idle (RFC 9112 9.3.1).
 */
static bool
may_retry(const struct session *s, enum reason why)
{
	const struct exchange *x = s->x;

	if (x->begun || x->tries >= s->route->retries)
		return false;
	return x->head->beg == 0 || x->handshake ||
	    (may_be_stale(s, why) && http_idempotent(x->method) &&
	    !x->body_left);
}

bool
retry_next(struct session *s, enum reason why)
{
	if (!may_retry(s, why))
		return false;
	/* fresh where the last one was stale, else elsewhere */
	if (may_be_stale(s, why))
		s->x->fresh = true;
	else if (!dial_choose(s))
		return false;
	s->x->tries++;
	return true;
}
