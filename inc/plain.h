#ifndef PLAIN_H
#define PLAIN_H

#include "session.h"

/*
 * What a listener without TLS answers by itself: the challenges of a
 * certificate authority (RFC 8555 8.3), and that a site is to be had by
 * https.
 */

/* before the route is known, where there is an acme_webroot: R_DONE, or R_CHALLENGE or R_NO_CHALLENGE, with
 * what is to be said in x->own */
enum reason plain_challenge(struct session *s, const struct http_request *q);
/* once it is, and redirects to https: R_DONE, or R_REDIRECT with the Location in x->own */
enum reason plain_redirect(struct session *s, const struct http_request *q);

#endif
