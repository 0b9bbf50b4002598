#ifndef SECURE_H
#define SECURE_H

#include <sys/types.h>
#include <sys/uio.h>

#include "conn.h"

/*
 * TLS over an end's descriptor: the pump between the socket and the engine's
 * ports. conn.c calls these for ends that have c->tls; what they return is
 * what the conn_*() of the same name return. With c->stalled nothing moves and
 * nothing fails any more: the session's end is on its way, with the reason.
 */

/*
 * Goes on with the handshake: 1 it is done, 0 it is under way, -1 it failed:
 * tls_error(), or errno if that is 0.
 */
int secure_handshake(struct conn *c);
/*
 * As conn_recv(). c->pending is set while the engine holds more than was taken,
 * and c->cut at an end without close_notify (RFC 5246 7.2.1).
 */
ssize_t secure_recv(struct conn *c, void *p, size_t n);
int secure_peek(struct conn *c);
/*
 * Takes n parts as far as the engine and the socket go. Bytes taken, or -1
 * with errno.
 */
ssize_t secure_send(struct conn *c, const struct iovec *parts, int n);
/* sends records that wait: c->wire is false when none is left; false: failed */
bool secure_push(struct conn *c);
/* what is to be polled for if the end's owner wants that */
int secure_wants(struct conn *c, int events);
/* says close_notify, then the end of the stream when all has left */
void secure_shut(struct conn *c);
/* the connection is about to be closed in good order, or cut */
void secure_end(struct conn *c, bool cut);

#endif
