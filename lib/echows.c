/* WebSocket of the echo server: see echows.h. */
#include <string.h>

#include "echows.h"
#include "upgrade.h"

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
shake_hands(struct echoconn *c, struct span key, struct span protocol)
{
	/* the names are still in the buffer that this goes to */
	static char memory[ECHOCONN_BUF];
	char accept[WS_ACCEPT_LEN];
	struct text t;

	ws_accept(key, accept);
	text_init(&t, memory, sizeof memory);
	text_str(&t, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: ");
	text_mem(&t, accept, sizeof accept);
	if (protocol.n > 0) {
		text_str(&t, "\r\nSec-WebSocket-Protocol: ");
		text_span(&t, protocol);
	}
	text_str(&t, "\r\n\r\n");
	echoconn_put(c, t.p, t.n);
	c->phase = E_WS;
	c->left = 0;
}

int
echows_begin(struct echoconn *c, const struct http_request *q)
{
	struct ws_offer o = upgrade_offer(q);
	struct span protocol = first_protocol(&q->h);
	int verdict = ws_judge(&o);

	if (verdict != WS_HANDSHAKE)
		return verdict;
	if (protocol.n > 0 && !field_is_token(protocol))
		return -R_WS_FIELD;
	shake_hands(c, o.key, protocol);
	return verdict;
}

/* what is wrong with a client's frame, or NULL: RFC 6455 5.1 to 5.5 */
static const char *
fault(const struct echoconn *c, const struct ws_head *h)
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
	if (h->opcode == WS_CONT && !c->in_message)
		return "there is nothing to continue";
	if (!control && h->opcode != WS_CONT && c->in_message)
		return "the message before has not ended";
	return NULL;
}

/* ends with a Close that says what is wrong; what is unread is dropped */
static void
fail(struct echoconn *c, const char *why)
{
	unsigned char frame[WS_CLOSE_FRAME_MAX];

	c->b->beg = c->b->end;
	echoconn_put(c, frame, ws_write_close(frame, WS_C_PROTOCOL, why, NULL));
	c->phase = E_LAST;
}

/* echoes as much of a frame's payload as there is */
static void
echo_payload(struct echoconn *c)
{
	struct buf *b = c->b;
	size_t k = b->end - b->beg;

	if (k > c->left)
		k = (size_t)c->left;
	ws_mask(b->data + b->beg, k, c->mask, c->at);
	if (echoconn_unsent(c) == 0)
		c->out_beg = c->out_end = b->beg;
	if (c->out_end != b->beg)
		memmove(b->data + c->out_end, b->data + b->beg, k);
	c->out_end += k;
	b->beg += k;
	c->left -= k;
	c->at += k;
}

/* puts out the head of a frame whose payload is next in the input */
static void
echo_head(struct echoconn *c, struct ws_head *h)
{
	unsigned char head[WS_HEAD_MAX];

	memcpy(c->mask, h->mask, 4);
	c->left = h->length;
	c->at = 0;
	h->masked = false;
	echoconn_put(c, head, ws_write_head(head, h));
}

/* a Close whose payload is next in the input, whole */
static void
echo_close(struct echoconn *c, struct ws_head *h)
{
	const unsigned char *p = c->b->data + c->b->beg;
	unsigned code = WS_C_NORMAL;

	if (h->length >= 2)
		code = (unsigned)(p[0] ^ h->mask[0]) << 8 |
		    (unsigned)(p[1] ^ h->mask[1]);
	if (h->length == 1 || !ws_close_code_valid(code)) {
		fail(c, "the close code is not valid");
		return;
	}
	echo_head(c, h);
	echo_payload(c);
	c->b->beg = c->b->end;
	c->phase = E_LAST;
}

/* a frame's head, and the whole of a Close or Pong */
static bool
frame_step(struct echoconn *c)
{
	struct buf *b = c->b;
	struct ws_head h;
	const char *why;
	int n = ws_read_head(b->data + b->beg, b->end - b->beg, &h);

	if (n == 0)
		return false;
	why = n < 0 ? "the length is malformed" : fault(c, &h);
	if (why != NULL) {
		fail(c, why);
		return true;
	}
	if ((h.opcode == WS_CLOSE || h.opcode == WS_PONG) &&
	    b->end - b->beg - (size_t)n < h.length)
		return false;
	b->beg += (size_t)n;
	if (h.opcode == WS_CLOSE) {
		echo_close(c, &h);
		return true;
	}
	if (h.opcode == WS_PONG) {
		b->beg += (size_t)h.length;
		return true;
	}
	if (h.opcode == WS_PING)
		h.opcode = WS_PONG;
	else
		c->in_message = !h.fin;
	echo_head(c, &h);
	return true;
}

bool
echows_step(struct echoconn *c)
{
	struct buf *b = c->b;
	size_t from = b->beg;

	while (c->phase == E_WS && b->beg < b->end)
		if (c->left > 0)
			echo_payload(c);
		else if (!frame_step(c))
			break;
	return b->beg != from;
}
