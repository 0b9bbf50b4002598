/*
 * Ends of connections and the set of the active ones.
 *
 * The set is an array without holes while nobody walks it. While it is walked
 * an end that goes leaves NULL behind, since the entries of the poll() array
 * stand at the same places; conn_watch() closes the holes. The first entry of
 * the poll() array is the kernel's set.
 */
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"
#include "park.h"
#include "slab.h"

/*
 * Turns without an event after which an end goes to sleep. Parking costs one
 * call, a turn in poll() about a thirtieth of that, cold caches not counted.
 * Once parked it stays so while it wants the same, however busy it is: that
 * costs no call at all. Connections that live for a few turns never get there.
 */
#define QUIET_TURNS 24

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored anyway */
#endif

static struct slab slab;
static struct {
	struct conn **c;
	struct pollfd *pfd; /* pfd[1 + i] is of c[i] */
	size_t n, cap;
} active;
static struct {
	void *owners[PARK_BATCH];
	int events[PARK_BATCH], n;
} parked; /* that conn_sleep() found ready */
static int park_fd = -1;

void
conn_init(size_t max)
{
	slab_init(&slab, sizeof(struct conn), max);
	park_fd = park_open();
}

const char *
conn_park_name(void)
{
	return park_name();
}

/* makes room for twice as many active ends */
static bool
grow(void)
{
	size_t cap = active.cap == 0 ? 64 : 2 * active.cap;
	struct conn **c;
	struct pollfd *pfd;

	c = realloc(active.c, cap * sizeof *c);
	if (c == NULL)
		return false;
	active.c = c;
	pfd = realloc(active.pfd, (1 + cap) * sizeof *pfd);
	if (pfd == NULL)
		return false;
	active.pfd = pfd;
	active.cap = cap;
	return true;
}

static bool
activate(struct conn *c)
{
	if (active.n == active.cap && !grow())
		return false;
	c->slot = (uint32_t)active.n;
	c->asleep = 0;
	c->quiet = 0;
	active.c[active.n++] = c;
	return true;
}

struct conn *
conn_open(int fd, enum conn_kind kind, void *owner)
{
	struct conn *c;

	c = slab_get(&slab);
	if (c == NULL)
		return NULL;
	if (!activate(c)) {
		slab_put(&slab, c);
		return NULL;
	}
	c->fd = fd;
	c->kind = (uint8_t)kind;
	c->owner = owner;
	return c;
}

static void
discard(struct conn *c)
{
	assert(c->kind != CONN_FREE);
	if (!c->asleep)
		active.c[c->slot] = NULL;
	buf_put(c->in);
	buf_put(c->out);
	memset(c, 0, sizeof *c);
	slab_put(&slab, c);
}

void
conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	/* a parked one leaves the kernel's set so */
	close(c->fd);
	discard(c);
}

void
conn_release(struct conn *c)
{
	if (c == NULL)
		return;
	if (c->asleep > 1)
		park_drop(c->fd, c->asleep - 1);
	discard(c);
}

void
conn_abort(struct conn *c)
{
	struct linger hard = {1, 0};

	if (c == NULL)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	conn_close(c);
}

void
conn_wake(struct conn *c)
{
	int events = c->asleep - 1;

	/* without memory for the set it sleeps on, and its timeout ends it */
	if (c->asleep && activate(c) && events != 0)
		park_drop(c->fd, events);
}

void
conn_wants(struct conn *c, int events)
{
	if (c->asleep && c->asleep != 1 + events)
		conn_wake(c);
}

/* errors of a call that may simply be made again later */
static bool
passing(int err)
{
	/* a socket that is still connecting says ENOTCONN on some systems */
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR ||
	    err == ENOBUFS || err == ENOTCONN;
}

static bool
fail(struct conn *c)
{
	buf_put(c->out);
	c->out = NULL;
	c->broken = true;
	return false;
}

/* keeps what lies behind the first done bytes of the parts in c->out */
static bool
put_rest(struct conn *c, const struct iovec *parts, int n, size_t done)
{
	size_t left = 0;
	int i;

	for (i = 0; i < n; i++)
		left += parts[i].iov_len;
	left -= done;
	if (left > 0 && !buf_fit(&c->out, left))
		return false;
	for (i = 0; i < n; i++) {
		if (done >= parts[i].iov_len) {
			done -= parts[i].iov_len;
			continue;
		}
		buf_append(c->out, (char *)parts[i].iov_base + done,
		    parts[i].iov_len - done);
		done = 0;
	}
	return true;
}

/* what a send() that returned sent has left, with errno if that is -1 */
static bool
keep_rest(struct conn *c, const struct iovec *parts, int n, ssize_t sent)
{
	if (sent < 0) {
		if (!passing(errno))
			return fail(c);
		sent = 0;
	}
	if (put_rest(c, parts, n, (size_t)sent))
		return true;
	errno = ENOMEM;
	return fail(c);
}

bool
conn_send(struct conn *c, const struct iovec *parts, int n)
{
	struct msghdr m;

	if (n == 1)
		return conn_send_mem(c, parts[0].iov_base, parts[0].iov_len);
	if (c->broken)
		return false;
	if (c->out != NULL)
		return keep_rest(c, parts, n, 0);
	memset(&m, 0, sizeof m);
	m.msg_iov = (struct iovec *)parts;
	m.msg_iovlen = (size_t)n;
	return keep_rest(c, parts, n, sendmsg(c->fd, &m, MSG_NOSIGNAL));
}

