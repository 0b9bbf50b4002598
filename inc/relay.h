#ifndef RELAY_H
#define RELAY_H

#include "session.h"

/*
 * Connections of tcp:// and tls:// listeners: bytes pass unchanged, each
 * direction by itself, and nothing is known of what they mean.
 */

/* a connection of such a listener is ready: looks for its upstream */
void relay_begin(struct session *s);
/* the upstream's end is connected */
void relay_open(struct session *s);
/* RELAY: one end can be read. As tunnel_read() */
bool relay_read(struct session *s, struct conn *from);
/* RELAY: one end can be written */
void relay_write(struct session *s, struct conn *to);

#endif
