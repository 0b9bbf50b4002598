/* Who a request is from, by trusted proxies: see client.h. */
#include <stddef.h>
#include <string.h>

#include "client.h"

/* the last items of a list, the newest last */
struct items {
	struct span at[CLIENT_CHAIN_MAX];
	size_t n;
};

static void
items_add(struct items *l, struct span item)
{
	if (l->n == CLIENT_CHAIN_MAX) {
		l->n--;
		memmove(&l->at[0], &l->at[1], l->n * sizeof l->at[0]);
	}
	l->at[l->n++] = item;
}

static bool
is_digits(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n <= 5;
}

static uint16_t
port_of(struct span s)
{
	unsigned v = 0;
	size_t i;

	for (i = 0; i < s.n; i++)
		v = 10 * v + (unsigned)(s.p[i] - '0');
	return (uint16_t)(v <= 65535 ? v : 0);
}

/* an address, perhaps with brackets and a port: "1.2.3.4:5", "[::1]:5" */
static bool
parse_node(struct span s, struct peer *p)
{
	struct span host = s, port = { "", 0 };
	const char *end;

	if (s.n == 0)
		return false;
	if (*s.p == '[') {
		end = memchr(s.p, ']', s.n);
		if (end == NULL || memchr(s.p, ':', (size_t)(end - s.p)) == NULL)
			return false;
		host = span_between(s.p + 1, end);
		port = span_between(end + 1, s.p + s.n);
	} else if ((end = memchr(s.p, ':', s.n)) != NULL &&
	    memchr(end + 1, ':', s.n - (size_t)(end + 1 - s.p)) == NULL) {
		host = span_between(s.p, end);
		port = span_between(end, s.p + s.n);
	}
	if (port.n > 0 && (*port.p != ':' ||
	    !is_digits(span_between(port.p + 1, port.p + port.n))))
		return false;
	if (port.n > 0)
		port = span_between(port.p + 1, port.p + port.n);
	return cidr_address(host, port_of(port), p);
}

/* takes what stands before the mark, and the mark, off *s */
static struct span
cut(struct span *s, char mark)
{
	const char *end = memchr(s->p, mark, s->n);
	struct span head = *s;

	if (end == NULL) {
		s->p += s->n;
		s->n = 0;
		return head;
	}
	head.n = (size_t)(end - s->p);
	*s = span_between(end + 1, s->p + s->n);
	return head;
}

/* a value, which may stand in quotes; nothing in it is escaped here, since no
 * address needs that */
static bool
unquote(struct span *s)
{
	if (s->n < 2 || *s->p != '"')
		return field_is_token(*s);
	if (s->p[s->n - 1] != '"')
		return false;
	s->p++;
	s->n -= 2;
	return memchr(s->p, '"', s->n) == NULL &&
	    memchr(s->p, '\\', s->n) == NULL;
}

/*
 * The node of for= in an element of Forwarded: RFC 7239 4. Elements are cut at
 * commas without regard to quotes: one that was begun by somebody on the left
 * must not swallow what a proxy put behind it.
 */
static bool
parse_element(struct span s, struct peer *p)
{
	struct span pair, name;
	bool found = false;

	while (s.n > 0) {
		pair = cut(&s, ';');
		while (pair.n > 0 && *pair.p == ' ')
			pair = span_between(pair.p + 1, pair.p + pair.n);
		name = cut(&pair, '=');
		if (!field_is_token(name) || !unquote(&pair))
			return false;
		if (!span_is(name, "for"))
			continue;
		if (found || !parse_node(pair, p))
			return false;
		found = true;
	}
	return found;
}

/* the items of a field that may occur more than once */
static void
collect(const struct http_head *h, const char *name, struct items *l)
{
	struct span list, item;
	unsigned i;

	l->n = 0;
	for (i = 0; i < h->n_fields; i++) {
		if (!span_is(h->fields[i].name, name))
			continue;
		list = h->fields[i].value;
		while (span_next(&list, &item))
			items_add(l, item);
	}
}

/* writes the addresses from the client's on, which is the first of them */
static void
write_chain(const struct peer *chain, size_t n, struct client *from)
{
	char text[PEER_TEXT_MAX];
	struct text t;

	text_init(&t, from->memory, sizeof from->memory);
	while (n-- > 0) {
		text_str(&t, peer_text(&chain[n], text));
		if (n > 0)
			text_str(&t, ", ");
	}
	from->chain = (struct span){t.p, t.n};
}

/* from the right to the first address that is not trusted */
static void
find_address(const struct conf *c, const struct items *l, bool forwarded,
    struct client *from)
{
	struct peer chain[CLIENT_CHAIN_MAX];
	size_t i, n = 0;

	for (i = l->n; i-- > 0;) {
		if (!(forwarded ? parse_element(l->at[i], &chain[n]) :
		    parse_node(l->at[i], &chain[n])))
			break;
		if (!cidr_holds(c->trusted, &chain[n++]))
			break;
	}
	if (n == 0)
		return;
	from->told = true;
	from->peer = chain[n - 1];
	write_chain(chain, n, from);
}

/* the value of a field that occurs once, or an empty one */
static struct span
only(const struct http_head *h, enum http_field_id id)
{
	const struct http_field *f = http_find(h, id, NULL);

	if (f == NULL || http_find(h, id, f) != NULL)
		return (struct span){"", 0};
	return f->value;
}

static const char *
proto_of(struct span s)
{
	if (span_is(s, "https") || span_is(s, "wss"))
		return "https";
	return span_is(s, "http") || span_is(s, "ws") ? "http" : NULL;
}

/* it is written to logs and sent on, so no more than a word is taken */
static bool
is_id(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return s.n > 0 && s.n <= CLIENT_ID_MAX;
}

static void
find_rest(const struct http_head *h, struct client *from)
{
	struct span s;

	from->proto = proto_of(only(h, HTTP_F_X_FORWARDED_PROTO));
	s = only(h, HTTP_F_X_FORWARDED_HOST);
	if (s.n > 0 && field_is_authority(s))
		from->host = s;
	s = only(h, HTTP_F_X_REQUEST_ID);
	if (is_id(s))
		from->id = s;
}

void
client_find(const struct conf *c, const struct peer *direct,
    const struct http_head *h, struct client *from)
{
	const char *name = c->client_address;
	enum http_field_id id = field_id((struct span){name, strlen(name)});
	bool list = id == HTTP_F_FORWARDED || id == HTTP_F_X_FORWARDED_FOR;
	struct items l;

	memset(from, 0, offsetof(struct client, memory));
	from->trusted = cidr_holds(c->trusted, direct);
	if (!from->trusted)
		return;
	collect(h, name, &l);
	/* a field that tells one address is no list: with more of them nobody
	 * can say which is the proxy's */
	if (list || l.n == 1)
		find_address(c, &l, id == HTTP_F_FORWARDED, from);
	find_rest(h, from);
}
