#ifndef TALLY_H
#define TALLY_H

#include "session.h"

/*
 * How many tunnels a route has, and how many requests an address makes of it.
 * Its tally goes on in a new configuration's
 * route of the same host and path: tunnels outlive reloads, and a limit that
 * began anew with each would be none.
 */

/* gives each route of c a tally: of the same route in old, or a new one */
void tally_take(struct conf *c, const struct conf *old);
/* gives up those of c */
void tally_drop(struct conf *c);
/* whether the address of s may make one more request now of its route, which
 * limits them */
bool tally_request(const struct session *s);
/*
 * Counts the handshake of s as a tunnel of its route from now on: R_DONE, or
 * why it would be one too many.
 */
enum reason tally_enter(struct session *s);
/* the handshake has failed, or the tunnel has ended: once or more */
void tally_leave(struct session *s);
/* a tunnel ends: to the books of its key, which is let go */
void tally_book(struct session *s);

#endif
