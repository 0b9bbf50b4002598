#ifndef SESSION_H
#define SESSION_H

#include "balance.h"
#include "body.h"
#include "config.h"
#include "conn.h"
#include "heap.h"
#include "keyuse.h"
#include "peer.h"
#include "rewrite.h"
#include "ring.h"
#include "sse.h"
#include "upstream.h"
#include "track.h"

/*
 * A client's connection and all that is done for it. One phase at a time:
 *
 *   HEAD -> CONNECT -> ANSWER -> BODY -> FLUSH -> HEAD ... or LINGER -> gone
 *                        `-> TUNNEL -> LINGER -> gone
 *   CONNECT -> RELAY -> gone, of a tcp:// listener
 *
 * Where a proxy tells of the client GREET comes before all else. Over TLS, SHAKE
 * comes before the first HEAD, and SECURE between CONNECT and
 * ANSWER.
 *
 * PHASE(NAME, "word")
 */
#define PHASES(PHASE) \
	PHASE(FREE, "free")       /* zero: not in use */ \
	PHASE(GREET, "greet")     /* a head of the PROXY protocol is awaited */ \
	PHASE(SHAKE, "shake")     /* in the client's TLS handshake */ \
	PHASE(HEAD, "head")       /* waiting for a request, or in its head */ \
	PHASE(CONNECT, "connect") /* no upstream connection yet */ \
	PHASE(SECURE, "secure")   /* in the upstream's TLS handshake */ \
	PHASE(ANSWER, "answer")   /* request on its way, no answer yet */ \
	PHASE(BODY, "body")       /* the answer's body is on its way */ \
	PHASE(FLUSH, "flush")     /* the answer's last bytes wait for the client */ \
	PHASE(TUNNEL, "tunnel")   /* a WebSocket */ \
	PHASE(RELAY, "relay")     /* bytes, of a tcp:// listener */ \
	PHASE(LINGER, "linger")   /* closed by us; input is thrown away */ \
	PHASE(DEAD, "dead")       /* ended in this turn */

enum phase {
#define PHASE(name, word) S_##name,
	PHASES(PHASE)
#undef PHASE
	S_COUNT
};

/* the ends of a tunnel, and what a client's rate is measured in */
enum leg { LEG_CLIENT, LEG_UPSTREAM };
enum { METER_BYTES, METER_MESSAGES };

/* who ended something */
enum party { BY_NOBODY, BY_CLIENT, BY_UPSTREAM, BY_WEIR };

#define EXCHANGE_TEXT 1024
#define TLS_ENDED (-1) /* beside tls_error()'s: it ended before it was done */

/* a request and its answer; held from the head's end to the answer's */
struct exchange {
	struct buf *head;  /* the request as it goes upstream */
	unsigned n_attempts; /* connections being made: attempts */
	int64_t began;     /* the head's last byte */
	int64_t attempt_at; /* when to try one more address, or 0 */
	enum reason lost;  /* why the last attempt failed */
	int error;         /* errno of the last one, for the log */
	int tls_error;     /* of the upstream's handshake, for the log */
	struct body q, r;  /* the request's body and the answer's */
	/* what trusted proxies say, or NULL; while the request is judged only */
	const struct client *from;
	struct peer via;   /* the trusted proxy, if the session's peer is not */
	struct sse events; /* in the answer */
	enum http_method method;
	enum reason reason;
	unsigned tries;    /* retries made */
	unsigned next_addr; /* of the upstream's addresses */
	uint64_t balance;  /* what is hashed to choose an upstream */
	struct balance_set tried; /* of the route's upstreams */
	unsigned interims; /* 1xx forwarded */
	int status;        /* that the client got */
	uint8_t minor;     /* the client's HTTP/1.minor */
	bool keep;         /* the client will keep its connection */
	bool handshake;    /* for a WebSocket */
	bool expects;      /* the client waits for 100 (Continue) */
	bool fresh;        /* not from the pool again */
	bool body_left;    /* some of the body is in head, or has left */
	bool begun;        /* the answer's head is on its way to the client */
	bool reuse;        /* the upstream connection may be used again */
	bool peeked;       /* the client has sent more; no need to look */
	bool q_broken;     /* the upstream takes no more of the request */
	bool counted;      /* in route->open */
	bool prefers_json;
	bool told;         /* the session's peer is whom a trusted proxy told */
	bool secure;       /* the client came by https, to us or to that proxy */
	bool accepted;     /* its refusal is told in a WebSocket */
	bool key_tunnel;   /* in key_use->tunnels */
	unsigned wait_s;   /* Retry-After at the least, for a 429 */
	struct keyuse *key_use; /* held: whom it is for; or NULL */
	struct span key, protocols, extensions; /* offered; in head */
	struct span choice; /* the subprotocol if the upstream chooses none; in
			     * head */
	struct span own;   /* what weir says itself: Location, or content; in head */
	uint16_t target_at, host_at, id_at; /* in text */
	/* what follows is not zero at first: exchange_open() */
	struct conn *attempts[RESOLVE_MAX];
	/* for the log: method, target, host, X-Request-Id if that was kept, each
	 * ended by NUL */
	char text[EXCHANGE_TEXT];
};

