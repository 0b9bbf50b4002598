/* Tunnels of routes: see tally.h. */
#include <sys/socket.h>

#include <stdlib.h>

#include "tally.h"
#include "log.h"
#include "match.h"

struct tally {
	unsigned refs;
	unsigned tunnels; /* open, or in their handshake */
	uint32_t what; /* its number in the census of addresses */
};

static struct tally *
make(void)
{
	static uint32_t last = PEER_PASSWORDS;
	struct tally *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory for routes");
	t->what = ++last;
	return t;
}

void
tally_take(struct conf *c, const struct conf *old)
{
	const struct conf_route *o;
	struct conf_route *r;

	for (r = c->routes; r != NULL; r = r->next) {
		for (o = old->routes; o != NULL; o = o->next)
			if (match_same(o, r))
				break;
		/* at the start old is c itself */
		r->tally = o != NULL && o->tally != NULL ? o->tally : make();
		r->tally->refs++;
	}
}

void
tally_drop(struct conf *c)
{
	struct conf_route *r;

	for (r = c->routes; r != NULL; r = r->next) {
		if (r->tally != NULL && --r->tally->refs == 0)
			free(r->tally);
		r->tally = NULL;
	}
}

/* whether the address has all the tunnels that it may; else counts one */
static bool
crowded(struct session *s, const struct tally *t)
{
	unsigned max = s->route->max_tunnels_address;

	if (max == 0 || s->peer.family == AF_UNIX)
		return false;
	if (peer_counted(&s->peer, t->what) >= max)
		return true;
	s->tallied_address = peer_count(&s->peer, t->what);
	return false;
}

bool
tally_request(const struct session *s)
{
	unsigned max = s->route->max_requests_address;

	return s->peer.family == AF_UNIX ||
	    peer_take(&s->peer, s->route->tally->what, max, world.now);
}

enum reason
tally_enter(struct session *s)
{
	const struct conf_route *r = s->route;
	struct tally *t = r->tally;

	if (r->max_tunnels > 0 && t->tunnels >= r->max_tunnels)
		return R_TOO_MANY_TUNNELS;
	if (crowded(s, t))
		return R_TOO_MANY_TUNNELS_ADDRESS;
	t->tunnels++;
	s->tallied = true;
	return R_DONE;
}

void
tally_leave(struct session *s)
{
	if (!s->tallied)
		return;
	s->route->tally->tunnels--;
	if (s->tallied_address)
		peer_uncount(&s->peer, s->route->tally->what);
	s->tallied = s->tallied_address = false;
}

void
tally_book(struct session *s)
{
	struct keyuse_sums sums = {
		.bytes_in = s->bytes_in, .bytes_out = s->bytes_out,
		.messages_in = s->from_client.messages,
		.messages_out = s->from_upstream.messages,
		.ms = world.now - s->opened
	};

	keyuse_tunnel_done(s->key, &sums);
	s->key = NULL;
}
