/* Tests shown.c by heads of requests, from memory that ends with them. */
#include <string.h>

#include "guard.h"

#include "shown.h"

#define FIELDS 40

static struct http_field fields[FIELDS];
static char *edge;

/* parses a request for target with these fields; both are kept at the edge */
static struct http_request
parse(const char *target, const char *more)
{
	static const struct http_limits lim = {65536, 65536, FIELDS};
	static char memory[40000];
	struct http_request q;
	int n;

	n = snprintf(memory, sizeof memory, "GET %s HTTP/1.1\r\nHost: a\r\n"
	    "%s\r\n", target, more);
	memcpy(edge - n, memory, (size_t)n);
	q.h.fields = fields;
	if (http_parse_request(edge - n, (size_t)n, &lim, &q) != n)
		fail(more, "no request");
	return q;
}

#define A "Authorization: "
#define X "X-Api-Key: "
#define P "Sec-WebSocket-Protocol: "
#define L "openai-insecure-api-key"

/* what is found: "secret" or "user:secret", one behind the other with | */
static const struct {
	const char *target, *fields, *found, *why;
} keys[] = {
{"/", "", "", "nothing"},
{"/", A "Bearer k\r\n", "k", "Bearer"},
{"/", A "bEARER  k\r\n", "k", "its case, and blanks"},
{"/", A "Bearer\r\n", "", "no key behind it"},
{"/", A "Bearer a b\r\n", "a b", "a blank in it"},
{"/", A "Basic dTpr\r\n", "u:k", "Basic"},
{"/", A "basic OmE6Yg==\r\n", ":a:b", "an empty name, and a colon"},
{"/", A "Basic dQ==\r\n", "-1", "no colon"},
{"/", A "Basic dTp\r\n", "-1", "no base64"},
{"/", A "Basic\r\n", "-1", "nothing behind it"},
{"/", A "Digest username=x\r\n", "-1", "another scheme"},
{"/", A "k\r\n", "-1", "no scheme"},
{"/", A "\r\n", "-1", "empty"},
{"/", A "Bearer k\r\n" A "Bearer l\r\n", "k|l", "twice"},
{"/", X "k\r\n", "k", "X-Api-Key"},
{"/", "Api-Key: k\r\n", "k", "Api-Key"},
{"/", "x-api-KEY: k\r\nAPI-key: l\r\n", "k|l", "both, and their case"},
{"/", "X-Api-Keys: k\r\nApi_Key: l\r\nApiKey: m\r\n", "", "near them"},
{"/?token=k", "", "k", "the query"},
{"/?a=b&token=k&c", "", "k", "among others"},
{"/?token=k&token=l", "", "k|l", "twice in the query"},
{"/?%74oken=k", "", "k", "its name escaped"},
{"/?token=%6b%2B%zz+=", "", "k+%zz+=", "its value escaped"},
{"/?token", "", "", "no value"},
{"/?token=", "", "", "an empty value"},
{"/?Token=k&tokens=l&oken=m&xtoken=n", "", "", "near it"},
{"/?a=token=k", "", "", "in a value"},
{"/token=k", "", "", "in the path"},
{"/?x;token=k", "", "", "a semicolon separates nothing"},
{"/", P L ".k\r\n", "k", "a subprotocol"},
{"/", P "realtime, " L ".k\r\n", "k", "among others"},
{"/", P "OpenAI-Insecure-Api-Key.k\r\n", "k", "its case"},
{"/", P L "." L "\r\n", L, "its name as a key"},
{"/", P L ", k\r\n", "k", "two items"},
{"/", P L ", " L ".k\r\n", L ".k", "two items, the second like one"},
{"/", P L "\r\n" P "k\r\n", "k", "on two lines"},
{"/", P "a," L ",k,b\r\n" P "c," L ".l\r\n", "k|l", "both"},
{"/", P L "\r\n", "", "no key behind it"},
{"/", P L ".\r\n", "", "an empty key"},
{"/", P L "s, k\r\n", "", "near it"},
{"/?token=q", A "Bearer k\r\n" X "l\r\n" P L ".m\r\n", "k|l|m|q",
    "everywhere"},
{"/?token=1&token=2&token=3&token=4&token=5&token=6&token=7&token=8", "",
    "1|2|3|4|5|6|7|8", "as many as there may be"},
{"/?token=1&token=2&token=3&token=4&token=5&token=6&token=7&token=8", X "k\r\n",
    "-1", "one too many"},
};

static void
describe(const struct shown *list, int n, char *out, size_t size)
{
	struct text t;
	int i;

	text_init(&t, out, size - 1);
	if (n < 0)
		text_str(&t, "-1");
	for (i = 0; i < n; i++) {
		text_str(&t, i > 0 ? "|" : "");
		if (list[i].password) {
			text_span(&t, list[i].user);
			text_str(&t, ":");
		}
		text_span(&t, list[i].secret);
	}
	out[t.n] = '\0';
}

