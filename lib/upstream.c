/* The servers behind weir: see upstream.h. */
#include <netdb.h>

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "upstream.h"
#include "log.h"
#include "room.h"
#include "tls.h"

/* a name that could not be looked up is asked for again after this */
#define ASK_AGAIN_MS 5000
/* the longest that one is left out for its failures */
#define OUT_MAX_MS 300000

/* the place of an idle connection. The connections have none in themselves,
 * since most of them are never idle */
struct spare {
	struct ring link;
	struct upstream *up;
	struct conn *c;
	int64_t since;
};

static struct room spares = ROOM(sizeof(struct spare));
static struct upstream *all;
static uint64_t last_id;
static int64_t next_idle = INT64_MAX, next_ask = INT64_MAX;
int64_t upstream_at = INT64_MAX; /* the sooner of both */

static void
set_next(int64_t *next, int64_t at)
{
	*next = at;
	upstream_at = next_idle < next_ask ? next_idle : next_ask;
}

/* its name, if it has one, is to be looked up at once */
static void
ask_soon(struct upstream *up)
{
	if (!up->named)
		return;
	up->ask_at = 0;
	set_next(&next_ask, 0);
}

static char *
copy(const char *s)
{
	char *d;

	if (s == NULL)
		return NULL;
	d = malloc(strlen(s) + 1);
	if (d == NULL)
		fatal("out of memory for upstreams");
	return strcpy(d, s);
}

struct upstream *
upstream_ref(const struct conf_endpoint *e, const char *how,
    struct tls_client *tls)
{
	struct upstream *up;

	for (up = all; up != NULL; up = up->next) {
		if (strcmp(up->text, e->text) == 0 &&
		    strcmp(up->how, how) == 0 && up->proxy == e->proxy) {
			up->refs++;
			tls_client_free(up->tls);
			up->tls = tls;
			ask_soon(up);
			return up;
		}
	}
	up = calloc(1, sizeof *up);
	if (up == NULL)
		fatal("out of memory for upstreams");
	ring_init(&up->idle);
	up->text = copy(e->text);
	up->how = copy(how);
	up->tls = tls;
	up->host = copy(e->host);
	up->authority = copy(e->authority);
	up->port = e->port;
	up->proxy = e->proxy;
	up->refs = 1;
	up->id = ++last_id;
	up->next = all;
	all = up;
	if (e->path != NULL)
		up->n_addrs = addr_unix(e->path, &up->addrs[0]) == 0;
	else if (addr_literal(e->host, e->port, &up->addrs[0]))
		up->n_addrs = 1;
	else
		up->named = true;
	ask_soon(up);
	return up;
}

static struct spare *
of_link(struct ring *p)
{
	return RING_OWNER(p, struct spare, link);
}

/* the one that has been idle for longest, or NULL */
static struct spare *
oldest(const struct upstream *up)
{
	return ring_empty(&up->idle) ? NULL : of_link(up->idle.next);
}

/* takes a connection out of its upstream's list of idle ones */
static struct conn *
take(struct spare *p)
{
	struct upstream *up = p->up;
	struct conn *c = p->c;

	ring_remove(&p->link);
	assert(up->n_idle > 0);
	up->n_idle--;
	room_put(&spares, p);
	c->owner = NULL;
	return c;
}

void
upstream_drop(struct conn *c)
{
	conn_close(take(c->owner));
}

static void
drop_idle(struct upstream *up)
{
	while (!ring_empty(&up->idle))
		conn_close(take(oldest(up)));
}

void
upstream_drop_all(void)
{
	struct upstream *up;

	for (up = all; up != NULL; up = up->next)
		drop_idle(up);
}

struct conn *
upstream_conn_open(int fd, enum conn_kind kind, void *owner)
{
	struct conn *c = conn_open(fd, kind, owner);

	if (c != NULL)
		return c;
	upstream_drop_all();
	return conn_open(fd, kind, owner);
}

void
upstream_unref(struct upstream *up)
{
	struct upstream **at;

	if (--up->refs > 0)
		return;
	drop_idle(up);
	for (at = &all; *at != up; at = &(*at)->next)
		;
	*at = up->next;
	tls_client_free(up->tls);
	free(up->how);
	free(up->text);
	free(up->host);
	free(up->authority);
	free(up);
}

struct conn *
upstream_take(struct upstream *up)
{
	/* last in, first out: those that are not needed grow old */
	return RARE(ring_empty(&up->idle)) ? NULL : take(of_link(up->idle.prev));
}

size_t
upstream_spare_size(void)
{
	return sizeof(struct spare);
}

bool
upstream_give(struct upstream *up, struct conn *c, unsigned max,
    int64_t idle_ms, int64_t now)
{
	struct spare *p;

	/* one that was opened for one client is of no use to another */
	if (up->n_idle >= max || idle_ms == 0 || up->proxy != 0)
		return false;
	p = room_get(&spares);
	if (p == NULL)
		return false;
	c->kind = CONN_POOLED;
	c->owner = p;
	c->reused = true;
	p->up = up;
	p->c = c;
	p->since = now;
	ring_add(&up->idle, &p->link);
	up->n_idle++;
	up->idle_ms = idle_ms;
	if (RARE(oldest(up)->since + idle_ms < next_idle))
		set_next(&next_idle, oldest(up)->since + idle_ms);
	return true;
}

