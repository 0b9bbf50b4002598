#ifndef SHOWN_H
#define SHOWN_H

#include "http.h"

/*
 * What a client shows to be let in: where in a request keys, tokens and
 * passwords stand, and how the request goes on without them.
 */

/* where to look */
struct shown_from {
	bool keys;  /* Authorization, X-Api-Key, Api-Key, subprotocols */
	bool basic; /* Authorization alone */
	const char *query; /* a parameter's name, besides keys; or NULL */
};

/* one of them */
struct shown {
	bool password; /* with the name of a user: RFC 7617 */
	struct span user, secret;
};

#define SHOWN_MAX 8       /* in one request */
#define SHOWN_MEMORY 8192 /* bytes of those that are decoded */

/*
 * Finds them all: how many, or -1 if there are more than SHOWN_MAX, one is
 * malformed, or Authorization has another scheme than Bearer and Basic. Those
 * that stand there in other letters are decoded into memory, of SHOWN_MEMORY
 * bytes.
 */
int shown_find(const struct http_request *q, const struct shown_from *from,
    struct shown list[SHOWN_MAX], char *memory);
/* true if no field with that id goes upstream */
bool shown_hides(const struct shown_from *from, enum http_field_id id);
/* writes a query, with its "?", without the parameter of that name */
void shown_put_query(struct text *t, struct span query, const char *name);
/* writes the list of subprotocols of all Sec-WebSocket-Protocol fields, without
 * keys if hide is set; returns its length */
size_t shown_put_protocols(struct text *t, const struct http_head *h,
    bool hide);
/*
 * The subprotocol to choose for a client whose upstream has chosen none: the
 * first one that is no part of a key; if all are, the one that announces a
 * key; else empty.
 */
struct span shown_choose(const struct http_head *h);

#endif
