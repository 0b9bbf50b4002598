/* HTTP requests and their answers: see exchange.h. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "exchange.h"
#include "auth.h"
#include "dial.h"
#include "hint.h"
#include "judge.h"
#include "log.h"
#include "offer.h"
#include "redact.h"
#include "relay.h"
#include "refuse.h"
#include "retry.h"
#include "tally.h"
#include "tunnel.h"

/* reads of one end in one turn, so that others get theirs */
#define READS_PER_TURN 4
/* interim responses of one answer: RFC 9110 15.2 sets no number */
#define INTERIMS_MAX 16
/* heads and small bodies up to this go out as one piece, copied together */
#define COPY_MAX 4096

/* a string for the log, cut to what there is room for */
static uint16_t
put_text(struct text *t, struct span s)
{
	uint16_t at = (uint16_t)t->n;
	size_t room = t->cap - t->n - 1;

	if (s.n > room)
		s.n = room;
	text_span(t, s);
	t->p[t->n] = '\0';
	if (t->n + 1 < t->cap)
		t->n++;
	return at;
}

/* what the log will say of the request */
static void
note(struct exchange *x, struct span method, struct span target,
    struct span host)
{
	char memory[EXCHANGE_TEXT];
	struct text t, redacted;

	text_init(&t, x->text, sizeof x->text);
	if (method.n > 32)
		method.n = 32;
	put_text(&t, method);
	if (target.n > 640)
		target.n = 640;
	/* nothing else of it is secret */
	if (memchr(target.p, '?', target.n) != NULL) {
		text_init(&redacted, memory, sizeof memory);
		redact_target(&redacted, target);
		target = (struct span){redacted.p, redacted.n};
	}
	x->target_at = put_text(&t, target);
	x->host_at = put_text(&t, host);
	if (RARE(x->from != NULL) && x->from->id.n > 0)
		x->id_at = put_text(&t, x->from->id);
}

static struct span
dash(void)
{
	return (struct span){"-", 1};
}

/* a head that cannot be parsed: the connection is of no use after it */
static void
refuse_view(struct session *s, struct view *v, enum reason why)
{
	struct exchange *x;

	x = exchange_open(s);
	if (x == NULL) {
		session_end(s, R_NO_MEMORY, BY_WEIR);
		return;
	}
	note(x, dash(), dash(), dash());
	x->began = s->since;
	x->minor = 1;
	/* what follows is thrown away by session_linger() */
	view_done(s->c, v, v->n);
	session_refuse(s, why);
}

void
exchange_refuse_head(struct session *s, enum reason why)
{
	struct view v;

	view_kept(s->c, &v);
	refuse_view(s, &v, why);
}

/* the request's head as it goes upstream, in a buffer until it is answered */
static enum reason
write_head(struct session *s, const struct http_request *q)
{
	struct rewrite_request how;
	struct exchange *x = s->x;
	char client[PEER_TEXT_MAX], via[PEER_TEXT_MAX];
	struct text *t = world_text();
	struct offer offer;
	size_t head;

	clear(&how, sizeof how);
	how.route = s->route;
	how.client = peer_text(&s->peer, client);
	how.from = x->from;
	if (RARE(x->told))
		how.via = peer_text(&x->via, via);
	else if (RARE(s->conf->trusted != NULL) && x->from == NULL)
		how.hidden = s->conf->client_address;
	x->q.set = s->route->set_header;
	x->q.del = s->route->del_header;
	x->q.hidden = how.hidden;
	how.id = s->id;
	how.tls = x->secure;
	how.handshake = x->handshake;
	how.hide = auth_hides(s->route);
	location_change(&how.path, s->route, q->path);
	how.authority = s->route->host_header;
	if (RARE(how.authority != NULL) &&
	    strcmp(how.authority, "upstream") == 0)
		how.authority = s->route->upstreams->authority;
	rewrite_request(t, q, &how);
	head = t->n;
	/* what a handshake offered stands behind it, for the proof */
	if (RARE(x->handshake))
		offer_write(&offer, t, &q->h, s->route);
	if (RARE(t->full))
		return R_HEAD_TOO_LARGE;
	x->head = buf_get(t->n);
	if (RARE(x->head == NULL))
		return R_NO_MEMORY;
	buf_append(x->head, t->p, t->n);
	x->head->end = head;
	if (RARE(x->handshake))
		offer_place(x, (char *)x->head->data + head, &offer);
	return R_DONE;
}

