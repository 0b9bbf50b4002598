/*
 * What the parts of a head are made of: see field.h. Most bytes of a message
 * that are looked at one by one are looked at here.
 */
#include <arpa/inet.h>
#include <string.h>

#include "field.h"
#include "scan.h"

#define HOST_MAX 255 /* RFC 1035 2.3.4 */
#define LONGEST 24   /* the longest of NAMES */

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

/* the id of each name, and what it begins with */
#define NAMES(X) \
	X(HOST, 'h', "host") \
	X(CONNECTION, 'c', "connection") \
	X(CONTENT_LENGTH, 'c', "content-length") \
	X(TRANSFER_ENCODING, 't', "transfer-encoding") \
	X(TE, 't', "te") \
	X(TRAILER, 't', "trailer") \
	X(UPGRADE, 'u', "upgrade") \
	X(EXPECT, 'e', "expect") \
	X(KEEP_ALIVE, 'k', "keep-alive") \
	X(PROXY_CONNECTION, 'p', "proxy-connection") \
	X(PROXY_AUTHENTICATE, 'p', "proxy-authenticate") \
	X(PROXY_AUTHORIZATION, 'p', "proxy-authorization") \
	X(PROXY, 'p', "proxy") \
	X(HTTP2_SETTINGS, 'h', "http2-settings") \
	X(COOKIE, 'c', "cookie") \
	X(SET_COOKIE, 's', "set-cookie") \
	X(AUTHORIZATION, 'a', "authorization") \
	X(X_API_KEY, 'x', "x-api-key") \
	X(API_KEY, 'a', "api-key") \
	X(FORWARDED, 'f', "forwarded") \
	X(X_FORWARDED_FOR, 'x', "x-forwarded-for") \
	X(X_FORWARDED_PROTO, 'x', "x-forwarded-proto") \
	X(X_FORWARDED_HOST, 'x', "x-forwarded-host") \
	X(X_REQUEST_ID, 'x', "x-request-id") \
	X(ORIGIN, 'o', "origin") \
	X(ACCEPT, 'a', "accept") \
	X(CONTENT_TYPE, 'c', "content-type") \
	X(CONTENT_ENCODING, 'c', "content-encoding") \
	X(DATE, 'd', "date") \
	X(LOCATION, 'l', "location") \
	X(RETRY_AFTER, 'r', "retry-after") \
	X(SEC_WEBSOCKET_KEY, 's', "sec-websocket-key") \
	X(SEC_WEBSOCKET_VERSION, 's', "sec-websocket-version") \
	X(SEC_WEBSOCKET_ACCEPT, 's', "sec-websocket-accept") \
	X(SEC_WEBSOCKET_PROTOCOL, 's', "sec-websocket-protocol") \
	X(SEC_WEBSOCKET_EXTENSIONS, 's', "sec-websocket-extensions")

static const char field_names[HTTP_F_COUNT][LONGEST + 1] = {
#define X(id, c, name) [HTTP_F_##id] = name,
	NAMES(X)
#undef X
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
 * Where a name of n bytes that begins with c stands among the candidates. No
 * two of NAMES stand at the same place: a compiler warns of them.
 */
#define AT(n, c) (((n) + ((c) & 31) * 9) & 255)

/* what a name may be: there is never more than one */
static const unsigned char candidates[256] = {
#define X(id, c, name) [AT(sizeof name - 1, c)] = HTTP_F_##id,
	NAMES(X)
#undef X
};

enum http_field_id
field_id(struct span name)
{
	unsigned id;

	if (name.n == 0)
		return HTTP_F_OTHER;
	id = candidates[AT(name.n, (unsigned char)name.p[0])];
	if (id != HTTP_F_OTHER && name.n <= LONGEST &&
	    field_names[id][name.n] == '\0' &&
	    same(name.p, field_names[id], name.n))
		return (enum http_field_id)id;
	if (lower(name.p[0]) == 'x' && field_begins(name, "x-forwarded-"))
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

/* four at a time is a third less work than one at a time */
const char *
field_skip(const char *p, const char *end, int what)
{
	for (; end - p >= 4; p += 4) {
		if (!field_is(p[0], what))
			return p;
		if (!field_is(p[1], what))
			return p + 1;
		if (!field_is(p[2], what))
			return p + 2;
		if (!field_is(p[3], what))
			return p + 3;
	}
	while (p < end && field_is(*p, what))
		p++;
	return p;
}

const char *
field_skip_text(const char *p, const char *end)
{
	return scan_text(p, end);
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
