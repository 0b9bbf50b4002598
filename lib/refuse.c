/* Requests that cannot be served: session_refuse() of session.h. */
#include <string.h>
#include <time.h>

#include "session.h"
#include "tally.h"

/* whether the rest of a refused request's body has come already; it is
 * thrown away, so that the connection can go on */
static bool
skip_body(struct session *s)
{
	struct body_piece piece;
	struct http_limits lim;
	struct view v;
	ssize_t used;

	view_kept(s->c, &v);
	session_limits(&lim);
	used = body_take(&s->x->q, v.p, v.n, &lim, world.fields, &piece);
	if (used < 0)
		return false;
	if (s->c->in != NULL)
		view_done(s->c, &v, (size_t)used);
	return s->x->q.done;
}

static unsigned
retry_after(enum reason why)
{
	int status = reason_status(why);

	/* spread, so that those who were refused do not come back at once */
	if (status != 429 && status != 503)
		return 0;
	return 1 + (unsigned)(world_random() % 5);
}

void
session_refuse(struct session *s, enum reason why)
{
	struct exchange *x = s->x;
	struct rewrite_answer a;
	struct text *t;

	session_drop_upstream(s);
	tally_leave(s);
	if (x->reason == R_DONE)
		x->reason = why;
	if (reason_status(why) == 0 || s->c->broken) {
		session_end(s, why, BY_NOBODY);
		return;
	}
	if (x->begun) {
		session_abort(s, why, BY_NOBODY);
		return;
	}
	memset(&a, 0, sizeof a);
	a.reason = why;
	a.format = s->route != NULL ? s->route->error_format :
	    s->conf->defaults->error_format;
	a.prefers_json = x->prefers_json;
	a.head = x->method == HTTP_M_HEAD;
	x->keep = x->keep && skip_body(s) && !world.draining;
	a.close = !x->keep;
	a.keep_10 = x->keep && x->minor == 0;
	a.retry_after = retry_after(why);
	a.wall_s = (int64_t)time(NULL);
	a.own = x->own;
	t = world_text();
	rewrite_answer(t, &a);
	x->status = reason_status(why);
	x->begun = true;
	conn_send_mem(s->c, t->p, t->n);
	session_phase(s, S_FLUSH);
	if (!conn_unsent(s->c))
		session_finish(s);
}
