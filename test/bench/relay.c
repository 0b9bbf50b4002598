/*
 * relay: the floors of the bench. A TCP relay in one thread that parses
 * nothing and does no more than a relay has to, so that what weir costs can be
 * said as a ratio to it.
 *
 *	relay raw|poll|park LISTEN_PORT ORIGIN_PORT
 *
 * The three differ in how they wait: raw in epoll alone; poll in poll() over
 * all descriptors; park in poll() over the active descriptors and one of epoll
 * that holds those which were quiet. These are served from there as long as
 * they want the same, and with nothing active the wait is one epoll_wait().
 *
 * What is read is sent at once from one scratch buffer. What the other socket
 * does not take is kept, and until that has left its peer is not read; so when
 * an end of file is seen nothing is kept, and it can be passed on at once.
 * What ended in a turn is freed after it: events of that turn may name it.
 */
#define _GNU_SOURCE /* accept4() */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH (64 * 1024)
#define READS_PER_TURN 4 /* of one end, so that the others get theirs */
#define QUIET_TURNS 24 /* of poll() without an event, then an end is parked */
#define RAW_BATCH 512 /* events of one epoll_wait() */
#define PARK_BATCH 256
#define CHUNK 227 /* tunnels made at once, in nearly four pages */

/* what a socket did not take yet: bytes[at..len) */
struct rest {
	size_t at, len;
	char bytes[];
};

struct end {
	struct tunnel *of;
	struct rest *rest; /* to send; while there is one the peer waits */
	int fd;            /* -1: closed in this turn */
	uint32_t slot;     /* in the active set, or 0: not in it */
	uint32_t served;   /* the turn of its last event there */
	short events;      /* that it is watched for; 0: it is not watched */
	bool connecting;
	bool eof;
};

struct tunnel {
	struct end end[2]; /* the client's, the origin's */
	struct tunnel *next;
};

static enum { RAW, POLL, PARK } mode;
static struct end listener;
static struct end epoll = {.fd = -1}; /* poll has none */
static struct sockaddr_in origin_addr;
static struct tunnel *spare, *ended;
static uint32_t turns; /* of poll() */
static char scratch[SCRATCH];

/* what poll() is given; slot 0 is that of epoll */
static struct {
	struct pollfd *pfd;
	struct end **end;
	uint32_t n, cap;
} active;

static int
must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static void *
alloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	must(p != NULL ? 0 : -1, "realloc");
	return p;
}

static struct end *
peer(struct end *e)
{
	return e == e->of->end ? e + 1 : e - 1;
}

/* POLLIN and the others have the values of EPOLLIN and the others */
static void
watch_epoll(struct end *e, short events)
{
	struct epoll_event ev = {(uint32_t)events, {e}};
	int op = events == 0 ? EPOLL_CTL_DEL :
	    e->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	must(epoll_ctl(epoll.fd, op, e->fd, &ev), "epoll_ctl");
	e->events = events;
}

/* puts e into the active set, watched for nothing yet */
static void
activate(struct end *e)
{
	if (e->events != 0)
		watch_epoll(e, 0);
	if (active.n == active.cap) {
		active.cap += active.cap + 64;
		active.pfd = alloc(active.pfd, active.cap * sizeof *active.pfd);
		active.end = alloc(active.end, active.cap * sizeof *active.end);
	}
	e->slot = active.n++;
	e->served = turns;
	active.pfd[e->slot] = (struct pollfd){-1, 0, 0};
	active.end[e->slot] = e;
}

/* not while the set is walked: the last one takes the place */
static void
deactivate(struct end *e)
{
	uint32_t last = --active.n;

	active.pfd[e->slot] = active.pfd[last];
	active.end[e->slot] = active.end[last];
	active.end[e->slot]->slot = e->slot;
	e->slot = 0;
	e->events = 0;
}

