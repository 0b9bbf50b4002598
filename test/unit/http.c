/*
 * Tests http.c, and the trailers of chunk.c. Every row is fed whole, cut at
 * each byte, and byte by byte, from memory that ends at an unreadable page,
 * with the same outcome.
 *
 * The bytes of a row end where its verdict is due: before the last of them
 * the parser has to ask for more, and whatever follows them changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "http.h"
#include "guard.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS_MAX 100
#define S(s) s, sizeof s - 1

static const struct http_limits limits = {16384, 8192, FIELDS_MAX};
static unsigned rows;
static char *guard_end; /* the unreadable page begins here */
static struct http_field *fields_end; /* and another one here */
static struct http_field *fields; /* as many as the limits allow */

/* n bytes and then m more, right before the unreadable page */
static char *
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
static size_t
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

static int
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

static struct http_head *
got_head(enum kind kind)
{
	return kind == Q ? &got.q.h : kind == TR ? &got.h : &got.r.h;
}

static void
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
static void
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
static void
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
static bool
inside(struct span s, const char *p, size_t n)
{
	if (span_is_exact(s, "*"))
		return true;
	return s.n == 0 ? s.p != NULL : s.n <= n && s.p >= p &&
	    s.p + s.n <= p + n;
}

static bool
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

static bool
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
static void
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
static void
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

static void
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

static const struct row lines[] = {
	{Q, S(G HA E), 0, "/ a 1.1 keep none", "plain"},
	{Q, S(E G HA E), 0, "/ a 1.1 keep none", "one crlf in front"},
	{Q, S(E E), -R_BAD_REQUEST_LINE, NULL, "two crlf in front"},
	{Q, S("\n"), -R_BARE_LF, NULL, "lf in front"},
	{Q, S("\rG"), -R_BARE_CR, NULL, "cr in front"},
	{Q, S("\r\r"), -R_BARE_CR, NULL, "two cr in front"},
	{Q, S(E "\n"), -R_BARE_LF, NULL, "crlf and lf in front"},
	{Q, S(E "\rG"), -R_BARE_CR, NULL, "crlf and cr in front"},
	{Q, S(E " "), -R_BAD_METHOD, NULL, "crlf and space in front"},
	{Q, S(" "), -R_BAD_METHOD, NULL, "space in front"},
	{Q, S("\t"), -R_BAD_METHOD, NULL, "tab in front"},
	{Q, S("\0"), -R_BAD_METHOD, NULL, "nul in front"},
	{Q, S("\x16"), -R_BAD_METHOD, NULL, "tls"},
	{Q, S("\xef"), -R_BAD_METHOD, NULL, "byte order mark"},
	{Q, S("/"), -R_BAD_METHOD, NULL, "no method"},
	{Q, S("GET\r\n"), -R_BAD_REQUEST_LINE, NULL, "method alone"},
	{Q, S("GET\rX"), -R_BARE_CR, NULL, "cr behind the method"},
	{Q, S("GET\n"), -R_BARE_LF, NULL, "lf behind the method"},
	{Q, S("GET\t"), -R_BAD_METHOD, NULL, "tab behind the method"},
	{Q, S("G\0"), -R_BAD_METHOD, NULL, "nul in the method"},
	{Q, S("G\x7f"), -R_BAD_METHOD, NULL, "del in the method"},
	{Q, S("G\x80"), -R_BAD_METHOD, NULL, "high byte in the method"},
	{Q, S("G("), -R_BAD_METHOD, NULL, "parenthesis in the method"},
	{Q, S("G:"), -R_BAD_METHOD, NULL, "colon in the method"},
	{Q, S("GE\""), -R_BAD_METHOD, NULL, "quote in the method"},
	{Q, S("GETTT@"), -R_BAD_METHOD, NULL, "at in the sixth byte"},
	{Q, S("GETT,"), -R_BAD_METHOD, NULL, "comma in the fifth byte"},
	{Q, S("GE{"), -R_BAD_METHOD, NULL, "brace in the method"},
	{Q, S("GE\\"), -R_BAD_METHOD, NULL, "backslash in the method"},
	{Q, S("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n" HA E), 0, NULL,
	 "every tchar in the method"},
	{Q, S("get / HTTP/1.1\r\n" HA E), 0, NULL, "lower case method"},
	{Q, S("GET \r\n"), -R_BAD_REQUEST_LINE, NULL, "no target"},
	{Q, S("GET  "), -R_BAD_REQUEST_LINE, NULL, "two spaces in front"},
	{Q, S("GET \t"), -R_BAD_TARGET, NULL, "space and tab in front"},
	{Q, S("GET /\t"), -R_BAD_TARGET, NULL, "tab behind the target"},
	{Q, S("GET /\r\n"), -R_BAD_REQUEST_LINE, NULL, "http/0.9"},
	{Q, S("GET /\n"), -R_BARE_LF, NULL, "http/0.9 with lf"},
	{Q, S("GET /\rH"), -R_BARE_CR, NULL, "cr in the target"},
	{Q, S("GET / \r\n"), -R_BAD_REQUEST_LINE, NULL, "no version"},
	{Q, S("GET /  "), -R_BAD_REQUEST_LINE, NULL, "two spaces behind"},
	{Q, S("GET / \n"), -R_BARE_LF, NULL, "lf for a version"},
	{Q, S("GET / HTTP/1.1\n"), -R_BARE_LF, NULL, "lf ends the line"},
	{Q, S("GET / HTTP/1.1\rH"), -R_BARE_CR, NULL, "cr ends the line"},
	{Q, S("GET / HTTP/1.1\r\r"), -R_BARE_CR, NULL, "cr cr lf"},
	{Q, S("GET / HTTP/1.1 "), -R_BAD_REQUEST_LINE, NULL, "space behind"},
	{Q, S("GET / HTTP/1.1\t"), -R_BAD_REQUEST_LINE, NULL, "tab behind"},
	{Q, S("GET / HTTP/1.1\0"), -R_BAD_REQUEST_LINE, NULL, "nul behind"},
	{Q, S("GET / HTTP/1.10"), -R_BAD_REQUEST_LINE, NULL, "1.10"},
	{Q, S("GET / HTTP/1.1."), -R_BAD_REQUEST_LINE, NULL, "1.1.1"},
	{Q, S("GET / HTTP/11"), -R_BAD_REQUEST_LINE, NULL, "11"},
	{Q, S("GET / HTTP/1,"), -R_BAD_REQUEST_LINE, NULL, "1,1"},
	{Q, S("GET / HTTP/."), -R_BAD_REQUEST_LINE, NULL, ".1"},
	{Q, S("GET / HTTP/01"), -R_BAD_REQUEST_LINE, NULL, "01.1"},
	{Q, S("GET / HTTP/1.x"), -R_BAD_REQUEST_LINE, NULL, "1.x"},
	{Q, S("GET / HTTP/x"), -R_BAD_REQUEST_LINE, NULL, "x.1"},
	{Q, S("GET / HTTP/-"), -R_BAD_REQUEST_LINE, NULL, "-1.1"},
	{Q, S("GET / HTTP/1.\xb9"), -R_BAD_REQUEST_LINE, NULL, "odd digit"},
	{Q, S("GET / HTTP/\n"), -R_BARE_LF, NULL, "lf in the version"},
	{Q, S("GET / HTTP/1\n"), -R_BARE_LF, NULL, "lf behind the major"},
	{Q, S("GET / HTTP/1\r\n"), -R_BAD_REQUEST_LINE, NULL, "no minor"},
	{Q, S("GET / HTTP/2\r\n"), -R_BAD_REQUEST_LINE, NULL, "2 alone"},
	{Q, S("GET / HTTP/1.\r\n"), -R_BAD_REQUEST_LINE, NULL, "1. alone"},
	{Q, S("GET / HTTP\r\n"), -R_BAD_REQUEST_LINE, NULL, "HTTP alone"},
	{Q, S("GET / h"), -R_BAD_REQUEST_LINE, NULL, "lower case http"},
	{Q, S("GET / Ht"), -R_BAD_REQUEST_LINE, NULL, "mixed case http"},
	{Q, S("GET / HTTPS"), -R_BAD_REQUEST_LINE, NULL, "https"},
	{Q, S("GET / HTTP "), -R_BAD_REQUEST_LINE, NULL, "space in it"},
	{Q, S("GET / HTTP/ "), -R_BAD_REQUEST_LINE, NULL, "space in it too"},
	{Q, S("GET / X"), -R_BAD_REQUEST_LINE, NULL, "another word"},
	{Q, S("GET / HTTP/2.0\r\n"), -R_BAD_VERSION, NULL, "2.0"},
	{Q, S("GET / HTTP/3.0\r\n"), -R_BAD_VERSION, NULL, "3.0"},
	{Q, S("GET / HTTP/0.9\r\n"), -R_BAD_VERSION, NULL, "0.9"},
	{Q, S("GET / HTTP/0.1\r\n"), -R_BAD_VERSION, NULL, "0.1"},
	{Q, S("GET / HTTP/9.9\r\n"), -R_BAD_VERSION, NULL, "9.9"},
	{Q, S("GET / HTTP/2.1\rX"), -R_BARE_CR, NULL, "cr behind 2.1"},
	{Q, S("GET / HTTP/2.1x"), -R_BAD_REQUEST_LINE, NULL, "2.1x"},
	{Q, S("PRI * "), -R_BAD_TARGET, NULL, "http/2 preface"},
	{Q, S("GET / HTTP/1.2\r\n" HA E), 0, "/ a 1.1 keep none", "1.2"},
	{Q, S("GET / HTTP/1.9\r\n" HA E), 0, "/ a 1.1 keep none", "1.9"},
	{Q, S("GET / HTTP/1.9\r\n" E), -R_BAD_HOST, NULL, "1.9, no host"},
	{Q, S(G0 E), 0, "/  1.0 close none", "1.0"},
};

