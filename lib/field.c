/*
 * What the parts of a head are made of: see field.h. Most bytes of a message
 * that are looked at one by one are looked at here.
 */
#include <arpa/inet.h>
#include <string.h>

#include "field.h"

#define HOST_MAX 255 /* RFC 1035 2.3.4 */

/* which byte in memory the first bit set is in: what a carry has set by mistake
 * is behind it. Where it cannot be told so, bytes are looked at one by one */
#if defined __GNUC__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST_BYTE(bits) (__builtin_ctzll(bits) / 8)
#endif

#define B FIELD_TEXT
#define H (FIELD_TEXT | FIELD_TCHAR) /* a fragment never belongs in a target */
#define V (FIELD_TEXT | FIELD_TARGET)
#define T (FIELD_TEXT | FIELD_TARGET | FIELD_TCHAR)
#define D (FIELD_TEXT | FIELD_TARGET | FIELD_NAME)
#define A (FIELD_TEXT | FIELD_TARGET | FIELD_TCHAR | FIELD_NAME)
const unsigned char field_class[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, B, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/*  !  "  #  $  %  &  '  (  )  *  +  ,  -  .  / */
	B, A, V, H, A, T, A, T, D, D, A, A, V, A, A, V,
	/* 0 to 9 :  ;  <  =  >  ? */
	A, A, A, A, A, A, A, A, A, A, V, D, V, D, V, V,
	/* @ A to O */
	V, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
	/* P to Z                        [  \  ]  ^  _ */
	A, A, A, A, A, A, A, A, A, A, A, V, V, V, T, A,
	/* ` a to o */
	T, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
	/* p to z                        {  |  }  ~ */
	A, A, A, A, A, A, A, A, A, A, A, V, T, V, A, 0,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V
};
#undef B
#undef H
#undef V
#undef T
#undef D
#undef A

static const char *const field_names[HTTP_F_COUNT] = {
	[HTTP_F_HOST] = "host",
	[HTTP_F_CONNECTION] = "connection",
	[HTTP_F_CONTENT_LENGTH] = "content-length",
	[HTTP_F_TRANSFER_ENCODING] = "transfer-encoding",
	[HTTP_F_TE] = "te",
	[HTTP_F_TRAILER] = "trailer",
	[HTTP_F_UPGRADE] = "upgrade",
	[HTTP_F_EXPECT] = "expect",
	[HTTP_F_KEEP_ALIVE] = "keep-alive",
	[HTTP_F_PROXY_CONNECTION] = "proxy-connection",
	[HTTP_F_PROXY_AUTHENTICATE] = "proxy-authenticate",
	[HTTP_F_PROXY_AUTHORIZATION] = "proxy-authorization",
	[HTTP_F_PROXY] = "proxy",
	[HTTP_F_HTTP2_SETTINGS] = "http2-settings",
	[HTTP_F_COOKIE] = "cookie",
	[HTTP_F_SET_COOKIE] = "set-cookie",
	[HTTP_F_AUTHORIZATION] = "authorization",
	[HTTP_F_X_API_KEY] = "x-api-key",
	[HTTP_F_API_KEY] = "api-key",
	[HTTP_F_FORWARDED] = "forwarded",
	[HTTP_F_X_FORWARDED_FOR] = "x-forwarded-for",
	[HTTP_F_X_FORWARDED_PROTO] = "x-forwarded-proto",
	[HTTP_F_X_FORWARDED_HOST] = "x-forwarded-host",
	[HTTP_F_X_REQUEST_ID] = "x-request-id",
	[HTTP_F_ORIGIN] = "origin",
	[HTTP_F_ACCEPT] = "accept",
	[HTTP_F_CONTENT_TYPE] = "content-type",
	[HTTP_F_CONTENT_ENCODING] = "content-encoding",
	[HTTP_F_DATE] = "date",
	[HTTP_F_LOCATION] = "location",
	[HTTP_F_RETRY_AFTER] = "retry-after",
	[HTTP_F_SEC_WEBSOCKET_KEY] = "sec-websocket-key",
	[HTTP_F_SEC_WEBSOCKET_VERSION] = "sec-websocket-version",
	[HTTP_F_SEC_WEBSOCKET_ACCEPT] = "sec-websocket-accept",
	[HTTP_F_SEC_WEBSOCKET_PROTOCOL] = "sec-websocket-protocol",
	[HTTP_F_SEC_WEBSOCKET_EXTENSIONS] = "sec-websocket-extensions"
};

