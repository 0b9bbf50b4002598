/* Tests allow.c: what an origin is, who is of the same, and lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allow.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ROWS 6

static int failed;

static void
expect(bool ok, const char *what, const char *in, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL %s: %s: %s\n", what, why, in);
	failed = 1;
}

/* exactly as long, so that a checker sees what is read behind it */
static struct span
copy(const char *s)
{
	struct span r = {NULL, strlen(s)};
	char *p = malloc(r.n + (r.n == 0));

	if (p == NULL)
		exit(1);
	memcpy(p, s, r.n);
	r.p = p;
	return r;
}

/* origins in the configuration: their canonical form, or what is wrong */
static const struct {
	const char *in, *out, *why;
} items[] = {
	{"*", "*", "any"},
	{"null", "null", "none"},
	{"https://example.com", "https://example.com", "plain"},
	{"HTTPS://Example.COM", "https://example.com", "case"},
	{"https://example.com:443", "https://example.com", "port of https"},
	{"http://example.com:80", "http://example.com", "port of http"},
	{"https://example.com:80", "https://example.com:80", "port of others"},
	{"http://localhost:03000", "http://localhost:3000", "zero"},
	{"https://*.example.com", "https://*.example.com", "wildcard"},
	{"https://*.example.com:8443", "https://*.example.com:8443",
	    "wildcard with a port"},
	{"https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443", "ipv6"},
	{"capacitor://localhost", "capacitor://localhost", "an app"},
	{"moz-extension://0a-1b", "moz-extension://0a-1b", "an extension"},
	{"app://x:80", "app://x:80", "no usual port"},
	{"", NULL, "empty"},
	{"example.com", NULL, "no scheme"},
	{"https:example.com", NULL, "no slashes"},
	{"https://", NULL, "no host"},
	{"://example.com", NULL, "empty scheme"},
	{"1http://example.com", NULL, "digit"},
	{"ht tp://example.com", NULL, "blank in the scheme"},
	{"https://example.com/", NULL, "slash"},
	{"https://example.com/a", NULL, "path"},
	{"https://example.com?a", NULL, "query"},
	{"https://u@example.com", NULL, "user"},
	{"https://a b", NULL, "blank"},
	{"https://a, https://b", NULL, "list"},
	{"https://example.com:65536", NULL, "large port"},
	{"https://example.com:18446744073709551696", NULL, "overflow"},
	{"https://example.com:x", NULL, "port"},
	{"https://example.com:", NULL, "empty port"},
	{"https://*", NULL, "star as host"},
	{"https://*.", NULL, "star and dot"},
	{"https://*.*.com", NULL, "two stars"},
	{"https://a*.com", NULL, "star in a label"},
	{"https://*a.com", NULL, "star before a label"},
	{"*.example.com", NULL, "star without scheme"},
	{"Null", NULL, "case of null"},
};

static void
test_items(void)
{
	struct conf_word *list;
	struct arena *a = NULL;
	const char *wrong, *out;
	size_t i;

	for (i = 0; i < LEN(items); i++) {
		list = NULL;
		out = NULL;
		wrong = allow_add(&a, VALUE_ORIGINS, items[i].in, &list, &out);
		if (items[i].out == NULL) {
			expect(wrong != NULL && list == NULL, "item",
			    items[i].in, items[i].why);
			continue;
		}
		expect(wrong == NULL && list != NULL && out == list->text &&
		    strcmp(out, items[i].out) == 0, "item", items[i].in,
		    items[i].why);
		/* what is printed is read again as it is */
		expect(wrong != NULL || (allow_add(&a, VALUE_ORIGINS, out,
		    &list, &out) != NULL && list->next == NULL), "again",
		    items[i].in, items[i].why);
	}
	arena_free(a);
}

static struct conf_word *
list_of(struct arena **a, enum value_type type, const char *const *texts)
{
	struct conf_word *list = NULL;
	const char *out;
	size_t i;

	for (i = 0; i < ROWS && texts[i] != NULL; i++)
		expect(allow_add(a, type, texts[i], &list, &out) == NULL,
		    "list", texts[i], "is taken");
	return list;
}

