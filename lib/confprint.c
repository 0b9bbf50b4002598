/*
 * What a configuration says of itself: the lines of -n, the list of -h, the
 * keys in which two of them differ.
 */
#include <string.h>

#include "confprint.h"
#include "key.h"
#include "redact.h"

static bool
same_value(const struct key *k, const void *a, const void *b)
{
	char one[VALUE_TEXT], two[VALUE_TEXT];

	return strcmp(value_text(k->type, a, one),
	    value_text(k->type, b, two)) == 0;
}

/*
 * What anybody may see of a value, whose canonical form is *text: the first
 * bytes of *text. What has variables is shown as it stood.
 */
static int
open_part(const struct conf_setting *s, const char **text)
{
	static const char hs256[] = "hs256 ";
	size_t all, name;

	if (strstr(s->raw, "${") != NULL) {
		*text = s->raw;
		return (int)strlen(s->raw);
	}
	all = strlen(*text);
	if (s->key->type == VALUE_SECRET)
		return strncmp(*text, hs256, sizeof hs256 - 1) == 0 ?
		    (int)sizeof hs256 - 1 : (int)all;
	name = strcspn(*text, s->key->type == VALUE_MATCH_QUERY ? "=" : ":");
	if ((!key_is_rule(s->key) && !key_is_match(s->key)) || name == all ||
	    !redact_field((struct span){*text, name}))
		return (int)all;
	return (int)(name + 1 + ((*text)[name + 1] == ' '));
}

/* writes a line; field is that of a key without a list */
static void
print_setting(FILE *f, const struct conf_setting *s, const void *field)
{
	const char *text = s->text;
	char buf[VALUE_TEXT];
	int n;

	if (!key_is_list(s->key))
		text = value_text(s->key->type, field, buf);
	n = open_part(s, &text);
	fprintf(f, "%s =%s%.*s%s\n", s->key->name, n > 0 ? " " : "", n, text,
	    text[n] != '\0' ? "***" : "");
}

const char *
confprint_match(struct arena **a, const char *before,
    const struct conf_setting *s)
{
	const char *text = s->text;
	int n = open_part(s, &text);

	return arena_printf(a, "%s%s%.*s%s", before != NULL ? before : "",
	    before != NULL ? ", " : "", n, text,
	    text[n] != '\0' ? "***" : "");
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
		print_setting(f, s, field);
		if (k->type == VALUE_CERTS && s->next != NULL &&
		    s->next->key->type == VALUE_CERT_KEYS)
			print_setting(f, s->next, NULL);
	}
}

void
conf_print(const struct conf *conf, FILE *f)
{
	/* the fields are only read; key_field() serves the parser too */
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
