/* Bytes between two ends: see relay.h. */
#include <errno.h>

#include "relay.h"

#define READS_PER_TURN 4

static struct conn *
other(const struct session *s, const struct conn *c)
{
	return c == s->c ? s->u : s->c;
}

/* a reset is passed on as one: what came before it may not be whole */
static void
pass_reset(struct session *s, const struct conn *from)
{
	if (from == s->u) {
		session_abort(s, R_UPSTREAM_RESET, BY_UPSTREAM);
		return;
	}
	conn_abort(s->u);
	s->u = NULL;
	session_end(s, R_CLIENT_RESET, BY_CLIENT);
}

/* the other end of to has closed: passes that on once all is sent, and ends
 * the session if nothing can move any more */
static void
pass_end(struct session *s, struct conn *to)
{
	struct conn *from = other(s, to);

	if (conn_unsent(to) && !to->broken)
		return;
	if (from->broken)
		pass_reset(s, from);
	else if (to->eof && !conn_unsent(from))
		session_end(s, R_DONE, BY_NOBODY);
	else if (to != s->u || !session_holds_end(s))
		conn_shut(to);
}

/* nothing more comes from this end */
static void
half_close(struct session *s, struct conn *from, enum reason why)
{
	if (s->by == BY_NOBODY) {
		s->by = from == s->c ? BY_CLIENT : BY_UPSTREAM;
		s->reason = (uint8_t)why;
	}
	from->eof = true;
	if (s->half_at == 0)
		s->half_at = world.now;
	pass_end(s, other(s, from));
}

static void
reset(struct session *s, struct conn *from)
{
	from->broken = true;
	/* nothing can be delivered to it either */
	buf_put(from->out);
	from->out = NULL;
	half_close(s, from, from == s->c ? R_CLIENT_RESET : R_UPSTREAM_RESET);
}

/*
 * It takes no more. A server that has said all may close with bytes unread,
 * which resets the connection: what it has said before that is still to be
 * read, and its end behind that.
 */
static void
refused(struct session *s, struct conn *to)
{
	if (to->eof || to->tls != NULL || other(s, to)->broken ||
	    (errno != EPIPE && errno != ECONNRESET))
		reset(s, to);
	else if (s->half_at == 0)
		s->half_at = world.now;
}

static void
closed(struct session *s, struct conn *from)
{
	half_close(s, from, from == s->c ? R_CLIENT_CLOSED :
	    R_UPSTREAM_CLOSED);
}

void
relay_open(struct session *s)
{
	const struct conf_route *r = s->route;

	if (s->up->fails > 0)
		upstream_worked(s->up, world.now);
	session_log_relay(s);
	s->in_route = s->x->counted;
	s->x->counted = false;
	exchange_close(s);
	session_phase(s, S_RELAY);
	if (r->lifetime_ms > 0)
		session_close_at(s, world.now + r->lifetime_ms -
		    (int64_t)(world_random() % (uint64_t)(r->lifetime_ms / 10 +
		    1)), R_LIFETIME);
	/* it closed its sending side while there was nobody to tell */
	if (s->c->eof)
		closed(s, s->c);
}

bool
relay_read(struct session *s, struct conn *from)
{
	struct conn *to = other(s, from);
	size_t room;
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_TURN; i++) {
		if (from->eof || conn_unsent(to) || to->broken)
			return false;
		room = buf_left();
		n = conn_recv(from, world.scratch, room);
		if (n == -1)
			return true;
		if (n == -2 || (n == 0 && from->broken))
			reset(s, from);
		else if (n == 0)
			closed(s, from);
		if (n <= 0)
			return false;
		s->last = world.now;
		if (from == s->c)
			s->bytes_in += (uint64_t)n;
		else
			s->bytes_out += (uint64_t)n;
		if (!conn_send_mem(to, world.scratch, (size_t)n)) {
			refused(s, to);
			return false;
		}
		if (n < (ssize_t)room)
			return !conn_unsent(to);
	}
	return false;
}

void
relay_write(struct session *s, struct conn *to)
{
	struct conn *from = other(s, to);

	if (!conn_flush(to)) {
		refused(s, to);
		return;
	}
	s->last = world.now;
	if (from->eof)
		pass_end(s, to);
}
