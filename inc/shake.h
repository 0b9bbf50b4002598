#ifndef SHAKE_H
#define SHAKE_H

#include "session.h"

/*
 * The TLS handshake of a client: the phase SHAKE. Nothing is allocated for it
 * before its first byte.
 */

/* begins with it, or with what is spoken without */
void shake_begin(struct session *s);
/* the client's end is ready */
void shake_client(struct session *s);
/* ends a session whose handshake was not done in time, or failed */
void shake_failed(struct session *s, enum reason why);

#endif
