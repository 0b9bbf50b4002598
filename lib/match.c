/* Conditions of routes: see match.h. */
#include <string.h>

#include "match.h"

/* a byte of a query as programs read it, moving *i behind it; '+' is a blank,
 * as forms have it */
static char
next_byte(struct span s, size_t *i)
{
	char c = s.p[(*i)++];
	int hi, lo;

	if (c == '+')
		return ' ';
	if (c != '%' || *i + 1 >= s.n)
		return c;
	hi = hex_digit(s.p[*i]);
	lo = hex_digit(s.p[*i + 1]);
	if (hi < 0 || lo < 0)
		return c;
	*i += 2;
	return (char)(16 * hi + lo);
}

/* whether s, when decoded, is want, or begins with it */
static bool
decodes(struct span s, struct span want, bool prefix)
{
	size_t i = 0, n;

	for (n = 0; n < want.n; n++)
		if (i == s.n || next_byte(s, &i) != want.p[n])
			return false;
	return prefix || i == s.n;
}

static bool
parameter_fits(const struct conf_match *m, struct span item)
{
	const char *end = item.p + item.n, *eq;
	struct span value = {"", 0};

	eq = item.n > 0 ? memchr(item.p, '=', item.n) : NULL;
	if (eq != NULL) {
		value = span_between(eq + 1, end);
		item = span_between(item.p, eq);
	}
	return decodes(item, m->name, false) &&
	    (m->any || decodes(value, m->value, m->prefix));
}

static bool
query_fits(const struct conf_match *m, struct span query)
{
	const char *p = query.p, *end = query.p + query.n, *amp;

	while (p < end) {
		p++; /* behind the ? or the & */
		amp = p < end ? memchr(p, '&', (size_t)(end - p)) : NULL;
		if (amp == NULL)
			amp = end;
		if (parameter_fits(m, span_between(p, amp)))
			return true;
		p = amp;
	}
	return false;
}

/* upper and lower case are the same */
static bool
begins(struct span s, struct span with)
{
	size_t i;

	if (s.n < with.n)
		return false;
	for (i = 0; i < with.n; i++)
		if (lower(s.p[i]) != lower(with.p[i]))
			return false;
	return true;
}

static bool
field_fits(const struct conf_match *m, const struct http_field *f)
{
	if ((int)f->id != m->id || f->name.n != m->name.n ||
	    !begins(f->name, m->name))
		return false;
	return m->any || (begins(f->value, m->value) &&
	    (m->prefix || f->value.n == m->value.n));
}

static bool
head_fits(const struct conf_match *m, const struct http_head *h)
{
	unsigned i;

	for (i = 0; i < h->n_fields; i++)
		if (field_fits(m, &h->fields[i]))
			return true;
	return false;
}

bool
match_fits(const struct conf_route *r, const struct http_request *q)
{
	const struct conf_match *m;

	for (m = r->match_header; m != NULL; m = m->next)
		if (!head_fits(m, &q->h))
			return false;
	for (m = r->match_query; m != NULL; m = m->next)
		if (!query_fits(m, q->query))
			return false;
	return true;
}

static bool
listed(const struct conf_match *m, const struct conf_match *list)
{
	while (list != NULL && strcmp(m->text, list->text) != 0)
		list = list->next;
	return list != NULL;
}

bool
match_same(const struct conf_route *a, const struct conf_route *b)
{
	const struct conf_match *m;

	if (strcmp(a->host, b->host) != 0 || strcmp(a->path, b->path) != 0 ||
	    a->n_matches != b->n_matches)
		return false;
	for (m = a->match_header; m != NULL; m = m->next)
		if (!listed(m, b->match_header))
			return false;
	for (m = a->match_query; m != NULL; m = m->next)
		if (!listed(m, b->match_query))
			return false;
	return true;
}

/* ---- the configuration ---- */

/* what stands behind the mark, if there is one: a value, maybe with a star */
static void
read_value(struct conf_match *m, const char *value)
{
	m->any = value == NULL;
	if (m->any)
		return;
	m->value = (struct span){value, strlen(value)};
	m->prefix = m->value.n > 0 && value[m->value.n - 1] == '*';
	m->value.n -= m->prefix;
}

/* the text in the one form: "name: value", "name=value", or "name" */
static char *
one_form(struct arena **a, bool header, const char *text, size_t name)
{
	const char *value = text + name;
	char *p, *canon;

	if (!header || *value == '\0')
		canon = arena_printf(a, "%s", text);
	else
		canon = arena_printf(a, "%.*s: %s", (int)name, text,
		    value + 1 + strspn(value + 1, " \t"));
	/* no two forms of what compares alike */
	for (p = canon; header && p != NULL && *p != '\0'; p++)
		*p = lower(*p);
	return canon;
}

static const char *
read_name(struct conf_match *m, bool header)
{
	if (!header)
		return m->name.n > 0 ? NULL : "not NAME or NAME=VALUE";
	if (!field_is_token(m->name))
		return "not \"Name\" or \"Name: value\"";
	m->id = (int)field_id(m->name);
	return m->id == HTTP_F_HOST ? "the route itself says for which Host" :
	    NULL;
}

const char *
match_add(struct arena **a, enum value_type type, const char *text,
    struct conf_match **list, const char **canon)
{
	struct conf_match *m = arena_take(a, sizeof *m);
	bool header = type == VALUE_MATCH_HEADER;
	size_t n = strcspn(text, header ? ":" : "=");
	const char *wrong;

	if (m == NULL || (m->text = one_form(a, header, text, n)) == NULL)
		return "out of memory";
	m->name = (struct span){m->text, n};
	read_value(m, m->text[n] == '\0' ? NULL : m->text + n + 1 + header);
	wrong = read_name(m, header);
	if (wrong != NULL)
		return wrong;
	for (; *list != NULL; list = &(*list)->next)
		if (strcmp((*list)->text, m->text) == 0)
			return "given twice";
	*list = m;
	*canon = m->text;
	return NULL;
}
