#ifndef CONNECT_H
#define CONNECT_H

#include "reason.h"
#include "resolve.h"

/* Sockets that are being connected to an upstream's address. */

/* a full queue of a unix socket says EAGAIN and is tried again after this */
#define CONNECT_AGAIN_MS 50

/* a descriptor that is being connected, not blocking and close-on-exec, or -1
 * with errno */
int connect_begin(const struct addr *a);
/* 0 once connected, EINPROGRESS before, or why it failed */
int connect_error(int fd);
/* what such an error is called */
enum reason connect_reason(int err);

#endif
