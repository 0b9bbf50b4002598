/*
 * Heads of the PROXY protocol on connections: see greet.h.
 *
 * What follows a head belongs to others, an engine perhaps that reads from the
 * socket by itself: so it is looked at first, and then no more is taken than
 * the head's own bytes.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "greet.h"
#include "log.h"
#include "proxyhead.h"
#include "shake.h"

void
greet_failed(struct session *s, enum reason why)
{
	char text[PEER_TEXT_MAX];

	if (log_begin(LOG_ACCESS, (enum log_level)reason_level(why),
	    "refused")) {
		log_pair("client", peer_text(&s->peer, text));
		log_pair("reason", reason_word(why));
		log_pair_int("ms", world.now - s->since);
		log_end();
	}
	session_end(s, why, BY_CLIENT);
}

/* the connection has ended within its head */
static void
ended(struct session *s, ssize_t n, size_t had)
{
	if (n < 0)
		session_end(s, R_CLIENT_RESET, BY_CLIENT);
	else if (had == 0)
		/* somebody looked whether the port is open */
		session_end(s, R_DONE, BY_CLIENT);
	else
		greet_failed(s, R_BAD_PROXY_HEAD);
}

/* keeps n bytes of a head that is not whole; false: no buffer */
static bool
keep(struct conn *c, const char *p, size_t n)
{
	if (!buf_fit(&c->in, n))
		return false;
	buf_append(c->in, p, n);
	return true;
}

void
greet_client(struct session *s)
{
	size_t had = buf_len(s->c->in), take;
	struct proxyhead h;
	char *p = world.scratch;
	ssize_t n;
	int used;

	if (had > 0)
		memcpy(p, s->c->in->data + s->c->in->beg, had);
	n = recv(s->c->fd, p + had, PROXYHEAD_MAX - had, MSG_PEEK);
	if (n < 0 && conn_passing(errno))
		return;
	if (n <= 0) {
		ended(s, n, had);
		return;
	}
	used = proxyhead_parse(p, had + (size_t)n, &h);
	take = used > 0 ? (size_t)used - had : (size_t)n;
	if (used < 0 || recv(s->c->fd, p + had, take, 0) != (ssize_t)take) {
		greet_failed(s, R_BAD_PROXY_HEAD);
		return;
	}
	if (used == 0) {
		if (!keep(s->c, p + had, take))
			greet_failed(s, R_NO_MEMORY);
		return;
	}
	conn_forget(s->c);
	if (!h.local)
		session_set_peer(s, &h.src);
	/* without an address it says nothing that the socket does not know */
	if (h.dst.family != AF_UNIX)
		s->stage.at = h.dst;
	shake_begin(s);
}

void
greet_begin(struct session *s, const struct conf_endpoint *e)
{
	if (e->proxy != 0)
		session_phase(s, S_GREET);
	else
		shake_begin(s);
}
