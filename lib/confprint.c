/*
 * What a configuration says of itself: the lines of -n, the list of -h, the
 * keys in which two of them differ.
 */
#include <string.h>
#include <strings.h>

#include "confprint.h"
#include "key.h"
#include "redact.h"

#define STARS "***"

static bool
same_value(const struct key *k, const void *a, const void *b)
{
	char one[VALUE_TEXT], two[VALUE_TEXT];

	return strcmp(value_text(k->type, a, one),
	    value_text(k->type, b, two)) == 0;
}

/*
 * The bytes of v, a value in its canonical form or as it stood, in front of
 * what may be a secret; 0: there is none.
 */
static size_t
head_of(const struct key *k, const char *v)
{
	static const char hs256[] = "hs256 ";
	size_t n = 0;

	if (k->type == VALUE_SECRET)
		n = strncmp(v, hs256, sizeof hs256 - 1) == 0 ?
		    sizeof hs256 - 1 : 0;
	else if (key_is_rule(k) || key_is_match(k))
		n = strcspn(v, k->type == VALUE_MATCH_QUERY ? "=" : ":") + 1;
	if (n > strlen(v))
		return 0;
	return n > 0 ? n + strspn(v + n, " \t") : 0;
}

/* the first variable from p on, or NULL: see expand_value() */
static const char *
variable(const char *p)
{
	const char *at;

	while ((at = strstr(p, "${")) != NULL && at > p && at[-1] == '$')
		p = at + 2;
	return at;
}

/* writes p without what stands around its variables; whether anything did */
static bool
mask(struct text *t, const char *p)
{
	const char *at, *end;
	bool masked = false;
	size_t n;

	for (; *p != '\0'; p = end) {
		at = variable(p);
		end = at != NULL ? strchr(at, '}') + 1 : strchr(p, '\0');
		n = (size_t)((at != NULL ? at : end) - p);
		if (strspn(p, " \t") < n) {
			text_str(t, STARS);
			masked = true;
		} else {
			text_mem(t, p, n);
		}
		if (at != NULL)
			text_mem(t, at, (size_t)(end - at));
	}
	return masked;
}

/* "Bearer " is as good as a part of the name */
static size_t
scheme(const char *v)
{
	return strncasecmp(v, "Bearer ", 7) == 0 ? 7 :
	    strncasecmp(v, "Basic ", 6) == 0 ? 6 : 0;
}

/* what anybody may see of a value that holds a secret behind its head */
static const char *
hide(struct arena **a, const struct conf_setting *s, const char *text,
    size_t head)
{
	size_t n = head_of(s->key, s->raw), cap = 2 * strlen(s->raw) + 8;
	const char *first = variable(s->raw);
	struct text t;
	char *p;

	if (strstr(s->raw, "${") == NULL)
		return arena_printf(a, "%.*s" STARS, (int)head, text);
	/* a head that comes out of a variable ends nobody knows where */
	if (first != NULL && first < s->raw + n)
		n = 0;
	n += n > 0 ? scheme(s->raw + n) : 0;
	p = arena_take(a, cap);
	if (p == NULL)
		return NULL;
	text_init(&t, p, cap - 1);
	text_mem(&t, s->raw, n);
	if (mask(&t, s->raw + n) && n == 0)
		return arena_printf(a, "%.*s" STARS, (int)head, text);
	return p;
}

/*
 * What anybody may see of a value, whose canonical form is text; what has
 * variables is shown as it stood. NULL: no memory.
 */
static const char *
open_form(struct arena **a, const struct conf_setting *s, const char *text)
{
	size_t n = head_of(s->key, text);

	if (n > 0 && text[n] != '\0' && (s->key->type == VALUE_SECRET ||
	    redact_field((struct span){text, n})))
		return hide(a, s, text, n);
	return strstr(s->raw, "${") != NULL ? s->raw : text;
}

/* writes a line; field is that of a key without a list */
static void
print_setting(FILE *f, struct arena **a, const struct conf_setting *s,
    const void *field)
{
	const char *text = s->text;
	char buf[VALUE_TEXT];

	if (!key_is_list(s->key))
		text = value_text(s->key->type, field, buf);
	text = open_form(a, s, text);
	if (text == NULL)
		text = STARS;
	fprintf(f, "%s =%s%s\n", s->key->name, *text != '\0' ? " " : "", text);
}

const char *
confprint_match(struct arena **a, const char *before,
    const struct conf_setting *s)
{
	const char *text = open_form(a, s, s->text);

	if (text == NULL)
		return NULL;
	return arena_printf(a, "%s%s%s", before != NULL ? before : "",
	    before != NULL ? ", " : "", text);
}

/* whether a setting is written among the lines of k */
static bool
stands_with(const struct key *k, const struct conf_setting *s)
{
	/* a key stands right behind its cert, here as everywhere */
	if (k->type == VALUE_CERT_KEYS)
		return false;
	/* allow and deny are one list, whose order counts */
	if (k->type == VALUE_ALLOW)
		return s->key == k || s->key->type == VALUE_DENY;
	return s->key == k && k->type != VALUE_DENY;
}

/* writes the lines of k in the scope of r */
static void
print_key(FILE *f, struct conf *c, struct conf_route *r, const struct key *k)
{
	const void *field = key_field(c, r, k);
	const struct conf_setting *s;

	if (r != c->defaults && !key_is_list(k) &&
	    same_value(k, field, key_field(c, c->defaults, k)))
		return;
	for (s = r->settings; s != NULL; s = s->next) {
		if (!stands_with(k, s))
			continue;
		print_setting(f, &c->arena, s, field);
		if (k->type == VALUE_CERTS && s->next != NULL &&
		    s->next->key->type == VALUE_CERT_KEYS)
			print_setting(f, &c->arena, s->next, NULL);
	}
}

void
conf_print(const struct conf *conf, FILE *f)
{
	/* the fields are only read; key_field() serves the parser too, and
	 * the arena grows */
	struct conf *c = (struct conf *)conf;
	struct conf_route *r;
	const struct key *k;

	for (k = key_all; k->name != NULL; k++) {
		if (key_find(k->name, false) != k || key_is_match(k) ||
		    k->type == VALUE_RESPOND)
			continue;
		if (key_is_list(k) && key_given(c->defaults, k) == NULL)
			fprintf(f, "# %s =\n", k->name);
		print_key(f, c, c->defaults, k);
	}
	for (r = c->routes; r != NULL; r = r->next) {
		fprintf(f, "\nroute = %s\n", r->text);
		for (k = key_all; k->name != NULL; k++)
			if (k->route)
				print_key(f, c, r, k);
	}
}

void
conf_help(FILE *f)
{
	const struct key *k;

	fputs("Keys that stand before the first route:\n", f);
	for (k = key_all; k->name != NULL; k++) {
		if (k > key_all && k->route && !k[-1].route)
			fputs("Keys of a route, and before the first route "
			    "of all:\n", f);
		fprintf(f, "  %-27s %-6s %s\n", k->name,
		    *k->def != '\0' ? k->def : "-", k->help);
	}
}

void
conf_diff_start(const struct conf *old, const struct conf *new,
    void (*warn)(const char *key))
{
	const struct key *k;

	for (k = key_all; k->name != NULL; k++)
		if (k->reload == START && !same_value(k,
		    key_field((struct conf *)old, old->defaults, k),
		    key_field((struct conf *)new, new->defaults, k)))
			warn(k->name);
}
