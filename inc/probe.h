#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "endpoint.h"
#include "probejudge.h"
#include "probewire.h"

/*
 * `weir probe URL`: connects as a client would and tells what happens. A
 * program of its own, which may wait. Its parts: probe.c has the arguments and
 * the order of steps, probeask.c the request and its answer, probetalk.c what
 * goes over the tunnel.
 */

/* args are those behind "probe"; returns the exit status */
int probe_main(int argc, char **argv);

/* ---- what its parts share ---- */

#define PROBE_FIELDS 64 /* -H at the most */

struct probe_how {
	struct arena *arena;
	struct conf_endpoint to, via; /* via.host is NULL if not asked for */
	const char *target; /* "/path?query" */
	const char *fields[PROBE_FIELDS]; /* "Name: value" */
	unsigned n_fields;
	const char *subprotocol, *origin, *ca, *echo_text; /* or NULL */
	const char *via_text;
	const char *extensions; /* those that fields offer, or NULL */
	bool insecure, json, echo, help;
	bool secret; /* something of all that is one */
	int family; /* AF_UNSPEC, AF_INET, AF_INET6 */
	unsigned pings;
	int64_t timeout_ms, hold_ms, ping_ms; /* 0: no hold, half of the cut */
};

/* ---- the request and its answer ---- */

/* sends the handshake and takes the answer; says both. True if it is a 101
 * that is proved */
bool ask_handshake(const struct probe_how *h, struct wire *w,
    struct probe_facts *f);
/* sends the same without Upgrade over another connection, and compares */
void ask_plain(const struct probe_how *h, struct wire *w,
    struct probe_facts *f);
/* the same as ask_handshake(), and says nothing; for one that had worked */
bool ask_again(const struct probe_how *h, struct wire *w);

/* ---- the tunnel ---- */

/* pings, and the echo; false: it ended */
bool talk_pings(const struct probe_how *h, struct wire *w,
    struct probe_facts *f);
bool talk_echo(const struct probe_how *h, struct wire *w,
    struct probe_facts *f);
/* holds it open for ms, with a ping every ping_ms unless that is 0 */
void talk_hold(const struct probe_how *h, struct wire *w, int64_t ms,
    int64_t ping_ms, struct probe_hold *hold);
/* the closing handshake */
void talk_close(const struct probe_how *h, struct wire *w);

#endif
