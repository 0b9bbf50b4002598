/* What TLS requires of a configuration: see conftls.h. */
#include <stdio.h>
#include <string.h>

#include "conftls.h"
#include "key.h"

/* where a message goes */
struct fault {
	char *err;
	size_t size;
};

/* says what is wrong with a setting, which is shown as it stood */
static int
bad(const struct fault *f, const struct conf_setting *s, const char *what)
{
	snprintf(f->err, f->size, "%s: %s: %s: %s", s->where, s->key->name,
	    what, s->raw);
	return -1;
}

static bool
any_tls(const struct conf_endpoint *e)
{
	while (e != NULL && !e->tls)
		e = e->next;
	return e != NULL;
}

int
conftls_certs(const struct conf *c, char *err, size_t size)
{
	const struct conf_endpoint *e = c->listens;

	while (e != NULL && !e->tls)
		e = e->next;
	if (e == NULL || c->certs != NULL)
		return 0;
	snprintf(err, size, "%s: listen: needs a cert: %s", e->where, e->text);
	return -1;
}

/* whether the route's own setting says something of TLS with upstreams */
static bool
about_upstream_tls(struct conf *c, struct conf_route *r,
    const struct conf_setting *s)
{
	char buf[VALUE_TEXT];

	return strncmp(s->key->name, "upstream_", strlen("upstream_")) == 0 &&
	    *value_text(s->key->type, key_field(c, r, s->key), buf) != '\0';
}

/* what a route says of TLS must be of use: somebody may rely on it */
static int
check_route(struct conf *c, struct conf_route *r, const struct fault *f)
{
	const struct conf_setting *s;

	for (s = r->settings; s != NULL; s = s->next)
		if (!any_tls(r->upstreams) && about_upstream_tls(c, r, s))
			return bad(f, s, "the route has no https:// upstream");
	if (r->upstream_key != NULL && r->upstream_cert == NULL)
		return bad(f, key_origin(c, r, "upstream_key"),
		    "needs an upstream_cert");
	if (r->client_ca != NULL && !any_tls(c->listens))
		return bad(f, key_origin(c, r, "client_ca"),
		    "needs an https:// listen");
	return 0;
}

/*
 * A client is asked for its certificate before it names a path: routes of one
 * host ask for the same, and one that says nothing for what another says.
 */
static int
share_client_ca(struct conf *c, const struct conf_route *from,
    const struct fault *f)
{
	const struct key *k = key_find("client_ca", true);
	const struct conf_setting *own;
	struct conf_route *r;
	char what[400];

	for (r = c->routes; r != NULL; r = r->next) {
		if (from->client_ca == NULL || strcmp(r->host, from->host) != 0)
			continue;
		own = key_given(r, k);
		if (r->client_ca == NULL && own == NULL)
			r->client_ca = from->client_ca;
		if (r->client_ca != NULL &&
		    strcmp(r->client_ca, from->client_ca) == 0)
			continue;
		snprintf(what, sizeof what, "not that of the same host at %s",
		    (own != NULL ? from : r)->where);
		return bad(f, own != NULL ? own : key_given(from, k), what);
	}
	return 0;
}

int
conftls_check(struct conf *c, char *err, size_t size)
{
	const struct fault f = { err, size };
	struct conf_route *r;

	if (conftls_certs(c, err, size) != 0)
		return -1;
	for (r = c->routes; r != NULL; r = r->next)
		if (check_route(c, r, &f) != 0)
			return -1;
	for (r = c->routes; r != NULL; r = r->next)
		if (share_client_ca(c, r, &f) != 0)
			return -1;
	return 0;
}
