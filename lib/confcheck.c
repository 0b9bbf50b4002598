/* What statements of a configuration require of each other: confcheck.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "confcheck.h"
#include "key.h"
#include "match.h"

#define HEAD_ROOM 2048 /* of an answer, its rules not counted */

/* where a message goes */
struct report {
	char *err;
	size_t size;
};

static int __attribute__((format(printf, 4, 5)))
say(const struct report *to, const char *where, const char *key,
    const char *fmt, ...)
{
	int n = snprintf(to->err, to->size, "%s: %s: ", where, key);
	va_list ap;

	if (n < 0 || (size_t)n >= to->size)
		return -1;
	va_start(ap, fmt);
	vsnprintf(to->err + n, to->size - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

/* the same about a setting, shown as it stood: no secret gets out */
static int
bad(const struct report *to, const struct conf_setting *s, const char *what)
{
	return say(to, s->where, s->key->name, "%s: %s", what, s->raw);
}

/* what belongs to one route must not stand before the first one */
static int
check_global(const struct report *to, const struct conf *c)
{
	const struct conf_setting *s;

	for (s = c->defaults->settings; s != NULL; s = s->next)
		if (key_is_match(s->key) ||
		    (s->key->type == VALUE_RESPOND && s->rank != DEFAULT) ||
		    (s->key->type == VALUE_REDIRECT &&
		    c->defaults->redirect.url != NULL))
			return bad(to, s, "stands in a route only");
	return 0;
}

static int
check_twin(const struct report *to, const struct conf *c,
    const struct conf_route *r)
{
	const struct conf_route *other;

	for (other = c->routes; other != r; other = other->next)
		if (match_same(other, r))
			return say(to, r->where, "route",
			    "same host%s as at %s: %s", r->n_matches > 0 ?
			    ", path and conditions" : " and path",
			    other->where, r->text);
	return 0;
}

bool
confcheck_fixed(const struct conf_route *r)
{
	return r->respond.status != 0 || r->redirect.url != NULL;
}

/* the text of an answer must fit into one buffer with its head */
static int
check_text(const struct report *to, const struct conf *c,
    const struct conf_route *r)
{
	uint64_t need = strlen(r->respond.body) + r->added + HEAD_ROOM;
	char text[VALUE_TEXT];

	if (need <= c->buffer)
		return 0;
	need = (need + 1023) / 1024 * 1024;
	return say(to, conf_where(c, r, "respond"), "respond",
	    "its text needs a buffer of %s",
	    value_text(VALUE_SIZE, &need, text));
}

/* a route that answers by itself does nothing else */
static int
check_fixed(const struct report *to, const struct conf *c,
    const struct conf_route *r)
{
	const struct conf_setting *s;

	if (!confcheck_fixed(r))
		return 0;
	s = key_given(r, key_find("upstream", true));
	if (s != NULL)
		return bad(to, s, "the route answers by itself");
	if (r->respond.status == 0)
		return 0;
	if (r->redirect.url != NULL)
		return bad(to, key_given(r, key_find("redirect", true)),
		    "the route has an answer to respond with");
	return check_text(to, c, r);
}

static int
check_prefixes(const struct report *to, const struct conf *c,
    const struct conf_route *r)
{
	if (r->rewrite.from == NULL || r->strip_prefix == NULL)
		return 0;
	return bad(to, key_origin(c, r, "rewrite"),
	    "there is a strip_prefix already");
}

int
confcheck_routes(const struct conf *c, char *err, size_t size)
{
	const struct report to = {err, size};
	const struct conf_route *r;

	if (check_global(&to, c) != 0)
		return -1;
	for (r = c->routes; r != NULL; r = r->next)
		if (check_twin(&to, c, r) != 0 ||
		    check_fixed(&to, c, r) != 0 ||
		    check_prefixes(&to, c, r) != 0)
			return -1;
	return 0;
}

static bool
any_tls(const struct conf_endpoint *e)
{
	while (e != NULL && !e->tls)
		e = e->next;
	return e != NULL;
}

/* the same for HTTP alone */
static bool
any_https(const struct conf_endpoint *e)
{
	while (e != NULL && (!e->tls || e->tcp))
		e = e->next;
	return e != NULL;
}

int
confcheck_certs(const struct conf *c, char *err, size_t size)
{
	const struct report to = {err, size};
	const struct conf_endpoint *e = c->listens;

	while (e != NULL && !e->tls)
		e = e->next;
	if (e == NULL || c->certs != NULL)
		return 0;
	return say(&to, e->where, "listen", "needs a cert: %s", e->text);
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
check_route_tls(const struct report *to, struct conf *c, struct conf_route *r)
{
	const struct conf_setting *s;

	for (s = r->settings; s != NULL; s = s->next)
		if (!any_tls(r->upstreams) && about_upstream_tls(c, r, s))
			return bad(to, s, "the route has no https:// upstream");
	if (r->upstream_key != NULL && r->upstream_cert == NULL)
		return bad(to, key_origin(c, r, "upstream_key"),
		    "needs an upstream_cert");
	if (r->client_ca != NULL && !any_https(c->listens))
		return bad(to, key_origin(c, r, "client_ca"),
		    "needs an https:// listen");
	return 0;
}

/*
 * A client is asked for its certificate before it names a path: routes of one
 * host ask for the same, and one that says nothing for what another says.
 */
static int
share_client_ca(const struct report *to, struct conf *c,
    const struct conf_route *from)
{
	const struct key *k = key_find("client_ca", true);
	const struct conf_setting *own, *s;
	struct conf_route *r;

	for (r = c->routes; r != NULL; r = r->next) {
		if (from->client_ca == NULL || strcmp(r->host, from->host) != 0)
			continue;
		own = key_given(r, k);
		if (r->client_ca == NULL && own == NULL)
			r->client_ca = from->client_ca;
		if (r->client_ca != NULL &&
		    strcmp(r->client_ca, from->client_ca) == 0)
			continue;
		s = own != NULL ? own : key_given(from, k);
		return say(to, s->where, k->name,
		    "not that of the same host at %s: %s",
		    (own != NULL ? from : r)->where, s->raw);
	}
	return 0;
}

int
confcheck_tls(struct conf *c, char *err, size_t size)
{
	const struct report to = {err, size};
	struct conf_route *r;

	if (confcheck_certs(c, err, size) != 0)
		return -1;
	for (r = c->routes; r != NULL; r = r->next)
		if (check_route_tls(&to, c, r) != 0)
			return -1;
	for (r = c->routes; r != NULL; r = r->next)
		if (share_client_ca(&to, c, r) != 0)
			return -1;
	return 0;
}

/* who is blind to frames cannot count them */
static int
check_frames(const struct report *to, const struct conf *c,
    const struct conf_route *r)
{
	static const char *const need[] = { "max_message", "max_frame",
	    "messages" };
	const uint64_t set[] = { r->message_max, r->frame_max, r->messages };
	size_t i;

	if (r->ws_check != CONF_CHECK_OFF)
		return 0;
	for (i = 0; i < sizeof need / sizeof need[0]; i++)
		if (set[i] != 0)
			return bad(to, key_origin(c, r, need[i]),
			    "needs a ws_check that is not off");
	return 0;
}

int
confcheck_frames(const struct conf *c, char *err, size_t size)
{
	const struct report to = {err, size};
	const struct conf_route *r;

	for (r = c->routes; r != NULL; r = r->next)
		if (check_frames(&to, c, r) != 0)
			return -1;
	return 0;
}
