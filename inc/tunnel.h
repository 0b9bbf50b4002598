#ifndef TUNNEL_H
#define TUNNEL_H

#include "session.h"

/*
 * A WebSocket after its handshake: bytes pass unchanged, each direction by
 * itself, and frame boundaries are followed (RFC 6455). Only weir's own pings,
 * the pongs to these, and its Close are put in and taken out.
 */

/*
 * The upstream's 101 r, whose head is the first used bytes of v: proves it
 * (RFC 6455 4.1) and opens the tunnel, with what follows in v already under
 * way. R_DONE, or why the proof failed; v is still the caller's then.
 */
enum reason tunnel_open(struct session *s, const struct http_response *r,
    struct view *v, size_t used);
/*
 * One end can be read. True if all that was there has left by the other, and
 * so what the ends want and the deadline are as they were, or later.
 */
bool tunnel_read(struct session *s, struct conn *from);
/* one end can be written */
void tunnel_write(struct session *s, struct conn *to);
/* a deadline has passed: looks after both legs, and reads on */
void tunnel_tick(struct session *s);

#endif
