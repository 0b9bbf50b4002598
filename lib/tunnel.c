/* WebSocket tunnels: see tunnel.h. */
#include <string.h>

#include "tunnel.h"
#include "farewell.h"
#include "meter.h"
#include "upgrade.h"

#define READS_PER_TURN 4
/* a client whose rate is limited is read in pieces of this at the most: what
 * may not pass yet is kept */
#define METERED_READ 4096
/* an idle leg that cannot be asked, since a frame is half through, is looked
 * at again after this */
#define ASK_AGAIN_MS 1000

static enum leg
leg_of(const struct session *s, const struct conn *c)
{
	return c == s->c ? LEG_CLIENT : LEG_UPSTREAM;
}

static struct conn *
other(const struct session *s, const struct conn *c)
{
	return c == s->c ? s->u : s->c;
}

static struct track *
track_of(struct session *s, enum leg from)
{
	return from == LEG_CLIENT ? &s->from_client : &s->from_upstream;
}

/* the books on n bytes from one end */
static void
account(struct session *s, enum leg from, size_t n)
{
	s->last = world.now;
	beat_heard(&s->stage.beats[from], world.now);
	if (from == LEG_CLIENT)
		s->bytes_in += n;
	else
		s->bytes_out += n;
}

/* a Close has passed from one end */
static void
note_close(struct session *s, enum leg from)
{
	if (s->by != BY_NOBODY)
		return;
	s->by = from == LEG_CLIENT ? BY_CLIENT : BY_UPSTREAM;
	s->reason = from == LEG_CLIENT ? R_CLIENT_CLOSED : R_UPSTREAM_CLOSED;
}

/* follows n bytes that are on their way; false if a Close is among them */
static bool
follow(struct session *s, enum leg from, const void *p, size_t n)
{
	struct track *t = track_of(s, from);
	bool was = t->closed;

	account(s, from, n);
	track_feed(t, p, n);
	if (t->closed == was)
		return true;
	note_close(s, from);
	return false;
}