#define T(target, gives, why) \
	{Q, S("GET " target " HTTP/1.1\r\n" HA E), 0, gives, why}
#define BAD(target, why) \
	{Q, S("GET " target), -R_BAD_TARGET, NULL, why}

static const struct row targets[] = {
	T("/", "/ a 1.1 keep none", "slash"),
	T("/a/b?c", "/a/b?c a 1.1 keep none", "path and query"),
	T("/?", "/? a 1.1 keep none", "empty query"),
	T("/a?b?c?", "/a?b?c? a 1.1 keep none", "several marks"),
	T("//x", "//x a 1.1 keep none", "two slashes"),
	T("/?u=http://u@h:1/../x", "/?u=http://u@h:1/../x a 1.1 keep none",
	 "url and dots in a query"),
	T("/!$&'()*+,;=:@-_~", NULL, "odd but legal"),
	T("/\"<>\\^`{|}[]", NULL, "illegal but sent by browsers"),
	T("/\x80\xff", NULL, "high bytes"),
	T("/%", NULL, "lone percent"),
	T("/%zz", NULL, "malformed escape"),
	T("/%2", NULL, "cut escape"),
	T("/%00%0d%0a%23", NULL, "escaped controls"),
	T("/.a", NULL, "leading dot"),
	T("/a.", NULL, "trailing dot"),
	T("/a./b", NULL, "dot behind a name"),
	T("/..a", NULL, "two leading dots"),
	T("/a../b", NULL, "two dots behind a name"),
	T("/...", NULL, "three dots"),
	T("/.../b", NULL, "three dots and more"),
	T("/.%2e.", NULL, "three dots, one escaped"),
	T("/.%2f", NULL, "dot and escaped slash"),
	T("/%2f", NULL, "escaped slash"),
	T("/%2", NULL, "half of a dot"),
	T("/a?/../b", NULL, "dots in a query"),
	T("/.well-known/x", NULL, "well-known"),
	BAD("/. ", "dot"),
	BAD("/./ ", "dot and slash"),
	BAD("/.. ", "two dots"),
	BAD("/../ ", "two dots and slash"),
	BAD("/a/.. ", "two dots behind a name"),
	BAD("/a/../b ", "two dots within"),
	BAD("/a/./b ", "dot within"),
	BAD("/a/. ", "dot at the end"),
	BAD("/..?x ", "two dots before a query"),
	BAD("/.?x ", "dot before a query"),
	BAD("//.. ", "two dots behind two slashes"),
	BAD("/%2e ", "escaped dot"),
	BAD("/%2E ", "escaped dot, upper case"),
	BAD("/%2e%2e ", "two escaped dots"),
	BAD("/%2E%2e/x ", "two escaped dots within"),
	BAD("/.%2e ", "dot and escaped dot"),
	BAD("/%2e. ", "escaped dot and dot"),
	BAD("/a/%2e%2E/b ", "escaped dots within"),
	BAD("/a/b/c/d/.. ", "dots far in"),
	BAD("http://a/.. ", "dots in absolute form"),
	BAD("/#", "fragment"),
	BAD("#", "fragment alone"),
	BAD("/a?b#", "fragment behind a query"),
	BAD("/a\0", "nul"),
	BAD("/\x01", "control"),
	BAD("/\x1f", "last control"),
	BAD("/\x7f", "del"),
	BAD("/abc\x0b", "vertical tab"),
	BAD("foo ", "no slash"),
	BAD("?x ", "query alone"),
	BAD("* ", "asterisk with get"),
	BAD("*a ", "asterisk and more"),
	BAD("a:443 ", "authority with get"),
	BAD("\\ ", "backslash"),
	BAD("\x80 ", "high byte alone"),
	T("http://b/x?y", "/x?y b 1.1 keep none", "absolute form"),
	T("HTTP://b/", "/ b 1.1 keep none", "upper case scheme"),
	T("https://b:81/", "/ b:81 1.1 keep none", "https"),
	T("ws://b/c", "/c b 1.1 keep none", "ws"),
	T("Wss://b/c", "/c b 1.1 keep none", "wss"),
	T("http://b", "/ b 1.1 keep none", "absolute, no path"),
	T("http://b?x", "/?x b 1.1 keep none", "absolute, query alone"),
	T("http://b?/..", "/?/.. b 1.1 keep none", "slash in that query"),
	T("http://[::1]:8/a", "/a [::1]:8 1.1 keep none", "absolute, ipv6"),
	T("http://b//", "// b 1.1 keep none", "absolute, two slashes"),
	BAD("http:// ", "absolute, nothing"),
	BAD("http:///x ", "absolute, no authority"),
	BAD("http://?x ", "absolute, query for a host"),
	BAD("http://:80/ ", "absolute, port alone"),
	BAD("http://b:/ ", "absolute, empty port"),
	BAD("http://b:x/ ", "absolute, bad port"),
	BAD("http://b:65536/ ", "absolute, large port"),
	BAD("http://u@b/ ", "absolute, user"),
	BAD("http://u:p@b/ ", "absolute, user and password"),
	BAD("http://@b/ ", "absolute, empty user"),
	BAD("http://b\\c/ ", "absolute, backslash"),
	BAD("http://b\"/ ", "absolute, quote"),
	BAD("http://\xc3\xa4/ ", "absolute, high bytes"),
	BAD("http://[::1/ ", "absolute, open bracket"),
	BAD("http://[::1]x/ ", "absolute, junk behind a bracket"),
	BAD("http://" Z250 "aaaaaa/ ", "absolute, 256 bytes of host"),
	T("http://" Z250 "aaaaa/", NULL, "absolute, 255 bytes of host"),
	BAD("http:/b/ ", "one slash"),
	BAD("http:b ", "no slash behind the scheme"),
	BAD("http ", "scheme alone"),
	BAD("httpx://b/ ", "another scheme"),
	BAD("ftp://b/ ", "ftp"),
	BAD("://b/ ", "no scheme"),
	{Q, S("OPTIONS * HTTP/1.1\r\n" HA E), 0, "* a 1.1 keep none",
	 "asterisk"},
	{Q, S("OPTIONS ** "), -R_BAD_TARGET, NULL, "two asterisks"},
	{Q, S("OPTIONS *?a "), -R_BAD_TARGET, NULL, "asterisk and query"},
	{Q, S("OPTIONS a:1 "), -R_BAD_TARGET, NULL, "authority, options"},
	{Q, S("OPTIONS http://b HTTP/1.1\r\n" HA E), 0, "* b 1.1 keep none",
	 "options, absolute form without a path"},
	{Q, S("OPTIONS http://b:81 HTTP/1.0\r\n" E), 0,
	 "* b:81 1.0 close none", "options, absolute form in http/1.0"},
	{Q, S("OPTIONS http://b/ HTTP/1.1\r\n" HA E), 0, "/ b 1.1 keep none",
	 "options, absolute form with a slash"},
	{Q, S("OPTIONS http://b?x HTTP/1.1\r\n" HA E), 0,
	 "/?x b 1.1 keep none", "options, absolute form with a query"},
	{Q, S("OPTIONS http://b? HTTP/1.1\r\n" HA E), 0,
	 "/? b 1.1 keep none", "options, absolute form, empty query"},
	{Q, S("PUT http://b HTTP/1.1\r\n" HA E), 0, "/ b 1.1 keep none",
	 "put, absolute form without a path"},
	{Q, S("HEAD * "), -R_BAD_TARGET, NULL, "asterisk with head"},
	{Q, S("CONNECT b:443 HTTP/1.1\r\n" HA E), 0, " b:443 1.1 keep none",
	 "connect"},
	{Q, S("CONNECT [::1]:1 HTTP/1.1\r\n" HA E), 0,
	 " [::1]:1 1.1 keep none", "connect, ipv6"},
	{Q, S("CONNECT b "), -R_BAD_TARGET, NULL, "connect, no port"},
	{Q, S("CONNECT b: "), -R_BAD_TARGET, NULL, "connect, empty port"},
	{Q, S("CONNECT / "), -R_BAD_TARGET, NULL, "connect, path"},
	{Q, S("CONNECT * "), -R_BAD_TARGET, NULL, "connect, asterisk"},
	{Q, S("CONNECT http://b:1/ "), -R_BAD_TARGET, NULL, "connect, url"},
	{Q, S("CONNECT b:1/ "), -R_BAD_TARGET, NULL, "connect, slash"},
	{Q, S("CONNECT u@b:1 "), -R_BAD_TARGET, NULL, "connect, user"},
	{Q, S("TRACE / HTTP/1.1\r\n" HA E), 0, NULL, "trace"},
};

#define F(line, why) {Q, S(G HA line E E), 0, "/ a 1.1 keep none", why}
#define NAME(bytes, why) {Q, S(G HA bytes), -R_BAD_FIELD_NAME, NULL, why}
#define VALUE(bytes, why) {Q, S(G HA "A:" bytes), -R_BAD_FIELD, NULL, why}

