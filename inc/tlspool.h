#ifndef TLSPOOL_H
#define TLSPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hint.h"

/*
 * Record buffers: pairs of one to receive and one to send, each for a record
 * of any size (16 KB and what its protection adds). A connection has a pair
 * while its bytes move. What has to wait in one may be kept aside, in just as
 * much memory as it needs, so that those who wait do not hold all pairs.
 */
#define TLSPOOL_IN 16709
#define TLSPOOL_OUT 16469

struct tlspair {
	unsigned char in[TLSPOOL_IN], out[TLSPOOL_OUT];
};

/* at most max pairs at once, from now on. Memory is taken as it is first used
 * and never given back */
void tlspool_init(size_t max);
size_t tlspool_max(void);
/* a pair, or NULL; its bytes are whatever they are */
struct tlspair *tlspool_get(void);
/* NULL is fine */
void tlspool_put(struct tlspair *p);
/* pairs in use */
size_t tlspool_used(void);
/* true if more than half of the pairs are in use: time to put aside */
bool tlspool_scarce(void);
/* bytes that all pairs and parts may take */
size_t tlspool_memory(void);

/* bytes put aside: n of them, which stood at offset at. Parts stand in a list
 * by age, so that of those who wait the one that does so longest is known */
struct tlspart {
	struct tlspart *older, *newer;
	void *owner;
	uint16_t at, n;
	unsigned char bytes[];
};

/*
 * Puts the n bytes at buf + at aside for owner: in *part, which keeps its age
 * if there is one already, or in a new one. False, and *part is as it was: no
 * memory, or more would be aside than all pairs take.
 */
bool tlspool_part(struct tlspart **part, void *owner,
    const unsigned char *buf, size_t at, size_t n);
/* whether only the latter is in the way of n more bytes in *part */
bool tlspool_full(const struct tlspart *part, size_t n);
/* puts them back where they were, in another buffer; the part stays. NULL is
 * fine */
static inline void
tlspool_unpart(const struct tlspart *part, unsigned char *buf)
{
	if (RARE(part != NULL))
		memcpy(buf + part->at, part->bytes, part->n);
}

/* forgets *part and its bytes */
void tlspool_forget(struct tlspart **part);
/* the same, of *part that may be NULL */
static inline void
tlspool_drop(struct tlspart **part)
{
	if (RARE(*part != NULL))
		tlspool_forget(part);
}

/* the owner of the oldest part; NULL: there is none */
void *tlspool_oldest(void);

#endif