struct session {
	struct ring link;   /* in the list of the busy, the idle or the dead */
	struct conn *c, *u; /* the ends toward client and upstream */
	struct exchange *x; /* a request in flight, or NULL */
	struct conf *conf;  /* held */
	struct conf_route *route; /* of conf */
	struct upstream *up; /* of route; counted there: session_use() */
	struct keyuse *key; /* held: whom the tunnel is for; or NULL */
	int64_t since;      /* when the phase began; HEAD: its first byte */
	int64_t last;       /* when a byte last moved */
	int64_t close_at;   /* to be ended by weir then, or 0 */
	int64_t opened;     /* the tunnel */
	int64_t half_at;    /* when the first side closed, or 0 */
	uint64_t id;        /* of the request or tunnel */
	uint64_t bytes_in, bytes_out; /* of the tunnel */
	int64_t meters[2];  /* of the client's bytes and messages: meter.h */
	struct track from_client, from_upstream;
	/* by stage, since each idle tunnel has to hold all of this */
	union {
		/* until a tunnel opens: where the client was accepted, as a head
		 * of the PROXY protocol says; of no family without one */
		struct peer at;
		struct beat beats[2]; /* of the legs to client and upstream */
	} stage;
	struct peer peer;
	uint32_t timer;     /* in the heap */
	uint32_t requests;
	uint8_t phase, by, reason;
	uint8_t close_why;  /* the reason, when close_at has come; once ending,
	                     * that of the Close */
	uint16_t code;      /* of the Close that weir has put in, or 0 */
	uint8_t rsv;        /* of the tunnel's frames: track.h */
	uint8_t sift;       /* ends whose frames are looked at one by one */
	bool tls : 1;       /* the client's side is encrypted */
	bool idle : 1;      /* in the list of the idle */
	bool pipelined : 1; /* c->in may hold a whole request */
	bool metered : 1;   /* the client may have to wait */
	bool slowed : 1;    /* c->in begins with a message that has to wait */
	bool ending : 1;    /* weir ends the tunnel, where frames end */
	bool tcp : 1;       /* of a tcp:// or tls:// listener: no HTTP */
	bool counted : 1;   /* in the census of addresses */
	bool in_route : 1;  /* in route->open, as a tunnel */
	bool tallied : 1;   /* a tunnel or a handshake in route->tally */
	bool tallied_address : 1; /* and in the census of its addresses */
};

/* what is one for the whole process, and what a turn knows */
struct world {
	struct conf *conf; /* for what begins now: world_set_conf() */
	struct http_limits limits; /* of it, for parsing heads */
	int64_t now;       /* milliseconds, monotonic; once a turn */
	int64_t turn;      /* which one it is */
	char *scratch;     /* what is read lands here */
	size_t read_max;   /* bytes read at once; see world_read_size() */
	struct http_field *fields; /* of the head being parsed */
	struct text out;   /* of the head being written; see world_text() */
	unsigned sessions, max_sessions;
	bool draining;
	int64_t drain_until;
};
extern struct world world;

/* sizes everything by conf, which is held; once. Returns the most memory that
 * sessions and buffers can take, in bytes */
uint64_t session_init(struct conf *conf);
/* what begins from now on is of conf, which is held */
void world_set_conf(struct conf *conf);
/* an empty text as large as any head that weir writes */
struct text *world_text(void);
/* bytes to read now, such that a buffer can keep what becomes of them */
size_t world_read_size(void);
/* random bits, good for ids */
uint64_t world_random(void);

/* a new session, without a phase yet, for a descriptor accepted at e, which is
 * of the conf in force; NULL: the caller closes fd */
struct session *session_open(int fd, const struct peer *from,
    const struct conf_endpoint *e);
