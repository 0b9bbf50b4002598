/*
 * Tests field.c, from memory that ends at an unreadable page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "guard.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define S(s) s, sizeof s - 1

static unsigned rows;
static char *guard_end; /* the unreadable page begins here */

/* n bytes right before the unreadable page */
static struct span
guarded(const char *p, size_t n)
{
	struct span s;

	s.p = guard_end - n;
	s.n = n;
	if (n > 0)
		memcpy(guard_end - n, p, n);
	return s;
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

/* true if s lies in p[0..n), or is empty and wherever */
static bool
inside(struct span s, const char *p, size_t n)
{
	return s.n == 0 ? s.p != NULL : s.n <= n && s.p >= p &&
	    s.p + s.n <= p + n;
}

static const struct {
	const char *p;
	size_t n;
	bool token, value, authority;
	const char *host, *why;
} values[] = {
	{S(""), false, true, false, "", "empty"},
	{S("a"), true, true, true, "a", "letter"},
	{S("a b"), false, true, false, NULL, "space within"},
	{S(" a "), false, true, false, NULL, "blanks around"},
	{S("\t"), false, true, false, NULL, "tab"},
	{S("a\0"), false, false, false, NULL, "nul"},
	{S("aaaaaaaaaaaaaaa\0"), false, false, false, NULL, "nul far in"},
	{S("a\r"), false, false, false, NULL, "cr"},
	{S("a\n"), false, false, false, NULL, "lf"},
	{S("a\x7f"), false, false, false, NULL, "del"},
	{S("\x80"), false, true, false, NULL, "high byte"},
	{S("\xff\xff\xff\xff\xff\xff\xff\xff"), false, true, false, NULL,
	 "eight high bytes"},
	{S("!#$%&'*+-.^_`|~"), true, true, false, NULL, "marks"},
	{S("aaaaaaa,"), false, true, false, NULL, "comma in the eighth byte"},
	{S("a:1"), false, true, true, "a", "port"},
	{S("a:"), false, true, false, NULL, "no port"},
	{S("a:65536"), false, true, false, NULL, "large port"},
	{S(":1"), false, true, false, "", "no host"},
	{S("[::1]"), false, true, true, "::1", "ipv6"},
	{S("[::1]:1"), false, true, true, "::1", "ipv6 and port"},
	{S("[::1"), false, true, false, "[::1", "open bracket"},
	{S("["), false, true, false, "[", "bracket"},
	{S("[]"), false, true, false, "", "brackets"},
	{S("[::\0]"), false, false, false, NULL, "nul in brackets"},
	{S("a@b"), false, true, false, NULL, "user"},
	{S("example.com:443"), false, true, true, "example.com", "name"},
	{S("%41%4A"), true, true, false, NULL, "escapes"},
	{S("\x7f"), false, false, false, NULL, "del alone"},
	{S("a]"), false, true, false, "a]", "bracket behind"},
	{S("%4"), true, true, false, NULL, "cut escape"},
};

static void
test_values(void)
{
	struct span s, host;
	size_t i;

	for (i = 0; i < LEN(values); i++) {
		rows++;
		s = guarded(values[i].p, values[i].n);
		expect(field_is_token(s) == values[i].token, "token",
		    values[i].why);
		expect(field_is_value(s) == values[i].value, "value",
		    values[i].why);
		expect(field_is_authority(s) == values[i].authority,
		    "authority", values[i].why);
		host = field_host_only(s);
		expect(inside(host, s.p, s.n) && (values[i].host == NULL ||
		    span_is_exact(host, values[i].host)), "host only",
		    values[i].why);
	}
}

/* every byte alone, against the words of the standard */
static void
test_bytes(void)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	bool alnum, token, value;
	char m[16];
	int c;

	for (c = 0; c < 256; c++) {
		alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z');
		token = alnum || (c != 0 && strchr(marks, c) != NULL);
		value = c == '\t' || (c >= ' ' && c != 0x7f);
		memset(m, 'a', sizeof m);
		m[pick(sizeof m)] = (char)c;
		expect(field_is_token(guarded(m, sizeof m)) == token,
		    "token", "each byte");
		expect(field_is_value(guarded(m, sizeof m)) == value,
		    "value", "each byte");
		expect(field_is((char)c, FIELD_TCHAR) == token &&
		    field_is((char)c, FIELD_TEXT) == value, "class",
		    "each byte");
	}
}

