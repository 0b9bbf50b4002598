/*
 * Tests body.c. Each body is fed whole, cut in two at each byte, and byte by
 * byte, from memory of exactly its size, and must come out the same: as a
 * payload, as trailers, as what is left behind its end, and as a fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define OUT_MAX 65536
#define HEAD_MAX 1024
#define FIELDS_MAX 200

static int failed;
static struct http_field fields[FIELDS_MAX];
static const struct http_limits limits = {HEAD_MAX, HEAD_MAX, FIELDS_MAX};

static void
fail(const char *name, const char *how, const char *what)
{
	fprintf(stderr, "FAIL %s: %s: %s\n", name, how, what);
	failed = 1;
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

/* what came out */
static struct {
	char bytes[OUT_MAX]; /* as sent */
	size_t n;
	size_t payload; /* as the pieces say */
	uint64_t counted; /* as the body says */
	bool done;
	int fault; /* a reason, or 0 */
	char rest[OUT_MAX]; /* not taken */
	size_t n_rest;
} out;

static void
gather(const struct body_piece *piece, const char *name, const char *how)
{
	int i;

	if (piece->n < 0 || piece->n > BODY_PARTS) {
		fail(name, how, "number of parts");
		return;
	}
	for (i = 0; i < piece->n; i++) {
		if (piece->parts[i].iov_len == 0)
			fail(name, how, "an empty part");
		if (out.n + piece->parts[i].iov_len > OUT_MAX)
			exit(1);
		memcpy(out.bytes + out.n, piece->parts[i].iov_base,
		    piece->parts[i].iov_len);
		out.n += piece->parts[i].iov_len;
	}
	out.payload += piece->payload;
}

/* gives body_take() what was left of before and n bytes more */
static void
give(struct body *b, const char *p, size_t n, const char *name,
    const char *how)
{
	struct body_piece piece;
	size_t all = out.n_rest + n, before = out.n;
	ssize_t taken;
	char *copy;

	copy = malloc(all > 0 ? all : 1);
	if (copy == NULL)
		exit(1);
	memcpy(copy, out.rest, out.n_rest);
	if (n > 0)
		memcpy(copy + out.n_rest, p, n);
	taken = body_take(b, copy, all, &limits, fields, &piece);
	gather(&piece, name, how);
	if (out.n - before > body_grown(all))
		fail(name, how, "more than body_grown() was added");
	if (taken < 0) {
		out.fault = (int)-taken;
		taken = 0;
	}
	if ((size_t)taken > all) {
		fail(name, how, "took more than there was");
		taken = (ssize_t)all;
	}
	out.n_rest = all - (size_t)taken;
	memcpy(out.rest, copy + taken, out.n_rest);
	out.counted = b->bytes;
	out.done = b->done;
	free(copy);
}

/* feeds in pieces: the first one of first bytes, the others of step */
static void
feed(struct body *b, const char *p, size_t n, size_t first, size_t step,
    const char *name, const char *how)
{
	size_t i, k;

	memset(&out, 0, sizeof out);
	out.done = b->done;
	for (i = 0; i < n; i += k) {
		k = i == 0 && first > 0 ? first : step;
		if (k > n - i)
			k = n - i;
		/* bytes behind the end wait with the caller */
		if (b->done || out.fault != 0) {
			memcpy(out.rest + out.n_rest, p + i, k);
			out.n_rest += k;
			continue;
		}
		give(b, p + i, k, name, how);
	}
}

/* dechunks out.bytes in its own way; false: they are not well-formed */
static bool
plain(char *payload, size_t *n, bool *whole, const char **trailers)
{
	const char *p = out.bytes, *end = out.bytes + out.n;
	char digits[20], *last;
	unsigned long size;
	size_t k;

	*n = 0;
	*whole = false;
	*trailers = end;
	while (p < end) {
		for (k = 0; k < 16 && p + k < end &&
		    strchr("0123456789abcdef", p[k]) != NULL; k++)
			digits[k] = p[k];
		digits[k] = '\0';
		size = strtoul(digits, &last, 16);
		if (k == 0 || end - p - (ptrdiff_t)k < 2 ||
		    memcmp(p + k, "\r\n", 2) != 0)
			return false;
		p += k + 2;
		if (size == 0) {
			*whole = true;
			*trailers = p;
			return true;
		}
		if ((size_t)(end - p) < size + 2 ||
		    memcmp(p + size, "\r\n", 2) != 0)
			return false;
		memcpy(payload + *n, p, size);
		*n += size;
		p += size + 2;
	}
	return true;
}

