/* Requests that cannot be served: see refuse.h; session_refuse() of session.h
 * is here too. */
#include <string.h>
#include <time.h>

#include "refuse.h"
#include "fixed.h"
#include "tally.h"
#include "tell.h"

/* the keys that hold for the request: its route's, or those of all */
static const struct conf_route *
keys_of(const struct session *s)
{
	return s->route != NULL ? s->route : s->conf->defaults;
}

/* whether the rest of a refused request's body has come already; it is
 * thrown away, so that the connection can go on */
static bool
skip_body(struct session *s)
{
	struct body_piece piece;
	struct view v;
	ssize_t used;

	view_kept(s->c, &v);
	used = body_take(&s->x->q, v.p, v.n, &world.limits, world.fields,
	    &piece);
	if (used < 0)
		return false;
	if (s->c->in != NULL)
		view_done(s->c, &v, (size_t)used);
	return s->x->q.done;
}

static unsigned
retry_after(enum reason why, unsigned wait_s)
{
	int status = reason_status(why);

	/* spread, so that those who were refused do not come back at once */
	if (status != 429 && status != 503)
		return 0;
	return wait_s + 1 + (unsigned)(world_random() % 5);
}

/* the answer as HTTP has it */
static void
put_answer(struct session *s, struct text *t, enum reason why, int status)
{
	struct exchange *x = s->x;
	struct rewrite_answer a;

	memset(&a, 0, sizeof a);
	a.reason = why;
	a.status = status;
	a.format = keys_of(s)->error_format;
	a.prefers_json = x->prefers_json;
	a.head = x->method == HTTP_M_HEAD;
	x->keep = x->keep && skip_body(s) && !world.draining;
	a.close = !x->keep;
	a.keep_10 = x->keep && x->minor == 0;
	a.retry_after = retry_after(why, x->wait_s);
	a.bearer = keys_of(s)->keys != NULL || keys_of(s)->jwt != NULL;
	a.basic = keys_of(s)->basic != NULL;
	a.wall_s = (int64_t)time(NULL);
	a.own = x->own;
	if (why == R_RESPOND)
		fixed_write(t, s->route, &a);
	else
		rewrite_answer(t, &a);
}

/* the answer as a WebSocket that ends at once */
static void
put_tunnel(struct session *s, struct text *t, enum reason why, int status)
{
	struct exchange *x = s->x;
	struct tell how;

	memset(&how, 0, sizeof how);
	how.format = keys_of(s)->error_format;
	how.reason = why;
	how.status = status;
	how.id = s->id;
	how.key = x->key;
	how.protocols = x->protocols;
	tell_write(t, &how);
	x->keep = false;
	x->accepted = true;
}

/* says why, and goes on when that has left */
static void
say(struct session *s, enum reason why, int status)
{
	struct text *t = world_text();

	if (s->x->key.n > 0 && refuse_accepts(s))
		put_tunnel(s, t, why, status);
	else
		put_answer(s, t, why, status);
	s->x->status = status;
	s->x->begun = true;
	conn_send_mem(s->c, t->p, t->n);
	session_phase(s, S_FLUSH);
	if (!conn_unsent(s->c))
		session_finish(s);
}

bool
refuse_accepts(const struct session *s)
{
	return s->x->handshake && keys_of(s)->accept_errors;
}

void
refuse_status(struct session *s, int status)
{
	session_drop_upstream(s);
	tally_leave(s);
	s->x->reason = R_UPSTREAM_STATUS;
	say(s, R_UPSTREAM_STATUS, status);
}

void
session_refuse(struct session *s, enum reason why)
{
	struct exchange *x = s->x;

	session_drop_upstream(s);
	tally_leave(s);
	if (x->reason == R_DONE)
		x->reason = why;
	if (s->tcp) {
		session_end(s, why, BY_WEIR);
		return;
	}
	if (reason_status(why) == 0 || s->c->broken) {
		session_end(s, why, BY_NOBODY);
		return;
	}
	if (x->begun) {
		session_abort(s, why, BY_NOBODY);
		return;
	}
	say(s, why, fixed_status(s, why));
}
