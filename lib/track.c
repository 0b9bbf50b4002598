/*
 * Frame boundaries: see track.h. track_feed() is what most bytes go through,
 * and follows boundaries alone; track_sift() looks at each frame's head before
 * it lets the frame pass.
 */
#include <string.h>

#include "track.h"

/* the frame in t->head has passed whole */
static void
end_frame(struct track *t)
{
	t->head_n = 0;
	t->head_len = 0;
	if (t->fin && t->opcode <= WS_BINARY)
		t->messages++;
	if (t->opcode != WS_CLOSE)
		return;
	t->closed = true;
	if (t->code_n < 2)
		t->close_code = WS_C_NONE;
}

/* the head is whole */
static void
begin_frame(struct track *t)
{
	t->fin = t->head[0] >> 7;
	t->opcode = t->head[0] & 0xf;
	t->left = ws_head_length(t->head);
	if (t->left >> 63 != 0) {
		t->left = 0;
		t->blind = true;
	} else if (t->left == 0) {
		end_frame(t);
	}
}

/* gathers a frame head; returns the bytes taken */
static size_t
track_head(struct track *t, const unsigned char *p, size_t n)
{
	size_t i = 0;

	/* a head that is there whole */
	if (t->head_n == 0 && n >= WS_HEAD_MAX) {
		memcpy(t->head, p, WS_HEAD_MAX);
		i = ws_head_len(p);
		t->head_len = t->head_n = (uint8_t)i;
		begin_frame(t);
		return i;
	}
	while (i < n) {
		t->head[t->head_n++] = p[i++];
		if (t->head_n == 2)
			t->head_len = (uint8_t)ws_head_len(t->head);
		if (t->head_n == t->head_len) {
			begin_frame(t);
			break;
		}
	}
	return i;
}

/* takes the code from n bytes of a Close frame's payload */
static void
track_code(struct track *t, const unsigned char *p, size_t n)
{
	unsigned c;
	size_t i;

	for (i = 0; i < n && t->code_n < 2; i++) {
		c = p[i];
		if ((t->head[1] & 0x80) != 0)
			c ^= t->head[t->head_len - 4 + t->code_n];
		t->close_code = (uint16_t)((unsigned)t->close_code << 8 | c);
		t->code_n++;
	}
}

/* skips payload; returns the bytes taken */
static size_t
track_payload(struct track *t, const unsigned char *p, size_t n)
{
	if (n > t->left)
		n = (size_t)t->left;
	if (t->opcode == WS_CLOSE)
		track_code(t, p, n);
	t->left -= n;
	if (t->left == 0)
		end_frame(t);
	return n;
}

/*
 * Takes a frame that is there whole, if it is a short one and no Close: most
 * are, and for them nothing has to be kept. Returns its bytes, or 0.
 */
static size_t
track_whole(struct track *t, const unsigned char *p, size_t n)
{
	size_t len, opcode = p[0] & 0xf;

	if (t->left > 0 || t->head_n > 0 || n < 2)
		return 0;
	len = p[1] & 0x7f;
	if (len > WS_CONTROL_MAX || opcode == WS_CLOSE)
		return 0;
	len += (p[1] & 0x80) != 0 ? 6 : 2;
	if (len > n)
		return 0;
	t->messages += p[0] >> 7 != 0 && opcode <= WS_BINARY;
	return len;
}

void
track_feed(struct track *t, const unsigned char *p, size_t n)
{
	size_t k;

	while (n > 0 && !t->closed && !t->blind) {
		k = track_whole(t, p, n);
		if (k == 0 && t->left > 0)
			k = track_payload(t, p, n);
		else if (k == 0)
			k = track_head(t, p, n);
		p += k;
		n -= k;
	}
}

bool
track_boundary(const struct track *t)
{
	return t->head_n == 0 && !t->closed && !t->blind;
}

static bool
is_utf8(const unsigned char *p, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c;
	size_t i, k, len;

	for (i = 0; i < n; i += len) {
		len = p[i] < 0x80 ? 1 : p[i] >> 5 == 6 ? 2 :
		    p[i] >> 4 == 14 ? 3 : p[i] >> 3 == 30 ? 4 : 0;
		if (len == 0 || len > n - i)
			return false;
		c = len == 1 ? p[i] : p[i] & (0x7fu >> len);
		for (k = 1; k < len; k++) {
			if (p[i + k] >> 6 != 2)
				return false;
			c = c << 6 | (p[i + k] & 0x3f);
		}
		if (c < least[len] || c > 0x10ffff || c >> 11 == 0x1b)
			return false;
	}
	return true;
}

/* the payload of a Close: RFC 6455 5.5.1, 7.4 */
static bool
close_is_valid(const struct ws_head *h, const unsigned char *p)
{
	unsigned char plain[WS_CONTROL_MAX];
	size_t n = (size_t)h->length;

	if (n == 0)
		return true;
	if (n == 1)
		return false;
	memcpy(plain, p, n);
	if (h->masked)
		ws_mask(plain, n, h->mask, 0);
	return ws_close_code_valid((unsigned)plain[0] << 8 | plain[1]) &&
	    is_utf8(plain + 2, n - 2);
}

