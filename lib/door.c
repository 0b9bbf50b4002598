/* Listeners and what comes in by them: see door.h. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "door.h"
#include "greet.h"
#include "log.h"
#include "session.h"

/* connections accepted in one turn, so that those that stand get theirs */
#define ACCEPTS_PER_TURN 64
/* how long accepting pauses when the system is out of something */
#define ACCEPT_PAUSE_MS 100
/* refused connections are told of in a line for all of this time */
#define TELL_MS 1000

static struct listener *listeners;
static int64_t accept_again; /* accepting pauses until then */
static struct {
	struct peer last;
	enum reason why;
	unsigned n; /* that the log does not know of */
	int64_t told;
} denied;
int64_t door_tell_at = INT64_MAX;

static bool
may_accept(void)
{
	return !world.draining && world.now >= accept_again &&
	    (world.sessions < world.max_sessions ||
	    session_evict_at() <= world.now);
}

/* the system is out of descriptors or memory: what stands goes on, and the
 * queue in the kernel waits */
static void
pause_accepting(int err)
{
	static int64_t told;

	if (err != EMFILE && err != ENFILE && err != ENOBUFS &&
	    err != ENOMEM)
		return;
	upstream_drop_all();
	accept_again = world.now + ACCEPT_PAUSE_MS;
	if (world.now - told >= 1000 || told == 0) {
		errno = err;
		log_warn("accepting pauses:");
		told = world.now;
	}
}

static void
tell_denied(void)
{
	char text[PEER_TEXT_MAX];

	denied.told = world.now;
	door_tell_at = INT64_MAX;
	if (!log_begin(LOG_ACCESS, (enum log_level)reason_level(denied.why),
	    "refused"))
		return;
	log_pair("client", peer_text(&denied.last, text));
	log_pair("reason", reason_word(denied.why));
	log_pair_int("count", denied.n);
	log_end();
	denied.n = 0;
}

/* those who may not come in are told of at most once a second: they may be
 * many, and a log is no less work than an answer */
static void
deny(const struct peer *p, enum reason why)
{
	denied.last = *p;
	denied.why = why;
	denied.n++;
	/* at once after a while of quiet, else with those that follow */
	door_tell_at = denied.told == 0 ? world.now : denied.told + TELL_MS;
}

/* R_DONE, or why the peer may not connect */
static enum reason
judge(const struct conf_endpoint *e, const struct peer *p)
{
	const struct cidr *trusted = world.conf->trusted;

	if (!cidr_allows(e->access, p))
		return R_DENIED;
	if (e->proxy != 0 && trusted != NULL && !cidr_holds(trusted, p))
		return R_NOT_TRUSTED;
	return R_DONE;
}

/* one connection; false: none waits, or none can be taken now */
static bool
accept_one(const struct listener *l, int fd)
{
	struct session *oldest = NULL, *s;
	struct peer peer;
	struct addr from;
	enum reason why;
	int c;

	if (!may_accept())
		return false;
	if (world.sessions >= world.max_sessions &&
	    (oldest = session_evictable()) == NULL)
		return false;
	c = listener_accept(fd, &from);
	if (c < 0) {
		pause_accepting(errno);
		/* one that was reset while it waited leaves the others */
		return errno == ECONNABORTED || errno == EINTR;
	}
	peer_from(&peer, &from);
	why = judge(l->how, &peer);
	if (why != R_DONE) {
		close(c);
		deny(&peer, why);
		return true;
	}
	if (oldest != NULL)
		session_end(oldest, R_IDLE, BY_WEIR);
	session_reap();
	s = session_open(c, &peer, l->how);
	if (s == NULL) {
		close(c);
		return true;
	}
	greet_begin(s, l->how);
	if (s->phase != S_DEAD)
		session_deadline_changed(s);
	return true;
}

void
door_serve(struct listener *l, int fd)
{
	int i;

	for (i = 0; i < ACCEPTS_PER_TURN && accept_one(l, fd); i++)
		;
}

/* takes all that wait at a listener which is about to close */
static void
empty_queue(const struct listener *l)
{
	unsigned i;

	for (i = 0; i < l->n_fds; i++)
		while (accept_one(l, l->fds[i]))
			;
}

void
door_empty(void)
{
	const struct listener *l;

	for (l = listeners; l != NULL; l = l->next)
		empty_queue(l);
}

