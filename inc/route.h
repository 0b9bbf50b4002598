#ifndef ROUTE_H
#define ROUTE_H

#include "config.h"
#include "http.h"

/*
 * The route for a request, or NULL. Exact host before wildcard before any
 * host; then the longest path prefix, which ends at a segment's border; then
 * the most conditions, and the first in the file. Port and case of the
 * authority do not matter. The path is compared with %XX of unreserved
 * characters decoded (RFC 3986 6.2.2) and repeated slashes taken as one, as
 * the servers behind read it.
 */
struct conf_route *route_find(const struct conf *c,
    const struct http_request *q);
/* the route of c that stands for the same requests as r, of another conf, or
 * NULL */
struct conf_route *route_again(const struct conf *c,
    const struct conf_route *r);
/* how well a route's host fits a name: 0 not at all, more is better */
size_t route_host(const char *host, struct span name);
/*
 * The bytes of path that prefix covers, compared in the same way, or -1 if
 * path does not begin with it at a segment's border.
 */
long route_prefix(struct span path, const char *prefix);

#endif
