/*
 * Ends of connections and the set of the active ones.
 *
 * The set is an array without holes while nobody walks it. While it is walked
 * an end that goes leaves NULL behind, since the entries of the poll() array
 * stand at the same places; conn_watch() closes the holes. The first entry of
 * the poll() array is the kernel's set.
 */
#ifndef POSIX
#include <sys/ioctl.h>
#endif
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
#include "secure.h"
#include "slab.h"
#include "tls.h"
#include "hint.h"

/*
 * Turns without an event after which an end goes to sleep. Parking costs one
 * call, a turn in poll() about a thirtieth of that, cold caches not counted.
 * Once parked it stays so while it wants the same, however busy it is: that
 * costs no call at all. Connections that live for a few turns never get there.
 */
#define QUIET_TURNS 24

/*
 * Engines that may be awake, and how long they stay so after a record. Waking
 * one takes less than a microsecond, awake it takes 4 KB.
 */
#define AWAKE_MAX 128
#define DOZE_MS 200

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored anyway */
#endif

static struct slab slab;
static struct {
	struct conn **c;
	struct pollfd *pfd; /* pfd[1 + i] is of c[i] */
	size_t n, cap;
	bool pending; /* an end has bytes that poll() does not know of */
} active;
static struct {
	void *owners[PARK_BATCH];
	int events[PARK_BATCH], n;
} parked; /* that conn_sleep() found ready */
static struct {
	struct conn *c[AWAKE_MAX];
	size_t n, hand; /* in use, and the next one to be used */
} awake; /* ends whose engines are awake */
int64_t conn_doze_at = INT64_MAX;
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
	if (c->tls != NULL)
		secure_end(c, false);
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
	if (c->tls != NULL)
		secure_end(c, true);
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
	if (RARE(c->asleep != 1 + events) && c->asleep)
		conn_wake(c);
}

bool
conn_passing(int err)
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
	c->wire = false;
	c->broken = true;
	return false;
}

/* keeps what lies behind the first done bytes of the parts, of total bytes, in
 * c->out */
static bool
put_rest(struct conn *c, const struct iovec *parts, int n, size_t total,
    size_t done)
{
	int i;

	if (!buf_fit(&c->out, total - done))
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
	size_t total = 0;
	int i;

	for (i = 0; i < n; i++)
		total += parts[i].iov_len;
	if (USUAL(sent == (ssize_t)total))
		return true;
	if (sent < 0) {
		if (!conn_passing(errno))
			return fail(c);
		sent = 0;
	}
	if (put_rest(c, parts, n, total, (size_t)sent))
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
	if (RARE(c->broken))
		return false;
	if (RARE(c->out != NULL))
		return keep_rest(c, parts, n, 0);
	if (c->tls != NULL)
		return keep_rest(c, parts, n, secure_send(c, parts, n));
	memset(&m, 0, sizeof m);
	m.msg_iov = (struct iovec *)parts;
	m.msg_iovlen = (size_t)n;
	return keep_rest(c, parts, n, sendmsg(c->fd, &m, MSG_NOSIGNAL));
}

void
conn_warm(const struct conn *c)
{
	warm(c, sizeof *c);
	if (c->tls != NULL)
		tls_warm(c->tls, true);
}

bool
conn_send_mem(struct conn *c, const void *p, size_t n)
{
	struct iovec part;
	ssize_t sent = 0;

	if (RARE(c->broken))
		return false;
	if (c->out == NULL) {
		sent = conn_write(c, p, n);
		if (sent == (ssize_t)n)
			return true;
	}
	part.iov_base = (void *)p;
	part.iov_len = n;
	return keep_rest(c, &part, 1, sent);
}

ssize_t
conn_write(struct conn *c, const void *p, size_t n)
{
	struct iovec part;

	if (c->tls == NULL)
		return send(c->fd, p, n, MSG_NOSIGNAL);
	part.iov_base = (void *)p;
	part.iov_len = n;
	return secure_send(c, &part, 1);
}

bool
conn_flush(struct conn *c)
{
	ssize_t n;

	if (c->wire && !secure_push(c))
		return fail(c);
	if (c->out == NULL || c->wire)
		return !c->broken;
	n = conn_write(c, c->out->data + c->out->beg, buf_len(c->out));
	if (n < 0)
		return conn_passing(errno) ? true : fail(c);
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

	if (c->tls != NULL)
		return secure_recv(c, p, n);
	got = recv(c->fd, p, n, 0);
	if (USUAL(got > 0))
		return got;
	if (got == 0) {
		c->eof = true;
		return 0;
	}
	return conn_passing(errno) ? -1 : -2;
}

int
conn_peek(struct conn *c)
{
	ssize_t n;
	char byte;

	if (c->tls != NULL)
		return secure_peek(c);
	n = recv(c->fd, &byte, 1, MSG_PEEK);
	if (n > 0)
		return 1;
	if (n == 0) {
		c->eof = true;
		return 0;
	}
	return conn_passing(errno) ? -1 : -2;
}