/* eight bytes of same() at once */
static bool
same8(const char *p, const char *lit)
{
	uint64_t v, w;

	memcpy(&v, p, 8);
	memcpy(&w, lit, 8);
	/* in its letters, which have 0x40, lit leaves the case open: 0x20 */
	return ((v ^ w) & ~((w & 0x4040404040404040) >> 1)) == 0;
}

/* and four */
static bool
same4(const char *p, const char *lit)
{
	uint32_t v, w;

	memcpy(&v, p, 4);
	memcpy(&w, lit, 4);
	return ((v ^ w) & ~((w & 0x40404040) >> 1)) == 0;
}

/*
 * True if n bytes are those of lit in any case. lit is in lower case, and has
 * no other bytes from 0x40 on than letters.
 */
static bool
same(const char *p, const char *lit, size_t n)
{
	size_t i;

	for (i = 0; n - i >= 8; i += 8)
		if (!same8(p + i, lit + i))
			return false;
	if (n >= 8)
		return same8(p + (n - 8), lit + (n - 8));
	if (n >= 4)
		return same4(p, lit) && same4(p + (n - 4), lit + (n - 4));
	for (; i < n; i++)
		if (lower(p[i]) != lit[i])
			return false;
	return true;
}

/*
 * Which field a name of n bytes that begins with c can be: there is never
 * more than one.
 */
static enum http_field_id
candidate(size_t n, char c)
{
	switch (n) {
	case 2:
		return HTTP_F_TE;
	case 4:
		return c == 'h' ? HTTP_F_HOST : HTTP_F_DATE;
	case 5:
		return HTTP_F_PROXY;
	case 6:
		return c == 'a' ? HTTP_F_ACCEPT : c == 'c' ? HTTP_F_COOKIE :
		    c == 'o' ? HTTP_F_ORIGIN : HTTP_F_EXPECT;
	case 7:
		return c == 'u' ? HTTP_F_UPGRADE : c == 'a' ?
		    HTTP_F_API_KEY : HTTP_F_TRAILER;
	case 8:
		return HTTP_F_LOCATION;
	case 9:
		return c == 'x' ? HTTP_F_X_API_KEY : HTTP_F_FORWARDED;
	case 10:
		return c == 'c' ? HTTP_F_CONNECTION : c == 'k' ?
		    HTTP_F_KEEP_ALIVE : HTTP_F_SET_COOKIE;
	case 11:
		return HTTP_F_RETRY_AFTER;
	case 12:
		return c == 'x' ? HTTP_F_X_REQUEST_ID : HTTP_F_CONTENT_TYPE;
	case 13:
		return HTTP_F_AUTHORIZATION;
	case 14:
		return c == 'c' ? HTTP_F_CONTENT_LENGTH :
		    HTTP_F_HTTP2_SETTINGS;
	case 15:
		return HTTP_F_X_FORWARDED_FOR;
	case 16:
		return c == 'c' ? HTTP_F_CONTENT_ENCODING : c == 'x' ?
		    HTTP_F_X_FORWARDED_HOST : HTTP_F_PROXY_CONNECTION;
	case 17:
		return c == 't' ? HTTP_F_TRANSFER_ENCODING : c == 'x' ?
		    HTTP_F_X_FORWARDED_PROTO : HTTP_F_SEC_WEBSOCKET_KEY;
	case 18:
		return HTTP_F_PROXY_AUTHENTICATE;
	case 19:
		return HTTP_F_PROXY_AUTHORIZATION;
	case 20:
		return HTTP_F_SEC_WEBSOCKET_ACCEPT;
	case 21:
		return HTTP_F_SEC_WEBSOCKET_VERSION;
	case 22:
		return HTTP_F_SEC_WEBSOCKET_PROTOCOL;
	case 24:
		return HTTP_F_SEC_WEBSOCKET_EXTENSIONS;
	default:
		return HTTP_F_OTHER;
	}
}