static bool
too_large(const struct session *s)
{
	return RARE(s->route->body_max > 0) &&
	    s->x->q.bytes > s->route->body_max;
}

/*
 * Puts what has come of the body behind the head, so that both go out as one
 * piece. Returns the bytes taken, or a reason negated.
 */
static ssize_t
glue_body(struct session *s, char *p, size_t n)
{
	struct body_piece piece;
	ssize_t used;
	int i;

	if (n == 0)
		return 0;
	/* trailers may grow a little, and may be all that there is */
	if (!buf_fit(&s->x->head, body_grown(n)))
		return 0;
	used = body_take(&s->x->q, p, n, &world.limits, world.fields, &piece);
	for (i = 0; i < piece.n; i++)
		buf_append(s->x->head, piece.parts[i].iov_base,
		    piece.parts[i].iov_len);
	s->x->body_left = piece.n > 0;
	return used;
}

/* whether the connection has had all the requests that it may have */
static bool
is_last(const struct session *s)
{
	unsigned max = s->conf->keepalive_requests;

	return RARE(max > 0) && s->requests + 1 >= max;
}

/* a parsed request, whose head is the first used bytes of v, begins */
static void
begin(struct session *s, const struct http_request *q, struct view *v,
    size_t used)
{
	struct exchange *x;
	enum reason why;
	ssize_t body = 0;

	x = exchange_open(s);
	if (RARE(x == NULL)) {
		session_end(s, R_NO_MEMORY, BY_WEIR);
		return;
	}
	x->secure = s->tls;
	if (RARE(s->conf->trusted != NULL))
		judge_client(s, q);
	note(x, q->method, q->target, q->host);
	x->method = q->method_id;
	x->minor = q->h.minor;
	x->keep = q->h.keep_alive && s->conf->keepalive_ms > 0 &&
	    !is_last(s);
	x->prefers_json = rewrite_prefers_json(&q->h);
	body_start(&x->q, q->h.body, q->h.length,
	    q->h.body == HTTP_BODY_CHUNKED);
	x->expects = RARE(q->expect_continue) && !x->q.done;
	why = judge_request(s, q);
	if (USUAL(why == R_DONE))
		why = write_head(s, q);
	if (RARE(!x->q.done) && why == R_DONE) {
		body = glue_body(s, v->p + used, v->n - used);
		if (body < 0)
			why = (enum reason)-body;
		else if (too_large(s))
			why = R_BODY_TOO_LARGE;
	}
	if (RARE(why != R_DONE) && refuse_accepts(s))
		why = offer_keep(x, &q->h, why);
	x->from = NULL;
	if (RARE(!view_done(s->c, v, used + (body > 0 ? (size_t)body : 0))))
		why = R_NO_MEMORY;
	if (RARE(body < 0))
		x->keep = false;
	if (RARE(why != R_DONE))
		session_refuse(s, why);
	else
		exchange_dialed(s, dial_start(s));
}

/* serves the request at the start of v, or keeps v until there is more */
static void
parse(struct session *s, struct view *v)
{
	struct http_request q;
	int used;

	q.h.fields = world.fields;
	used = http_parse_request(v->p, v->n, &world.limits, &q);
	if (RARE(used < 0)) {
		refuse_view(s, v, (enum reason)-used);
	} else if (used > 0) {
		begin(s, &q, v, (size_t)used);
	} else if (!view_done(s->c, v, 0)) {
		/* the first bytes of a head, and no buffer to keep them in */
		session_end(s, R_NO_MEMORY, BY_WEIR);
	} else if (s->idle) {
		/* its first bytes: the time for the head begins */
		session_phase(s, S_HEAD);
	}
}

void
exchange_next(struct session *s)
{
	struct view v;

	/* answered at once, each leads to the next: not by recursion */
	while (s->phase == S_HEAD && s->pipelined) {
		s->pipelined = false;
		view_kept(s->c, &v);
		parse(s, &v);
	}
}

