#ifndef INTRODUCE_H
#define INTRODUCE_H

#include "session.h"

/*
 * Sends the head of the PROXY protocol that the session's upstream wants on c,
 * once: 1 it has left, or none is wanted; 0 c is not connected yet; -1 with
 * errno.
 */
int introduce(struct session *s, struct conn *c);
/* the same for a connection of weir's own, which is nobody else's */
int introduce_weir(const struct upstream *up, struct conn *c);

#endif
