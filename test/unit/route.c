/*
 * Tests route.c. Hosts and paths are read from memory of exactly their size,
 * so that a sanitizer sees a read behind them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "route.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int failed;

static void
fail(const char *what, const char *input, const char *why)
{
	fprintf(stderr, "FAIL %s: %s: %s\n", what, input, why);
	failed = 1;
}

/* a copy of exactly its size; the caller frees it */
static struct span
copy(const char *s)
{
	struct span c = {NULL, strlen(s)};
	char *p = malloc(c.n > 0 ? c.n : 1);

	if (p == NULL)
		exit(1);
	c.p = memcpy(p, s, c.n);
	return c;
}

static void
drop(struct span s)
{
	free((void *)s.p);
}

/* a conf of routes, up to a NULL */
static struct conf *
conf_of(const char *const *routes)
{
	struct conf_source s[64];
	char text[32][128], err[256];
	struct conf *c;
	size_t n = 0, i;

	s[n++].text = "listen=:8080";
	for (i = 0; routes[i] != NULL; i++) {
		/* with an "=" it is a condition of the route before */
		snprintf(text[i], sizeof text[i], "%s%s",
		    strchr(routes[i], '=') != NULL ? "" : "route=", routes[i]);
		s[n++].text = text[i];
		if (strchr(routes[i], '=') == NULL)
			s[n++].text = "upstream=http://127.0.0.1:9000";
	}
	for (i = 0; i < n; i++)
		s[i].kind = CONF_OPTION;
	c = conf_load(s, n, err, sizeof err);
	if (c == NULL) {
		fprintf(stderr, "FAIL conf: %s\n", err);
		exit(1);
	}
	return c;
}

/* in each set of routes, who gets what */

struct want {
	const char *host, *path, *route; /* NULL: none */
	const char *why;
};

static const char *const hosts[] = {"example.com", "*.example.com",
    "*.b.example.com", "a.b.example.com", "192.0.2.7", "[2001:db8::1]", "h",
    "*", NULL};
static const struct want hosts_want[] = {
	{"example.com", "/", "example.com", "exact"},
	{"EXAMPLE.Com", "/", "example.com", "case"},
	{"example.com:80", "/", "example.com", "port"},
	{"example.com:65535", "/", "example.com", "another port"},
	{"example.com:", "/", "example.com", "empty port"},
	{"example.com.", "/", "example.com", "dot at the end"},
	{"example.com.:8080", "/", "example.com", "dot and port"},
	{"example.com..", "/", "*", "two dots at the end"},
	{"www.example.com", "/", "*.example.com", "wildcard"},
	{"WWW.Example.COM.:1", "/", "*.example.com", "wildcard, all at once"},
	{"x.y.example.com", "/", "*.example.com", "two labels"},
	{"wwwexample.com", "/", "*", "no border of labels"},
	{"example.com.evil", "/", "*", "name continued"},
	{".example.com", "/", "*", "no label"},
	{"c.b.example.com", "/", "*.b.example.com", "longer wildcard"},
	{"d.c.b.example.com", "/", "*.b.example.com", "longer, two labels"},
	{"b.example.com", "/", "*.example.com", "not its own wildcard"},
	{"a.b.example.com", "/", "a.b.example.com", "exact before wildcard"},
	{"example.co", "/", "*", "one byte less"},
	{"example.comm", "/", "*", "one byte more"},
	{"xexample.com", "/", "*", "one byte before"},
	{"192.0.2.7", "/", "192.0.2.7", "ipv4"},
	{"192.0.2.7:80", "/", "192.0.2.7", "ipv4 and port"},
	{"192.0.2.71", "/", "*", "another ipv4"},
	{"[2001:db8::1]", "/", "[2001:db8::1]", "ipv6"},
	{"[2001:DB8::1]:80", "/", "[2001:db8::1]", "ipv6, case and port"},
	{"[2001:db8::10]", "/", "*", "another ipv6"},
	{"h", "/", "h", "one letter"},
	{"h.", "/", "h", "one letter and a dot"},
	{"", "/", "*", "no host"},
	{".", "/", "*", "a dot alone"},
	{"*.example.com", "/", "*.example.com", "a star is no wildcard"},
	{"example.com", "*", "example.com", "asterisk"},
	{"", "*", "*", "asterisk without a host"},
};

