/* Tests tell.c, and what of subprotocols may be sent back. */
#include <stdio.h>
#include <string.h>

#include "redact.h"
#include "tell.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
/* the key and its answer of RFC 6455 1.3 */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define HEAD "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\n" \
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
/* a frame of text; its length is in two bytes */
#define LONG(n) "\x81\x7e" n

static int failed;

static const struct {
	struct tell how;
	const char *protocols;
	const char *out; /* without zero bytes: those are written as '0' */
	const char *why;
} rows[] = {
	{{CONF_ERRORS_AUTO, R_NO_ROUTE, 404, 0, {0}, {0}}, "",
	    HEAD "\r\n" LONG("0\x88")
	    "{\"type\":\"error\",\"error\":{\"type\":"
	    "\"invalid_request_error\",\"code\":\"no_route\",\"message\":"
	    "\"No route serves this host and path.\",\"status\":404}}"
	    "\x88\x0a\x11\x34" "no_route", "no route"},
	{{CONF_ERRORS_TEXT, R_UPSTREAM_STATUS, 401, 0, {0}, {0}}, "a, b",
	    HEAD "Sec-WebSocket-Protocol: a\r\n\r\n" LONG("0\x86")
	    "{\"type\":\"error\",\"error\":{\"type\":"
	    "\"invalid_request_error\",\"code\":\"upstream_status\","
	    "\"message\":\"The upstream answered 401.\",\"status\":401}}"
	    "\x88\x11\x11\x31" "upstream_status", "a status, a subprotocol"},
	{{CONF_ERRORS_OPENAI, R_CONNECT_REFUSED, 502, 0x12abcdef, {0}, {0}},
	    "sk-1", HEAD "\r\n" LONG("0\xc8")
	    "{\"event_id\":\"event_0000000012abcdef\",\"type\":\"error\",\"error\":{"
	    "\"type\":\"server_error\",\"code\":\"connect_refused\","
	    "\"message\":\"The upstream refused the connection.\","
	    "\"param\":null,\"event_id\":null,\"status\":502}}"
	    "\x88\x11\x11\x96" "connect_refused", "openai, a secret"},
};

static void
test_rows(void)
{
	struct tell how;
	char got[2048];
	struct text t;
	size_t i, j;

	for (i = 0; i < LEN(rows); i++) {
		how = rows[i].how;
		how.key = (struct span){KEY, strlen(KEY)};
		how.protocols = (struct span){rows[i].protocols,
		    strlen(rows[i].protocols)};
		text_init(&t, got, sizeof got);
		tell_write(&t, &how);
		for (j = 0; j < t.n; j++)
			if (got[j] == '\0')
				got[j] = '0';
		if (!t.full && t.n == strlen(rows[i].out) &&
		    memcmp(got, rows[i].out, t.n) == 0)
			continue;
		fprintf(stderr, "FAIL tell %s: %.*s\n", rows[i].why, (int)t.n,
		    got);
		failed = 1;
	}
}

/* every reason fits, with the longest subprotocol that may be chosen */
static void
test_all(void)
{
	struct tell how;
	char got[2048];
	struct text t;
	int r;

	memset(&how, 0, sizeof how);
	how.key = (struct span){KEY, strlen(KEY)};
	how.protocols = (struct span){
	    "1234567890123456789012345678901234567890", 40};
	how.format = CONF_ERRORS_OPENAI;
	how.id = UINT64_MAX;
	for (r = 0; r < R_COUNT; r++) {
		how.reason = (enum reason)r;
		how.status = 999;
		text_init(&t, got, 1024);
		tell_write(&t, &how);
		if (!t.full)
			continue;
		fprintf(stderr, "FAIL tell %s: too long\n",
		    reason_word(how.reason));
		failed = 1;
	}
}

int
main(void)
{
	test_rows();
	test_all();
	return failed;
}
