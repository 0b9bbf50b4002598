/*
 * Sessions: their memory, phases, deadlines and ends. What a phase
 * does is in dial.c, exchange.c and tunnel.c, which call down to here.
 *
 * A session is in one of two lists: the busy, or the idle, which wait for
 * another request and may be ended when there are too many. One that ended
 * goes to a third and is freed when the turn is over, since somebody up the
 * stack may still look at it.
 */
#include <sys/socket.h>

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "log.h"
#include "meter.h"
#include "room.h"
#include "secrets.h"
#include "slab.h"
#include "tally.h"
#include "tls.h"
#include "way.h"

struct world world;
static struct slab sessions;
static struct room exchanges = ROOM(sizeof(struct exchange));
static struct heap timers;
static struct ring busy = RING(busy), idle = RING(idle), dead = RING(dead);
static char *out_memory;
static size_t out_size;

/* a client that was answered less than this ago is not put out */
#define EVICT_MS 250
/* the most that weir adds to a head by itself, its rules not counted */
#define OWN_FIELDS 2048

static size_t
most_added(const struct conf *c)
{
	const struct conf_route *r;
	size_t most = 0;

	for (r = c->routes; r != NULL; r = r->next)
		if (r->added > most)
			most = r->added;
	return most;
}

uint64_t
session_init(struct conf *conf)
{
	size_t conns, n = conf->max_connections;

	world_set_conf(conf);
	conf->refs++;
	/* small ones: in and out of both ends, and a head to send again */
	buf_pool((size_t)conf->buffer, conf->buffers, 5 * (size_t)n);
	/* a client end, an upstream end, one more while addresses race */
	conns = 3 * n + 256;
	conn_init(conns);
	slab_init(&sessions, sizeof(struct session), n);
	heap_init(&timers, n);
	body_init((size_t)conf->header_max);
	out_size = (size_t)conf->buffer;
	out_memory = malloc(out_size);
	world.scratch = malloc((size_t)conf->buffer);
	world.fields = calloc(conf->fields_max, sizeof *world.fields);
	if (out_memory == NULL || world.scratch == NULL ||
	    world.fields == NULL)
		fatal("out of memory at start");
	/* what is read fits one buffer together with the head before it */
	world.read_max = (size_t)conf->buffer - OWN_FIELDS -
	    most_added(conf) - (size_t)conf->header_max / 4;
	world.max_sessions = conf->max_connections;
	return buf_memory() + tls_memory() +
	    (uint64_t)n * (sizeof(struct session) +
	    sizeof(struct exchange) + sizeof(struct heap_item)) +
	    (uint64_t)conns * (sizeof(struct conn) + sizeof(struct conn *) +
	    8 + upstream_spare_size()) +
	    2 * out_size + conf->fields_max * sizeof *world.fields;
}

void
world_set_conf(struct conf *conf)
{
	world.conf = conf;
	world.limits.head_max = (size_t)conf->header_max;
	world.limits.line_max = (size_t)conf->line_max;
	world.limits.fields_max = conf->fields_max;
}

struct text *
world_text(void)
{
	text_init(&world.out, out_memory, out_size);
	return &world.out;
}

