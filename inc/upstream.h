#ifndef UPSTREAM_H
#define UPSTREAM_H

#include "config.h"
#include "conn.h"
#include "reason.h"
#include "resolve.h"
#include "ring.h"

/*
 * The servers behind weir: one struct for each address in the configuration and
 * each way to speak to it, however many routes name it, with its socket
 * addresses and its idle connections. It outlives reloads while a configuration
 * still refers to it.
 */
struct upstream {
	struct upstream *next;
	char *text;      /* "http://127.0.0.1:9000" */
	char *how;       /* TLS is spoken to it; see secrets.h */
	struct tls_client *tls; /* or NULL: plain */
	char *host;      /* NULL for a unix socket */
	char *authority; /* for Host */
	uint16_t port;
	uint8_t proxy;   /* version of the PROXY protocol it is greeted with */
	bool named;      /* host is looked up by the resolver */
	bool asked;      /* and is being looked up now */
	bool warned;     /* the last look-up failed, and that was logged */
	unsigned refs;
	uint64_t id;     /* the resolver's tag */
	int64_t ask_at;  /* when to look it up again */
	unsigned n_addrs;
	struct addr addrs[RESOLVE_MAX];
	int64_t moved_at; /* when one of them was last found gone, or 0: a
	                   * connection made before may be to that one */
	struct ring idle; /* connections, the oldest first */
	unsigned n_idle;
	int64_t idle_ms; /* how long one may stay idle */
	unsigned open;   /* requests and tunnels on it, over all routes */
	bool down;       /* health checks say so; see health.h */
	unsigned fails;  /* requests that failed, since the last that did not */
	int64_t wait_ms; /* while it is left out for that, how long; else 0 */
	int64_t out_until; /* and until when */
	bool tried;      /* and a request has been let through */
	int64_t up_since; /* when it came back, or 0: it never was away */
};

/*
 * The one for e and how, made if need be, held until upstream_unref(). It
 * takes tls over, which replaces what it had. Its name is looked up anew.
 */
struct upstream *upstream_ref(const struct conf_endpoint *e, const char *how,
    struct tls_client *tls);
void upstream_unref(struct upstream *up);

/* the bytes that one idle connection takes beside its own */
size_t upstream_spare_size(void);
/* takes the idle connection used last, or NULL */
struct conn *upstream_take(struct upstream *up);
/*
 * Keeps c idle for up to idle_ms unless max are kept already, or memory ran
 * out; false: c is still the caller's.
 */
bool upstream_give(struct upstream *up, struct conn *c, unsigned max,
    int64_t idle_ms, int64_t now);
/* closes an idle connection: its upstream has closed it or sent bytes */
void upstream_drop(struct conn *c);
/* closes all idle connections */
void upstream_drop_all(void);
/* conn_open(); where there are too many ends, the idle ones make room */
struct conn *upstream_conn_open(int fd, enum conn_kind kind, void *owner);

/*
 * A request failed on it. From the after-th in a row on it is left out for
 * wait_ms, and twice as long each time it fails again; after 0: never.
 */
void upstream_failed(struct upstream *up, enum reason why, unsigned after,
    int64_t wait_ms, int64_t now);
/* it has answered a request */
void upstream_worked(struct upstream *up, int64_t now);
/* a request is about to try it: if its time out is over, others wait for what
 * becomes of that */
void upstream_try(struct upstream *up, int64_t now);
/* the verdict of health checks; why and status tell of a failure */
void upstream_judge(struct upstream *up, bool down, enum reason why,
    int status, int64_t now);

/* asks the resolver for all names that are due; interval_ms 0: never again */
void upstream_ask(int64_t now, int64_t interval_ms);
/* true while a name has not been answered for the first time */
bool upstream_unanswered(void);
/* takes an answer of the resolver */
void upstream_answer(const struct resolve_answer *a, int64_t now);
/* the resolver's child is gone and with it what it was asked */
void upstream_forgotten(int64_t now);

/* when upstream_expire() or upstream_ask() has work, or INT64_MAX */
extern int64_t upstream_at;
/* closes what was idle for too long */
void upstream_expire(int64_t now);

#endif