/* whether a parser can know more of a head than before it got the last n of
 * v's bytes: that takes a line's end, or a limit */
static bool
worth_parsing(const struct view *v, size_t n)
{
	return USUAL(n == v->n) || memchr(v->p + v->n - n, '\n', n) != NULL ||
	    memchr(v->p + v->n - n - 1, '\r', n + 1) != NULL ||
	    v->n >= world.limits.line_max || v->n >= world.limits.head_max;
}

/* reading gave n, which is no bytes, where a head was to come */
static void
no_head(struct session *s, struct view *v, ssize_t n)
{
	if (n == -2)
		session_end(s, R_CLIENT_RESET, BY_CLIENT);
	else if (n == -3)
		refuse_view(s, v, R_NO_MEMORY);
	else if (n == 0 && v->n == 0)
		session_end(s, R_DONE, BY_CLIENT);
	else if (n == 0)
		refuse_view(s, v, R_CLIENT_CUT);
}

void
exchange_head(struct session *s)
{
	struct view v;
	ssize_t n;
	bool full;

	exchange_warm();
	n = view_read(s->c, &v, &full);
	if (RARE(n <= 0))
		no_head(s, &v, n);
	else if (worth_parsing(&v, (size_t)n))
		parse(s, &v);
}

/* the request cannot go on; what the client sees depends on how far it was */
static void
fail_request(struct session *s, enum reason why)
{
	s->x->keep = false;
	session_refuse(s, why);
}

/* passes on what v holds of the request's body */
static void
flow_up(struct session *s, struct view *v)
{
	struct exchange *x = s->x;
	struct body_piece piece;
	ssize_t used;

	used = body_take(&x->q, v->p, v->n, &world.limits, world.fields,
	    &piece);
	if (used >= 0 && too_large(s)) {
		fail_request(s, R_BODY_TOO_LARGE);
		return;
	}
	if (piece.n > 0) {
		x->body_left = true;
		s->last = world.now;
		/* an upstream that takes no more may have answered already */
		if (!conn_send(s->u, piece.parts, piece.n))
			x->q_broken = true;
	}
	if (used < 0)
		fail_request(s, (enum reason)-used);
	else if (!view_done(s->c, v, (size_t)used))
		fail_request(s, R_NO_MEMORY);
	else if (x->q.done)
		x->peeked = s->c->in != NULL;
}

/* passes on what was read of the body before it could be sent */
static void
flow_up_kept(struct session *s)
{
	struct view v;

	if (RARE(exchange_wants_body(s)) && !conn_unsent(s->u) &&
	    s->c->in != NULL) {
		view_kept(s->c, &v);
		flow_up(s, &v);
	}
}

static void
read_body(struct session *s)
{
	struct view v;
	bool full = true;
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_TURN && full; i++) {
		if (!exchange_wants_body(s) || conn_unsent(s->u))
			return;
		n = view_read(s->c, &v, &full);
		if (n == -1)
			return;
		if (n == -2) {
			session_end(s, R_CLIENT_RESET, BY_CLIENT);
			return;
		}
		if (n <= 0) {
			fail_request(s, n == 0 ? R_CLIENT_CUT : R_NO_MEMORY);
			return;
		}
		flow_up(s, &v);
	}
}

void
exchange_client(struct session *s)
{
	int there;

	if (exchange_wants_body(s)) {
		read_body(s);
		return;
	}
	there = conn_peek(s->c);
	if (there == -2)
		session_end(s, R_CLIENT_RESET, BY_CLIENT);
	else if (there == 1)
		s->x->peeked = true;
}

/* the request, or its first bytes, are on their way */
static void
sent(struct session *s)
{
	/* again, if it was: each try has its own time */
	session_phase(s, S_ANSWER);
	flow_up_kept(s);
}

void
exchange_dialed(struct session *s, enum dial d)
{
	if (RARE(s->tcp) && d == DIAL_WON)
		relay_open(s);
	else if (USUAL(d == DIAL_WON))
		sent(s);
	else if (d == DIAL_WAIT)
		session_phase(s, S_CONNECT);
	else if (d == DIAL_LOST)
		exchange_failed(s, s->x->lost);
	else if (s->phase != S_SECURE)
		session_phase(s, S_SECURE);
}

