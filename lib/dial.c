/* Connecting to upstreams: see dial.h. */
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dial.h"
#include "introduce.h"
#include "log.h"
#include "secure.h"
#include "tls.h"

/* RFC 8305 5: the delay before the next address is tried beside the last */
#define ATTEMPT_DELAY_MS 250
/* a full queue of a unix socket says EAGAIN and is tried again after this */
#define AGAIN_MS 50

int
dial_push(struct session *s, struct conn *c)
{
	struct buf *head = s->x->head;
	ssize_t n;

	if (head->beg == head->end)
		return 1;
	n = conn_write(c, head->data + head->beg, head->end - head->beg);
	if (n < 0)
		/* some systems say ENOTCONN while it is being connected */
		return errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == EINTR || errno == ENOBUFS ||
		    (errno == ENOTCONN && head->beg == 0) ? 0 : -1;
	head->beg += (size_t)n;
	s->last = world.now;
	return head->beg == head->end;
}

static enum reason
reason_of(int err)
{
	switch (err) {
	case ECONNREFUSED:
	case ENOENT: /* a unix socket that is not there */
		return R_CONNECT_REFUSED;
	case ETIMEDOUT:
		return R_CONNECT_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return R_NO_MEMORY;
	default:
		return R_CONNECT_FAILED;
	}
}

static int
open_socket(int family)
{
	int fd, one = 1;

#ifdef SOCK_NONBLOCK
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
#else
	fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
	/* heads and frames are sent whole, waiting gains nothing */
	if (family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* a descriptor that is being connected, or -1 with errno */
static int
begin(const struct addr *a)
{
	int fd, err;

	fd = open_socket(a->u.sa.sa_family);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		upstream_drop_all();
		fd = open_socket(a->u.sa.sa_family);
	}
	if (fd < 0)
		return -1;
	if (connect(fd, &a->u.sa, a->len) == 0 || errno == EINPROGRESS ||
	    errno == EINTR)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static void
unlink_attempt(struct exchange *x, struct conn *c)
{
	struct conn **at;

	for (at = &x->attempts; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	c->next = NULL;
}

/* c has taken the first byte: it is the one, the other attempts end */
static enum dial
win(struct session *s, struct conn *c)
{
	struct exchange *x = s->x;
	struct conn *other, *next;

	unlink_attempt(x, c);
	for (other = x->attempts; other != NULL; other = next) {
		next = other->next;
		conn_close(other);
	}
	x->attempts = NULL;
	x->attempt_at = 0;
	c->kind = CONN_UPSTREAM;
	s->u = c;
	return DIAL_WON;
}

static enum dial
lose(struct session *s, struct conn *c, int err)
{
	s->x->lost = reason_of(err);
	unlink_attempt(s->x, c);
	conn_close(c);
	return DIAL_LOST;
}

/* 0 once connected, EINPROGRESS before, or why it failed */
static int
connect_error(int fd)
{
	struct addr a;
	socklen_t n = sizeof a.u;
	int err = 0;

	if (getpeername(fd, &a.u.sa, &n) == 0)
		return 0;
	n = sizeof err;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
		return errno;
	return err != 0 ? err : EINPROGRESS;
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
		x->attempt_at = world.now + AGAIN_MS;
		return DIAL_WAIT;
	}
	x->next_addr++;
	if (fd < 0) {
		x->lost = reason_of(errno);
		return DIAL_LOST;
	}
	c = conn_open(fd, CONN_ATTEMPT, s);
	if (c == NULL) {
		close(fd);
		x->lost = R_NO_MEMORY;
		return DIAL_LOST;
	}
	c->next = x->attempts;
	x->attempts = c;
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
	return x->attempts != NULL ? DIAL_WAIT : DIAL_LOST;
}

/* an idle connection that still stands, or NULL */
static struct conn *
from_pool(struct session *s)
{
	struct conn *c;

	while ((c = upstream_take(s->up)) != NULL) {
		/* what may not be sent twice is not sent to a dead one */
		if (http_idempotent(s->x->method) || conn_peek(c) == -1)
			return c;
		conn_close(c);
	}
	return NULL;
}

static enum dial
reuse(struct session *s, struct conn *c)
{
	c->kind = CONN_UPSTREAM;
	c->owner = s;
	s->u = c;
	if (dial_push(s, c) >= 0)
		return DIAL_WON;
	s->x->lost = R_UPSTREAM_RESET;
	conn_close(c);
	s->u = NULL;
	return DIAL_LOST;
}

/* the first from x->turn on that has an address */
static bool
choose(struct session *s)
{
	struct conf_route *r = s->route;
	bool looking = false;
	unsigned i;

	for (i = 0; i < r->n_upstreams; i++) {
		s->up = r->targets[(s->x->turn + i) % r->n_upstreams];
		if (s->up->n_addrs > 0) {
			s->x->turn += i;
			return true;
		}
		looking = looking || s->up->asked;
	}
	s->x->lost = looking ? R_DONE : R_UNRESOLVED;
	return false;
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
	if (!choose(s)) {
		/* a name that is being looked up is waited for */
		if (x->lost == R_UNRESOLVED)
			return DIAL_LOST;
		x->attempt_at = world.now + AGAIN_MS;
		return DIAL_WAIT;
	}
	if (!x->fresh && (c = from_pool(s)) != NULL) {
		d = reuse(s, c);
		if (d == DIAL_WON)
			return d;
	}
	return attempts(s);
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
	if (x->attempts == NULL && x->next_addr == 0)
		return dial_start(s);
	return attempts(s);
}
