/* A client's connection that may wait: see probewire.h. */
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probewire.h"
#include "tls.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored */
#endif

/* what the other addresses get once one is open */
#define OTHERS_US 1000000

int64_t
wire_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* up to the deadline as poll() wants it, never a moment too short */
static int
wait_ms(int64_t until)
{
	int64_t left = until - wire_now();

	if (left <= 0)
		return 0;
	return left > 3600000000 ? 3600000 : (int)((left + 999) / 1000);
}

/* ---- connecting ---- */

/* not blocking, so that its error tells whether it is under way */
static void
try_start(struct wire_try *t)
{
	int on = 1;

	t->fd = socket(t->to.u.sa.sa_family, SOCK_STREAM, 0);
	t->error = errno;
	if (t->fd < 0)
		return;
	fcntl(t->fd, F_SETFD, FD_CLOEXEC);
	fcntl(t->fd, F_SETFL, O_NONBLOCK);
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	t->error = connect(t->fd, &t->to.u.sa, t->to.len) == 0 ? 0 : errno;
}

static void
try_end(struct wire_try *t, int error, int64_t began)
{
	t->error = error;
	t->us = wire_now() - began;
	if (error == 0)
		return;
	close(t->fd);
	t->fd = -1;
}

/* waits once; true if one has been opened */
static bool
try_wait(struct wire_try *tries, size_t n, int64_t began, int64_t until)
{
	struct pollfd p[RESOLVE_MAX];
	socklen_t len = sizeof(int);
	bool opened = false;
	size_t i;
	int err;

	for (i = 0; i < n; i++) {
		p[i].fd = tries[i].error == EINPROGRESS ? tries[i].fd : -1;
		p[i].events = POLLOUT;
		p[i].revents = 0;
	}
	if (poll(p, (nfds_t)n, wait_ms(until)) < 0)
		return false;
	for (i = 0; i < n; i++) {
		if (p[i].fd < 0 || p[i].revents == 0)
			continue;
		if (getsockopt(p[i].fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
			err = errno;
		try_end(&tries[i], err, began);
		opened = opened || err == 0;
	}
	return opened;
}

static bool
under_way(const struct wire_try *tries, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (tries[i].error == EINPROGRESS)
			return true;
	return false;
}

void
wire_connect(struct wire_try *tries, size_t n, int64_t until)
{
	int64_t began = wire_now(), soon;
	size_t i;

	for (i = 0; i < n; i++) {
		try_start(&tries[i]);
		if (tries[i].error != EINPROGRESS)
			try_end(&tries[i], tries[i].error, began);
	}
	while (under_way(tries, n) && wire_now() < until) {
		soon = wire_now() + OTHERS_US;
		if (try_wait(tries, n, began, until) && soon < until)
			until = soon;
	}
	for (i = 0; i < n; i++)
		if (tries[i].error == EINPROGRESS)
			try_end(&tries[i], ETIMEDOUT, began);
}

/* ---- bytes ---- */

void
wire_init(struct wire *w, int fd)
{
	w->fd = fd;
	w->tls = NULL;
	w->error = 0;
	w->beg = w->end = 0;
}

static bool
passing(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

/* 1 ready, or so it seems; 0 the time is over */
static int
await(const struct wire *w, short events, int64_t until)
{
	struct pollfd p;

	p.fd = w->fd;
	p.events = events;
	p.revents = 0;
	if (poll(&p, 1, wait_ms(until)) != 0)
		return 1;
	return wire_now() < until;
}

static int
fail(struct wire *w, int err)
{
	w->error = err;
	return -2;
}

static int
send_raw(struct wire *w, const unsigned char *p, size_t n, int64_t until)
{
	ssize_t k;

	while (n > 0) {
		k = send(w->fd, p, n, MSG_NOSIGNAL);
		if (k < 0 && !passing(errno))
			return fail(w, errno);
		if (k < 0 && !await(w, POLLOUT, until))
			return 0;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 1;
}

/* what the engine has for the network */
static int
push(struct wire *w, int64_t until)
{
	const unsigned char *p;
	size_t n;
	bool more;
	int r;

	while ((p = tls_wire_out(w->tls, &n, &more)) != NULL) {
		r = send_raw(w, p, n, until);
		if (r <= 0)
			return r;
		tls_wire_out_done(w->tls, n);
	}
	return 1;
}

/* reads once: as wire_fill() */
static int
read_once(struct wire *w, void *p, size_t n, size_t *got, int64_t until)
{
	ssize_t k;

	for (;;) {
		k = recv(w->fd, p, n, 0);
		if (k >= 0)
			break;
		if (!passing(errno))
			return fail(w, errno);
		if (!await(w, POLLIN, until))
			return 0;
	}
	*got = (size_t)k;
	return k > 0 ? 1 : -1;
}

/* reads once from the network into the engine */
static int
pull(struct wire *w, int64_t until)
{
	unsigned char *p;
	size_t n, got;
	int r;

	p = tls_wire_in(w->tls, &n);
	if (p == NULL)
		return tls_error(w->tls) != 0 ? fail(w, EPROTO) : -1;
	r = read_once(w, p, n, &got, until);
	if (r > 0)
		tls_wire_in_done(w->tls, got);
	return r;
}

int
wire_secure(struct wire *w, struct tls_client *c, int64_t until)
{
	int r = 1;

	w->tls = tls_connect(c, w);
	if (w->tls == NULL)
		return fail(w, ENOMEM);
	while (r == 1) {
		/* what is sent may be the last of it, as in resumption */
		r = push(w, until);
		if (r != 1 || tls_ready(w->tls))
			break;
		if (tls_closed(w->tls))
			return fail(w, EPROTO);
		r = pull(w, until);
	}
	return r;
}

int
wire_send(struct wire *w, const void *data, size_t n, int64_t until)
{
	const unsigned char *p = data;
	size_t k;
	int r = 1;

	if (w->tls == NULL)
		return send_raw(w, p, n, until);
	while (n > 0 && r == 1) {
		k = tls_write(w->tls, p, n);
		if (k == 0)
			return fail(w, EPIPE);
		p += k;
		n -= k;
		tls_flush(w->tls);
		r = push(w, until);
	}
	return r;
}

/* takes what the engine has; true if that is something */
static bool
take_plain(struct wire *w)
{
	size_t n = tls_read(w->tls, w->in + w->end, WIRE_BUF - w->end);

	w->end += n;
	return n > 0;
}

static int
fill_secure(struct wire *w, int64_t until)
{
	int r = 1;

	while (r == 1) {
		if (take_plain(w))
			return 1;
		if (tls_error(w->tls) != 0)
			return fail(w, EPROTO);
		if (tls_closed(w->tls))
			return -1;
		r = push(w, until);
		if (r == 1)
			r = pull(w, until);
	}
	return r;
}

/* a reset that sending was told of looks like an end to reading */
static int
reset_shown(const struct wire *w, int r)
{
	return r == -1 && w->error == ECONNRESET ? -2 : r;
}

int
wire_fill(struct wire *w, int64_t until)
{
	size_t got;
	int r;

	memmove(w->in, w->in + w->beg, w->end - w->beg);
	w->end -= w->beg;
	w->beg = 0;
	if (w->end == WIRE_BUF)
		return 0;
	if (w->tls != NULL)
		return reset_shown(w, fill_secure(w, until));
	r = read_once(w, w->in + w->end, WIRE_BUF - w->end, &got, until);
	if (r > 0)
		w->end += got;
	return reset_shown(w, r);
}

size_t
wire_len(const struct wire *w)
{
	return w->end - w->beg;
}

void
wire_take(struct wire *w, size_t n)
{
	w->beg += n;
}

void
wire_close(struct wire *w)
{
	if (w->tls != NULL && tls_ready(w->tls)) {
		tls_close(w->tls);
		push(w, 0);
	}
	tls_free(w->tls);
	w->tls = NULL;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}