static const struct row lines_of_fields[] = {
	{Q, S(G HA "A:b" E E), 0, "~Host=a A=b", "no blank"},
	{Q, S(G HA "A: b" E E), 0, "~Host=a A=b", "one blank"},
	{Q, S(G HA "A: \t b\t \t" E E), 0, "~Host=a A=b", "blanks around"},
	{Q, S(G HA "A: b \t c " E E), 0, "~Host=a A=b \t c", "blanks within"},
	{Q, S(G HA "A:" E E), 0, "~Host=a A=", "empty value"},
	{Q, S(G HA "A: \t " E E), 0, "~Host=a A=", "value of blanks"},
	{Q, S(G HA "A::b:c" E E), 0, "~Host=a A=:b:c", "colons"},
	{Q, S(G HA "A: b" E "a: c" E E), 0, "~Host=a A=b a=c", "repeated"},
	{Q, S(G HA "A: \x80\xff" E E), 0, "~Host=a A=\x80\xff", "high bytes"},
	{Q, S(G HA "A: 12345\t78901234\t6" E E), 0,
	 "~Host=a A=12345\t78901234\t6", "tabs across eight bytes"},
	{Q, S(G HA "A: ~}|{`_^]\\[@?>=<;:/.-,+*)('&%$#\"! " E E), 0, NULL,
	 "all marks in a value"},
	F("!#$%&'*+-.^_`|~09azAZ: b", "every tchar in a name"),
	F("A: " Z250 Z250 Z250 Z250 Z250 Z250, "long value"),
	F(Z250 Z250 ": b", "long name"),
	F("Transfer_Encoding: chunked", "underscore"),
	F("Content-Length-X: 5", "longer than a known name"),
	NAME(":", "no name"),
	NAME("A ", "space before the colon"),
	NAME("A\t", "tab before the colon"),
	NAME("Host ", "space behind Host"),
	NAME("Content-Length ", "space behind Content-Length"),
	NAME("Transfer-Encoding\0", "nul behind Transfer-Encoding"),
	NAME("Transfer-Encoding\x0b", "vt behind Transfer-Encoding"),
	NAME("A(", "parenthesis"), NAME("A)", "other parenthesis"),
	NAME("A,", "comma"), NAME("A/", "slash"), NAME("A;", "semicolon"),
	NAME("A<", "less"), NAME("A=", "equals"), NAME("A>", "more"),
	NAME("A?", "question mark"), NAME("A@", "at"), NAME("A[", "bracket"),
	NAME("A\\", "backslash"), NAME("A]", "other bracket"),
	NAME("A{", "brace"), NAME("A}", "other brace"),
	NAME("\"", "quote"), NAME("A\0", "nul in a name"),
	NAME("A\x01", "control"), NAME("A\x7f", "del"),
	NAME("A\x80", "high byte"), NAME("\xff", "last byte"),
	NAME("\0", "nul for a name"), NAME("\x0b", "vt for a name"),
	{Q, S(G HA "A" E), -R_BAD_FIELD, NULL, "no colon"},
	{Q, S(G HA "Content-Length" E), -R_BAD_FIELD, NULL, "known, no colon"},
	VALUE("\0", "nul for a value"), VALUE(" b\0", "nul in a value"),
	VALUE(" \x01", "soh"), VALUE(" 1234567\x08", "backspace"),
	VALUE(" b\x0b", "vertical tab"), VALUE(" \x0c", "form feed"),
	VALUE(" 12345678901\x1b", "escape"), VALUE(" b\x1f", "last control"),
	VALUE(" \x7f", "del"), VALUE(" 1234567\x7f", "del in the eighth byte"),
	VALUE(" 12345678\x7f", "del in the ninth byte"),
	VALUE(" \x80\x80\x80\x80\x80\x80\x80\x7f", "del behind high bytes"),
	VALUE(" \xff\xff\xff\xff\xff\x1f", "control behind high bytes"),
	{Q, S(G "Host: a\0"), -R_BAD_FIELD, NULL, "nul in host"},
	{Q, S(P HA TE "chunked\0"), -R_BAD_FIELD, NULL, "nul in a coding"},
	{Q, S(P HA TE "\x0b"), -R_BAD_FIELD, NULL, "vt before a coding"},
	{Q, S(P HA CL "1\0"), -R_BAD_FIELD, NULL, "nul in a length"},
	{Q, S(G "Host: a\n"), -R_BARE_LF, NULL, "lf ends a field"},
	{Q, S(G HA "A: b\n"), -R_BARE_LF, NULL, "lf ends a later field"},
	{Q, S(G HA "A:\n"), -R_BARE_LF, NULL, "lf for a value"},
	{Q, S(G HA "A\n"), -R_BARE_LF, NULL, "lf in a name"},
	{Q, S(G HA "\n"), -R_BARE_LF, NULL, "lf ends the head"},
	{Q, S(G "\n"), -R_BARE_LF, NULL, "lf ends an empty head"},
	{Q, S(G HA "A: b\rc"), -R_BARE_CR, NULL, "cr in a value"},
	{Q, S(G HA "A: b\r\r"), -R_BARE_CR, NULL, "cr behind a value"},
	{Q, S(G HA "A:\rb"), -R_BARE_CR, NULL, "cr before a value"},
	{Q, S(G HA "A:\r:"), -R_BARE_CR, NULL, "cr before a colon"},
	{Q, S(G HA "A\rB"), -R_BARE_CR, NULL, "cr in a name"},
	{Q, S(G HA "\r\r"), -R_BARE_CR, NULL, "cr cr for the end"},
	{Q, S(G HA "\rX"), -R_BARE_CR, NULL, "cr for the end"},
	{Q, S(G HA "A: b" E " "), -R_OBS_FOLD, NULL, "fold"},
	{Q, S(G HA "A: b" E "\t"), -R_OBS_FOLD, NULL, "fold with tab"},
	{Q, S(G HA "A:" E " "), -R_OBS_FOLD, NULL, "fold of nothing"},
	{Q, S(G "Host:" E " "), -R_OBS_FOLD, NULL, "fold of host"},
	{Q, S(P HA TE E " "), -R_OBS_FOLD, NULL, "fold of a coding"},
	{Q, S(G " "), -R_OBS_FOLD, NULL, "space before the first field"},
	{Q, S(G "\t"), -R_OBS_FOLD, NULL, "tab before the first field"},
};

#define HOST(value, why) \
	{Q, S(G "Host: " value E E), 0, "/ " value " 1.1 keep none", why}
#define NOHOST(value, why) \
	{Q, S(G "Host: " value E), -R_BAD_HOST, NULL, why}