static const char *const no_any[] = {"example.com/a", "*.example.org", NULL};
static const struct want no_any_want[] = {
	{"example.com", "/a", "example.com/a", "there"},
	{"example.com", "/", NULL, "path above"},
	{"example.com", "/b", NULL, "path beside"},
	{"example.net", "/a", NULL, "no such host"},
	{"example.org", "/", NULL, "wildcard takes no bare name"},
	{"a.example.org", "/", "*.example.org", "wildcard"},
	{"", "/", NULL, "no host"},
	{"", "/a", NULL, "no host, path there"},
	{"example.com", "*", NULL, "asterisk is not below a path"},
	{"a.example.org", "*", "*.example.org", "asterisk of a host"},
};

static const char *const paths[] = {"/", "/v1", "/v1/realtime", "/v1/real",
    "/a.b-c_d~e", "/x%2Fy", "/deep/er/and/deeper", NULL};
static const struct want paths_want[] = {
	{"h", "/", "/", "root"},
	{"h", "/other", "/", "anything"},
	{"h", "", "/", "empty"},
	{"h", "*", "/", "asterisk"},
	{"h", "/v1", "/v1", "exact"},
	{"h", "/v1/", "/v1", "slash behind"},
	{"h", "/v1/x", "/v1", "below"},
	{"h", "/v10", "/", "not at a border"},
	{"h", "/v1.", "/", "not at a border, dot"},
	{"h", "/v", "/", "shorter"},
	{"h", "/V1", "/", "case matters in paths"},
	{"h", "/v1/realtime", "/v1/realtime", "longest"},
	{"h", "/v1/realtime/x", "/v1/realtime", "below the longest"},
	{"h", "/v1/realtimes", "/v1", "longest but not at a border"},
	{"h", "/v1/real", "/v1/real", "its neighbour"},
	{"h", "/v1/realt", "/v1", "between the two"},
	{"h", "/%76%31", "/v1", "encoded"},
	{"h", "/%761/%72eal", "/v1/real", "encoded in part"},
	{"h", "/v%31x", "/", "encoded, not at a border"},
	{"h", "/%2561", "/", "not decoded twice"},
	{"h", "/a%2eb%2Dc%5Fd%7ee", "/a.b-c_d~e", "encoded marks"},
	{"h", "/a%2Eb%2dc%5fd%7Ee", "/a.b-c_d~e", "encoded marks, case"},
	{"h", "/v1%2Freal", "/", "an encoded slash is no slash"},
	{"h", "/v1%2frealtime", "/", "nor in lower case"},
	{"h", "/x%2Fy", "/x%2Fy", "reserved stays encoded"},
	{"h", "/x%2Fy/z", "/x%2Fy", "below an encoded slash"},
	{"h", "/x/y", "/", "slash for an encoded one"},
	{"h", "//v1", "/v1", "slashes in front"},
	{"h", "////v1////real", "/v1/real", "slashes between"},
	{"h", "/v1//", "/v1", "slashes behind"},
	{"h", "/v1/%", "/v1", "percent at the end"},
	{"h", "/v1%", "/", "percent at the border"},
	{"h", "/v%3", "/", "half of an encoding"},
	{"h", "/v%3g", "/", "no encoding"},
	{"h", "/v%g1", "/", "no encoding, first digit"},
	{"h", "/deep/er/and/deeper/still", "/deep/er/and/deeper", "deep"},
	{"h", "/deep/er/and", "/", "part of a prefix"},
};

/* the host decides before the path, and falls back where no path fits */
static const char *const both[] = {"*/v1/realtime/x", "*.example.com/v1",
    "a.example.com/v1/realtime", "*/", NULL};
