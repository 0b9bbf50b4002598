#ifndef DOOR_H
#define DOOR_H

#include "config.h"
#include "listen.h"

/* The listeners that are open, and what comes in by them. */

/* warns of listeners that believe anybody */
void door_warn(const struct conf *c);
/* opens what c asks for and is not open yet, to *fresh; false: one could not
 * be, which was logged */
bool door_open(const struct conf *c, struct listener **fresh);
/* gives up what door_open() opened */
void door_give_up(struct listener *fresh);
/* closes those that c does not name any more, after what waits in their queues
 * was accepted under the old configuration, and adds the fresh ones */
void door_take(const struct conf *c, struct listener *fresh);
/* accepts what waits in the kernel's queues: it would be reset */
void door_empty(void);
/* closes all */
void door_close(void);

/* what is wanted of a listener's end in this turn */
int door_wants(void);
/* listeners that sleep learn whether there is room for connections */
void door_watch(void);
/* connections wait at one of the listener's descriptors */
void door_serve(struct listener *l, int fd);
/* the nearest time at which door_wants() may change, or INT64_MAX */
int64_t door_next(void);
/* tells the log of those who may not come in */
void door_tell(void);
/* when that is to be called next; INT64_MAX: there is nobody to tell of */
extern int64_t door_tell_at;

#endif