/* where a value ends: two bytes at random among others that are fine */
static void
test_skip_text(void)
{
	static const char odd[] = "\t\r\n\x1f\x7f\x00\x80\xff \x20";
	const char *want, *end;
	struct span s;
	size_t i, n;
	char m[40];

	for (i = 0; i < 20000; i++) {
		n = pick(sizeof m + 1);
		memset(m, 'a', sizeof m);
		m[pick(sizeof m)] = odd[pick(sizeof odd)];
		m[pick(sizeof m)] = odd[pick(sizeof odd)];
		s = guarded(m, n);
		end = s.p + s.n;
		want = field_skip(s.p, end, FIELD_TEXT);
		expect(field_skip_text(s.p, end) == want, "skip text", m);
	}
}

static const struct {
	const char *name;
	enum http_field_id id;
} names[] = {
	{"Host", HTTP_F_HOST}, {"Connection", HTTP_F_CONNECTION},
	{"Content-Length", HTTP_F_CONTENT_LENGTH},
	{"Location", HTTP_F_LOCATION},
	{"Transfer-Encoding", HTTP_F_TRANSFER_ENCODING}, {"TE", HTTP_F_TE},
	{"Trailer", HTTP_F_TRAILER}, {"Upgrade", HTTP_F_UPGRADE},
	{"Expect", HTTP_F_EXPECT}, {"Keep-Alive", HTTP_F_KEEP_ALIVE},
	{"Proxy-Connection", HTTP_F_PROXY_CONNECTION},
	{"Proxy-Authenticate", HTTP_F_PROXY_AUTHENTICATE},
	{"Proxy-Authorization", HTTP_F_PROXY_AUTHORIZATION},
	{"Proxy", HTTP_F_PROXY}, {"HTTP2-Settings", HTTP_F_HTTP2_SETTINGS},
	{"Cookie", HTTP_F_COOKIE}, {"Set-Cookie", HTTP_F_SET_COOKIE},
	{"Authorization", HTTP_F_AUTHORIZATION},
	{"X-Api-Key", HTTP_F_X_API_KEY}, {"Api-Key", HTTP_F_API_KEY},
	{"Forwarded", HTTP_F_FORWARDED},
	{"X-Forwarded-For", HTTP_F_X_FORWARDED_FOR},
	{"X-Forwarded-Proto", HTTP_F_X_FORWARDED_PROTO},
	{"X-Forwarded-Host", HTTP_F_X_FORWARDED_HOST},
	{"X-Forwarded-Port", HTTP_F_X_FORWARDED_OTHER},
	{"X-Forwarded-Ssl", HTTP_F_X_FORWARDED_OTHER},
	{"X-Request-Id", HTTP_F_X_REQUEST_ID}, {"Origin", HTTP_F_ORIGIN},
	{"Accept", HTTP_F_ACCEPT}, {"Content-Type", HTTP_F_CONTENT_TYPE},
	{"Content-Encoding", HTTP_F_CONTENT_ENCODING}, {"Date", HTTP_F_DATE},
	{"Retry-After", HTTP_F_RETRY_AFTER},
	{"Sec-WebSocket-Key", HTTP_F_SEC_WEBSOCKET_KEY},
	{"Sec-WebSocket-Version", HTTP_F_SEC_WEBSOCKET_VERSION},
	{"Sec-WebSocket-Accept", HTTP_F_SEC_WEBSOCKET_ACCEPT},
	{"Sec-WebSocket-Protocol", HTTP_F_SEC_WEBSOCKET_PROTOCOL},
	{"Sec-WebSocket-Extensions", HTTP_F_SEC_WEBSOCKET_EXTENSIONS},
	{"", HTTP_F_OTHER}, {"A", HTTP_F_OTHER},
	{"X-Forwarded", HTTP_F_OTHER}, {"Forwarded-For", HTTP_F_OTHER},
	{"Sec-WebSocket-Key1", HTTP_F_OTHER}, {"Proxy-Status", HTTP_F_OTHER},
	{"User-Agent", HTTP_F_OTHER}, {"Set-Cookie2", HTTP_F_OTHER},
};

