/*
 * The echo server: its loop, its sessions, and what it answers over HTTP and
 * WebSocket.
 *
 * A session has one buffer, and only while bytes wait in it. Everything is
 * echoed in place: what is written never needs more room than what was read,
 * but for a few bytes in front of it (PAD) and behind it (SLACK).
 *
 *	0    PAD    out_beg   out_end     beg       end    SLACK   buf_size()
 *	|     |        | unsent  |  gone   |  unread  |      |         |
 *
 * It is read into again only when nothing is unsent; that is the
 * backpressure, all of it, and it makes all before beg free for the next
 * step's output. A step takes from beg and puts out in front of it:
 * http_step() one piece of a message at a time, ws_step() all frames there
 * are.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "echo.h"
#include "http.h"
#include "ws.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored */
#endif

#define SESSIONS_MAX 4096
#define BUF_SIZE 65536
#define PAD 1024  /* room for the head of a response */
#define SLACK 256 /* room for a Close frame or a last chunk */
#define IDLE_MS 60000
#define LINGER_MS 5000
#define FIELDS_MAX 100

enum phase {
	E_HEAD,    /* a request, or the next one */
	E_BODY,    /* a body of left bytes */
	E_CHUNKS,  /* a chunked body */
	E_TRAILER, /* what follows its last chunk */
	E_TAIL,    /* the end of the response is still to be put out */
	E_WS,      /* frames */
	E_LAST,    /* what is unsent is the last */
	E_LINGER   /* waiting for the peer to close as well */
};

struct session {
	int fd;         /* -1: it has ended and is to be reaped */
	enum phase phase;
	int64_t due_ms; /* the end of its patience */
	struct buf *b;  /* beg and end are of what is unread */
	size_t out_beg, out_end;

	uint64_t left;  /* bytes of the body, or of the frame's payload */
	/* HTTP */
	struct http_chunked chunked;
	bool head;      /* it answers a HEAD: no body is sent */
	bool chunks;    /* the response is chunked */
	bool keep;      /* another request may follow */
	/* WebSocket */
	uint64_t at;    /* bytes of the payload that are done */
	uint8_t mask[4];
	bool in_message; /* between the fragments of a message */
};

static const struct http_limits limits = {16384, 8192, FIELDS_MAX};
/* for what is made or read before it goes elsewhere, or nowhere */
static char scratch[BUF_SIZE];
static struct http_field fields[FIELDS_MAX];

static struct session *sessions;
static struct pollfd *pfds;
static size_t n_sessions, cap_sessions;
static int64_t now_ms;
static bool accepting; /* false until the next second: no descriptors */

static void
read_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static size_t
unsent(const struct session *s)
{
	return s->out_end - s->out_beg;
}

static void
put_back(struct session *s)
{
	buf_put(s->b);
	s->b = NULL;
	s->out_beg = s->out_end = 0;
}

static void
end_session(struct session *s)
{
	close(s->fd);
	s->fd = -1;
	put_back(s);
}

/*
 * All is said. The descriptor is closed only after the peer did, since a
 * close with bytes unread resets the connection and may destroy our last.
 */
static void
begin_linger(struct session *s)
{
	shutdown(s->fd, SHUT_WR);
	s->phase = E_LINGER;
	s->due_ms = now_ms + LINGER_MS;
	put_back(s);
}

/*
 * Ends in the middle of a response. A missing last chunk shows that; without
 * chunks only a reset does.
 */
static void
cut(struct session *s)
{
	struct linger reset = {1, 0};

	if (s->chunks) {
		begin_linger(s);
		return;
	}
	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	end_session(s);
}

/* puts n bytes out, behind what is unsent or else right before the input */
static void
put(struct session *s, const void *p, size_t n)
{
	struct buf *b = s->b;

	if (unsent(s) == 0)
		s->out_beg = s->out_end = b->beg - n;
	assert(s->out_end + n <= b->beg ||
	    (b->beg == b->end && s->out_end + n <= buf_size()));
	memcpy(b->data + s->out_end, p, n);
	s->out_end += n;
}

