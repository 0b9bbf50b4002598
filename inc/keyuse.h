#ifndef KEYUSE_H
#define KEYUSE_H

#include "buf.h"

/*
 * What is done under a name: that of a key, of a user with a password, or the
 * subject of a token. There is one struct for each name as long as anybody
 * holds it (a configuration, a request, a tunnel), so that it outlives reloads
 * that keep the name.
 */
enum keyuse_kind { KEYUSE_KEY, KEYUSE_USER, KEYUSE_SUBJECT };

/* of requests, and of tunnels that have ended */
struct keyuse_sums {
	uint64_t bytes_in, bytes_out, messages_in, messages_out;
	int64_t ms; /* that the tunnels were open */
};

#define KEYUSE_NAME 64 /* bytes of a name at the most */

struct keyuse {
	struct keyuse *next; /* in its bucket */
	unsigned refs;
	enum keyuse_kind kind;
	char name[KEYUSE_NAME + 1];
	unsigned tunnels; /* open now */
	/* ever: that opened; answered otherwise, refusals of limits too */
	uint64_t all_tunnels, requests;
	struct keyuse_sums sums;
	int64_t rate_at; /* microseconds: when its bucket is full again */
};

/* what a name may do */
struct keyuse_limits {
	unsigned max_tunnels; /* at once; 0: any number */
	unsigned requests; /* in period_ms; 0: any number */
	int64_t period_ms;
};

/* the one of that name, held, and made if need be; NULL: no memory, or the
 * name is too long */
struct keyuse *keyuse_get(enum keyuse_kind kind, struct span name);
void keyuse_hold(struct keyuse *u);
void keyuse_drop(struct keyuse *u); /* NULL is fine */
/*
 * Takes one request at the time now out of a bucket that holds l->requests and
 * fills in l->period_ms: 0, or the milliseconds until there is one.
 */
int64_t keyuse_take(struct keyuse *u, const struct keyuse_limits *l,
    int64_t now_ms);
/* the books: on a request, and on a tunnel that is counted in tunnels. They
 * drop the hold on u, which may be NULL */
void keyuse_request_done(struct keyuse *u, uint64_t in, uint64_t out);
void keyuse_tunnel_done(struct keyuse *u, const struct keyuse_sums *sums);
/* calls fn for each there is, in no order */
void keyuse_each(void (*fn)(const struct keyuse *u, void *arg), void *arg);

#endif