void
exchange_failed(struct session *s, enum reason why)
{
	struct exchange *x = s->x;
	enum dial d;

	retry_blame(s, why);
	while (retry_next(s, why)) {
		session_drop_upstream(s);
		d = dial_start(s);
		if (d != DIAL_LOST) {
			exchange_dialed(s, d);
			return;
		}
		why = x->lost;
		retry_blame(s, why);
	}
	session_refuse(s, why);
}

void
exchange_attempt(struct session *s, struct conn *c)
{
	enum dial d = dial_ready(s, c);

	if (d != DIAL_WAIT)
		exchange_dialed(s, d);
}

void
exchange_secure(struct session *s)
{
	exchange_dialed(s, dial_secure(s));
}

void
exchange_redial(struct session *s)
{
	enum dial d = dial_more(s);

	if (d != DIAL_WAIT)
		exchange_dialed(s, d);
}

void
exchange_push(struct session *s)
{
	if (exchange_head_unsent(s)) {
		if (dial_push(s, s->u) < 0) {
			if (s->x->head->beg == 0) {
				exchange_failed(s, R_UPSTREAM_RESET);
				return;
			}
			/* there may be an answer that says why */
			s->x->q_broken = true;
			s->x->head->beg = s->x->head->end;
		}
	} else {
		if (!conn_flush(s->u))
			s->x->q_broken = true;
		s->last = world.now;
	}
	flow_up_kept(s);
}

/* the answer is complete; n bytes follow it that nobody asked for */
static void
answered(struct session *s, size_t n)
{
	struct exchange *x = s->x;
	struct conn *u = s->u;
	bool reuse;

	/* an answer that came before its request had left whole, or with more
	 * behind it, makes what comes next on that connection doubtful; so does
	 * that the upstream has moved */
	reuse = x->reuse && x->q.done && !x->q_broken &&
	    !exchange_head_unsent(s) && n == 0 && !u->eof && !u->broken &&
	    !conn_unsent(u) && u->in == NULL && !u->pending &&
	    x->began > s->up->moved_at && !world.draining;
	s->u = NULL;
	if (RARE(!reuse || !upstream_give(s->up, u, s->route->pool,
	    s->route->pool_ms, world.now)))
		conn_close(u);
	if (RARE(conn_unsent(s->c)))
		session_phase(s, S_FLUSH);
	else
		session_finish(s);
}

/* the client is gone: whatever its answer was, nobody reads it */
static void
client_lost(struct session *s)
{
	session_end(s, R_CLIENT_RESET, BY_CLIENT);
}

/* an answer went wrong after its head had left: the client must see it cut */
static void
cut(struct session *s, enum reason why)
{
	s->x->reason = why;
	session_abort(s, why, BY_UPSTREAM);
}

/* how the body goes to this client */
static enum rewrite_framing
framing(const struct exchange *x, struct http_response *r)
{
	if (RARE(r->status == 204))
		return REWRITE_NONE;
	if (RARE(r->status == 205)) {
		/* RFC 9110 15.3.6: it has no content */
		r->h.length = 0;
		return REWRITE_LENGTH;
	}
	if (r->h.body == HTTP_BODY_NONE)
		return r->h.has_length ? REWRITE_LENGTH : REWRITE_NONE;
	if (r->h.body == HTTP_BODY_LENGTH)
		return REWRITE_LENGTH;
	return x->minor >= 1 ? REWRITE_CHUNKED : REWRITE_EOF;
}

/* follows the events in what is about to be sent */
static void
note_events(struct exchange *x, const struct body_piece *piece)
{
	/* a chunk's size stands before its payload */
	const struct iovec *payload = &piece->parts[x->r.chunked ? 1 : 0];

	if (RARE(x->events.on) && piece->payload > 0)
		sse_track(&x->events, payload->iov_base, piece->payload);
}

void
exchange_ping(struct session *s)
{
	static const char bytes[] = SSE_COMMENT,
	    chunk[] = "3\r\n" SSE_COMMENT "\r\n";
	bool chunked = s->x->r.chunked;

	s->x->events.pinged = world.now;
	if (!conn_send_mem(s->c, chunked ? chunk : bytes,
	    chunked ? sizeof chunk - 1 : sizeof bytes - 1))
		client_lost(s);
}

