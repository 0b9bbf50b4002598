/* Origins and subprotocols that may open a tunnel: see allow.h. */
#include <string.h>

#include "allow.h"
#include "auth.h"

/* RFC 6454 4: what makes two of them the same */
struct origin {
	struct span scheme, host; /* IPv6 with its brackets */
	unsigned port; /* 0: none is said, and the scheme has none of its own */
};

/* RFC 3986 3.1 */
static bool
is_scheme(struct span s)
{
	size_t i;
	char c;

	for (i = 0; i < s.n; i++) {
		c = lower(s.p[i]);
		if ((c < 'a' || c > 'z') && (i == 0 || ((c < '0' || c > '9') &&
		    c != '+' && c != '-' && c != '.')))
			return false;
	}
	return s.n > 0;
}

static unsigned
usual_port(struct span scheme)
{
	return span_is(scheme, "http") ? 80 :
	    span_is(scheme, "https") ? 443 : 0;
}

/* host and port of an authority; false if they are none */
static bool
read_authority(struct span s, struct origin *o)
{
	const char *p, *end = s.p + s.n;

	if (!field_is_authority(s))
		return false;
	p = field_host_end(s);
	o->host = span_between(s.p, p);
	o->port = usual_port(o->scheme);
	if (end - p < 2)
		return true;
	for (o->port = 0; ++p < end && o->port < 65536;)
		o->port = 10 * o->port + (unsigned)(*p - '0');
	return o->port < 65536;
}

/* one serialized origin: RFC 6454 6.2 */
static bool
read_origin(struct span s, struct origin *o)
{
	size_t i;

	for (i = 0; i + 3 <= s.n; i++)
		if (memcmp(s.p + i, "://", 3) == 0)
			break;
	if (i + 3 > s.n)
		return false;
	o->scheme = span_between(s.p, s.p + i);
	return is_scheme(o->scheme) &&
	    read_authority(span_between(s.p + i + 3, s.p + s.n), o);
}

static bool
wildcard(struct span host)
{
	return host.n > 2 && host.p[0] == '*' && host.p[1] == '.';
}

/* "*.example.com" takes one label or more, not none */
static bool
host_fits(struct span want, struct span host)
{
	if (wildcard(want)) {
		want = span_between(want.p + 1, want.p + want.n);
		if (host.n <= want.n)
			return false;
		host = span_between(host.p + host.n - want.n, host.p + host.n);
	}
	return span_alike(want, host);
}

bool
allow_origin(const struct conf_word *list, struct span origin)
{
	struct origin o, want;
	bool known = read_origin(origin, &o);

	for (; list != NULL; list = list->next) {
		if (strcmp(list->text, "*") == 0 ||
		    span_is_exact(origin, list->text))
			return true;
		if (known && read_origin(span_between(list->text,
		    list->text + strlen(list->text)), &want) &&
		    span_alike(o.scheme, want.scheme) && o.port == want.port &&
		    host_fits(want.host, o.host))
			return true;
	}
	return false;
}

bool
allow_same_origin(struct span origin, struct span authority)
{
	struct origin o, here;

	if (!read_origin(origin, &o))
		return false;
	here.scheme = o.scheme;
	return read_authority(authority, &here) && o.port == here.port &&
	    span_alike(o.host, here.host);
}

static bool
listed(const struct conf_word *list, struct span item)
{
	for (; list != NULL; list = list->next)
		if (span_is_exact(item, list->text))
			return true;
	return false;
}

int
allow_protocols(const struct conf_route *r, const struct http_head *h,
    struct text *t)
{
	const struct shown_from *hide = auth_hides(r);
	struct shown_items l = shown_items(h);
	struct span item;
	int offered = 0, n = 0;

	while (shown_next(&l, &item)) {
		if (hide != NULL && hide->keys && l.kind != SHOWN_PLAIN)
			continue;
		offered++;
		if (r->subprotocols != NULL && !listed(r->subprotocols, item))
			continue;
		if (t != NULL && n > 0)
			text_str(t, ", ");
		if (t != NULL)
			text_span(t, item);
		n++;
	}
	return n == 0 && offered > 0 ? -1 : n;
}

struct span
allow_choice(const struct conf_route *r, const struct http_head *h)
{
	struct span item, label = {"", 0};
	struct shown_items l = shown_items(h);

	while (auth_keyed(r) && shown_next(&l, &item)) {
		if (l.kind == SHOWN_PLAIN && (r->subprotocols == NULL ||
		    listed(r->subprotocols, item)))
			return item;
		if (l.kind == SHOWN_LABEL && label.n == 0)
			label = item;
	}
	return label;
}

/* ---- the configuration ---- */

static const char no_memory[] = "out of memory";

static const char *
origin_text(struct arena **a, const char *text, char **canon)
{
	struct span s = { text, strlen(text) }, bare;
	struct origin o;
	char *p;

	if (strcmp(text, "*") == 0 || strcmp(text, "null") == 0) {
		*canon = arena_printf(a, "%s", text);
		return *canon != NULL ? NULL : no_memory;
	}
	if (!read_origin(s, &o))
		return "not *, null or SCHEME://HOST[:PORT]";
	bare = o.host;
	if (wildcard(bare))
		bare = span_between(bare.p + 2, bare.p + bare.n);
	if (bare.n == 0 || memchr(bare.p, '*', bare.n) != NULL)
		return "* stands alone, or before the first dot of a host";
	*canon = o.port == usual_port(o.scheme) ?
	    arena_printf(a, "%.*s://%.*s", (int)o.scheme.n, o.scheme.p,
	    (int)o.host.n, o.host.p) :
	    arena_printf(a, "%.*s://%.*s:%u", (int)o.scheme.n, o.scheme.p,
	    (int)o.host.n, o.host.p, o.port);
	if (*canon == NULL)
		return no_memory;
	for (p = *canon; *p != '\0'; p++)
		*p = lower(*p);
	return NULL;
}

static const char *
protocol_text(struct arena **a, const char *text, char **canon)
{
	struct span s = { text, strlen(text) };

	if (!field_is_token(s))
		return "not the name of a subprotocol";
	*canon = arena_printf(a, "%s", text);
	return *canon != NULL ? NULL : no_memory;
}

const char *
allow_add(struct arena **a, enum value_type type, const char *text,
    struct conf_word **list, const char **canon)
{
	struct conf_word *w = arena_take(a, sizeof *w);
	const char *wrong;
	char *p = NULL;

	if (w == NULL)
		return no_memory;
	wrong = type == VALUE_ORIGINS ? origin_text(a, text, &p) :
	    protocol_text(a, text, &p);
	if (wrong != NULL)
		return wrong;
	for (; *list != NULL; list = &(*list)->next)
		if (strcmp((*list)->text, p) == 0)
			return "given twice";
	*list = w;
	w->text = *canon = p;
	return NULL;
}
