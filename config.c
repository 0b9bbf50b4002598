/*
 * weir.conf and -o options to one struct conf.
 *
 * A key is a row of keys.h, whose type says how its value is parsed. A
 * statement (one line, one option, one default) becomes a setting of the
 * current scope: that of a route, or the global one, whose route is
 * conf.defaults. Values and addresses are stored as they are read. What a
 * route takes over from the global scope is known at the end only, since
 * options may follow; its header rules are put together then.
 *
 * All memory of a conf lies in its arena. Nothing here exits: a reload may
 * fail at any point and leaves nothing behind.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "allow.h"
#include "confcheck.h"
#include "confhealth.h"
#include "confprint.h"
#include "conftcp.h"
#include "expand.h"
#include "field.h"
#include "key.h"
#include "location.h"
#include "match.h"
#include "params.h"

#define TEXT_SIZE 65536 /* of a line, an expanded value */
#define HEAD_EXTRA 2048 /* that weir itself adds to a head at the most */

/* what is known while a conf is being read */
struct loader {
	struct conf *c;
	struct conf_route *route; /* the current one, or c->defaults */
	enum rank rank;
	const char *place; /* for what is missing as a whole: "weir.conf" */
	const char *where; /* of the statement: "weir.conf:12" */
	const char *key; /* of the statement, for messages */
	const char *raw; /* its value as it stood */
	char *err;
	size_t err_size;
	char text[TEXT_SIZE + 2]; /* the line, a CR and a NUL */
	char value[TEXT_SIZE + 1]; /* with its variables replaced */
};

/* begins a message with its place and key; returns the length */
static size_t
blamed(struct loader *l)
{
	int n = snprintf(l->err, l->err_size, "%s%s%s%s",
	    l->where != NULL ? l->where : "", l->where != NULL ? ": " : "",
	    l->key != NULL ? l->key : "", l->key != NULL ? ": " : "");

	return n >= 0 && (size_t)n < l->err_size ? (size_t)n : l->err_size;
}

static int __attribute__((format(printf, 2, 3)))
fail(struct loader *l, const char *fmt, ...)
{
	size_t n = blamed(l);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->err + n, l->err_size - n, fmt, ap);
	va_end(ap);
	return -1;
}

/* the same about the value, which is shown as it stood: no secret gets out */
static int
bad(struct loader *l, const char *what)
{
	return fail(l, "%s: %s", what, l->raw);
}

static int
no_memory(struct loader *l)
{
	return fail(l, "out of memory");
}

static void *
take(struct loader *l, size_t n)
{
	void *p = arena_take(&l->c->arena, n);

	if (p == NULL)
		no_memory(l);
	return p;
}

/* the text without the blanks around it, in place */
static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'); n--)
		;
	s[n] = '\0';
	return s;
}

/* whether a rule key is about responses */
static bool
of_response(const struct key *k)
{
	return strstr(k->name, "_response_") != NULL;
}

/* what a number may be where its type alone does not say it */
static const struct {
	const char *key; /* as it is found before the first route */
	uint64_t min, max;
} ranges[] = {
	{ "max_connections", 1, 1000000 },
	{ "handshakes_per_address", 0, 10000 },
	{ "requests_per_address", 0, 10000 },
	{ "buffers", 8, 1000000 },
	{ "buffer", 4096, 1048576 },
	{ "tls_timeout", 1, UINT64_MAX },
	{ "tls_sessions", 0, 1000000 },
	{ "tls_session_lifetime", 1000, 86400000 }, /* RFC 5246 F.1.4 */
	{ "header_timeout", 1, UINT64_MAX },
	{ "header_max", 512, 262144 },
	{ "line_max", 16, 262144 },
	{ "fields_max", 10, 1000 },
	{ "connect_timeout", 1, UINT64_MAX },
	{ "handshake_timeout", 1, UINT64_MAX },
	/* silence is told in the low bits of a clock */
	{ "ping", 0, 86400000 },
	{ "ping_timeout", 0, 86400000 },
	{ "ping_upstream", 0, 86400000 },
	{ "ping_upstream_timeout", 0, 86400000 },
	{ "rate", 0, UINT64_C(1) << 40 },
	{ "messages", 0, 1000000 },
	{ "fail_timeout", 1, UINT64_MAX },
	{ "health_interval", 1, UINT64_MAX },
	{ "health_timeout", 1, UINT64_MAX },
	{ "health_rise", 1, 1000 },
	{ "health_fall", 1, 1000 },
};

