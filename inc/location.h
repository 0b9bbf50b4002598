#ifndef LOCATION_H
#define LOCATION_H

#include "config.h"

/*
 * How paths change on the way to an upstream (strip_prefix, rewrite,
 * add_prefix), and how they change back in what it says of them.
 */

/* a path as it goes upstream: the first two, and what is left of it */
struct location_path {
	const char *add, *to; /* "" for none */
	size_t strip; /* bytes that are left out */
};

void location_change(struct location_path *p, const struct conf_route *r,
    struct span path);
/* the most bytes by which the path of a route may grow, either way */
size_t location_growth(const struct conf_route *r);

/* where a Location may point to, besides elsewhere */
struct location {
	const struct conf_route *route;
	const char *upstream; /* http://HOST:PORT, https://HOST:PORT or unix */
	const char *authority; /* what it is called in Host, if by its name */
	struct span host; /* the client's Host */
};

/*
 * Writes the value of a Location as it is for the client: the path is changed
 * back where it is one on the upstream, and the upstream's own name left out.
 */
void location_put(struct text *t, const struct location *l,
    struct span value);

#endif