#define CL HTTP_BODY_LENGTH
#define CH HTTP_BODY_CHUNKED
#define TO_EOF HTTP_BODY_EOF
#define END "\r\n" /* of trailers */

/*
 * What is behind the end is in rest; of a fault, what is not taken is
 * nobody's business, and payload is what came before it.
 */
static const struct {
	enum http_body kind;
	uint64_t length;
	const char *in, *payload;
	const char *trailers; /* as they go on; NULL: the end is not reached */
	const char *rest;
	int fault;
	const char *why;
} rows[] = {
	{HTTP_BODY_NONE, 0, "GET / ", "", END, "GET / ", 0, "none"},
	{HTTP_BODY_NONE, 7, "GET / ", "", END, "GET / ", 0,
	 "none, but a length"},
	{CL, 0, "GET / ", "", END, "GET / ", 0, "length 0"},
	{CL, 1, "a", "a", END, "", 0, "one byte"},
	{CL, 5, "hello", "hello", END, "", 0, "exactly"},
	{CL, 5, "helloGET / HTTP/1.1", "hello", END, "GET / HTTP/1.1", 0,
	 "more behind"},
	{CL, 5, "hell", "hell", NULL, "", 0, "one byte less"},
	{CL, 6, "0\r\n\r\n\r", "0\r\n\r\n\r", END, "", 0,
	 "no chunks in a length"},
	{CL, UINT64_MAX, "hello", "hello", NULL, "", 0, "the longest"},
	{CL, (uint64_t)1 << 32, "hello", "hello", NULL, "", 0, "4 GB"},
	{CL, ((uint64_t)1 << 32) + 2, "hello", "hello", NULL, "", 0,
	 "4 GB and 2"},
	{TO_EOF, 0, "hello", "hello", NULL, "", 0, "to the end"},
	{TO_EOF, 3, "hello", "hello", NULL, "", 0, "to the end, a length"},
	{TO_EOF, 0, "0\r\n\r\n", "0\r\n\r\n", NULL, "", 0,
	 "to the end, no chunks"},
	{CH, 0, "0\r\n\r\n", "", END, "", 0, "no chunk"},
	{CH, 0, "0\r\n\r\nGET / HTTP/1.1\r\n", "", END, "GET / HTTP/1.1\r\n",
	 0, "no chunk, more behind"},
	{CH, 0, "5\r\nhello\r\n0\r\n\r\n", "hello", END, "", 0, "one chunk"},
	{CH, 0, "5\r\nhello\r\n0\r\n\r\n\r\n0\r\n\r\n", "hello", END,
	 "\r\n0\r\n\r\n", 0, "looks alike behind"},
	{CH, 0, "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef", END,
	 "", 0, "three chunks"},
	{CH, 0, "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", END, "", 0,
	 "capital digit"},
	{CH, 0, "000005\r\nhello\r\n000\r\n\r\n", "hello", END, "", 0,
	 "zeros in front"},
	{CH, 0, "5;a=b;c=\"d;\\\"\"\r\nhello\r\n0;e\r\n\r\n", "hello", END,
	 "", 0, "extensions are dropped"},
	{CH, 0, "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n", END, "",
	 0, "chunks in a chunk"},
	{CH, 0, "5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\nGET", "hello",
	 "X-Sum: 7\r\n\r\n", "GET", 0, "trailer"},
	{CH, 0, "0\r\na:1\r\nb: \t2 \r\nc:\r\n\r\n", "",
	 "a: 1\r\nb: 2\r\nc: \r\n\r\n", "", 0, "trailers are written anew"},
	{CH, 0, "1\r\nx\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: "
	 "chunked\r\nX-A: 1\r\nHost: evil\r\nAuthorization: x\r\n"
	 "Connection: X-A\r\nX-B: 2\r\nKeep-Alive: 1\r\nTE: x\r\n"
	 "Trailer: x\r\nUpgrade: x\r\nExpect: 100-continue\r\n"
	 "Cookie: a=b\r\nSet-Cookie: a=b\r\nContent-Type: x\r\n"
	 "Content-Encoding: x\r\n\r\nGET", "x",
	 "X-A: 1\r\nX-B: 2\r\n\r\n", "GET", 0, "trailers are filtered"},
	{CH, 0, "1\r\nx\r\n0\r\nHost: evil\r\n\r\n", "x", END, "", 0,
	 "no trailer is left"},
	/* not whole */
	{CH, 0, "5\r\nhel", "hel", NULL, "", 0, "cut in a chunk"},
	{CH, 0, "5\r\nhello\r\n", "hello", NULL, "", 0, "cut behind a chunk"},
	{CH, 0, "5\r\nhello\r\n0\r\n", "hello", NULL, "", 0,
	 "cut before trailers"},
	{CH, 0, "5\r\nhello\r\n0\r\nX-Sum: 7\r\n", "hello", NULL,
	 "X-Sum: 7\r\n", 0, "cut in trailers"},
	{CH, 0, "5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r", "hello", NULL,
	 "X-Sum: 7\r\n\r", 0, "cut in the last end"},
	/* faults */
	{CH, 0, "x\r\n", "", NULL, "", R_BAD_CHUNK, "no digit"},
	{CH, 0, "\r\n0\r\n\r\n", "", NULL, "", R_BAD_CHUNK, "no size"},
	{CH, 0, "-1\r\n", "", NULL, "", R_BAD_CHUNK, "sign"},
	{CH, 0, "0x5\r\nhello\r\n", "", NULL, "", R_BAD_CHUNK, "prefix"},
	{CH, 0, "5\nhello\r\n0\r\n\r\n", "", NULL, "", R_BAD_CHUNK,
	 "bare lf"},
	{CH, 0, "10000000000000000\r\n", "", NULL, "", R_BAD_CHUNK,
	 "too large a chunk"},
	{CH, 0, "5\r\nhelloX", "hello", NULL, "", R_BAD_CHUNK,
	 "chunk too long"},
	{CH, 0, "5\r\nhello\rX", "hello", NULL, "", R_BAD_CHUNK,
	 "half an end"},
	{CH, 0, "1\r\na\r\n5\r\nhello\r\nq\r\nhello", "ahello", NULL, "",
	 R_BAD_CHUNK, "fault behind two chunks"},
	{CH, 0, "2\r\nab\r\n0\r\n: x\r\n\r\n", "ab", NULL, "", R_BAD_TRAILER,
	 "trailer without a name"},
	{CH, 0, "2\r\nab\r\n0\r\nX-A : x\r\n\r\n", "ab", NULL, "",
	 R_BAD_TRAILER, "space in a trailer's name"},
	{CH, 0, "2\r\nab\r\n0\r\nX-A: x\r\n y\r\n\r\n", "ab", NULL, "",
	 R_BAD_TRAILER, "folded trailer"},
	{CH, 0, "2\r\nab\r\n0\r\nX-A: x\n\r\n", "ab", NULL, "",
	 R_BAD_TRAILER, "bare lf in a trailer"},
};

