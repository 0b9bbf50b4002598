#ifndef ECHOHTTP_H
#define ECHOHTTP_H

#include "echoconn.h"

/* HTTP of the echo server: the answer is the request that was seen. */

/* takes input in a phase before E_WS; false: it needs more of it */
bool echohttp_step(struct echoconn *c);
/* answers with a reason's status and words; nothing more is read */
void echohttp_refuse(struct echoconn *c, enum reason why);

#endif