/* what weir's pings on this leg carry: nobody else can know it beforehand */
static uint64_t
tag_of(const struct session *s, enum leg leg)
{
	static uint64_t secret;
	uint64_t z;

	if (secret == 0)
		secret = world_random();
	/* the finish of splitmix64 */
	z = s->id ^ (secret + leg);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static bool
is_metered(const struct conf_route *r)
{
	return r->messages > 0 || r->rate > 0;
}

static bool
has_limits(const struct conf_route *r)
{
	return r->message_max > 0 || r->frame_max > 0 || is_metered(r);
}

/* ---- passing on ---- */

static void
rules_of(const struct session *s, enum leg from, struct track_rules *r)
{
	const struct conf_route *route = s->route;

	r->tag = beat_awaits(&s->stage.beats[from]) ? tag_of(s, from) : 0;
	r->rsv = s->rsv;
	r->strict = route->ws_check == CONF_CHECK_STRICT;
	r->masked = from == LEG_CLIENT;
	r->frame_max = from == LEG_CLIENT ? route->frame_max : 0;
	r->message_max = from == LEG_CLIENT ? route->message_max : 0;
}

/* whether frames from this end have to be looked at all the time */
static bool
is_ruled(const struct session *s, enum leg from)
{
	const struct conf_route *r = s->route;

	return r->ws_check == CONF_CHECK_STRICT || s->ending ||
	    (from == LEG_CLIENT && has_limits(r));
}

/* how many more messages may pass now; in slow motion the rest has to wait */
static uint64_t
messages_left(const struct session *s, enum leg from)
{
	const struct conf_route *r = s->route;

	if (from != LEG_CLIENT || r->messages == 0 ||
	    r->excess != CONF_EXCESS_SLOW)
		return UINT64_MAX;
	return meter_room(s->meters[METER_MESSAGES], r->messages, world.now);
}

/* bytes that may be read from this end now */
static size_t
room_for(const struct session *s, enum leg from, size_t held)
{
	const struct conf_route *r = s->route;
	size_t room = buf_left();
	uint64_t may;

	room = room > held ? room - held : 0;
	if (from != LEG_CLIENT || !is_metered(r))
		return room;
	if (room > METERED_READ)
		room = METERED_READ;
	if (r->rate == 0 || r->excess != CONF_EXCESS_SLOW)
		return room;
	may = meter_room(s->meters[METER_BYTES], r->rate, world.now);
	return may < room ? (size_t)may : room;
}

/* puts what has come from the client on its meters; false: it was too much */
static bool
charge(struct session *s, enum leg from, size_t bytes, uint64_t messages)
{
	const struct conf_route *r = s->route;
	bool within = true;

	if (from != LEG_CLIENT)
		return true;
	if (r->rate > 0 && bytes > 0) {
		meter_charge(&s->meters[METER_BYTES], bytes, r->rate,
		    world.now);
		within = !meter_over(s->meters[METER_BYTES], world.now);
	}
	if (r->messages > 0 && messages > 0) {
		meter_charge(&s->meters[METER_MESSAGES], messages,
		    r->messages, world.now);
		within = within && !meter_over(s->meters[METER_MESSAGES],
		    world.now);
	}
	return within || r->excess == CONF_EXCESS_SLOW;
}

/* what became of a read: used bytes are done with, of which the first pass
 * bytes of the memory are to be sent */
struct sifted {
	size_t used, pass;
	enum reason fault;
};

/* looks at n bytes from one end, frame by frame */
static void
sift(struct session *s, enum leg from, unsigned char *p, size_t n,
    struct sifted *r)
{
	struct track *t = track_of(s, from);
	uint64_t until = messages_left(s, from);
	struct track_rules rules;
	struct track_piece piece;

	rules_of(s, from, &rules);
	until = until > UINT64_MAX - t->messages ? UINT64_MAX :
	    t->messages + until;
	memset(r, 0, sizeof *r);
	if (from == LEG_CLIENT)
		s->slowed = false;
	while (r->used < n) {
		if (t->messages >= until && track_boundary(t)) {
			s->slowed = true;
			break;
		}
		track_sift(t, &rules, p + r->used, n - r->used, &piece);
		if (piece.fate == TRACK_FAULT)
			r->fault = piece.why;
		if (piece.fate == TRACK_FAULT || piece.fate == TRACK_HOLD)
			break;
		if (piece.fate == TRACK_OWN)
			beat_pong(&s->stage.beats[from], piece.number,
			    world.now);
		else if (r->used > r->pass)
			memmove(p + r->pass, p + r->used, piece.n);
		if (piece.fate == TRACK_PASS)
			r->pass += piece.n;
		r->used += piece.n;
		if (s->ending && track_boundary(t))
			break;
	}
}

/* the end of a stream: what was kept of a frame's beginning goes, too, unless
 * it would have to be judged */
static void
give_up_held(struct session *s, struct conn *from)
{
	struct view v;

	view_kept(from, &v);
	if (v.n > 0 && !s->ending && s->route->ws_check != CONF_CHECK_STRICT) {
		track_feed(track_of(s, leg_of(s, from)),
		    (unsigned char *)v.p, v.n);
		conn_send_mem(other(s, from), v.p, v.n);
	}
	conn_forget(from);
}

/* passes on what n bytes at p, of which got are new, allow */
static void
pass_sifted(struct session *s, struct conn *from, unsigned char *p, size_t n,
    size_t got)
{
	enum leg leg = leg_of(s, from);
	struct track *t = track_of(s, leg);
	uint64_t messages = t->messages;
	bool was = t->closed, within;
	struct sifted r;

	sift(s, leg, p, n, &r);
	if (r.fault == R_DONE && !s->ending &&
	    !conn_keep(from, p + r.used, n - r.used))
		r.fault = R_NO_MEMORY;
	if (r.pass > 0)
		account(s, leg, r.pass);
	within = charge(s, leg, got, t->messages - messages);
	if (t->closed != was)
		note_close(s, leg);
	if (r.pass > 0 && !conn_send_mem(other(s, from), p, r.pass))
		farewell_from(s, other(s, from), true);
	else if (s->ending)
		farewell_go_on(s);
	else if (r.fault != R_DONE)
		farewell(s, r.fault);
	else if (!within)
		farewell(s, R_TOO_FAST);
	else if (other(s, from)->eof)
		/* behind a Close, that end is held back no more */
		farewell_sent(s, from);
	else if (!is_ruled(s, leg) && !beat_awaits(&s->stage.beats[leg]) &&
	    from->in == NULL)
		s->sift &= (uint8_t)~(1u << leg);
}

/* passes on what c->in holds, of which got bytes are new, as far as it may */
static void
pass_kept(struct session *s, struct conn *from, size_t got)
{
	unsigned char *p = (unsigned char *)world.scratch;
	size_t n = buf_len(from->in);

	memcpy(p, from->in->data + from->in->beg, n);
	conn_forget(from);
	pass_sifted(s, from, p, n, got);
}

/* reads from an end whose frames are looked at; false: that was all for now */
static bool
read_sifted(struct session *s, struct conn *from)
{
	unsigned char *p = (unsigned char *)world.scratch;
	enum leg leg = leg_of(s, from);
	size_t held, room;
	ssize_t n = -1;

	held = buf_len(from->in);
	if (leg == LEG_CLIENT && s->slowed && held > 0 && !s->ending) {
		pass_kept(s, from, 0);
		return false;
	}
	room = room_for(s, leg, held);
	if (held > 0)
		memcpy(p, from->in->data + from->in->beg, held);
	if (room > 0)
		n = conn_recv(from, p + held, room);
	if (n == 0 || n == -2) {
		give_up_held(s, from);
		farewell_from(s, from, n == -2);
		return false;
	}
	if (n == -1 && held == 0)
		return false;
	conn_forget(from);
	if (n > 0)
		beat_heard(&s->stage.beats[leg], world.now);
	/* weir has closed this direction: nobody is to see it */
	if (!s->ending || !track_of(s, leg)->closed)
		pass_sifted(s, from, p, held + (n > 0 ? (size_t)n : 0),
		    n > 0 ? (size_t)n : 0);
	return n == (ssize_t)room && s->phase == S_TUNNEL;
}

bool
tunnel_read(struct session *s, struct conn *from)
{
	struct conn *to = other(s, from);
	enum leg leg = leg_of(s, from);
	size_t room;
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_TURN; i++) {
		if (from->eof || conn_unsent(to))
			return false;
		if (s->sift & 1 << leg) {
			if (!read_sifted(s, from))
				return false;
			continue;
		}
		conn_warm(to);
		/* nothing is added to it, so that it fits a buffer */
		room = buf_left();
		n = conn_recv(from, world.scratch, room);
		if (n == -1)
			return true;
		if (n <= 0) {
			farewell_from(s, from, n == -2);
			return false;
		}
		if (!follow(s, leg, world.scratch, (size_t)n))
			i = READS_PER_TURN;
		if (!conn_send_mem(to, world.scratch, (size_t)n)) {
			farewell_from(s, to, true);
			return false;
		}
		/* behind a Close, the other one's end is held back no more */
		if (to->eof)
			farewell_sent(s, from);
		if (n < (ssize_t)room)
			return i < READS_PER_TURN && !conn_unsent(to);
	}
	return false;
}