static const struct want both_want[] = {
	{"a.example.com", "/v1/realtime/x", "a.example.com/v1/realtime",
	 "exact host, shorter path"},
	{"a.example.com", "/v1/x", "*.example.com/v1", "back to wildcard"},
	{"a.example.com", "/x", "*/", "back to any"},
	{"b.example.com", "/v1/realtime/x", "*.example.com/v1",
	 "wildcard, shorter path"},
	{"b.example.com", "/v2", "*/", "wildcard back to any"},
	{"c", "/v1/realtime/x/y", "*/v1/realtime/x", "any"},
};

/* the same as above in the opposite order of the file */
static const char *const turned[] = {"*/", "a.example.com/v1/realtime",
    "*.example.com/v1", "*/v1/realtime/x", NULL};

static const struct {
	const char *const *routes;
	const struct want *want;
	size_t n;
	const char *name;
} sets[] = {
	{hosts, hosts_want, LEN(hosts_want), "hosts"},
	{no_any, no_any_want, LEN(no_any_want), "no any"},
	{paths, paths_want, LEN(paths_want), "paths"},
	{both, both_want, LEN(both_want), "both"},
	{turned, both_want, LEN(both_want), "turned"},
};

static void
try_one(const struct conf *c, const char *name, const struct want *w)
{
	struct span host = copy(w->host), path = copy(w->path);
	struct http_request q = {.host = host, .path = path};
	struct conf_route *r = route_find(c, &q);
	const char *got = r != NULL ? r->text : NULL;
	char input[256];

	if (got == NULL ? w->route != NULL : w->route == NULL ||
	    strcmp(got, w->route) != 0) {
		snprintf(input, sizeof input, "%s%s to %s", w->host, w->path,
		    got != NULL ? got : "none");
		fail(name, input, w->why);
	}
	drop(host);
	drop(path);
}

static void
test_find(void)
{
	struct conf *c;
	size_t i, j;

	for (i = 0; i < LEN(sets); i++) {
		c = conf_of(sets[i].routes);
		for (j = 0; j < sets[i].n; j++)
			try_one(c, sets[i].name, &sets[i].want[j]);
		conf_free(c);
	}
}

/* conditions: the routes are told apart by how many each has matched */

struct ask {
	const char *fields, *query;
	const char *route; /* its number */
	const char *why;
};

static const char *const matches[] = {"h/", /* 1 */
    "h/", "match_header=Upgrade: websocket", /* 2 */
    "h/", "match_header=X-Beta", /* 3 */
    "h/", "match_header=X-Beta: yes", "match_query=v=2", /* 4 */
    "h/", "match_query=model=gpt-4*", /* 5 */
    "h/", "match_query=flag", /* 6 */
    "h/", "match_query=name=a b&c", /* 7 */
    "h/", "match_header=X-Empty:", /* 8 */
    "h/", "match_header=X-Any: *", /* 9 */
    "h/", "match_query=none=", /* 10 */
    "h/deep", "match_query=deep=1", /* 11 */
    NULL};