/* sends the head in t and the piece as one: copied together if small, but where
 * they come together in a record anyway */
static bool
send_answer(struct conn *c, struct text *t, const struct body_piece *piece)
{
	struct iovec parts[1 + BODY_PARTS];
	size_t total = t->n;
	int i;

	for (i = 0; i < piece->n; i++) {
		parts[1 + i] = piece->parts[i];
		total += piece->parts[i].iov_len;
	}
	if (c->tls == NULL && total <= COPY_MAX && total <= t->cap) {
		for (i = 0; i < piece->n; i++)
			text_mem(t, piece->parts[i].iov_base,
			    piece->parts[i].iov_len);
		return conn_send_mem(c, t->p, t->n);
	}
	parts[0].iov_base = t->p;
	parts[0].iov_len = t->n;
	return conn_send(c, parts, 1 + piece->n);
}

/* where the upstream's Location may point to */
static const struct location *
locate(const struct session *s, struct location *l)
{
	const char *host = s->x->text + s->x->host_at;

	l->route = s->route;
	l->upstream = s->up->text;
	l->authority = s->up->authority;
	l->host = (struct span){host, strlen(host)};
	return l;
}

/* a final answer, whose head is the first used bytes of v */
static void
begin_answer(struct session *s, struct http_response *r, struct view *v,
    size_t used)
{
	struct exchange *x = s->x;
	struct rewrite_response how;
	struct location location;
	struct body_piece piece;
	struct text *t;
	ssize_t body;

	memset(&how, 0, sizeof how);
	how.location = s->route->rewrite_location ?
	    locate(s, &location) : NULL;
	how.route = s->route;
	how.framing = framing(x, r);
	if (RARE(how.framing == REWRITE_EOF || world.draining) ||
	    (RARE(!x->q.done) && (r->status >= 300 || x->expects)))
		x->keep = false;
	how.close = !x->keep;
	how.keep_10 = x->keep && x->minor == 0;
	x->reuse = r->h.keep_alive;
	x->status = r->status;
	/* no tunnel comes of a handshake that gets an answer like others */
	if (RARE(x->handshake))
		tally_leave(s);
	body_start(&x->r, r->h.body, r->h.length,
	    how.framing == REWRITE_CHUNKED);
	x->r.set = s->route->set_response_header;
	x->r.del = s->route->del_response_header;
	t = world_text();
	rewrite_response(t, r, &how);
	if (RARE(t->full)) {
		session_refuse(s, R_RESPONSE_TOO_LARGE);
		return;
	}
	x->events.on = RARE(s->route->sse_ping_ms > 0) && sse_fits(r);
	body = body_take(&x->r, v->p + used, v->n - used, &world.limits,
	    world.fields, &piece);
	note_events(x, &piece);
	x->begun = true;
	if (RARE(!send_answer(s->c, t, &piece))) {
		client_lost(s);
		return;
	}
	if (RARE(body < 0)) {
		cut(s, R_BAD_RESPONSE);
		return;
	}
	if (RARE(!view_done(s->u, v, used + (size_t)body)))
		cut(s, R_NO_MEMORY);
	else if (RARE(!x->r.done))
		session_phase(s, S_BODY);
	else
		answered(s, v->n);
}

/* passes a 1xx on: RFC 9110 15.2 */
static bool
interim(struct session *s, const struct http_response *r)
{
	struct text *t;

	if (++s->x->interims > INTERIMS_MAX) {
		session_refuse(s, R_TOO_MANY_INTERIM);
		return false;
	}
	if (s->x->minor == 0)
		return true;
	if (r->status == 100)
		s->x->expects = false;
	t = world_text();
	rewrite_interim(t, r);
	if (!conn_send_mem(s->c, t->p, t->n)) {
		client_lost(s);
		return false;
	}
	return true;
}