static const struct row hosts[] = {
	HOST("a", "name"), HOST("a:80", "port"), HOST("a:0", "port 0"),
	HOST("a:65535", "last port"), HOST("a:00080", "five digits"),
	HOST("127.0.0.1:1", "ipv4"), HOST("[::1]", "ipv6"),
	HOST("[2001:db8::1]:8080", "ipv6 and port"),
	HOST("[::ffff:1.2.3.4]", "ipv6 with ipv4"),
	HOST("[1:2:3:4:5:6:7:8]", "full ipv6"),
	HOST("[FFFF:ffff:FFFF:ffff:FFFF:ffff:255.255.255.255]", "longest ipv6"),
	HOST("a_b", "underscore"), HOST("example.com.", "dot behind"),
	HOST("xn--4ca.example", "idna"),
	HOST("a-b~c!d$e&f(g)h*i+j;k=l", "marks"),
	HOST(Z250 "aaaaa", "255 bytes"),
	HOST(Z250 "aaaaa:65535", "255 bytes and port"),
	{Q, S(G "Host:" E E), 0, "/  1.1 keep none", "empty"},
	{Q, S(G "Host: \t" E E), 0, "/  1.1 keep none", "blanks"},
	{Q, S(G "Host:a" E E), 0, "/ a 1.1 keep none", "no blank"},
	{Q, S(G "hOsT: \ta\t" E E), 0, "/ a 1.1 keep none", "odd case"},
	{Q, S(G "A: b" E HA E), 0, "/ a 1.1 keep none", "last"},
	{Q, S(G0 HA E), 0, "/ a 1.0 close none", "http/1.0"},
	{Q, S("GET http://b/ HTTP/1.1\r\nHost:" E E), 0, "/ b 1.1 keep none",
	 "absolute form and an empty one"},
	{Q, S("GET http://b/ HTTP/1.0\r\n" E), 0, "/ b 1.0 close none",
	 "absolute form in http/1.0"},
	{Q, S("GET http://b/ HTTP/1.0\r\n" HA E), 0, "/ b 1.0 close none",
	 "absolute form in http/1.0 and host"},
	NOHOST("u@a", "user"), NOHOST("u:p@a", "user and password"),
	NOHOST("@a", "empty user"), NOHOST("a@", "at behind"),
	NOHOST("a/", "slash"), NOHOST("/", "slash alone"),
	NOHOST("http://a", "url"), NOHOST("a b", "space"),
	NOHOST("a\tb", "tab"), NOHOST("\"a\"", "quotes"),
	NOHOST("'a'", "single quotes"), NOHOST("a,b", "comma"),
	NOHOST("a, a", "list"), NOHOST("a:", "empty port"),
	NOHOST("a:x", "port that is none"), NOHOST("a:65536", "large port"),
	NOHOST("a:99999", "larger port"), NOHOST("a:000080", "six digits"),
	NOHOST("a:80:80", "two ports"), NOHOST("a:-1", "signed port"),
	NOHOST("a:+1", "plus"), NOHOST("a: 80", "space before the port"),
	NOHOST("a :80", "space before the colon"),
	NOHOST("a:8 0", "space in the port"), NOHOST("a:0x5", "hex port"),
	NOHOST("a:80/", "slash behind the port"),
	NOHOST("a:80@b", "user and port"), NOHOST(":80", "port alone"),
	NOHOST(":", "colon alone"), NOHOST("[::1", "open bracket"),
	NOHOST("::1", "no brackets"), NOHOST("::1]", "no opening bracket"),
	NOHOST("[::1]x", "junk behind"), NOHOST("[::1]:x", "ipv6, bad port"),
	NOHOST("[::1]:", "ipv6, empty port"),
	NOHOST("[]", "empty brackets"), NOHOST("[", "bracket alone"),
	NOHOST("[zz]", "not hexadecimal"), NOHOST("[::1]]", "two brackets"),
	NOHOST("[[::1]]", "brackets twice"), NOHOST("[1]", "too few groups"),
	NOHOST("[1:2:3:4:5:6:7]", "seven groups"),
	NOHOST("[1:2:3:4:5:6:7:8:9]", "nine groups"),
	NOHOST("[1::2::3]", "two gaps"), NOHOST("[12345::]", "five digits"),
	NOHOST("[::1%25eth0]", "zone"), NOHOST("[::1%eth0]", "bare zone"),
	NOHOST("[v1.a]", "future"), NOHOST("[127.0.0.1]", "ipv4 in brackets"),
	NOHOST("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", "long"),
	NOHOST("[::1]@a", "ipv6 for a user"), NOHOST("a[::1]", "bracket later"),
	NOHOST("a?x", "query"), NOHOST("a#x", "fragment"),
	NOHOST("a\\x", "backslash"), NOHOST("<a>", "angles"),
	NOHOST("a|b", "bar"), NOHOST("a^b", "caret"), NOHOST("a`b", "grave"),
	NOHOST("{a}", "braces"), NOHOST("a\x80", "high byte"),
	NOHOST("a%", "lone percent"), NOHOST("a%2", "cut escape"),
	NOHOST("a%zz", "bad escape"), NOHOST("a%61", "escaped letter"),
	NOHOST("a%40b", "escaped at"), NOHOST("%", "percent alone"),
	NOHOST("[0000:0000:0000:0000:0000:0000:255.255.255.2550]", "46 bytes"),
	NOHOST(Z250 "aaaaaa", "256 bytes"),
	NOHOST(Z250 "aaaaaa:1", "256 bytes and port"),
	{Q, S(G E), -R_BAD_HOST, NULL, "none"},
	{Q, S(G "A: b" E E), -R_BAD_HOST, NULL, "none but others"},
	{Q, S(G HA "Host: b" E), -R_BAD_HOST, NULL, "two"},
	{Q, S(G HA HA), -R_BAD_HOST, NULL, "the same twice"},
	{Q, S(G HA "A: b" E "hOST: a" E), -R_BAD_HOST, NULL, "two apart"},
	{Q, S(G "Host:" E HA), -R_BAD_HOST, NULL, "an empty one and another"},
	{Q, S(G HA "Host:" E), -R_BAD_HOST, NULL, "one and an empty one"},
	{Q, S(G0 HA HA), -R_BAD_HOST, NULL, "two in http/1.0"},
	{Q, S(G0 "Host: u@a" E), -R_BAD_HOST, NULL, "bad in http/1.0"},
	{Q, S("GET http://b/ HTTP/1.1\r\n" E), -R_BAD_HOST, NULL,
	 "none, absolute form"},
	{Q, S("GET http://b/ HTTP/1.1\r\n" HA HA), -R_BAD_HOST, NULL,
	 "two, absolute form"},
	{Q, S("GET http://b/ HTTP/1.1\r\nHost: u@b" E), -R_BAD_HOST, NULL,
	 "bad, absolute form"},
	{Q, S("CONNECT b:1 HTTP/1.1\r\n" E), -R_BAD_HOST, NULL,
	 "none, connect"},
};

#define LENGTH(value, number, why) \
	{Q, S(P HA "Content-Length:" value E E), 0, \
	 "/ a 1.1 keep length " number, why}
#define NOLENGTH(value, why) \
	{Q, S(P HA "Content-Length:" value E E), -R_BAD_LENGTH, NULL, why}
#define NOCODING(value, why) \
	{Q, S(P HA "Transfer-Encoding:" value E E), -R_BAD_CODING, NULL, why}
#define BOTH(fields, why) \
	{Q, S(P HA fields E), -R_LENGTH_AND_CODING, NULL, why}

static const struct row framings[] = {
	LENGTH(" 1", "1", "one"), LENGTH("1", "1", "no blank"),
	LENGTH(" \t1 \t", "1", "blanks"), LENGTH(" 0001", "1", "zeros"),
	LENGTH(" 9223372036854775807", "9223372036854775807", "63 bits"),
	LENGTH(" 0000000000000000001", "1", "19 digits"),
	{Q, S(P HA CL "0" E E), 0, "/ a 1.1 keep none 0", "length 0"},
	{Q, S(P HA CL "000" E E), 0, "/ a 1.1 keep none 0", "length 000"},
	{Q, S(G HA CL "7" E E), 0, "/ a 1.1 keep length 7", "with get"},
	{Q, S(P0 CL "7" E E), 0, "/  1.0 close length 7", "in http/1.0"},
	{Q, S(P HA E), 0, "/ a 1.1 keep none", "none"},
	NOLENGTH("", "empty"), NOLENGTH(" ", "blank"), NOLENGTH(" +1", "plus"),
	NOLENGTH(" -1", "minus"), NOLENGTH(" -0", "minus zero"),
	NOLENGTH(" 1 1", "space within"), NOLENGTH(" 1\t1", "tab within"),
	NOLENGTH(" 0x1", "hex"), NOLENGTH(" 1x", "junk behind"),
	NOLENGTH(" x1", "junk before"), NOLENGTH(" 1,1", "list"),
	NOLENGTH(" 5, 5", "list of the same"), NOLENGTH(" 1,", "comma"),
	NOLENGTH(" ,1", "comma before"), NOLENGTH(" 1;1", "semicolon"),
	NOLENGTH(" 1.0", "decimal"), NOLENGTH(" 1e0", "exponent"),
	NOLENGTH(" 1_0", "underscore"), NOLENGTH(" \"1\"", "quoted"),
	NOLENGTH(" a", "letter"), NOLENGTH(" \xb2", "superscript"),
	NOLENGTH(" 1:", "colon, behind nine"), NOLENGTH(" 1/", "before zero"),
	NOLENGTH(" 9223372036854775808", "2^63"),
	NOLENGTH(" 9999999999999999999", "largest of 19 digits"),
	NOLENGTH(" 00000000000000000001", "20 digits"),
	NOLENGTH(" 18446744073709551615", "2^64-1"),
	NOLENGTH(" 18446744073709551617", "2^64+1"),
	NOLENGTH(" 340282366920938463463374607431768211457", "2^128+1"),
	NOLENGTH(" 1\r\nContent-Length: 1", "the same twice"),
	NOLENGTH(" 1\r\nContent-Length: 2", "two"),
	NOLENGTH(" 1\r\nA: b\r\ncontent-length: 1", "two apart"),
	NOLENGTH("\r\nContent-Length: 1", "empty and another"),
	NOLENGTH(" 1\r\nContent-Length:", "one and an empty"),
	{Q, S(G HA CL "x" E E), -R_BAD_LENGTH, NULL, "with get"},
	{Q, S(P0 CL "1" E CL "1" E E), -R_BAD_LENGTH, NULL,
	 "twice in http/1.0"},
	{Q, S(P HA TE "chunked" E E), 0, "/ a 1.1 keep chunked", "chunked"},
	{Q, S(P HA TE "\tcHuNkEd " E E), 0, "/ a 1.1 keep chunked", "case"},
	{Q, S(G HA TE "chunked" E E), 0, "/ a 1.1 keep chunked",
	 "chunked get"},
	NOCODING("", "empty"), NOCODING(" ", "blank"),
	NOCODING(" gzip", "gzip"),
	NOCODING(" gzip, chunked", "gzip, chunked"),
	NOCODING(" chunked, gzip", "chunked, gzip"),
	NOCODING(" chunked, chunked", "chunked, chunked"),
	NOCODING(" chunked,", "comma behind"), NOCODING(" ,chunked", "before"),
	NOCODING(" identity", "identity"), NOCODING(" xchunked", "x before"),
	NOCODING(" chunkedx", "x behind"), NOCODING(" chunke", "cut"),
	NOCODING(" chunked;q=1", "parameter"),
	NOCODING(" \"chunked\"", "quotes"),
	NOCODING(" chun ked", "space within"), NOCODING(" chunked x", "two"),
	NOCODING(" chunked\xa0", "high byte"), NOCODING(" chunkeD\x80", "high"),
	NOCODING(" chunkeE", "last letter"), NOCODING(" #hunked", "folded"),
	NOCODING(" chunked\r\nTransfer-Encoding: chunked", "two lines"),
	NOCODING(" chunked\r\nTransfer-Encoding: identity", "and identity"),
	NOCODING(" gzip\r\nTransfer-Encoding: chunked", "behind gzip"),
	NOCODING("\r\nTransfer-Encoding: chunked", "behind an empty one"),
	NOCODING(" chunked\r\ntransfer-encoding:", "before an empty one"),
	{Q, S(P0 TE "chunked" E E), -R_BAD_CODING, NULL, "in http/1.0"},
	{Q, S(P TE "gzip" E E), -R_BAD_CODING, NULL, "before a missing host"},
	BOTH(CL "1" E TE "chunked" E, "length and coding"),
	BOTH(TE "chunked" E CL "1" E, "coding and length"),
	BOTH(CL "0" E TE "chunked" E, "length 0 and coding"),
	BOTH(CL "x" E TE "chunked" E, "bad length and coding"),
	BOTH(CL E TE "chunked" E, "empty length and coding"),
	BOTH(CL "1" E CL "1" E TE "chunked" E, "two lengths and coding"),
	BOTH(CL "1" E TE "gzip" E, "length and bad coding"),
	BOTH(TE "x" E "A: b" E CL "1" E, "bad coding and length"),
	BOTH(TE E CL "1" E, "empty coding and length"),
	{Q, S(P0 CL "1" E TE "chunked" E E), -R_LENGTH_AND_CODING, NULL,
	 "both in http/1.0"},
	{Q, S(P0 TE "chunked" E CL "1" E E), -R_LENGTH_AND_CODING, NULL,
	 "both in http/1.0, other order"},
	{Q, S(P HA "Expect: x" E CL "1" E TE "chunked" E E),
	 -R_LENGTH_AND_CODING, NULL, "framing before expect"},
	{Q, S(P "Expect: x" E E), -R_BAD_HOST, NULL, "host before expect"},
};

