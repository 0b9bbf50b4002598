#ifndef GREET_H
#define GREET_H

#include "session.h"

/* Heads of the PROXY protocol, from a client's proxy and to an upstream. */

/* GREET: the client's end can be read */
void greet_client(struct session *s);
/* closes a connection of whose head nothing became, and logs why */
void greet_failed(struct session *s, enum reason why);
/*
 * Sends the head that the session's upstream wants on c, once: 1 it has left,
 * 0 c is not connected yet, -1 with errno.
 */
int greet_upstream(struct session *s, struct conn *c);

#endif
