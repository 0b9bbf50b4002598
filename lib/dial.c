/* Connecting to upstreams: see dial.h. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "connect.h"
#include "introduce.h"
#include "log.h"
#include "offer.h"
#include "secure.h"
#include "tls.h"

/* RFC 8305 5: the delay before the next address is tried beside the last */
#define ATTEMPT_DELAY_MS 250

int
dial_push(struct session *s, struct conn *c)
{
	struct buf *head = s->x->head;
	ssize_t n;

	if (RARE(head->beg == head->end))
		return 1;
	n = conn_write(c, head->data + head->beg, head->end - head->beg);
	if (RARE(n < 0))
		/* some systems say ENOTCONN while it is being connected */
		return errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == EINTR || errno == ENOBUFS ||
		    (errno == ENOTCONN && head->beg == 0) ? 0 : -1;
	head->beg += (size_t)n;
	s->last = world.now;
	return head->beg == head->end;
}

/* as connect_begin(); idle connections make room for it */
static int
begin(const struct addr *a)
{
	int fd = connect_begin(a);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
		return fd;
	upstream_drop_all();
	return connect_begin(a);
}

static void
unlink_attempt(struct exchange *x, struct conn *c)
{
	unsigned i;

	for (i = 0; x->attempts[i] != c; i++)
		assert(i + 1 < x->n_attempts);
	x->attempts[i] = x->attempts[--x->n_attempts];
}

/*
 * c is the upstream's end. What it answers is served before the requests of the
 * same turn: it gives back the connection that one of them may take, and the
 * same work is done side by side. Of a tunnel's ends the one that was ready
 * first is served first, as it tells who has closed.
 */
static void
use(struct session *s, struct conn *c)
{
	c->kind = CONN_UPSTREAM;
	c->early = !s->tcp && !s->x->handshake;
	s->u = c;
}

/* c has taken the first byte: it is the one, the other attempts end */
static enum dial
win(struct session *s, struct conn *c)
{
	struct exchange *x = s->x;

	unlink_attempt(x, c);
	while (x->n_attempts > 0)
		conn_close(x->attempts[--x->n_attempts]);
	x->attempt_at = 0;
	use(s, c);
	return DIAL_WON;
}

static void
note_error(struct exchange *x, int err)
{
	x->lost = connect_reason(err);
	x->error = err;
}

static enum dial
lose(struct session *s, struct conn *c, int err)
{
	note_error(s->x, err);
	unlink_attempt(s->x, c);
	conn_close(c);
	return DIAL_LOST;
}

enum dial
dial_secure(struct session *s)
{
	int r = secure_handshake(s->u);

	s->last = world.now;
	if (r == 0)
		return DIAL_SECURE;
	if (r < 0) {
		s->x->tls_error = tls_error(s->u->tls);
		if (s->x->tls_error == 0)
			s->x->tls_error = TLS_ENDED;
		s->x->lost = R_UPSTREAM_TLS;
		return DIAL_LOST;
	}
	if (dial_push(s, s->u) >= 0)
		return DIAL_WON;
	s->x->lost = R_UPSTREAM_RESET;
	return DIAL_LOST;
}

/* over TLS the first address that is connected is the one */
static enum dial
try_secure(struct session *s, struct conn *c)
{
	int err = connect_error(c->fd);

	if (err == EINPROGRESS)
		return DIAL_WAIT;
	if (err != 0)
		return lose(s, c, err);
	win(s, c);
	c->tls = tls_connect(s->up->tls, c);
	if (c->tls != NULL)
		return dial_secure(s);
	s->x->lost = R_NO_MEMORY;
	return DIAL_LOST;
}

/* the first address that is connected is the one: there is nothing to send */
static enum dial
try_connected(struct session *s, struct conn *c)
{
	int err = connect_error(c->fd);

	if (err == EINPROGRESS)
		return DIAL_WAIT;
	return err != 0 ? lose(s, c, err) : win(s, c);
}

/*
 * A socket that has just been told to connect may be through already (over
 * loopback it is), so the head is sent at once: that saves a turn.
 */
static enum dial
try_send(struct session *s, struct conn *c)
{
	struct exchange *x = s->x;
	int greeted = introduce(s, c);

	if (greeted <= 0)
		return greeted == 0 ? DIAL_WAIT : lose(s, c, errno);
	if (s->up->tls != NULL)
		return try_secure(s, c);
	if (s->tcp)
		return try_connected(s, c);
	if (dial_push(s, c) < 0)
		return lose(s, c, errno);
	if (x->head->beg > 0)
		return win(s, c);
	return DIAL_WAIT;
}

