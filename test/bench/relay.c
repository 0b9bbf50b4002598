/*
 * relay: the floors of the bench. A TCP relay in one thread that parses
 * nothing and does no more than a relay has to, so that what weir costs can be
 * said as a ratio to it.
 *
 *	relay raw|poll|park LISTEN_PORT ORIGIN_PORT [PEM]
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
 *
 * With PEM, a file of a certificate and its key (ECDSA), it speaks TLS 1.2
 * with those who call: a BearSSL server for each tunnel, and a pair of record
 * buffers while there is something in them, so that few are used and stay in
 * the processor's caches. What is read goes to the engine at once, any number
 * of records; what they held goes out together.
 */
#define _GNU_SOURCE /* accept4() */
#include <sys/epoll.h>
#include <sys/random.h>
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

#include "tlskeys.h"
#include "tlspool.h"

#define SCRATCH (64 * 1024)
#define READS_PER_TURN 4 /* of one end, so that the others get theirs */
#define QUIET_TURNS 24 /* of poll() without an event, then an end is parked */
#define RAW_BATCH 512 /* events of one epoll_wait() */
#define PARK_BATCH 256
#define CHUNK 227 /* tunnels made at once, in nearly four pages */
#define SESSIONS 4096 /* that can be resumed */

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

/* TLS with the client */
struct secure {
	br_ssl_server_context engine;
	struct tlspair *pair; /* its buffers, or NULL: absent */
	size_t ahead, n_ahead; /* in pair->in: read, not the engine's yet */
};

struct tunnel {
	struct end end[2]; /* the client's, the origin's */
	struct tunnel *next;
	struct secure secure[]; /* one or, without TLS, none */
};

static enum { RAW, POLL, PARK } mode;
static struct end listener;
static struct end epoll = {.fd = -1}; /* poll has none */
static struct sockaddr_in origin_addr;
static struct tunnel *spare, *ended;
static uint32_t turns; /* of poll() */
static char scratch[SCRATCH];
static const struct cred *cred; /* NULL: plain */
static br_ssl_server_context fresh; /* what all engines are copies of */
static br_ssl_session_cache_lru sessions;
static unsigned char absent[2];

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

/* TLS */

/* the engine of an end, or NULL */
static struct secure *
secure(struct end *e)
{
	return cred != NULL && e == e->of->end ? e->of->secure : NULL;
}

/* Once, as the library asks the processor what it can do each time. Without
 * randomness in it, which all copies would share. */
