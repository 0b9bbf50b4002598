#ifndef HTTPROW_H
#define HTTPROW_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "http.h"
#include "guard.h"

/*
 * What tests of heads have in common. Every row is fed whole, cut at each
 * byte, and byte by byte, from memory that ends at an unreadable page, with
 * the same outcome.
 *
 * The bytes of a row end where its verdict is due: before the last of them
 * the parser has to ask for more, and whatever follows them changes nothing.
 */
#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS_MAX 100
#define S(s) s, sizeof s - 1

static const struct http_limits limits = {16384, 8192, FIELDS_MAX};
static unsigned rows; /* how many were tested */
static char *guard_end; /* the unreadable page begins here */
static struct http_field *fields_end; /* and another one here */
static struct http_field *fields; /* as many as the limits allow */

/* n bytes and then m more, right before the unreadable page */
static inline char *
guarded(const void *p, size_t n, const void *q, size_t m)
{
	char *at = guard_end - n - m;

	if (n > 0)
		memcpy(at, p, n);
	if (m > 0)
		memcpy(at + n, q, m);
	return at;
}

/* a xorshift, so that each run tests the same */
static inline size_t
pick(size_t below)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (size_t)(x % below);
}

/* what is parsed: a request, the answer to a GET or a HEAD, trailers */
enum kind { Q, R, RH, TR };

static union {
	struct http_request q;
	struct http_response r;
	struct http_head h;
} got;

static inline int
parse(enum kind kind, const char *p, size_t n, const struct http_limits *lim)
{
	/* nothing but fields has to be set, nothing else may matter */
	memset(&got, 0xa5, sizeof got);
	fields = fields_end - lim->fields_max;
	memset(fields, 0xa5, lim->fields_max * sizeof *fields);
	switch (kind) {
	case Q:
		got.q.h.fields = fields;
		return http_parse_request(p, n, lim, &got.q);
	case TR:
		got.h.fields = fields;
		return chunk_parse_trailers(p, n, lim, &got.h);
	default:
		got.r.h.fields = fields;
		return http_parse_response(p, n, lim, kind == RH, &got.r);
	}
}

static inline struct http_head *
got_head(enum kind kind)
{
	return kind == Q ? &got.q.h : kind == TR ? &got.h : &got.r.h;
}

static inline void
put_framing(struct text *t, const struct http_head *h)
{
	static const char *const bodies[] = {
		" none", " length", " chunked", " eof"
	};

	text_str(t, h->minor == 1 ? " 1.1" : h->minor == 0 ? " 1.0" : " 1.?");
	text_str(t, h->keep_alive ? " keep" : " close");
	if (h->conn_upgrade)
		text_str(t, " upgrade");
	text_str(t, bodies[h->body]);
	if (h->has_length) {
		text_str(t, " ");
		text_uint(t, h->length);
	} else if (h->length != 0) {
		text_str(t, " stray length");
	}
}

/* what was understood, but for the fields */
static inline void
put_head(struct text *t, enum kind kind)
{
	if (kind == Q) {
		text_span(t, got.q.path);
		text_span(t, got.q.query);
		text_str(t, " ");
		text_span(t, got.q.host);
		put_framing(t, &got.q.h);
		if (got.q.expect_continue)
			text_str(t, " expect");
	} else if (kind != TR) {
		text_uint(t, (uint64_t)got.r.status);
		text_str(t, " ");
		text_span(t, got.r.phrase);
		put_framing(t, &got.r.h);
	}
}

/* the fields; those that go no further in parentheses */
static inline void
put_fields(struct text *t, const struct http_head *h)
{
	const struct http_field *f;
	unsigned i;

	for (i = 0; i < h->n_fields; i++) {
		f = &h->fields[i];
		text_str(t, i > 0 ? " " : "");
		text_str(t, f->hop ? "(" : "");
		text_span(t, f->name);
		text_str(t, "=");
		text_span(t, f->value);
		text_str(t, f->hop ? ")" : "");
	}
}

/* true if s lies in p[0..n), or is a constant: empty, or the path "*" */
static inline bool
inside(struct span s, const char *p, size_t n)
{
	if (span_is_exact(s, "*"))
		return true;
	return s.n == 0 ? s.p != NULL : s.n <= n && s.p >= p &&
	    s.p + s.n <= p + n;
}

static inline bool
all_inside(enum kind kind, const char *p, size_t n)
{
	const struct http_head *h = got_head(kind);
	uint64_t seen = 0;
	unsigned i;

	for (i = 0; i < h->n_fields; i++) {
		if (!inside(h->fields[i].name, p, n) ||
		    !inside(h->fields[i].value, p, n) ||
		    h->fields[i].id != field_id(h->fields[i].name))
			return false;
		seen |= (uint64_t)1 << h->fields[i].id;
	}
	if (seen != h->seen)
		return false;
	if (kind == Q)
		return inside(got.q.method, p, n) &&
		    inside(got.q.target, p, n) && inside(got.q.path, p, n) &&
		    inside(got.q.query, p, n) && inside(got.q.host, p, n);
	return kind == TR || inside(got.r.phrase, p, n);
}