/* a name in both cases, and with each of its bytes changed */
static void
test_names(void)
{
	enum http_field_id id;
	char m[32];
	size_t i, k, n;

	for (i = 0; i < LEN(names); i++) {
		rows++;
		n = strlen(names[i].name);
		for (k = 0; k < n; k++)
			m[k] = lower(names[i].name[k]);
		expect(field_id(guarded(names[i].name, n)) ==
		    names[i].id, "name", names[i].name);
		expect(field_id(guarded(m, n)) == names[i].id,
		    "name in lower case", names[i].name);
		for (k = 0; k < n; k++) {
			m[k] = (char)(m[k] ^ (m[k] == '-' ? 0x20 : 0x01));
			id = field_id(guarded(m, n));
			expect(id == HTTP_F_OTHER ||
			    id == HTTP_F_X_FORWARDED_OTHER,
			    "name with a byte changed", names[i].name);
			m[k] = (char)(m[k] ^ (m[k] == '\r' ? 0x20 : 0x01));
		}
		if (n > 0)
			expect(field_id(guarded(m, n - 1)) !=
			    names[i].id || names[i].id == HTTP_F_OTHER ||
			    names[i].id == HTTP_F_X_FORWARDED_OTHER,
			    "name cut", names[i].name);
	}
}

static const struct {
	const char *p;
	size_t n;
	const char *lit;
	bool want;
	const char *why;
} beginnings[] = {
	{S("proxy-x"), "proxy-", true, "more"},
	{S("proxy-"), "proxy-", true, "the same"},
	{S("PrOxY-"), "proxy-", true, "upper case"},
	{S("proxy"), "proxy-", false, "less"},
	{S("proxyx"), "proxy-", false, "another byte"},
	{S("\rroxy-"), "proxy-", false, "folded letter"},
	{S("proxy\r"), "proxy-", false, "folded mark"},
	{S(""), "proxy-", false, "nothing"},
	{S("SEC-WebSocket-Key"), "sec-websocket-", true, "longer than a word"},
	{S("SEC-WebSocket_Key"), "sec-websocket-", false, "its last byte"},
	{S("SEC-WebSocjet-Key"), "sec-websocket-", false, "a byte within"},
};

static void
test_beginnings(void)
{
	size_t i;

	for (i = 0; i < LEN(beginnings); i++) {
		rows++;
		expect(field_begins(guarded(beginnings[i].p, beginnings[i].n),
		    beginnings[i].lit) == beginnings[i].want, "begins",
		    beginnings[i].why);
	}
}

static const struct {
	const char *a, *b;
	bool want;
	const char *why;
} likes[] = {
	{"X-User", "x_uSER", true, "a mark and letters"},
	{"X_User", "X-User", true, "the other way round"},
	{"_", "-", true, "a mark alone"},
	{"", "", true, "nothing"},
	{"X-User", "X-Users", false, "longer"},
	{"X-User", "X.User", false, "another mark"},
	{"X_User", "X\x7fUser", false, "another byte"},
	{"@", "`", false, "no letters"},
};

static void
test_likes(void)
{
	struct span a, b;
	size_t i;

	for (i = 0; i < LEN(likes); i++) {
		rows++;
		a = (struct span){likes[i].a, strlen(likes[i].a)};
		b = (struct span){likes[i].b, strlen(likes[i].b)};
		expect(field_alike(a, b) == likes[i].want, "alike",
		    likes[i].why);
	}
}

static void
test_dashes(void)
{
	char memory[FIELD_DASHED];
	size_t i, k, n;
	struct span s;
	char name[64];

	for (i = 0; i < LEN(names); i++) {
		n = strlen(names[i].name);
		if (n >= sizeof name || names[i].id == HTTP_F_OTHER)
			continue;
		for (k = 0; k <= n; k++)
			name[k] = (char)(names[i].name[k] == '-' ? '_' :
			    names[i].name[k]);
		rows++;
		s = field_dashed(guarded(name, n), memory);
		expect(field_id(s) == names[i].id, "dashed", name);
	}
	s = field_dashed(guarded("X-A", 3), memory);
	expect(span_is_exact(s, "X-A") && s.p != memory, "dashed", "as it is");
	memset(name, '_', sizeof name);
	s = field_dashed(guarded(name, sizeof name), memory);
	expect(s.n == FIELD_DASHED && memchr(s.p, '_', s.n) == NULL, "dashed",
	    "its beginning");
}

int
main(int argc, char **argv)
{
	(void)argv;
	guard_end = guard();
	test_values();
	test_bytes();
	test_skip_text();
	test_names();
	test_beginnings();
	test_likes();
	test_dashes();
	if (argc > 1)
		printf("%u rows\n", rows);
	return failed;
}
