#ifndef REFUSE_H
#define REFUSE_H

#include "session.h"

/*
 * How a refusal is told: as HTTP has it, or, where the route says so and the
 * request is a WebSocket handshake, in a WebSocket (tell.h). For the latter
 * the handshake's key and subprotocols must stand in the exchange.
 */

/* whether a refusal of this request is to be told in a WebSocket */
bool refuse_accepts(const struct session *s);
/* tells so of the upstream's answer to the handshake, which had that status */
void refuse_status(struct session *s, int status);

#endif