static bool
is_control(const struct ws_head *h)
{
	return h->opcode >= WS_CLOSE;
}

/* what a strict reader says of a head: RFC 6455 5.2, 5.4, 5.5 */
static enum reason
judge_head(const struct track *t, const struct track_rules *r,
    const struct ws_head *h)
{
	bool first = h->opcode == WS_TEXT || h->opcode == WS_BINARY;

	if (h->masked != r->masked)
		return R_FRAME_MASK;
	if ((h->opcode > WS_BINARY && h->opcode < WS_CLOSE) ||
	    h->opcode > WS_PONG)
		return R_FRAME_OPCODE;
	if (r->rsv != 7 && (h->rsv & ~(first ? r->rsv : 0)) != 0)
		return R_FRAME_RSV;
	if (is_control(h) && (!h->fin || h->length > WS_CONTROL_MAX))
		return R_FRAME_CONTROL;
	if (!is_control(h) && first == t->within)
		return R_FRAME_ORDER;
	return R_DONE;
}

/* the limits of data frames */
static enum reason
judge_size(const struct track *t, const struct track_rules *r,
    const struct ws_head *h)
{
	uint64_t before = h->opcode == WS_CONT ? t->size : 0;

	if (is_control(h))
		return R_DONE;
	if (r->frame_max > 0 && h->length > r->frame_max)
		return R_FRAME_TOO_BIG;
	if (r->message_max > 0 && (h->length > r->message_max ||
	    before > r->message_max - h->length))
		return R_MESSAGE_TOO_BIG;
	return R_DONE;
}

static void
hold(struct track_piece *piece, size_t n)
{
	piece->fate = TRACK_HOLD;
	piece->n = n;
}

static void
fault(struct track_piece *piece, enum reason why)
{
	piece->fate = TRACK_FAULT;
	piece->why = why;
	piece->n = 0;
}

/* whether it is, or may be, the pong to a ping of weir's own */
static bool
sift_pong(const struct track_rules *r, const struct ws_head *h,
    const unsigned char *p, size_t n, size_t len, struct track_piece *piece)
{
	int64_t number;

	if (r->tag == 0 || h->opcode != WS_PONG || !h->fin ||
	    h->length != BEAT_PAYLOAD)
		return false;
	if (n < len + BEAT_PAYLOAD) {
		hold(piece, n);
		return true;
	}
	number = beat_number(p + len, r->tag, h->masked ? h->mask : NULL);
	if (number < 0)
		return false;
	piece->fate = TRACK_OWN;
	piece->number = (uint32_t)number;
	piece->n = len + BEAT_PAYLOAD;
	return true;
}

/* whether a frame with this head may begin, under strict rules */
static bool
sift_strictly(const struct track *t, const struct track_rules *r,
    const struct ws_head *h, const unsigned char *p, size_t n, size_t len,
    struct track_piece *piece)
{
	enum reason why = judge_head(t, r, h);

	if (why != R_DONE) {
		fault(piece, why);
		return false;
	}
	if (h->opcode != WS_CLOSE)
		return true;
	if (n < len + h->length) {
		hold(piece, n);
		return false;
	}
	if (!close_is_valid(h, p + len)) {
		fault(piece, R_FRAME_CLOSE);
		return false;
	}
	return true;
}

/* a frame begins at p: its head passes, or is held, or is none */
static void
sift_head(struct track *t, const struct track_rules *r,
    const unsigned char *p, size_t n, struct track_piece *piece)
{
	struct ws_head h;
	enum reason why;
	size_t len;
	int whole;

	if (n < 2 || n < (len = ws_head_len(p))) {
		hold(piece, n);
		return;
	}
	whole = ws_read_head(p, n, &h);
	if (whole < 0 && r->strict) {
		fault(piece, R_FRAME_LENGTH);
		return;
	}
	if (sift_pong(r, &h, p, n, len, piece) ||
	    (r->strict && !sift_strictly(t, r, &h, p, n, len, piece)))
		return;
	why = judge_size(t, r, &h);
	if (why != R_DONE) {
		fault(piece, why);
		return;
	}
	if (!is_control(&h)) {
		t->size = (h.opcode == WS_CONT ? t->size : 0) + h.length;
		t->within = !h.fin;
	}
	piece->n = track_head(t, p, n);
}

void
track_sift(struct track *t, const struct track_rules *r,
    const unsigned char *p, size_t n, struct track_piece *piece)
{
	piece->fate = TRACK_PASS;
	piece->n = n;
	if (t->closed || t->blind)
		return;
	if (t->left > 0)
		piece->n = track_payload(t, p, n);
	else if (t->head_n > 0)
		piece->n = track_head(t, p, n);
	else
		sift_head(t, r, p, n, piece);
}