static void
watch(struct end *e, short events)
{
	if (e->events == events)
		return;
	if (mode == RAW) {
		watch_epoll(e, events);
		return;
	}
	if (e->slot == 0)
		activate(e);
	e->events = events;
	/* errors cannot be masked: who wants nothing stays out */
	active.pfd[e->slot].fd = events == 0 ? -1 : e->fd;
	active.pfd[e->slot].events = events;
}

/* looks at the active ends once in QUIET_TURNS, so this costs a fraction of
 * what poll() does; an end is parked after one to two times as many turns */
static void
park_quiet(void)
{
	struct end *e;
	short events;
	uint32_t i;

	for (i = active.n - 1; i > 0; i--) {
		e = active.end[i];
		events = e->events;
		if (turns - e->served < QUIET_TURNS)
			continue;
		deactivate(e);
		if (events != 0)
			watch_epoll(e, events);
	}
}

static void
end_tunnel(struct tunnel *t)
{
	int i;

	for (i = 0; i < 2; i++) {
		close(t->end[i].fd); /* which takes it out of epoll */
		t->end[i].fd = -1;
		free(t->end[i].rest);
	}
	t->next = ended;
	ended = t;
}

static void
reap(void)
{
	struct tunnel *t;
	int i;

	if (ended == NULL)
		return;
	while ((t = ended) != NULL) {
		ended = t->next;
		for (i = 0; i < 2; i++)
			if (t->end[i].slot != 0)
				deactivate(&t->end[i]);
		t->next = spare;
		spare = t;
	}
	/* it may have waited for descriptors */
	watch(&listener, POLLIN);
}

