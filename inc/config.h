#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cidr.h"
#include "endpoint.h"
#include "keys.h"
#include "value.h"

/*
 * weir.conf and -o to one struct conf. Everything that can be checked without
 * opening a socket is checked here; nothing is guessed.
 */

/* one line of set_header and its like */
struct conf_rule {
	struct conf_rule *next; /* in the order of the file */
	enum { CONF_SET, CONF_ADD, CONF_DEL } op;
	struct span name, value;
	int id; /* enum http_field_id of the name */
};

/* one line of origin or subprotocol */
struct conf_word {
	struct conf_word *next; /* in the order of the file */
	const char *text; /* see allow.h */
};

/* one line of match_header or match_query */
struct conf_match {
	struct conf_match *next; /* in the order of the file */
	const char *text; /* in its one form; what follows points into it */
	struct span name, value;
	int id; /* of a header: enum http_field_id of the name */
	bool any; /* whatever the value is */
	bool prefix; /* whatever the value begins with */
};

/* a certificate to show */
struct conf_cert {
	struct conf_cert *next; /* in the order of the file */
	const char *where; /* of the cert line: "weir.conf:12" */
	const char *file; /* the chain, and the key too if key is NULL */
	const char *key;
	const char *key_where; /* of the key line, if there is one */
};

#define CONF_T_LISTENS struct conf_endpoint *
#define CONF_T_UPSTREAMS struct conf_endpoint *
#define CONF_T_CERTS struct conf_cert *
/* private: while it is read, the cert that the next line may give a key to */
#define CONF_T_CERT_KEYS struct conf_cert *
#define CONF_T_ORIGINS struct conf_word *
#define CONF_T_PROTOCOLS struct conf_word *
#define CONF_T_MATCH_HEADER struct conf_match *
#define CONF_T_MATCH_QUERY struct conf_match *
#define CONF_T_NETS struct cidr *
#define CONF_T_ALLOW struct cidr * /* and what is denied, in their order */
#define CONF_T_DENY struct cidr * /* private: always empty */
#define CONF_T_RULE_SET struct conf_rule *
#define CONF_T_RULE_ADD struct conf_rule *
#define CONF_T_RULE_DEL struct conf_rule *
#define CONF_FIELD(field, key, type, def, reload, help) CONF_T_##type field;

#define CONF_UPSTREAMS_MAX 256 /* of one route */

/* one of a route's upstreams, for the caller */
struct target {
	struct upstream *up;
	const struct conf_endpoint *e;
	int64_t turn;  /* what it has to its credit in turns */
	uint64_t seed; /* hash of its text */
};

/* a route block */
struct conf_route {
	struct conf_route *next; /* in the order of the file */
	const char *text; /* as it was written: "example.com/v1" */
	const char *where; /* "weir.conf:12" */
	/* lower case; "" for any, "*.x" a wildcard, IPv6 without brackets */
	const char *host;
	/*
	 * "/...", as it compares: %XX of unreserved characters decoded,
	 * repeated slashes one, none at the end (but "/"). strip_prefix too.
	 */
	const char *path;
	/* for connections of a tcp:// or tls:// listener, whose address host is
	 * then, as that has it in text; path is "/" */
	bool tcp;
	unsigned n_upstreams;
	unsigned n_matches; /* conditions */
	const char *matches; /* these, as they may be logged; NULL: none */
	size_t added; /* the most bytes that its rules add to a head */
	unsigned open; /* for the caller: requests and tunnels on it */
	struct tally *tally; /* for the caller: its tunnels */
	struct target *targets; /* for the caller: one per upstream, zeroed */
	void **secrets; /* the same: how TLS is spoken to it */
	void *auth; /* for the caller: who may come in, or NULL */
	struct conf_setting *settings; /* private: what stands in it */
	KEYS_ROUTE(CONF_FIELD)
};

struct conf {
	struct conf_route *routes;
	unsigned refs; /* for the caller: sessions that began under it */
	void *tls; /* for the caller: what listeners with TLS show, or NULL */
	struct arena *arena; /* private: all memory of the conf */
	struct conf_route *defaults; /* route keys given globally, no rules */
	KEYS_GLOBAL(CONF_FIELD)
};

/* one source of lines, in the order in which they were given */
struct conf_source {
	enum { CONF_FILE, CONF_OPTION } kind;
	const char *text; /* the file's path, or "key=value" */
};

/*
 * Reads sources into a new conf, defaults first. Options that stand before
 * the first route=... option win over the files, whatever their order: a
 * single-valued key given so is set for good, a list key adds. Options from a
 * route=... on make further routes behind those of the files. Returns NULL
 * with a message in err ("weir.conf:12: connect_timeout: not a duration: 5x").
 * Release with conf_free().
 */
struct conf *conf_load(const struct conf_source *sources, size_t n, char *err,
    size_t err_size);
/* the conf of "weir LISTEN UPSTREAM": a listener and a route for everything */
struct conf *conf_simple(const char *listen, const char *upstream,
    const struct conf_source *options, size_t n, char *err, size_t err_size);
void conf_free(struct conf *c);

/*
 * Where the route's key stands that holds for r, in r or before the first
 * route ("weir.conf:12"), for errors of later stages; where r begins if the
 * key stands nowhere. With c->defaults as r, any key before the first route.
 */
const char *conf_where(const struct conf *c, const struct conf_route *r,
    const char *key);

/*
 * The address of a LISTEN argument alone, without TLS, for weir echo. Returns
 * NULL and the message in err. Release with conf_free(*owner).
 */
struct conf_endpoint *conf_listen_address(const char *text,
    struct conf **owner, char *err, size_t err_size);

#endif
