#ifndef PROBEWIRE_H
#define PROBEWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve.h"

/*
 * A client's connection that may wait: TCP, TLS if need be, bytes in and out,
 * everything with a deadline. Times are microseconds of wire_now().
 */
struct tls;
struct tls_client;

#define WIRE_BUF 65536

struct wire {
	int fd;
	struct tls *tls; /* NULL: none */
	int error;       /* errno of what failed */
	size_t beg, end; /* of what came and was not taken */
	unsigned char in[WIRE_BUF];
};

int64_t wire_now(void);

/* a connection to one of several addresses */
struct wire_try {
	struct addr to;
	int fd;    /* the caller's, once open; else -1 */
	int error; /* 0: open */
	int64_t us;
};

/*
 * Connects to all of them at once, and returns when each has an outcome, at
 * the deadline, or a second after the first one is open. Then those that are
 * under way are given up: ETIMEDOUT.
 */
void wire_connect(struct wire_try *tries, size_t n, int64_t until);
/* begins with an open descriptor, which it takes over */
void wire_init(struct wire *w, int fd);
/* shakes hands: 1 done, 0 the time is over, -1 the other side ended the
 * connection, -2 it failed: tls_error(), or w->error if that is 0 */
int wire_secure(struct wire *w, struct tls_client *c, int64_t until);
/* sends all: 1, 0 if the time is over, -2 if it failed with w->error */
int wire_send(struct wire *w, const void *p, size_t n, int64_t until);
/* waits for more behind what is in the buffer: 1 some came, 0 the time is
 * over, or there is no room; -1 that was the end; -2 it failed: w->error */
int wire_fill(struct wire *w, int64_t until);
/* what came and was not taken */
size_t wire_len(const struct wire *w);
/* takes n bytes of it */
void wire_take(struct wire *w, size_t n);
/* ends it; once more is fine */
void wire_close(struct wire *w);

#endif