static void
make_fresh(void)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
	};
	static unsigned char store[SESSIONS * 100];
	br_ssl_engine_context *e = &fresh.eng;

	br_ssl_server_zero(&fresh);
	br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
	br_ssl_engine_add_flags(e, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_suites(e, suites, 3);
	br_ssl_engine_set_default_ecdsa(e);
	br_ssl_engine_set_hash(e, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(e, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_prf_sha256(e, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(e, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(e);
	br_ssl_engine_set_default_chapol(e);
	tlspool_init(SIZE_MAX);
	br_ssl_session_cache_lru_init(&sessions, store, sizeof store);
	br_ssl_server_set_cache(&fresh, &sessions.vtable);
}

/* The library keeps only offsets into the buffers between two calls, so it
 * does not matter where they are, nor whether while they are empty. */
static void
hold(struct secure *s)
{
	if (s->pair != NULL)
		return;
	s->pair = tlspool_get();
	must(s->pair != NULL ? 0 : -1, "malloc");
	s->engine.eng.ibuf = s->pair->in;
	s->engine.eng.obuf = s->pair->out;
}

static void
rest(struct secure *s)
{
	br_ssl_engine_context *e = &s->engine.eng;

	/* 3: both directions work */
	if (s->pair == NULL || e->iomode != 3 || e->ixa + e->ixb > 0 ||
	    e->oxa != e->oxc)
		return;
	tlspool_put(s->pair);
	s->pair = NULL;
	e->ibuf = absent;
	e->obuf = absent + 1;
}

static bool
begin_secure(struct secure *s)
{
	br_ssl_engine_context *e = &s->engine.eng;
	unsigned char r[32];

	s->engine = fresh;
	s->n_ahead = 0;
	s->pair = NULL;
	hold(s);
	br_ssl_server_set_single_ec(&s->engine, cred->chain, cred->n_chain,
	    &cred->ec, BR_KEYTYPE_SIGN, 0, e->iec,
	    br_ecdsa_sign_asn1_get_default());
	br_ssl_engine_set_buffers_bidi(e, s->pair->in, sizeof s->pair->in,
	    s->pair->out, sizeof s->pair->out);
	must(getrandom(r, sizeof r, 0) == sizeof r ? 0 : -1, "getrandom");
	br_ssl_engine_inject_entropy(e, r, sizeof r);
	e->rng_os_rand_done = 1;
	return br_ssl_server_reset(&s->engine);
}

/* gives the engine what was read ahead, as far as it takes it */
static void
feed(struct secure *s)
{
	unsigned char *to;
	size_t n;

	while (s->n_ahead > 0 &&
	    (to = br_ssl_engine_recvrec_buf(&s->engine.eng, &n)) != NULL) {
		if (n > s->n_ahead)
			n = s->n_ahead;
		memmove(to, s->pair->in + s->ahead, n);
		s->ahead += n;
		s->n_ahead -= n;
		br_ssl_engine_recvrec_ack(&s->engine.eng, n);
	}
}

/* sends records as far as the socket takes them; ahead: of others that come
 * at once */
static bool
push(struct end *e, bool ahead)
{
	br_ssl_engine_context *engine = &secure(e)->engine.eng;
	unsigned char *p;
	ssize_t sent;
	bool more;
	size_t n;

	while ((p = br_ssl_engine_sendrec_buf(engine, &n)) != NULL) {
		/* the change of ciphers and the message behind it */
		more = ahead || engine->record_type_out == 20;
		sent = send(e->fd, p, n, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
		if (sent < 0)
			return errno == EAGAIN;
		br_ssl_engine_sendrec_ack(engine, (size_t)sent);
	}
	return true;
}

/* takes what records held to the scratch, which has room for all of it: what
 * was read was no more than one buffer */
static size_t
gather(struct secure *s)
{
	unsigned char *p;
	size_t n, got = 0;

	for (;;) {
		feed(s);
		p = br_ssl_engine_recvapp_buf(&s->engine.eng, &n);
		if (p == NULL)
			return got;
		memcpy(scratch + got, p, n);
		got += n;
		br_ssl_engine_recvapp_ack(&s->engine.eng, n);
	}
}

/* Reads records to the scratch, as recv() does: 0 at the end. *full says that
 * there may be more, as all that there was room for has come. */
static ssize_t
unseal(struct end *from, bool *full)
{
	struct secure *s = secure(from);
	br_ssl_engine_context *e = &s->engine.eng;
	size_t room = sizeof s->pair->in - e->ixa, got;
	ssize_t n;

	hold(s);
	n = recv(from->fd, s->pair->in + e->ixa, room, 0);
	*full = n == (ssize_t)room;
	if (n <= 0)
		return n;
	s->ahead = e->ixa;
	s->n_ahead = (size_t)n;
	got = gather(s);
	if (!push(from, false))
		return -1;
	if (got > 0)
		return (ssize_t)got;
	if (br_ssl_engine_current_state(e) == BR_SSL_CLOSED)
		return 0;
	errno = EAGAIN;
	return -1;
}

/* as send() */
static ssize_t
seal(struct end *to, const char *p, size_t n)
{
	br_ssl_engine_context *e = &secure(to)->engine.eng;
	unsigned char *into;
	size_t room, done = 0;

	hold(secure(to));
	while (done < n &&
	    (into = br_ssl_engine_sendapp_buf(e, &room)) != NULL) {
		if (room > n - done)
			room = n - done;
		memcpy(into, p + done, room);
		br_ssl_engine_sendapp_ack(e, room);
		done += room;
		if (done == n)
			br_ssl_engine_flush(e, 0);
		if (!push(to, done < n))
			return -1;
	}
	if (done > 0)
		return (ssize_t)done;
	errno = br_ssl_engine_current_state(e) == BR_SSL_CLOSED ? EPIPE :
	    EAGAIN;
	return -1;
}

/* Tunnels */

/* something waits to be sent to e: its peer is not read */
static bool
unsent(struct end *e)
{
	return e->rest != NULL || (secure(e) != NULL &&
	    br_ssl_engine_current_state(&secure(e)->engine.eng) &
	    BR_SSL_SENDREC);
}

/* nothing more is sent to e */
static bool
finish(struct end *e)
{
	if (secure(e) != NULL) {
		hold(secure(e));
		br_ssl_engine_close(&secure(e)->engine.eng);
		push(e, true);
	}
	return shutdown(e->fd, SHUT_WR) == 0;
}

static void
end_tunnel(struct tunnel *t)
{
	int i;

	if (cred != NULL)
		tlspool_put(t->secure->pair);
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
make_spare(void)
{
	struct tunnel *t;
	int i, n = cred == NULL ? CHUNK : 1;

	t = alloc(NULL, cred == NULL ? CHUNK * sizeof *t :
	    sizeof *t + sizeof t->secure[0]);
	for (i = 0; i < n; i++) {
		t[i].next = spare;
		spare = &t[i];
	}
}

static void
open_tunnel(int client, int origin)
{
	struct tunnel *t;

	if (spare == NULL)
		make_spare();
	t = spare;
	spare = t->next;
	memset(t, 0, sizeof *t);
	t->end[0].of = t->end[1].of = t;
	t->end[0].fd = client;
	t->end[1].fd = origin;
	t->end[1].connecting = true;
	if ((cred != NULL && !begin_secure(t->secure)) ||
	    (connect(origin, (struct sockaddr *)&origin_addr,
	    sizeof origin_addr) < 0 && errno != EINPROGRESS))
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
	ssize_t sent = secure(to) != NULL ? seal(to, p, n) :
	    send(to->fd, p, n, MSG_NOSIGNAL);

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
	bool full = true;
	ssize_t n;
	int i;

	/* a short read has emptied the socket: no second one to see that */
	for (i = 0; i < READS_PER_TURN && full && !unsent(to); i++) {
		if (secure(from) != NULL) {
			n = unseal(from, &full);
		} else {
			n = recv(from->fd, scratch, SCRATCH, 0);
			full = n == SCRATCH;
		}
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			return false;
		if (n == 0) {
			from->eof = true;
			return !to->eof && finish(to);
		}
		if (!put(to, scratch, (size_t)n))
			return false;
	}
	return true;
}

static short
wants(struct end *e)
{
	return (short)((e->eof || unsent(peer(e)) ? 0 : POLLIN) |
	    (unsent(e) ? POLLOUT : 0));
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
	if (revents & POLLOUT && secure(e) != NULL && !push(e, false))
		return false;
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
		if (cred != NULL)
			rest(e->of->secure);
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

static void
load_cred(const char *file)
{
	char err[256];

	cred = cred_load(file, NULL, 0, err, NULL, sizeof err);
	if (cred == NULL || cred->type != BR_KEYTYPE_EC) {
		fprintf(stderr, "relay: %s\n", cred == NULL ? err :
		    "the key has to be for ECDSA");
		exit(1);
	}
	make_fresh();
}

int
main(int argc, char *argv[])
{
	static const char *const names[] = {"raw", "poll", "park"};

	while (argc >= 4 && mode <= PARK && strcmp(argv[1], names[mode]) != 0)
		mode++;
	if (argc < 4 || argc > 5 || mode > PARK) {
		fputs("usage: relay raw|poll|park LISTEN_PORT ORIGIN_PORT "
		    "[PEM]\n", stderr);
		return 2;
	}
	if (argc == 5)
		load_cred(argv[4]);
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
