#ifndef BALANCE_H
#define BALANCE_H

#include "config.h"
#include "http.h"
#include "peer.h"
#include "upstream.h"

/*
 * Which of a route's upstreams a request goes to. Only those count that have
 * an address, are not down by their health checks, and have room; of these
 * the ones that are not left out for their failures, and of these those that
 * are no backups. When all are left out, the one whose time is nearest is
 * tried all the same.
 */

/* upstreams of a route, by their place */
struct balance_set {
	uint64_t bits[CONF_UPSTREAMS_MAX / 64];
};

/*
 * The place of the upstream whose turn it is, none of the tried ones, or -1
 * with the reason in *why: R_DONE where a name is still being looked up.
 */
int balance_choose(const struct conf_route *r, uint64_t key,
    const struct balance_set *tried, int64_t now, enum reason *why);
static inline void
balance_add(struct balance_set *set, int place)
{
	set->bits[place / 64] |= UINT64_C(1) << place % 64;
}

/* the hash of what the route's balance names in a request, or of the address
 * where q is NULL: there is none; 0 where that makes no difference */
uint64_t balance_key(const struct conf_balance *b,
    const struct http_request *q, const struct peer *from);
/* FNV-1a of 64 bits: the same on every machine */
uint64_t balance_hash(const void *p, size_t n);

#endif