void
tunnel_write(struct session *s, struct conn *to)
{
	if (!conn_flush(to)) {
		farewell_from(s, to, true);
		return;
	}
	/* its peer takes bytes, so it lives */
	beat_heard(&s->stage.beats[leg_of(s, to)], world.now);
	s->last = world.now;
	farewell_sent(s, to);
}

/* ---- heartbeats ---- */

static void
send_ping(struct session *s, enum leg leg)
{
	struct conn *c = leg == LEG_CLIENT ? s->c : s->u;
	unsigned char frame[BEAT_FRAME_MAX];
	uint64_t mask = world_random();
	size_t n;

	/* RFC 6455 5.3: what goes to a server is masked */
	n = beat_ping(&s->stage.beats[leg], frame, tag_of(s, leg),
	    leg == LEG_UPSTREAM ? (const uint8_t *)&mask : NULL, world.now);
	s->sift |= (uint8_t)(1 << leg);
	if (!conn_send_mem(c, frame, n))
		farewell_from(s, c, true);
}

/* bytes that went to a peer and have arrived, and whether more are on their
 * way; some more with TLS, which does no harm */
static uint32_t
taken(const struct session *s, enum leg leg, bool *more)
{
	size_t queued = conn_queued(leg == LEG_CLIENT ? s->c : s->u);

	*more = queued > 0;
	return (uint32_t)((leg == LEG_CLIENT ? s->bytes_out : s->bytes_in) -
	    queued);
}