#define EXPECT(value, why) \
	{Q, S(P HA "Expect:" value E E), -R_BAD_EXPECT, NULL, why}
#define KEEP(version, value, gives, why) \
	{Q, S("GET / HTTP/" version E HA "Connection:" value E E), 0, \
	 "/ a " version gives " none", why}

static const struct row others[] = {
	{Q, S(P HA "Expect: 100-continue" E CL "1" E E), 0,
	 "/ a 1.1 keep length 1 expect", "100-continue"},
	{Q, S(P HA "eXpect:100-Continue" E E), 0, "/ a 1.1 keep none expect",
	 "100-Continue"},
	{Q, S(P HA "Expect: 100-continue" E "Expect: 100-continue" E E), 0,
	 "/ a 1.1 keep none expect", "100-continue twice"},
	{Q, S(P0 "Expect: 100-continue" E E), 0, "/  1.0 close none",
	 "100-continue in http/1.0"},
	EXPECT("", "empty"), EXPECT(" 200-ok", "200-ok"), EXPECT(" 100", "100"),
	EXPECT(" continue", "continue"), EXPECT(" 100-continued", "longer"),
	EXPECT(" 100-continu", "shorter"), EXPECT(" 100 continue", "space"),
	EXPECT(" 100-continue, x", "list"), EXPECT(" 100-continue;a=b", "more"),
	EXPECT(" 100-continue\r\nExpect: x", "twice, one unknown"),
	EXPECT(" 100-bontinue", "another letter"),
	{Q, S(P0 "Expect: x" E E), -R_BAD_EXPECT, NULL, "in http/1.0"},
	KEEP("1.1", " close", " close", "close"),
	KEEP("1.1", " CLOSE", " close", "upper case"),
	KEEP("1.1", " keep-alive", " keep", "keep-alive"),
	KEEP("1.1", "", " keep", "empty"),
	KEEP("1.1", " closed", " keep", "another word"),
	KEEP("1.1", " clos", " keep", "a shorter word"),
	KEEP("1.1", " close x", " keep", "two words"),
	KEEP("1.1", " close, keep-alive", " close", "close wins"),
	KEEP("1.1", " keep-alive, close", " close", "close wins, behind"),
	KEEP("1.1", " keep-alive\r\nConnection: close", " close", "two lines"),
	KEEP("1.1", " close\r\nConnection: keep-alive", " close", "the first"),
	KEEP("1.1", " x ,\t, close ,", " close", "odd list"),
	KEEP("1.0", " keep-alive", " keep", "1.0 keep-alive"),
	KEEP("1.0", " Keep-Alive", " keep", "1.0 Keep-Alive"),
	KEEP("1.0", " close", " close", "1.0 close"),
	KEEP("1.0", " x", " close", "1.0 another word"),
	KEEP("1.0", " keep-alive, close", " close", "1.0 both"),
	KEEP("1.1", " upgrade", " keep upgrade", "upgrade"),
	KEEP("1.1", " keep-alive, Upgrade", " keep upgrade", "in a list"),
	KEEP("1.1", " close\r\nConnection: uPgrade", " close upgrade",
	 "upgrade in another line"),
	KEEP("1.1", " upgraded", " keep", "upgraded"),
};

#define HOPS(fields, gives, why) {Q, S(G HA fields E), 0, "~Host=a " gives, why}

static const struct row hops[] = {
	HOPS("Connection: x" E "X: 1" E "Y: 2" E,
	 "(Connection=x) (X=1) Y=2", "named"),
	HOPS("X: 1" E "x: 2" E "Connection: y, X" E "XX: 3" E,
	 "(X=1) (x=2) (Connection=y, X) XX=3", "named behind, twice"),
	HOPS("Connection: a" E "Connection: b" E "A: 1" E "B: 2" E "C: 3" E,
	 "(Connection=a) (Connection=b) (A=1) (B=2) C=3", "two lines"),
	HOPS("Connection: close" E "Close: 1" E,
	 "(Connection=close) Close=1", "close is no field"),
	HOPS("Connection: ab, z, c^" E "ac: 1" E "Z: 2" E "c~: 3" E "AB: 4" E,
	 "(Connection=ab, z, c^) ac=1 (Z=2) c~=3 (AB=4)", "compared whole"),
	{Q, S(G "X: 1" E HA "Connection: x" E E), 0,
	 "~(X=1) Host=a (Connection=x)", "the first field"},
	HOPS("Proxy-: 1" E "X-Forwarded-: 2" E "Connection: x-forwarded-" E,
	 "(Proxy-=1) X-Forwarded-=2 (Connection=x-forwarded-)", "bare"),
	HOPS("Connection: cookie, authorization, forwarded" E "Cookie: 1" E
	 "Authorization: 2" E "Forwarded: 3" E,
	 "(Connection=cookie, authorization, forwarded) Cookie=1 "
	 "Authorization=2 Forwarded=3", "kept"),
	HOPS("Connection: host, set-cookie, x-request-id" E "Set-Cookie: 1" E
	 "X-Request-Id: 2" E, "(Connection=host, set-cookie, x-request-id) "
	 "Set-Cookie=1 X-Request-Id=2", "kept too"),
	HOPS("Connection: x-forwarded-for,x-forwarded-proto,x-forwarded-host,"
	 "x-forwarded-port" E "X-Forwarded-For: 1" E "X-Forwarded-Proto: 2" E
	 "X-Forwarded-Host: 3" E "X-Forwarded-Port: 4" E,
	 "(Connection=x-forwarded-for,x-forwarded-proto,x-forwarded-host,"
	 "x-forwarded-port) X-Forwarded-For=1 X-Forwarded-Proto=2 "
	 "X-Forwarded-Host=3 X-Forwarded-Port=4", "forwarded"),
	HOPS("Connection: sec-websocket-key,sec-websocket-version,"
	 "sec-websocket-accept" E "Sec-WebSocket-Key: 1" E
	 "Sec-WebSocket-Version: 2" E "Sec-WebSocket-Accept: 3" E,
	 "(Connection=sec-websocket-key,sec-websocket-version,"
	 "sec-websocket-accept) Sec-WebSocket-Key=1 Sec-WebSocket-Version=2 "
	 "Sec-WebSocket-Accept=3", "websocket"),
	HOPS("Connection: sec-websocket-protocol,sec-websocket-extensions,"
	 "sec-websocket-x" E "Sec-WebSocket-Protocol: 1" E
	 "Sec-WebSocket-Extensions: 2" E "Sec-WebSocket-X: 3" E,
	 "(Connection=sec-websocket-protocol,sec-websocket-extensions,"
	 "sec-websocket-x) Sec-WebSocket-Protocol=1 "
	 "Sec-WebSocket-Extensions=2 Sec-WebSocket-X=3", "websocket too"),
	HOPS("Connection: origin, date" E "Origin: 1" E "Date: 2" E
	 "Accept: 3" E, "(Connection=origin, date) (Origin=1) (Date=2) "
	 "Accept=3", "known but not kept"),
	HOPS("TE: 1" E "Trailer: 2" E "Upgrade: 3" E "Keep-Alive: 4" E,
	 "(TE=1) (Trailer=2) (Upgrade=3) (Keep-Alive=4)", "usual list"),
	HOPS("Proxy: 1" E "Proxy-Connection: 2" E "Proxy-Authenticate: 3" E
	 "Proxy-Authorization: 4" E "Proxy-Foo: 5" E "HTTP2-Settings: 6" E,
	 "(Proxy=1) (Proxy-Connection=2) (Proxy-Authenticate=3) "
	 "(Proxy-Authorization=4) (Proxy-Foo=5) (HTTP2-Settings=6)",
	 "proxy and settings"),
	HOPS("Prox: 1" E "Proxyx: 2" E "Upgraded: 3" E "TEX: 4" E,
	 "Prox=1 Proxyx=2 Upgraded=3 TEX=4", "nearly"),
	HOPS(CL "1" E, "(Content-Length=1)", "length"),
	HOPS(TE "chunked" E, "(Transfer-Encoding=chunked)", "coding"),
	{R, S(OK "Connection: a" E "A: 1" E "Set-Cookie: 2" E E), 0,
	 "~(Connection=a) (A=1) Set-Cookie=2", "in a response"},
};

