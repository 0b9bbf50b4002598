/* HTTP of the echo server: see echohttp.h. */
#include <string.h>

#include "echohttp.h"
#include "echows.h"
#include "ws.h"

#define FIELDS_MAX 100

static const struct http_limits limits = {16384, 8192, FIELDS_MAX};
static struct http_field fields[FIELDS_MAX];

void
echohttp_refuse(struct echoconn *c, enum reason why)
{
	int status = reason_status(why);
	char body[512], head[ECHOCONN_PAD];
	struct text t, w;

	text_init(&w, body, sizeof body);
	text_str(&w, reason_word(why));
	text_str(&w, ": ");
	text_str(&w, reason_sentence(why));
	text_str(&w, "\n");
	text_init(&t, head, sizeof head);
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
	if (!c->head)
		text_mem(&t, w.p, w.n);
	echoconn_put(c, t.p, t.n);
	c->b->beg = c->b->end;
	c->phase = E_LAST;
}

/* puts out a piece of the body; in front the end of the chunk before it */
static void
put_chunk(struct echoconn *c, const char *p, size_t n)
{
	char line[32];
	struct text t;

	if (c->head || n == 0)
		return;
	text_init(&t, line, sizeof line);
	if (c->chunks) {
		text_str(&t, "\r\n");
		text_hex(&t, n);
		text_str(&t, "\r\n");
	}
	echoconn_put_piece(c, &t, p, n);
}

/* puts out the last chunk; a next request may come */
static void
put_tail(struct echoconn *c)
{
	static const char last[] = "\r\n0\r\n\r\n";

	if (c->chunks && !c->head)
		echoconn_put(c, last, sizeof last - 1);
	c->phase = c->keep ? E_HEAD : E_LAST;
	c->head = false;
	echoconn_wait(c);
}

/* the request has been read whole */
static void
end_body(struct echoconn *c)
{
	/* behind unsent bytes there is room only where nothing is unread */
	if (echoconn_unsent(c) == 0 || c->b->beg == c->b->end)
		put_tail(c);
	else
		c->phase = E_TAIL;
}

/* answers with the head, which is n bytes at p, and goes on to the body */
static void
answer(struct echoconn *c, const struct http_request *q, const char *p,
    size_t n)
{
	char head[ECHOCONN_PAD];
	struct text t;

	c->chunks = q->h.minor == 1;
	c->keep = q->h.keep_alive && q->h.minor == 1;
	text_init(&t, head, sizeof head);
	if (q->expect_continue && c->b->beg == c->b->end)
		text_str(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	text_str(&t, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n");
	if (c->chunks)
		text_str(&t, "Transfer-Encoding: chunked\r\n");
	if (!c->keep)
		text_str(&t, "Connection: close\r\n");
	text_str(&t, "\r\n");
	if (c->chunks && !c->head) {
		text_hex(&t, n);
		text_str(&t, "\r\n");
	}
	echoconn_put_piece(c, &t, p, c->head ? 0 : n);
	c->left = q->h.length;
	memset(&c->chunked, 0, sizeof c->chunked);
	c->phase = q->h.body == HTTP_BODY_CHUNKED ? E_CHUNKS : E_BODY;
	if (q->h.body == HTTP_BODY_NONE)
		end_body(c);
}

/* a request whose head, n bytes at p, has been read */
static void
serve_request(struct echoconn *c, const struct http_request *q, const char *p,
    size_t n)
{
	int verdict;

	if (q->method_id == HTTP_M_CONNECT || q->method_id == HTTP_M_TRACE) {
		echohttp_refuse(c, R_METHOD_REFUSED);
		return;
	}
	verdict = echows_begin(c, q);
	if (verdict < 0)
		echohttp_refuse(c, (enum reason)-verdict);
	else if (verdict == WS_PLAIN)
		answer(c, q, p, n);
}

/*
 * The steps, one for each phase: they take input and are false if they need
 * more of it than there is.
 */
static bool
head_step(struct echoconn *c)
{
	struct buf *b = c->b;
	const char *p = (const char *)b->data + b->beg;
	struct http_request q;
	int n;

	q.h.fields = fields;
	n = http_parse_request(p, b->end - b->beg, &limits, &q);
	if (n == 0)
		return false;
	if (n < 0) {
		echohttp_refuse(c, (enum reason)-n);
		return true;
	}
	b->beg += (size_t)n;
	c->head = q.method_id == HTTP_M_HEAD;
	/* from the method on: an empty line before it is not echoed */
	serve_request(c, &q, q.method.p, (size_t)(p + n - q.method.p));
	return true;
}

static bool
body_step(struct echoconn *c)
{
	struct buf *b = c->b;
	const char *p = (const char *)b->data + b->beg;
	size_t k = b->end - b->beg;

	if (k == 0)
		return false;
	if (k > c->left)
		k = (size_t)c->left;
	b->beg += k;
	c->left -= k;
	put_chunk(c, p, k);
	if (c->left == 0)
		end_body(c);
	return true;
}

static bool
chunks_step(struct echoconn *c)
{
	struct buf *b = c->b;
	char *p = (char *)b->data + b->beg, *data;
	size_t n;
	int64_t k;

	if (b->beg == b->end)
		return false;
	k = chunk_decode(&c->chunked, p, b->end - b->beg, &data, &n);
	if (k < 0) {
		echoconn_cut(c);
		return true;
	}
	b->beg += (size_t)k;
	put_chunk(c, data, n);
	if (chunk_done(&c->chunked))
		c->phase = E_TRAILER;
	return true;
}

static bool
trailer_step(struct echoconn *c)
{
	struct buf *b = c->b;
	struct http_head h;
	int n;

	h.fields = fields;
	n = chunk_parse_trailers((const char *)b->data + b->beg,
	    b->end - b->beg, &limits, &h);
	if (n == 0)
		return false;
	if (n < 0) {
		echoconn_cut(c);
		return true;
	}
	b->beg += (size_t)n;
	end_body(c);
	return true;
}

bool
echohttp_step(struct echoconn *c)
{
	switch (c->phase) {
	case E_HEAD:
		return head_step(c);
	case E_BODY:
		return body_step(c);
	case E_CHUNKS:
		return chunks_step(c);
	case E_TRAILER:
		return trailer_step(c);
	case E_TAIL:
		put_tail(c);
		return true;
	case E_WS:
	case E_LAST:
	case E_LINGER:
		break;
	}
	return false;
}
