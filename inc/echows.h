#ifndef ECHOWS_H
#define ECHOWS_H

#include "echoconn.h"

/* WebSocket of the echo server: each data frame comes back as it came. */

/*
 * Looks at a request whose head ends where the input begins. Returns WS_PLAIN
 * if it is no handshake, WS_HANDSHAKE if it is one and has been answered, or
 * a reason negated.
 */
int echows_begin(struct echoconn *c, const struct http_request *q);
/* takes input in the phase E_WS; false: it needs more of it */
bool echows_step(struct echoconn *c);

#endif
