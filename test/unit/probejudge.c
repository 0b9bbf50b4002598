/*
 * Tests probejudge.c and probehint.c: facts to a class, and the words that
 * must be among what is said of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probejudge.h"
#include "tlserror.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int failed;

static void
expect(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL %s: %s\n", what, why);
	failed = 1;
}

/* what a probe that got that far knows */
#define ASKED .host = "a.test", .name = "a.test", .port = 80
#define OPEN ASKED, .addrs = 1, .opened = 1
#define SECURE_FOR(days) OPEN, .tls = true, .secure = true, .cert = true, \
	.cert_names = "a.test", .cert_issuer = "Some CA", .cert_days = days
#define SECURE SECURE_FOR(60)
#define BADCERT OPEN, .tls = true, .tls_cut = CUT_RST, .cert = true, \
	.cert_names = "b.test", .cert_issuer = "Some CA"
#define PONGS(n) OPEN, .status = 101, .pings = 3, .pongs = n
#define UP PONGS(3)
#define HELD_FOR(t) .silent.done = true, .silent.ms = t, .silent.quiet_ms = t
#define HELD HELD_FOR(60010)

static const struct row {
	struct probe_facts f;
	enum probe_class class;
	const char *text, *advice; /* words in it; advice NULL: there is none */
	const char *why;
} rows[] = {
	/* before HTTP */
	{{ASKED, .name_error = "Name not known"}, PROBE_NAME,
	    "a.test has no address: Name not known", "spelled", "no name"},
	{{ASKED, .addrs = 2, .tcp_error = ECONNREFUSED}, PROBE_TCP,
	    "port 80", "Nothing listens", "refused"},
	{{ASKED, .addrs = 2, .tcp_error = ETIMEDOUT}, PROBE_TCP, "a.test",
	    "firewall", "no answer to a SYN"},
	{{ASKED, .addrs = 2, .tcp_error = ENETUNREACH}, PROBE_TCP, "a.test",
	    "routes", "no route"},
	{{OPEN, .tls = true, .tls_error = 3}, PROBE_NOT_HTTP,
	    "does not speak TLS", "ws://", "plain port"},
	{{OPEN, .tls = true, .tls_error = TLS_E_NEW}, PROBE_TLS, "1.3",
	    "1.2", "TLS 1.3 alone"},
	{{OPEN, .tls = true, .tls_error = 256 + 40}, PROBE_TLS, "common",
	    "ECDHE", "no suite"},
	{{OPEN, .tls = true, .tls_error = 256 + 112}, PROBE_TLS, "name", NULL,
	    "refuses the name"},
	{{OPEN, .tls = true, .tls_cut = CUT_FIN}, PROBE_TLS,
	    "ended with the end of the TCP stream", "SNI", "closes"},
	{{OPEN, .tls = true, .tls_cut = CUT_SILENT}, PROBE_TLS, "silence",
	    "port 80", "silent"},
	{{BADCERT, .tls_error = 56}, PROBE_CERT, "It is for b.test",
	    "a.test", "another name"},
	{{BADCERT, .tls_error = 54}, PROBE_CERT, "expired", "Renew",
	    "expired"},
	{{BADCERT, .tls_error = TLS_E_NOT_YET}, PROBE_CERT, "not valid yet",
	    "--insecure", "too early"},
	{{BADCERT, .tls_error = 62}, PROBE_CERT, "Some CA", "--ca",
	    "not trusted"},
	{{BADCERT, .tls_error = TLS_E_SELF}, PROBE_CERT, "by itself", "--ca",
	    "self-signed"},
	{{BADCERT, .tls_error = 256 + 48}, PROBE_TLS, "issuer", NULL,
	    "our certificate is what it does not like"},

	/* no HTTP */
	{{OPEN, .n_first = 7, .first = "\x15\3\3\0\2\2\x46"}, PROBE_NOT_HTTP,
	    "speaks TLS", "wss://", "an alert"},
	{{OPEN, .n_first = 9, .first = {0, 0, 18, 4, 0, 0, 0, 0, 0}},
	    PROBE_NOT_HTTP, "HTTP/2", "HTTP/1.1", "HTTP/2"},
	{{OPEN, .n_first = 8, .first = "SSH-2.0-"}, PROBE_NOT_HTTP,
	    "does not speak HTTP", "port", "SSH"},
	{{OPEN, .n_first = 9, .first = "HTTP/1.1 ", .malformed = true},
	    PROBE_NOT_HTTP, "malformed", "curl", "bad HTTP"},
	{{OPEN, .status = 400,
	    .body = "<h1>The plain HTTP request was sent to HTTPS port"},
	    PROBE_NOT_HTTP, "speaks TLS", "wss://", "nginx's TLS port"},
	{{OPEN, .status = 400,
	    .body = "Client sent an HTTP request to an HTTPS server."},
	    PROBE_NOT_HTTP, "speaks TLS", "wss://", "Go's TLS port"},
	{{OPEN, .status = 400, .body = "400 Bad Request: tls_plain: "
	    "Plain HTTP was spoken to a port for HTTPS."},
	    PROBE_NOT_HTTP, "speaks TLS", "wss://", "weir's TLS port"},
	{{SECURE, .status = 400, .same = SAME_NO,
	    .body = "The plain HTTP request was sent to HTTPS port"},
	    PROBE_REFUSED, "400", "liking", "over TLS it is something else"},
	{{OPEN, .answer_cut = CUT_SILENT}, PROBE_NO_ANSWER, "no answer",
	    "--timeout", "silent"},
	{{OPEN, .answer_cut = CUT_FIN}, PROBE_NO_ANSWER, "without a Close",
	    "expected there", "closed"},
	{{SECURE, .answer_cut = CUT_RST}, PROBE_NO_ANSWER, "a reset",
	    "not expected", "reset"},

	/* the Upgrade was lost */
	{{OPEN, .status = 400, .same = SAME_YES, .hops = "Server: nginx/1.22",
	    .body = "Can \"Upgrade\" only to \"WebSocket\"."}, PROBE_UPGRADE,
	    "gets the same answer", "proxy_set_header Upgrade", "nginx"},
	{{OPEN, .status = 426, .versions = "13"}, PROBE_UPGRADE,
	    "saw no Upgrade", "--via", "426 that wants what was sent"},
	{{OPEN, .status = 426}, PROBE_UPGRADE, "saw no Upgrade", "--via",
	    "426 alone"},
	{{OPEN, .status = 400, .body = "'upgrade' token not found in "
	    "'Connection' header"}, PROBE_UPGRADE, "saw no Upgrade", "proxy",
	    "gorilla"},
	{{OPEN, .status = 200, .body = "<html>"}, PROBE_UPGRADE,
	    "nothing serves WebSocket", "path", "200"},
	{{OPEN, .status = 404, .same = SAME_YES,
	    .hops = "Server: cloudflare, CF-RAY: 1-FRA"}, PROBE_UPGRADE,
	    "Cloudflare (Server: cloudflare", "Network", "404 of Cloudflare"},
	{{OPEN, .status = 400, .same = SAME_YES,
	    .hops = "Via: 1.1 abc.cloudfront.net (CloudFront)"},
	    PROBE_UPGRADE, "CloudFront", "AllViewer", "CloudFront"},
	{{OPEN, .status = 400, .same = SAME_YES, .hops = "Server: envoy"},
	    PROBE_UPGRADE, "Envoy", "upgrade_configs", "Envoy"},
	{{OPEN, .status = 400, .same = SAME_YES, .hops = "Server: Apache/2"},
	    PROBE_UPGRADE, "Apache", "wstunnel", "Apache"},

	/* refused */
	{{OPEN, .status = 401, .challenge = "Basic realm=x"}, PROBE_DENIED,
	    "asks for Basic", "No credentials", "401"},
	{{OPEN, .status = 401, .secret = true}, PROBE_DENIED, "401",
	    "not taken", "401 with credentials"},
	{{OPEN, .status = 403}, PROBE_DENIED, "403", "--origin", "403"},
	{{OPEN, .status = 407}, PROBE_DENIED, "407", "Proxy-Authorization",
	    "407"},
	{{OPEN, .status = 301, .location = "https://a.test/"}, PROBE_REFUSED,
	    "https://a.test/", "wss://", "to https"},
	{{SECURE, .status = 302, .location = "/login"}, PROBE_REFUSED,
	    "302 to /login", "cookie", "to a login"},
	{{OPEN, .status = 404, .same = SAME_NO, .plain_status = 200},
	    PROBE_REFUSED, "did get through: without it the answer is "
	    "another one (200)", "path", "404 to handshakes alone"},
	{{OPEN, .status = 426, .versions = "8, 7"}, PROBE_REFUSED, "426",
	    "version 8, 7", "another version"},
	{{OPEN, .status = 429, .retry = "30", .same = SAME_YES},
	    PROBE_REFUSED, "429", "after 30", "too many"},
	{{OPEN, .status = 400, .same = SAME_NO, .plain_status = 400},
	    PROBE_REFUSED, "did get through", "--subprotocol", "400"},
	{{OPEN, .status = 502, .hops = "Server: nginx"}, PROBE_GATEWAY,
	    "answered by nginx", "error log", "502"},
	{{OPEN, .status = 504, .hops = "Via: 1.1 varnish"}, PROBE_GATEWAY,
	    "in time", "firewall", "504"},
	{{OPEN, .status = 503, .retry = "5"}, PROBE_GATEWAY,
	    "does not say what it is", "Retry-After: 5", "503"},
	{{OPEN, .status = 522, .hops = "CF-RAY: x"}, PROBE_GATEWAY,
	    "does not answer Cloudflare", "firewall", "522"},
	{{OPEN, .status = 599}, PROBE_GATEWAY, "599", "log", "unknown"},

	/* a 101 that is none */
	{{OPEN, .status = 101, .proof = R_PROOF_UPGRADE}, PROBE_HANDSHAKE,
	    "Upgrade: websocket is missing", "removed", "no Upgrade"},
	{{OPEN, .status = 101, .proof = R_PROOF_CONNECTION}, PROBE_HANDSHAKE,
	    "Connection does not list", "removed", "no Connection"},
	{{OPEN, .status = 101, .proof = R_PROOF_ACCEPT}, PROBE_HANDSHAKE,
	    "It is missing", "cache", "no Accept"},
	{{OPEN, .status = 101, .proof = R_PROOF_ACCEPT, .accept = "abc"},
	    PROBE_HANDSHAKE, "It is abc", "cache", "wrong Accept"},
	{{OPEN, .status = 101, .proof = R_PROOF_PROTOCOL, .protocol = "x"},
	    PROBE_HANDSHAKE, "It is x", "--subprotocol", "subprotocol"},
	{{OPEN, .status = 101, .proof = R_PROOF_EXTENSION,
	    .extensions = "deflate"}, PROBE_HANDSHAKE, "It is deflate",
	    "Extensions", "extension"},
	{{OPEN, .status = 101, .proof = R_PROOF_BODY}, PROBE_HANDSHAKE,
	    "a body", "Content-Length", "body"},
	{{OPEN, .status = 101, .old = true}, PROBE_HANDSHAKE, "HTTP/1.0",
	    "proxy_http_version", "HTTP/1.0"},

	/* what followed */
	{{PONGS(0), .cut.how = CUT_FIN}, PROBE_CLOSED, "at once",
	    "pass on", "closed"},
	{{UP, .cut.how = CUT_RST}, PROBE_CLOSED, "a reset", "pass on",
	    "reset"},
	{{UP, .cut = {CUT_CLOSE, 4001, "bad token"}}, PROBE_CLOSED,
	    "code 4001 \"bad token\"", "application", "Close"},
	{{UP, .cut = {CUT_CLOSE, 1005, ""}}, PROBE_CLOSED,
	    "without a code", "application", "empty Close"},
	{{PONGS(2), .cut.how = CUT_SILENT}, PROBE_NO_PONG,
	    "1 of 3 pings", "5.5.3", "no pong"},
	{{UP, .cut = {CUT_BAD, 0, "the opcode is reserved"}},
	    PROBE_HANDSHAKE, "the opcode is reserved", "RFC 6455",
	    "bad frame"},
	{{UP, .echo = true}, PROBE_ECHO, "did not come back", "echo server",
	    "no echo"},
	{{UP, .echo = true, .echo_got = "welcome"}, PROBE_ECHO, "\"welcome\"",
	    "echo server", "another echo"},

	/* held open */
	{{UP, HELD, .silent.cut.how = CUT_FIN}, PROBE_IDLE, "after 60 s",
	    "proxy_read_timeout", "nginx's minute"},
	{{UP, HELD_FOR(100200), .silent.cut.how = CUT_RST}, PROBE_IDLE,
	    "after 100 s", "Cloudflare", "100 seconds"},
	{{UP, HELD_FOR(45000), .silent.cut.how = CUT_FIN},
	    PROBE_IDLE, "after 45 s", NULL, "nobody's time"},
	{{UP, HELD, .silent.cut.how = CUT_FIN, .pinged = {.done = true,
	    .ping_ms = 30000, .ms = 120000, .quiet_ms = 20}}, PROBE_IDLE,
	    "With a ping every 30 s it was still open after 120 s",
	    "Ping at least every 30 s", "pings help"},
	{{UP, HELD, .silent.cut.how = CUT_FIN, .pinged = {.done = true,
	    .ping_ms = 30000, .ms = 60020, .cut.how = CUT_FIN}}, PROBE_IDLE,
	    "cut as well, after 60 s", "lifetime", "pings do not help"},
	{{UP, HELD, .silent.late = true, .silent.cut.how = CUT_SILENT},
	    PROBE_IDLE, "at some time within 60 s", NULL, "a black hole"},
	{{UP, .silent = {.done = true, .ms = 60010, .quiet_ms = 500,
	    .heard = 9, .cut.how = CUT_RST}}, PROBE_IDLE,
	    "after 60 s, with a reset of the TCP connection, though it was "
	    "not silent", NULL, "cut while it was busy"},
	{{UP, HELD, .silent.heard = 1, .silent.cut.how = CUT_FIN}, PROBE_IDLE,
	    "after 60 s of silence", "nginx", "not busy for long"},
	{{UP, HELD, .silent.cut = {CUT_CLOSE, 1001, "idle"}}, PROBE_IDLE,
	    "code 1001 \"idle\"", "nginx", "a Close"},

	/* fine */
	{{UP}, PROBE_FINE, "pings are answered", NULL, "fine"},
	{{UP, .echo = true, .echoed = true}, PROBE_FINE, "came back", NULL,
	    "fine, with echo"},
	{{UP, HELD}, PROBE_FINE, "stayed open for 60 s of silence", NULL,
	    "fine, held"},
	{{UP, HELD, .silent.heard = 2}, PROBE_FINE, "by itself", NULL,
	    "fine, and not silent"},
	{{UP, .offered = true}, PROBE_FINE, "works", "browsers",
	    "no subprotocol"},
	{{SECURE_FOR(3), .status = 101}, PROBE_FINE, "works",
	    "expires in 3 days", "soon"},
	{{SECURE, .status = 101}, PROBE_FINE, "works", NULL, "over TLS"},
};