static const struct ask asks[] = {
	{"", "", "1", "nothing is asked for"},
	{"Upgrade: websocket\r\n", "", "2", "a field"},
	{"UPGRADE: WebSocket\r\n", "", "2", "case of a field"},
	{"Upgrade: websockets\r\n", "", "1", "a longer value"},
	{"Upgrade: websocke\r\n", "", "1", "a shorter value"},
	{"Upgrade: h2c\r\nUpgrade: websocket\r\n", "", "2", "the second"},
	{"Upgrade: h2c, websocket\r\n", "", "1", "a list is not split"},
	{"X-Beta: no\r\n", "", "3", "any value"},
	{"X-Beta:\r\n", "", "3", "any value, empty"},
	{"X-Bet: no\r\n", "", "1", "a shorter name"},
	{"X-Beta1: no\r\n", "", "1", "a longer name"},
	{"X-Beta: yes\r\n", "", "3", "one of two conditions"},
	{"X-Beta: yes\r\n", "?v=2", "4", "two before one"},
	{"X-Beta: yes\r\n", "?v=2&flag", "4", "two before one, and one"},
	{"X-Beta: yes\r\n", "?flag", "3", "one each: the first in the file"},
	{"", "?model=gpt-4", "5", "prefix, all of it"},
	{"", "?model=gpt-4o", "5", "prefix"},
	{"", "?model=gpt-4&x", "5", "prefix, more behind"},
	{"", "?x=1&model=gpt-4o", "5", "the second parameter"},
	{"", "?model=gpt-3&model=gpt-4o", "5", "the second of its name"},
	{"", "?model=gpt-3", "1", "another value"},
	{"", "?model=GPT-4", "1", "case of a value"},
	{"", "?Model=gpt-4", "1", "case of a name"},
	{"", "?model=gpt-", "1", "less than the prefix"},
	{"", "?xmodel=gpt-4", "1", "a longer name of a parameter"},
	{"", "?mode=gpt-4", "1", "a shorter name of a parameter"},
	{"", "?model%3Dgpt-4", "1", "an encoded = is none"},
	{"", "?x%26model=gpt-4", "1", "an encoded & is none"},
	{"", "?%6dod%65l=%67pt-4o", "5", "encoded"},
	{"", "?model=gpt%2D4", "5", "encoded mark"},
	{"", "?model=gpt-%", "1", "a percent at the end"},
	{"", "?model=gpt-%3", "1", "half of an encoding"},
	{"", "?model=gpt-%34", "5", "encoded digit"},
	{"", "?flag", "6", "a name alone"},
	{"", "?flag=", "6", "a name and an empty value"},
	{"", "?flag=x", "6", "a name and a value"},
	{"", "?&&flag&", "6", "empty parameters"},
	{"", "?flags", "1", "a longer name alone"},
	{"", "?", "1", "an empty query"},
	{"", "?name=a+b%26c", "7", "a plus, and an encoded &"},
	{"", "?name=a%20b%26c", "7", "an encoded blank"},
	{"", "?name=a%2Bb%26c", "1", "an encoded plus"},
	{"", "?name=a%00b%26c", "1", "a zero"},
	{"X-Empty:\r\n", "", "8", "an empty value"},
	{"X-Empty: x\r\n", "", "1", "not empty"},
	{"X-Any:\r\n", "", "9", "a star for nothing"},
	{"X-Any: x\r\n", "", "9", "a star for something"},
	{"", "?none", "10", "no value is an empty one"},
	{"", "?none=", "10", "an empty value of a parameter"},
	{"", "?none=x", "1", "no empty value"},
	{"", "?deep=1", "1", "of a longer path"},
};

static void
ask_one(const struct conf *c, const struct ask *a, const char *path,
    const char *want)
{
	const struct http_limits limits = {4096, 1024, 32};
	struct http_field fields[32];
	struct conf_route *r, *p;
	char text[512], got[16];
	struct http_request q;
	struct span head;
	int n = 0;

	snprintf(text, sizeof text, "GET %s%s HTTP/1.1\r\nHost: h\r\n%s\r\n",
	    path, a->query, a->fields);
	head = copy(text);
	q.h.fields = fields;
	if (http_parse_request(head.p, head.n, &limits, &q) <= 0) {
		fail("match", a->why, "not a request");
		drop(head);
		return;
	}
	r = route_find(c, &q);
	for (p = r != NULL ? c->routes : NULL; p != NULL; p = p->next, n++)
		if (p == r)
			break;
	snprintf(got, sizeof got, "%d", r != NULL ? n + 1 : 0);
	if (strcmp(got, want) != 0)
		fail("match", a->why, got);
	drop(head);
}

static void
test_match(void)
{
	static const struct ask deep = {"X-Beta: yes\r\n", "?v=2&deep=1",
	    "11", "a longer path before more conditions"};
	struct conf *c = conf_of(matches);
	size_t i;

	for (i = 0; i < LEN(asks); i++)
		ask_one(c, &asks[i], "/", asks[i].route);
	ask_one(c, &deep, "/deep/x", deep.route);
	ask_one(c, &deep, "/", "4");
	conf_free(c);
}

/* the bytes that a prefix covers */

