#ifndef ALLOW_H
#define ALLOW_H

#include "config.h"
#include "http.h"

/*
 * Allow-lists of a route for WebSocket handshakes: origins (RFC 6454,
 * RFC 6455 10.2) and subprotocols.
 */

/*
 * Puts text at the end of a list of that type, in the form in which it is
 * compared: *canon. An origin is "*", "null", or SCHEME://HOST[:PORT] in lower
 * case and without the scheme's own port, whose host may begin with "*.".
 * Returns NULL, or what is wrong with the text.
 */
const char *allow_add(struct arena **a, enum value_type type,
    const char *text, struct conf_word **list, const char **canon);

/* whether the list holds the value of an Origin field */
bool allow_origin(const struct conf_word *list, struct span origin);
/*
 * Whether the value of an Origin field is where the authority of the request
 * is, too; without a port that is the one of the origin's scheme.
 */
bool allow_same_origin(struct span origin, struct span authority);

/*
 * Writes those of the subprotocols offered in h that go upstream to t, or
 * nothing if that is NULL: those in the route's list, if it has one, without
 * keys, if it hides these. How many they are; -1 if none of them is in the
 * list.
 */
int allow_protocols(const struct conf_route *r, const struct http_head *h,
    struct text *t);
/*
 * The one to choose for a client if its upstream has chosen none, where the
 * route asks for keys: the first one in the list that is no part of a key; if
 * there is none, what announces a key; else empty.
 */
struct span allow_choice(const struct conf_route *r,
    const struct http_head *h);

#endif