/* a line for a change, with what brought it */
static void
log_change(const struct upstream *up, const char *by, enum reason why,
    int status)
{
	bool down = why != R_DONE;

	if (!log_begin(LOG_MAIN, down ? LOG_L_WARN : LOG_L_INFO,
	    down ? "upstream_down" : "upstream_up"))
		return;
	log_pair("upstream", up->text);
	log_pair("by", by);
	if (down)
		log_pair("reason", reason_word(why));
	if (status > 0)
		log_pair_int("status", status);
	log_end();
}

/* leaves it out from now on, for a time that many weirs do not share */
static void
leave_out(struct upstream *up, int64_t now)
{
	int64_t fifth = up->wait_ms / 5;

	up->out_until = now + up->wait_ms - fifth +
	    (int64_t)(tls_random() % (uint64_t)(2 * fifth + 1));
}

void
upstream_failed(struct upstream *up, enum reason why, unsigned after,
    int64_t wait_ms, int64_t now)
{
	int64_t most = wait_ms > OUT_MAX_MS ? wait_ms : OUT_MAX_MS;

	up->fails += up->fails < UINT_MAX;
	if (after == 0 || up->fails < after)
		return;
	if (up->wait_ms == 0) {
		up->wait_ms = wait_ms;
		log_change(up, "requests", why, 0);
	} else if (up->tried) {
		up->wait_ms = up->wait_ms < most / 2 ? 2 * up->wait_ms : most;
	} else {
		/* it was under way before the mark */
		return;
	}
	up->tried = false;
	leave_out(up, now);
}

void
upstream_worked(struct upstream *up, int64_t now)
{
	up->fails = 0;
	if (up->wait_ms == 0)
		return;
	up->wait_ms = up->out_until = 0;
	up->tried = false;
	up->up_since = now;
	log_change(up, "requests", R_DONE, 0);
}

void
upstream_try(struct upstream *up, int64_t now)
{
	if (up->wait_ms == 0)
		return;
	up->tried = true;
	leave_out(up, now);
}

void
upstream_judge(struct upstream *up, bool down, enum reason why, int status,
    int64_t now)
{
	if (up->down == down)
		return;
	up->down = down;
	if (!down) {
		/* what failed before it was down says nothing any more */
		up->fails = 0;
		up->wait_ms = up->out_until = 0;
		up->tried = false;
		up->up_since = now;
	}
	log_change(up, "health", down ? why : R_DONE, down ? status : 0);
}

void
upstream_expire(int64_t now)
{
	int64_t next = INT64_MAX;
	struct upstream *up;
	struct spare *p;

	if (now < next_idle)
		return;
	for (up = all; up != NULL; up = up->next) {
		while ((p = oldest(up)) != NULL &&
		    p->since + up->idle_ms <= now)
			conn_close(take(p));
		if (p != NULL && p->since + up->idle_ms < next)
			next = p->since + up->idle_ms;
	}
	set_next(&next_idle, next);
}

void
upstream_ask(int64_t now, int64_t interval_ms)
{
	struct upstream *up;
	int64_t again, next = INT64_MAX;

	if (now < next_ask)
		return;
	for (up = all; up != NULL; up = up->next) {
		if (!up->named)
			continue;
		if (!up->asked && up->ask_at <= now) {
			up->asked = resolve_ask(up->id, up->host,
			    up->port) == 0;
			again = up->asked ? interval_ms : ASK_AGAIN_MS;
			up->ask_at = again > 0 ? now + again : INT64_MAX;
		}
		if (up->ask_at < next)
			next = up->ask_at;
	}
	/* one still asked when it is due again is looked at a second later */
	set_next(&next_ask, next <= now ? now + 1000 : next);
}

bool
upstream_unanswered(void)
{
	struct upstream *up;

	for (up = all; up != NULL; up = up->next)
		if (up->named && up->asked && up->n_addrs == 0)
			return true;
	return false;
}

static bool
still_has(const struct resolve_answer *a, const struct addr *addr)
{
	unsigned i;

	for (i = 0; i < a->n; i++)
		if (addr_equal(&a->addrs[i], addr))
			return true;
	return false;
}

/* takes over the addresses of an answer that has some; behind one that is
 * gone another server may be, or soon none */
static void
move(struct upstream *up, const struct resolve_answer *a, int64_t now)
{
	unsigned i;

	for (i = 0; i < up->n_addrs && still_has(a, &up->addrs[i]); i++)
		;
	if (i < up->n_addrs) {
		drop_idle(up);
		up->moved_at = now;
	}
	memcpy(up->addrs, a->addrs, a->n * sizeof a->addrs[0]);
	up->n_addrs = a->n;
}

void
upstream_answer(const struct resolve_answer *a, int64_t now)
{
	struct upstream *up;

	for (up = all; up != NULL && up->id != a->tag; up = up->next)
		;
	if (up == NULL)
		return;
	up->asked = false;
	if (a->error == 0 && a->n > 0) {
		move(up, a, now);
		if (up->warned)
			log_info("%s: has an address again", up->text);
		up->warned = false;
		return;
	}
	/* what was known of it stays in use */
	if (!up->warned)
		log_warn("%s: %s", up->text,
		    a->error != 0 ? gai_strerror(a->error) : "no address");
	up->warned = true;
	up->ask_at = now + ASK_AGAIN_MS;
	if (up->ask_at < next_ask)
		set_next(&next_ask, up->ask_at);
}

void
upstream_forgotten(int64_t now)
{
	struct upstream *up;

	for (up = all; up != NULL; up = up->next) {
		if (up->asked)
			up->ask_at = now;
		up->asked = false;
	}
	set_next(&next_ask, now);
}