#define ST(line, gives, why) {R, S(line E E), 0, gives, why}
#define NOST(bytes, why) {R, S(bytes), -R_BAD_RESPONSE, NULL, why}
#define RBAD(fields, why) {R, S(OK fields), -R_BAD_RESPONSE, NULL, why}

static const struct row responses[] = {
	ST("HTTP/1.1 200 OK", "200 OK 1.1 close eof", "plain"),
	ST("HTTP/1.1 200 ", "200  1.1 close eof", "no phrase"),
	ST("HTTP/1.0 200 OK", "200 OK 1.0 close eof", "1.0"),
	ST("HTTP/1.5 200 OK", "200 OK 1.1 close eof", "1.5"),
	ST("HTTP/1.1 999 x", "999 x 1.1 close eof", "999"),
	ST("HTTP/1.1 100 ", "100  1.1 keep none", "100"),
	ST("HTTP/1.1 103 Early Hints", "103 Early Hints 1.1 keep none", "103"),
	ST("HTTP/1.1 101 S", "101 S 1.1 keep none", "101"),
	ST("HTTP/1.1 204 No", "204 No 1.1 keep none", "204"),
	ST("HTTP/1.1 304 No", "304 No 1.1 keep none", "304"),
	ST("HTTP/1.0 304 No", "304 No 1.0 close none", "304 in 1.0"),
	ST("HTTP/1.1 205 R", "205 R 1.1 close none", "205, undelimited"),
	ST("HTTP/1.1 200 \t a\x80\xff ~", "200 \t a\x80\xff ~ 1.1 close eof",
	 "odd phrase"),
	NOST("\r\n", "crlf in front"), NOST("\n", "lf in front"),
	NOST(" ", "space in front"), NOST("HTTP/1.1\r\n", "version alone"),
	NOST("HTTP/1.1 200\r\n", "no space behind the status"),
	NOST("HTTP/1.1 20\r\n", "two digits, cut"),
	NOST("HTTP/1.1 20 ", "two digits"),
	NOST("HTTP/1.1 2000", "four digits"),
	NOST("HTTP/1.1  ", "two spaces"), NOST("HTTP/1.1\t", "tab"),
	NOST("HTTP/1.1 200\t", "tab behind"), NOST("HTTP/1.1 000 ", "000"),
	NOST("HTTP/1.1 099 ", "099"), NOST("HTTP/1.1 -", "signed"),
	NOST("HTTP/1.1 2a", "letter"), NOST("HTTP/1.1 a", "letter first"),
	NOST("HTTP/2", "HTTP/2"), NOST("HTTP/0", "HTTP/0"),
	NOST("HTTP/1.a", "letter for a minor"), NOST("HTTP/11", "11"),
	NOST("HTTP/1.10", "1.10"), NOST("h", "lower case"), NOST("I", "ICY"),
	NOST("HTTPS", "https"), NOST("HTTP ", "no version"),
	NOST("HTTP/1.1 200 OK\n", "lf ends the line"),
	NOST("HTTP/1.1 200 OK\rX", "cr ends the line"),
	NOST("HTTP/1.1 200 OK\r\r", "cr cr lf"),
	NOST("HTTP/1.1 200 O\0", "nul in the phrase"),
	NOST("HTTP/1.1 200 O\x01", "control in the phrase"),
	NOST("HTTP/1.1 200 12345678\x7f", "del in the phrase"),
	RBAD(" ", "fold"), RBAD("A ", "space behind a name"),
	RBAD("\n", "lf"), RBAD("A: b\n", "lf behind a field"),
	RBAD("A: b\rc", "cr in a value"), RBAD("A: \0", "nul in a value"),
	RBAD(":", "no name"), RBAD("A" E, "no colon"), RBAD("\rx", "cr x"),
	RBAD(CL "x" E E, "bad length"), RBAD(CL "1" E CL "1" E E, "two"),
	RBAD(CL "5, 5" E E, "length list"), RBAD(CL E E, "empty length"),
	RBAD(CL "1" E TE "chunked" E E, "length and coding"),
	RBAD(TE "gzip" E E, "gzip"),
	RBAD(TE "chunked, gzip" E E, "two codings"),
	RBAD(TE "chunked" E TE "chunked" E E, "chunked twice"),
	NOST(OK0 TE "chunked" E E, "chunked in 1.0"),
	NOST("HTTP/1.1 204 N\r\n" CL "x" E E, "bad length with 204"),
	NOST("HTTP/1.1 304 N\r\n" TE "x" E E, "bad coding with 304"),
	{RH, S(OK CL "1" E TE "chunked" E E), -R_BAD_RESPONSE, NULL,
	 "both, to a head"},
	{R, S(OK CL "5" E E), 0, "200 OK 1.1 keep length 5", "length"},
	{R, S(OK CL "0" E E), 0, "200 OK 1.1 keep length 0", "length 0"},
	{R, S(OK TE "Chunked" E E), 0, "200 OK 1.1 keep chunked", "chunked"},
	{R, S(OK CL "5" E "Connection: close" E E), 0,
	 "200 OK 1.1 close length 5", "close"},
	{R, S(OK "Connection: keep-alive" E E), 0, "200 OK 1.1 close eof",
	 "eof wins over keep-alive"},
	{R, S(OK0 CL "5" E E), 0, "200 OK 1.0 close length 5", "1.0, length"},
	{R, S(OK0 CL "5" E "Connection: keep-alive" E E), 0,
	 "200 OK 1.0 keep length 5", "1.0, keep-alive"},
	{R, S(OK "Host: u@a" E "Host: b" E E), 0, NULL, "host is nothing here"},
	{R, S(OK "Expect: x" E E), 0, NULL, "expect is nothing here"},
	{RH, S(OK E), 0, "200 OK 1.1 keep none", "head, nothing"},
	{RH, S(OK CL "5" E E), 0, "200 OK 1.1 keep none 5", "head, length"},
	{RH, S(OK TE "chunked" E E), 0, "200 OK 1.1 keep none", "head, coding"},
	{RH, S(OK0 CL "5" E E), 0, "200 OK 1.0 close none 5", "head, 1.0"},
	{R, S("HTTP/1.1 304 N\r\n" CL "5" E E), 0, "304 N 1.1 keep none 5",
	 "304, length"},
	{R, S("HTTP/1.1 304 N\r\n" TE "chunked" E E), 0, "304 N 1.1 keep none",
	 "304, coding"},
	{R, S("HTTP/1.1 204 N\r\n" CL "1" E E), 0, "204 N 1.1 close none 1",
	 "204, length"},
	{R, S("HTTP/1.1 204 N\r\n" CL "0" E E), 0, "204 N 1.1 keep none 0",
	 "204, length 0"},
	{R, S("HTTP/1.1 204 N\r\n" TE "chunked" E E), 0,
	 "204 N 1.1 close none", "204, coding"},
	{R, S("HTTP/1.1 205 R\r\n" CL "0" E E), 0, "205 R 1.1 keep none 0",
	 "205, length 0"},
	{R, S("HTTP/1.1 205 R\r\n" CL "5" E E), 0, "205 R 1.1 close none 5",
	 "205, length"},
	{R, S("HTTP/1.1 205 R\r\n" TE "chunked" E E), 0,
	 "205 R 1.1 close none", "205, coding"},
	{RH, S("HTTP/1.1 204 N\r\n" CL "5" E E), 0, "204 N 1.1 close none 5",
	 "204 to a head"},
	{R, S("HTTP/1.1 103 E\r\n" CL "5" E E), 0, "103 E 1.1 close none 5",
	 "103, length"},
	{R, S("HTTP/1.1 101 S\r\nConnection: Upgrade" E TE "chunked" E E), 0,
	 "101 S 1.1 close upgrade none", "101, coding"},
	{R, S("HTTP/1.1 206 P\r\n" CL "9223372036854775807" E E), 0,
	 "206 P 1.1 keep length 9223372036854775807", "63 bits"},
};

#define TRAIL(fields, gives, why) {TR, S(fields E), 0, "~" gives, why}
#define NOTRAIL(bytes, why) {TR, S(bytes), -R_BAD_TRAILER, NULL, why}
#define DROP(name) TRAIL(name ": 1" E, "(" name "=1)", name)
#define PASS(name) TRAIL(name ": 1" E, name "=1", name)

