/* Keys in requests: see shown.h. */
#include <string.h>

#include "shown.h"
#include "base64.h"

/* a client that can set no fields shows its key as one of the subprotocols it
 * offers: as the rest of one, or as the one behind the bare name */
#define LABEL "openai-insecure-api-key"

struct finder {
	struct shown *list;
	int n;
	struct text memory;
};

/* ---- subprotocols ---- */

static bool
begins(struct span s, const char *lit)
{
	size_t n = strlen(lit);

	return s.n >= n && span_is((struct span){s.p, n}, lit);
}

struct shown_items
shown_items(const struct http_head *h)
{
	struct shown_items l;

	memset(&l, 0, sizeof l);
	l.h = h;
	l.rest.p = "";
	if ((h->seen & 1ull << HTTP_F_SEC_WEBSOCKET_PROTOCOL) != 0) {
		l.f = http_find(h, HTTP_F_SEC_WEBSOCKET_PROTOCOL, NULL);
		l.rest = l.f->value;
	}
	return l;
}

bool
shown_next(struct shown_items *l, struct span *item)
{
	bool key = l->kind == SHOWN_LABEL;

	while (!span_next(&l->rest, item)) {
		if (l->f != NULL)
			l->f = http_find(l->h, HTTP_F_SEC_WEBSOCKET_PROTOCOL,
			    l->f);
		if (l->f == NULL)
			return false;
		l->rest = l->f->value;
	}
	if (key)
		l->kind = SHOWN_KEY;
	else if (begins(*item, LABEL "."))
		l->kind = SHOWN_LABELLED;
	else
		l->kind = span_is(*item, LABEL) ? SHOWN_LABEL : SHOWN_PLAIN;
	return true;
}

/* ---- finding ---- */

static bool
add(struct finder *f, struct span secret)
{
	struct shown *s;

	if (f->n == SHOWN_MAX)
		return false;
	s = &f->list[f->n++];
	memset(s, 0, sizeof *s);
	s->secret = secret;
	return true;
}

static bool
add_protocols(struct finder *f, const struct http_head *h)
{
	struct shown_items l = shown_items(h);
	struct span item;

	while (shown_next(&l, &item)) {
		if (l.kind == SHOWN_LABELLED) {
			item.p += sizeof LABEL;
			item.n -= sizeof LABEL;
		}
		if ((l.kind == SHOWN_LABELLED || l.kind == SHOWN_KEY) &&
		    !add(f, item))
			return false;
	}
	return true;
}

/* what base64 stands for: "user:password", RFC 7617 2 */
static bool
add_basic(struct finder *f, struct span coded)
{
	struct text *m = &f->memory;
	struct span plain = {m->p + m->n, 0};
	const char *colon;

	if (!base64_decode(coded, (unsigned char *)m->p + m->n,
	    m->cap - m->n, &plain.n) || plain.n == 0)
		return false;
	m->n += plain.n;
	colon = memchr(plain.p, ':', plain.n);
	if (colon == NULL ||
	    !add(f, span_between(colon + 1, plain.p + plain.n)))
		return false;
	f->list[f->n - 1].password = true;
	f->list[f->n - 1].user = span_between(plain.p, colon);
	return true;
}

/* "Scheme value": RFC 9110 11.4 */
static bool
add_authorization(struct finder *f, struct span v, bool keys)
{
	size_t n = 0;
	bool basic;

	while (n < v.n && v.p[n] != ' ')
		n++;
	basic = span_is((struct span){v.p, n}, "basic");
	if (!basic && !(keys && span_is((struct span){v.p, n}, "bearer")))
		return false;
	v.p += n;
	v.n -= n;
	for (; v.n > 0 && *v.p == ' '; v.n--)
		v.p++;
	return basic ? add_basic(f, v) : add(f, v);
}

static bool
add_fields(struct finder *f, const struct http_head *h, bool keys)
{
	const struct http_field *at;
	unsigned i;

	for (i = 0; i < h->n_fields; i++) {
		at = &h->fields[i];
		if (at->id == HTTP_F_AUTHORIZATION) {
			if (!add_authorization(f, at->value, keys))
				return false;
		} else if (keys && (at->id == HTTP_F_X_API_KEY ||
		    at->id == HTTP_F_API_KEY)) {
			if (!add(f, at->value))
				return false;
		}
	}
	return true;
}

/* ---- the query ---- */

/* decodes %XX (RFC 3986 2.1) of s, if it fits */
static bool
unescape(struct text *t, struct span s)
{
	int high, low;
	size_t i;
	char c;

	for (i = 0; i < s.n; i++) {
		c = s.p[i];
		if (c == '%' && s.n - i > 2) {
			high = hex_digit(s.p[i + 1]);
			low = hex_digit(s.p[i + 2]);
			if (high >= 0 && low >= 0) {
				c = (char)(high * 16 + low);
				i += 2;
			}
		}
		text_mem(t, &c, 1);
	}
	return !t->full;
}

/* takes a parameter off *query, which begins with its ? or & */
static bool
next_parameter(struct span *query, struct span *all, struct span *name)
{
	const char *end, *eq;

	if (query->n == 0)
		return false;
	query->p++;
	query->n--;
	end = query->n > 0 ? memchr(query->p, '&', query->n) : NULL;
	*all = *query;
	if (end != NULL)
		all->n = (size_t)(end - query->p);
	query->p += all->n;
	query->n -= all->n;
	eq = all->n > 0 ? memchr(all->p, '=', all->n) : NULL;
	*name = eq != NULL ? span_between(all->p, eq) : *all;
	return true;
}

static bool
is_called(struct span name, const char *wanted)
{
	size_t n = strlen(wanted);
	char memory[3 * 64];
	struct text t;

	text_init(&t, memory, sizeof memory);
	return name.n >= n && unescape(&t, name) && t.n == n &&
	    memcmp(memory, wanted, n) == 0;
}

static bool
add_query(struct finder *f, struct span query, const char *wanted)
{
	struct text *m = &f->memory;
	struct span all, name, value;
	size_t start;

	while (next_parameter(&query, &all, &name)) {
		if (!is_called(name, wanted))
			continue;
		value = span_between(name.p + name.n, all.p + all.n);
		if (value.n > 0) { /* its = */
			value.p++;
			value.n--;
		}
		start = m->n;
		if (!unescape(m, value) ||
		    !add(f, (struct span){m->p + start, m->n - start}))
			return false;
	}
	return true;
}

void
shown_put_query(struct text *t, struct span query, const char *name)
{
	struct span all, is;
	bool any = false;

	while (next_parameter(&query, &all, &is)) {
		if (is_called(is, name))
			continue;
		text_mem(t, any ? "&" : "?", 1);
		text_span(t, all);
		any = true;
	}
}

int
shown_find(const struct http_request *q, const struct shown_from *from,
    struct shown list[SHOWN_MAX], char *memory)
{
	struct finder f = {list, 0, {0}};

	text_init(&f.memory, memory, SHOWN_MEMORY);
	if (!add_fields(&f, &q->h, from->keys))
		return -1;
	if (from->keys && !add_protocols(&f, &q->h))
		return -1;
	if (from->query != NULL && !add_query(&f, q->query, from->query))
		return -1;
	return f.n;
}

bool
shown_hides(const struct shown_from *from, enum http_field_id id)
{
	if (id == HTTP_F_AUTHORIZATION)
		return true;
	return from->keys && (id == HTTP_F_X_API_KEY ||
	    id == HTTP_F_API_KEY || id == HTTP_F_SEC_WEBSOCKET_PROTOCOL);
}
