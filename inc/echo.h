#ifndef ECHO_H
#define ECHO_H

/*
 * The echo server of `weir echo`. Over WebSocket each data frame comes back
 * as it came; over HTTP the answer is the request that was seen. It is a
 * program of its own: it has its own loop and decides the pool of buffers, so
 * buf_pool() must not have been called.
 */

/*
 * Serves the address (as a listen key's value) until SIGTERM or SIGINT, which
 * are seen within a second. Returns the exit status: 0, 1 if it could not run,
 * 2 for a bad address.
 */
int echo_main(const char *address);

#endif