static bool
same(const char *p, size_t n, const char *want)
{
	return n == strlen(want) && memcmp(p, want, n) == 0;
}

static void
check(size_t i, bool chunked, const char *how)
{
	static char payload[OUT_MAX];
	const char *why = rows[i].why, *trailers = NULL;
	size_t n = out.n;
	bool whole = false;

	if (out.fault != rows[i].fault)
		fail(why, how, out.fault != 0 ?
		    reason_word((enum reason)out.fault) : "no fault");
	if (out.done != (rows[i].trailers != NULL))
		fail(why, how, out.done ? "done" : "not done");
	if (rows[i].fault == 0 && !same(out.rest, out.n_rest, rows[i].rest))
		fail(why, how, "not the same is left");
	if (out.payload != strlen(rows[i].payload) ||
	    out.counted != out.payload)
		fail(why, how, "the payload is not counted right");
	if (chunked && !plain(payload, &n, &whole, &trailers)) {
		fail(why, how, "the chunks are malformed");
		return;
	}
	if (!same(chunked ? payload : out.bytes, n, rows[i].payload))
		fail(why, how, "not the same payload");
	if (!chunked || rows[i].kind != CH)
		return;
	if (whole != (rows[i].trailers != NULL))
		fail(why, how, whole ? "ended" : "not ended");
	else if (whole && !same(trailers, (size_t)(out.bytes + out.n -
	    trailers), rows[i].trailers))
		fail(why, how, "not the trailers");
}

