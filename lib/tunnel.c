/* WebSocket tunnels: see tunnel.h. */
#include <string.h>

#include "tunnel.h"
#include "log.h"

#define READS_PER_TURN 4

static struct span
value_of(const struct http_head *h, enum http_field_id id)
{
	const struct http_field *f = http_find(h, id, NULL);

	return f != NULL ? f->value : (struct span){"", 0};
}

/* RFC 6455 4.1, the client's part, for the client */
static enum reason
prove(const struct exchange *x, const struct http_response *r)
{
	const struct http_field *f = NULL;
	struct ws_answer a;
	int why;

	/* RFC 9110 7.8: HTTP/1.0 has no Upgrade */
	if (r->h.minor == 0)
		return R_PROOF_UPGRADE;
	memset(&a, 0, sizeof a);
	a.conn_upgrade = r->h.conn_upgrade;
	a.body = r->h.has_length || (r->h.seen &
	    1ull << HTTP_F_TRANSFER_ENCODING) != 0;
	a.upgrade = value_of(&r->h, HTTP_F_UPGRADE);
	a.upgrades = http_count(&r->h, HTTP_F_UPGRADE);
	a.accept = value_of(&r->h, HTTP_F_SEC_WEBSOCKET_ACCEPT);
	a.accepts = http_count(&r->h, HTTP_F_SEC_WEBSOCKET_ACCEPT);
	a.protocol = value_of(&r->h, HTTP_F_SEC_WEBSOCKET_PROTOCOL);
	a.protocols = http_count(&r->h, HTTP_F_SEC_WEBSOCKET_PROTOCOL);
	why = ws_prove(&a, x->key, x->protocols);
	if (why < 0)
		return (enum reason)-why;
	while ((f = http_find(&r->h, HTTP_F_SEC_WEBSOCKET_EXTENSIONS, f)) !=
	    NULL)
		if (!ws_extensions_offered(f->value, x->extensions))
			return R_PROOF_EXTENSION;
	return R_DONE;
}

static struct ws_track *
tracker(struct session *s, const struct conn *from)
{
	return from == s->c ? &s->from_client : &s->from_upstream;
}

/* the books on n bytes from one end */
static void
account(struct session *s, const struct conn *from, const void *p, size_t n)
{
	struct ws_track *t = tracker(s, from);

	s->last = world.now;
	if (from == s->c)
		s->bytes_in += n;
	else
		s->bytes_out += n;
	ws_track(t, p, n);
	if (t->closed && s->by == BY_NOBODY) {
		s->by = from == s->c ? BY_CLIENT : BY_UPSTREAM;
		s->reason = from == s->c ? R_CLIENT_CLOSED :
		    R_UPSTREAM_CLOSED;
	}
}

enum reason
tunnel_open(struct session *s, const struct http_response *r, struct view *v,
    size_t used)
{
	struct rewrite_response how;
	struct exchange *x = s->x;
	struct iovec parts[2];
	struct view early;
	enum reason why;
	struct text *t;
	bool alive;

	why = prove(x, r);
	if (why != R_DONE)
		return why;
	memset(&how, 0, sizeof how);
	how.route = s->route;
	how.handshake = true;
	t = world_text();
	rewrite_response(t, r, &how);
	if (t->full)
		return R_RESPONSE_TOO_LARGE;
	session_log_tunnel(s, value_of(&r->h, HTTP_F_SEC_WEBSOCKET_PROTOCOL));
	s->in_route = x->counted;
	x->counted = false;
	exchange_close(s);
	s->opened = world.now;
	session_phase(s, S_TUNNEL);
	/* frames that came with the 101 go with it */
	parts[0].iov_base = t->p;
	parts[0].iov_len = t->n;
	parts[1].iov_base = v->p + used;
	parts[1].iov_len = v->n - used;
	account(s, s->u, v->p + used, v->n - used);
	alive = conn_send(s->c, parts, parts[1].iov_len > 0 ? 2 : 1);
	conn_forget(s->u);
	if (!alive) {
		session_end(s, R_CLIENT_RESET, BY_CLIENT);
		return R_DONE;
	}
	/* and those that the client sent before it are held until now */
	view_kept(s->c, &early);
	if (early.n > 0) {
		account(s, s->c, early.p, early.n);
		conn_send_mem(s->u, early.p, early.n);
	}
	conn_forget(s->c);
	return R_DONE;
}

/*
 * Whether a client's end is not passed on yet. An upstream with TLS that is
 * told of it need not send the rest of its answer, and most do not. But a
 * client with TLS has ended both directions, and behind a Close there is no
 * rest.
 */