static const struct {
	const char *list[ROWS], *origin;
	bool allowed;
	const char *why;
} origins[] = {
	{{"https://a.com"}, "https://a.com", true, "the same"},
	{{"https://a.com"}, "https://A.com", true, "case of the host"},
	{{"https://a.com"}, "HTTPS://a.com", true, "case of the scheme"},
	{{"https://a.com"}, "https://a.com:443", true, "usual port"},
	{{"https://a.com"}, "https://a.com:444", false, "other port"},
	{{"https://a.com"}, "http://a.com", false, "other scheme"},
	{{"https://a.com"}, "http://a.com:443", false, "scheme, same port"},
	{{"https://a.com"}, "https://b.a.com", false, "subdomain"},
	{{"https://a.com"}, "https://ba.com", false, "longer"},
	{{"https://a.com"}, "https://a.com.evil", false, "longer behind"},
	{{"https://a.com"}, "https://a.co", false, "shorter"},
	{{"https://a.com"}, "https://a.com.", false, "dot"},
	{{"https://a.com"}, "", false, "empty"},
	{{"https://a.com"}, "null", false, "null"},
	{{"https://a.com"}, "https://a.com https://b.com", false, "two"},
	{{"https://a.com"}, "https://a.com/", false, "path"},
	{{"https://a.com"}, "https://u@a.com", false, "user"},
	{{"https://a.com"}, "https://evil#https://a.com", false, "fragment"},
	{{"https://a.com:8443"}, "https://a.com:8443", true, "a port"},
	{{"https://a.com:8443"}, "https://a.com", false, "no port"},
	{{"https://a.com", "http://b.com"}, "http://b.com", true, "second"},
	{{"https://a.com", "http://b.com"}, "https://b.com", false, "mixed"},
	{{"https://*.a.com"}, "https://b.a.com", true, "one label"},
	{{"https://*.a.com"}, "https://c.B.A.com", true, "two labels"},
	{{"https://*.a.com"}, "https://a.com", false, "no label"},
	{{"https://*.a.com"}, "https://.a.com", false, "empty label"},
	{{"https://*.a.com"}, "https://ba.com", false, "no dot"},
	{{"https://*.a.com"}, "https://b.a.com.evil", false, "behind"},
	{{"https://*.a.com"}, "https://b.a.com:8443", false, "port"},
	{{"https://*.a.com"}, "http://b.a.com", false, "its scheme"},
	{{"https://*.a.com:8443"}, "https://b.a.com:8443", true, "its port"},
	{{"https://[::1]:8443"}, "https://[::1]:8443", true, "ipv6"},
	{{"https://[::1]:8443"}, "https://[::2]:8443", false, "other ipv6"},
	{{"app://x"}, "app://x", true, "an app"},
	{{"app://x"}, "app://x:1", false, "an app's port"},
	{{"*"}, "https://a.com", true, "any"},
	{{"*"}, "null", true, "any, null"},
	{{"*"}, "what is this", true, "any, junk"},
	{{"null"}, "null", true, "null alone"},
	{{"null"}, "https://a.com", false, "null is no other"},
	{{"https://a.com", "null"}, "null", true, "null too"},
};

static const struct {
	const char *origin, *host;
	bool same;
	const char *why;
} hosts[] = {
	{"https://a.com", "a.com", true, "https"},
	{"http://a.com", "a.com", true, "http"},
	{"https://A.com", "a.COM", true, "case"},
	{"https://a.com", "a.com:443", true, "port of https"},
	{"http://a.com", "a.com:80", true, "port of http"},
	{"https://a.com:443", "a.com", true, "port of the origin"},
	{"https://a.com", "a.com:80", false, "port of another"},
	{"http://a.com", "a.com:443", false, "port of another too"},
	{"http://a.com:8080", "a.com:8080", true, "a port"},
	{"http://a.com:8080", "a.com", false, "a port here"},
	{"http://a.com", "a.com:8080", false, "a port there"},
	{"http://a.com:8080", "a.com:8081", false, "ports"},
	{"https://b.a.com", "a.com", false, "subdomain"},
	{"https://a.com", "b.a.com", false, "domain above"},
	{"https://evil.com", "a.com", false, "another"},
	{"https://a.com.evil", "a.com", false, "behind"},
	{"null", "a.com", false, "null"},
	{"null", "null", false, "a host of that name"},
	{"", "a.com", false, "empty"},
	{"", "", false, "nothing"},
	{"https://", "", false, "no host"},
	{"https://a.com", "", false, "none here"},
	{"a.com", "a.com", false, "no scheme"},
	{"https://a.com https://a.com", "a.com", false, "two"},
	{"https://a.com/", "a.com", false, "path"},
	{"https://u@a.com", "a.com", false, "user"},
	{"https://a.com:443x", "a.com", false, "port with more"},
	{"https://a.com:65979", "a.com:443", false, "port too large"},
	{"https://[::1]", "[::1]", true, "ipv6"},
	{"https://[::1]:8443", "[::1]:8443", true, "ipv6 and port"},
	{"https://[::1]", "[::2]", false, "other ipv6"},
	{"app://a.com", "a.com", true, "no usual port"},
	{"app://a.com", "a.com:80", false, "no usual port there"},
	{"https://*.com", "a.com", false, "star"},
};

