#ifndef RETRY_H
#define RETRY_H

#include "session.h"

/*
 * What a request's fate tells of its upstream, and whether it is tried again
 * after a failure.
 */

/* it failed: whether that counts against the upstream depends on why */
void retry_blame(struct session *s, enum reason why);
/* a final answer has come, whatever it is worth to the client */
void retry_answered(struct session *s, int status);
/*
 * Prepares the next try, on a fresh connection or with another upstream; the
 * session's connections are still those that failed. False: there is none.
 */
bool retry_next(struct session *s, enum reason why);

#endif