static void
show(const struct probe_verdict *v)
{
	fprintf(stderr, "     %s: %s | %s\n", probe_word(v->class), v->text,
	    v->advice);
}

static void
test_rows(void)
{
	struct probe_verdict v;
	size_t i;
	bool ok;

	for (i = 0; i < LEN(rows); i++) {
		probe_judge(&rows[i].f, &v);
		ok = v.class == rows[i].class &&
		    strstr(v.text, rows[i].text) != NULL &&
		    (rows[i].advice == NULL ? *v.advice == '\0' :
		    strstr(v.advice, rows[i].advice) != NULL);
		expect(ok, "judge", rows[i].why);
		if (!ok)
			show(&v);
	}
}

/* every class is one that a row has */
static void
test_classes(void)
{
	int c;
	size_t i;

	for (c = PROBE_NAME; c < PROBE_CLASSES; c++) {
		for (i = 0; i < LEN(rows); i++)
			if ((int)rows[i].class == c)
				break;
		expect(i < LEN(rows), "class",
		    probe_word((enum probe_class)c));
	}
	expect(strcmp(probe_word(PROBE_FINE), "fine") == 0, "word", "fine");
	expect(strcmp(probe_word(PROBE_ECHO), "echo") == 0, "word", "last");
	expect(strcmp(probe_word(PROBE_CLASSES), "fine") == 0, "word",
	    "behind it");
}