static const struct {
	const char *path, *prefix;
	long n;
	const char *why;
} strips[] = {
	{"/v1/x", "/v1", 3, "plain"},
	{"/v1", "/v1", 3, "all"},
	{"/v1/", "/v1", 3, "slash stays"},
	{"/v1/x", "/v1/", 3, "prefix with a slash"},
	{"/v1", "/v1/", 3, "prefix longer than path"},
	{"/v10", "/v1", -1, "no border"},
	{"/v10", "/v1/", -1, "no border, with a slash"},
	{"/v1?x", "/v1", -1, "a query is none of it"},
	{"/v", "/v1", -1, "short"},
	{"", "/v1", -1, "empty"},
	{"*", "/v1", -1, "asterisk"},
	{"/x", "/", 0, "root"},
	{"/", "/", 0, "root of root"},
	{"//", "/", 0, "two slashes of root"},
	{"*", "/", -1, "asterisk is not below root"},
	{"//v1/x", "/v1", 4, "slashes in front"},
	{"/v1//x", "/v1", 3, "slashes behind"},
	{"/v1//x/y", "/v1/x", 6, "slashes between"},
	{"///a///b///c", "/a/b", 8, "slashes everywhere"},
	{"/%76%31/x", "/v1", 7, "encoded"},
	{"/%76%31", "/v1", 7, "encoded, all"},
	{"/v%31/x", "/v1", 5, "encoded in part"},
	{"/v%31x", "/v1", -1, "encoded, no border"},
	{"/v1%2Fx", "/v1", -1, "encoded slash"},
	{"/a%2Fb/c", "/a%2Fb", 6, "reserved, the same"},
	{"/a%2fb/c", "/a%2Fb", -1, "reserved, case"},
	{"/a/b/c", "/a%2Fb", -1, "reserved, decoded"},
	{"/a/b", "/a", 2, "one letter"},
	{"/a%", "/a", -1, "percent"},
	{"/a/%", "/a", 2, "percent behind"},
};

static void
test_strip(void)
{
	char input[256];
	struct span path;
	size_t i;
	long n;

	for (i = 0; i < LEN(strips); i++) {
		path = copy(strips[i].path);
		n = route_prefix(path, strips[i].prefix);
		if (n != strips[i].n) {
			snprintf(input, sizeof input, "%s of %s is %ld",
			    strips[i].prefix, strips[i].path, n);
			fail("prefix", input, strips[i].why);
		}
		drop(path);
	}
}

/* each encoding of each byte; RFC 3986 2.3 says which are read as the byte */

static void
one_encoding(const char *digits, int byte)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	char encoded[8], plain[3] = {'/', (char)byte, '\0'};
	bool decodes = byte > 0 && strchr(unreserved, byte) != NULL;
	struct span path;

	snprintf(encoded, sizeof encoded, "/%%%s", digits);
	path = copy(encoded);
	if (byte > 0 && byte != '/' &&
	    route_prefix(path, plain) != (decodes ? 4 : -1))
		fail("encoding", digits, "as its byte");
	/* a prefix never holds what is decoded */
	if (route_prefix(path, encoded) != (decodes ? -1 : 4))
		fail("encoding", digits, "as it is");
	drop(path);
}

static void
test_encodings(void)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF";
	char digits[3] = "", other[3] = "";
	int hi, lo, c;

	for (hi = 0; hi < 32; hi++) {
		for (lo = 0; lo < 32; lo++) {
			digits[0] = hex[hi];
			digits[1] = hex[lo];
			one_encoding(digits, hi % 16 * 16 + lo % 16);
		}
	}
	/* with one digit that is none, it is no encoding */
	for (c = 1; c < 256; c++) {
		if (c == '/' || strchr(hex, c) != NULL)
			continue;
		digits[0] = other[1] = (char)c;
		digits[1] = other[0] = '5';
		one_encoding(digits, 0);
		one_encoding(other, 0);
	}
}

int
main(void)
{
	test_find();
	test_match();
	test_strip();
	test_encodings();
	return failed;
}
