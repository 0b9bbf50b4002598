/*
 * The origin of the bench: what all proxies have behind them. It only has to
 * be always right and so cheap that the proxy is what limits the load.
 *
 *	origin PORT
 *
 * It listens on 127.0.0.1, prints "ready" and ends with SIGTERM. A WebSocket
 * handshake is answered unproved, each data message echoed frame by frame as
 * the bytes come, a Close answered with a Close. A GET of /1k or /1m gets that
 * many bytes, and the connection is kept.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ws.h"

#define READ_MAX 65536
#define HEAD_ROOM 4096

struct peer {
	int fd;
	bool open;             /* the handshake is done */
	bool closing;          /* a Close came: ends when it is answered */
	char *head;            /* of the request, while it is incomplete */
	size_t head_n;
	unsigned char *pend;   /* what the socket did not take */
	bool lent;             /* pend is part of an answer */
	size_t pend_at, pend_n;
	unsigned char frame[WS_HEAD_MAX];
	size_t frame_n;
	bool in_payload;
	struct ws_head in;
	uint64_t at;
};

static int poller;

static void
die(const char *what)
{
	fprintf(stderr, "origin: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
watch(struct peer *p, int how, uint32_t events)
{
	struct epoll_event e = {.events = events};

	e.data.ptr = p;
	if (epoll_ctl(poller, how, p->fd, &e) < 0)
		die("epoll_ctl");
}

static void
drop_pending(struct peer *p)
{
	if (!p->lent)
		free(p->pend);
	p->pend = NULL;
}

static void
hang_up(struct peer *p)
{
	close(p->fd);
	free(p->head);
	drop_pending(p);
	free(p);
}

/* sends it or keeps it, what is lent as it is; false if the peer is gone */
static bool
transmit(struct peer *p, unsigned char *b, size_t n, bool lent)
{
	ssize_t done = send(p->fd, b, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (done < 0 && errno != EAGAIN)
		return false;
	if (done < 0)
		done = 0;
	if ((size_t)done == n)
		return true;
	n -= (size_t)done;
	p->pend = lent ? b + done : malloc(n);
	if (p->pend == NULL)
		die("malloc");
	if (!lent)
		memcpy(p->pend, b + done, n);
	p->lent = lent;
	p->pend_n = n;
	p->pend_at = 0;
	watch(p, EPOLL_CTL_MOD, EPOLLOUT);
	return true;
}

static bool
flush_pending(struct peer *p)
{
	ssize_t n = send(p->fd, p->pend + p->pend_at, p->pend_n - p->pend_at,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN)
		return false;
	if (n > 0)
		p->pend_at += (size_t)n;
	if (p->pend_at < p->pend_n)
		return true;
	drop_pending(p);
	watch(p, EPOLL_CTL_MOD, EPOLLIN);
	return !p->closing;
}

/* writes the echo of n bytes to out; returns its bytes, at most n */
static size_t
echo(struct peer *p, unsigned char *b, size_t n, unsigned char *out)
{
	unsigned char *o = out;

	while (n > 0) {
		uint64_t left = p->in.length - p->at;
		size_t part = n < left ? n : (size_t)left;

		if (p->in_payload) {
			ws_mask(b, part, p->in.mask, p->at);
			if (p->in.opcode != WS_PONG) {
				memcpy(o, b, part);
				o += part;
			}
			p->at += part;
			p->in_payload = p->at < p->in.length;
			b += part;
			n -= part;
			continue;
		}
		p->frame[p->frame_n++] = *b++;
		n--;
		if (ws_read_head(p->frame, p->frame_n, &p->in) == 0)
			continue;
		p->frame_n = 0;
		p->at = 0;
		p->in_payload = p->in.length > 0;
		p->closing |= p->in.opcode == WS_CLOSE;
		if (p->in.opcode != WS_PONG) {
			struct ws_head h = p->in;
			h.masked = false;
			if (h.opcode == WS_PING)
				h.opcode = WS_PONG;
			o += ws_write_head(o, &h);
		}
	}
	return (size_t)(o - out);
}

/* the value of a field, or NULL */
static const char *
field(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p != NULL;
	    p = strstr(p, "\r\n")) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " ");
	}
	return NULL;
}

static struct answer {
	const char *request;
	size_t body, n; /* bytes of the body, of the whole */
	unsigned char *p;
} answers[] = {
	{.request = "GET /1k ", .body = 1024},
	{.request = "GET /1m ", .body = 1024 * 1024}
};

