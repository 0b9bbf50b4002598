#ifndef CONFTCP_H
#define CONFTCP_H

#include "config.h"

/* Routes of tcp:// and tls:// listeners, which are named by their address. */

/* the host and path of such a route: NULL, or what is wrong with the text */
const char *conftcp_route(struct arena **a, const char *text,
    const char **host, const char **path);
/* gives each such listener its route. 0, or -1 with a message in err: one has
 * no route, or no listener, or what it says has no meaning there */
int conftcp_check(struct conf *c, char *err, size_t size);

#endif
