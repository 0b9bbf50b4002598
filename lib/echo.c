/*
 * The echo server: its loop and what its connections wait for. What they say
 * is in echohttp.c and echows.c.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "echo.h"
#include "config.h"
#include "echohttp.h"
#include "echows.h"
#include "listen.h"
#include "log.h"
#include "ws.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored */
#endif

#define CONNS_MAX 4096

static struct echoconn *conns;
static struct pollfd *pfds;
static size_t n_conns, cap_conns;
static int64_t now_ms;
static volatile sig_atomic_t stopped;
static bool accepting; /* false until the next second: no descriptors */

static bool
step(struct echoconn *c)
{
	if (c->b == NULL)
		return false;
	return c->phase == E_WS ? echows_step(c) : echohttp_step(c);
}

/* the peer will send no more, or not in time */
static void
give_up(struct echoconn *c, enum reason why)
{
	if (c->phase == E_HEAD && buf_len(c->b) > 0 && echoconn_unsent(c) == 0)
		echohttp_refuse(c, why);
	else if (c->phase >= E_BODY && c->phase <= E_TAIL)
		echoconn_cut(c);
	else
		echoconn_end(c);
}

/* reads what is only to be thrown away */
static void
discard(struct echoconn *c)
{
	static char nowhere[ECHOCONN_BUF];
	ssize_t k = recv(c->fd, nowhere, sizeof nowhere, 0);

	if (k == 0 || (k < 0 && errno != EINTR && errno != EAGAIN &&
	    errno != EWOULDBLOCK))
		echoconn_end(c);
}

/* makes all the room there is behind the input; false: no memory */
static bool
make_room(struct echoconn *c)
{
	struct buf *b = c->b;

	if (b == NULL) {
		b = c->b = buf_get(ECHOCONN_BUF);
		if (b == NULL)
			return false;
		b->beg = b->end = ECHOCONN_PAD;
	}
	memmove(b->data + ECHOCONN_PAD, b->data + b->beg, b->end - b->beg);
	b->end -= b->beg - ECHOCONN_PAD;
	b->beg = ECHOCONN_PAD;
	return true;
}

/* reads once */
static void
fill(struct echoconn *c)
{
	struct buf *b;
	ssize_t k;

	if (!make_room(c)) {
		echoconn_end(c);
		return;
	}
	b = c->b;
	k = recv(c->fd, b->data + b->end,
	    buf_size() - ECHOCONN_SLACK - b->end, 0);
	if (k < 0 && (errno == EINTR || errno == EAGAIN ||
	    errno == EWOULDBLOCK))
		return;
	if (k < 0) {
		echoconn_end(c);
		return;
	}
	if (k == 0) {
		give_up(c, R_CLIENT_CUT);
		return;
	}
	b->end += (size_t)k;
	/* a head has its time from the start, not from its last byte */
	if (c->phase != E_HEAD)
		echoconn_wait(c);
}

/* steps and sends until one of them cannot go on */
static void
advance(struct echoconn *c)
{
	while (echoconn_flush(c) && step(c))
		;
	if (echoconn_unsent(c) == 0 && buf_len(c->b) == 0)
		echoconn_put_back(c);
}

static void
serve(struct echoconn *c)
{
	if (c->phase == E_LINGER) {
		discard(c);
		return;
	}
	if (echoconn_unsent(c) == 0)
		fill(c);
	advance(c);
}

/* ends what has been waited for long enough */
static void
expire(void)
{
	struct echoconn *c;

	for (c = conns; c < conns + n_conns; c++) {
		/* a WebSocket may be silent, but not refuse what it gets */
		if (c->due_ms > now_ms ||
		    (c->phase == E_WS && echoconn_unsent(c) == 0))
			continue;
		give_up(c, R_HEADER_TIMEOUT);
		if (c->fd >= 0 && c->phase == E_LAST)
			advance(c);
	}
}

static void
reap(void)
{
	size_t i = 0;

	while (i < n_conns)
		if (conns[i].fd < 0)
			conns[i] = conns[--n_conns];
		else
			i++;
}

