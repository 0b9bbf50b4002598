/* Paths that change on the way: see location.h. */
#include <string.h>

#include "location.h"
#include "field.h"
#include "route.h"

static const char *
or_empty(const char *prefix)
{
	return USUAL(prefix == NULL) || strcmp(prefix, "/") == 0 ? "" : prefix;
}

/* what the client's path has where the upstream's has another, or nothing */
static const char *
client_prefix(const struct conf_route *r)
{
	return RARE(r->rewrite.from != NULL) ? r->rewrite.from : r->strip_prefix;
}

void
location_change(struct location_path *p, const struct conf_route *r,
    struct span path)
{
	const char *prefix = client_prefix(r);
	long strip = -1;

	p->add = p->to = "";
	p->strip = 0;
	/* the server as a whole has no path to change */
	if (RARE(path.n == 0 || path.p[0] != '/'))
		return;
	p->add = or_empty(r->add_prefix);
	if (RARE(prefix != NULL))
		strip = route_prefix(path, prefix);
	if (USUAL(strip < 0))
		return;
	p->strip = (size_t)strip;
	p->to = or_empty(r->rewrite.to);
}

size_t
location_growth(const struct conf_route *r)
{
	size_t up = strlen(or_empty(r->add_prefix)) +
	    strlen(or_empty(r->rewrite.to));
	size_t down = r->rewrite_location ?
	    strlen(or_empty(client_prefix(r))) : 0;

	return up > down ? up : down;
}

/* a scheme with an authority, and what follows them */
struct url {
	struct span base, authority, rest;
	bool tls;
};

/* false: it is neither that nor a path */
static bool
split(struct span s, struct url *u)
{
	const char *end = s.p + s.n, *p;

	memset(u, 0, sizeof *u);
	u->rest = s;
	if (s.n > 0 && s.p[0] == '/')
		return s.n < 2 || (s.p[1] != '/' && s.p[1] != '\\');
	u->tls = field_begins(s, "https://");
	if (!u->tls && !field_begins(s, "http://"))
		return false;
	u->authority = span_between(s.p + (u->tls ? 8 : 7), end);
	for (p = u->authority.p; p < end && strchr("/?#\\", *p) == NULL; p++)
		;
	u->authority = span_between(u->authority.p, p);
	u->base = span_between(s.p, p);
	u->rest = span_between(p, end);
	return field_is_authority(u->authority);
}

/* the port of an authority, with its colon, unless it is the usual one */
static struct span
port_of(struct span authority, bool tls)
{
	const char *end = authority.p + authority.n;
	struct span port = span_between(field_host_end(authority), end);

	if (port.n == 1 || span_is(port, tls ? ":443" : ":80"))
		port.n = 0;
	return port;
}

static bool
same_place(struct span a, struct span b, bool tls)
{
	struct span x = span_between(a.p, field_host_end(a));
	struct span y = span_between(b.p, field_host_end(b));

	return span_alike(x, y) &&
	    span_equal(port_of(a, tls), port_of(b, tls));
}

static struct span
span_of(const char *s)
{
	return (struct span){s, strlen(s)};
}

/* whether it is the name by which the upstream is called */
static bool
is_upstream(const struct location *l, const struct url *u)
{
	const char *host = l->route->host_header;
	struct url up;

	if (split(span_of(l->upstream), &up) && up.authority.n > 0 &&
	    up.tls == u->tls && same_place(u->authority, up.authority, u->tls))
		return true;
	/* what it was called in the request */
	if (host != NULL && strcmp(host, "upstream") == 0)
		host = l->authority;
	return host != NULL && same_place(u->authority, span_of(host),
	    u->tls);
}

/* whether path begins with what location_change() put there; takes that off */
static bool
take_off(const struct conf_route *r, struct span *path)
{
	const char *const prefixes[] = {r->add_prefix, r->rewrite.to};
	long n;
	int i;

	for (i = 0; i < 2; i++) {
		n = route_prefix(*path, or_empty(prefixes[i]));
		if (n < 0)
			return false;
		path->p += n;
		path->n -= (size_t)n;
	}
	return true;
}

static void
put_path(struct text *t, const struct conf_route *r, struct span rest)
{
	struct span path, taken;
	const char *prefix = "";
	size_t n;

	for (n = 0; n < rest.n && rest.p[n] != '?' && rest.p[n] != '#'; n++)
		;
	/* no path is the root: RFC 3986 6.2.3 */
	path = n > 0 ? span_between(rest.p, rest.p + n) : span_of("/");
	taken = path;
	if (take_off(r, &taken)) {
		path = taken;
		prefix = or_empty(client_prefix(r));
	}
	text_str(t, prefix);
	if (path.n == 0 && *prefix == '\0')
		text_mem(t, "/", 1);
	text_span(t, path);
	text_mem(t, rest.p + n, rest.n - n);
}

/* two slashes at the start would name another host: RFC 3986 4.2 */
static void
keep_here(struct text *t, size_t start)
{
	char *p = t->p + start;

	if (t->n - start < 2 || p[0] != '/' || (p[1] != '/' && p[1] != '\\'))
		return;
	text_mem(t, "..", 2); /* room for it */
	if (t->full)
		return;
	memmove(p + 2, p, t->n - start - 2);
	memcpy(p, "/.", 2);
}

void
location_put(struct text *t, const struct location *l, struct span value)
{
	bool here;
	size_t start = t->n;
	struct url u;

	if (!split(value, &u)) {
		text_span(t, value);
		return;
	}
	here = u.authority.n == 0 || is_upstream(l, &u);
	if (!here && (l->host.n == 0 ||
	    !same_place(u.authority, l->host, u.tls))) {
		text_span(t, value);
		return;
	}
	if (!here)
		text_span(t, u.base);
	put_path(t, l->route, u.rest);
	if (here)
		keep_here(t, start);
}