static bool
held_back(const struct session *s, const struct conn *to)
{
	return to == s->u && to->tls != NULL && s->c->tls == NULL &&
	    !s->from_upstream.closed;
}

/* the other end of to has closed: passes that on once all is sent, and ends
 * the tunnel if nothing can move any more */
static void
settle(struct session *s, struct conn *to, enum reason why)
{
	struct conn *from = to == s->c ? s->u : s->c;

	if (conn_unsent(to))
		return;
	if (from->broken || (to->eof && !conn_unsent(from)))
		session_end(s, why, BY_NOBODY);
	else if (!held_back(s, to))
		conn_shut(to);
}

/* nothing more comes from this end, by its own will or by a fault */
static void
half_close(struct session *s, struct conn *from, enum reason why)
{
	struct conn *to = from == s->c ? s->u : s->c;

	if (s->by == BY_NOBODY) {
		s->by = from == s->c ? BY_CLIENT : BY_UPSTREAM;
		s->reason = (uint8_t)why;
	}
	from->eof = true;
	if (s->half_at == 0)
		s->half_at = world.now;
	settle(s, to, why);
}

static void
reset(struct session *s, struct conn *from)
{
	/* nothing can be delivered to it either */
	from->broken = true;
	buf_put(from->out);
	from->out = NULL;
	half_close(s, from, from == s->c ? R_CLIENT_RESET :
	    R_UPSTREAM_RESET);
}

bool
tunnel_read(struct session *s, struct conn *from)
{
	struct conn *to = from == s->c ? s->u : s->c;
	size_t room;
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_TURN; i++) {
		if (from->eof || conn_unsent(to))
			return false;
		/* nothing is added to it, so that it fits a buffer */
		room = buf_left();
		n = conn_recv(from, world.scratch, room);
		if (n == -1)
			return true;
		if (n == 0) {
			half_close(s, from, from == s->c ? R_CLIENT_CLOSED :
			    R_UPSTREAM_CLOSED);
			return false;
		}
		if (n == -2) {
			reset(s, from);
			return false;
		}
		account(s, from, world.scratch, (size_t)n);
		if (!conn_send_mem(to, world.scratch, (size_t)n)) {
			reset(s, to);
			return false;
		}
		if (to->eof)
			settle(s, from, R_DONE);
		if (n < (ssize_t)room)
			return !conn_unsent(to);
	}
	return false;
}

void
tunnel_write(struct session *s, struct conn *to)
{
	struct conn *from = to == s->c ? s->u : s->c;

	if (!conn_flush(to)) {
		reset(s, to);
		return;
	}
	s->last = world.now;
	if (from->eof)
		settle(s, to, R_DONE);
}

/* whether a Close of our own may still go in this direction, now or later */
static bool
closable(const struct ws_track *t, const struct conn *to)
{
	return !t->closed && !t->blind && !to->shut && !to->broken;
}

/* puts a Close of our own into one direction, and ends it */
static void
put_close(const struct ws_track *t, struct conn *to, unsigned code,
    enum reason why, const uint8_t *mask)
{
	unsigned char frame[WS_CLOSE_FRAME_MAX];
	size_t n;

	if (closable(t, to)) {
		n = ws_write_close(frame, code, reason_word(why), mask);
		conn_send_mem(to, frame, n);
	}
	if (!conn_unsent(to))
		conn_shut(to);
}

bool
tunnel_close(struct session *s, unsigned code, enum reason why)
{
	const struct ws_track *up = &s->from_client, *down = &s->from_upstream;
	uint64_t mask = world_random();

	if ((closable(up, s->u) && !ws_track_boundary(up)) ||
	    (closable(down, s->c) && !ws_track_boundary(down)))
		return false;
	if (s->by == BY_NOBODY) {
		s->by = BY_WEIR;
		s->reason = (uint8_t)why;
		s->sent_close = true;
	}
	/* RFC 6455 5.3: what goes to a server is masked */
	put_close(up, s->u, code, why, (const uint8_t *)&mask);
	put_close(down, s->c, code, why, NULL);
	session_phase(s, S_LINGER);
	return true;
}

void
tunnel_discard(struct session *s, struct conn *c)
{
	ssize_t n;

	n = conn_recv(c, world.scratch, world.read_max);
	if (n > 0 || n == -1)
		return;
	if (c == s->u) {
		conn_close(s->u);
		s->u = NULL;
	} else {
		c->eof = true;
	}
	if (s->c->eof && s->u == NULL)
		session_end(s, R_DONE, BY_NOBODY);
}