/* puts n bytes of the buffer out where they are, with t before them */
static void
put_piece(struct session *s, const struct text *t, const char *p, size_t n)
{
	size_t at = (size_t)((const unsigned char *)p - s->b->data);

	assert(unsent(s) == 0 && !t->full && t->n <= at);
	memcpy(s->b->data + at - t->n, t->p, t->n);
	s->out_beg = at - t->n;
	s->out_end = at + n;
}

/* sends what is unsent; true if all of it went */
static bool
flush(struct session *s)
{
	ssize_t k;

	if (s->fd < 0)
		return false;
	while (unsent(s) > 0) {
		k = send(s->fd, s->b->data + s->out_beg, unsent(s),
		    MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			end_session(s);
		if (k < 0)
			return false;
		s->out_beg += (size_t)k;
		s->due_ms = now_ms + IDLE_MS;
	}
	if (s->phase == E_LAST)
		begin_linger(s);
	return s->phase != E_LINGER;
}

/* answers with a reason's status and words; nothing more is read */
static void
refuse(struct session *s, enum reason why)
{
	int status = reason_status(why);
	char body[512];
	struct text t, w;

	text_init(&w, body, sizeof body);
	text_str(&w, reason_word(why));
	text_str(&w, ": ");
	text_str(&w, reason_sentence(why));
	text_str(&w, "\n");
	text_init(&t, scratch, PAD);
	text_str(&t, "HTTP/1.1 ");
	text_uint(&t, (uint64_t)status);
	text_str(&t, " ");
	text_str(&t, http_phrase(status));
	if (status == 405)
		text_str(&t, "\r\nAllow: GET, HEAD, POST, PUT, DELETE, "
		    "OPTIONS, PATCH");
	if (status == 426)
		text_str(&t, "\r\nUpgrade: websocket"
		    "\r\nSec-WebSocket-Version: 13");
	text_str(&t, "\r\nContent-Type: text/plain\r\nContent-Length: ");
	text_uint(&t, w.n);
	text_str(&t, status == 426 ? "\r\nConnection: Upgrade, close" :
	    "\r\nConnection: close");
	text_str(&t, "\r\n\r\n");
	if (!s->head)
		text_mem(&t, w.p, w.n);
	put(s, t.p, t.n);
	s->b->beg = s->b->end;
	s->phase = E_LAST;
}

/* puts out a piece of the body; in front the end of the chunk before it */
static void
put_chunk(struct session *s, const char *p, size_t n)
{
	char line[32];
	struct text t;

	if (s->head || n == 0)
		return;
	text_init(&t, line, sizeof line);
	if (s->chunks) {
		text_str(&t, "\r\n");
		text_hex(&t, n);
		text_str(&t, "\r\n");
	}
	put_piece(s, &t, p, n);
}

/* puts out the last chunk; a next request may come */
static void
put_tail(struct session *s)
{
	static const char last[] = "\r\n0\r\n\r\n";

	if (s->chunks && !s->head)
		put(s, last, sizeof last - 1);
	s->phase = s->keep ? E_HEAD : E_LAST;
	s->head = false;
	s->due_ms = now_ms + IDLE_MS;
}

/* the request has been read whole */
static void
end_body(struct session *s)
{
	/* behind unsent bytes there is room only where nothing is unread */
	if (unsent(s) == 0 || s->b->beg == s->b->end)
		put_tail(s);
	else
		s->phase = E_TAIL;
}

/* answers with the head, which is n bytes at p, and goes on to the body */
static void
answer(struct session *s, const struct http_request *q, const char *p, size_t n)
{
	char head[PAD];
	struct text t;

	s->chunks = q->h.minor == 1;
	s->keep = q->h.keep_alive && q->h.minor == 1;
	text_init(&t, head, sizeof head);
	if (q->expect_continue && s->b->beg == s->b->end)
		text_str(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	text_str(&t, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n");
	if (s->chunks)
		text_str(&t, "Transfer-Encoding: chunked\r\n");
	if (!s->keep)
		text_str(&t, "Connection: close\r\n");
	text_str(&t, "\r\n");
	if (s->chunks && !s->head) {
		text_hex(&t, n);
		text_str(&t, "\r\n");
	}
	put_piece(s, &t, p, s->head ? 0 : n);
	s->left = q->h.length;
	memset(&s->chunked, 0, sizeof s->chunked);
	s->phase = q->h.body == HTTP_BODY_CHUNKED ? E_CHUNKS : E_BODY;
	if (q->h.body == HTTP_BODY_NONE)
		end_body(s);
}

/* the first subprotocol that is offered, empty if there is none */
static struct span
first_protocol(const struct http_head *h)
{
	const struct http_field *f = NULL;
	struct span list, token = {"", 0};

	while ((f = http_find(h, HTTP_F_SEC_WEBSOCKET_PROTOCOL, f)) != NULL) {
		list = f->value;
		if (span_next(&list, &token))
			break;
	}
	return token;
}

/* accepts a handshake, whose head ends where the input begins */
static void
shake_hands(struct session *s, struct span key, struct span protocol)
{
	char accept[WS_ACCEPT_LEN];
	struct text t;

	ws_accept(key, accept);
	/* the names are still in the buffer that this goes to */
	text_init(&t, scratch, sizeof scratch);
	text_str(&t, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: ");
	text_mem(&t, accept, sizeof accept);
	if (protocol.n > 0) {
		text_str(&t, "\r\nSec-WebSocket-Protocol: ");
		text_span(&t, protocol);
	}
	text_str(&t, "\r\n\r\n");
	put(s, t.p, t.n);
	s->phase = E_WS;
	s->left = 0;
}

/* the value of the first field with that id, empty if there is none */
static struct span
value_of(const struct http_head *h, enum http_field_id id)
{
	const struct http_field *f = http_find(h, id, NULL);
	struct span none = {"", 0};

	return f == NULL ? none : f->value;
}

static struct ws_offer
offer_of(const struct http_request *q)
{
	const struct http_field *f = NULL;
	struct ws_offer o = {0};

	o.get = q->method_id == HTTP_M_GET && q->h.minor == 1;
	o.body = q->h.body != HTTP_BODY_NONE;
	o.conn_upgrade = q->h.conn_upgrade;
	while ((f = http_find(&q->h, HTTP_F_UPGRADE, f)) != NULL)
		ws_offer_upgrade(&o, f->value);
	o.version = value_of(&q->h, HTTP_F_SEC_WEBSOCKET_VERSION);
	o.versions = http_count(&q->h, HTTP_F_SEC_WEBSOCKET_VERSION);
	o.key = value_of(&q->h, HTTP_F_SEC_WEBSOCKET_KEY);
	o.keys = http_count(&q->h, HTTP_F_SEC_WEBSOCKET_KEY);
	return o;
}

/* a request whose head, n bytes at p, has been read */
static void
serve_request(struct session *s, const struct http_request *q, const char *p,
    size_t n)
{
	struct ws_offer o = offer_of(q);
	struct span protocol = first_protocol(&q->h);
	int verdict = ws_judge(&o);

	if (q->method_id == HTTP_M_CONNECT || q->method_id == HTTP_M_TRACE)
		refuse(s, R_METHOD_REFUSED);
	else if (verdict < 0)
		refuse(s, (enum reason)-verdict);
	else if (verdict == WS_PLAIN)
		answer(s, q, p, n);
	else if (protocol.n > 0 && !http_is_token(protocol))
		refuse(s, R_WS_FIELD);
	else
		shake_hands(s, o.key, protocol);
}

/*
 * The steps, one for each phase: they take input and are false if they need
 * more of it than there is.
 */
static bool
head_step(struct session *s)
{
	struct buf *b = s->b;
	const char *p = (const char *)b->data + b->beg;
	struct http_request q;
	int n;

	q.h.fields = fields;
	n = http_parse_request(p, b->end - b->beg, &limits, &q);
	if (n == 0)
		return false;
	if (n < 0) {
		refuse(s, (enum reason)-n);
		return true;
	}
	b->beg += (size_t)n;
	s->head = q.method_id == HTTP_M_HEAD;
	/* from the method on: an empty line before it is not echoed */
	serve_request(s, &q, q.method.p, (size_t)(p + n - q.method.p));
	return true;
}

static bool
body_step(struct session *s)
{
	struct buf *b = s->b;
	const char *p = (const char *)b->data + b->beg;
	size_t k = b->end - b->beg;

	if (k == 0)
		return false;
	if (k > s->left)
		k = (size_t)s->left;
	b->beg += k;
	s->left -= k;
	put_chunk(s, p, k);
	if (s->left == 0)
		end_body(s);
	return true;
}

static bool
chunks_step(struct session *s)
{
	struct buf *b = s->b;
	char *p = (char *)b->data + b->beg, *data;
	size_t n;
	int64_t k;

	if (b->beg == b->end)
		return false;
	k = http_dechunk(&s->chunked, p, b->end - b->beg, &data, &n);
	if (k < 0) {
		cut(s);
		return true;
	}
	b->beg += (size_t)k;
	put_chunk(s, data, n);
	if (http_dechunk_done(&s->chunked))
		s->phase = E_TRAILER;
	return true;
}

static bool
trailer_step(struct session *s)
{
	struct buf *b = s->b;
	struct http_head h;
	int n;

	h.fields = fields;
	n = http_parse_trailers((const char *)b->data + b->beg,
	    b->end - b->beg, &limits, &h);
	if (n == 0)
		return false;
	if (n < 0) {
		cut(s);
		return true;
	}
	b->beg += (size_t)n;
	end_body(s);
	return true;
}

/* what is wrong with a client's frame, or NULL: RFC 6455 5.1 to 5.5 */
static const char *
fault(const struct session *s, const struct ws_head *h)
{
	bool control = h->opcode >= WS_CLOSE;

	if (!h->masked)
		return "the frame is not masked";
	if (h->rsv != 0)
		return "a reserved bit is set";
	if (h->opcode > WS_PONG || (!control && h->opcode > WS_BINARY))
		return "the opcode is reserved";
	if (control && !h->fin)
		return "a control frame is fragmented";
	if (control && h->length > WS_CONTROL_MAX)
		return "a control frame is too long";
	if (h->opcode == WS_CONT && !s->in_message)
		return "there is nothing to continue";
	if (!control && h->opcode != WS_CONT && s->in_message)
		return "the message before has not ended";
	return NULL;
}

/* ends with a Close that says what is wrong; what is unread is dropped */
static void
ws_fail(struct session *s, const char *why)
{
	unsigned char frame[WS_CLOSE_FRAME_MAX];

	s->b->beg = s->b->end;
	put(s, frame, ws_write_close(frame, WS_C_PROTOCOL, why, NULL));
	s->phase = E_LAST;
}

/* echoes as much of a frame's payload as there is */
static void
echo_payload(struct session *s)
{
	struct buf *b = s->b;
	size_t k = b->end - b->beg;

	if (k > s->left)
		k = (size_t)s->left;
	ws_mask(b->data + b->beg, k, s->mask, s->at);
	if (unsent(s) == 0)
		s->out_beg = s->out_end = b->beg;
	if (s->out_end != b->beg)
		memmove(b->data + s->out_end, b->data + b->beg, k);
	s->out_end += k;
	b->beg += k;
	s->left -= k;
	s->at += k;
}

/* puts out the head of a frame whose payload is next in the input */
static void
echo_head(struct session *s, struct ws_head *h)
{
	unsigned char head[WS_HEAD_MAX];

	memcpy(s->mask, h->mask, 4);
	s->left = h->length;
	s->at = 0;
	h->masked = false;
	put(s, head, ws_write_head(head, h));
}

/* a Close whose payload is next in the input, whole */
static void
echo_close(struct session *s, struct ws_head *h)
{
	const unsigned char *p = s->b->data + s->b->beg;
	unsigned code = WS_C_NORMAL;

	if (h->length >= 2)
		code = (unsigned)(p[0] ^ h->mask[0]) << 8 |
		    (unsigned)(p[1] ^ h->mask[1]);
	if (h->length == 1 || !ws_close_code_valid(code)) {
		ws_fail(s, "the close code is not valid");
		return;
	}
	echo_head(s, h);
	echo_payload(s);
	s->b->beg = s->b->end;
	s->phase = E_LAST;
}

/* a frame's head, and the whole of a Close or Pong */
static bool
frame_step(struct session *s)
{
	struct buf *b = s->b;
	struct ws_head h;
	const char *why;
	int n = ws_read_head(b->data + b->beg, b->end - b->beg, &h);

	if (n == 0)
		return false;
	why = n < 0 ? "the length is malformed" : fault(s, &h);
	if (why != NULL) {
		ws_fail(s, why);
		return true;
	}
	if ((h.opcode == WS_CLOSE || h.opcode == WS_PONG) &&
	    b->end - b->beg - (size_t)n < h.length)
		return false;
	b->beg += (size_t)n;
	if (h.opcode == WS_CLOSE) {
		echo_close(s, &h);
		return true;
	}
	if (h.opcode == WS_PONG) {
		b->beg += (size_t)h.length;
		return true;
	}
	if (h.opcode == WS_PING)
		h.opcode = WS_PONG;
	else
		s->in_message = !h.fin;
	echo_head(s, &h);
	return true;
}

static bool
ws_step(struct session *s)
{
	struct buf *b = s->b;
	size_t from = b->beg;

	while (s->phase == E_WS && b->beg < b->end)
		if (s->left > 0)
			echo_payload(s);
		else if (!frame_step(s))
			break;
	return b->beg != from;
}

static bool
step(struct session *s)
{
	if (s->b == NULL)
		return false;
	switch (s->phase) {
	case E_HEAD:
		return head_step(s);
	case E_BODY:
		return body_step(s);
	case E_CHUNKS:
		return chunks_step(s);
	case E_TRAILER:
		return trailer_step(s);
	case E_TAIL:
		put_tail(s);
		return true;
	case E_WS:
		return ws_step(s);
	case E_LAST:
	case E_LINGER:
		break;
	}
	return false;
}

/* the peer will send no more, or not in time */
static void
give_up(struct session *s, enum reason why)
{
	if (s->phase == E_HEAD && buf_len(s->b) > 0 && unsent(s) == 0)
		refuse(s, why);
	else if (s->phase >= E_BODY && s->phase <= E_TAIL)
		cut(s);
	else
		end_session(s);
}

/* reads what is only to be thrown away */
static void
discard(struct session *s)
{
	ssize_t k = recv(s->fd, scratch, sizeof scratch, 0);

	if (k == 0 || (k < 0 && errno != EINTR && errno != EAGAIN &&
	    errno != EWOULDBLOCK))
		end_session(s);
}

/* makes all the room there is behind the input; false: no memory */
static bool
make_room(struct session *s)
{
	struct buf *b = s->b;

	if (b == NULL) {
		b = s->b = buf_get(BUF_SIZE);
		if (b == NULL)
			return false;
		b->beg = b->end = PAD;
	}
	memmove(b->data + PAD, b->data + b->beg, b->end - b->beg);
	b->end -= b->beg - PAD;
	b->beg = PAD;
	return true;
}

/* reads once */
static void
fill(struct session *s)
{
	struct buf *b;
	ssize_t k;

	if (!make_room(s)) {
		end_session(s);
		return;
	}
	b = s->b;
	k = recv(s->fd, b->data + b->end, buf_size() - SLACK - b->end, 0);
	if (k < 0 && (errno == EINTR || errno == EAGAIN ||
	    errno == EWOULDBLOCK))
		return;
	if (k < 0) {
		end_session(s);
		return;
	}
	if (k == 0) {
		give_up(s, R_CLIENT_CUT);
		return;
	}
	b->end += (size_t)k;
	/* a head has its time from the start, not from its last byte */
	if (s->phase != E_HEAD)
		s->due_ms = now_ms + IDLE_MS;
}

/* steps and sends until one of them cannot go on */
static void
advance(struct session *s)
{
	while (flush(s) && step(s))
		;
	if (unsent(s) == 0 && buf_len(s->b) == 0)
		put_back(s);
}

static void
serve(struct session *s)
{
	if (s->phase == E_LINGER) {
		discard(s);
		return;
	}
	if (unsent(s) == 0)
		fill(s);
	advance(s);
}

/* ends what has been waited for long enough */
static void
expire(void)
{
	struct session *s;

	for (s = sessions; s < sessions + n_sessions; s++) {
		/* a WebSocket may be silent, but not refuse what it gets */
		if (s->due_ms > now_ms || (s->phase == E_WS && unsent(s) == 0))
			continue;
		give_up(s, R_HEADER_TIMEOUT);
		if (s->fd >= 0 && s->phase == E_LAST)
			advance(s);
	}
}

static void
reap(void)
{
	size_t i = 0;

	while (i < n_sessions)
		if (sessions[i].fd < 0)
			sessions[i] = sessions[--n_sessions];
		else
			i++;
}

/* room for one more session among n listeners */
static bool
grow(size_t n)
{
	size_t cap = cap_sessions == 0 ? 16 : 2 * cap_sessions;
	void *p;

	if (n_sessions < cap_sessions)
		return true;
	p = realloc(sessions, cap * sizeof *sessions);
	if (p == NULL)
		return false;
	sessions = p;
	p = realloc(pfds, (n + cap) * sizeof *pfds);
	if (p == NULL)
		return false;
	pfds = p;
	cap_sessions = cap;
	return true;
}

static void
begin_session(int fd)
{
	struct session *s = &sessions[n_sessions++];
	int on = 1;

	/* these fail on what is no TCP socket, and nothing is lost then */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	memset(s, 0, sizeof *s);
	s->fd = fd;
	s->due_ms = now_ms + IDLE_MS;
}

static void
accept_all(int listener, size_t n)
{
	int fd;

	while (n_sessions < SESSIONS_MAX) {
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
			begin_session(fd);
	}
}

/* what each descriptor waits for: the listeners first, then the sessions */
static void
watch(const int *listeners, size_t n)
{
	bool open = accepting && n_sessions < SESSIONS_MAX;
	size_t i;

	for (i = 0; i < n; i++) {
		pfds[i].fd = open ? listeners[i] : -1;
		pfds[i].events = POLLIN;
	}
	for (i = 0; i < n_sessions; i++) {
		pfds[n + i].fd = sessions[i].fd;
		pfds[n + i].events = unsent(&sessions[i]) > 0 ? POLLOUT :
		    POLLIN;
	}
}

static int
turn(const int *listeners, size_t n)
{
	size_t i, k = n_sessions;

	watch(listeners, n);
	if (poll(pfds, (nfds_t)(n + k), 1000) < 0)
		return errno == EINTR ? 0 : -1;
	read_clock();
	for (i = 0; i < k; i++)
		if (pfds[n + i].revents != 0)
			serve(&sessions[i]);
	for (i = 0; i < n; i++)
		if (pfds[i].fd >= 0 && pfds[i].revents != 0)
			accept_all(listeners[i], n);
	return 0;
}

/* ends a session where the server stops */
static void
dismiss(struct session *s)
{
	unsigned char frame[WS_CLOSE_FRAME_MAX];
	size_t n;

	if (s->phase == E_WS && unsent(s) == 0 && s->left == 0) {
		n = ws_write_close(frame, WS_C_AWAY, "the server stops", NULL);
		send(s->fd, frame, n, MSG_NOSIGNAL);
	}
	end_session(s);
}

int
echo_serve(const int *listeners, size_t n, volatile sig_atomic_t *stop)
{
	int64_t walked;
	int err = 0;
	size_t i;

	buf_pool(BUF_SIZE, SESSIONS_MAX, 0);
	if (!grow(n))
		return -1;
	accepting = true;
	read_clock();
	walked = now_ms;
	while (err == 0 && !*stop) {
		err = turn(listeners, n);
		if (now_ms - walked >= 1000) {
			expire();
			accepting = true;
			walked = now_ms;
		}
		reap();
	}
	for (i = 0; i < n_sessions; i++)
		dismiss(&sessions[i]);
	free(sessions);
	free(pfds);
	return err;
}