/* changes the phase; each step ends with session_deadline_changed() */
void session_phase(struct session *s, enum phase p);
/* ends it then, unless it is to end sooner already */
void session_close_at(struct session *s, int64_t at, enum reason why);
/* looks up the deadline of the session again after a change within a phase */
void session_deadline_changed(struct session *s);
/* ends the session now: both ends are closed, and what is open is logged */
void session_end(struct session *s, enum reason why, enum party by);
/* as above, and the client sees a reset: its answer is not whole */
void session_abort(struct session *s, enum reason why, enum party by);
/* closes our side to the client and takes in what it still sends */
void session_linger(struct session *s);
/*
 * Answers a request that cannot be served, or ends the session where nothing
 * can be said any more. The request is over then.
 */
void session_refuse(struct session *s, enum reason why);
/* the exchange is over and its bytes are with the kernel: logs, and goes on
 * to the next request or to the end */
void session_finish(struct session *s);
/* whom the session is for from now on, in the census of addresses too */
void session_set_peer(struct session *s, const struct peer *p);
/* begins and ends an exchange */
struct exchange *exchange_open(struct session *s);
/* asks for what the next one takes: see hint.h */
void exchange_warm(void);
void exchange_close(struct session *s);
/* moves the session's work from its upstream to another one, or to none */
static inline void
session_use(struct session *s, struct upstream *up)
{
	struct upstream *old = s->up;

	if (old != NULL)
		old->open--;
	s->up = up;
	if (up != NULL)
		up->open++;
}

/* closes attempts and the upstream end */
void session_drop_upstream(struct session *s);
/* writes the line of a request that has ended */
void session_log_request(const struct session *s);
/* writes a line when a tunnel opens */
void session_log_tunnel(struct session *s, struct span protocol);
/* writes a line when bytes begin to be relayed */
void session_log_relay(const struct session *s);
/* closes the books on a tunnel, once: a line, and the count of its route */
void session_tunnel_over(struct session *s, enum reason why, enum party by);
/* writes a line when a tunnel or relay is over */
void session_log_over(const struct session *s);
/* writes a line on a client's TLS handshake that failed */
void session_log_shake(const struct session *s, enum reason why,
    const char *text);
/* the session that has waited longest for another request, and long enough to
 * be ended in favour of a new one; or NULL */
struct session *session_evictable(void);
/* when session_evictable() may find one, or INT64_MAX */
int64_t session_evict_at(void);
/* the first session of all busy or idle ones, or NULL, and the one after */
struct session *session_first(bool idle);
struct session *session_after(const struct session *s);
/* nearest deadline of all */
int64_t session_next(void);
/* has session_due() find it in this turn; false: no memory */
bool session_hurry(struct session *s);
/* a tunnel's heartbeats: silence to ask about, and to die of */
int64_t session_ping_ms(const struct session *s, enum leg leg);
int64_t session_ping_timeout_ms(const struct session *s, enum leg leg);
/*
 * True while the end of a client of a tunnel or a relay is not passed on. An
 * upstream with TLS that is told of it need not send the rest of its answer,
 * and most do not. But a client with TLS has ended both directions, and behind
 * a Close there is no rest.
 */
bool session_holds_end(const struct session *s);
/* true while they go on: until one side begins to close */
bool session_beats(const struct session *s);
/* when a tunnel's client may be read again; not later than now: it may be */
int64_t session_resume_at(const struct session *s);
/* whether it has to wait */
static inline bool
session_waits(const struct session *s)
{
	return s->metered && session_resume_at(s) > world.now;
}
/* takes one session whose deadline has passed; NULL: none */
struct session *session_due(int64_t now);
/* the deadline in force, and what it means; INT64_MAX: none */
int64_t session_deadline(const struct session *s, enum reason *why);
/* frees what ended in this turn */
void session_reap(void);
/* what a conf's routes need while they live: their upstreams, their tallies */
void conf_ref_upstreams(struct conf *c);
/* gives up a hold on a conf; frees it with the last one */
void conf_unref(struct conf *c);

/* an end's unused input together with what was just read */
struct view {
	char *p;
	size_t n;
};
/*
 * Reads from c once: behind what c->in holds, or into the scratch. Bytes
 * read, 0 at the end, -1 nothing, -2 an error, -3 no buffer for more. *full
 * tells that there may be more to read.
 */
ssize_t view_read(struct conn *c, struct view *v, bool *full);
/* the unused input alone */
void view_kept(struct conn *c, struct view *v);
/* drops the first used bytes; those behind them are still to be looked at */
void view_skip(struct conn *c, struct view *v, size_t used);
/* drops the first used bytes and keeps the others; false: no buffer */
bool view_done(struct conn *c, struct view *v, size_t used);

#endif
