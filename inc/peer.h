#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "resolve.h"

/* Clients' addresses: what of them is needed for long, and how many
 * connections each has. */
struct peer {
	uint8_t ip[16]; /* IPv4 in the first four */
	uint16_t port;
	uint8_t family; /* AF_INET, AF_INET6, AF_UNIX */
};

void peer_from(struct peer *p, const struct addr *a);
#define PEER_TEXT_MAX 48
/* writes the address, "unix:" for a unix socket; returns text */
char *peer_text(const struct peer *p, char text[PEER_TEXT_MAX]);

/*
 * The census counts connections by address: IPv4 as it is, IPv6 by its /64,
 * which is what one customer gets.
 */

/* counts one more; false if there is no memory */
bool peer_count(const struct peer *p);
/* counts one less of those that peer_count() took */
void peer_uncount(const struct peer *p);
/* those counted */
unsigned peer_counted(const struct peer *p);

#endif
