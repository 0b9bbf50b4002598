#ifndef KEY_H
#define KEY_H

#include "config.h"

/*
 * The rows of keys.h as a table, and what statements make of them. This is
 * between config.c and those that print a conf: others see its fields alone.
 */

enum reload { LIVE, START };

struct key {
	const char *name, *def, *help;
	enum value_type type;
	enum reload reload;
	unsigned short offset, size; /* of the field */
	bool route; /* offset is into struct conf_route, else struct conf */
};

/* in the order of keys.h, up to one without a name */
extern const struct key key_all[];

/* where a statement comes from; a later one replaces an earlier one's */
enum rank { DEFAULT, IN_FILE, OPTION };

/* a statement in the scope of a route, or in the global one */
struct conf_setting {
	struct conf_setting *next;
	const struct key *key;
	const char *where;
	const char *raw; /* the value as it stood */
	const char *text; /* of a list: the value in its canonical form */
	enum rank rank;
	struct conf_rule rule; /* of a rule key */
};

/* whether it takes a list; whether one of words, conditions, networks, header
 * rules */
bool key_is_list(const struct key *k);
bool key_is_words(const struct key *k);
bool key_is_match(const struct key *k);
bool key_is_nets(const struct key *k);
bool key_is_rule(const struct key *k);
/* the key's field; r is of use for a route's keys alone */
void *key_field(struct conf *c, struct conf_route *r,
    const struct key *k);
/* NULL: there is none. Before the first route a global key hides a route's of
 * the same name */
const struct key *key_find(const char *name, bool in_route);
/* the first setting of k in the scope of r, or NULL */
struct conf_setting *key_given(const struct conf_route *r,
    const struct key *k);
/* where a key comes from that holds for r: r's own setting, or the global one */
const struct conf_setting *key_origin(const struct conf *c,
    const struct conf_route *r, const char *key);

#endif
