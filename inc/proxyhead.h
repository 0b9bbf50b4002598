#ifndef PROXYHEAD_H
#define PROXYHEAD_H

#include <stddef.h>

#include "peer.h"

/*
 * Heads of the PROXY protocol, versions 1 and 2, strictly: what stands in front
 * of a connection's bytes and tells whose connection it is. Bytes in, struct
 * out; no I/O, no memory, no log.
 */

/* bytes that a head has at most: version 1 by its definition, all by ours */
#define PROXYHEAD_V1_MAX 107
#define PROXYHEAD_MAX 4096
/* bytes that one of weir's own has at most */
#define PROXYHEAD_OWN_MAX 108

struct proxyhead {
	/* nothing is said: the connection's own addresses hold */
	bool local;
	struct peer src, dst;
};

/* bytes consumed, 0 for more, -1 for what is no head of the protocol */
int proxyhead_parse(const void *p, size_t n, struct proxyhead *h);
/*
 * Writes a head of version 1 or 2; returns its length. A src that has no
 * address (a unix socket), or NULL, says nothing of it.
 */
size_t proxyhead_write(unsigned char out[PROXYHEAD_OWN_MAX], unsigned version,
    const struct peer *src, const struct peer *dst);

#endif