uint64_t
world_random(void)
{
	static uint64_t state;
	uint64_t z;

	/* splitmix64 over a seed from the kernel */
	if (state == 0)
		state = tls_random();
	z = state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

size_t
world_read_size(void)
{
	size_t left = buf_left();

	if (USUAL(left == out_size))
		return world.read_max;
	/* the inverse of body_grown(), a little less */
	return left > 2 * BODY_FRAMING ? left / 5 * 4 - BODY_FRAMING : 0;
}

static struct session *
of_link(struct ring *p)
{
	return RING_OWNER(p, struct session, link);
}

static void
set_idle(struct session *s, bool is_idle)
{
	s->idle = is_idle;
	ring_remove(&s->link);
	ring_add(is_idle ? &idle : &busy, &s->link);
}

struct session *
session_first(bool is_idle)
{
	struct ring *list = is_idle ? &idle : &busy;

	return ring_empty(list) ? NULL : of_link(list->next);
}

struct session *
session_after(const struct session *s)
{
	struct ring *next = s->link.next;

	return next == &busy || next == &idle ? NULL : of_link(next);
}

int64_t
session_evict_at(void)
{
	const struct session *s = session_first(true);

	return s != NULL ? s->since + EVICT_MS : INT64_MAX;
}

struct session *
session_evictable(void)
{
	struct session *s;

	for (s = session_first(true); s != NULL; s = session_after(s)) {
		if (s->since + EVICT_MS > world.now)
			return NULL;
		/* its next request may have come already */
		if (conn_peek(s->c) != 1)
			return s;
	}
	return NULL;
}

void
conf_ref_upstreams(struct conf *c)
{
	struct conf_endpoint *e;
	struct conf_route *r;
	char how[WAY_TEXT];
	struct target *t;
	unsigned i;

	for (r = c->routes; r != NULL; r = r->next) {
		for (i = 0, e = r->upstreams; e != NULL; e = e->next, i++) {
			way_text(r, e, how);
			t = &r->targets[i];
			t->e = e;
			t->up = upstream_ref(e, how, r->secrets[i]);
			t->seed = balance_hash(e->text, strlen(e->text));
			r->secrets[i] = NULL;
		}
	}
	tally_take(c, world.conf);
}

void
conf_unref(struct conf *c)
{
	struct conf_route *r;
	unsigned i;

	if (--c->refs > 0)
		return;
	for (r = c->routes; r != NULL; r = r->next)
		for (i = 0; i < r->n_upstreams; i++)
			upstream_unref(r->targets[i].up);
	tally_drop(c);
	secrets_free(c);
	conf_free(c);
}

struct session *
session_open(int fd, const struct peer *from, const struct conf_endpoint *e)
{
	struct session *s;

	s = slab_get(&sessions);
	if (s == NULL)
		return false;
	s->c = upstream_conn_open(fd, CONN_CLIENT, s);
	if (s->c == NULL) {
		slab_put(&sessions, s);
		return false;
	}
	s->conf = world.conf;
	s->conf->refs++;
	session_set_peer(s, from);
	s->tls = e->tls;
	s->tcp = e->tcp;
	s->route = e->route;
	ring_add(&busy, &s->link);
	world.sessions++;
	return s;
}

/* a later hold on the configuration that is in force now */
static void
renew_conf(struct session *s)
{
	if (USUAL(s->conf == world.conf))
		return;
	conf_unref(s->conf);
	s->conf = world.conf;
	s->conf->refs++;
}

void
session_phase(struct session *s, enum phase p)
{
	assert(s->phase != S_DEAD);
	s->phase = (uint8_t)p;
	s->since = s->last = world.now;
	if (p == S_HEAD) {
		set_idle(s, s->requests > 0 && s->c->in == NULL);
		renew_conf(s);
	} else if (RARE(s->idle)) {
		set_idle(s, false);
	}
}

/* keeps the sooner of two deadlines */
static void
sooner(int64_t *at, enum reason *why, int64_t then, enum reason r)
{
	if (then < *at) {
		*at = then;
		*why = r;
	}
}

/* the same for a timeout of which 0 means none */
static void
sooner_if(int64_t *at, enum reason *why, int64_t from, int64_t ms,
    enum reason r)
{
	if (ms > 0)
		sooner(at, why, from + ms, r);
}

/* while an answer is awaited or on its way */
static int64_t
exchange_deadline(const struct session *s, enum reason *why)
{
	const struct conf_route *r = s->route;
	const struct exchange *x = s->x;
	int64_t at = INT64_MAX;

	if (RARE(x->handshake) && s->phase == S_ANSWER)
		sooner_if(&at, why, s->since, r->handshake_ms,
		    R_HANDSHAKE_TIMEOUT);
	else if (RARE(!x->q.done) && s->phase == S_ANSWER && !x->q_broken &&
	    !x->expects && !conn_unsent(s->u))
		sooner_if(&at, why, s->last, r->body_ms, R_BODY_TIMEOUT);
	else if (RARE(conn_unsent(s->c)))
		sooner_if(&at, why, s->last, r->body_ms, R_WRITE_TIMEOUT);
	else
		sooner_if(&at, why, s->last, r->response_ms, R_RESPONSE_TIMEOUT);
	if (RARE(s->c->eof))
		sooner(&at, why, s->last + r->abandon_ms, R_CLIENT_GONE);
	if (RARE(x->events.on) && !conn_unsent(s->c))
		sooner(&at, why, sse_due(&x->events, s->last, r->sse_ping_ms),
		    R_DONE);
	return at;
}

static int64_t
linger_ms(const struct session *s)
{
	return s->route != NULL ? s->route->linger_ms :
	    s->conf->defaults->linger_ms;
}

int64_t
session_ping_ms(const struct session *s, enum leg leg)
{
	const struct conf_route *r = s->route;

	return leg == LEG_CLIENT || r->ping_upstream_ms < 0 ? r->ping_ms :
	    r->ping_upstream_ms;
}

int64_t
session_ping_timeout_ms(const struct session *s, enum leg leg)
{
	const struct conf_route *r = s->route;

	return leg == LEG_CLIENT || r->ping_upstream_timeout_ms < 0 ?
	    r->ping_timeout_ms : r->ping_upstream_timeout_ms;
}

bool
session_holds_end(const struct session *s)
{
	return s->c->eof && s->u->tls != NULL && s->c->tls == NULL &&
	    !s->u->shut && !conn_unsent(s->u) && !s->from_upstream.closed;
}

bool
session_beats(const struct session *s)
{
	return s->route->ws_check != CONF_CHECK_OFF && s->half_at == 0 &&
	    !s->from_client.closed && !s->from_upstream.closed;
}

int64_t
session_resume_at(const struct session *s)
{
	const struct conf_route *r = s->route;
	int64_t at = 0, then;

	if (!s->metered || s->ending)
		return 0;
	if (r->rate > 0)
		at = meter_ready(s->meters[METER_BYTES], r->rate);
	if (r->messages > 0) {
		then = meter_ready(s->meters[METER_MESSAGES], r->messages);
		if (then > at)
			at = then;
	}
	return at;
}

/* while a tunnel is open; R_DONE: both legs are looked after */
static int64_t
tunnel_deadline(const struct session *s, enum reason *why)
{
	int64_t at = INT64_MAX;
	enum leg leg;

	if (session_beats(s))
		for (leg = LEG_CLIENT; leg <= LEG_UPSTREAM; leg++)
			sooner(&at, why, beat_next(&s->stage.beats[leg],
			    session_ping_ms(s, leg),
			    session_ping_timeout_ms(s, leg), world.now),
			    R_DONE);
	if (session_waits(s) ||
	    (s->slowed && s->c->in != NULL && !conn_unsent(s->u)))
		sooner(&at, why, session_resume_at(s), R_DONE);
	if (s->close_at > 0 && !s->ending)
		sooner(&at, why, s->close_at, (enum reason)s->close_why);
	if (!s->ending)
		sooner_if(&at, why, s->last, s->route->tunnel_idle_ms, R_IDLE);
	if (s->half_at > 0)
		sooner(&at, why, s->half_at + linger_ms(s), R_LINGER);
	if (session_holds_end(s))
		sooner(&at, why, s->last + s->route->abandon_ms,
		    R_CLIENT_GONE);
	/* once a Close has passed, what is left is on its way */
	if (s->from_client.closed || s->from_upstream.closed)
		sooner(&at, why, s->last + linger_ms(s), R_LINGER);
	return at;
}

/* while bytes are relayed: behind a half-close they must go on to come */
static int64_t
relay_deadline(const struct session *s, enum reason *why)
{
	int64_t at = INT64_MAX;

	if (s->close_at > 0)
		sooner(&at, why, s->close_at, (enum reason)s->close_why);
	sooner_if(&at, why, s->last, s->route->tunnel_idle_ms, R_IDLE);
	if (s->half_at > 0)
		sooner(&at, why, s->last + linger_ms(s), R_LINGER);
	if (session_holds_end(s))
		sooner(&at, why, s->last + s->route->abandon_ms,
		    R_CLIENT_GONE);
	return at;
}

int64_t
session_deadline(const struct session *s, enum reason *why)
{
	int64_t at = INT64_MAX;

	*why = R_DONE;
	switch ((enum phase)s->phase) {
	case S_GREET:
		sooner(&at, why, s->since + s->conf->header_timeout_ms,
		    R_HEADER_TIMEOUT);
		break;
	case S_SHAKE:
		sooner(&at, why, s->since + s->conf->tls_ms, R_TLS_TIMEOUT);
		break;
	case S_HEAD:
		if (USUAL(s->idle))
			sooner(&at, why, s->since + s->conf->keepalive_ms,
			    R_IDLE);
		else
			sooner_if(&at, why, s->since, s->conf->header_timeout_ms,
			    R_HEADER_TIMEOUT);
		if (RARE(s->close_at > 0 && s->c->in == NULL))
			sooner(&at, why, s->close_at, R_DRAIN);
		break;
	case S_CONNECT:
		/* without an upstream it is a name that is waited for */
		sooner_if(&at, why, s->since, s->route->connect_ms,
		    s->up != NULL ? R_CONNECT_TIMEOUT : R_UNRESOLVED);
		if (s->x->attempt_at > 0)
			sooner(&at, why, s->x->attempt_at, R_DONE);
		if (s->c->eof)
			sooner(&at, why, s->last + s->route->abandon_ms,
			    R_CLIENT_GONE);
		break;
	case S_SECURE:
		sooner(&at, why, s->since + s->conf->tls_ms,
		    R_UPSTREAM_TLS_TIMEOUT);
		break;
	case S_ANSWER:
	case S_BODY:
		return exchange_deadline(s, why);
	case S_FLUSH:
		sooner_if(&at, why, s->last,
		    s->route != NULL ? s->route->body_ms :
		    s->conf->defaults->body_ms, R_WRITE_TIMEOUT);
		break;
	case S_TUNNEL:
		return tunnel_deadline(s, why);
	case S_RELAY:
		return relay_deadline(s, why);
	case S_LINGER:
		sooner(&at, why, s->since + linger_ms(s), R_LINGER);
		break;
	case S_FREE:
	case S_DEAD:
	case S_COUNT:
		break;
	}
	return at;
}

void
session_deadline_changed(struct session *s)
{
	enum reason why;
	int64_t at;

	at = session_deadline(s, &why);
	if (at != INT64_MAX)
		heap_set(&timers, &s->timer, at);
}

void
session_close_at(struct session *s, int64_t at, enum reason why)
{
	if (s->ending || (s->close_at > 0 && s->close_at <= at))
		return;
	s->close_at = at;
	s->close_why = (uint8_t)why;
	session_deadline_changed(s);
}

int64_t
session_next(void)
{
	return heap_next(&timers);
}

bool
session_hurry(struct session *s)
{
	return heap_set(&timers, &s->timer, world.now) == 0;
}

struct session *
session_due(int64_t now)
{
	uint32_t *pos;

	if (USUAL(heap_next(&timers) > now))
		return NULL;
	pos = heap_due(&timers, now);
	if (pos == NULL)
		return NULL;
	return (struct session *)((char *)pos -
	    offsetof(struct session, timer));
}

struct exchange *
exchange_open(struct session *s)
{
	struct exchange *x;

	x = room_get(&exchanges);
	if (RARE(x == NULL))
		return NULL;
	clear(x, offsetof(struct exchange, attempts));
	x->text[0] = '\0';
	s->x = x;
	/* the listener's route is of the configuration it was accepted under */
	if (!s->tcp)
		renew_conf(s);
	x->began = world.now;
	s->id = world_random();
	set_idle(s, false);
	return x;
}

void
session_drop_upstream(struct session *s)
{
	struct exchange *x = s->x;

	while (x != NULL && x->n_attempts > 0)
		conn_close(x->attempts[--x->n_attempts]);
	conn_close(s->u);
	s->u = NULL;
}

void
session_set_peer(struct session *s, const struct peer *p)
{
	if (s->counted)
		peer_uncount(&s->peer, PEER_CONNECTIONS);
	s->peer = *p;
	/* a trusted proxy's connections are those of its clients */
	s->counted = s->conf->max_address > 0 && p->family != AF_UNIX &&
	    !cidr_holds(s->conf->trusted, p) &&
	    peer_count(p, PEER_CONNECTIONS);
}

void
exchange_warm(void)
{
	room_warm(&exchanges, offsetof(struct exchange, attempts));
	buf_warm();
}

void
exchange_close(struct session *s)
{
	struct exchange *x = s->x;

	if (x == NULL)
		return;
	buf_put(x->head);
	if (RARE(x->key_use != NULL)) {
		if (x->key_tunnel)
			x->key_use->tunnels--;
		keyuse_request_done(x->key_use, x->q.bytes, x->r.bytes);
	}
	if (x->counted && s->route != NULL)
		s->route->open--;
	if (RARE(s->tallied) && !s->in_route)
		tally_leave(s);
	/* a tunnel is its client's for good */
	if (RARE(x->told) && !s->in_route)
		session_set_peer(s, &x->via);
	room_put(&exchanges, x);
	s->x = NULL;
}

void
session_tunnel_over(struct session *s, enum reason why, enum party by)
{
	if (s->opened > 0) {
		/* the first cause stands, what follows are echoes of it */
		if (s->by == BY_NOBODY) {
			s->by = (uint8_t)by;
			s->reason = (uint8_t)why;
		}
		session_log_over(s);
		tally_book(s);
		s->opened = 0;
	}
	if (s->in_route && s->route != NULL)
		s->route->open--;
	s->in_route = false;
	tally_leave(s);
}

/* closes the books on what the session was doing */
static void
settle(struct session *s, enum reason why, enum party by)
{
	if (s->tcp)
		session_tunnel_over(s, why, by);
	if (s->x != NULL) {
		if (s->x->reason == R_DONE)
			s->x->reason = why;
		if (!s->tcp)
			session_log_request(s);
		session_drop_upstream(s);
		exchange_close(s);
	}
	session_tunnel_over(s, why, by);
}

static void
bury(struct session *s)
{
	s->c = s->u = NULL;
	if (s->counted)
		peer_uncount(&s->peer, PEER_CONNECTIONS);
	heap_remove(&timers, &s->timer);
	ring_remove(&s->link);
	session_use(s, NULL);
	s->phase = S_DEAD;
	ring_add(&dead, &s->link);
	conf_unref(s->conf);
	s->conf = NULL;
	s->route = NULL;
	world.sessions--;
}

void
session_end(struct session *s, enum reason why, enum party by)
{
	if (s->phase == S_DEAD)
		return;
	settle(s, why, by);
	conn_close(s->c);
	conn_close(s->u);
	bury(s);
}

void
session_abort(struct session *s, enum reason why, enum party by)
{
	if (s->phase == S_DEAD)
		return;
	settle(s, why, by);
	conn_abort(s->c);
	conn_close(s->u);
	bury(s);
}

void
session_reap(void)
{
	struct session *s;

	while (RARE(!ring_empty(&dead))) {
		s = of_link(dead.next);
		ring_remove(&s->link);
		slab_put(&sessions, s);
	}
}

void
session_linger(struct session *s)
{
	conn_forget(s->c);
	if (s->c->eof || s->c->broken) {
		session_end(s, R_DONE, BY_WEIR);
		return;
	}
	conn_shut(s->c);
	session_phase(s, S_LINGER);
}

void
session_finish(struct session *s)
{
	struct exchange *x = s->x;
	struct view v;
	bool keep, whole;

	/* in a WebSocket the client has its own Close to send */
	whole = USUAL(x->q.done && !x->accepted);
	keep = USUAL(x->keep && whole && !world.draining && !s->c->broken);
	session_log_request(s);
	exchange_close(s);
	s->requests++;
	s->route = NULL;
	session_use(s, NULL);
	view_kept(s->c, &v);
	s->pipelined = RARE(v.n > 0) && keep;
	if (USUAL(keep && !(s->c->eof && v.n == 0)))
		session_phase(s, S_HEAD);
	else if (whole && v.n == 0)
		session_end(s, R_DONE, BY_WEIR);
	else
		session_linger(s);
}

ssize_t
view_read(struct conn *c, struct view *v, bool *full)
{
	size_t room = world_read_size(), had = 0;
	char *p = world.scratch;
	ssize_t n;

	if (RARE(c->in != NULL)) {
		/* a large buffer if there is one: this will be a large head */
		had = buf_len(c->in);
		if (had < room)
			buf_fit(&c->in, room - had);
		room = buf_room(c->in);
		p = (char *)c->in->data;
	}
	v->p = p;
	v->n = had;
	if (RARE(room == 0))
		return -3;
	n = conn_recv(c, p + had, room);
	*full = n == (ssize_t)room;
	if (RARE(c->in != NULL) && n > 0)
		c->in->end += (size_t)n;
	v->n = had + (n > 0 ? (size_t)n : 0);
	return n;
}

void
view_kept(struct conn *c, struct view *v)
{
	static char none; /* no arithmetic on NULL: C99 6.5.6 */

	v->p = c->in != NULL ? (char *)c->in->data + c->in->beg : &none;
	v->n = buf_len(c->in);
}

void
view_skip(struct conn *c, struct view *v, size_t used)
{
	assert(used <= v->n);
	v->p += used;
	v->n -= used;
	if (RARE(c->in != NULL))
		buf_drop(c->in, used);
}

bool
view_done(struct conn *c, struct view *v, size_t used)
{
	view_skip(c, v, used);
	if (RARE(c->in != NULL) && v->n == 0)
		conn_forget(c);
	return RARE(c->in == NULL && v->n > 0) ? conn_keep(c, v->p, v->n) :
	    true;
}
