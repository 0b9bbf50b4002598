#ifndef STEP_H
#define STEP_H

#include "session.h"

/* Sessions, one step at a time, for the loop. */

/* the poll() events that an end wants now; 0: none */
int step_events(const struct conn *c);
/* an end is ready for those of revents */
void step_serve(struct conn *c, int revents);
/* tls_stalled()'s: the engine of an end, a struct conn, was given up */
void step_stalled(void *end);
/* ends, or tells, the sessions whose deadline has passed */
void step_expire(void);

#endif