bool
conn_send_mem(struct conn *c, const void *p, size_t n)
{
	struct iovec part;
	ssize_t sent = 0;

	if (c->broken)
		return false;
	if (c->out == NULL) {
		sent = send(c->fd, p, n, MSG_NOSIGNAL);
		if (sent == (ssize_t)n)
			return true;
	}
	part.iov_base = (void *)p;
	part.iov_len = n;
	return keep_rest(c, &part, 1, sent);
}

bool
conn_flush(struct conn *c)
{
	ssize_t n;

	if (c->out == NULL)
		return !c->broken;
	n = send(c->fd, c->out->data + c->out->beg, buf_len(c->out),
	    MSG_NOSIGNAL);
	if (n < 0)
		return passing(errno) ? true : fail(c);
	buf_drop(c->out, (size_t)n);
	if (buf_len(c->out) == 0) {
		buf_put(c->out);
		c->out = NULL;
	}
	return true;
}

ssize_t
conn_recv(struct conn *c, void *p, size_t n)
{
	ssize_t got;

	got = recv(c->fd, p, n, 0);
	if (got > 0)
		return got;
	if (got == 0) {
		c->eof = true;
		return 0;
	}
	return passing(errno) ? -1 : -2;
}

int
conn_peek(struct conn *c)
{
	ssize_t n;
	char byte;

	n = recv(c->fd, &byte, 1, MSG_PEEK);
	if (n > 0)
		return 1;
	if (n == 0) {
		c->eof = true;
		return 0;
	}
	return passing(errno) ? -1 : -2;
}

void
conn_shut(struct conn *c)
{
	if (!c->shut)
		shutdown(c->fd, SHUT_WR);
	c->shut = true;
}

bool
conn_keep(struct conn *c, const void *p, size_t n)
{
	assert(c->in == NULL);
	if (n == 0)
		return true;
	c->in = buf_get(n);
	if (c->in == NULL)
		return false;
	buf_append(c->in, p, n);
	return true;
}

void
conn_forget(struct conn *c)
{
	buf_put(c->in);
	c->in = NULL;
}

/* puts a quiet end to sleep on the events it wants */
static bool
sleep_on(struct conn *c, int events)
{
	if (events != 0 && (park_fd < 0 || park_put(c->fd, events, c) < 0))
		return false;
	c->asleep = (uint8_t)(1 + events);
	return true;
}

void
conn_watch(conn_events_fn *events)
{
	struct pollfd *p;
	struct conn *c;
	size_t i, n = 0;
	int want;

	for (i = 0; i < active.n; i++) {
		c = active.c[i];
		if (c == NULL)
			continue;
		want = events(c);
		if (c->quiet >= QUIET_TURNS && sleep_on(c, want))
			continue;
		c->quiet = (uint8_t)(c->quiet < 255 ? c->quiet + 1 : 255);
		c->slot = (uint32_t)n;
		active.c[n++] = c;
		/* errors cannot be masked: who wants nothing stays out */
		p = &active.pfd[n];
		p->fd = want != 0 ? c->fd : -1;
		p->events = (short)want;
		p->revents = 0;
	}
	active.n = n;
}

int
conn_sleep(int wait_ms)
{
	struct pollfd *set = &active.pfd[0];

	parked.n = 0;
	if (active.n == 0 && park_fd >= 0) {
		parked.n = park_take(parked.owners, parked.events, PARK_BATCH,
		    wait_ms);
		return parked.n < 0 ? -1 : 0;
	}
	set->fd = park_fd;
	set->events = POLLIN;
	set->revents = 0;
	if (poll(active.pfd, (nfds_t)(1 + active.n), wait_ms) < 0)
		return -1;
	if (set->revents != 0)
		parked.n = park_take(parked.owners, parked.events, PARK_BATCH,
		    0);
	return 0;
}

static void
serve_active(conn_serve_fn *serve)
{
	const struct pollfd *p;
	struct conn *c;
	size_t i, n = active.n;
	int revents;

	/* those that are added meanwhile were not polled */
	for (i = 0; i < n; i++) {
		p = &active.pfd[1 + i];
		revents = p->revents;
		if (revents == 0 || p->fd < 0)
			continue;
		c = active.c[i];
		if (c == NULL)
			continue;
		/* the call that then fails reports the cause */
		if (revents & (POLLERR | POLLHUP | POLLNVAL))
			revents |= p->events;
		c->quiet = 0;
		serve(c, revents);
	}
}

void
conn_serve(conn_serve_fn *serve)
{
	struct conn *c;
	int i;

	serve_active(serve);
	for (i = 0; i < parked.n; i++) {
		c = parked.owners[i];
		/*
		 * An earlier one of the turn may have woken or freed it, and
		 * its memory may be another end's by now; that one is looked
		 * at for nothing if it sleeps.
		 */
		if (c->kind != CONN_FREE && c->asleep)
			serve(c, parked.events[i]);
	}
}
