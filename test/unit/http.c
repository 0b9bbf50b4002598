/* Tests http.c: responses, limits, what comes at random, and looking fields up;
 * and the trailers of chunk.c. */
#include "httprow.h"

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
	static const struct table tables[] = {
		{responses, LEN(responses)}, {trailers, LEN(trailers)},
	};

	test_tables(tables, LEN(tables));
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
	begin_rows();
	test_heads();
	test_limits();
	test_large();
	test_random();
	test_lookups();
	test_phrases();
	return end_rows(argc);
}