static void
check_eof(struct body *b, size_t i, bool chunked, const char *how)
{
	struct body_piece piece;
	const char *why = rows[i].why;
	bool whole;

	if (out.fault != 0)
		return;
	memset(&piece, 0xaa, sizeof piece);
	whole = body_eof(b, &piece);
	if (piece.payload != 0)
		fail(why, how, "payload at the end");
	if (rows[i].kind != TO_EOF) {
		if (whole != (rows[i].trailers != NULL) || piece.n != 0)
			fail(why, how, "a cut is not seen");
		return;
	}
	if (!whole || !b->done)
		fail(why, how, "the end is no end");
	if (!chunked ? piece.n != 0 : piece.n != 1 ||
	    !same(piece.parts[0].iov_base, piece.parts[0].iov_len,
	    "0\r\n\r\n"))
		fail(why, how, "not the last chunk");
}

static void
one(size_t i, bool chunked, size_t first, size_t step, const char *how)
{
	struct body b;

	memset(&b, 0xaa, sizeof b);
	body_start(&b, rows[i].kind, rows[i].length, chunked);
	feed(&b, rows[i].in, strlen(rows[i].in), first, step, rows[i].why,
	    how);
	check(i, chunked, how);
	check_eof(&b, i, chunked, how);
}

static void
test_rows(void)
{
	char how[32];
	size_t i, k, n;
	int chunked;

	for (i = 0; i < LEN(rows); i++) {
		n = strlen(rows[i].in);
		for (chunked = 0; chunked < 2; chunked++) {
			/* what has a length keeps it on the way out */
			if (chunked && (rows[i].kind == CL ||
			    rows[i].kind == HTTP_BODY_NONE))
				continue;
			one(i, chunked, 0, n, chunked ? "whole, chunked" :
			    "whole");
			one(i, chunked, 0, 1, chunked ?
			    "by bytes, chunked" : "by bytes");
			for (k = 1; k < n; k++) {
				snprintf(how, sizeof how, "cut at %u%s",
				    (unsigned)k, chunked ? ", chunked" : "");
				one(i, chunked, k, n, how);
			}
		}
	}
}

/* calls that bring nothing, and those behind the end */
static void
test_nothing(void)
{
	struct body_piece piece;
	struct body b;
	char byte = 'x';
	int kind;

	for (kind = HTTP_BODY_NONE; kind <= HTTP_BODY_EOF; kind++) {
		body_start(&b, (enum http_body)kind, 1, false);
		if (body_take(&b, NULL, 0, &limits, fields, &piece) != 0 ||
		    piece.n != 0 || piece.payload != 0)
			fail("nothing", "a kind", "something");
		if (b.done != (kind == HTTP_BODY_NONE))
			fail("nothing", "a kind", "done");
		b.done = true;
		memset(&piece, 0xaa, sizeof piece);
		if (body_take(&b, &byte, 1, &limits, fields, &piece) != 0 ||
		    piece.n != 0 || piece.payload != 0 || byte != 'x')
			fail("nothing", "behind the end", "something");
	}
}

/* trailers at their limits: they grow by a space each as they are written */

/* n trailers of size bytes in all, their last end included */
static size_t
many_trailers(char *p, size_t count, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		memcpy(p + n, "a:", 2);
		n += 2;
		/* the first one is as long as is needed */
		if (i == 0) {
			memset(p + n, 'v', size - 2 - 4 * count);
			n += size - 2 - 4 * count;
		}
		memcpy(p + n, "\r\n", 2);
		n += 2;
	}
	memcpy(p + n, "\r\n", 2);
	return n + 2;
}

static const struct {
	size_t count, size;
	int fault;
	const char *why;
} limit_rows[] = {
	{1, HEAD_MAX, 0, "one as long as can be"},
	{1, HEAD_MAX + 1, R_HEAD_TOO_LARGE, "one too long"},
	{2, HEAD_MAX + 1, R_HEAD_TOO_LARGE, "two too long"},
	{20, HEAD_MAX, 0, "twenty"},
	{BODY_FRAMING, HEAD_MAX, 0, "as many as there is overhead"},
	{FIELDS_MAX, HEAD_MAX, 0, "as many as may be"},
	{FIELDS_MAX, 4 * FIELDS_MAX + 2, 0, "as many and short"},
	{FIELDS_MAX + 1, HEAD_MAX, R_TOO_MANY_FIELDS, "one too many"},
};