static void
make_answer(struct answer *a)
{
	char head[512];
	int n;

	n = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n"
	    "Server: origin\r\n"
	    "Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n"
	    "Content-Type: application/octet-stream\r\n"
	    "Content-Length: %zu\r\n"
	    "Last-Modified: Fri, 20 Nov 2026 10:00:00 GMT\r\n"
	    "ETag: \"691ef2e0-%zx\"\r\n"
	    "Accept-Ranges: bytes\r\n\r\n", a->body, a->body);
	a->n = (size_t)n + a->body;
	a->p = malloc(a->n);
	if (a->p == NULL)
		die("malloc");
	memcpy(a->p, head, (size_t)n);
	for (size_t i = 0; i < a->body; i++)
		a->p[(size_t)n + i] = (unsigned char)(i * 7 % 251);
}

static bool
take_get(struct peer *p, const char *head)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (strncmp(head, answers[i].request, 8) == 0)
			return transmit(p, answers[i].p, answers[i].n, true);
	return false;
}

static bool
take_head(struct peer *p, const char *head)
{
	char accept[WS_ACCEPT_LEN], reply[256];
	const char *key = field(head, "Sec-WebSocket-Key");
	int len;

	if (key == NULL)
		return take_get(p, head);
	if (strcspn(key, "\r") != 24)
		return false;
	ws_accept((struct span){key, 24}, accept);
	p->open = true;
	len = snprintf(reply, sizeof reply,
	    "HTTP/1.1 101 Switching Protocols\r\n"
	    "Connection: Upgrade\r\n"
	    "Upgrade: websocket\r\n"
	    "Sec-WebSocket-Accept: %.28s\r\n\r\n", accept);
	return transmit(p, (unsigned char *)reply, (size_t)len, false);
}

/* takes bytes of a request; false if it is none that is known here */
static bool
take_request(struct peer *p, const char *b, size_t n)
{
	static char head[HEAD_ROOM];

	if (p->head_n + n >= HEAD_ROOM)
		return false;
	if (p->head_n > 0)
		memcpy(head, p->head, p->head_n);
	memcpy(head + p->head_n, b, n);
	n += p->head_n;
	head[n] = '\0';
	free(p->head);
	p->head = NULL;
	p->head_n = 0;
	if (strcmp(head + (n > 4 ? n - 4 : 0), "\r\n\r\n") == 0)
		return take_head(p, head);
	/* nobody sends two at once, so the rest of this one is to come */
	p->head = malloc(n);
	if (p->head == NULL)
		die("malloc");
	memcpy(p->head, head, n);
	p->head_n = n;
	return true;
}

/* false if the peer is done with */
static bool
readable(struct peer *p)
{
	static unsigned char in[READ_MAX], out[READ_MAX + WS_HEAD_MAX];
	ssize_t n = recv(p->fd, in, sizeof in, MSG_DONTWAIT);
	size_t len;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	if (!p->open)
		return take_request(p, (char *)in, (size_t)n);
	len = echo(p, in, (size_t)n, out);
	if (len > 0 && !transmit(p, out, len, false))
		return false;
	return !p->closing || p->pend != NULL || p->in_payload;
}

static void
welcome(int listener)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		struct peer *p = calloc(1, sizeof *p);
		if (p == NULL)
			die("calloc");
		p->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1},
		    sizeof(int));
		watch(p, EPOLL_CTL_ADD, EPOLLIN);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		die("accept");
}

static int
listen_on(const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)atoi(port));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(fd, 4096) < 0)
		die(port);
	return fd;
}

int
main(int argc, char **argv)
{
	struct epoll_event e[256] = {{.events = EPOLLIN}};
	struct rlimit limit;
	int listener;

	if (argc != 2) {
		fputs("usage: origin PORT\n", stderr);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		make_answer(&answers[i]);
	listener = listen_on(argv[1]);
	poller = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(poller, EPOLL_CTL_ADD, listener, e);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(poller, e, 256, -1);
		for (int i = 0; i < n; i++) {
			struct peer *p = e[i].data.ptr;
			bool alive;
			if (p == NULL) {
				welcome(listener);
				continue;
			}
			alive = p->pend != NULL ? flush_pending(p) :
			    readable(p);
			if (!alive)
				hang_up(p);
		}
	}
}
