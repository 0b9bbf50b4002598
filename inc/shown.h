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

/* the subprotocols that are offered, one after the other */
enum shown_kind {
	SHOWN_PLAIN,
	SHOWN_LABELLED, /* a key behind its label and a dot */
	SHOWN_LABEL,    /* announces that the next one is a key */
	SHOWN_KEY
};
struct shown_items {
	enum shown_kind kind; /* of the last one */
	const struct http_head *h; /* private, as what follows */
	const struct http_field *f;
	struct span rest;
};
struct shown_items shown_items(const struct http_head *h);
/* takes the next one of all fields, which are one list (RFC 9110 5.2); false:
 * there is none */
bool shown_next(struct shown_items *l, struct span *item);

#endif