/* what the upstream's first bytes are; true: look again at what follows */
static bool
look_at_answer(struct session *s, struct view *v)
{
	struct exchange *x = s->x;
	struct http_response r;
	enum reason why;
	int used;

	r.h.fields = world.fields;
	used = http_parse_response(v->p, v->n, &world.limits,
	    x->method == HTTP_M_HEAD, &r);
	if (RARE(used < 0)) {
		session_refuse(s, (enum reason)-used);
		return false;
	}
	if (RARE(used == 0)) {
		if (!view_done(s->u, v, 0))
			session_refuse(s, R_NO_MEMORY);
		return false;
	}
	/* most upstreams have nothing to make good */
	if (RARE(s->up->fails > 0 || s->route->fail_status.text != NULL) &&
	    (r.status >= 200 || r.status == 101))
		retry_answered(s, r.status);
	if (RARE(r.status == 101)) {
		why = x->handshake ? tunnel_open(s, &r, v, (size_t)used) :
		    R_UNASKED_UPGRADE;
		if (why != R_DONE)
			session_refuse(s, why);
		return false;
	}
	if (RARE(x->handshake) && RARE(r.status >= 200 && refuse_accepts(s))) {
		refuse_status(s, r.status);
		return false;
	}
	if (RARE(r.status < 200)) {
		if (!interim(s, &r))
			return false;
		view_skip(s->u, v, (size_t)used);
		return true;
	}
	begin_answer(s, &r, v, (size_t)used);
	return false;
}

/* reading gave n, which is no bytes, after had bytes of an answer's head */
static void
no_answer(struct session *s, ssize_t n, size_t had)
{
	enum reason why = n == -2 ? R_UPSTREAM_RESET :
	    had > 0 ? R_UPSTREAM_CUT : R_UPSTREAM_NO_ANSWER;

	if (n == -3) {
		session_refuse(s, R_NO_MEMORY);
	} else if (had > 0 && !s->x->handshake) {
		retry_blame(s, why);
		session_refuse(s, why);
	} else {
		exchange_failed(s, why);
	}
}

void
exchange_answer(struct session *s)
{
	struct view v;
	ssize_t n;
	bool full;

	warm(s->x, offsetof(struct exchange, attempts));
	conn_warm(s->c);
	n = view_read(s->u, &v, &full);
	if (RARE(n <= 0)) {
		if (n != -1)
			no_answer(s, n, v.n);
		return;
	}
	s->last = world.now;
	/* interim answers before the final one are taken off as they come */
	while (v.n > 0 && look_at_answer(s, &v))
		;
	if (RARE(s->phase == S_ANSWER) && v.n == 0)
		conn_forget(s->u);
}

/* what v holds of the answer's body; false: nothing more is to be done */
static bool
flow_down(struct session *s, struct view *v)
{
	struct exchange *x = s->x;
	struct body_piece piece;
	ssize_t used;

	used = body_take(&x->r, v->p, v->n, &world.limits, world.fields,
	    &piece);
	note_events(x, &piece);
	s->last = world.now;
	if (piece.n > 0 && !conn_send(s->c, piece.parts, piece.n)) {
		client_lost(s);
		return false;
	}
	if (used < 0) {
		cut(s, R_BAD_RESPONSE);
		return false;
	}
	if (!view_done(s->u, v, (size_t)used)) {
		cut(s, R_NO_MEMORY);
		return false;
	}
	if (x->r.done) {
		answered(s, v->n);
		return false;
	}
	return true;
}

/* the upstream has closed: the end of the body, or a cut */
static void
end_of_body(struct session *s)
{
	struct body_piece piece;

	/* over TLS an end that was not announced is a cut: RFC 5246 7.2.1 */
	if (!body_eof(&s->x->r, &piece) || s->u->cut) {
		cut(s, R_UPSTREAM_CUT);
		return;
	}
	if (piece.n > 0 && !conn_send(s->c, piece.parts, piece.n))
		client_lost(s);
	else
		answered(s, 0);
}

void
exchange_body(struct session *s)
{
	bool full = true;
	struct view v;
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_TURN && full; i++) {
		if (conn_unsent(s->c))
			return;
		n = view_read(s->u, &v, &full);
		if (n == -1)
			return;
		if (n < 0) {
			cut(s, n == -2 ? R_UPSTREAM_RESET : R_NO_MEMORY);
			return;
		}
		if (n == 0) {
			end_of_body(s);
			return;
		}
		if (!flow_down(s, &v))
			return;
	}
}