struct row {
	enum kind kind;
	const char *p;
	size_t n;
	int want; /* a reason negated, or 0 where all of it is a good head */
	const char *gives; /* put_head(), or put_fields() after a '~' */
	const char *why;
};

static inline bool
gives(const struct row *w)
{
	char memory[1024];
	struct text t;

	if (w->gives == NULL)
		return true;
	text_init(&t, memory, sizeof memory - 1);
	if (w->gives[0] == '~')
		put_fields(&t, got_head(w->kind));
	else
		put_head(&t, w->kind);
	memory[t.n] = '\0';
	if (strcmp(memory, w->gives + (w->gives[0] == '~')) == 0)
		return true;
	fprintf(stderr, "got \"%s\"\n", memory);
	return false;
}

/* the row, and behind it what may follow */
static inline void
feed_whole(const struct row *w, const struct http_limits *lim,
    const char *tail, size_t n)
{
	const char *p = guarded(w->p, w->n, tail, n);
	int r = parse(w->kind, p, w->n + n, lim);

	if (r != (w->want < 0 ? w->want : (int)w->n)) {
		fprintf(stderr, "got %s (%d)\n",
		    r < 0 ? reason_word((enum reason)-r) : "no fault", r);
		fail(n == 0 ? "whole" : "with more behind", w->why);
		return;
	}
	if (w->want == 0 && !all_inside(w->kind, p, w->n))
		fail("spans", w->why);
	if (w->want == 0 && !gives(w))
		fail("meaning", w->why);
}

/* a good head at its limits, and one beyond each of them */
static inline void
feed_limits(const struct row *w)
{
	int larger = w->kind == R || w->kind == RH ? -R_RESPONSE_TOO_LARGE :
	    -R_HEAD_TOO_LARGE;
	int longer = w->kind == Q ? -R_LINE_TOO_LONG : -R_RESPONSE_TOO_LARGE;
	int more = w->kind == Q || w->kind == TR ? -R_TOO_MANY_FIELDS :
	    -R_RESPONSE_TOO_LARGE;
	struct http_limits lim = limits;
	struct row at = *w;
	const char *p = w->p + (w->kind == Q && w->p[0] == '\r' ? 2 : 0);

	lim.head_max = w->n;
	lim.fields_max = got_head(w->kind)->n_fields;
	if (w->kind != TR)
		lim.line_max = (size_t)(strchr(p, '\r') - p);
	feed_whole(&at, &lim, "", 0);
	feed_whole(&at, &lim, "x", 1);
	lim.head_max--;
	at.want = larger;
	feed_whole(&at, &lim, "", 0);
	expect(parse(w->kind, guarded(w->p, w->n - 1, "", 0), w->n - 1, &lim)
	    == larger, "head_max is full", w->why);
	lim.head_max++;
	if (lim.fields_max > 0) {
		lim.fields_max--;
		at.want = more;
		feed_whole(&at, &lim, "", 0);
		lim.fields_max++;
	}
	if (w->kind != TR) {
		lim.line_max--;
		at.want = longer;
		feed_whole(&at, &lim, "", 0);
	}
}

static inline void
test_row(const struct row *w)
{
	static const char nul[] = "\0";
	size_t k;

	rows++;
	for (k = 0; k < w->n; k++)
		if (parse(w->kind, guarded(w->p, k, "", 0), k, &limits) != 0) {
			fprintf(stderr, "at %zu of %zu\n", k, w->n);
			fail("too early", w->why);
			break;
		}
	feed_whole(w, &limits, "x", 1);
	feed_whole(w, &limits, "\n", 1);
	feed_whole(w, &limits, " ", 1);
	feed_whole(w, &limits, nul, 1);
	feed_whole(w, &limits, S("\r\n\r\n"));
	feed_whole(w, &limits, S("GET / HTTP/1.1\r\nHost: b\r\n\r\n"));
	feed_whole(w, &limits, "", 0);
	if (w->want == 0)
		feed_limits(w);
}

struct table {
	const struct row *row;
	size_t n;
};

static inline void
test_tables(const struct table *t, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < t[i].n; k++)
			test_row(&t[i].row[k]);
}

static inline void
begin_rows(void)
{
	guard_end = guard();
	fields_end = guard();
}

/* with an argument it tells how many there were */
static inline int
end_rows(int argc)
{
	if (argc > 1)
		printf("%u rows\n", rows);
	return failed;
}

#define G "GET / HTTP/1.1\r\n"
#define G0 "GET / HTTP/1.0\r\n"
#define P "POST / HTTP/1.1\r\n"
#define P0 "POST / HTTP/1.0\r\n"
#define HA "Host: a\r\n"
#define E "\r\n"
#define CL "Content-Length: "
#define TE "Transfer-Encoding: "
#define OK "HTTP/1.1 200 OK\r\n"
#define OK0 "HTTP/1.0 200 OK\r\n"
#define Z10 "aaaaaaaaaa"
#define Z50 Z10 Z10 Z10 Z10 Z10
#define Z250 Z50 Z50 Z50 Z50 Z50

#endif
