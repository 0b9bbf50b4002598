/* From a connection to the upstream that it is relayed to: see relay.h. */
#include <sys/socket.h>

#include "relay.h"
#include "dial.h"
#include "exchange.h"
#include "tally.h"

/* R_DONE, or why the connection is not served */
static enum reason
judge(struct session *s)
{
	const struct conf_route *r = s->route;

	if (!cidr_allows(r->access, &s->peer))
		return R_DENIED;
	if (s->conf->max_address > 0 && s->counted && peer_counted(&s->peer,
	    PEER_CONNECTIONS) > s->conf->max_address)
		return R_TOO_MANY_ADDRESS;
	if (r->max_route > 0 && r->open >= r->max_route)
		return R_TOO_MANY;
	return tally_enter(s);
}

void
relay_begin(struct session *s)
{
	struct exchange *x = exchange_open(s);
	enum reason why;

	s->opened = world.now;
	if (x == NULL) {
		session_end(s, R_NO_MEMORY, BY_WEIR);
		return;
	}
	why = judge(s);
	if (why == R_DONE) {
		s->route->open++;
		x->counted = true;
		x->balance = balance_key(&s->route->balance, NULL, &s->peer);
		/* what waits in the pool has spoken HTTP */
		x->fresh = true;
		/* nothing is sent before the client's own bytes */
		x->head = buf_get(1);
		if (x->head == NULL)
			why = R_NO_MEMORY;
	}
	if (why != R_DONE)
		session_refuse(s, why);
	else
		exchange_dialed(s, dial_start(s));
}