static const struct row trailers[] = {
	TRAIL("", "", "none"), TRAIL("A: b" E, "A=b", "one"),
	TRAIL("A: b" E "C:d " E, "A=b C=d", "two"),
	TRAIL("Vary: 1" E "Age: 2" E "B: 3" E, "(Vary=1) (Age=2) B=3", "three"),
	TRAIL("Connection: a" E "A: b" E, "(Connection=a) A=b", "named late"),
	PASS("ETag"), PASS("Server-Timing"), PASS("Content-Digest"),
	PASS("Grpc-Status"), PASS("X-Checksum"), PASS("Agent"), PASS("Ag"),
	DROP("Host"), DROP("Connection"), DROP("Content-Length"),
	DROP("Transfer-Encoding"), DROP("TE"), DROP("Trailer"),
	DROP("Upgrade"), DROP("Expect"), DROP("Keep-Alive"),
	DROP("Proxy-Connection"), DROP("Proxy-Authenticate"),
	DROP("Proxy-Authorization"), DROP("Proxy-X"), DROP("Proxy"),
	DROP("HTTP2-Settings"), DROP("Cookie"), DROP("Set-Cookie"),
	DROP("Authorization"), DROP("WWW-Authenticate"),
	DROP("Authentication-Info"), DROP("Forwarded"),
	DROP("X-Forwarded-For"), DROP("X-Forwarded-Proto"),
	DROP("X-Forwarded-Host"), DROP("X-Forwarded-Port"),
	DROP("X-Request-Id"), DROP("Origin"), DROP("Accept"),
	DROP("Accept-Encoding"), DROP("Accept-Charset"),
	DROP("Accept-Language"), DROP("Content-Type"),
	DROP("Content-Encoding"), DROP("Content-Range"),
	DROP("Content-Location"), DROP("Cache-Control"), DROP("Max-Forwards"),
	DROP("Pragma"), DROP("Range"), DROP("If-Match"), DROP("If-Range"),
	DROP("if-none-match"), DROP("If-Modified-Since"), DROP("Age"),
	DROP("Expires"), DROP("Date"), DROP("Location"), DROP("Retry-After"),
	DROP("Vary"), DROP("Warning"), DROP("Sec-WebSocket-Key"),
	DROP("Sec-WebSocket-Other"), DROP("Api-Key"), DROP("X-Api-Key"),
	DROP("X-Real-IP"), DROP("X-HTTP-Method-Override"),
	DROP("X-Original-URL"), DROP("X-Rewrite-URL"),
	NOTRAIL("\n", "lf"), NOTRAIL("\rA", "cr"), NOTRAIL("\r\r", "cr cr"),
	NOTRAIL(" ", "space in front"), NOTRAIL("A: b" E " ", "fold"),
	NOTRAIL("A" E, "no colon"), NOTRAIL("A ", "space behind the name"),
	NOTRAIL(":", "no name"), NOTRAIL("A: \0", "nul"),
	NOTRAIL("A\0", "nul in the name"), NOTRAIL("A: b\n", "lf behind"),
	NOTRAIL("A: b\rc", "cr within"), NOTRAIL("A: \x7f", "del"),
	NOTRAIL("A(", "parenthesis"), NOTRAIL("\0", "nul alone"),
};

static void
test_heads(void)
{
	static const struct {
		const struct row *row;
		size_t n;
	} tables[] = {
		{lines, LEN(lines)}, {targets, LEN(targets)},
		{lines_of_fields, LEN(lines_of_fields)}, {hosts, LEN(hosts)},
		{framings, LEN(framings)}, {others, LEN(others)},
		{hops, LEN(hops)}, {responses, LEN(responses)},
		{trailers, LEN(trailers)},
	};
	size_t i, k;

	for (i = 0; i < LEN(tables); i++)
		for (k = 0; k < tables[i].n; k++)
			test_row(&tables[i].row[k]);
}

/* bytes that end where the verdict is due, under limits of their own */
static const struct {
	enum kind kind;
	const char *p;
	size_t n;
	struct http_limits lim;
	int want;
	const char *why;
} limit_rows[] = {
	{Q, S("GET /aaaaa"), {99, 9, 1}, -R_LINE_TOO_LONG, "target"},
	{Q, S("GETGETGETG"), {99, 9, 1}, -R_LINE_TOO_LONG, "method"},
	{Q, S("GET /aaaa "), {99, 9, 1}, -R_LINE_TOO_LONG, "the space"},
	{Q, S("GET /aaa\t"), {99, 9, 1}, -R_BAD_TARGET, "a fault before it"},
	{Q, S("GET /aaaa\t"), {99, 9, 1}, -R_LINE_TOO_LONG, "a fault behind"},
	{Q, S("GET /aaaa\n"), {99, 9, 1}, -R_LINE_TOO_LONG, "lf behind"},
	{Q, S("GET /aaa\n"), {99, 9, 1}, -R_BARE_LF, "lf before it"},
	{Q, S("GET /aaaa\r\n"), {99, 9, 1}, -R_BAD_REQUEST_LINE, "at it"},
	{Q, S("GET /aaaa\r\r"), {99, 9, 1}, -R_BARE_CR, "cr cr at it"},
	{Q, S(E "GET /aaaa\r\n"), {99, 9, 1}, -R_BAD_REQUEST_LINE,
	 "a crlf in front does not count"},
	{Q, S(E "GET /aaaaa"), {99, 9, 1}, -R_LINE_TOO_LONG,
	 "a crlf in front does not help"},
	{Q, S("GET / HTTP/1.1"), {99, 13, 1}, -R_LINE_TOO_LONG, "version"},
	{Q, S("GET /aaaaa"), {10, 99, 1}, -R_HEAD_TOO_LARGE, "head in a line"},
	{Q, S("GET / HTTP/1.1\r"), {15, 99, 1}, -R_HEAD_TOO_LARGE, "at a cr"},
	{Q, S(G), {16, 99, 1}, -R_HEAD_TOO_LARGE, "behind a line"},
	{Q, S(G "Host: "), {22, 99, 1}, -R_HEAD_TOO_LARGE, "in a field"},
	{Q, S(G HA), {25, 99, 1}, -R_HEAD_TOO_LARGE, "behind a field"},
	{Q, S(G HA "\r"), {26, 99, 1}, -R_HEAD_TOO_LARGE, "at the last cr"},
	{Q, S(G "\0"), {17, 99, 1}, -R_BAD_FIELD_NAME, "fault at the limit"},
	{Q, S(G "A"), {17, 99, 1}, -R_HEAD_TOO_LARGE, "no fault at it"},
	{Q, S(G E), {18, 99, 1}, -R_BAD_HOST, "no host at the limit"},
	{Q, S("\r"), {1, 99, 1}, -R_HEAD_TOO_LARGE, "a cr"},
	{Q, S(E), {2, 99, 1}, -R_HEAD_TOO_LARGE, "a crlf"},
	{Q, S(G HA "A"), {99, 99, 1}, -R_TOO_MANY_FIELDS, "one field"},
	{Q, S(G "H"), {99, 99, 0}, -R_TOO_MANY_FIELDS, "no field"},
	{Q, S(G HA ":"), {99, 99, 1}, -R_TOO_MANY_FIELDS, "an empty name"},
	{Q, S(G HA "\0"), {99, 99, 1}, -R_TOO_MANY_FIELDS, "nul beyond"},
	{Q, S(G HA " "), {99, 99, 1}, -R_OBS_FOLD, "fold beyond"},
	{Q, S(G HA "\n"), {99, 99, 1}, -R_BARE_LF, "lf beyond"},
	{Q, S(G HA "\rA"), {99, 99, 1}, -R_BARE_CR, "cr beyond"},
	{R, S("HTTP/1.1 200 OK!"), {99, 15, 1}, -R_RESPONSE_TOO_LARGE, "line"},
	{R, S("HTTP/1.1 2"), {99, 9, 1}, -R_RESPONSE_TOO_LARGE, "short line"},
	{R, S("HTTP/1.1 200 O\0"), {99, 15, 1}, -R_BAD_RESPONSE, "fault"},
	{R, S("HTTP/1.1 200"), {12, 99, 1}, -R_RESPONSE_TOO_LARGE, "head"},
	{R, S(OK "A: b"), {21, 99, 1}, -R_RESPONSE_TOO_LARGE, "in a field"},
	{R, S(OK "A"), {99, 99, 0}, -R_RESPONSE_TOO_LARGE, "no field"},
	{R, S(OK HA "A"), {99, 99, 1}, -R_RESPONSE_TOO_LARGE, "one field"},
	{TR, S("A: b"), {4, 0, 1}, -R_HEAD_TOO_LARGE, "trailer"},
	{TR, S("A: b" E "C"), {99, 0, 1}, -R_TOO_MANY_FIELDS, "trailers"},
	{TR, S("A"), {99, 0, 0}, -R_TOO_MANY_FIELDS, "any trailer"},
	{TR, S("\r"), {1, 0, 1}, -R_HEAD_TOO_LARGE, "trailer's cr"},
};

static void
test_limits(void)
{
	struct row w;
	size_t i, k;

	for (i = 0; i < LEN(limit_rows); i++) {
		w.kind = limit_rows[i].kind;
		w.p = limit_rows[i].p;
		w.n = limit_rows[i].n;
		w.want = limit_rows[i].want;
		w.gives = NULL;
		w.why = limit_rows[i].why;
		rows++;
		for (k = 0; k < w.n; k++)
			expect(parse(w.kind, guarded(w.p, k, "", 0), k,
			    &limit_rows[i].lim) == 0, "limit, early", w.why);
		feed_whole(&w, &limit_rows[i].lim, "", 0);
		feed_whole(&w, &limit_rows[i].lim, "\n", 1);
		feed_whole(&w, &limit_rows[i].lim, S("\r\n\r\n"));
	}
}

