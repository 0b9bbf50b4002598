/*
 * Tests rewrite.c. Whole heads are compared with what stands here, byte by
 * byte, and are then written into memory of each size up to theirs, which
 * only the last may be enough for. Requests and responses are parsed from
 * text first, and rules come from a configuration.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "rewrite.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS_MAX 64
#define OUT_MAX 4096
#define ID UINT64_C(0x0123456789abcdef)

/* of the time 0, which every answer here is given at */
#define DATE "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

static int failed;
static struct http_field fields[FIELDS_MAX];
static const struct http_limits limits = {4096, 1024, FIELDS_MAX};

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "FAIL %s: %s\n", what, why);
	failed = 1;
}

static void
expect(bool ok, const char *what, const char *why)
{
	if (!ok)
		fail(what, why);
}

/* a conf of one route, which has these lines, each ended by a newline */
static struct conf *
conf_of(const char *lines)
{
	struct conf_source s[16] = {
		{CONF_OPTION, "listen=:8080"},
		{CONF_OPTION, "route=/"},
		{CONF_OPTION, "upstream=http://127.0.0.1:9000"},
	};
	char text[1024], err[256], *line;
	struct conf *c;
	size_t n = 3;

	snprintf(text, sizeof text, "%s", lines != NULL ? lines : "");
	for (line = strtok(text, "\n"); line != NULL && n < LEN(s);
	    line = strtok(NULL, "\n")) {
		s[n].kind = CONF_OPTION;
		s[n++].text = line;
	}
	c = conf_load(s, n, err, sizeof err);
	if (c == NULL) {
		fprintf(stderr, "FAIL conf: %s\n", err);
		exit(1);
	}
	return c;
}

/* one of the functions to test; what and how are its arguments */
typedef void writer(struct text *t, const void *what, const void *how);

static void
write_request(struct text *t, const void *what, const void *how)
{
	rewrite_request(t, what, how);
}

static void
write_response(struct text *t, const void *what, const void *how)
{
	rewrite_response(t, what, how);
}

static void
write_interim(struct text *t, const void *what, const void *how)
{
	(void)how;
	rewrite_interim(t, what);
}

static void
write_trailers(struct text *t, const void *what, const void *how)
{
	(void)how;
	rewrite_trailers(t, what);
}

static void
write_answer(struct text *t, const void *what, const void *how)
{
	(void)what;
	rewrite_answer(t, how);
}

/* into memory of each size: too little is full, enough is not */
static void
try_sizes(writer *w, const void *what, const void *how, size_t n,
    const char *name, const char *why)
{
	struct text t;
	size_t size;
	char *p;

	for (size = 0; size <= n; size++) {
		p = malloc(size > 0 ? size : 1);
		if (p == NULL)
			exit(1);
		text_init(&t, p, size);
		w(&t, what, how);
		if (t.full != (size < n) || t.n > size)
			fail(name, why);
		free(p);
	}
}

static void
compare(writer *w, const void *what, const void *how, const char *want,
    const char *name, const char *why)
{
	char memory[OUT_MAX];
	struct text t;

	text_init(&t, memory, sizeof memory);
	w(&t, what, how);
	if (!t.full && t.n == strlen(want) && memcmp(t.p, want, t.n) == 0) {
		try_sizes(w, what, how, t.n, name, why);
		return;
	}
	fail(name, why);
	fprintf(stderr, "got:\n%.*s\nnot:\n%s\n", (int)t.n, t.p, want);
}

/* requests */

#define FROM(client, proto) \
	"X-Forwarded-For: " client "\r\n" \
	"X-Forwarded-Proto: " proto "\r\n"
#define HOST(host) "X-Forwarded-Host: " host "\r\n"
#define REQUEST_ID "X-Request-Id: 0123456789abcdef\r\n"
#define ORIGIN FROM("192.0.2.7", "http") HOST("a.example") REQUEST_ID
#define GET "GET / HTTP/1.1\r\nHost: a.example\r\n"

