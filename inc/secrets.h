#ifndef SECRETS_H
#define SECRETS_H

#include "config.h"

/*
 * From the file names of a configuration to what tls.c made of them: the
 * certificates of listeners (conf->tls), and how TLS is spoken to upstreams
 * (route->secrets, one for each upstream, NULL for those without).
 */

/* reads them all: 0, or -1 with what is wrong in err; warnings are logged */
int secrets_load(struct conf *c, char *err, size_t size);
/*
 * The clock by which certificates are judged, as c wants it from now on, and
 * whenever it was set or unset: says once in the log that it is not set, where
 * that matters, and then once that it is.
 */
void secrets_clock(const struct conf *c);
/* frees what nobody has taken over */
void secrets_free(struct conf *c);

#endif