static int
new_socket(void)
{
	int fd, on = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void
open_tunnel(int client, int origin)
{
	struct tunnel *t;
	int i;

	if (spare == NULL) {
		t = alloc(NULL, CHUNK * sizeof *t);
		for (i = 0; i < CHUNK; i++) {
			t[i].next = spare;
			spare = &t[i];
		}
	}
	t = spare;
	spare = t->next;
	memset(t, 0, sizeof *t);
	t->end[0].of = t->end[1].of = t;
	t->end[0].fd = client;
	t->end[1].fd = origin;
	t->end[1].connecting = true;
	if (connect(origin, (struct sockaddr *)&origin_addr,
	    sizeof origin_addr) < 0 && errno != EINPROGRESS)
		end_tunnel(t);
	else
		watch(&t->end[1], POLLOUT);
}

static void
accept_all(void)
{
	/* opened first, and kept if nobody calls: nobody is accepted for whom
	 * there is no second descriptor */
	static int origin = -1;
	int client;

	/* the new ends make poll() necessary; there it costs no more calls */
	if (mode == PARK && listener.slot == 0) {
		watch(&listener, 0);
		watch(&listener, POLLIN);
	}
	while ((origin >= 0 || (origin = new_socket()) >= 0) &&
	    (client = accept4(listener.fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		open_tunnel(client, origin);
		origin = -1;
	}
	/* until a tunnel ends */
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM)
		watch(&listener, 0);
}

/* sends n bytes of the scratch or of to->rest, and keeps what is not taken */
static bool
put(struct end *to, const char *p, size_t n)
{
	ssize_t sent = send(to->fd, p, n, MSG_NOSIGNAL);

	if (sent < 0 && errno != EAGAIN)
		return false;
	if (sent < 0)
		sent = 0;
	n -= (size_t)sent;
	if (n == 0) {
		free(to->rest);
		to->rest = NULL;
	} else if (to->rest != NULL) {
		to->rest->at += (size_t)sent;
	} else {
		to->rest = alloc(NULL, sizeof *to->rest + n);
		*to->rest = (struct rest){0, n};
		memcpy(to->rest->bytes, p + sent, n);
	}
	return true;
}

/* from one end to the other; false: the tunnel is over */
static bool
relay(struct end *from)
{
	struct end *to = peer(from);
	ssize_t n = SCRATCH;
	int i;

	/* a short read has emptied the socket: no second one to see that */
	for (i = 0; i < READS_PER_TURN && n == SCRATCH && !to->rest; i++) {
		n = recv(from->fd, scratch, SCRATCH, 0);
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0) {
			from->eof = true;
			return !to->eof && shutdown(to->fd, SHUT_WR) == 0;
		}
		if (!put(to, scratch, (size_t)n))
			return false;
	}
	return true;
}

static short
wants(struct end *e)
{
	return (short)((e->eof || peer(e)->rest != NULL ? 0 : POLLIN) |
	    (e->rest != NULL ? POLLOUT : 0));
}

static bool
move(struct end *e, int revents)
{
	struct rest *r = e->rest;

	if (e->connecting) {
		e->connecting = false;
		/* who calls has mostly spoken by now */
		return !(revents & (POLLERR | POLLHUP)) && relay(peer(e));
	}
	/* the call that then fails tells a reset from an end */
	if (revents & (POLLERR | POLLHUP))
		revents |= e->events;
	if (revents & POLLOUT && r != NULL &&
	    !put(e, r->bytes + r->at, r->len - r->at))
		return false;
	return !(revents & POLLIN & wants(e)) || relay(e);
}

static void
serve(struct end *e, int revents)
{
	if (e == &listener) {
		accept_all();
	} else if (e->fd >= 0 && !move(e, revents)) {
		end_tunnel(e->of);
	} else if (e->fd >= 0) {
		watch(e, wants(e));
		watch(peer(e), wants(peer(e)));
	}
}

static void
serve_active(void)
{
	int left = poll(active.pfd, active.n, -1);
	uint32_t i;

	turns++;
	must(left < 0 && errno != EINTR ? -1 : 0, "poll");
	if (active.pfd[0].revents != 0)
		left--;
	for (i = 1; left > 0; i++) {
		if (active.pfd[i].revents == 0)
			continue;
		left--;
		active.end[i]->served = turns;
		serve(active.end[i], active.pfd[i].revents);
	}
}

static void
serve_epoll(int wait_ms)
{
	static struct epoll_event ready[RAW_BATCH];
	int i, n;

	n = epoll_wait(epoll.fd, ready, mode == RAW ? RAW_BATCH : PARK_BATCH,
	    wait_ms);
	must(n < 0 && errno != EINTR ? -1 : 0, "epoll_wait");
	for (i = 0; i < n; i++)
		serve(ready[i].data.ptr, (int)ready[i].events);
}

static void
start(const char *listen_port, const char *origin_port)
{
	struct sockaddr_in here;
	struct rlimit fds;
	int on = 1;

	must(getrlimit(RLIMIT_NOFILE, &fds), "getrlimit");
	fds.rlim_cur = fds.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &fds), "setrlimit");
	if (mode != POLL)
		epoll.fd = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	activate(&epoll);
	active.pfd[0].fd = epoll.fd;
	active.pfd[0].events = POLLIN;
	origin_addr.sin_family = AF_INET;
	origin_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	here = origin_addr;
	here.sin_port = htons((uint16_t)strtol(listen_port, NULL, 10));
	origin_addr.sin_port = htons((uint16_t)strtol(origin_port, NULL, 10));
	/* what is accepted inherits TCP_NODELAY */
	listener.fd = must(new_socket(), "socket");
	setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	must(bind(listener.fd, (struct sockaddr *)&here, sizeof here), "bind");
	must(listen(listener.fd, 4096), "listen");
	watch(&listener, POLLIN);
}

int
main(int argc, char *argv[])
{
	static const char *const names[] = {"raw", "poll", "park"};

	while (argc == 4 && mode <= PARK && strcmp(argv[1], names[mode]) != 0)
		mode++;
	if (argc != 4 || mode > PARK) {
		fputs("usage: relay raw|poll|park LISTEN_PORT ORIGIN_PORT\n",
		    stderr);
		return 2;
	}
	start(argv[2], argv[3]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (active.n > 1)
			serve_active();
		if (active.n == 1 || active.pfd[0].revents != 0)
			serve_epoll(active.n == 1 ? -1 : 0);
		reap();
		if (mode == PARK && turns % QUIET_TURNS == 0)
			park_quiet();
	}
}
