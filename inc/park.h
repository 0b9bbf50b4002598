#ifndef PARK_H
#define PARK_H

/*
 * The kernel's own set of descriptors: epoll on Linux, kqueue on the BSDs. It
 * keeps the loop's poll() short: what has been quiet for some turns waits
 * here, and the set's one descriptor is polled in its place, or this set waited
 * for alone when everything is in it. Where there is neither, or with POSIX
 * defined, nothing can be parked.
 *
 * A parked descriptor stays in the set, and is named again and again while it
 * is ready, until park_drop(). Closing a descriptor takes it out.
 */

#define PARK_BATCH 256 /* descriptors that park_take() names at most */

/* opens the set; its descriptor to poll for POLLIN, or -1: no parking here */
int park_open(void);
/* what the set is: "epoll", "kqueue" or "none" */
const char *park_name(void);
/* watches fd for the poll() events (POLLIN, POLLOUT); 0, or -1: it cannot be */
int park_put(int fd, int events, void *owner);
/* takes fd out of the set, in which it is for those events */
void park_drop(int fd, int events);
/*
 * Takes up to max ready ones: their owners and poll() events. Waits for the
 * first one at most wait_ms milliseconds, for ever if that is negative. Their
 * number, or -1 with errno. An owner may have been released by the time it is
 * looked at, if serving one before it did so; the caller must be able to tell.
 */
int park_take(void **owners, int *events, int max, int wait_ms);

#endif
