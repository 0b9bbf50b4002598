#ifndef TLSCACHE_H
#define TLSCACHE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sessions that clients may resume. A table of fixed size, in which a session
 * has four places; the one that would end first gives way. Secrets are wiped
 * when the table is freed. now is monotonic, in seconds.
 */
struct tlscache;

struct tlsession {
	unsigned char id[32], secret[48];
	uint16_t version, suite;
	uint32_t tag; /* what it is bound to: its owner's matter */
};

/* at least n places (0: none), each good for life_s; NULL: no memory */
struct tlscache *tlscache_new(size_t n, int64_t life_s);
/* NULL is fine */
void tlscache_free(struct tlscache *c);
/* keeps a copy of s */
void tlscache_put(struct tlscache *c, const struct tlsession *s, int64_t now);
/* the session of that id, good until the next tlscache_put(); or NULL */
const struct tlsession *tlscache_get(const struct tlscache *c,
    const unsigned char id[32], int64_t now);

#endif
