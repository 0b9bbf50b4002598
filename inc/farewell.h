#ifndef FAREWELL_H
#define FAREWELL_H

#include "session.h"

/*
 * How tunnels end: what one side's end means for the other, and the Close
 * frames of weir's own (RFC 6455 5.5.1, 7). A Close goes in where a frame
 * ends, and never after another has passed in that direction.
 */

/* nothing more comes from this end: it has closed, or (reset) failed; nothing
 * can be sent to it either then */
void farewell_from(struct session *s, struct conn *from, bool reset);
/* to has sent all that it had to: passes an end of the other one on */
void farewell_sent(struct session *s, struct conn *to);
/*
 * Ends the tunnel from our side: a Close with the reason's code to both, each
 * as soon as a frame ends there, but within linger; then their sockets.
 */
void farewell(struct session *s, enum reason why);
/* while s->ending: a frame from this end has passed, its Close may go in */
void farewell_go_on(struct session *s);
/* LINGER: one end can be read; what comes is thrown away */
void farewell_discard(struct session *s, struct conn *c);

#endif
