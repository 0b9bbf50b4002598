/*
 * Tests lib/track.c: from memory that ends at an unreadable page, whole, cut
 * at each byte, byte by byte, and in random pieces.
 */
#include <string.h>

#include "guard.h"
#include "track.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static unsigned char *guard_end;

/* n bytes right before the unreadable page */
static unsigned char *
guarded(const void *p, size_t n)
{
	if (n > 0)
		memcpy(guard_end - n, p, n);
	return guard_end - n;
}

/* a xorshift, so that each run tests the same */
static size_t
pick(size_t below)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (size_t)(x % below);
}

/* the tracker, frame by frame */

static const struct {
	const char *bytes;
	size_t n;
	unsigned messages, code;
	bool closed, blind, boundary;
	const char *why;
} tracks[] = {
#define B(s) s, sizeof(s) - 1
	{B(""), 0, 0, false, false, true, "nothing"},
	{B("\x81"), 0, 0, false, false, false, "half a head"},
	{B("\x81\x05"), 0, 0, false, false, false, "head alone"},
	{B("\x81\x05Hell"), 0, 0, false, false, false, "a byte missing"},
	{B("\x81\x05Hello"), 1, 0, false, false, true, "hello"},
	{B("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), 1, 0, false,
	 false, true, "masked hello"},
	{B("\x81\x85\x37\xfa\x21\x3d"), 0, 0, false, false, false,
	 "masked head"},
	{B("\x81\x80\x37\xfa\x21"), 0, 0, false, false, false,
	 "cut in the mask"},
	{B("\x01\x03Hel\x80\x02lo"), 1, 0, false, false, true, "fragments"},
	{B("\x01\x03Hel"), 0, 0, false, false, true, "between fragments"},
	{B("\x01\x03Hel\x89\x02xy\x8a\x00\x80\x02lo"), 1, 0, false, false,
	 true, "control between fragments"},
	{B("\x01\x00\x00\x00\x00\x00\x80\x00"), 1, 0, false, false, true,
	 "empty fragments"},
	{B("\x81\x00\x82\x00\x81\x00"), 3, 0, false, false, true, "empty"},
	{B("\x83\x00\x87\x00\x8b\x00\x8f\x00"), 0, 0, false, false, true,
	 "reserved opcodes"},
	{B("\xf1\x01x"), 1, 0, false, false, true, "extension bits"},
	{B("\x81\x7e\x00\x01x\x81\x7f\0\0\0\0\0\0\0\x01y"), 2, 0, false,
	 false, true, "lengths not minimal"},
	{B("\x81\x7e\x00\x00\x81\xff\0\0\0\0\0\0\0\0mask"), 2, 0, false,
	 false, true, "zero not minimal"},
	{B("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff payload"), 0, 0, false,
	 false, false, "63 bits"},
	{B("\x81\x00\x82\x7f\x80\0\0\0\0\0\0\0\x88\x00"), 1, 0, false, true,
	 false, "top bit"},
	{B("\x88\x02\x03\xe8"), 0, 1000, true, false, false, "close 1000"},
	{B("\x88\x82\x37\xfa\x21\x3d\x34\x12"), 0, 1000, true, false, false,
	 "masked close"},
	{B("\x88\x86\x01\x02\x03\x04\x12\x85gone"), 0, 4999, true, false,
	 false, "masked close with text"},
	{B("\x88\x06\x03\xe8gon"), 0, 1000, false, false, false,
	 "close not whole"},
	{B("\x88\x00"), 0, WS_C_NONE, true, false, false, "close, empty"},
	{B("\x88\x80mask"), 0, WS_C_NONE, true, false, false,
	 "masked close, empty"},
	{B("\x88\x01\x03"), 0, WS_C_NONE, true, false, false,
	 "close, half a code"},
	{B("\x88\x00\x81\x05Hello\x88\x02\x03\xe8\x82\xff\xff\xff"), 0,
	 WS_C_NONE, true, false, false, "behind a close"},
	{B("\x08\x02\x03\xe8"), 0, 1000, true, false, false,
	 "close without fin"},
	{B("\x81\x7e\x00\x02\x88\x00\x88\x02\x03\xe9"), 1, 1001, true, false,
	 false, "close inside a payload"},
};

static void
check_track(const struct track *t, size_t i)
{
	unsigned code = t->closed ? t->close_code : 0;

	if (tracks[i].code != 0 && !tracks[i].closed)
		code = t->close_code;
	expect(t->messages == tracks[i].messages, "messages", tracks[i].why);
	expect(t->closed == tracks[i].closed, "closed", tracks[i].why);
	expect(t->blind == tracks[i].blind, "blind", tracks[i].why);
	expect(code == tracks[i].code, "track code", tracks[i].why);
	expect(track_boundary(t) == tracks[i].boundary, "boundary",
	    tracks[i].why);
}

static void
test_track(void)
{
	struct track t;
	size_t i, k, n;

	expect(sizeof t <= 48, "track", "it is kept for each direction");
	for (i = 0; i < LEN(tracks); i++) {
		n = tracks[i].n;
		for (k = 0; k <= n; k++) {
			memset(&t, 0, sizeof t);
			track_feed(&t, guarded(tracks[i].bytes, k), k);
			track_feed(&t, guarded(tracks[i].bytes + k, n - k),
			    n - k);
			check_track(&t, i);
		}
		memset(&t, 0, sizeof t);
		for (k = 0; k < n; k++)
			track_feed(&t, guarded(tracks[i].bytes + k, 1), 1);
		check_track(&t, i);
	}
}

/* a payload beyond 4 GiB is skipped by its length, over and over one page */
static void
test_track_huge(void)
{
	static const unsigned char head[] = {0x82, 127, 0, 0, 0, 1, 0, 0, 0,
	    3};
	static unsigned char page[1 << 20];
	struct track t = {0};
	size_t i;

	track_feed(&t, head, sizeof head);
	for (i = 0; i < 4096; i++)
		track_feed(&t, page, sizeof page);
	expect(t.left == 3 && t.messages == 0, "huge", "all but three bytes");
	track_feed(&t, (const unsigned char *)"abc\x88\x02\x0f\xa0", 7);
	expect(t.messages == 1 && t.closed && t.close_code == 4000, "huge",
	    "the frame behind it");
}

/* the tracker, over a long stream: what is true behind each of its bytes */

#define STREAM_MAX 400000

static unsigned char stream[STREAM_MAX + 70000];
static struct truth {
	unsigned messages;
	bool boundary, closed;
} truth[STREAM_MAX + 70000];

static uint64_t
pick_length(void)
{
	static const uint64_t border[] = {0, 1, 2, 125, 126, 127, 65535,
	    65536};

	if (pick(40) == 0)
		return border[pick(LEN(border))];
	return pick(4) == 0 ? pick(2000) : pick(20);
}

/* puts a frame at *n, and the truth behind each of its bytes */
static void
put_frame(size_t *n, unsigned *messages, const struct ws_head *h)
{
	size_t i, from = *n;

	*n += ws_write_head(stream + *n, h);
	for (i = 0; i < h->length; i++)
		stream[(*n)++] = (unsigned char)pick(256);
	for (i = from; i < *n; i++) {
		truth[i].messages = *messages;
		truth[i].boundary = truth[i].closed = false;
	}
	if (h->fin && h->opcode < 3)
		++*messages;
	truth[*n - 1].messages = *messages;
	truth[*n - 1].boundary = h->opcode != WS_CLOSE;
	truth[*n - 1].closed = h->opcode == WS_CLOSE;
}

/* builds a stream that ends in a Close; returns its bytes */
static size_t
build(unsigned *code)
{
	static const uint8_t ops[] = {0, 1, 2, 0, 1, 2, 9, 10, 5};
	struct ws_head h = {0};
	unsigned messages = 0;
	size_t n = 0, at, i;

	while (n < STREAM_MAX) {
		h.opcode = ops[pick(LEN(ops))];
		h.fin = pick(2) == 0;
		h.rsv = (uint8_t)pick(8);
		h.masked = pick(2) == 0;
		h.length = pick_length();
		for (i = 0; i < 4; i++)
			h.mask[i] = (uint8_t)pick(256);
		put_frame(&n, &messages, &h);
	}
	h.opcode = WS_CLOSE;
	h.masked = true;
	h.length = 2 + pick(20);
	at = n + 6;
	put_frame(&n, &messages, &h);
	*code = (unsigned)(stream[at] ^ h.mask[0]) << 8 |
	    (unsigned)(stream[at + 1] ^ h.mask[1]);
	return n;
}

/* feeds the stream in pieces of 1 to max bytes */
static bool
follow(size_t n, size_t max, unsigned code)
{
	struct track t = {0};
	size_t i = 0, k;

	while (i < n) {
		k = 1 + pick(max);
		if (k > n - i)
			k = n - i;
		track_feed(&t, guarded(stream + i, k), k);
		i += k;
		if (t.blind || t.messages != truth[i - 1].messages ||
		    t.closed != truth[i - 1].closed ||
		    track_boundary(&t) != truth[i - 1].boundary)
			return false;
	}
	return t.closed && t.close_code == code;
}

static void
test_track_stream(void)
{
	static const size_t max[] = {1, 2, 3, 14, 100, 1000, 4096, GUARD_MAX};
	unsigned code, round;
	size_t i, n;

	for (round = 0; round < 4; round++) {
		n = build(&code);
		for (i = 0; i < LEN(max); i++)
			expect(follow(n, max[i], code), "stream",
			    "against the truth behind each byte");
	}
}

/* frames under rules: what passes, what ends it */

#define TAG UINT64_C(0x4242424242424242)
#define T8 "BBBBBBBB" /* the bytes of TAG, in either order */
#define C false
#define S true /* masked frames are asked for */
#define MASK "\x37\xfa\x21\x3d"
#define TEN "0123456789"
#define L120 TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *bytes;
	size_t n;
	size_t pass;      /* bytes that pass, own pongs not counted */
	enum reason why;  /* that it ends with */
	bool masked, relaxed;
	uint8_t rsv;
	unsigned frame_max, message_max;
	int64_t number;   /* of the last ping of our own that was answered */
	const char *title;
} rows[] = {
#define STRICT C, false, 0, 0, 0, -1
	{B("\x81\x05Hello"), 7, R_DONE, STRICT, "text"},
	{B("\x01\x03Hel\x89\x02xy\x80\x02lo"), 13, R_DONE, STRICT,
	 "ping between fragments"},
	{B("\x01\x00\x00\x00\x80\x00\x82\x00"), 8, R_DONE, STRICT,
	 "empty fragments"},
	{B("\x83\x00"), 0, R_FRAME_OPCODE, STRICT, "opcode 3"},
	{B("\x87\x00"), 0, R_FRAME_OPCODE, STRICT, "opcode 7"},
	{B("\x81\x00\x8b\x00"), 2, R_FRAME_OPCODE, STRICT, "opcode 11"},
	{B("\x8f\x00"), 0, R_FRAME_OPCODE, STRICT, "opcode 15"},
	{B("\xc1\x00"), 0, R_FRAME_RSV, STRICT, "rsv1"},
	{B("\xa1\x00"), 0, R_FRAME_RSV, STRICT, "rsv2"},
	{B("\x91\x00"), 0, R_FRAME_RSV, STRICT, "rsv3"},
	{B("\xc9\x00"), 0, R_FRAME_RSV, STRICT, "rsv1 of a ping"},
	{B("\x09\x00"), 0, R_FRAME_CONTROL, STRICT, "a ping in fragments"},
	{B("\x89\x7e\x00\x7e" L120 "123456"), 0, R_FRAME_CONTROL, STRICT,
	 "a ping of 126 bytes"},
	{B("\x89\x7d" L120 "12345"), 127, R_DONE, STRICT,
	 "a ping of 125 bytes"},
	{B("\x80\x00"), 0, R_FRAME_ORDER, STRICT, "continuation of nothing"},
	{B("\x81\x00\x00\x00"), 2, R_FRAME_ORDER, STRICT,
	 "continuation after the end"},
	{B("\x01\x00\x81\x00"), 2, R_FRAME_ORDER, STRICT,
	 "a message within another"},
	{B("\x01\x00\x02\x00"), 2, R_FRAME_ORDER, STRICT,
	 "a beginning within another"},
	{B("\x81\x7e\x00\x7dx"), 0, R_FRAME_LENGTH, STRICT,
	 "length not minimal"},
	{B("\x81\x7f\0\0\0\0\0\0\xff\xff"), 0, R_FRAME_LENGTH, STRICT,
	 "length not minimal, of eight bytes"},
	{B("\x81\x7f\x80\0\0\0\0\0\0\0"), 0, R_FRAME_LENGTH, STRICT,
	 "top bit"},
	{B("\x81\x80" MASK), 0, R_FRAME_MASK, STRICT, "a masked one"},
	{B("\x88\x00"), 2, R_DONE, STRICT, "close"},
	{B("\x88\x02\x03\xe8"), 4, R_DONE, STRICT, "close 1000"},
	{B("\x88\x01\x03"), 0, R_FRAME_CLOSE, STRICT, "half a code"},
	{B("\x88\x02\x03\xed"), 0, R_FRAME_CLOSE, STRICT, "close 1005"},
	{B("\x88\x02\x03\xee"), 0, R_FRAME_CLOSE, STRICT, "close 1006"},
	{B("\x88\x02\x00\x00"), 0, R_FRAME_CLOSE, STRICT, "close 0"},
	{B("\x88\x05\x03\xe8\xe2\x82\xac"), 7, R_DONE, STRICT,
	 "close with a euro"},
	{B("\x88\x06\x03\xe8\xf0\x9f\x98\x80"), 8, R_DONE, STRICT,
	 "close with a face"},
	{B("\x88\x04\x03\xe8\xc0\x80"), 0, R_FRAME_CLOSE, STRICT,
	 "overlong"},
	{B("\x88\x05\x03\xe8\xe0\x9f\xbf"), 0, R_FRAME_CLOSE, STRICT,
	 "overlong in three"},
	{B("\x88\x05\x03\xe8\xed\xa0\x80"), 0, R_FRAME_CLOSE, STRICT,
	 "surrogate"},
	{B("\x88\x06\x03\xe8\xf4\x90\x80\x80"), 0, R_FRAME_CLOSE, STRICT,
	 "beyond unicode"},
	{B("\x88\x04\x03\xe8\xe2\x82"), 0, R_FRAME_CLOSE, STRICT,
	 "cut utf-8"},
	{B("\x88\x03\x03\xe8\x80"), 0, R_FRAME_CLOSE, STRICT,
	 "a continuation byte"},
	{B("\x88\x03\x03\xe8\xff"), 0, R_FRAME_CLOSE, STRICT, "byte 255"},
	{B("\x88\x00\xff\xff\xff"), 5, R_DONE, STRICT, "behind a close"},
#undef STRICT
	{B("\x81\x80" MASK "\x88\x80" MASK), 12, R_DONE, S, false, 0, 0, 0,
	 -1, "masked ones"},
	{B("\x81\x80" MASK "\x81\x00"), 6, R_FRAME_MASK, S, false, 0, 0, 0,
	 -1, "one that is not masked"},
	{B("\x88\x82" MASK "\x34\x12"), 8, R_DONE, S, false, 0, 0, 0, -1,
	 "masked close 1000"},
	{B("\x88\x82" MASK "\x03\xe8"), 0, R_FRAME_CLOSE, S, false, 0, 0, 0,
	 -1, "masked close of no code"},
	{B("\xc1\x00\x41\x00\x80\x00"), 6, R_DONE, C, false, 4, 0, 0, -1,
	 "rsv1 where it has a meaning"},
	{B("\x41\x00\xc0\x00"), 2, R_FRAME_RSV, C, false, 4, 0, 0, -1,
	 "rsv1 of a continuation"},
	{B("\xe1\x00"), 0, R_FRAME_RSV, C, false, 4, 0, 0, -1,
	 "rsv2 beside it"},
	{B("\xf1\x00\xf9\x00"), 4, R_DONE, C, false, 7, 0, 0, -1,
	 "bits of an unknown extension"},
	/* what passes where nobody is strict */
	{B("\x83\x00\x09\x00\x81\x80" MASK "\x80\x00\xf1\x00"), 14, R_DONE,
	 C, true, 0, 0, 0, -1, "whatever keeps the boundaries"},
	{B("\x81\x7e\x00\x01x\x88\x01\x03"), 8, R_DONE, C, true, 0, 0, 0,
	 -1, "a long length, a short close"},
	{B("\x82\x7f\x80\0\0\0\0\0\0\0rest"), 14, R_DONE, C, true, 0, 0, 0,
	 -1, "blind after the top bit"},
	/* limits, on both sides of the border */
	{B("\x81\x05Hello"), 7, R_DONE, C, true, 0, 5, 0, -1, "frame of 5"},
	{B("\x81\x00\x81\x06Hello!"), 2, R_FRAME_TOO_BIG, C, true, 0, 5, 0,
	 -1, "frame of 6"},
	{B("\x89\x06Hello!"), 8, R_DONE, C, true, 0, 5, 5, -1, "ping of 6"},
	{B("\x01\x03Hel\x89\x06Hello!\x80\x02lo"), 17, R_DONE, C, true, 0, 0,
	 5, -1, "message of 3 + 2"},
	{B("\x01\x03Hel\x80\x03lo!"), 5, R_MESSAGE_TOO_BIG, C, true, 0, 0, 5,
	 -1, "message of 3 + 3"},
	{B("\x01\x05Hello\x00\x00\x80\x00"), 11, R_DONE, C, true, 0, 0, 5, -1,
	 "message of 5 + 0 + 0"},
	{B("\x81\x06Hello!"), 0, R_MESSAGE_TOO_BIG, C, true, 0, 0, 5, -1,
	 "message of 6"},
	{B("\x81\x05Hello\x81\x05Hello"), 14, R_DONE, C, true, 0, 0, 5, -1,
	 "messages of 5"},
	{B("\x81\x7f\x80\0\0\0\0\0\0\0"), 0, R_MESSAGE_TOO_BIG, C, true,
	 0, 0, 5, -1, "message of 2^63"},
	{B("\x01\x05Hello\x80\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), 7,
	 R_MESSAGE_TOO_BIG, C, true, 0, 0, 5, -1, "a sum that overflows"},
	/* pongs to our own pings */
	{B("\x8a\x0c" T8 "\0\0\1\2"), 0, R_DONE, C, true, 0, 0, 0, 258,
	 "our own"},
	{B("\x81\x02Hi\x8a\x0c" T8 "\0\0\0\7\x81\x02Hi"), 8, R_DONE, C,
	 true, 0, 0, 0, 7, "our own between messages"},
	{B("\x01\x02Hi\x8a\x0c" T8 "\0\0\0\7\x80\x02Hi"), 8, R_DONE, C,
	 false, 0, 0, 0, 7, "our own between fragments"},
	{B("\x8a\x8c\1\2\3\4C@AFC@AF\1\2\2\6"), 0, R_DONE, S, false, 0, 0,
	 0, 258, "our own, masked"},
	{B("\x8a\x0c" "BBBBBBBC\0\0\0\1"), 14, R_DONE, C, true, 0, 0, 0, -1,
	 "another tag"},
	{B("\x8a\x0b" T8 "\0\0\1"), 13, R_DONE, C, true, 0, 0, 0, -1,
	 "a byte short"},
	{B("\x8a\x0d" T8 "\0\0\0\1\0"), 15, R_DONE, C, true, 0, 0, 0, -1,
	 "a byte long"},
	{B("\x89\x0c" T8 "\0\0\0\1"), 14, R_DONE, C, true, 0, 0, 0, -1,
	 "a ping like ours"},
	{B("\x0a\x0c" T8 "\0\0\0\1"), 14, R_DONE, C, true, 0, 0, 0, -1,
	 "a fragment like ours"},
	{B("\x82\x0e\x8a\x0c" T8 "\0\0\0\1"), 16, R_DONE, C, true, 0, 0, 0,
	 -1, "a payload like ours"},
};

struct outcome {
	unsigned char passed[300];
	size_t n;
	enum reason why;
	int64_t number;
};

/* gives the row's bytes in the pieces that end at the cuts, as a relay does:
 * what is held comes again with more */
static void
relay(size_t i, struct track *t, size_t step, size_t first,
    struct outcome *o)
{
	struct track_rules r = {0};
	struct track_piece piece;
	size_t begin = 0, end = 0, n = rows[i].n;
	const unsigned char *p;

	r.tag = TAG;
	r.strict = !rows[i].relaxed;
	r.masked = rows[i].masked;
	r.rsv = rows[i].rsv;
	r.frame_max = rows[i].frame_max;
	r.message_max = rows[i].message_max;
	memset(o, 0, sizeof *o);
	o->number = -1;
	memset(t, 0, sizeof *t);
	while (end < n) {
		end += end == 0 && first > 0 ? first : step;
		if (end > n)
			end = n;
		while (begin < end) {
			p = guarded(rows[i].bytes + begin, end - begin);
			track_sift(t, &r, p, end - begin, &piece);
			o->why = piece.fate == TRACK_FAULT ? piece.why : 0;
			if (piece.fate == TRACK_FAULT)
				return;
			if (piece.fate == TRACK_HOLD) {
				expect(piece.n == end - begin &&
				    piece.n < TRACK_HOLD_MAX, "hold",
				    rows[i].title);
				break;
			}
			if (piece.fate == TRACK_OWN)
				o->number = piece.number;
			else
				memcpy(o->passed + o->n, p, piece.n);
			o->n += piece.fate == TRACK_OWN ? 0 : piece.n;
			begin += piece.n;
		}
	}
	expect(begin == n, "held to the end", rows[i].title);
}

static void
check_outcome(size_t i, const struct outcome *o)
{
	const char *own = strstr(rows[i].title, "our own");
	size_t pass = rows[i].pass;

	expect(o->why == rows[i].why, "fault", rows[i].title);
	expect(o->n == pass, "passed", rows[i].title);
	expect(o->number == rows[i].number, "number", rows[i].title);
	if (own == NULL)
		expect(memcmp(o->passed, rows[i].bytes, pass) == 0, "bytes",
		    rows[i].title);
	else
		/* what stands before it, and after it */
		expect(memcmp(o->passed, rows[i].bytes, pass / 2) == 0 &&
		    memcmp(o->passed + pass / 2, rows[i].bytes + rows[i].n -
		    pass / 2, pass / 2) == 0, "bytes around", rows[i].title);
}

static void
test_sift(void)
{
	struct outcome o;
	struct track t;
	size_t i, k;

	for (i = 0; i < LEN(rows); i++) {
		for (k = 1; k <= rows[i].n; k++) {
			relay(i, &t, k, 0, &o);
			check_outcome(i, &o);
			relay(i, &t, rows[i].n, k, &o);
			check_outcome(i, &o);
		}
	}
}

/* rules that only look for our own pongs may begin in the middle of a frame */
static void
test_sift_late(void)
{
	static const char bytes[] = "\x82\x05Hello\x8a\x0c" T8
	    "\0\0\0\3\x81\x00";
	struct track_rules r = {0};
	struct track_piece piece;
	size_t k, i, n = sizeof bytes - 1, passed;
	struct track t;

	r.tag = TAG;
	for (k = 0; k <= 7; k++) {
		memset(&t, 0, sizeof t);
		track_feed(&t, guarded(bytes, k), k);
		passed = k;
		for (i = k; i < n; i += piece.n) {
			track_sift(&t, &r, guarded(bytes + i, n - i), n - i,
			    &piece);
			expect(piece.fate == TRACK_PASS ||
			    (piece.fate == TRACK_OWN && piece.number == 3),
			    "late", "fate");
			passed += piece.fate == TRACK_PASS ? piece.n : 0;
		}
		expect(passed == 9 && t.messages == 2 && track_boundary(&t),
		    "late", "what passed");
	}
}

/* the long stream again: everything passes, and the truth is the same */
static bool
sift_stream(size_t n, size_t max, unsigned code)
{
	struct track_rules r = {0};
	struct track t = {0};
	struct track_piece piece;
	size_t i = 0, end = 0;

	r.tag = TAG;
	while (i < n) {
		end += 1 + pick(max);
		if (end > n)
			end = n;
		while (i < end) {
			track_sift(&t, &r, guarded(stream + i, end - i),
			    end - i, &piece);
			if (piece.fate == TRACK_HOLD)
				break;
			if (piece.fate != TRACK_PASS || piece.n == 0)
				return false;
			i += piece.n;
			if (t.messages != truth[i - 1].messages ||
			    track_boundary(&t) != truth[i - 1].boundary)
				return false;
		}
	}
	return t.closed && t.close_code == code;
}

static void
test_sift_stream(void)
{
	static const size_t max[] = {1, 3, 14, 1000, GUARD_MAX / 2};
	unsigned code;
	size_t i, n;

	n = build(&code);
	for (i = 0; i < LEN(max); i++)
		expect(sift_stream(n, max[i], code), "sifted stream",
		    "against the truth behind each byte");
}

int
main(void)
{
	guard_end = guard();
	test_track();
	test_track_huge();
	test_track_stream();
	test_sift();
	test_sift_late();
	test_sift_stream();
	return failed;
}