enum http_field_id
field_id(struct span name)
{
	enum http_field_id id;
	char first;

	if (name.n == 0)
		return HTTP_F_OTHER;
	first = lower(name.p[0]);
	id = candidate(name.n, first);
	if (id != HTTP_F_OTHER && same(name.p, field_names[id], name.n))
		return id;
	if (first == 'x' && field_begins(name, "x-forwarded-"))
		return HTTP_F_X_FORWARDED_OTHER;
	return HTTP_F_OTHER;
}

bool
field_begins(struct span s, const char *lit)
{
	size_t n = strlen(lit);

	return s.n >= n && same(s.p, lit, n);
}

static char
dash(char c)
{
	return c == '_' ? '-' : lower(c);
}

bool
field_alike(struct span a, struct span b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (dash(a.p[i]) != dash(b.p[i]))
			return false;
	return true;
}

struct span
field_dashed(struct span name, char memory[FIELD_DASHED])
{
	size_t i;

	if (name.n == 0 || memchr(name.p, '_', name.n) == NULL)
		return name;
	if (name.n > FIELD_DASHED)
		name.n = FIELD_DASHED;
	for (i = 0; i < name.n; i++)
		memory[i] = dash(name.p[i]);
	name.p = memory;
	return name;
}

/* Most bytes of a head pass through here: eight at a time. */
const char *
field_skip_text(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101, tops = ones * 0x80;
	uint64_t v, del, bad;

	while (end - p >= 8) {
		memcpy(&v, p, 8);
		del = v ^ ones * 0x7f;
		/* is any byte below 0x20, or DEL? the order does not matter */
		bad = (((v - ones * 0x20) & ~v) | ((del - ones) & ~del)) & tops;
		if (bad == 0) {
			p += 8;
			continue;
		}
#ifdef FIRST_BYTE
		p += FIRST_BYTE(bad);
		if (*p != '\t')
			return p;
		p++;
#else
		break;
#endif
	}
	return field_skip(p, end, FIELD_TEXT);
}

bool
field_is_token(struct span s)
{
	return s.n > 0 && field_skip(s.p, s.p + s.n, FIELD_TCHAR) == s.p + s.n;
}

bool
field_is_value(struct span s)
{
	return s.n == 0 || field_skip_text(s.p, s.p + s.n) == s.p + s.n;
}

/* IPv6address, what stands in the brackets: RFC 3986 3.2.2 */
static bool
is_ipv6(struct span s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, &a) == 1;
}

/* ":" and 0 to 65535, or nothing; RFC 3986 3.2.3 allows a lone colon */
static bool
is_port(struct span s)
{
	unsigned long v = 0;
	size_t i;

	if (s.n == 0)
		return true;
	if (RARE(s.p[0] != ':' || s.n < 2 || s.n > 6))
		return false;
	for (i = 1; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (unsigned long)(s.p[i] - '0');
	}
	return v <= 65535;
}

const char *
field_host_end(struct span authority)
{
	const char *p;

	if (authority.p[0] == '[') {
		p = memchr(authority.p, ']', authority.n);
		return p == NULL ? authority.p + authority.n : p + 1;
	}
	p = memchr(authority.p, ':', authority.n);
	return p == NULL ? authority.p + authority.n : p;
}

/*
 * A host is a reg-name, not empty, or an IPv6address in brackets: RFC 3986
 * 3.2.2. Escapes are refused: nobody sends any, and who decodes them sees
 * another host than who compares bytes. A comma is refused since somebody may
 * have joined two Host lines with it.
 */
bool
field_is_authority(struct span s)
{
	const char *p, *end;

	if (s.n == 0)
		return false;
	end = s.p + s.n;
	if (s.p[0] == '[') {
		p = field_host_end(s);
		return p[-1] == ']' &&
		    is_ipv6(span_between(s.p + 1, p - 1)) &&
		    is_port(span_between(p, end));
	}
	p = field_skip(s.p, end, FIELD_NAME);
	return p > s.p && p - s.p <= HOST_MAX && is_port(span_between(p, end));
}

struct span
field_host_only(struct span authority)
{
	struct span s = authority;

	if (s.n == 0)
		return s;
	s = span_between(s.p, field_host_end(s));
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = span_between(s.p + 1, s.p + s.n - 1);
	return s;
}
