#ifndef CONFTLS_H
#define CONFTLS_H

#include "config.h"

/* What TLS requires of a configuration. 0, or -1 with a message in err. */

/* listeners with TLS have a certificate to show */
int conftls_certs(const struct conf *c, char *err, size_t size);
/* all of it; routes of one host share their client_ca then */
int conftls_check(struct conf *c, char *err, size_t size);

#endif
