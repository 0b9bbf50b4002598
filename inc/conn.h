#ifndef CONN_H
#define CONN_H

#include <sys/types.h>
#include <sys/uio.h>

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

/*
 * One end of a connection: a descriptor, what it could not send yet, what was
 * read of it and not used yet, and its place among the active ones. What else
 * the loop waits for (listeners, the signals' pipe) is an end as well, so that
 * it can sleep like the others.
 *
 * An end is in one of three places: active (polled each turn for what its
 * owner wants), parked (the kernel watches it, park.h; it is served from there
 * as long as it wants the same), or out (it wants nothing, and something else
 * of its owner will wake it).
 */
enum conn_kind {
	CONN_FREE, /* zero: not in use */
	CONN_CLIENT, /* owner: the session */
	CONN_UPSTREAM, /* owner: the session */
	CONN_ATTEMPT, /* being connected; owner: the session */
	CONN_POOLED, /* idle to an upstream; owner: its place there, upstream.c */
	/* from here on, ends of weir's own */
	CONN_LISTENER, /* owner: the listener */
	CONN_SIGNALS, /* the pipe that signals are written to */
	CONN_RESOLVER, /* the child that looks names up */
	CONN_HEALTH /* to an upstream; owner: its check */
};

struct tls;

struct conn {
	/* first, since a free slot of a slab begins with the slab's own link:
	 * kind must stay CONN_FREE there, late events may still look at it */
	void *owner;
	int fd;
	uint8_t kind;
	uint8_t asleep; /* 0 active, else 1 + the events it sleeps on */
	uint8_t quiet;  /* turns without an event */
	bool eof;       /* the peer has closed its sending side */
	bool shut;      /* we have closed ours */
	bool broken;    /* sending failed; nothing can be sent any more */
	bool reused : 1; /* it has carried a request before */
	bool early : 1; /* served before others of the same turn */
	bool greeted;   /* its head of the PROXY protocol has left */
	bool cut;       /* over TLS: it ended without close_notify */
	bool fin;       /* over TLS: shut, and the stream has ended too */
	bool wire;      /* records of the engine's could not leave yet */
	bool pending;   /* the engine holds bytes that were not read yet */
	bool starved;   /* the engine waits for a record buffer */
	bool stirred;   /* its engine was used since conn_doze() looked */
	bool listed;    /* conn_doze() knows it */
	bool stalled;   /* its engine was given up; its session ends soon */
	uint32_t slot;  /* in the active set, while not asleep */
	struct buf *in, *out;
	struct tls *tls; /* or NULL: plain bytes */
};

/* at most max ends at once; call once */
void conn_init(size_t max);
/* a new active end for fd, or NULL: too many; fd stays the caller's then */
struct conn *conn_open(int fd, enum conn_kind kind, void *owner);
/* closes fd, over TLS with a close_notify, gives buffers back and frees c;
 * NULL is fine */
void conn_close(struct conn *c);
/* frees c and leaves its descriptor to the caller; NULL is fine */
void conn_release(struct conn *c);
/* closes it with a reset: the peer sees that something is missing */
void conn_abort(struct conn *c);
/* makes a sleeping end active again */
void conn_wake(struct conn *c);

/*
 * Sends n parts: to the kernel as far as it takes them, the rest to c->out.
 * False when that failed, or there is no buffer: c is broken then, and what
 * it had to send is gone.
 */
bool conn_send(struct conn *c, const struct iovec *parts, int n);
/* conn_send() of one part */
bool conn_send_mem(struct conn *c, const void *p, size_t n);
/* asks for what sending to c will need: see hint.h */
void conn_warm(const struct conn *c);
/* sends more of c->out; false when that failed */
bool conn_flush(struct conn *c);
/*
 * Reads at most n bytes to p. Bytes read; 0 at the end (c->eof is set); -1 if
 * nothing waits; -2 on an error, with errno.
 */
ssize_t conn_recv(struct conn *c, void *p, size_t n);
/*
 * Looks whether the peer is still there without taking anything: 1 bytes
 * wait, 0 it has closed its side (c->eof is set), -1 nothing, -2 an error.
 */
int conn_peek(struct conn *c);
/* closes our sending side, once */
void conn_shut(struct conn *c);
/*
 * Keeps n bytes at p in c->in, in front of nothing (c->in must be NULL). False
 * if there is no buffer; n == 0 is fine.
 */
bool conn_keep(struct conn *c, const void *p, size_t n);
/* gives c->in back */
void conn_forget(struct conn *c);
/*
 * Sends p as far as the kernel takes it now, keeping nothing: bytes sent, or
 * -1 with errno; conn_passing(errno) if it may be tried again.
 */
ssize_t conn_write(struct conn *c, const void *p, size_t n);
/* whether a call that failed so may simply be made again later */
bool conn_passing(int err);
/* whether something that was sent has not left yet */
static inline bool
conn_unsent(const struct conn *c)
{
	return c->out != NULL || c->wire;
}

/* bytes that were sent and have not arrived at the peer's, as far as the
 * system tells */
size_t conn_queued(const struct conn *c);

/*
 * The active set and the turn: conn_watch(), conn_sleep(), conn_serve().
 * events() says what an end's owner wants of it now; serve() is called for
 * each end that is ready. Ends that were quiet for some turns go to sleep.
 */
typedef int conn_events_fn(const struct conn *c);
typedef void conn_serve_fn(struct conn *c, int revents);

/* what the kernel's set is: "epoll", "kqueue" or "none" */
const char *conn_park_name(void);
/* asks each active end what it wants */
void conn_watch(conn_events_fn *events);
/*
 * Waits until an end is ready or wait_ms milliseconds have passed (negative:
 * for ever), in poll() for the active ends and the kernel's set, or in the
 * latter alone if no end is active. 0, or -1 with errno.
 */
int conn_sleep(int wait_ms);
/* serves what conn_sleep() found ready, early ends first */
void conn_serve(conn_serve_fn *serve);
/* TLS engines that were quiet for a while shrink to what has to be kept */
void conn_doze(int64_t now);
/* when that is to be called next; INT64_MAX: there is nothing to do */
extern int64_t conn_doze_at;
/* c's engine was used, and so is awake */
void conn_stir(struct conn *c);
/* wakes c if it sleeps on other events than these */
void conn_wants(struct conn *c, int events);

#endif