static const struct {
	enum probe_class public, direct, class;
	const char *text, *why;
} pairs[] = {
	{PROBE_FINE, PROBE_FINE, PROBE_FINE, "Both ways work", "fine"},
	{PROBE_UPGRADE, PROBE_FINE, PROBE_UPGRADE,
	    "Directly at x:1 it works, so what stands before", "a hop"},
	{PROBE_GATEWAY, PROBE_TCP, PROBE_GATEWAY,
	    "fails in another way (tcp): direct. On the public way: public",
	    "two causes"},
	{PROBE_DENIED, PROBE_DENIED, PROBE_DENIED, "so the origin does it",
	    "the origin"},
	{PROBE_FINE, PROBE_CERT, PROBE_CERT, "The public way works",
	    "only directly"},
};

static void
test_compare(void)
{
	struct probe_verdict a, b, v;
	size_t i;

	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	strcpy(a.text, "public.");
	strcpy(b.text, "direct.");
	for (i = 0; i < LEN(pairs); i++) {
		a.class = pairs[i].public;
		b.class = pairs[i].direct;
		probe_compare(&a, &b, "x:1", &v);
		expect(v.class == pairs[i].class, "compare", pairs[i].why);
		expect(strstr(v.text, pairs[i].text) != NULL, "compare text",
		    pairs[i].why);
	}
}

