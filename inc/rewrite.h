#ifndef REWRITE_H
#define REWRITE_H

#include "client.h"
#include "config.h"
#include "http.h"
#include "location.h"
#include "shown.h"

/*
 * The heads that weir sends, written anew from what was parsed and what the
 * route says. Nothing here sees a socket.
 */

/* what a request's head says beyond the request itself */
struct rewrite_request {
	const struct conf_route *route;
	struct location_path path;
	const char *authority; /* Host to send, or NULL for the client's */
	const char *client;    /* address of the client, for X-Forwarded-For */
	const struct client *from; /* what trusted proxies say, or NULL */
	const char *via;       /* address of the proxy that said it */
	uint64_t id;           /* X-Request-Id */
	const char *hidden;    /* a field that only a trusted proxy may send */
	bool tls;              /* the client came by https */
	bool handshake;        /* a WebSocket handshake */
	const struct shown_from *hide; /* what is left out; NULL: nothing */
};

/* writes the head of the request for the upstream; t->full: it is too large */
void rewrite_request(struct text *t, const struct http_request *q,
    const struct rewrite_request *how);

/* how a response's body goes to the client */
enum rewrite_framing {
	REWRITE_NONE,    /* no body, and nothing said of one */
	REWRITE_LENGTH,  /* Content-Length: h.length */
	REWRITE_CHUNKED,
	REWRITE_EOF      /* until the connection ends */
};

struct rewrite_response {
	const struct conf_route *route;
	enum rewrite_framing framing;
	bool close;      /* the connection ends after it */
	bool keep_10;    /* an HTTP/1.0 client is told that it does not */
	bool handshake;  /* a proved 101 */
	const struct location *location; /* if Location changes, or NULL */
	struct span protocol; /* of a 101 that chooses none; or empty */
};

/* writes the head of an upstream's response for the client */
void rewrite_response(struct text *t, const struct http_response *r,
    const struct rewrite_response *how);
/* writes an interim response: its status and its own fields */
void rewrite_interim(struct text *t, const struct http_response *r);
/* writes the trailer fields that may be forwarded, and the final CRLF: not
 * those that a rule sets or deletes, nor hidden, which is a name or NULL */
void rewrite_trailers(struct text *t, const struct http_head *h,
    const struct conf_rule *set, const struct conf_rule *del,
    const char *hidden);

/* an answer of weir's own */
struct rewrite_answer {
	enum reason reason;
	int status;    /* 0: the reason's */
	enum conf_error_format format;
	bool prefers_json; /* the client's Accept, for the format "auto" */
	bool head;         /* it answers a HEAD: no body */
	bool close;
	bool keep_10;
	bool bearer, basic; /* what a 401 asks for: RFC 6750, RFC 7617 */
	unsigned retry_after; /* seconds, 0: not said */
	int64_t wall_s;       /* now, seconds since 1970, for Date */
	struct span own;      /* Location of a redirect, content of a 200 */
};

/* writes the whole answer, body included */
void rewrite_answer(struct text *t, const struct rewrite_answer *how);
/* parts of any head: its first line, the lines of rules, Date */
void rewrite_status(struct text *t, int status);
void rewrite_rules(struct text *t, const struct conf_rule *rules);
void rewrite_date(struct text *t, int64_t wall_s);
/* true if the Accept fields of a request prefer JSON to plain text and HTML */
bool rewrite_prefers_json(const struct http_head *h);

#endif
