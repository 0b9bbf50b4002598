#ifndef CIDR_H
#define CIDR_H

#include "arena.h"
#include "buf.h"
#include "peer.h"

/*
 * Lists of networks. IPv4 addresses in the form of IPv6 (::ffff:192.0.2.1) are
 * IPv4 addresses here, in rules and in what is looked for.
 */
struct cidr {
	struct cidr *next;
	struct peer net; /* family AF_UNIX: unix sockets; AF_UNSPEC: all */
	uint8_t bits;
	bool allow;
};

/*
 * Puts the networks of "192.0.2.0/24, 2001:db8::/32, unix, all" behind those
 * in *list. Returns NULL, or what is wrong with the text. *shown is the text in
 * its canonical form; all lies in the arena.
 */
const char *cidr_add(struct arena **a, const char *text, bool allow,
    struct cidr **list, const char **shown);
/* whether a network of the list holds the address */
bool cidr_holds(const struct cidr *list, const struct peer *p);
/*
 * What the first network that holds the address says; if there is none: no
 * where one is allowed, else yes.
 */
bool cidr_allows(const struct cidr *list, const struct peer *p);
/* an IPv4 or IPv6 address without brackets or zone; false: it is none */
bool cidr_address(struct span text, uint16_t port, struct peer *p);
/* makes an IPv4 address of one in the form of IPv6; false: it was none */
bool cidr_unmap(struct peer *p);

#endif