/* begins to connect to the next address */
static enum dial
attempt(struct session *s)
{
	struct exchange *x = s->x;
	struct conn *c;
	int fd;

	fd = begin(&s->up->addrs[x->next_addr]);
	if (fd < 0 && errno == EAGAIN) {
		x->attempt_at = world.now + CONNECT_AGAIN_MS;
		return DIAL_WAIT;
	}
	x->next_addr++;
	if (fd < 0) {
		note_error(x, errno);
		return DIAL_LOST;
	}
	c = upstream_conn_open(fd, CONN_ATTEMPT, s);
	if (c == NULL) {
		close(fd);
		x->lost = R_NO_MEMORY;
		return DIAL_LOST;
	}
	/* each is to an address of its own */
	assert(x->n_attempts < RESOLVE_MAX);
	x->attempts[x->n_attempts++] = c;
	x->attempt_at = x->next_addr < s->up->n_addrs ?
	    world.now + ATTEMPT_DELAY_MS : 0;
	return try_send(s, c);
}

/* tries addresses until one neither fails at once nor is left over */
static enum dial
attempts(struct session *s)
{
	struct exchange *x = s->x;
	enum dial d;

	while (x->next_addr < s->up->n_addrs) {
		d = attempt(s);
		if (d != DIAL_LOST || s->u != NULL)
			return d;
	}
	x->attempt_at = 0;
	return x->n_attempts > 0 ? DIAL_WAIT : DIAL_LOST;
}

/* an idle connection that still stands, or NULL */
static struct conn *
from_pool(struct session *s)
{
	struct conn *c;

	while ((c = upstream_take(s->up)) != NULL) {
		/* what may not be sent twice is not sent to a dead one */
		if (RARE(!http_idempotent(s->x->method)) && conn_peek(c) != -1)
			conn_close(c);
		else
			return c;
	}
	return NULL;
}

static enum dial
reuse(struct session *s, struct conn *c)
{
	c->owner = s;
	use(s, c);
	if (RARE(dial_push(s, c) < 0)) {
		s->x->lost = R_UPSTREAM_RESET;
		conn_close(c);
		s->u = NULL;
		return DIAL_LOST;
	}
	return DIAL_WON;
}

/* copies the head, of n bytes with what lies behind it, with host in place of
 * the old_n bytes at at */
static bool
copy_head(struct exchange *x, size_t n, size_t at, size_t old_n,
    struct span host)
{
	struct offer offer = {x->key.n, x->protocols.n, x->extensions.n,
	    x->choice.n};
	struct buf *old = x->head, *b = buf_get(n - old_n + host.n);

	if (b == NULL)
		return false;
	buf_append(b, old->data, at);
	buf_append(b, host.p, host.n);
	buf_append(b, old->data + at + old_n, n - at - old_n);
	b->end = old->end - old_n + host.n;
	offer_place(x, (char *)b->data + b->end, &offer);
	buf_put(old);
	x->head = b;
	return true;
}

/*
 * Where Host is to be the upstream's own name, the head has that of the one
 * before, in its second line.
 */
static bool
name_host(struct session *s)
{
	struct exchange *x = s->x;
	struct span host = {s->up->authority, strlen(s->up->authority)};
	const char *head = (char *)x->head->data, *p, *end;
	size_t n = x->head->end;

	if (strcmp(s->route->host_header, "upstream") != 0)
		return true;
	p = (const char *)memchr(head, '\n', n) + 1 + strlen("Host: ");
	end = memchr(p, '\r', n - (size_t)(p - head));
	if (span_equal(host, span_between(p, end)))
		return true;
	n += x->key.n + x->protocols.n + x->extensions.n + x->choice.n;
	return copy_head(x, n, (size_t)(p - head), (size_t)(end - p), host);
}

bool
dial_choose(struct session *s)
{
	struct exchange *x = s->x;
	int i;

	i = balance_choose(s->route, x->balance, &x->tried, world.now,
	    &x->lost);
	if (RARE(i < 0))
		return false;
	balance_add(&x->tried, i);
	session_use(s, s->route->targets[i].up);
	if (RARE(s->up->wait_ms > 0))
		upstream_try(s->up, world.now);
	if (RARE(s->route->host_header != NULL) && !name_host(s)) {
		s->x->lost = R_NO_MEMORY;
		return false;
	}
	return true;
}

enum dial
dial_start(struct session *s)
{
	struct exchange *x = s->x;
	struct conn *c;
	enum dial d;

	x->head->beg = 0;
	x->next_addr = 0;
	x->attempt_at = 0;
	if (USUAL(s->up == NULL) && RARE(!dial_choose(s))) {
		/* a name that is being looked up is waited for */
		if (x->lost != R_DONE)
			return DIAL_LOST;
		x->attempt_at = world.now + CONNECT_AGAIN_MS;
		return DIAL_WAIT;
	}
	c = x->fresh ? NULL : from_pool(s);
	if (RARE(c == NULL) || RARE((d = reuse(s, c)) != DIAL_WON))
		d = attempts(s);
	return d;
}

enum dial
dial_ready(struct session *s, struct conn *c)
{
	enum dial d;

	d = try_send(s, c);
	/* one that was connected is not followed by another address */
	if (d != DIAL_LOST || s->u != NULL)
		return d;
	return attempts(s);
}

enum dial
dial_more(struct session *s)
{
	struct exchange *x = s->x;

	x->attempt_at = 0;
	if (x->n_attempts == 0 && x->next_addr == 0)
		return dial_start(s);
	return attempts(s);
}
