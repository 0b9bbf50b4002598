#ifndef ECHO_H
#define ECHO_H

#include <signal.h>
#include <stddef.h>

/*
 * The echo server of `weir echo`. Over WebSocket each data frame comes back
 * as it came; over HTTP the answer is the request that was seen. It is a
 * program of its own: it has its own loop and decides the pool of buffers, so
 * buf_pool() must not have been called. SIGPIPE is ignored by the caller.
 */

/*
 * Serves n descriptors that are bound, listening and not blocking until *stop
 * is set, which is seen within a second. Returns 0, or -1 with errno if it
 * could not begin or poll() failed. The listeners stay open.
 */
int echo_serve(const int *listeners, size_t n, volatile sig_atomic_t *stop);

#endif
