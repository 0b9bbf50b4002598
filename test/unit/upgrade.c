/* Tests upgrade.c: what is found in heads, not how it is judged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "upgrade.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct http_limits limits = {2048, 1024, 20};
static struct http_field fields[20];

#define ASKS "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct {
	const char *head;
	bool get, body, connection;
	unsigned upgrades, versions, keys;
	const char *upgrade, *version, *key;
	const char *why;
} offers[] = {
	{ASKS "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\n\r\n",
	    true, false, true, 1, 1, 1, "websocket", "13", "k", "all"},
	{ASKS "\r\n", true, false, false, 0, 0, 0, "", "", "", "nothing"},
	{ASKS "Upgrade: h2c\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n"
	    "Sec-WebSocket-Key: l\r\nSec-WebSocket-Version: 8\r\n"
	    "Sec-WebSocket-Version: 13\r\n\r\n", true, false, false, 2, 2, 2,
	    "websocket", "8", "k", "two of each"},
	{"GET / HTTP/1.0\r\nHost: a\r\n\r\n", false, false, false, 0, 0, 0,
	    "", "", "", "HTTP/1.0"},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", false,
	    true, false, 0, 0, 0, "", "", "", "POST with a body"},
};

static void
test_offers(void)
{
	struct http_request q;
	struct ws_offer o;
	size_t i, n;

	for (i = 0; i < LEN(offers); i++) {
		n = strlen(offers[i].head);
		q.h.fields = fields;
		expect(http_parse_request(offers[i].head, n, &limits, &q) ==
		    (int)n, "parse", offers[i].why);
		o = upgrade_offer(&q);
		expect(o.get == offers[i].get && o.body == offers[i].body &&
		    o.conn_upgrade == offers[i].connection, "offer",
		    offers[i].why);
		expect(o.upgrades == offers[i].upgrades &&
		    o.versions == offers[i].versions &&
		    o.keys == offers[i].keys, "lines", offers[i].why);
		expect(span_is_exact(o.upgrade, offers[i].upgrade) &&
		    span_is_exact(o.version, offers[i].version) &&
		    span_is_exact(o.key, offers[i].key), "values",
		    offers[i].why);
	}
}

#define SAYS "HTTP/1.1 101 Switching Protocols\r\n"

static const struct {
	const char *head;
	bool connection, body;
	unsigned upgrades, accepts, protocols;
	const char *upgrade, *accept, *protocol;
	const char *why;
} answers[] = {
	{SAYS "Connection: upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Accept: a\r\nSec-WebSocket-Protocol: p\r\n\r\n",
	    true, false, 1, 1, 1, "websocket", "a", "p", "all"},
	{SAYS "\r\n", false, false, 0, 0, 0, "", "", "", "nothing"},
	{SAYS "Sec-WebSocket-Accept: a\r\nSec-WebSocket-Accept: b\r\n"
	    "Sec-WebSocket-Protocol: p\r\nSec-WebSocket-Protocol: q\r\n"
	    "Upgrade: x\r\nUpgrade: websocket\r\n\r\n", false, false, 2, 2,
	    2, "x", "a", "p", "two of each"},
	{SAYS "Content-Length: 0\r\n\r\n", false, true, 0, 0, 0, "", "", "",
	    "a length"},
	{SAYS "Transfer-Encoding: chunked\r\n\r\n", false, true, 0, 0, 0, "",
	    "", "", "a coding"},
};

static void
test_answers(void)
{
	struct http_response r;
	struct ws_answer a;
	size_t i, n;

	for (i = 0; i < LEN(answers); i++) {
		n = strlen(answers[i].head);
		r.h.fields = fields;
		expect(http_parse_response(answers[i].head, n, &limits, false,
		    &r) == (int)n, "parse", answers[i].why);
		a = upgrade_answer(&r.h);
		expect(a.conn_upgrade == answers[i].connection &&
		    a.body == answers[i].body, "answer", answers[i].why);
		expect(a.upgrades == answers[i].upgrades &&
		    a.accepts == answers[i].accepts &&
		    a.protocols == answers[i].protocols, "lines",
		    answers[i].why);
		expect(span_is_exact(a.upgrade, answers[i].upgrade) &&
		    span_is_exact(a.accept, answers[i].accept) &&
		    span_is_exact(a.protocol, answers[i].protocol), "values",
		    answers[i].why);
	}
}

int
main(void)
{
	test_offers();
	test_answers();
	return failed;
}
