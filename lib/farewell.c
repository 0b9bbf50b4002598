/* The ends of tunnels: see farewell.h. */
#include "farewell.h"

/* the code for what weir itself ends: RFC 6455 7.4.1 and its registry */
static unsigned
code_for(enum reason why)
{
	switch (why) {
	case R_FRAME_LENGTH:
	case R_FRAME_MASK:
	case R_FRAME_RSV:
	case R_FRAME_OPCODE:
	case R_FRAME_CONTROL:
	case R_FRAME_ORDER:
	case R_FRAME_CLOSE:
		return WS_C_PROTOCOL;
	case R_TOO_FAST:
	case R_KEY_GONE:
		return WS_C_POLICY;
	case R_FRAME_TOO_BIG:
	case R_MESSAGE_TOO_BIG:
		return WS_C_TOO_BIG;
	case R_UPSTREAM_CLOSED:
	case R_UPSTREAM_RESET:
	case R_UPSTREAM_SILENT:
		return WS_C_ERROR;
	case R_ROUTE_GONE:
		return WS_C_RESTART;
	case R_NO_MEMORY:
		return WS_C_TRY_LATER;
	default:
		return WS_C_AWAY;
	}
}

static struct conn *
other(const struct session *s, const struct conn *c)
{
	return c == s->c ? s->u : s->c;
}

static struct track *
track_of(struct session *s, const struct conn *from)
{
	return from == s->c ? &s->from_client : &s->from_upstream;
}

/* the first cause stands, what follows are echoes of it */
static void
blame(struct session *s, enum party by, enum reason why)
{
	if (s->by != BY_NOBODY)
		return;
	s->by = (uint8_t)by;
	s->reason = (uint8_t)why;
}

/* puts a Close behind what came from this end, if a frame ends there and none
 * has passed; false: a frame is half through */
static bool
put_close(struct session *s, const struct conn *from, enum reason why)
{
	struct track *t = track_of(s, from);
	struct conn *to = other(s, from);
	unsigned char frame[WS_CLOSE_FRAME_MAX];
	uint64_t mask = world_random();
	size_t n;

	if (t->closed || t->blind || to->shut || to->broken)
		return true;
	if (!track_boundary(t))
		return false;
	/* RFC 6455 5.3: what goes to a server is masked */
	n = ws_write_close(frame, code_for(why), reason_word(why),
	    to == s->u ? (const uint8_t *)&mask : NULL);
	s->code = (uint16_t)code_for(why);
	t->closed = true;
	t->close_code = s->code;
	conn_send_mem(to, frame, n);
	return true;
}

/* both directions are closed: what is in buffers leaves, then the ends */
static void
part(struct session *s)
{
	if (!conn_unsent(s->c))
		conn_shut(s->c);
	if (s->u != NULL && !conn_unsent(s->u))
		conn_shut(s->u);
	session_tunnel_over(s, R_DONE, BY_NOBODY);
	session_phase(s, S_LINGER);
	/* tunnel_read() may take it that nothing has changed */
	session_deadline_changed(s);
}

void
farewell_go_on(struct session *s)
{
	bool up, down;

	up = put_close(s, s->c, (enum reason)s->close_why) || s->c->eof;
	down = put_close(s, s->u, (enum reason)s->close_why) || s->u->eof;
	if (up && down)
		part(s);
}

void
farewell(struct session *s, enum reason why)
{
	if (s->ending)
		return;
	blame(s, BY_WEIR, why);
	s->close_why = (uint8_t)why;
	s->ending = true;
	/* a frame that is half through gets a while to come */
	if (s->half_at == 0)
		s->half_at = world.now;
	s->sift = 1 << LEG_CLIENT | 1 << LEG_UPSTREAM;
	farewell_go_on(s);
}

/* the upstream is gone, and the client has been told so: what it still sends
 * goes nowhere, but it gets the time to read that */
static void
outlive_upstream(struct session *s)
{
	conn_close(s->u);
	s->u = NULL;
	part(s);
}

void
farewell_sent(struct session *s, struct conn *to)
{
	struct conn *from = other(s, to);

	if (!from->eof || conn_unsent(to))
		return;
	if (s->ending) {
		farewell_go_on(s);
	} else if (from->broken && from == s->u && s->code != 0) {
		outlive_upstream(s);
	} else if (from->broken || (to->eof && !conn_unsent(from))) {
		session_end(s, (enum reason)s->reason, BY_NOBODY);
	} else if (to != s->u || !session_holds_end(s)) {
		conn_shut(to);
	}
}

void
farewell_from(struct session *s, struct conn *from, bool reset)
{
	enum party by = from == s->c ? BY_CLIENT : BY_UPSTREAM;

	if (from == s->c)
		blame(s, by, reset ? R_CLIENT_RESET : R_CLIENT_CLOSED);
	else
		blame(s, by, reset ? R_UPSTREAM_RESET : R_UPSTREAM_CLOSED);
	from->eof = true;
	if (reset) {
		from->broken = true;
		buf_put(from->out);
		from->out = NULL;
	}
	if (s->half_at == 0)
		s->half_at = world.now;
	/* a server that dies says nothing: the client is told */
	if (s->by == BY_UPSTREAM && from == s->u && !s->ending)
		put_close(s, from, reset ? R_UPSTREAM_RESET :
		    R_UPSTREAM_CLOSED);
	farewell_sent(s, other(s, from));
}

void
farewell_discard(struct session *s, struct conn *c)
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
