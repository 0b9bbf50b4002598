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

/* who asks for something, and when */
struct asker {
	const struct peer *peer;
	int64_t now_ms;
};

void peer_from(struct peer *p, const struct addr *a);
#define PEER_TEXT_MAX 48
/* writes the address, "unix:" for a unix socket; returns text */
char *peer_text(const struct peer *p, char text[PEER_TEXT_MAX]);

/*
 * The census counts by address: IPv4 as it is, IPv6 by its /64, which is what
 * one customer gets. It counts several things apart: the three below, and what
 * else has a number of its own behind them.
 */
#define PEER_CONNECTIONS 0
#define PEER_TOKENS 1
#define PEER_PASSWORDS 2

/* counts one more; false if there is no memory */
bool peer_count(const struct peer *p, uint32_t what);
/* counts one less of those that peer_count() took */
void peer_uncount(const struct peer *p, uint32_t what);
/* those counted */
unsigned peer_counted(const struct peer *p, uint32_t what);

/*
 * Takes one from the address's bucket for that, which holds as many as flow
 * into it in a second; false: there is none. Quiet addresses are forgotten.
 * Where very many come in one second the ones that would be forgotten first
 * are, before their time. now is in milliseconds.
 */
bool peer_take(const struct peer *p, uint32_t what, unsigned a_second,
    int64_t now);
/* gives back n of those; takes more if n is negative, though there be none */
void peer_give(const struct peer *p, uint32_t what, unsigned a_second, int n);

#endif