/* a text that is too long is cut, and stays one */
static void
test_long(void)
{
	static struct probe_facts f = {OPEN, .status = 301};
	struct probe_verdict v, w;

	memset(f.location, 'x', sizeof f.location - 1);
	memset(f.hops, 'y', sizeof f.hops - 1);
	probe_judge(&f, &v);
	expect(strlen(v.text) < sizeof v.text, "long", "ends");
	memset(v.text, 'z', sizeof v.text - 1);
	v.text[sizeof v.text - 1] = '\0';
	w = v;
	probe_compare(&v, &w, "x:1", &w);
	expect(strlen(w.text) == sizeof w.text - 1, "long", "is cut");
}

static const struct {
	int64_t ms;
	const char *text;
} times[] = {
	{0, "0 ms"}, {12, "12 ms"}, {999, "999 ms"}, {1000, "1.0 s"},
	{1500, "1.5 s"}, {9949, "9.9 s"}, {9950, "10 s"}, {60010, "60 s"},
	{3600000, "3600 s"},
};

static void
test_times(void)
{
	char text[PROBE_TIME_TEXT];
	size_t i;

	for (i = 0; i < LEN(times); i++)
		expect(strcmp(probe_time_text(times[i].ms, text),
		    times[i].text) == 0, "time", times[i].text);
}

int
main(void)
{
	test_rows();
	test_classes();
	test_compare();
	test_long();
	test_times();
	return failed;
}
