#ifndef GREET_H
#define GREET_H

#include "session.h"

/* Heads of the PROXY protocol in front of what clients send. */

/* a session has been opened for a connection at e: what comes first on it */
void greet_begin(struct session *s, const struct conf_endpoint *e);
/* GREET: the client's end can be read */
void greet_client(struct session *s);
/* closes a connection of whose head nothing became, and logs why */
void greet_failed(struct session *s, enum reason why);

#endif
