#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

/*
 * Addresses, hosts and paths as people write them, to the one form in which
 * they are compared and used.
 */

/* where to listen, where to connect */
struct conf_endpoint {
	struct conf_endpoint *next; /* in the order of the file */
	/* canonical: "http://[::1]:80", "https://a.b:443", "unix:/run/x" */
	const char *text;
	/*
	 * A literal address without brackets, or a name in lower case; to
	 * listen: a literal, or "" for any. NULL: unix.
	 */
	const char *host;
	const char *path; /* of a unix socket, or NULL */
	/* "host:port" as Host, without a default port; unix: "localhost" */
	const char *authority;
	const char *where; /* "weir.conf:12", for errors of later stages */
	uint16_t port;
	bool tls; /* https://, wss:// or tls:// */
	bool tcp; /* tcp:// or tls://: what is spoken is nobody's business */
	struct conf_route *route; /* of a listener that is tcp, or NULL */
	/* by the words behind it: params.h */
	uint8_t proxy; /* version of the PROXY protocol; to listen: any */
	struct cidr *access; /* who may connect; see cidr.h */
	/* of an upstream, by the words behind it: params.h */
	bool backup; /* of use only while all others are not */
	unsigned weight; /* 1 to 1000 */
	unsigned max; /* requests and tunnels on it at once, or 0 */
};

/*
 * These return NULL, or what is wrong with the text. What they set lies in
 * the arena.
 */

/* an address to listen on or, else, to connect to; *e is zeroed before */
const char *endpoint_parse(struct arena **a, const char *text, bool listener,
    struct conf_endpoint *e);
/* whether the text begins with tcp:// or tls:// */
bool endpoint_is_tcp(const char *text);
/* "host/path" of a route: struct conf_route tells what becomes of them */
const char *endpoint_route(struct arena **a, const char *text,
    const char **host, const char **path);
const char *endpoint_path(struct arena **a, const char *text,
    const char **path);
/*
 * the name of a server, to ask for and to find in its certificate: a literal
 * address without brackets, or a name in lower case
 */
const char *endpoint_name(struct arena **a, const char *text,
    const char **name);
/* whether both are the same address, with TLS or without */
bool endpoint_same(const struct conf_endpoint *a,
    const struct conf_endpoint *b);

#endif
