/*
 * Tests rewrite.c: what is forwarded. Requests and responses are parsed from
 * text first, and rules come from a configuration.
 */
#include <sys/socket.h>

#include "chunk.h"
#include "oneroute.h"
#include "rewritten.h"

#define ID UINT64_C(0x0123456789abcdef)

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
	rewrite_trailers(t, what, NULL, NULL, NULL);
}

/* requests */

#define FROM(client, proto) \
	"X-Forwarded-For: " client "\r\n" \
	"X-Forwarded-Proto: " proto "\r\n"
#define HOST(host) "X-Forwarded-Host: " host "\r\n"
#define REQUEST_ID "X-Request-Id: 0123456789abcdef\r\n"
#define ORIGIN FROM("192.0.2.7", "http") HOST("a.example") REQUEST_ID

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
	{.in = "GET / HTTP/1.1\r\nA: 1\r\nHost: a.example\r\nB: 2\r\nTE: x\r\n"
	 "C:3\r\nD: 4\r\n\r\n",
	 .out = "GET / HTTP/1.1\r\nHost: a.example\r\nA: 1\r\nB: 2\r\nC: 3\r\n"
	 "D: 4\r\n" ORIGIN "\r\n", .why = "runs of fields"},
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
	{.in = GET "X_Forwarded_For: 1.2.3.4\r\nx-forwarded_proto: wss\r\n"
	 "X_FORWARDED_HOST: evil\r\nX_Forwarded-Prefix: /evil\r\n"
	 "X_Request_ID: evil\r\nContent_Length: 5\r\n"
	 "Transfer_Encoding: chunked\r\nX_Real: 1\r\n_: 2\r\n\r\n",
	 .out = GET "X_Real: 1\r\n_: 2\r\n" ORIGIN "\r\n",
	 .why = "forged, as CGI reads names"},
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
	{.in = GET "X_Client: 1.2.3.4\r\nX_Clients: 5\r\n\r\n",
	 .hidden = "x-client", .out = GET "X_Clients: 5\r\n" ORIGIN "\r\n",
	 .why = "a field for trusted proxies, as CGI reads it"},
	{.in = GET "X_Forwarded_Port: 1\r\nX_Request_Id: x-1\r\n\r\n",
	 .via = "10.0.0.1", .client = "10.0.0.1",
	 .out = GET "X_Forwarded_Port: 1\r\n" FROM("10.0.0.1", "http")
	 HOST("a.example") REQUEST_ID "\r\n",
	 .why = "trusted, and what it tells as CGI reads it"},
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
	{.in = GET "X_User: 1\r\nx_real-ip: 2\r\nX-Team: 3\r\nX_Users: 4\r\n"
	 "X_API_Key: 5\r\nX-API-Key: 6\r\nX_A: 7\r\n\r\n",
	 .lines = "set_header=X-User: new\nset_header=X-Real-IP: ip\n"
	 "del_header=X_Team\ndel_header=X_API-Key\nadd_header=X-A: 8",
	 .out = GET "X_Users: 4\r\nX_A: 7\r\n" ORIGIN "X-User: new\r\n"
	 "X-Real-IP: ip\r\nX-A: 8\r\n\r\n",
	 .why = "set and del, as CGI reads names"},
	{.in = GET "X_Forwarded_For: evil\r\nX-Forwarded_Port: evil\r\n\r\n",
	 .lines = "del_header=X_Forwarded_For\n"
	 "set_header=X_Forwarded_Port: 443",
	 .out = GET ORIGIN "X_Forwarded_Port: 443\r\n\r\n",
	 .why = "weir's own goes by its very name"},
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
	{.in = OK "A: 1\r\nB:2\r\nC: 3 \r\nD:\t4\r\nE: \r\nF:\r\nG: 5\r\n"
	 "H:  6\r\nContent-Length: 5\r\nI: 7\r\nJ: 8\r\n\r\n",
	 .framing = REWRITE_LENGTH,
	 .out = OK "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: \r\nG: 5\r\n"
	 "H: 6\r\nI: 7\r\nJ: 8\r\nContent-Length: 5\r\n\r\n",
	 .why = "runs of fields as weir writes them, and others between"},
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
	{"X_Forwarded_For: 1\r\nX_A: 1\r\nx_Real_ip: 2\r\n"
	 "X_HTTP_Method_Override: x\r\nIf_Match: x\r\n\r\n",
	 "X_A: 1\r\n\r\n", "filtered, as CGI reads names"},
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

int
main(void)
{
	test_requests();
	test_responses();
	test_interims();
	return failed;
}
