#ifndef HTTP_H
#define HTTP_H

#include "buf.h"
#include "field.h"
#include "reason.h"

/*
 * HTTP/1.1 messages (RFC 9110, RFC 9112), strictly: what two parsers could
 * read differently is refused. Bytes in, struct out; no I/O, no memory, no
 * log. Spans point into the bytes that were parsed, or to a constant.
 *
 * Parsers return the number of bytes consumed, 0 when the message's head is
 * not complete yet, or a reason negated. Errors are found as early as the
 * bytes show them.
 */

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
	/* stands in the message as weir writes it: "name: value" and CRLF */
	bool plain;
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
	uint64_t seen;     /* bit (1 << id) for each field id that occurs, */
	uint64_t again;    /* and for each that occurs more than once */
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
	/*
	 * "/...", no query; CONNECT: empty. "*" is the server as a whole: that
	 * target, or with OPTIONS an absolute one without path and query.
	 */
	struct span path;
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

/*
 * Parses field lines and the empty line behind them: what requests, responses
 * and trailers have in common. h->fields as above; hop is true for what is
 * always of this hop.
 */
int http_parse_fields(const char *p, size_t n, const struct http_limits *lim,
    struct http_head *h);

/* the first field with that id behind prev (NULL: from the start), or NULL */
const struct http_field *http_find(const struct http_head *h,
    enum http_field_id id, const struct http_field *prev);
/* the value of the first field with that id, empty if there is none */
struct span http_value(const struct http_head *h, enum http_field_id id);
/* fields with that id */
unsigned http_count(const struct http_head *h, enum http_field_id id);
/* true if the fields with that id, read as one list, hold the token lit */
bool http_lists(const struct http_head *h, enum http_field_id id,
    const char *lit);
/* true if the method may be repeated (RFC 9110 9.2.2) */
bool http_idempotent(enum http_method m);
/* the phrase of a status that weir itself sends, "" for others */
const char *http_phrase(int status);

#endif
