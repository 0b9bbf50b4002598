/* What can be said of a request at once: see judge.h. */
#include <sys/socket.h>

#include <string.h>

#include "judge.h"
#include "allow.h"
#include "auth.h"
#include "fixed.h"
#include "plain.h"
#include "route.h"
#include "tally.h"
#include "tls.h"
#include "upgrade.h"

/* whether a WebSocket is asked for, or a reason negated */
static int
judge_upgrade(const struct http_request *q)
{
	struct ws_offer o;
	int verdict;

	if ((q->h.seen & (1ull << HTTP_F_UPGRADE |
	    1ull << HTTP_F_SEC_WEBSOCKET_KEY)) == 0)
		return WS_PLAIN;
	o = upgrade_offer(q);
	verdict = ws_judge(&o);
	if (verdict == WS_HANDSHAKE && http_count(&q->h, HTTP_F_ORIGIN) > 1)
		return -R_WS_ORIGIN;
	return verdict;
}

/* whether the address asks for too much, wherever it asks */
static enum reason
judge_peer(struct session *s)
{
	const struct conf *c = s->conf;

	if (RARE(c->max_address > 0) && s->counted &&
	    peer_counted(&s->peer, PEER_CONNECTIONS) > c->max_address) {
		/* a proxy's connection is not only for that client */
		s->x->keep = s->x->keep && s->x->told;
		return R_TOO_MANY_ADDRESS;
	}
	if (RARE(s->x->handshake) && c->max_handshakes > 0 &&
	    s->peer.family != AF_UNIX &&
	    !peer_take(&s->peer, PEER_CONNECTIONS, c->max_handshakes,
	    world.now))
		return R_TOO_MANY_HANDSHAKES;
	return R_DONE;
}

/*
 * Browsers let any page open a WebSocket anywhere, with the cookies of where
 * it goes, and tell the page's origin: RFC 6455 10.2.
 */
static enum reason
judge_origin(const struct session *s, const struct http_request *q)
{
	const struct http_field *f = http_find(&q->h, HTTP_F_ORIGIN, NULL);
	const struct client *from = s->x->from;
	const struct conf_route *r = s->route;

	if (f == NULL)
		return R_DONE;
	if (r->origins != NULL)
		return allow_origin(r->origins, f->value) ? R_DONE : R_ORIGIN;
	return (q->h.seen & 1ull << HTTP_F_COOKIE) == 0 ||
	    allow_same_origin(f->value, from != NULL && from->host.n > 0 ?
	    from->host : q->host) ? R_DONE : R_ORIGIN;
}

/* what the route has to say of a handshake */
static enum reason
judge_handshake(struct session *s, const struct http_request *q)
{
	enum reason why = judge_origin(s, q);

	if (why != R_DONE)
		return why;
	if (s->route->subprotocols != NULL &&
	    allow_protocols(s->route, &q->h, NULL) < 0)
		return R_SUBPROTOCOL;
	return tally_enter(s);
}

/* what the key is limited to */
static enum reason
judge_limits(struct exchange *x, const struct keyuse_limits *l)
{
	struct keyuse *key = x->key_use;
	int64_t wait;

	if (x->handshake && l->max_tunnels > 0 &&
	    key->tunnels >= l->max_tunnels)
		return R_KEY_TUNNELS;
	wait = keyuse_take(key, l, world.now);
	if (wait > 0) {
		x->wait_s = (unsigned)(wait / 1000);
		return R_KEY_RATE;
	}
	/* counted from now on, so that many at once are not too many */
	x->key_tunnel = x->handshake;
	key->tunnels += x->key_tunnel;
	return R_DONE;
}

/* what the client shows */
static enum reason
judge_key(struct session *s, const struct http_request *q)
{
	const struct asker by = {&s->peer, world.now};
	struct auth_pass p;
	enum reason why;

	why = auth_judge(s->route, q, &by, &p);
	s->x->key_use = p.use;
	return p.use != NULL ? judge_limits(s->x, &p.limits) : why;
}

/* what the route has to say */
static enum reason
judge_route(struct session *s, const struct http_request *q)
{
	struct conf_route *r = s->route;
	struct exchange *x = s->x;
	enum reason why = R_DONE;

	if (RARE(r->access != NULL) && !cidr_allows(r->access, &s->peer))
		return R_DENIED;
	if (RARE(r->max_requests_address > 0) && !tally_request(s))
		return R_TOO_MANY_REQUESTS;
	if (RARE(r->client_ca != NULL) && (s->c->tls == NULL ||
	    !tls_client_known(s->c->tls, r->host)))
		return R_NO_CLIENT_CERT;
	if (RARE(r->auth != NULL))
		why = judge_key(s, q);
	if (RARE(why != R_DONE))
		return why;
	if (RARE(r->body_max > 0) && q->h.body == HTTP_BODY_LENGTH &&
	    q->h.length > r->body_max)
		return R_BODY_TOO_LARGE;
	if (RARE(r->max_route > 0) && r->open >= r->max_route)
		return R_TOO_MANY;
	if (RARE(r->respond.status != 0 || r->redirect.url != NULL))
		why = fixed_judge(s, q);
	if (RARE(x->handshake) && why == R_DONE)
		why = judge_handshake(s, q);
	if (RARE(why != R_DONE))
		return why;
	if (RARE(r->balance.by >= BALANCE_ADDRESS))
		x->balance = balance_key(&r->balance, q, &s->peer);
	r->open++;
	x->counted = true;
	return R_DONE;
}

void
judge_client(struct session *s, const struct http_request *q)
{
	static struct client from;
	struct exchange *x = s->x;

	client_find(s->conf, &s->peer, &q->h, &from);
	if (!from.trusted)
		return;
	x->from = &from;
	if (from.proto != NULL)
		x->secure = strcmp(from.proto, "https") == 0;
	if (!from.told)
		return;
	x->told = true;
	x->via = s->peer;
	session_set_peer(s, &from.peer);
}

enum reason
judge_request(struct session *s, const struct http_request *q)
{
	struct exchange *x = s->x;
	enum reason why;
	int upgrade;

	if (RARE(q->method_id == HTTP_M_CONNECT ||
	    q->method_id == HTTP_M_TRACE))
		return R_METHOD_REFUSED;
	upgrade = judge_upgrade(q);
	x->handshake = upgrade == WS_HANDSHAKE;
	/* as early as can be: it says in what form a refusal is told */
	s->route = route_find(s->conf, q);
	why = judge_peer(s);
	if (RARE(why != R_DONE))
		return why;
	if (RARE(upgrade < 0))
		return (enum reason)-upgrade;
	if (RARE(s->conf->acme_webroot != NULL))
		why = plain_challenge(s, q);
	if (RARE(why != R_DONE))
		return why;
	if (RARE(s->route == NULL))
		return R_NO_ROUTE;
	if (RARE(s->route->redirect.https))
		why = plain_redirect(s, q);
	return RARE(why != R_DONE) ? why : judge_route(s, q);
}