/* the largest that has to be served: 8,000 bytes of target, 16 KB of head */
static void
test_large(void)
{
	static char m[16384 + 1];
	size_t n = 0, i;

	n += (size_t)sprintf(m + n, "GET /");
	memset(m + n, 'a', 7999);
	n += 7999;
	n += (size_t)sprintf(m + n, " HTTP/1.1\r\nHost: a\r\nA: ");
	memset(m + n, 'b', 7000);
	n += 7000;
	for (i = 0; i < 98; i++)
		n += (size_t)sprintf(m + n, "\r\nC:%zu", i);
	memset(m + n, 'd', sizeof m - 1 - n - 4);
	memcpy(m + sizeof m - 1 - 4, "\r\n\r\n", 4);
	n = sizeof m - 1;
	expect(parse(Q, guarded(m, n, "", 0), n, &limits) == (int)n &&
	    got.q.h.n_fields == 100 && got.q.path.n == 8000, "large", "all");
	for (i = 0; i < n; i += 1 + pick(40))
		expect(parse(Q, guarded(m, i, "", 0), i, &limits) == 0,
		    "large", "cut");
}

/*
 * Heads put together at random, with limits at random: whatever a first part
 * of one gives, the whole gives, and it comes at most once.
 */
static void
test_random(void)
{
	static const struct {
		const char *p;
		size_t n;
	} parts[] = {
		{S("GET ")}, {S("/ ")}, {S("HTTP/1.1\r\n")}, {S(G)}, {S(HA)},
		{S("A: b\r\n")}, {S("\r\n")}, {S(CL "5\r\n")}, {S(OK)},
		{S(TE "chunked\r\n")}, {S("\r")}, {S("\n")}, {S(" ")},
		{S(":")}, {S("\0")}, {S("Host: x@y\r\n")}, {S("\t")},
		{S("Connection: close, a\r\n")}, {S("Expect: y\r\n")},
		{S("x")}, {S("HTTP/2.0\r\n")}, {S("http://a?b ")}, {S("/../ ")},
	};
	static const char *const begins[] = {G HA, OK, "", "GET ", G};
	static const size_t usual[] = {0, 1, 1, 2}; /* for each kind */
	char m[400];
	struct http_limits lim;
	size_t round, n, k, at;
	enum kind kind;
	int want, r;

	for (round = 0; round < 30000; round++) {
		kind = (enum kind)pick(4);
		at = pick(4) > 0 ? usual[kind] : pick(LEN(begins));
		n = strlen(begins[at]);
		memcpy(m, begins[at], n);
		for (k = pick(9); k > 0; k--) {
			/* good lines more often than not */
			at = pick(2) ? pick(LEN(parts)) : 4 + pick(3);
			memcpy(m + n, parts[at].p, parts[at].n);
			n += parts[at].n;
		}
		lim.head_max = pick(2) ? 400 : 1 + pick(80);
		lim.line_max = pick(2) ? 400 : 1 + pick(30);
		lim.fields_max = pick(2) ? 9 : (unsigned)pick(3);
		want = parse(kind, guarded(m, n, "", 0), n, &lim);
		for (k = 0; k < n; k++) {
			r = parse(kind, guarded(m, k, "", 0), k, &lim);
			if (want > 0 && r != ((int)k < want ? 0 : want))
				fail("random", "good head");
			if (want == 0 && r != 0)
				fail("random", "incomplete head");
			if (want < 0 && r != 0) {
				expect(r == want, "random", "bad head");
				break;
			}
		}
	}
}

/* every byte alone in a target */
static void
test_bytes(void)
{
	char m[16];
	int c;

	for (c = 0; c < 256; c++) {
		snprintf(m, sizeof m, "GET /a%c /", 'b');
		m[6] = (char)c;
		if (c != ' ' && c != '\r')
			expect((parse(Q, guarded(m, 8, "", 0), 8, &limits)
			    == 0) == (c > ' ' && c != 0x7f && c != '#'),
			    "target", "each byte");
	}
}

static const struct {
	const char *name;
	enum http_method id;
	bool idempotent;
} methods[] = {
	{"GET", HTTP_M_GET, true}, {"HEAD", HTTP_M_HEAD, true},
	{"POST", HTTP_M_POST, false}, {"PUT", HTTP_M_PUT, true},
	{"DELETE", HTTP_M_DELETE, true}, {"OPTIONS", HTTP_M_OPTIONS, true},
	{"TRACE", HTTP_M_TRACE, true}, {"PATCH", HTTP_M_PATCH, false},
	{"get", HTTP_M_OTHER, false}, {"GETS", HTTP_M_OTHER, false},
	{"GE", HTTP_M_OTHER, false}, {"PURGE", HTTP_M_OTHER, false},
	{"HEAT", HTTP_M_OTHER, false}, {"DELETF", HTTP_M_OTHER, false},
	{"OPTIONT", HTTP_M_OTHER, false}, {"PROPFIND", HTTP_M_OTHER, false},
	{"PUS", HTTP_M_OTHER, false},
};

static void
test_methods(void)
{
	char m[64];
	size_t i;
	int n;

	for (i = 0; i < LEN(methods); i++) {
		rows++;
		n = snprintf(m, sizeof m, "%s / HTTP/1.1\r\n" HA E,
		    methods[i].name);
		expect(parse(Q, guarded(m, (size_t)n, "", 0), (size_t)n,
		    &limits) == n && got.q.method_id == methods[i].id &&
		    span_is_exact(got.q.method, methods[i].name), "method",
		    methods[i].name);
		expect(http_idempotent(methods[i].id) ==
		    methods[i].idempotent, "idempotent", methods[i].name);
	}
	n = snprintf(m, sizeof m, "CONNECT a:1 HTTP/1.1\r\n" HA E);
	parse(Q, guarded(m, (size_t)n, "", 0), (size_t)n, &limits);
	expect(got.q.method_id == HTTP_M_CONNECT, "method", "CONNECT");
	expect(!http_idempotent(HTTP_M_CONNECT), "idempotent", "CONNECT");
}

/* finding, counting and looking into lists */
static void
test_lookups(void)
{
	static const char m[] = G HA "Accept: a, b" E "Date: 1" E
	    "accept:" E "A: x" E "ACCEPT: , c ,d e" E "A: y" E E;
	const struct http_field *f;
	const struct http_head *h = &got.q.h;

	rows++;
	parse(Q, guarded(m, sizeof m - 1, "", 0), sizeof m - 1, &limits);
	f = http_find(h, HTTP_F_ACCEPT, NULL);
	expect(f == &fields[1], "find", "first");
	f = http_find(h, HTTP_F_ACCEPT, f);
	expect(f == &fields[3], "find", "second");
	f = http_find(h, HTTP_F_ACCEPT, f);
	expect(f == &fields[5], "find", "third");
	expect(http_find(h, HTTP_F_ACCEPT, f) == NULL, "find", "no fourth");
	expect(http_find(h, HTTP_F_COOKIE, NULL) == NULL, "find", "none");
	expect(http_find(h, HTTP_F_OTHER, &fields[4]) == &fields[6], "find",
	    "others");
	expect(span_is_exact(http_value(h, HTTP_F_ACCEPT), "a, b"), "value",
	    "first");
	expect(http_value(h, HTTP_F_COOKIE).n == 0, "value", "none");
	expect(http_count(h, HTTP_F_ACCEPT) == 3, "count", "three");
	expect(http_count(h, HTTP_F_HOST) == 1, "count", "one");
	expect(http_count(h, HTTP_F_COOKIE) == 0, "count", "none");
	expect(http_lists(h, HTTP_F_ACCEPT, "a"), "lists", "first");
	expect(http_lists(h, HTTP_F_ACCEPT, "B"), "lists", "other case");
	expect(http_lists(h, HTTP_F_ACCEPT, "c"), "lists", "another line");
	expect(!http_lists(h, HTTP_F_ACCEPT, "d"), "lists", "a part");
	expect(!http_lists(h, HTTP_F_ACCEPT, ""), "lists", "nothing");
	expect(!http_lists(h, HTTP_F_COOKIE, "a"), "lists", "none");
	expect(strcmp(http_phrase(100), "Continue") == 0, "phrase", "100");
	expect(strcmp(http_phrase(404), "Not Found") == 0, "phrase", "404");
	expect(strcmp(http_phrase(299), "") == 0, "phrase", "299");
}

/* every status that weir answers with has a phrase */
static void
test_phrases(void)
{
	int i, status;

	for (i = 0; i < R_COUNT; i++) {
		status = reason_status((enum reason)i);
		expect(status == 0 || http_phrase(status)[0] != '\0',
		    "phrase", reason_word((enum reason)i));
	}
}

int
main(int argc, char **argv)
{
	(void)argv;
	guard_end = guard();
	fields_end = guard();
	test_heads();
	test_limits();
	test_large();
	test_random();
	test_bytes();
	test_methods();
	test_lookups();
	test_phrases();
	if (argc > 1)
		printf("%u rows\n", rows);
	return failed;
}