static const struct {
	const char *in, *lines, *authority, *client, *via, *hidden, *out;
	size_t strip;
	bool tls, handshake;
	const char *why;
} requests[] = {
	{.in = GET "\r\n", .out = GET ORIGIN "\r\n", .why = "plain"},
	{.in = "GET /a//b/%7e?c=d&e=/f?g HTTP/1.1\r\nHost: a.example\r\n\r\n",
	 .out = "GET /a//b/%7e?c=d&e=/f?g HTTP/1.1\r\nHost: a.example\r\n"
	 ORIGIN "\r\n", .why = "target as it is"},
	{.in = "PROPFIND /? HTTP/1.1\r\nhOST: a.example\r\n\r\n",
	 .out = "PROPFIND /? HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "other method"},
	{.in = "GET / HTTP/1.1\r\nHost: A.Example:8080\r\n\r\n",
	 .out = "GET / HTTP/1.1\r\nHost: A.Example:8080\r\n"
	 FROM("192.0.2.7", "http") HOST("A.Example:8080") REQUEST_ID "\r\n",
	 .why = "host as it is"},
	{.in = "GET / HTTP/1.1\r\nx-a:1\r\nHost: a.example\r\n"
	 "X-B: \t 2 3\t \r\nX-A:  4\r\nX-C:\r\nCookie: a=b\r\nCookie: c=d\r\n"
	 "\r\n",
	 .out = GET "x-a: 1\r\nX-B: 2 3\r\nX-A: 4\r\nX-C: \r\nCookie: a=b\r\n"
	 "Cookie: c=d\r\n" ORIGIN "\r\n", .why = "fields in order"},
	{.in = "GET http://b.example:81/x?y HTTP/1.1\r\nHost: a.example\r\n"
	 "\r\n",
	 .out = "GET /x?y HTTP/1.1\r\nHost: b.example:81\r\n"
	 FROM("192.0.2.7", "http") HOST("b.example:81") REQUEST_ID "\r\n",
	 .why = "absolute form"},
	{.in = "GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
	 .out = GET ORIGIN "\r\n", .why = "absolute form, no path"},
	{.in = "GET http://a.example?y HTTP/1.1\r\nHost: a.example\r\n\r\n",
	 .out = "GET /?y HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "absolute form, query"},
	{.in = "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n",
	 .out = "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "asterisk"},
	{.in = "GET / HTTP/1.0\r\n\r\n",
	 .out = "GET / HTTP/1.1\r\nHost: \r\n" FROM("192.0.2.7", "http")
	 REQUEST_ID "\r\n", .why = "no host"},
	{.in = "GET / HTTP/1.0\r\n\r\n", .authority = "up.example:9000",
	 .out = "GET / HTTP/1.1\r\nHost: up.example:9000\r\n"
	 FROM("192.0.2.7", "http") REQUEST_ID "\r\n",
	 .why = "no host, but one to send"},
	{.in = GET "\r\n", .authority = "up.example:9000",
	 .out = "GET / HTTP/1.1\r\nHost: up.example:9000\r\n" ORIGIN "\r\n",
	 .why = "another host to send"},
	/* prefixes */
	{.in = "GET /v1/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n", .strip = 3,
	 .out = "GET /x?y HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "strip"},
	{.in = "GET /v1 HTTP/1.1\r\nHost: a.example\r\n\r\n", .strip = 3,
	 .out = GET ORIGIN "\r\n", .why = "strip all"},
	{.in = "GET /v1/ HTTP/1.1\r\nHost: a.example\r\n\r\n", .strip = 3,
	 .out = GET ORIGIN "\r\n", .why = "strip all but a slash"},
	{.in = "GET /v1?/y HTTP/1.1\r\nHost: a.example\r\n\r\n", .strip = 3,
	 .out = "GET /?/y HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "strip all but a query"},
	{.in = "GET //%761/x HTTP/1.1\r\nHost: a.example\r\n\r\n", .strip = 6,
	 .out = "GET /x HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "strip what is encoded"},
	{.in = "GET http://a.example/v1/x HTTP/1.1\r\nHost: a.example\r\n"
	 "\r\n", .strip = 3,
	 .out = "GET /x HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "strip in absolute form"},
	{.in = "GET /v1/x HTTP/1.1\r\nHost: a.example\r\n\r\n", .strip = 2,
	 .out = "GET /1/x HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "strip inside a segment"},
	{.in = "GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n", .strip = 1,
	 .out = "GET /x HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "strip a slash"},
	/* fields of one hop */
	{.in = GET "Connection: close, X-A\r\nX-A: 1\r\nX-B: 2\r\n"
	 "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
	 "TE: trailers\r\nTrailer: X-C\r\nUpgrade: h2c\r\n"
	 "HTTP2-Settings: x\r\nProxy: evil\r\nProxy-Authorization: x\r\n"
	 "Connection: x-d\r\nX-D: 3\r\n\r\n",
	 .out = GET "X-B: 2\r\n" ORIGIN "\r\n", .why = "hop-by-hop"},
	{.in = GET "Connection: Host, Cookie, Authorization,\r\n"
	 "Connection: Content-Length, Sec-WebSocket-Protocol\r\n"
	 "Content-Length: 3\r\nCookie: a=b\r\nAuthorization: x\r\n"
	 "Sec-WebSocket-Protocol: y\r\n\r\n",
	 .out = GET "Cookie: a=b\r\nAuthorization: x\r\n"
	 "Sec-WebSocket-Protocol: y\r\nContent-Length: 3\r\n" ORIGIN "\r\n",
	 .why = "what no peer may take away"},
	{.in = GET "Connection: X-Forwarded-For, X-Request-Id\r\n\r\n",
	 .out = GET ORIGIN "\r\n", .why = "nor of weir's own"},
	/* framing and Expect */
	{.in = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n"
	 "Content-Type: x/y\r\n\r\n",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Type: x/y\r\n"
	 "Content-Length: 5\r\n" ORIGIN "\r\n", .why = "length"},
	{.in = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n"
	 "\r\n",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n"
	 ORIGIN "\r\n", .why = "length 0"},
	{.in = "POST / HTTP/1.1\r\nHost: a.example\r\n"
	 "Content-Length: 9223372036854775807\r\n\r\n",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\n"
	 "Content-Length: 9223372036854775807\r\n" ORIGIN "\r\n",
	 .why = "longest"},
	{.in = "POST / HTTP/1.1\r\nHost: a.example\r\n\r\n",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n",
	 .why = "no length"},
	{.in = "POST / HTTP/1.1\r\nHost: a.example\r\n"
	 "Transfer-Encoding: Chunked\r\nTrailer: X-A\r\n\r\n",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\n"
	 "Transfer-Encoding: chunked\r\n" ORIGIN "\r\n", .why = "chunked"},
	{.in = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n"
	 "Expect: 100-Continue\r\n\r\n",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\n"
	 "Expect: 100-Continue\r\nContent-Length: 5\r\n" ORIGIN "\r\n",
	 .why = "expect"},
	{.in = "POST / HTTP/1.0\r\nHost: a.example\r\nContent-Length: 5\r\n"
	 "Expect: 100-continue\r\nConnection: keep-alive\r\n\r\n",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\n"
	 "Content-Length: 5\r\n" ORIGIN "\r\n", .why = "expect of http/1.0"},
	/* where it comes from */
	{.in = GET "X-Forwarded-For: 1.2.3.4\r\nx-forwarded-proto: wss\r\n"
	 "X-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
	 "X-Forwarded-Prefix: /evil\r\nX-Forwarded-For: 5.6.7.8\r\n"
	 "Forwarded: for=1.2.3.4\r\nX-Request-Id: evil\r\nX-Real: 1\r\n\r\n",
	 .out = GET "X-Real: 1\r\n" ORIGIN "\r\n", .why = "forged"},
	{.in = GET "\r\n", .tls = true,
	 .out = GET FROM("192.0.2.7", "https") HOST("a.example") REQUEST_ID
	 "\r\n", .why = "tls"},
	{.in = GET "\r\n", .client = "2001:db8::1",
	 .out = GET FROM("2001:db8::1", "http") HOST("a.example") REQUEST_ID
	 "\r\n", .why = "ipv6"},
	{.in = GET "\r\n", .client = "unix:",
	 .out = GET FROM("unix:", "http") HOST("a.example") REQUEST_ID "\r\n",
	 .why = "unix"},
	/* by a trusted proxy, 10.0.0.1 */
	{.in = GET "X-Forwarded-For: 9.9.9.9, 1.2.3.4, 10.0.0.2\r\n"
	 "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example\r\n"
	 "X-Forwarded-Port: 1\r\nX-Request-Id: x-1\r\n"
	 "Forwarded: for=9.9.9.9\r\n\r\n",
	 .via = "10.0.0.1", .tls = true, .lines = "forwarded=yes",
	 .out = GET "X-Forwarded-Port: 1\r\n"
	 FROM("1.2.3.4, 10.0.0.2, 10.0.0.1", "https") HOST("b.example")
	 "X-Request-Id: x-1\r\n"
	 "Forwarded: for=1.2.3.4;host=\"b.example\";proto=https, "
	 "for=10.0.0.2, for=10.0.0.1\r\n\r\n", .why = "trusted"},
	{.in = GET "X-Forwarded-For: bad\r\nX-Forwarded-Host: a b\r\n\r\n",
	 .via = "10.0.0.1",
	 .out = GET FROM("10.0.0.1", "http") HOST("a.example") REQUEST_ID
	 "\r\n", .client = "10.0.0.1", .why = "trusted, and nothing told"},
	{.in = GET "X-Forwarded-For: 2001:db8::1\r\n\r\n", .via = "unix:",
	 .lines = "forwarded=yes", .out = GET FROM("2001:db8::1", "http")
	 HOST("a.example") REQUEST_ID "Forwarded: for=\"[2001:db8::1]\";"
	 "host=\"a.example\";proto=http, for=_unix\r\n\r\n",
	 .why = "trusted, on a unix socket"},
	{.in = GET "X-Client: 1.2.3.4\r\nX-Clients: 5\r\n\r\n",
	 .hidden = "x-client", .out = GET "X-Clients: 5\r\n" ORIGIN "\r\n",
	 .why = "a field for trusted proxies"},
	{.in = GET "\r\n", .lines = "forwarded=yes",
	 .out = GET ORIGIN "Forwarded: for=192.0.2.7;host=\"a.example\";"
	 "proto=http\r\n\r\n", .why = "forwarded, ipv4"},
	{.in = GET "\r\n", .lines = "forwarded=yes", .client = "2001:db8::1",
	 .tls = true,
	 .out = GET FROM("2001:db8::1", "https") HOST("a.example") REQUEST_ID
	 "Forwarded: for=\"[2001:db8::1]\";host=\"a.example\";proto=https\r\n"
	 "\r\n", .why = "forwarded, ipv6 and tls"},
	{.in = GET "\r\n", .lines = "forwarded=yes", .client = "unix:",
	 .out = GET FROM("unix:", "http") HOST("a.example") REQUEST_ID
	 "Forwarded: for=_unix;host=\"a.example\";proto=http\r\n\r\n",
	 .why = "forwarded, unix"},
	{.in = "GET / HTTP/1.1\r\nHost: [::1]:80\r\nForwarded: for=evil\r\n"
	 "\r\n", .lines = "forwarded=yes",
	 .out = "GET / HTTP/1.1\r\nHost: [::1]:80\r\n"
	 FROM("192.0.2.7", "http") HOST("[::1]:80") REQUEST_ID
	 "Forwarded: for=192.0.2.7;host=\"[::1]:80\";proto=http\r\n\r\n",
	 .why = "forwarded, host with a port, and forged"},
	{.in = "GET / HTTP/1.1\r\nHost: h\r\n\r\n", .lines = "forwarded=yes",
	 .out = "GET / HTTP/1.1\r\nHost: h\r\n" FROM("192.0.2.7", "http")
	 HOST("h") REQUEST_ID
	 "Forwarded: for=192.0.2.7;host=\"h\";proto=http\r\n\r\n",
	 .why = "forwarded, host of one letter"},
	{.in = "GET / HTTP/1.0\r\n\r\n", .lines = "forwarded=yes",
	 .out = "GET / HTTP/1.1\r\nHost: \r\n" FROM("192.0.2.7", "http")
	 REQUEST_ID "Forwarded: for=192.0.2.7;proto=http\r\n\r\n",
	 .why = "forwarded, no host"},
	/* handshakes */
	{.in = GET "Connection: keep-alive, Upgrade\r\n"
	 "upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
	 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	 "Sec-WebSocket-Protocol: a, b\r\n"
	 "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	 "Origin: http://a.example\r\n\r\n", .handshake = true,
	 .out = GET "Sec-WebSocket-Version: 13\r\n"
	 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	 "Sec-WebSocket-Protocol: a, b\r\n"
	 "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	 "Origin: http://a.example\r\n"
	 "Upgrade: websocket\r\nConnection: Upgrade\r\n" ORIGIN "\r\n",
	 .why = "handshake"},
	{.in = GET "Sec-WebSocket-Protocol: x, b\r\nX: y\r\n"
	 "Sec-WebSocket-Protocol: a\r\n\r\n", .handshake = true,
	 .lines = "subprotocol=a\nsubprotocol=b",
	 .out = GET "X: y\r\nSec-WebSocket-Protocol: b, a\r\n"
	 "Upgrade: websocket\r\nConnection: Upgrade\r\n" ORIGIN "\r\n",
	 .why = "subprotocols chosen"},
	{.in = GET "Sec-WebSocket-Protocol:\r\n\r\n", .handshake = true,
	 .lines = "subprotocol=a",
	 .out = GET "Upgrade: websocket\r\nConnection: Upgrade\r\n" ORIGIN
	 "\r\n", .why = "no subprotocol offered"},
	{.in = GET "Sec-WebSocket-Protocol: x, a\r\n\r\n",
	 .lines = "subprotocol=a\nset_header=Sec-WebSocket-Protocol: c",
	 .handshake = true,
	 .out = GET "Upgrade: websocket\r\nConnection: Upgrade\r\n" ORIGIN
	 "Sec-WebSocket-Protocol: c\r\n\r\n",
	 .why = "a rule on the subprotocol"},
	{.in = GET "Sec-WebSocket-Protocol: x\r\n\r\n",
	 .lines = "subprotocol=a",
	 .out = GET "Sec-WebSocket-Protocol: x\r\n" ORIGIN "\r\n",
	 .why = "subprotocols of what is no handshake"},
	{.in = GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
	 .out = GET ORIGIN "\r\n", .why = "another upgrade"},
	/* rules */
	{.in = GET "X-A: 1\r\nX-B: 2\r\nx-a: 3\r\nAuthorization: x\r\n\r\n",
	 .lines = "set_header=X-a: new\nset_header=Authorization: Bearer k:=\n",
	 .out = GET "X-B: 2\r\n" ORIGIN "X-a: new\r\n"
	 "Authorization: Bearer k:=\r\n\r\n", .why = "set"},
	{.in = GET "\r\n", .lines = "set_header=X-A: new",
	 .out = GET ORIGIN "X-A: new\r\n\r\n", .why = "set what was not there"},
	{.in = GET "X-A: 1\r\n\r\n",
	 .lines = "add_header=X-A: 2\nset_header=X-B: 3\nadd_header=X-A: 4",
	 .out = GET "X-A: 1\r\n" ORIGIN "X-B: 3\r\nX-A: 2\r\nX-A: 4\r\n\r\n",
	 .why = "add"},
	{.in = GET "X-A: 1\r\nX-B: 2\r\nCookie: c=d\r\nx-A: 3\r\n\r\n",
	 .lines = "del_header=x-a\ndel_header=COOKIE",
	 .out = GET "X-B: 2\r\n" ORIGIN "\r\n", .why = "del"},
	{.in = GET "X-AB: 1\r\nX-: 2\r\nX-A: 3\r\nY-A: 4\r\nX-B: 5\r\n\r\n",
	 .lines = "del_header=X-A",
	 .out = GET "X-AB: 1\r\nX-: 2\r\nY-A: 4\r\nX-B: 5\r\n" ORIGIN "\r\n",
	 .why = "del compares names whole"},
	{.in = GET "X-A: 1\r\n\r\n",
	 .lines = "del_header=X-A\nadd_header=X-A: 2",
	 .out = GET ORIGIN "X-A: 2\r\n\r\n", .why = "del and add"},
	{.in = GET "X-Forwarded-For: evil\r\n\r\n",
	 .lines = "set_header=X-Forwarded-For: 7\nset_header=X-Request-Id: 8",
	 .out = GET "X-Forwarded-Proto: http\r\n" HOST("a.example")
	 "X-Forwarded-For: 7\r\nX-Request-Id: 8\r\n\r\n",
	 .why = "set in place of weir's own"},
	{.in = GET "X-Forwarded-Proto: evil\r\n\r\n",
	 .lines = "del_header=X-Forwarded-Proto\ndel_header=x-forwarded-host",
	 .out = GET "X-Forwarded-For: 192.0.2.7\r\n" REQUEST_ID "\r\n",
	 .why = "del of weir's own"},
	{.in = GET "X-Forwarded-For: evil\r\n\r\n",
	 .lines = "add_header=X-Forwarded-For: 7",
	 .out = GET ORIGIN "X-Forwarded-For: 7\r\n\r\n",
	 .why = "add besides weir's own"},
	{.in = GET "X-Forwarded-Port: evil\r\n\r\n",
	 .lines = "set_header=X-Forwarded-Port: 443",
	 .out = GET ORIGIN "X-Forwarded-Port: 443\r\n\r\n",
	 .why = "set of one that is dropped anyway"},
	{.in = GET "\r\n",
	 .lines = "forwarded=yes\nset_header=Forwarded: for=_me",
	 .out = GET ORIGIN "Forwarded: for=_me\r\n\r\n",
	 .why = "set in place of weir's own Forwarded"},
	{.in = GET "\r\n", .lines = "forwarded=yes\ndel_header=Forwarded",
	 .out = GET ORIGIN "\r\n", .why = "del of weir's own Forwarded"},
	{.in = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n"
	 "Expect: 100-continue\r\n\r\n", .lines = "del_header=Expect",
	 .out = "POST / HTTP/1.1\r\nHost: a.example\r\n"
	 "Content-Length: 5\r\n" ORIGIN "\r\n", .why = "del of expect"},
	{.in = GET "Server: x\r\n\r\n",
	 .lines = "del_response_header=Server\nset_response_header=X-A: 1\n"
	 "add_response_header=X-B: 2",
	 .out = GET "Server: x\r\n" ORIGIN "\r\n",
	 .why = "rules of responses"},
};

/* what a proxy at that address says, which is trusted with its network */
static void
proxy_says(struct conf *c, const char *via, const struct http_head *h,
    struct client *from)
{
	struct peer p = { .family = AF_UNIX };
	const char *shown;

	if (strcmp(via, "unix:") != 0)
		cidr_address((struct span){via, strlen(via)}, 0, &p);
	if (cidr_add(&c->arena, "10.0.0.0/8, unix", true, &c->trusted,
	    &shown) != NULL)
		fail("trusted", via);
	client_find(c, &p, h, from);
}

static void
test_requests(void)
{
	struct rewrite_request how;
	static struct client from;
	struct http_request q;
	struct conf *c;
	size_t i, n;

	for (i = 0; i < LEN(requests); i++) {
		c = conf_of(requests[i].lines);
		memset(&q, 0, sizeof q);
		q.h.fields = fields;
		n = strlen(requests[i].in);
		if (http_parse_request(requests[i].in, n, &limits, &q) !=
		    (int)n) {
			fail("request is not parsed", requests[i].why);
			conf_free(c);
			continue;
		}
		memset(&how, 0, sizeof how);
		how.route = c->routes;
		how.path = (struct location_path){"", "", requests[i].strip};
		how.authority = requests[i].authority;
		how.client = requests[i].client != NULL ?
		    requests[i].client : "192.0.2.7";
		how.id = ID;
		how.tls = requests[i].tls;
		how.handshake = requests[i].handshake;
		how.hidden = requests[i].hidden;
		if (requests[i].via != NULL) {
			proxy_says(c, requests[i].via, &q.h, &from);
			how.from = &from;
			how.via = requests[i].via;
		}
		compare(write_request, &q, &how, requests[i].out, "request",
		    requests[i].why);
		conf_free(c);
	}
}

/* responses */

#define OK "HTTP/1.1 200 OK\r\n"

static const struct {
	const char *in, *lines, *out;
	enum rewrite_framing framing;
	bool head, close, keep_10, handshake;
	const char *why;
} responses[] = {
	{.in = OK "Server: x\r\nContent-Length: 5\r\nDate: y\r\n\r\n",
	 .framing = REWRITE_LENGTH,
	 .out = OK "Server: x\r\nDate: y\r\nContent-Length: 5\r\n\r\n",
	 .why = "length"},
	{.in = OK "Content-Length: 0\r\n\r\n", .framing = REWRITE_LENGTH,
	 .out = OK "Content-Length: 0\r\n\r\n", .why = "length 0"},
	{.in = OK "Transfer-Encoding: chunked\r\n\r\n",
	 .framing = REWRITE_CHUNKED,
	 .out = OK "Transfer-Encoding: chunked\r\n\r\n", .why = "chunked"},
	{.in = OK "Transfer-Encoding: chunked\r\n\r\n",
	 .framing = REWRITE_EOF, .close = true,
	 .out = OK "Connection: close\r\n\r\n",
	 .why = "chunks for http/1.0"},
	{.in = "HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\n",
	 .framing = REWRITE_CHUNKED,
	 .out = OK "X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	 .why = "to the end, http/1.0"},
	{.in = "HTTP/1.1 204 No Content\r\n\r\n", .framing = REWRITE_NONE,
	 .out = "HTTP/1.1 204 No Content\r\n\r\n", .why = "none"},
	{.in = "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n",
	 .framing = REWRITE_NONE, .out = "HTTP/1.1 204 No Content\r\n\r\n",
	 .why = "none, and a length"},
	{.in = "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n"
	 "ETag: \"x\"\r\n\r\n", .framing = REWRITE_LENGTH,
	 .out = "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n"
	 "Content-Length: 7\r\n\r\n", .why = "length without a body"},
	{.in = OK "Content-Length: 70\r\n\r\n", .framing = REWRITE_LENGTH,
	 .head = true, .out = OK "Content-Length: 70\r\n\r\n", .why = "head"},
	{.in = "HTTP/1.1 200 \r\n\r\n", .framing = REWRITE_CHUNKED,
	 .out = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n",
	 .why = "no phrase"},
	{.in = "HTTP/1.1 999 Gr\xfc\xdf\x65 an alle\r\n\r\n",
	 .framing = REWRITE_CHUNKED,
	 .out = "HTTP/1.1 999 Gr\xfc\xdf\x65 an alle\r\n"
	 "Transfer-Encoding: chunked\r\n\r\n", .why = "any phrase"},
	{.in = OK "Content-Length: 5\r\n\r\n", .framing = REWRITE_LENGTH,
	 .close = true, .keep_10 = true,
	 .out = OK "Content-Length: 5\r\nConnection: close\r\n\r\n",
	 .why = "close"},
	{.in = OK "Content-Length: 5\r\nConnection: close\r\n\r\n",
	 .framing = REWRITE_LENGTH, .keep_10 = true,
	 .out = OK "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n",
	 .why = "keep for http/1.0"},
	{.in = OK "Content-Length: 5\r\nConnection: X-A, close\r\nX-A: 1\r\n"
	 "X-B: 2\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n"
	 "Proxy-Authenticate: x\r\nTrailer: X-C\r\nUpgrade: h2c\r\n"
	 "Connection: x-d\r\nX-D: 3\r\n\r\n", .framing = REWRITE_LENGTH,
	 .out = OK "X-B: 2\r\nContent-Length: 5\r\n\r\n",
	 .why = "hop-by-hop"},
	{.in = OK "Content-Length: 5\r\nConnection: Set-Cookie\r\n"
	 "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
	 .framing = REWRITE_LENGTH,
	 .out = OK "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
	 "Content-Length: 5\r\n\r\n", .why = "what no peer may take away"},
	{.in = OK "Content-Length: 5\r\nX-Forwarded-For: x\r\n"
	 "X-Request-Id: y\r\n\r\n", .framing = REWRITE_LENGTH,
	 .out = OK "X-Forwarded-For: x\r\nX-Request-Id: y\r\n"
	 "Content-Length: 5\r\n\r\n", .why = "nothing is forged here"},
	{.in = "HTTP/1.1 101 Switching Protocols\r\n"
	 "Connection: keep-alive, upgrade\r\nUPGRADE: WebSocket\r\n"
	 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	 "Sec-WebSocket-Protocol: a\r\n\r\n", .handshake = true,
	 .out = "HTTP/1.1 101 Switching Protocols\r\n"
	 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	 "Sec-WebSocket-Protocol: a\r\n"
	 "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	 .why = "handshake"},
	{.in = OK "Content-Length: 5\r\nServer: x\r\nX-A: 1\r\nX-B: 2\r\n"
	 "x-a: 3\r\n\r\n", .framing = REWRITE_LENGTH,
	 .lines = "set_response_header=X-a: new\ndel_response_header=server\n"
	 "add_response_header=X-B: 4\nset_response_header=X-C: 5",
	 .out = OK "X-B: 2\r\nContent-Length: 5\r\n"
	 "X-a: new\r\nX-C: 5\r\nX-B: 4\r\n\r\n", .why = "rules"},
	{.in = OK "Content-Length: 5\r\nX-A: 1\r\nSet-Cookie: a=b\r\n\r\n",
	 .framing = REWRITE_LENGTH,
	 .lines = "set_header=X-A: new\ndel_header=Set-Cookie\n"
	 "add_header=X-B: 2",
	 .out = OK "X-A: 1\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\n",
	 .why = "rules of requests"},
	{.in = "HTTP/1.1 101 Switching Protocols\r\n"
	 "Connection: upgrade\r\nUpgrade: websocket\r\nServer: x\r\n\r\n",
	 .handshake = true,
	 .lines = "del_response_header=Server\nadd_response_header=X-A: 1",
	 .out = "HTTP/1.1 101 Switching Protocols\r\n"
	 "Upgrade: websocket\r\nConnection: Upgrade\r\nX-A: 1\r\n\r\n",
	 .why = "rules of a handshake"},
};

static bool
parse_response(struct http_response *r, const char *in, bool head)
{
	size_t n = strlen(in);

	memset(r, 0, sizeof *r);
	r->h.fields = fields;
	return http_parse_response(in, n, &limits, head, r) == (int)n;
}

static void
test_responses(void)
{
	struct rewrite_response how;
	struct http_response r;
	struct conf *c;
	size_t i;

	for (i = 0; i < LEN(responses); i++) {
		if (!parse_response(&r, responses[i].in, responses[i].head)) {
			fail("response is not parsed", responses[i].why);
			continue;
		}
		c = conf_of(responses[i].lines);
		memset(&how, 0, sizeof how);
		how.route = c->routes;
		how.framing = responses[i].framing;
		how.close = responses[i].close;
		how.keep_10 = responses[i].keep_10;
		how.handshake = responses[i].handshake;
		compare(write_response, &r, &how, responses[i].out,
		    "response", responses[i].why);
		conf_free(c);
	}
}

/* interim responses and trailers */

static const struct {
	const char *in, *out, *why;
} interims[] = {
	{"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
	 "continue"},
	{"HTTP/1.0 100 \r\n\r\n", "HTTP/1.1 100 \r\n\r\n", "no phrase"},
	{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-A\r\n"
	 "X-A: 1\r\nlink:</b>\r\n\r\n",
	 "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n",
	 "hints"},
}, trailers[] = {
	{"\r\n", "\r\n", "none"},
	{"X-A: 1\r\nx-b:2\r\nX-A:\r\n\r\n",
	 "X-A: 1\r\nx-b: 2\r\nX-A: \r\n\r\n", "some"},
	{"Content-Length: 1\r\nX-A: 1\r\nHost: evil\r\n"
	 "Transfer-Encoding: chunked\r\nAuthorization: x\r\nTE: x\r\n\r\n",
	 "X-A: 1\r\n\r\n", "filtered"},
};

static void
test_interims(void)
{
	struct http_response r;
	struct http_head h;
	size_t i;

	for (i = 0; i < LEN(interims); i++) {
		if (parse_response(&r, interims[i].in, false))
			compare(write_interim, &r, NULL, interims[i].out,
			    "interim", interims[i].why);
		else
			fail("interim is not parsed", interims[i].why);
	}
	for (i = 0; i < LEN(trailers); i++) {
		memset(&h, 0, sizeof h);
		h.fields = fields;
		if (chunk_parse_trailers(trailers[i].in,
		    strlen(trailers[i].in), &limits, &h) > 0)
			compare(write_trailers, &h, NULL, trailers[i].out,
			    "trailers", trailers[i].why);
		else
			fail("trailers are not parsed", trailers[i].why);
	}
}

/*
 * JSON, as much as answers need: objects, strings, numbers and null. The
 * leaves are kept with their paths, "/error/status".
 */

static struct leaf {
	char path[64], value[256];
	char type; /* s, n or 0 */
} leaves[16];
static size_t n_leaves;

static const char *json_value(const char *p, const char *path);

/* the end of a string, whose text goes to value; NULL: it is none */
static const char *
json_string(const char *p, char *value, size_t size)
{
	size_t n = 0;

	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		/* escapes have no business in what weir says */
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~' ||
		    *p == '\\' || n + 1 == size)
			return NULL;
		value[n++] = *p;
	}
	value[n] = '\0';
	return p + 1;
}

static const char *
json_object(const char *p, const char *path)
{
	char key[32], below[64];

	do {
		p = json_string(p + 1, key, sizeof key);
		if (p == NULL || *p++ != ':')
			return NULL;
		snprintf(below, sizeof below, "%.24s/%s", path, key);
		p = json_value(p, below);
	} while (p != NULL && *p == ',');
	return p != NULL && *p == '}' ? p + 1 : NULL;
}

static const char *
json_value(const char *p, const char *path)
{
	struct leaf *l = &leaves[n_leaves];
	size_t n;

	if (*p == '{')
		return json_object(p, path);
	if (n_leaves == LEN(leaves))
		return NULL;
	n_leaves++;
	snprintf(l->path, sizeof l->path, "%s", path);
	l->value[0] = '\0';
	l->type = '0';
	if (strncmp(p, "null", 4) == 0)
		return p + 4;
	l->type = 's';
	if (*p == '"')
		return json_string(p, l->value, sizeof l->value);
	l->type = 'n';
	n = strspn(p, "0123456789");
	snprintf(l->value, sizeof l->value, "%.*s", (int)n, p);
	return n > 0 && n < 10 && *p != '0' ? p + n : NULL;
}

static bool
json_has(const char *path, char type, const char *value)
{
	size_t i, found = 0;

	for (i = 0; i < n_leaves; i++)
		if (strcmp(leaves[i].path, path) == 0 &&
		    leaves[i].type == type &&
		    strcmp(leaves[i].value, value) == 0)
			found++;
	return found == 1;
}

/* answers of weir's own */

static int
status_of(const struct rewrite_answer *a)
{
	return a->status != 0 ? a->status : reason_status(a->reason);
}

static bool
is_json(const struct rewrite_answer *a)
{
	/* content of its own is what it is */
	if (status_of(a) == 200)
		return false;
	return a->format == CONF_ERRORS_JSON ||
	    a->format == CONF_ERRORS_OPENAI ||
	    (a->format == CONF_ERRORS_AUTO && a->prefers_json);
}

static void
check_json(const struct rewrite_answer *a, const char *body)
{
	const char *word = reason_word(a->reason), *end;
	int status = status_of(a);
	char digits[16];

	snprintf(digits, sizeof digits, "%d", status);
	n_leaves = 0;
	end = json_value(body, "");
	expect(end != NULL && strcmp(end, "\n") == 0, "json", word);
	expect(json_has("/error/message", 's', reason_sentence(a->reason)),
	    "json message", word);
	if (a->format != CONF_ERRORS_OPENAI) {
		expect(n_leaves == 3, "json number of values", word);
		expect(json_has("/error/status", 'n', digits), "json status",
		    word);
		expect(json_has("/error/reason", 's', word), "json reason",
		    word);
		return;
	}
	expect(n_leaves == 4, "openai number of values", word);
	expect(json_has("/error/code", 's', word), "openai code", word);
	expect(json_has("/error/param", '0', ""), "openai param", word);
	expect(json_has("/error/type", 's', status >= 500 ? "server_error" :
	    "invalid_request_error"), "openai type", word);
}

static void
check_text(const struct rewrite_answer *a, const char *body)
{
	int status = status_of(a);
	char want[512];

	snprintf(want, sizeof want, "%d %s: %s: %s\n", status,
	    http_phrase(status), reason_word(a->reason),
	    reason_sentence(a->reason));
	if (status == 200)
		snprintf(want, sizeof want, "%.*s", (int)a->own.n, a->own.p);
	expect(strcmp(body, want) == 0, "text", reason_word(a->reason));
}

/* the whole head, literally */
static void
expected_head(const struct rewrite_answer *a, size_t length, char *p,
    size_t size)
{
	int status = status_of(a);
	const char *connection = a->close ? "Connection: close\r\n" :
	    a->keep_10 ? "Connection: keep-alive\r\n" : "";
	char retry[40] = "";

	if (status == 426)
		connection = a->close ? "Connection: upgrade, close\r\n" :
		    "Connection: upgrade\r\n";
	if (a->retry_after > 0)
		snprintf(retry, sizeof retry, "Retry-After: %u\r\n",
		    a->retry_after);
	snprintf(p, size, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %u\r\n%s" DATE "%s%s%s%s%s\r\n",
	    status, http_phrase(status), is_json(a) ? "application/json" :
	    "text/plain; charset=utf-8", (unsigned)length,
	    a->reason != R_MOVED ? "Cache-Control: no-store\r\n" : "",
	    a->reason == R_REDIRECT || a->reason == R_MOVED ?
	    "Location: https://a.b/c\r\n" : "",
	    a->reason == R_CHALLENGE_METHOD ? "Allow: GET, HEAD\r\n" :
	    status == 405 ?
	    "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" : "",
	    status == 426 ?
	    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : "",
	    retry, connection);
}

/* the answer without a body, and the same as a response that is read */
static void
check_answer(struct rewrite_answer *a)
{
	const char *word = reason_word(a->reason), *body;
	static char whole[OUT_MAX], head[OUT_MAX], want[OUT_MAX];
	struct http_response r;
	struct text t;
	size_t n;

	memset(&r, 0, sizeof r);
	a->head = false;
	text_init(&t, whole, sizeof whole - 1);
	rewrite_answer(&t, a);
	whole[t.n] = '\0';
	body = strstr(whole, "\r\n\r\n");
	if (t.full || body == NULL) {
		fail("answer", word);
		return;
	}
	body += 4;
	n = (size_t)(body - whole);
	expected_head(a, t.n - n, want, sizeof want);
	expect(strlen(want) == n && memcmp(whole, want, n) == 0,
	    "head of an answer", word);
	if (is_json(a))
		check_json(a, body);
	else
		check_text(a, body);
	r.h.fields = fields;
	expect(http_parse_response(whole, t.n, &limits, false, &r) ==
	    (int)n && r.status == status_of(a) &&
	    r.h.has_length && r.h.length == t.n - n &&
	    r.h.keep_alive == !a->close, "answer read again", word);
	a->head = true;
	text_init(&t, head, sizeof head);
	rewrite_answer(&t, a);
	expect(!t.full && t.n == n && memcmp(head, whole, n) == 0,
	    "answer to HEAD", word);
}

static void
test_answers(void)
{
	struct rewrite_answer a;
	int reason, format, bits;

	for (reason = 0; reason < R_COUNT; reason++) {
		if (reason_status((enum reason)reason) == 0)
			continue;
		expect(*http_phrase(reason_status((enum reason)reason)) !=
		    '\0', "phrase", reason_word((enum reason)reason));
		for (format = 0; format <= CONF_ERRORS_OPENAI; format++) {
			for (bits = 0; bits < 16; bits++) {
				memset(&a, 0, sizeof a);
				a.reason = (enum reason)reason;
				/* the one whose status is a route's */
				if (a.reason == R_MOVED && (bits & 8))
					a.status = 301;
				a.own.p = "https://a.b/c";
				a.own.n = strlen(a.own.p);
				a.format = (enum conf_error_format)format;
				a.prefers_json = bits & 1;
				a.close = bits & 2;
				a.keep_10 = bits & 4;
				a.retry_after = bits & 8 ? 1 : 0;
				check_answer(&a);
			}
		}
	}
}

/* a few of them, to read */
static const struct {
	struct rewrite_answer how;
	const char *out, *why;
} answers[] = {
	{{.reason = R_NO_ROUTE, .format = CONF_ERRORS_AUTO},
	 "HTTP/1.1 404 Not Found\r\n"
	 "Content-Type: text/plain; charset=utf-8\r\n"
	 "Content-Length: 61\r\nCache-Control: no-store\r\n" DATE "\r\n"
	 "404 Not Found: no_route: No route serves this host and path.\n",
	 "text"},
	{{.reason = R_TOO_MANY_ADDRESS, .format = CONF_ERRORS_JSON,
	  .close = true, .retry_after = 3},
	 "HTTP/1.1 429 Too Many Requests\r\n"
	 "Content-Type: application/json\r\nContent-Length: 105\r\n"
	 "Cache-Control: no-store\r\n" DATE "Retry-After: 3\r\nConnection: close\r\n"
	 "\r\n{\"error\":{\"status\":429,\"reason\":\"too_many_address\","
	 "\"message\":\"Too many connections from this address.\"}}\n",
	 "json"},
	{{.reason = R_UNRESOLVED, .format = CONF_ERRORS_OPENAI, .keep_10 = true},
	 "HTTP/1.1 503 Service Unavailable\r\n"
	 "Content-Type: application/json\r\nContent-Length: 119\r\n"
	 "Cache-Control: no-store\r\n" DATE "Connection: keep-alive\r\n\r\n"
	 "{\"error\":{\"message\":\"The upstream's name has no address yet."
	 "\",\"type\":\"server_error\",\"param\":null,"
	 "\"code\":\"unresolved\"}}\n",
	 "openai"},
};

static void
test_some_answers(void)
{
	size_t i;

	for (i = 0; i < LEN(answers); i++)
		compare(write_answer, NULL, &answers[i].how, answers[i].out,
		    "answer", answers[i].why);
}

/* Accept */

static const struct {
	const char *accept; /* field lines */
	bool json;
	const char *why;
} prefers[] = {
	{"", false, "none"},
	{"Accept: */*\r\n", false, "anything"},
	{"Accept:\r\n", false, "empty"},
	{"Accept: application/json\r\n", true, "json"},
	{"accept: APPLICATION/Json\r\n", true, "case"},
	{"Accept: application/problem+json\r\n", true, "problem"},
	{"Accept: application/json;q=0.9, */*\r\n", true, "parameter"},
	{"Accept: application/json ; q=0.9\r\n", true, "space"},
	{"Accept: application/json\t;q=0.9\r\n", true, "tab"},
	{"Accept: text/plain\r\n", false, "text"},
	{"Accept: text/html, application/json\r\n", false, "html before"},
	{"Accept: application/json, text/html\r\n", true, "html behind"},
	{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,"
	 "image/avif,*/*;q=0.8\r\n", false, "a browser"},
	{"Accept: application/json, text/plain, */*\r\n", true, "a library"},
	{"Accept: image/png\r\nAccept: application/json\r\n", true,
	 "second line"},
	{"Accept: text/html\r\nAccept: application/json\r\n", false,
	 "html in the first line"},
	{"Accept: , ,application/json\r\n", true, "empty items"},
	{"Accept: application/jsonx\r\n", false, "longer"},
	{"Accept: application/jso\r\n", false, "shorter"},
	{"Accept: text/event-stream, application/json\r\n", true,
	 "events before"},
	{"Accept: text/event-stream\r\n", false, "events alone"},
	{"X-Accept: application/json\r\n", false, "another field"},
};

static void
test_prefers(void)
{
	struct http_request q;
	char in[512];
	size_t i;
	int n;

	for (i = 0; i < LEN(prefers); i++) {
		n = snprintf(in, sizeof in, GET "%s\r\n", prefers[i].accept);
		memset(&q, 0, sizeof q);
		q.h.fields = fields;
		if (http_parse_request(in, (size_t)n, &limits, &q) != n)
			fail("accept is not parsed", prefers[i].why);
		else
			expect(rewrite_prefers_json(&q.h) == prefers[i].json,
			    "accept", prefers[i].why);
	}
}

int
main(void)
{
	test_requests();
	test_responses();
	test_interims();
	test_answers();
	test_some_answers();
	test_prefers();
	return failed;
}
