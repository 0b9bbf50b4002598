#ifndef HEALTH_H
#define HEALTH_H

#include <stdint.h>

#include "config.h"
#include "conn.h"

/*
 * Health checks: connections of weir's own to upstreams, one at a time for
 * each, whose outcome is the verdict upstream_judge() gets. They are ends of
 * the loop like others (CONN_HEALTH).
 */

/*
 * Checks from now on what c asks for, and nothing else. What was checked
 * before goes on with its count of passes and failures. c's upstreams are
 * held, and c stays in force until the next call.
 */
void health_apply(const struct conf *c);
/* when health_expire() has work, or INT64_MAX */
extern int64_t health_at;
/* begins the checks that are due, and fails those that take too long */
void health_expire(void);
/* the poll() events that an end wants */
int health_events(const struct conn *c);
/* an end is ready */
void health_serve(struct conn *c, int revents);

#endif