size_t
conn_queued(const struct conn *c)
{
	size_t n = buf_len(c->out);
#ifdef TIOCOUTQ
	int queued;

	if (ioctl(c->fd, TIOCOUTQ, &queued) == 0 && queued > 0)
		n += (size_t)queued;
#endif
	return n;
}

void
conn_shut(struct conn *c)
{
	if (c->shut)
		return;
	c->shut = true;
	if (c->tls != NULL)
		secure_shut(c);
	else
		shutdown(c->fd, SHUT_WR);
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

	active.pending = false;
	for (i = 0; i < active.n; i++) {
		c = active.c[i];
		if (c == NULL)
			continue;
		want = events(c);
		if (c->tls != NULL)
			want = secure_wants(c, want);
		if (c->pending && (want & POLLIN))
			active.pending = true;
		else if (c->quiet >= QUIET_TURNS && sleep_on(c, want))
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
	if (active.pending)
		wait_ms = 0;
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

/* puts the engine of one that waits in the ring to sleep */
static void
doze(struct conn *c)
{
	/* its memory may be another end's by now */
	if (c->kind == CONN_FREE || !c->listed)
		return;
	c->listed = false;
	if (c->tls != NULL)
		tls_sleep(c->tls);
}

/* puts one whose engine is awake into the ring */
static void
list_awake(struct conn *c)
{
	if (awake.n == AWAKE_MAX)
		doze(awake.c[awake.hand]);
	else
		awake.n++;
	awake.c[awake.hand] = c;
	awake.hand = (awake.hand + 1) % AWAKE_MAX;
	c->listed = true;
	/* at once: the time is not known here */
	if (conn_doze_at == INT64_MAX)
		conn_doze_at = 0;
}

void
conn_stir(struct conn *c)
{
	c->stirred = true;
	if (RARE(!c->listed))
		list_awake(c);
}

/* what the active end at i is ready for, among what it wanted; 0: nothing */
static int
ready(size_t i)
{
	const struct pollfd *p = &active.pfd[1 + i];
	const struct conn *c = active.c[i];
	int revents;

	if (c == NULL || p->fd < 0)
		return 0;
	revents = p->revents | (RARE(c->pending) ? p->events & POLLIN : 0);
	/* the call that then fails reports the cause */
	if (RARE(revents & (POLLERR | POLLHUP | POLLNVAL)))
		revents |= p->events;
	return revents;
}

/* once in a turn, whatever it is ready for later */
static void
serve_one(conn_serve_fn *serve, size_t i, int revents)
{
	struct conn *c = active.c[i];

	active.pfd[1 + i].fd = -1;
	c->quiet = 0;
	serve(c, revents);
}

static void
serve_active(conn_serve_fn *serve)
{
	size_t i, n = active.n; /* those that are added were not polled */
	bool others = false;
	int revents;

	for (i = 0; i < n; i++) {
		revents = ready(i);
		if (revents == 0)
			continue;
		if (active.c[i]->early)
			serve_one(serve, i, revents);
		else
			others = true;
	}
	for (i = 0; others && i < n; i++) {
		revents = ready(i);
		if (revents != 0)
			serve_one(serve, i, revents);
	}
}

void
conn_doze(int64_t now)
{
	size_t i, n = 0;
	struct conn *c;

	for (i = 0; i < awake.n; i++) {
		c = awake.c[i];
		if (c->listed && c->stirred)
			awake.c[n++] = c;
		else
			doze(c);
		c->stirred = false;
	}
	awake.n = n;
	awake.hand = n % AWAKE_MAX;
	conn_doze_at = n > 0 ? now + DOZE_MS : INT64_MAX;
}

/* puts the early ends first among the parked; all keep their order otherwise */
static void
early_first(void)
{
	static void *owners[PARK_BATCH];
	static int events[PARK_BATCH];
	int i, n = 0, others = 0;
	const struct conn *c;

	for (i = 0; i < parked.n; i++) {
		c = parked.owners[i];
		if (!c->early) {
			owners[others] = parked.owners[i];
			events[others++] = parked.events[i];
		} else if (n++ < i) {
			parked.owners[n - 1] = parked.owners[i];
			parked.events[n - 1] = parked.events[i];
		}
	}
	for (i = 0; n > 0 && i < others; i++) {
		parked.owners[n + i] = owners[i];
		parked.events[n + i] = events[i];
	}
}

void
conn_serve(conn_serve_fn *serve)
{
	struct conn *c;
	int i;

	serve_active(serve);
	early_first();
	for (i = 0; i < parked.n; i++) {
		c = parked.owners[i];
		/*
		 * An earlier one of the turn may have woken or freed it, and
		 * its memory may be another end's by now; that one is looked
		 * at for nothing if it sleeps.
		 */
		if (RARE(c->kind == CONN_FREE || !c->asleep))
			continue;
		serve(c, parked.events[i]);
		/* the kernel does not know what an engine holds */
		if (RARE(c->pending || c->wire || c->starved) && c->asleep)
			conn_wake(c);
	}
}
