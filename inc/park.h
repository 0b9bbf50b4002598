#ifndef PARK_H
#define PARK_H

#include <stdbool.h>

/*
 * The kernel's own set of idle descriptors: epoll on Linux, kqueue on the
 * BSDs. It keeps the loop's poll() short: what has been quiet for some turns
 * waits here, and the set's one descriptor is polled in its place. Where
 * there is neither, or with POSIX defined, nothing can be parked.
 *
 * Each descriptor is watched for one event: once park_take() has named it, it
 * must be parked again. Closing a descriptor takes it out of the set.
 */

/* opens the set; its descriptor to poll for POLLIN, or -1: no parking here */
int park_open(void);
/* what the set is: "epoll", "kqueue" or "none" */
const char *park_name(void);
/*
 * Watches fd for the poll() events (POLLIN, POLLOUT) given; known tells that
 * this fd was parked before, since it was opened. 0, or -1 if it cannot be.
 */
int park_put(int fd, int events, void *owner, bool known);
/*
 * Takes up to max ready ones: their owners and poll() events. An owner may
 * have been released since it was parked if its descriptor was closed within
 * the same call's batch; the caller must be able to tell.
 */
int park_take(void **owners, int *events, int max);

#endif
