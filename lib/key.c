/* The table of keys: see key.h. */
#include <stddef.h>
#include <string.h>

#include "key.h"

const struct key key_all[] = {
#define ROW(field, key, type, def, reload, help) \
	{ key, def, help, VALUE_##type, reload, \
	    offsetof(struct conf, field), sizeof(CONF_T_##type), false },
	KEYS_GLOBAL(ROW)
#undef ROW
#define ROW(field, key, type, def, reload, help) \
	{ key, def, help, VALUE_##type, reload, \
	    offsetof(struct conf_route, field), sizeof(CONF_T_##type), true },
	KEYS_ROUTE(ROW)
#undef ROW
	{ .name = NULL }
};

bool
key_is_list(const struct key *k)
{
	return k->type >= VALUE_LISTENS;
}

bool
key_is_words(const struct key *k)
{
	return k->type == VALUE_ORIGINS || k->type == VALUE_PROTOCOLS;
}

bool
key_is_match(const struct key *k)
{
	return k->type == VALUE_MATCH_HEADER || k->type == VALUE_MATCH_QUERY;
}

bool
key_is_nets(const struct key *k)
{
	return k->type == VALUE_NETS || k->type == VALUE_ALLOW ||
	    k->type == VALUE_DENY;
}

bool
key_is_rule(const struct key *k)
{
	return k->type >= VALUE_RULE_SET;
}

void *
key_field(struct conf *c, struct conf_route *r, const struct key *k)
{
	return (k->route ? (char *)r : (char *)c) + k->offset;
}

const struct key *
key_find(const char *name, bool in_route)
{
	const struct key *k;

	for (k = key_all; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0 && (k->route || !in_route))
			return k;
	return NULL;
}

struct conf_setting *
key_given(const struct conf_route *r, const struct key *k)
{
	struct conf_setting *s = r->settings;

	while (s != NULL && s->key != k)
		s = s->next;
	return s;
}

const struct conf_setting *
key_origin(const struct conf *c, const struct conf_route *r, const char *key)
{
	const struct key *k = key_find(key, r != c->defaults);
	const struct conf_setting *s = key_given(r, k);

	return s != NULL ? s : key_given(c->defaults, k);
}
