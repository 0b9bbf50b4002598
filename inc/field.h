#ifndef FIELD_H
#define FIELD_H

#include "buf.h"

/*
 * What the parts of a head are made of: classes of bytes, the names of fields,
 * and the grammar of values that stand in more than one place.
 */

/* what a byte may be part of */
enum {
	FIELD_TCHAR = 1,  /* a token: RFC 9110 5.6.2 */
	FIELD_TEXT = 2,   /* a value or reason phrase, blanks included: 5.5 */
	FIELD_TARGET = 4, /* a target; laxer than RFC 3986, as browsers are */
	FIELD_NAME = 8    /* a host name: RFC 3986 3.2.2 without %, ' and "," */
};

/* fields that somebody here asks about; the rest is HTTP_F_OTHER */
enum http_field_id {
	HTTP_F_OTHER,
	HTTP_F_HOST,
	HTTP_F_CONNECTION,
	HTTP_F_CONTENT_LENGTH,
	HTTP_F_TRANSFER_ENCODING,
	HTTP_F_TE,
	HTTP_F_TRAILER,
	HTTP_F_UPGRADE,
	HTTP_F_EXPECT,
	HTTP_F_KEEP_ALIVE,
	HTTP_F_PROXY_CONNECTION,
	HTTP_F_PROXY_AUTHENTICATE,
	HTTP_F_PROXY_AUTHORIZATION,
	HTTP_F_PROXY, /* the httpoxy field */
	HTTP_F_HTTP2_SETTINGS,
	HTTP_F_COOKIE,
	HTTP_F_SET_COOKIE,
	HTTP_F_AUTHORIZATION,
	HTTP_F_X_API_KEY,
	HTTP_F_API_KEY,
	HTTP_F_FORWARDED,
	HTTP_F_X_FORWARDED_FOR,
	HTTP_F_X_FORWARDED_PROTO,
	HTTP_F_X_FORWARDED_HOST,
	HTTP_F_X_FORWARDED_OTHER, /* any other X-Forwarded-* */
	HTTP_F_X_REQUEST_ID,
	HTTP_F_ORIGIN,
	HTTP_F_ACCEPT,
	HTTP_F_CONTENT_TYPE,
	HTTP_F_CONTENT_ENCODING,
	HTTP_F_DATE,
	HTTP_F_LOCATION,
	HTTP_F_RETRY_AFTER,
	HTTP_F_SEC_WEBSOCKET_KEY,
	HTTP_F_SEC_WEBSOCKET_VERSION,
	HTTP_F_SEC_WEBSOCKET_ACCEPT,
	HTTP_F_SEC_WEBSOCKET_PROTOCOL,
	HTTP_F_SEC_WEBSOCKET_EXTENSIONS,
	HTTP_F_COUNT /* at most 64: struct http_head.seen */
};

/* what each byte may be part of */
extern const unsigned char field_class[256];

/* true if c may be part of that */
static inline bool
field_is(char c, int what)
{
	return (field_class[(unsigned char)c] & what) != 0;
}

/* the first byte that may not, or end */
const char *field_skip(const char *p, const char *end, int what);
/* field_skip(p, end, FIELD_TEXT), faster */
const char *field_skip_text(const char *p, const char *end);

/* the id of a field name, in any case */
enum http_field_id field_id(struct span name);
/* true if s begins with lit, which is in lower case, in any case */
bool field_begins(struct span s, const char *lit);
/*
 * CGI and what came of it reads "_" in a name as "-": RFC 3875 4.1.18. True if
 * the names are one there, in any case.
 */
bool field_alike(struct span a, struct span b);
/* longer than all names that somebody here asks about */
#define FIELD_DASHED 32
/* the name with "-" for each "_", for field_id(); if it has any in memory, and
 * no more than its beginning */
struct span field_dashed(struct span name, char memory[FIELD_DASHED]);
/* true if s is one or more tchar (RFC 9110 5.6.2) */
bool field_is_token(struct span s);
/* true if s may stand as a field value (RFC 9110 5.5), outer blanks included */
bool field_is_value(struct span s);
/*
 * true if s is host [":" port] (RFC 3986 3.2) with no userinfo; not empty.
 * Escapes, single quotes and commas in the host are refused.
 */
bool field_is_authority(struct span s);
/* where the host of an authority (not empty) ends: at its port, or its end */
const char *field_host_end(struct span authority);
/* the host of an authority, without port and without the brackets of IPv6 */
struct span field_host_only(struct span authority);

#endif