/* the value to the key's field */
static int
set_field(struct loader *l, const struct key *k, void *field)
{
	uint64_t min = 0, max = UINT64_MAX;
	const char *wrong;
	size_t i;

	/* with no statuses at all, no upstream would ever be in health */
	if (*l->value == '\0' && (k->type == VALUE_STR ||
	    (k->type == VALUE_STATUSES && *k->def != '\0')))
		return fail(l, "needs a value");
	/* else a variable that somebody left empty would let everybody in */
	if ((k->type == VALUE_FILE || k->type == VALUE_SECRET) &&
	    *l->value == '\0' && *l->raw != '\0')
		return bad(l, "empty, as its variables are");
	for (i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (strcmp(ranges[i].key, k->name) == 0 &&
		    key_find(k->name, false) == k) {
			min = ranges[i].min;
			max = ranges[i].max;
		}
	wrong = value_parse(k->type, l->value, min, max, field, &l->c->arena);
	return wrong != NULL ? bad(l, wrong) : 0;
}

/* the value to one more item of a list */
static int
add_endpoint(struct loader *l, struct conf_setting *s,
    struct conf_endpoint **list)
{
	struct conf_endpoint *e = take(l, sizeof *e);
	bool listener = s->key->type == VALUE_LISTENS;
	const char *wrong;

	if (e == NULL)
		return -1;
	wrong = (listener ? params_listen : params_upstream)(&l->c->arena,
	    l->value, e, &s->text);
	if (wrong != NULL)
		return bad(l, wrong);
	for (; *list != NULL; list = &(*list)->next)
		if (listener && endpoint_same(*list, e))
			return fail(l, "given twice, first at %s: %s",
			    (*list)->where, l->raw);
	*list = e;
	e->where = l->where;
	if (!listener &&
	    ++l->route->n_upstreams > CONF_UPSTREAMS_MAX)
		return fail(l, "more than %d", CONF_UPSTREAMS_MAX);
	return 0;
}

/* the value to the path of a file that belongs to a list */
static const char *
file_path(struct loader *l)
{
	const char *path;

	if (*l->value == '\0') {
		fail(l, "needs a value");
		return NULL;
	}
	path = arena_printf(&l->c->arena, "%s", l->value);
	if (path == NULL)
		no_memory(l);
	return path;
}

static int
add_cert(struct loader *l, struct conf_setting *s, struct conf_cert **list)
{
	struct conf_cert *cert = take(l, sizeof *cert);

	if (cert == NULL)
		return -1;
	s->text = cert->file = file_path(l);
	if (cert->file == NULL)
		return -1;
	for (; *list != NULL; list = &(*list)->next)
		if (strcmp((*list)->file, cert->file) == 0)
			return fail(l, "given twice, first at %s: %s",
			    (*list)->where, l->raw);
	*list = cert;
	cert->where = l->where;
	l->c->keyless = cert;
	return 0;
}

static int
add_cert_key(struct loader *l, struct conf_setting *s, struct conf_cert *cert)
{
	if (cert == NULL)
		return fail(l, "stands behind its cert");
	cert->key_where = l->where;
	s->text = cert->key = file_path(l);
	return cert->key != NULL ? 0 : -1;
}

static int
add_word(struct loader *l, struct conf_setting *s, struct conf_word **list)
{
	const char *wrong = allow_add(&l->c->arena, s->key->type, l->value,
	    list, &s->text);

	return wrong != NULL ? bad(l, wrong) : 0;
}

static int
add_match(struct loader *l, struct conf_setting *s, struct conf_match **list)
{
	const char *wrong = match_add(&l->c->arena, s->key->type, l->value,
	    list, &s->text);

	if (wrong != NULL)
		return bad(l, wrong);
	l->route->n_matches++;
	l->route->matches = confprint_match(&l->c->arena, l->route->matches,
	    s);
	return l->route->matches != NULL ? 0 : bad(l, "out of memory");
}

static int
add_nets(struct loader *l, struct conf_setting *s, struct cidr **list)
{
	enum value_type type = s->key->type;
	const char *wrong;

	/* one list for both, since their order counts */
	wrong = cidr_add(&l->c->arena, l->value, type != VALUE_DENY,
	    type == VALUE_NETS ? list : &l->route->access, &s->text);
	return wrong != NULL ? bad(l, wrong) : 0;
}

/* fields that frame messages or belong to one connection: RFC 9110 7.6.1 */
static bool
reserved(int id)
{
	static const unsigned char ids[] = {
		HTTP_F_CONNECTION, HTTP_F_CONTENT_LENGTH,
		HTTP_F_TRANSFER_ENCODING, HTTP_F_UPGRADE, HTTP_F_TE,
		HTTP_F_TRAILER, HTTP_F_KEEP_ALIVE, HTTP_F_PROXY_CONNECTION,
		HTTP_F_HTTP2_SETTINGS, HTTP_F_SEC_WEBSOCKET_KEY,
		HTTP_F_SEC_WEBSOCKET_ACCEPT, HTTP_F_SEC_WEBSOCKET_VERSION,
		HTTP_F_SEC_WEBSOCKET_EXTENSIONS
	};

	return memchr(ids, id, sizeof ids) != NULL;
}

/* true if rule b replaces what rule a does to a field */
static bool
replaces(const struct conf_setting *b, const struct conf_setting *a)
{
	return key_is_rule(a->key) && key_is_rule(b->key) &&
	    b->rule.op != CONF_ADD &&
	    of_response(a->key) == of_response(b->key) &&
	    a->rule.name.n == b->rule.name.n &&
	    strncasecmp(a->rule.name.p, b->rule.name.p, a->rule.name.n) == 0;
}

/* two rules that replace one field contradict each other in one scope */
static int
settle_rule(struct loader *l, const struct conf_setting *s)
{
	struct conf_setting **p = &l->route->settings, *old;

	while ((old = *p) != NULL) {
		if (!replaces(s, old) ||
		    (old->rule.op == CONF_ADD && old->rank == s->rank))
			p = &old->next;
		else if (old->rank < s->rank)
			*p = old->next;
		else
			return fail(l, "%.*s is set or deleted already, at %s",
			    (int)s->rule.name.n, s->rule.name.p, old->where);
	}
	return 0;
}

/* the same about a rule, of which no more is shown than may be its name */
static int
bad_rule(struct loader *l, const char *what)
{
	return fail(l, "%s: %.*s", what, (int)strcspn(l->raw, " \t:"),
	    l->raw);
}

static int
set_rule(struct loader *l, struct conf_setting *s)
{
	struct conf_rule *rule = &s->rule;
	bool del = s->key->type == VALUE_RULE_DEL;
	char *name = l->value, *value = name + strcspn(name, del ? "" : ":");

	if (!del && *value == '\0')
		return bad_rule(l, "not \"Name: value\"");
	rule->op = del ? CONF_DEL :
	    s->key->type == VALUE_RULE_SET ? CONF_SET : CONF_ADD;
	rule->name.p = name;
	rule->name.n = (size_t)(value - name);
	if (!field_is_token(rule->name))
		return bad_rule(l, "not the name of a field");
	rule->id = (int)field_id(rule->name);
	if (rule->id == HTTP_F_HOST)
		return bad(l, "use host_header for Host");
	if (reserved(rule->id))
		return bad(l, "this field is weir's own to write");
	if (!del)
		*value++ = '\0';
	value = trim(value);
	s->text = arena_printf(&l->c->arena, "%s%s%s%s", name,
	    del ? "" : ":", *value != '\0' ? " " : "", value);
	if (s->text == NULL)
		return no_memory(l);
	rule->value.n = strlen(value);
	rule->name.p = s->text;
	rule->value.p = s->text + strlen(s->text) - rule->value.n;
	return settle_rule(l, s);
}

/* makes the value a setting of k in the current scope */
static int
apply(struct loader *l, const struct key *k)
{
	struct conf_setting *s = key_is_list(k) ? NULL : key_given(l->route, k);
	struct conf_setting **end = &l->route->settings;
	void *field = key_field(l->c, l->route, k);
	int r;

	if (s == NULL)
		s = take(l, sizeof *s);
	else if (s->rank >= l->rank)
		return fail(l, "given twice, first at %s", s->where);
	if (s == NULL)
		return -1;
	s->key = k;
	s->rank = l->rank;
	s->where = l->where;
	s->raw = l->raw;
	if (key_is_rule(k))
		r = set_rule(l, s);
	else if (k->type == VALUE_CERTS)
		r = add_cert(l, s, field);
	else if (k->type == VALUE_CERT_KEYS)
		r = add_cert_key(l, s, l->c->keyless);
	else if (key_is_words(k))
		r = add_word(l, s, field);
	else if (key_is_match(k))
		r = add_match(l, s, field);
	else if (key_is_nets(k))
		r = add_nets(l, s, field);
	else if (key_is_list(k))
		r = add_endpoint(l, s, field);
	else
		r = set_field(l, k, field);
	if (k->type != VALUE_CERTS)
		l->c->keyless = NULL;
	while (*end != NULL && *end != s)
		end = &(*end)->next;
	*end = s;
	return r;
}

static int
begin_route(struct loader *l)
{
	struct conf_route *r = take(l, sizeof *r), **end = &l->c->routes;
	const char *wrong;

	if (r == NULL)
		return -1;
	if (*l->value == '\0')
		return fail(l, "needs a host, a path, or * for everything");
	r->tcp = endpoint_is_tcp(l->value);
	wrong = r->tcp ?
	    conftcp_route(&l->c->arena, l->value, &r->host, &r->path) :
	    endpoint_route(&l->c->arena, l->value, &r->host, &r->path);
	if (wrong != NULL)
		return bad(l, wrong);
	while (*end != NULL)
		end = &(*end)->next;
	*end = r;
	r->where = l->where;
	r->text = l->raw;
	l->route = r;
	return 0;
}

/* fails at bytes 0 to 31 and 127, except the tab and those of good */
static int
check_bytes(struct loader *l, const char *s, size_t n, const char *good,
    const char *after)
{
	size_t i;
	unsigned c;

	for (i = 0; i < n; i++) {
		c = (unsigned char)s[i];
		if ((c < 32 || c == 127) && c != '\t' &&
		    (c == 0 || strchr(good, (int)c) == NULL))
			return fail(l, "control byte 0x%02x%s", c, after);
	}
	return 0;
}

/* raw to l->value, for the key k, if there is one */
static int
expand(struct loader *l, const struct key *k, char *raw)
{
	size_t n = blamed(l);
	struct text t;

	l->raw = raw;
	text_init(&t, l->value, TEXT_SIZE);
	if (expand_value(&t, raw, l->err + n, l->err_size - n) != 0)
		return -1;
	if (t.full)
		return fail(l, "longer than %d bytes after expansion",
		    TEXT_SIZE);
	l->value[t.n] = '\0';
	/* what a fixed answer says may have lines */
	return check_bytes(l, l->value, t.n, k != NULL &&
	    k->type == VALUE_RESPOND ? "\r\n" : "", " after expansion");
}

/* reads "key = value", n bytes of l->text */
static int
statement(struct loader *l, size_t n)
{
	const struct key *k;
	char *line, *eq;

	l->key = NULL;
	if (n > TEXT_SIZE)
		return fail(l, "longer than %d bytes", TEXT_SIZE);
	if (check_bytes(l, l->text, n, "", "") != 0)
		return -1;
	l->text[n] = '\0';
	line = trim(l->text);
	if (l->rank == IN_FILE && (*line == '\0' || *line == '#'))
		return 0;
	line = arena_printf(&l->c->arena, "%s", line);
	if (line == NULL)
		return no_memory(l);
	eq = strchr(line, '=');
	if (eq == NULL || eq == line)
		return fail(l, "not \"key = value\": %s", line);
	*eq = '\0';
	l->key = trim(line);
	k = key_find(l->key, l->route != l->c->defaults);
	if (k == NULL && strcmp(l->key, "route") != 0)
		return fail(l, key_find(l->key, false) != NULL ?
		    "stands before the first route only" : "unknown key");
	if (expand(l, k, trim(eq + 1)) != 0)
		return -1;
	return k != NULL ? apply(l, k) : begin_route(l);
}

/*
 * Reads a line to l->text. Returns true if there is one, and its length; one
 * that is too long is given as longer than TEXT_SIZE.
 */
static bool
read_line(struct loader *l, FILE *f, size_t *len)
{
	size_t n = 0;
	int c;

	while ((c = getc(f)) != EOF && c != '\n' && n <= TEXT_SIZE)
		l->text[n++] = (char)c;
	if (n == 0 && c == EOF)
		return false;
	/* a CR may be the one byte too many */
	if (n > 0 && l->text[n - 1] == '\r' && (c == '\n' || c == EOF))
		n--;
	*len = n;
	return true;
}

static int
read_file(struct loader *l, const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned line = 0;
	size_t n;
	int r = 0;

	if (l->place == NULL)
		l->place = path;
	while (f != NULL && r == 0 && read_line(l, f, &n)) {
		l->where = arena_printf(&l->c->arena, "%s:%u", path, ++line);
		r = l->where != NULL ? statement(l, n) : no_memory(l);
	}
	if (r == 0 && (f == NULL || ferror(f))) {
		l->key = NULL;
		l->where = path;
		r = fail(l, "%s", strerror(errno));
	}
	if (f != NULL)
		fclose(f);
	return r;
}

/* reads a statement of the command line: text, or a key "key=" and text */
static int
read_text(struct loader *l, const char *key, const char *text)
{
	return statement(l, (size_t)snprintf(l->text, sizeof l->text, "%s%s",
	    key, text));
}

static int
read_options(struct loader *l, const struct conf_source *sources, size_t n)
{
	size_t i;

	l->rank = OPTION;
	l->route = l->c->defaults;
	l->c->keyless = NULL; /* a key of the options is not a file's cert's */
	l->where = "-o";
	for (i = 0; i < n; i++)
		if (sources[i].kind == CONF_OPTION &&
		    read_text(l, "", sources[i].text) != 0)
			return -1;
	return 0;
}

/* puts a copy of the rule behind those that r has; counts what it adds */
static int
add_rule(struct loader *l, struct conf_route *r, const struct conf_setting *s,
    size_t added[2])
{
	struct conf_rule *rule = take(l, sizeof *rule);
	struct conf_rule **end = key_field(l->c, r, s->key);

	if (rule == NULL)
		return -1;
	while (*end != NULL)
		end = &(*end)->next;
	*rule = s->rule;
	*end = rule;
	/* "name: value" CRLF */
	if (rule->op != CONF_DEL)
		added[of_response(s->key)] += rule->name.n + rule->value.n + 4;
	return 0;
}

/* what r takes over of a global setting */
static int
inherit(struct loader *l, struct conf_route *r, const struct conf_setting *s,
    size_t added[2])
{
	const struct conf_setting *own;

	if (key_is_rule(s->key)) {
		for (own = r->settings; own != NULL; own = own->next)
			if (replaces(own, s))
				return 0;
		return add_rule(l, r, s, added);
	}
	/* a certificate and its key are taken over together or not at all */
	if (strcmp(s->key->name, "upstream_key") == 0 &&
	    key_given(r, key_find("upstream_cert", true)) != NULL)
		return 0;
	if (s->key->route && (!key_is_list(s->key) || key_is_words(s->key)) &&
	    key_given(r, s->key) == NULL)
		memcpy(key_field(l->c, r, s->key),
		    key_field(l->c, l->c->defaults, s->key), s->key->size);
	return 0;
}

static int
finish_route(struct loader *l, struct conf_route *r)
{
	const struct conf_route *from = l->c->defaults;
	const struct conf_setting *s;
	size_t added[2] = { 0, 0 };

	for (s = from->settings; s != NULL; s = s->next)
		if (inherit(l, r, s, added) != 0)
			return -1;
	for (s = r->settings; s != NULL; s = s->next)
		if (key_is_rule(s->key) && add_rule(l, r, s, added) != 0)
			return -1;
	r->added = added[added[1] > added[0]] + location_growth(r);
	if (r->access == NULL)
		r->access = from->access;
	if (confcheck_fixed(r))
		return 0;
	if (r->n_upstreams == 0) {
		r->upstreams = from->upstreams;
		r->n_upstreams = from->n_upstreams;
	}
	l->where = r->where;
	l->key = "route";
	if (r->n_upstreams == 0)
		return fail(l, "no upstream: %s", r->text);
	r->targets = take(l, r->n_upstreams * sizeof *r->targets);
	r->secrets = take(l, r->n_upstreams * sizeof *r->secrets);
	return r->targets != NULL && r->secrets != NULL ? 0 : -1;
}

/* makes key the one that the next message is about, if it was given */
static bool
blame(struct loader *l, const char *key)
{
	const struct key *k = key_find(key, false);
	struct conf_setting *s = key_given(l->c->defaults, k);

	if (s->rank == DEFAULT)
		return false;
	l->where = s->where;
	l->key = key;
	return true;
}

/* says that key's value is too small for what there is */
static int
lacks(struct loader *l, const char *key, uint64_t value, const char *need,
    const char *what)
{
	char size[VALUE_TEXT];

	value_text(VALUE_SIZE, &value, size);
	if (blame(l, key))
		return fail(l, "must be at least %s for %s: %s", need, what,
		    size);
	return fail(l, "needs a %s of %s: %s", key, need, size);
}

/* what one value requires of another */
static int
check(struct loader *l)
{
	const struct conf_route *r, *most = l->c->routes;
	uint64_t need = l->c->line_max + 100;
	char text[VALUE_TEXT];

	if (l->c->header_max < need) {
		snprintf(text, sizeof text, "%" PRIu64, need);
		blame(l, "line_max");
		return lacks(l, "header_max", l->c->header_max, text,
		    "line_max");
	}
	assert(most != NULL); /* there is a route, that was checked */
	for (r = most->next; r != NULL; r = r->next)
		if (r->added > most->added)
			most = r;
	/* a head must fit into one buffer, with all that is added to it */
	need = l->c->header_max + HEAD_EXTRA + most->added;
	if (l->c->buffer >= need)
		return 0;
	need = (need + 1023) / 1024 * 1024;
	l->where = most->where;
	l->key = "route";
	if (most->added == 0)
		blame(l, "header_max");
	return lacks(l, "buffer", l->c->buffer,
	    value_text(VALUE_SIZE, &need, text), "header_max and header rules");
}

/* puts together what was read */
static int
finish(struct loader *l)
{
	struct conf_route *r;

	if (l->place != NULL)
		l->where = l->place;
	l->key = NULL;
	if (l->c->listens == NULL)
		return fail(l, "no listen");
	if (l->c->routes == NULL)
		return fail(l, "no route");
	for (r = l->c->routes; r != NULL; r = r->next)
		if (finish_route(l, r) != 0)
			return -1;
	if (confcheck_routes(l->c, l->err, l->err_size) != 0 ||
	    confcheck_frames(l->c, l->err, l->err_size) != 0 ||
	    conftcp_check(l->c, l->err, l->err_size) != 0 ||
	    confhealth_check(l->c, l->err, l->err_size) != 0 ||
	    confcheck_tls(l->c, l->err, l->err_size) != 0)
		return -1;
	return check(l);
}

/* all keys but the lists, which begin empty */
static int
set_defaults(struct loader *l)
{
	const struct key *k;

	for (k = key_all; k->name != NULL; k++) {
		l->key = k->name;
		l->raw = k->def;
		strcpy(l->value, k->def);
		if (!key_is_list(k) && apply(l, k) != 0)
			return -1;
	}
	l->rank = IN_FILE;
	return 0;
}

void
conf_free(struct conf *c)
{
	if (c != NULL)
		arena_free(c->arena);
	free(c);
}

/* the conf, or NULL if something went wrong on the way */
static struct conf *
hand_over(struct loader *l, int r)
{
	struct conf *c = r == 0 ? l->c : NULL;

	if (c == NULL)
		conf_free(l->c);
	free(l);
	return c;
}

/* a loader with a conf of defaults, or NULL */
static struct loader *
begin(char *err, size_t err_size)
{
	struct loader *l = malloc(sizeof *l);
	struct conf *c = calloc(1, sizeof *c);

	if (l == NULL || c == NULL) {
		snprintf(err, err_size, "out of memory");
		free(l);
		free(c);
		return NULL;
	}
	/* the two texts, which are most of it, are written before they are read */
	memset(l, 0, offsetof(struct loader, text));
	l->text[0] = l->value[0] = '\0';
	l->err = err;
	l->err_size = err_size;
	l->c = c;
	l->route = c->defaults = take(l, sizeof *l->route);
	if (l->route != NULL && set_defaults(l) == 0)
		return l;
	hand_over(l, -1);
	return NULL;
}

struct conf *
conf_load(const struct conf_source *sources, size_t n, char *err,
    size_t err_size)
{
	struct loader *l = begin(err, err_size);
	size_t i;
	int r = 0;

	if (l == NULL)
		return NULL;
	for (i = 0; r == 0 && i < n; i++)
		if (sources[i].kind == CONF_FILE)
			r = read_file(l, sources[i].text);
	if (r == 0)
		r = read_options(l, sources, n);
	return hand_over(l, r == 0 ? finish(l) : r);
}

struct conf *
conf_simple(const char *listen, const char *upstream,
    const struct conf_source *options, size_t n, char *err, size_t err_size)
{
	struct loader *l = begin(err, err_size);

	if (l == NULL)
		return NULL;
	l->where = "command line";
	if (read_text(l, "listen=", listen) != 0 ||
	    read_text(l, "route=", endpoint_is_tcp(listen) ? listen :
	    "*") != 0 ||
	    read_text(l, "upstream=", upstream) != 0 ||
	    read_options(l, options, n) != 0)
		return hand_over(l, -1);
	return hand_over(l, finish(l));
}

struct conf_endpoint *
conf_listen_address(const char *text, struct conf **owner, char *err,
    size_t err_size)
{
	struct loader *l = begin(err, err_size);

	*owner = NULL;
	if (l == NULL)
		return NULL;
	l->where = "command line";
	*owner = hand_over(l, read_text(l, "listen=", text) == 0 ?
	    confcheck_certs(l->c, err, err_size) : -1);
	return *owner != NULL ? (*owner)->listens : NULL;
}

const char *
conf_where(const struct conf *c, const struct conf_route *r, const char *key)
{
	const struct conf_setting *s = key_origin(c, r, key);

	return s != NULL && s->where != NULL ? s->where : r->where;
}
