#ifndef WAY_H
#define WAY_H

#include "config.h"

/* How TLS is spoken to an upstream: what its route says of that. */

#define WAY_NAME 300 /* a name has 253 bytes at most: RFC 1035 2.3.4 */
/* a name, a pin, and three paths that could be opened */
#define WAY_TEXT (512 + 3 * 4096)

/* the name that is asked for and that the certificate must have, in name:
 * without the dot that may end a host, as no certificate has that */
const char *way_name(const struct conf_route *r, const struct conf_endpoint *e,
    char name[WAY_NAME]);
/*
 * Writes what tells one way from another to text, nothing without TLS:
 * connections and verdicts are only shared where it is the same.
 */
void way_text(const struct conf_route *r, const struct conf_endpoint *e,
    char text[WAY_TEXT]);

#endif