static void
test_find(void)
{
	static const struct shown_from from = {true, false, "token"},
	    basic = {false, true, NULL};
	struct shown list[SHOWN_MAX];
	char memory[SHOWN_MEMORY], got[500];
	struct http_request q;
	size_t i;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		q = parse(keys[i].target, keys[i].fields);
		describe(list, shown_find(&q, &from, list, memory), got,
		    sizeof got);
		expect(strcmp(got, keys[i].found) == 0, keys[i].why, got);
	}
	q = parse("/?token=k", X "k\r\n" P L ".k\r\n");
	expect(shown_find(&q, &basic, list, memory) == 0, "Basic alone",
	    "keys are nothing to it");
	q = parse("/", A "Bearer k\r\n");
	expect(shown_find(&q, &basic, list, memory) == -1, "Basic alone",
	    "nor is Bearer");
	q = parse("/", A "Basic dTpr\r\n");
	expect(shown_find(&q, &basic, list, memory) == 1, "Basic alone",
	    "is found");
}

/* more than the memory for what is decoded */
static void
test_long(void)
{
	static const struct shown_from from = {true, false, "t"};
	static char target[SHOWN_MEMORY + 100];
	struct shown list[SHOWN_MAX];
	char memory[SHOWN_MEMORY];
	struct http_request q;
	int n;

	for (n = SHOWN_MEMORY - 1; n <= SHOWN_MEMORY + 1; n++) {
		memset(target, 'x', sizeof target);
		memcpy(target, "/?t=", 4);
		target[4 + n] = '\0';
		q = parse(target, "");
		expect(shown_find(&q, &from, list, memory) ==
		    (n <= SHOWN_MEMORY ? 1 : -1), "long", "a key");
	}
}

static const struct {
	const char *query, *left;
} queries[] = {
{"", ""}, {"?", "?"}, {"?a=1", "?a=1"}, {"?token=k", ""}, {"?token", ""},
{"?token=k&a=1", "?a=1"}, {"?a=1&token=k", "?a=1"},
{"?a=1&token=k&b=2", "?a=1&b=2"}, {"?token=k&token=l", ""},
{"?%74%6Fken=k&a", "?a"}, {"?a=1&&b=2", "?a=1&&b=2"}, {"?&token=k&", "?&"},
{"?a=token=k", "?a=token=k"}, {"?Token=k", "?Token=k"},
{"?tokens=k&a=%74oken", "?tokens=k&a=%74oken"},
};

/* - before one that is plain, . with a label, : a label, k a key */
static const struct {
	const char *fields, *items, *why;
} protocols[] = {
{"", "", "none"},
{P "a\r\n", "-a", "one"},
{P ",a,  b,\r\n" P "c\r\n", "-a-b-c", "several"},
{P "realtime, " L ".k\r\n", "-realtime." L ".k", "a key behind it"},
{P L ".k, realtime\r\n", "." L ".k-realtime", "a key before it"},
{P L ", k, realtime\r\n", ":" L "kk-realtime", "two items"},
{P "OPENAI-insecure-api-key, k\r\n", ":OPENAI-insecure-api-keykk", "its case"},
{P L ", " L ", k\r\n", ":" L "k" L "-k", "the label as a key"},
{P L "\r\n" P "k, a\r\n" P "b\r\n", ":" L "kk-a-b", "on several lines"},
};

static void
test_without(void)
{
	struct http_request q;
	struct shown_items l;
	struct span item;
	char memory[200];
	struct text t;
	size_t i, n;

	for (i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		n = strlen(queries[i].query);
		memcpy(edge - n, queries[i].query, n);
		text_init(&t, memory, sizeof memory);
		shown_put_query(&t, (struct span){edge - n, n}, "token");
		expect(span_is_exact((struct span){t.p, t.n},
		    queries[i].left), queries[i].query, "without the key");
	}
	for (i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
		q = parse("/", protocols[i].fields);
		text_init(&t, memory, sizeof memory);
		l = shown_items(&q.h);
		while (shown_next(&l, &item)) {
			text_mem(&t, &"-.:k"[l.kind], 1);
			text_span(&t, item);
		}
		expect(!shown_next(&l, &item) && span_is_exact(
		    (struct span){t.p, t.n}, protocols[i].items),
		    protocols[i].why, "what it is");
	}
}

int
main(void)
{
	static const struct shown_from from = {true, true, NULL},
	    basic = {false, true, NULL};

	edge = guard();
	test_find();
	test_long();
	test_without();
	expect(shown_hides(&from, HTTP_F_X_API_KEY) &&
	    shown_hides(&from, HTTP_F_API_KEY) &&
	    shown_hides(&from, HTTP_F_AUTHORIZATION) &&
	    shown_hides(&from, HTTP_F_SEC_WEBSOCKET_PROTOCOL) &&
	    !shown_hides(&from, HTTP_F_COOKIE), "keys", "are hidden");
	expect(shown_hides(&basic, HTTP_F_AUTHORIZATION) &&
	    !shown_hides(&basic, HTTP_F_X_API_KEY) &&
	    !shown_hides(&basic, HTTP_F_SEC_WEBSOCKET_PROTOCOL), "Basic",
	    "is hidden alone");
	return failed;
}
