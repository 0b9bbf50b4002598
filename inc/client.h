#ifndef CLIENT_H
#define CLIENT_H

#include "config.h"
#include "http.h"
#include "peer.h"

/*
 * Who a request is from, when it came by a proxy that is trusted: what that
 * says of the client in fields. Nobody else's word is taken.
 */
#define CLIENT_CHAIN_MAX 16 /* proxies in a row that are followed */
#define CLIENT_ID_MAX 64    /* bytes of a request's id that is kept */

struct client {
	bool trusted;      /* the request is a trusted proxy's; else all is zero */
	bool told;         /* and tells an address */
	struct peer peer;  /* that */
	/* the addresses that are believed, the client's first, as a list */
	struct span chain; /* in memory */
	const char *proto; /* "http" or "https", or NULL: not said */
	struct span host;  /* that was asked for; empty: not said */
	struct span id;    /* of the request; empty: not said, or not fit */
	char memory[CLIENT_CHAIN_MAX * (PEER_TEXT_MAX + 2)];
};

/*
 * Reads what h says. In a list (X-Forwarded-For, Forwarded) the client is the
 * rightmost address that is not trusted; what stands left of it, or of an item
 * that is no address, is not believed. Spans point into h, chain into *from.
 */
void client_find(const struct conf *c, const struct peer *direct,
    const struct http_head *h, struct client *from);

#endif