static void
test_origins(void)
{
	struct arena *a = NULL;
	struct span o, h;
	size_t i;

	for (i = 0; i < LEN(origins); i++) {
		o = copy(origins[i].origin);
		expect(allow_origin(list_of(&a, VALUE_ORIGINS,
		    origins[i].list), o) == origins[i].allowed, "origin",
		    origins[i].origin, origins[i].why);
		free((char *)o.p);
	}
	for (i = 0; i < LEN(hosts); i++) {
		o = copy(hosts[i].origin);
		h = copy(hosts[i].host);
		expect(allow_same_origin(o, h) == hosts[i].same, "same",
		    hosts[i].origin, hosts[i].why);
		free((char *)o.p);
		free((char *)h.p);
	}
	arena_free(a);
}

static const struct {
	const char *list[ROWS];
	const char *lines; /* of the head, each with its CRLF */
	int n;
	const char *out, *why;
} protocols[] = {
	{{"a"}, "", 0, "", "none offered"},
	{{"a"}, "Sec-WebSocket-Protocol:\r\n", 0, "", "empty"},
	{{"a"}, "Sec-WebSocket-Protocol: , ,\r\n", 0, "", "commas"},
	{{"a"}, "Sec-WebSocket-Protocol: a\r\n", 1, "a", "it"},
	{{"a"}, "Sec-WebSocket-Protocol: b\r\n", -1, "", "another"},
	{{"a"}, "Sec-WebSocket-Protocol: A\r\n", -1, "", "case"},
	{{"a"}, "Sec-WebSocket-Protocol: aa\r\n", -1, "", "longer"},
	{{"aa"}, "Sec-WebSocket-Protocol: a\r\n", -1, "", "shorter"},
	{{"a"}, "Sec-WebSocket-Protocol: b,a ,\tc\r\n", 1, "a", "one of three"},
	{{"b", "a"}, "Sec-WebSocket-Protocol: a, x, b\r\n", 2, "a, b",
	    "in the client's order"},
	{{"a", "b"}, "Sec-WebSocket-Protocol: x\r\nA: a\r\n"
	    "sec-websocket-protocol: b, y, a\r\n", 2, "b, a", "two lines"},
	{{"a", "b"}, "Sec-WebSocket-Protocol: a\r\n"
	    "Sec-WebSocket-Protocol: b\r\n", 2, "a, b", "one each"},
	{{"a"}, "Sec-WebSocket-Protocol: a, a\r\n", 2, "a, a", "twice"},
	{{"a"}, "A: a\r\n", 0, "", "another field"},
};

static void
test_protocols(void)
{
	struct http_limits lim = {10000, 1000, 10};
	struct http_field fields[10];
	char in[500], got[100];
	struct conf_word *list;
	struct arena *a = NULL;
	struct conf_route r;
	struct http_head h;
	struct text t;
	size_t i;
	int n;

	h.fields = fields;
	for (i = 0; i < LEN(protocols); i++) {
		snprintf(in, sizeof in, "%s\r\n", protocols[i].lines);
		expect(http_parse_fields(in, strlen(in), &lim, &h) > 0,
		    "head", in, protocols[i].why);
		list = list_of(&a, VALUE_PROTOCOLS, protocols[i].list);
		text_init(&t, got, sizeof got);
		memset(&r, 0, sizeof r);
		r.subprotocols = list;
		n = allow_protocols(&r, &h, &t);
		expect(n == protocols[i].n &&
		    n == allow_protocols(&r, &h, NULL) &&
		    t.n == strlen(protocols[i].out) &&
		    memcmp(got, protocols[i].out, t.n) == 0, "protocols", in,
		    protocols[i].why);
	}
	arena_free(a);
}

int
main(void)
{
	test_items();
	test_origins();
	test_protocols();
	return failed;
}