/* its peer was silent for long enough to be asked, if that is its doing */
static void
ask(struct session *s, enum leg leg)
{
	struct conn *c = leg == LEG_CLIENT ? s->c : s->u;
	struct beat *b = &s->stage.beats[leg];
	uint32_t n;
	bool more;

	n = taken(s, leg, &more);
	beat_mark(b, n, more);
	if (conn_unsent(c))
		beat_ask_silently(b, world.now);
	else if (track_boundary(track_of(s, leg == LEG_CLIENT ? LEG_UPSTREAM :
	    LEG_CLIENT)))
		send_ping(s, leg);
	else
		beat_postpone(b, session_ping_ms(s, leg), ASK_AGAIN_MS,
		    world.now);
}

static void
look_after(struct session *s, enum leg leg)
{
	struct conn *c = leg == LEG_CLIENT ? s->c : s->u;
	struct beat *b = &s->stage.beats[leg];
	enum beat_state state;
	uint32_t n;
	bool more;

	state = beat_look(b, session_ping_ms(s, leg),
	    session_ping_timeout_ms(s, leg), world.now);
	if (state == BEAT_WELL)
		return;
	/* nobody can be heard who is not listened to */
	if (conn_unsent(other(s, c)) ||
	    (leg == LEG_CLIENT && session_waits(s))) {
		beat_postpone(b, session_ping_ms(s, leg), ASK_AGAIN_MS,
		    world.now);
		return;
	}
	if (state == BEAT_ASK) {
		ask(s, leg);
		return;
	}
	n = taken(s, leg, &more);
	if (beat_drains(b, n, more))
		beat_ask_silently(b, world.now);
	else
		farewell(s, leg == LEG_CLIENT ? R_CLIENT_SILENT :
		    R_UPSTREAM_SILENT);
}

void
tunnel_tick(struct session *s)
{
	if (session_beats(s))
		look_after(s, LEG_CLIENT);
	if (s->phase == S_TUNNEL && session_beats(s))
		look_after(s, LEG_UPSTREAM);
	/* messages that had to wait */
	if (s->phase == S_TUNNEL && s->slowed && !session_waits(s))
		tunnel_read(s, s->c);
}

/* ---- opening ---- */

/* the bits that the chosen extensions give a meaning to: RFC 7692 6 */
static uint8_t
rsv_of(const struct http_response *r)
{
	const struct http_field *f = NULL;
	struct span list, item, name;
	const char *semicolon;
	uint8_t rsv = 0;

	while ((f = http_find(&r->h, HTTP_F_SEC_WEBSOCKET_EXTENSIONS, f)) !=
	    NULL) {
		list = f->value;
		while (span_next(&list, &item)) {
			semicolon = memchr(item.p, ';', item.n);
			name = semicolon == NULL ? item :
			    span_between(item.p, semicolon);
			while (name.n > 0 && name.p[name.n - 1] == ' ')
				name.n--;
			rsv |= span_is(name, "permessage-deflate") ? 4 : 7;
		}
	}
	return rsv;
}