/* room for one more connection among n listeners */
static bool
grow(size_t n)
{
	size_t cap = cap_conns == 0 ? 16 : 2 * cap_conns;
	void *p;

	if (n_conns < cap_conns)
		return true;
	p = realloc(conns, cap * sizeof *conns);
	if (p == NULL)
		return false;
	conns = p;
	p = realloc(pfds, (n + cap) * sizeof *pfds);
	if (p == NULL)
		return false;
	pfds = p;
	cap_conns = cap;
	return true;
}

static void
begin(int fd)
{
	struct echoconn *c = &conns[n_conns++];
	int on = 1;

	/* these fail on what is no TCP socket, and nothing is lost then */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	memset(c, 0, sizeof *c);
	c->fd = fd;
	echoconn_wait(c);
}

static void
accept_all(int listener, size_t n)
{
	int fd;

	while (n_conns < CONNS_MAX) {
		if (!grow(n)) {
			accepting = false;
			return;
		}
		fd = accept(listener, NULL, NULL);
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0) {
			/* one that waits would keep poll() from sleeping */
			accepting = errno == EAGAIN || errno == EWOULDBLOCK;
			return;
		}
		if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			close(fd);
		else
			begin(fd);
	}
}

/* what each descriptor waits for: the listeners first, then the connections */
static void
watch(const int *listeners, size_t n)
{
	bool open = accepting && n_conns < CONNS_MAX;
	size_t i;

	for (i = 0; i < n; i++) {
		pfds[i].fd = open ? listeners[i] : -1;
		pfds[i].events = POLLIN;
	}
	for (i = 0; i < n_conns; i++) {
		pfds[n + i].fd = conns[i].fd;
		pfds[n + i].events = echoconn_unsent(&conns[i]) > 0 ? POLLOUT :
		    POLLIN;
	}
}

static int
turn(const int *listeners, size_t n)
{
	size_t i, k = n_conns;

	watch(listeners, n);
	if (poll(pfds, (nfds_t)(n + k), 1000) < 0)
		return errno == EINTR ? 0 : -1;
	now_ms = echoconn_clock();
	for (i = 0; i < k; i++)
		if (pfds[n + i].revents != 0)
			serve(&conns[i]);
	for (i = 0; i < n; i++)
		if (pfds[i].fd >= 0 && pfds[i].revents != 0)
			accept_all(listeners[i], n);
	return 0;
}

/* ends a connection where the server stops */
static void
dismiss(struct echoconn *c)
{
	unsigned char frame[WS_CLOSE_FRAME_MAX];
	size_t n;

	if (c->phase == E_WS && echoconn_unsent(c) == 0 && c->left == 0) {
		n = ws_write_close(frame, WS_C_AWAY, "the server stops", NULL);
		send(c->fd, frame, n, MSG_NOSIGNAL);
	}
	echoconn_end(c);
}

static int
serve_all(const int *listeners, size_t n)
{
	int64_t walked;
	int err = 0;
	size_t i;

	buf_pool(ECHOCONN_BUF, CONNS_MAX, 0);
	if (!grow(n))
		return -1;
	accepting = true;
	now_ms = echoconn_clock();
	walked = now_ms;
	while (err == 0 && !stopped) {
		err = turn(listeners, n);
		if (now_ms - walked >= 1000) {
			expire();
			accepting = true;
			walked = now_ms;
		}
		reap();
	}
	for (i = 0; i < n_conns; i++)
		dismiss(&conns[i]);
	free(conns);
	free(pfds);
	return err;
}

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

int
echo_main(const char *address)
{
	struct conf_endpoint *e;
	struct conf *owner;
	struct listener *l;
	struct sigaction sa;
	char err[256];
	int status;

	e = conf_listen_address(address, &owner, err, sizeof err);
	if (e == NULL) {
		fprintf(stderr, "weir: %s\n", err);
		return 2;
	}
	l = listener_open(e);
	if (l == NULL)
		fatal("listen on %s:", e->text);
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = stop;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	log_info("echo server on %s", e->text);
	log_flush();
	status = serve_all(l->fds, l->n_fds);
	listener_close(l);
	conf_free(owner);
	return status == 0 ? 0 : 1;
}
