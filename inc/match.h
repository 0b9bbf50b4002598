#ifndef MATCH_H
#define MATCH_H

#include "config.h"
#include "http.h"

/*
 * What a route asks of a request beyond its host and path: fields and
 * parameters of the query (match_header, match_query).
 */

/*
 * Puts text at the end of a list of that type; *canon is its one form. Returns
 * NULL, or what is wrong with the text.
 */
const char *match_add(struct arena **a, enum value_type type,
    const char *text, struct conf_match **list, const char **canon);

/* whether the request has all that the route asks for */
bool match_fits(const struct conf_route *r, const struct http_request *q);
/* whether both routes are for the same requests: host, path and conditions */
bool match_same(const struct conf_route *a, const struct conf_route *b);

#endif