/* what the route asks of its tunnels, and the clocks of this one */
static void
begin(struct session *s, const struct http_response *r)
{
	const struct conf_route *route = s->route;
	int64_t end, life = route->lifetime_ms;
	enum leg leg;

	s->opened = world.now;
	s->rsv = rsv_of(r);
	s->metered = is_metered(route) && route->excess == CONF_EXCESS_SLOW;
	for (leg = LEG_CLIENT; leg <= LEG_UPSTREAM; leg++)
		/* tunnels that open together are not to be pinged together */
		beat_begin(&s->stage.beats[leg], world.now -
		    (int64_t)(world_random() %
		    (uint64_t)(session_ping_ms(s, leg) / 10 + 1)));
	if (route->ws_check == CONF_CHECK_OFF)
		s->from_client.blind = s->from_upstream.blind = true;
	else if (route->ws_check == CONF_CHECK_STRICT)
		s->sift = 1 << LEG_CLIENT | 1 << LEG_UPSTREAM;
	else if (has_limits(route))
		s->sift = 1 << LEG_CLIENT;
	if (life <= 0)
		return;
	end = world.now + life - (int64_t)(world_random() %
	    (uint64_t)(life / 10 + 1));
	/* a drain may be under way */
	if (s->close_at == 0 || end < s->close_at) {
		s->close_at = end;
		s->close_why = R_LIFETIME;
	}
}

/* the head in t, and the frames behind the first used bytes of v */
static bool
send_first(struct session *s, const struct text *t, struct view *v,
    size_t used)
{
	struct iovec parts[2];
	bool alive;

	if (s->sift & 1 << LEG_UPSTREAM) {
		alive = conn_send_mem(s->c, t->p, t->n) &&
		    view_done(s->u, v, used);
		if (alive && s->u->in != NULL)
			pass_kept(s, s->u, 0);
		return alive;
	}
	parts[0].iov_base = t->p;
	parts[0].iov_len = t->n;
	parts[1].iov_base = v->p + used;
	parts[1].iov_len = v->n - used;
	if (v->n > used)
		follow(s, LEG_UPSTREAM, v->p + used, v->n - used);
	alive = conn_send(s->c, parts, v->n > used ? 2 : 1);
	conn_forget(s->u);
	return alive;
}

/* the frames that the client sent before it had the 101 are held until now */
static void
send_early(struct session *s)
{
	struct view early;

	if (s->phase != S_TUNNEL || s->c->in == NULL)
		return;
	if (s->sift & 1 << LEG_CLIENT) {
		pass_kept(s, s->c, buf_len(s->c->in));
		return;
	}
	view_kept(s->c, &early);
	follow(s, LEG_CLIENT, early.p, early.n);
	conn_send_mem(s->u, early.p, early.n);
	conn_forget(s->c);
}

enum reason
tunnel_open(struct session *s, const struct http_response *r, struct view *v,
    size_t used)
{
	struct rewrite_response how;
	struct exchange *x = s->x;
	struct span chosen;
	enum reason why;
	struct text *t;

	why = upgrade_prove(&r->h, x->key, x->protocols, x->extensions);
	if (why != R_DONE)
		return why;
	memset(&how, 0, sizeof how);
	how.route = s->route;
	how.handshake = true;
	/* a browser that offers some ends the connection if none is chosen */
	chosen = http_value(&r->h, HTTP_F_SEC_WEBSOCKET_PROTOCOL);
	if (chosen.n == 0)
		chosen = how.protocol = x->choice;
	t = world_text();
	rewrite_response(t, r, &how);
	if (t->full)
		return R_RESPONSE_TOO_LARGE;
	session_log_tunnel(s, chosen);
	s->in_route = x->counted;
	x->counted = false;
	s->key = x->key_use;
	x->key_use = NULL;
	if (s->key != NULL)
		s->key->all_tunnels++;
	exchange_close(s);
	begin(s, r);
	session_phase(s, S_TUNNEL);
	/* frames that came with the 101 go with it */
	if (!send_first(s, t, v, used))
		session_end(s, R_CLIENT_RESET, BY_CLIENT);
	else
		send_early(s);
	/* it closed its sending side before it had the 101 */
	if (s->phase == S_TUNNEL && s->c->eof)
		farewell_from(s, s->c, false);
	return R_DONE;
}
