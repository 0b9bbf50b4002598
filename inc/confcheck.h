#ifndef CONFCHECK_H
#define CONFCHECK_H

#include "config.h"

/*
 * What one statement requires of another, once all are read and the routes
 * have what is global. Messages are written like those of config.h. These
 * return 0, or -1 with the message in err.
 */

/* what is said of frames must be of use */
int confcheck_frames(const struct conf *c, char *err, size_t size);
/* what the keys of a route say of requests: which are its own, and what
 * becomes of them */
int confcheck_routes(const struct conf *c, char *err, size_t size);
/* whether a route needs no upstream, as it answers by itself */
bool confcheck_fixed(const struct conf_route *r);
/* listeners with TLS need a certificate */
int confcheck_certs(const struct conf *c, char *err, size_t size);
/* what TLS requires; lets routes of one host share their client_ca */
int confcheck_tls(struct conf *c, char *err, size_t size);

#endif