static void
test_limits(void)
{
	char in[8 * HEAD_MAX], payload[16], want[8 * HEAD_MAX];
	const char *trailers, *why;
	size_t i, j, k, n, w, size, count;
	struct body b;
	bool whole;

	for (i = 0; i < LEN(limit_rows); i++) {
		why = limit_rows[i].why;
		size = limit_rows[i].size;
		count = limit_rows[i].count;
		memcpy(in, "1\r\nx\r\n0\r\n", 9);
		n = 9 + many_trailers(in + 9, count, size);
		/* what is to be written: a space behind each colon */
		for (w = 0, j = 9; j < n; j++) {
			want[w++] = in[j];
			if (in[j] == ':')
				want[w++] = ' ';
		}
		body_start(&b, CH, 0, true);
		memset(&out, 0, sizeof out);
		feed(&b, in, n, 0, n, why, "whole");
		if (out.fault != limit_rows[i].fault)
			fail(why, "trailers", out.fault != 0 ?
			    reason_word((enum reason)out.fault) : "no fault");
		if (out.fault != 0 || limit_rows[i].fault != 0)
			continue;
		if (!plain(payload, &k, &whole, &trailers) || !whole ||
		    (size_t)(out.bytes + out.n - trailers) != w ||
		    memcmp(trailers, want, w) != 0)
			fail(why, "trailers", "are not whole");
	}
}

/* random payloads in random chunks, in random cuts */

static size_t
make_chunks(char *in, const char *payload, size_t n)
{
	size_t at = 0, i, k;

	for (i = 0; i < n; i += k) {
		k = 1 + pick(pick(2) != 0 ? 5 : 600);
		if (k > n - i)
			k = n - i;
		at += (size_t)sprintf(in + at, pick(2) != 0 ? "%x\r\n" :
		    "%04X;x=y\r\n", (unsigned)k);
		memcpy(in + at, payload + i, k);
		memcpy(in + at + k, "\r\n", 2);
		at += k + 2;
	}
	memcpy(in + at, "0\r\n\r\n", 5);
	return at + 5;
}

/* one body of n bytes, fed in pieces of at most most bytes */
static void
one_random(enum http_body kind, bool chunked, size_t n, size_t most)
{
	static char in[OUT_MAX], want[OUT_MAX], got[OUT_MAX];
	const char *trailers;
	size_t i, k, n_in, n_got;
	struct body b;
	bool whole;

	for (i = 0; i < n; i++)
		want[i] = (char)pick(256);
	memcpy(in, want, n);
	n_in = kind == CH ? make_chunks(in, want, n) : n;
	memcpy(in + n_in, "GET", 3);
	body_start(&b, kind, n, chunked);
	memset(&out, 0, sizeof out);
	out.done = b.done;
	if (kind != TO_EOF)
		n_in += 3;
	for (i = 0; i < n_in && !b.done; i += k) {
		k = 1 + pick(most);
		if (k > n_in - i)
			k = n_in - i;
		give(&b, in + i, k, "random", "cuts");
	}
	out.n_rest += n_in - i;
	n_got = out.n;
	if (chunked && !plain(got, &n_got, &whole, &trailers))
		fail("random", "cuts", "the chunks are malformed");
	if (n_got != n || memcmp(chunked ? got : out.bytes, want, n) != 0)
		fail("random", "cuts", "not the same payload");
	if (kind != TO_EOF && (!out.done || out.n_rest != 3))
		fail("random", "cuts", "not the end");
	if (out.fault != 0 || out.counted != n || out.payload != n)
		fail("random", "cuts", "a fault, or not counted right");
}

static void
test_random(void)
{
	static const enum http_body kinds[] = {CL, CH, TO_EOF};
	size_t i, n;
	int round;

	for (round = 0; round < 300; round++) {
		for (i = 0; i < LEN(kinds); i++) {
			n = pick(pick(4) == 0 ? 8000 : 300);
			one_random(kinds[i], false, n, 1 + pick(2000));
			if (kinds[i] != CL)
				one_random(kinds[i], true, n, 1 + pick(2000));
		}
	}
}

int
main(void)
{
	body_init(HEAD_MAX);
	test_rows();
	test_nothing();
	test_limits();
	test_random();
	return failed;
}