int
door_wants(void)
{
	return may_accept() ? POLLIN : 0;
}

void
door_watch(void)
{
	const struct listener *l;
	int events = door_wants();
	unsigned i;

	for (l = listeners; l != NULL; l = l->next)
		for (i = 0; i < l->n_fds; i++)
			conn_wants(l->ends[i], events);
}

int64_t
door_next(void)
{
	int64_t at = INT64_MAX;

	if (accept_again > world.now)
		at = accept_again;
	if (world.sessions >= world.max_sessions &&
	    session_evict_at() > world.now && session_evict_at() < at)
		at = session_evict_at();
	return at;
}

void
door_tell(void)
{
	if (denied.n > 0)
		tell_denied();
}

static void
close_listener(struct listener *l)
{
	unsigned i;

	for (i = 0; i < l->n_fds; i++)
		conn_release(l->ends[i]);
	listener_close(l);
}

void
door_give_up(struct listener *list)
{
	struct listener *next;

	for (; list != NULL; list = next) {
		next = list->next;
		close_listener(list);
	}
}

void
door_close(void)
{
	door_tell();
	door_give_up(listeners);
	listeners = NULL;
}

/* opens one and puts it among the ends that the loop watches; NULL, errno */
static struct listener *
open_listener(const struct conf_endpoint *e)
{
	struct listener *l;
	unsigned i;

	l = listener_open(e);
	if (l == NULL)
		return NULL;
	for (i = 0; i < l->n_fds; i++) {
		l->ends[i] = upstream_conn_open(l->fds[i], CONN_LISTENER, l);
		if (l->ends[i] == NULL) {
			close_listener(l);
			errno = ENOMEM;
			return NULL;
		}
	}
	return l;
}

static const struct listener *
find_listener(const struct conf_endpoint *e)
{
	const struct listener *l = listeners;

	while (l != NULL && !listener_is(l, e))
		l = l->next;
	return l;
}

bool
door_open(const struct conf *c, struct listener **fresh)
{
	const struct conf_endpoint *e;
	struct listener *l;
	int err;

	*fresh = NULL;
	for (e = c->listens; e != NULL; e = e->next) {
		if (find_listener(e) != NULL)
			continue;
		l = open_listener(e);
		if (l == NULL) {
			err = errno;
			door_give_up(*fresh);
			errno = err;
			log_error("%s: listen on %s:", e->where, e->text);
			return false;
		}
		l->next = *fresh;
		*fresh = l;
	}
	return true;
}

static const struct conf_endpoint *
find_endpoint(const struct conf *c, const struct listener *l)
{
	const struct conf_endpoint *e = c->listens;

	while (e != NULL && !listener_is(l, e))
		e = e->next;
	return e;
}

static void
log_listener(const struct conf_endpoint *e)
{
	if (!log_begin(LOG_MAIN, LOG_L_INFO, "listening"))
		return;
	log_pair("address", e->text);
	log_end();
}

void
door_warn(const struct conf *c)
{
	const struct conf_endpoint *e;

	for (e = c->listens; e != NULL; e = e->next)
		if (e->proxy != 0 && e->path == NULL && c->trusted == NULL &&
		    e->access == NULL)
			log_warn("%s: listen: without trusted_proxy anybody "
			    "may claim to be any client", e->where);
}

/* keeps the sockets; what waits in their queues came for what was spoken */
static void
change_listener(struct listener *l, const struct conf_endpoint *e)
{
	bool same = l->how->tls == e->tls && l->how->proxy == e->proxy &&
	    l->how->tcp == e->tcp;

	if (!same)
		empty_queue(l);
	l->how = e;
	if (!same)
		log_listener(e);
}

void
door_take(const struct conf *c, struct listener *fresh)
{
	struct listener *l, **at;
	const struct conf_endpoint *e;

	for (at = &listeners; (l = *at) != NULL;) {
		e = find_endpoint(c, l);
		if (e != NULL) {
			change_listener(l, e);
			at = &l->next;
			continue;
		}
		*at = l->next;
		empty_queue(l);
		close_listener(l);
	}
	*at = fresh;
	for (l = fresh; l != NULL; l = l->next) {
		l->how = find_endpoint(c, l);
		log_listener(l->how);
	}
}
