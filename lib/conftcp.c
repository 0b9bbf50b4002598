/* Routes of tcp:// and tls:// listeners: see conftcp.h. */
#include <stdio.h>
#include <string.h>

#include "conftcp.h"
#include "key.h"

const char *
conftcp_route(struct arena **a, const char *text, const char **host,
    const char **path)
{
	struct conf_endpoint e;
	const char *wrong;

	memset(&e, 0, sizeof e);
	wrong = endpoint_parse(a, text, true, &e);
	*host = e.text;
	*path = "/";
	return wrong;
}

/* whether a key means something where no HTTP is spoken */
static bool
has_meaning(const char *key)
{
	static const char *const keys[] = { "upstream", "connect_timeout",
	    "linger", "abandon_timeout", "tunnel_idle", "lifetime", "retries",
	    "max_connections", "max_tunnels", "max_tunnels_per_address",
	    "allow", "deny", "balance", "slow_start", "fail_after",
	    "fail_timeout" };
	size_t i;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return strncmp(key, "upstream_", strlen("upstream_")) == 0;
}

static int
check_route(const struct conf_route *r, char *err, size_t size)
{
	const struct conf_endpoint *e;
	const struct conf_setting *s;

	for (e = r->upstreams; e != NULL; e = e->next) {
		if (e->tcp == r->tcp || e->path != NULL)
			continue;
		snprintf(err, size, r->tcp ?
		    "%s: route: needs upstreams with tcp:// or tls://: %s" :
		    "%s: route: an upstream with tcp:// or tls:// is for a "
		    "route of such a listener: %s", r->where, e->text);
		return -1;
	}
	for (s = r->settings; s != NULL && r->tcp; s = s->next) {
		if (has_meaning(s->key->name))
			continue;
		snprintf(err, size, "%s: %s: has no meaning in a route of a "
		    "tcp:// or tls:// listener: %s", s->where, s->key->name,
		    s->raw);
		return -1;
	}
	return 0;
}

/* the listener gets its route; false: there is none */
static bool
join(struct conf *c, struct conf_endpoint *e)
{
	struct conf_route *r = c->routes;

	while (r != NULL && (!r->tcp || strcmp(r->host, e->text) != 0))
		r = r->next;
	e->route = r;
	return r != NULL;
}

static bool
listens(const struct conf *c, const struct conf_route *r)
{
	const struct conf_endpoint *e = c->listens;

	while (e != NULL && e->route != r)
		e = e->next;
	return e != NULL;
}

int
conftcp_check(struct conf *c, char *err, size_t size)
{
	struct conf_endpoint *e;
	struct conf_route *r;

	for (e = c->listens; e != NULL; e = e->next) {
		if (!e->tcp || join(c, e))
			continue;
		snprintf(err, size, "%s: listen: needs a route of its own: "
		    "route = %s", e->where, e->text);
		return -1;
	}
	for (r = c->routes; r != NULL; r = r->next) {
		if (r->tcp && !listens(c, r)) {
			snprintf(err, size, "%s: route: no listen has this "
			    "address: %s", r->where, r->host);
			return -1;
		}
		if (check_route(r, err, size) != 0)
			return -1;
		if (!r->tcp)
			continue;
		/* of all routes: certificates of clients belong to hosts that
		 * are named, and checks of health speak HTTP */
		r->client_ca = NULL;
		r->health = NULL;
	}
	return 0;
}
