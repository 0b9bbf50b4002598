#ifndef HTTP_H
#define HTTP_H

#include "buf.h"
#include "reason.h"

/*
 * HTTP/1.1 messages (RFC 9110, RFC 9112), strictly: what two parsers could
 * read differently is refused. Bytes in, struct out; no I/O, no memory, no
 * log. Spans point into the bytes that were parsed.
 *
 * Parsers return the number of bytes consumed, 0 when the message's head is
 * not complete yet, or a reason negated. Errors are found as early as the
 * bytes show them.
 */

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
	HTTP_F_RETRY_AFTER,
	HTTP_F_SEC_WEBSOCKET_KEY,
	HTTP_F_SEC_WEBSOCKET_VERSION,
	HTTP_F_SEC_WEBSOCKET_ACCEPT,
	HTTP_F_SEC_WEBSOCKET_PROTOCOL,
	HTTP_F_SEC_WEBSOCKET_EXTENSIONS,
	HTTP_F_COUNT /* at most 64: struct http_head.seen */
};

struct http_field {
	struct span name, value; /* value without white space around it */
	enum http_field_id id;
	/*
	 * Belongs to this hop alone and is not forwarded: RFC 9110 7.6.1, the
	 * usual list (Keep-Alive, Proxy-*, TE, Trailer, Upgrade,
	 * HTTP2-Settings, ...), and what Connection names, except for the
	 * fields a peer may not take away: Host, Content-Length, Cookie,
	 * Set-Cookie, Authorization, Forwarded, X-Forwarded-*, X-Request-Id,
	 * Sec-WebSocket-*. Content-Length and Transfer-Encoding are never
	 * forwarded as such: framing is written anew; they are marked too.
	 */
	bool hop;
};

/* how the end of a body is found: RFC 9112 6.3 */
enum http_body {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH, /* length bytes; 0 is HTTP_BODY_NONE in requests */
	HTTP_BODY_CHUNKED,
	HTTP_BODY_EOF /* responses only */
};

/* what requests and responses have in common */
struct http_head {
	struct http_field *fields; /* the caller's array of fields_max */
	unsigned n_fields;
	uint64_t seen;     /* bit (1 << id) for each field id that occurs */
	uint8_t minor;     /* HTTP/1.minor; 1 for all later ones */
	bool keep_alive;   /* the sender will keep the connection */
	bool conn_upgrade; /* Connection lists "upgrade" */
	enum http_body body;
	uint64_t length; /* with HTTP_BODY_LENGTH, or as announced by HEAD/304 */
	bool has_length; /* Content-Length occurred (and is valid) */
};

enum http_method {
	HTTP_M_OTHER,
	HTTP_M_GET,
	HTTP_M_HEAD,
	HTTP_M_POST,
	HTTP_M_PUT,
	HTTP_M_DELETE,
	HTTP_M_OPTIONS,
	HTTP_M_CONNECT,
	HTTP_M_TRACE,
	HTTP_M_PATCH
};

struct http_request {
	struct http_head h;
	struct span method;
	enum http_method method_id;
	struct span target; /* as it was sent, for logs */
	struct span path;   /* "/..." or "*", no query; CONNECT: empty */
	struct span query;  /* with its "?", or empty */
	/*
	 * The authority the request is for, port included, "" if there was
	 * none: that of an absolute-form target, else Host (RFC 9112 3.2.2).
	 */
	struct span host;
	bool expect_continue; /* Expect: 100-continue, over HTTP/1.1 */
};

struct http_response {
	struct http_head h;
	int status; /* 100..999 */
	struct span phrase;
};

/* the caller's limits; a head of exactly that much is accepted */
struct http_limits {
	/* the whole head, final CRLF included, and the one in front of it */
	size_t head_max;
	size_t line_max;     /* the request or status line, without its CRLF */
	unsigned fields_max; /* field lines, and the length of h.fields */
};

/*
 * Parses a request head. q->h.fields must point to lim->fields_max fields;
 * the rest of *q need not be initialised. One CRLF before the request line is
 * skipped (RFC 9112 2.2). Judges everything about the message that needs no
 * configuration: framing, Host, target form, Connection, Expect. CONNECT and
 * TRACE parse (their targets by their own forms); refusing them is the
 * caller's part.
 */
int http_parse_request(const char *p, size_t n, const struct http_limits *lim,
    struct http_request *q);

/*
 * Parses a response head; head_request tells that it answers a HEAD. The
 * reasons it gives are BAD_RESPONSE, RESPONSE_TOO_LARGE. A 1xx, 204, 205 or
 * 304 has HTTP_BODY_NONE whatever it announces; if a 1xx, 204 or 205 does
 * announce a body, h.keep_alive is false.
 */
int http_parse_response(const char *p, size_t n, const struct http_limits *lim,
    bool head_request, struct http_response *r);

/* the first field with that id behind prev (NULL: from the start), or NULL */
const struct http_field *http_find(const struct http_head *h,
    enum http_field_id id, const struct http_field *prev);
/* fields with that id */
unsigned http_count(const struct http_head *h, enum http_field_id id);
/* true if the fields with that id, read as one list, hold the token lit */
bool http_lists(const struct http_head *h, enum http_field_id id,
    const char *lit);
/* the id of a field name, in any case */
enum http_field_id http_field_id(struct span name);
/* true if s is one or more tchar (RFC 9110 5.6.2) */
bool http_is_token(struct span s);
/* true if s may stand as a field value (RFC 9110 5.5), outer blanks included */
bool http_is_value(struct span s);
/*
 * true if s is host [":" port] (RFC 3986 3.2) with no userinfo; not empty.
 * Escapes, single quotes and commas in the host are refused.
 */
bool http_is_authority(struct span s);
/* the host of an authority, without port and without the brackets of IPv6 */
struct span http_host_only(struct span authority);
/* true if the method may be repeated (RFC 9110 9.2.2) */
bool http_idempotent(enum http_method m);
/* the phrase of a status that weir itself sends, "" for others */
const char *http_phrase(int status);

/*
 * Chunked bodies (RFC 9112 7.1). Zero is the state before the first chunk.
 */
struct http_chunked {
	uint64_t left;  /* data bytes of this chunk still to come */
	uint16_t line;  /* bytes of this chunk-size line so far */
	uint8_t state;  /* private */
	uint8_t digits; /* private */
};

/*
 * Decodes in place as much of p[0..n) as it can: data of several chunks is
 * moved together. *data and *data_n are the decoded bytes, inside p[0..n).
 * Returns the bytes consumed (everything, unless the last chunk was reached)
 * or -R_BAD_CHUNK, with the data before the fault still given. Chunk
 * extensions are checked and dropped; a chunk-size line is at most 256 bytes.
 */
int64_t http_dechunk(struct http_chunked *d, char *p, size_t n, char **data,
    size_t *data_n);
/* true when the last chunk's line has been read: the trailers follow */
bool http_dechunk_done(const struct http_chunked *d);

/*
 * Parses a trailer section, its final CRLF included. h->fields as above; each
 * field that may be forwarded has hop == false: framing, routing,
 * authentication, request modifiers, response control and hop-by-hop fields
 * (RFC 9110 6.5.1) are marked. Reasons: BAD_TRAILER, HEAD_TOO_LARGE,
 * TOO_MANY_FIELDS.
 */
int http_parse_trailers(const char *p, size_t n, const struct http_limits *lim,
    struct http_head *h);

#endif
