/*
 * weir.conf and -o options to one struct conf.
 *
 * The rows of keys.h are expanded into a table of keys; a key's type says how
 * its value is parsed, compared and printed. A statement (one line, or one
 * option) becomes a setting, and the settings are the truth: those of the
 * global scope first, then for each route a mark (a setting without a key)
 * and the settings behind it. Scalars are stored as they are read. Lists are
 * put together from the settings at the end, when it is known what a route
 * has of its own and what it takes over from the global scope.
 *
 * All memory of a conf lies in its arena, the conf itself too. Nothing here
 * exits: a reload may fail at any point and leaves nothing behind.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "http.h"
#include "log.h"
#include "resolve.h"

#define TEXT_SIZE 65536 /* of a line, a file taken in, an expanded value */
#define BLOCK_SIZE 16384
#define HOST_SIZE 253 /* of a name in text: RFC 1035 2.3.4, less two */
#define LABEL_SIZE 63
#define TEN_YEARS (INT64_C(10) * 365 * 86400 * 1000)
#define HEAD_EXTRA 2048 /* that weir itself adds to a head at the most */

enum type {
	MSEC, SIZE, UINT, BOOL, STR, LEVEL, FORMAT, ERRORS, LISTENS, UPSTREAMS,
	RULE_SET, RULE_ADD, RULE_DEL, N_TYPES
};

enum reload { LIVE, START };

struct key {
	const char *name;
	enum type type;
	enum reload reload;
	bool route; /* offset is into struct conf_route, else struct conf */
	size_t offset;
	const char *def, *help;
};

static const struct key keys[] = {
#define ROW(field, key, type, def, reload, help) \
	{ key, type, reload, false, offsetof(struct conf, field), def, help },
	KEYS_GLOBAL(ROW)
#undef ROW
#define ROW(field, key, type, def, reload, help) \
	{ key, type, reload, true, offsetof(struct conf_route, field), def, \
	    help },
	KEYS_ROUTE(ROW)
#undef ROW
};

#define N_KEYS (sizeof keys / sizeof keys[0])
#define END_KEYS (keys + N_KEYS)

/* what a number may be where its type alone does not say it */
static const struct range {
	const char *key;
	bool route;
	uint64_t min, max;
} ranges[] = {
	{ "max_connections", false, 1, 1000000 },
	{ "buffers", false, 8, 1000000 },
	{ "buffer", false, 4096, 1048576 },
	{ "header_timeout", false, 1, TEN_YEARS },
	{ "header_max", false, 512, 262144 },
	{ "line_max", false, 16, 262144 },
	{ "fields_max", false, 10, 1000 },
	{ "connect_timeout", true, 1, TEN_YEARS },
	{ "handshake_timeout", true, 1, TEN_YEARS },
};

/* the words of a type, by value; "not LIST" is its error */
static const char *const bools[] = { "no", "yes", NULL };
static const char *const formats[] = { "text", "json", NULL };
static const char *const levels[] = {
	[LOG_L_ERROR] = "error", [LOG_L_WARN] = "warn", [LOG_L_INFO] = "info",
	[LOG_L_DEBUG] = "debug", [LOG_L_DEBUG + 1] = NULL
};
static const char *const errors[] = {
	[CONF_ERRORS_AUTO] = "auto", [CONF_ERRORS_TEXT] = "text",
	[CONF_ERRORS_JSON] = "json", [CONF_ERRORS_OPENAI] = "openai",
	[CONF_ERRORS_OPENAI + 1] = NULL
};

struct conf_setting {
	struct conf_setting *next;
	const struct key *key; /* NULL: a route begins */
	const char *where;
	const char *raw; /* as it stood, where it holds "${"; else NULL */
	bool option;
	struct conf_route *route; /* that begins */
	struct conf_endpoint *endpoint; /* of a list */
	struct conf_rule *rule; /* of a list */
};

struct conf_arena {
	struct conf_arena *next;
	size_t used, size; /* of the bytes behind this */
};

union align {
	long long ll;
	long double ld;
	void *p;
};

/* what is known while a conf is being read */
struct loader {
	struct conf *c;
	struct conf_setting **globals; /* where the next global one goes */
	struct conf_setting **tail; /* the end of all */
	struct conf_setting *mark; /* the current route's, NULL: global */
	struct conf_route *route, **routes; /* the current one, their end */
	bool option;
	const char *place; /* for what is missing as a whole: "weir.conf" */
	const char *where; /* of the statement: "weir.conf:12" */
	const char *key, *raw; /* of the statement, for messages */
	char *err;
	size_t err_size;
	char text[TEXT_SIZE + 2]; /* the line, with a CR and a NUL */
	char value[TEXT_SIZE + 1];
	char content[TEXT_SIZE + 1];
};

static size_t
aligned(size_t n)
{
	return (n + sizeof(union align) - 1) / sizeof(union align) *
	    sizeof(union align);
}

/* zeroed memory of an arena, or NULL */
static void *
take(struct conf_arena **arena, size_t n)
{
	struct conf_arena *a = *arena;
	size_t head = aligned(sizeof *a), size;
	char *p;

	n = aligned(n);
	if (a == NULL || a->size - a->used < n) {
		size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
		a = calloc(1, head + size);
		if (a == NULL)
			return NULL;
		a->size = size;
		a->next = *arena;
		*arena = a;
	}
	p = (char *)a + head + a->used;
	a->used += n;
	return p;
}

static void
release(struct conf_arena *a)
{
	struct conf_arena *next;

	for (; a != NULL; a = next) {
		next = a->next;
		free(a);
	}
}

void
conf_free(struct conf *c)
{
	if (c != NULL)
		release(c->arena);
}

/* writes the message, with its place and key in front; returns -1 */
static int __attribute__((format(printf, 2, 3)))
fail(struct loader *l, const char *fmt, ...)
{
	struct text t;
	va_list ap;

	if (l->err_size == 0)
		return -1;
	text_init(&t, l->err, l->err_size - 1);
	if (l->where != NULL) {
		text_str(&t, l->where);
		text_str(&t, ": ");
	}
	if (l->key != NULL) {
		text_str(&t, l->key);
		text_str(&t, ": ");
	}
	va_start(ap, fmt);
	vsnprintf(l->err + t.n, l->err_size - t.n, fmt, ap);
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

static char *
copy_n(struct loader *l, const char *s, size_t n)
{
	char *p = take(&l->c->arena, n + 1);

	if (p == NULL)
		no_memory(l);
	else if (n > 0)
		memcpy(p, s, n);
	return p;
}

static char *
copy(struct loader *l, const char *s)
{
	return copy_n(l, s, strlen(s));
}

/* printf into the arena */
static char * __attribute__((format(printf, 2, 3)))
compose(struct loader *l, const char *fmt, ...)
{
	va_list ap, again;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0)
		p = take(&l->c->arena, (size_t)n + 1);
	if (p != NULL)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	else
		no_memory(l);
	va_end(again);
	va_end(ap);
	return p;
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
alnum(char c)
{
	c = lower(c);
	return digit(c) || (c >= 'a' && c <= 'z');
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* moves over one or more digits; a number too large becomes the largest */
static bool
number(const char **p, uint64_t *v)
{
	const char *start = *p;
	unsigned d;

	for (*v = 0; digit(**p); (*p)++) {
		d = (unsigned)(**p - '0');
		*v = *v > (UINT64_MAX - d) / 10 ? UINT64_MAX : *v * 10 + d;
	}
	return *p > start;
}

static const struct unit {
	const char *name;
	uint64_t factor;
} durations[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
	{ "ms", 1 }, { NULL, 0 }
}, sizes[] = {
	{ "g", 1 << 30 }, { "m", 1 << 20 }, { "k", 1 << 10 }, { "", 1 },
	{ NULL, 0 }
};

/* a number and a unit; a number too large becomes the largest */
static bool
measure(const char *s, const struct unit *u, uint64_t *v)
{
	if (!number(&s, v))
		return false;
	while (u->name != NULL && strcmp(u->name, s) != 0)
		u++;
	if (u->name == NULL)
		return *v == 0 && *s == '\0';
	*v = *v > UINT64_MAX / u->factor ? UINT64_MAX : *v * u->factor;
	return true;
}

/* the shortest way to write v in the largest unit that fits */
static const char *
measured(uint64_t v, const struct unit *u, char text[32])
{
	if (v == 0)
		return "0";
	while (v % u->factor != 0)
		u++;
	snprintf(text, 32, "%" PRIu64 "%s", v / u->factor, u->name);
	return text;
}

static int
word(const char *const *list, const char *s)
{
	int i;

	for (i = 0; list[i] != NULL; i++)
		if (strcmp(list[i], s) == 0)
			return i;
	return -1;
}

static int
in_range(struct loader *l, const struct key *k, uint64_t v)
{
	const struct range *r = ranges;
	const struct unit *u = k->type == MSEC ? durations : sizes;
	char min[32], max[32];

	while (r->route != k->route || strcmp(r->key, k->name) != 0)
		if (++r == ranges + sizeof ranges / sizeof ranges[0])
			return 0;
	if (v >= r->min && v <= r->max)
		return 0;
	if (k->type == MSEC)
		return bad(l, "must be more than 0");
	if (k->type == UINT)
		return fail(l, "must be %" PRIu64 " to %" PRIu64 ": %s",
		    r->min, r->max, l->raw);
	return fail(l, "must be %s to %s: %s", measured(r->min, u, min),
	    measured(r->max, u, max), l->raw);
}

/*
 * The parsers of types: value v of key k to *field. Lists store one item.
 */
static int
parse_msec(struct loader *l, const struct key *k, const char *v, void *field)
{
	uint64_t ms;

	if (!measure(v, durations, &ms))
		return bad(l, "not a duration");
	if (ms > TEN_YEARS)
		return bad(l, "longer than 10 years");
	*(int64_t *)field = (int64_t)ms;
	return in_range(l, k, ms);
}

static int
parse_size(struct loader *l, const struct key *k, const char *v, void *field)
{
	uint64_t size;

	if (!measure(v, sizes, &size))
		return bad(l, "not a size");
	if (size > INT64_MAX)
		return bad(l, "too large");
	*(uint64_t *)field = size;
	return in_range(l, k, size);
}

static int
parse_uint(struct loader *l, const struct key *k, const char *v, void *field)
{
	uint64_t n;

	if (!number(&v, &n) || *v != '\0')
		return bad(l, "not a number");
	if (n > INT32_MAX)
		return bad(l, "too large");
	*(unsigned *)field = (unsigned)n;
	return in_range(l, k, n);
}

static int
parse_word(struct loader *l, const struct key *k, const char *v, void *field)
{
	int i;

	switch (k->type) {
	case BOOL:
		i = word(bools, v);
		*(bool *)field = i == 1;
		return i < 0 ? bad(l, "not yes or no") : 0;
	case FORMAT:
		i = word(formats, v);
		*(bool *)field = i == 1;
		return i < 0 ? bad(l, "not text or json") : 0;
	case LEVEL:
		i = word(levels, v);
		*(int *)field = i;
		return i < 0 ? bad(l, "not error, warn, info or debug") : 0;
	default:
		i = word(errors, v);
		if (i < 0)
			return bad(l, "not auto, text, json or openai");
		*(enum conf_error_format *)field = (enum conf_error_format)i;
		return 0;
	}
}

static int
hex(char c)
{
	c = lower(c);
	if (digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* the escape at v, if it is one of an unreserved character; else 0 */
static char
unreserved(const char *v)
{
	int c;

	if (v[0] != '%' || hex(v[1]) < 0 || hex(v[2]) < 0)
		return 0;
	c = 16 * hex(v[1]) + hex(v[2]);
	if (c > 0 && c < 128 && (alnum((char)c) || strchr("-._~", c) != NULL))
		return (char)c;
	return 0;
}

static bool
dot_segment(const char *p)
{
	size_t n;

	for (; p != NULL; p = strchr(p, '/')) {
		n = strcspn(++p, "/");
		if ((n == 1 || n == 2) && strspn(p, ".") == n)
			return true;
	}
	return false;
}

/*
 * A path in the form in which paths are compared: escapes of unreserved
 * characters decoded, repeated slashes one, no slash at the end.
 */
static int
parse_path(struct loader *l, const char *v, const char **path)
{
	char *p, *q, c;

	if (*v != '/')
		return bad(l, "a path begins with a slash");
	p = q = copy(l, v);
	if (p == NULL)
		return -1;
	for (; *v != '\0'; v++) {
		if (*v <= ' ' || *v == 0x7f || *v == '?' || *v == '#')
			return bad(l, "a path holds only visible ASCII "
			    "without ? and #");
		if (*v == '%' && (hex(v[1]) < 0 || hex(v[2]) < 0))
			return bad(l, "% stands before two hex digits only");
		c = unreserved(v);
		if (c != 0)
			v += 2;
		else
			c = *v;
		if (c != '/' || q == p || q[-1] != '/')
			*q++ = c;
	}
	if (q - p > 1 && q[-1] == '/')
		q--;
	*q = '\0';
	*path = p;
	return dot_segment(p) ? bad(l, "a path has no dot segments") : 0;
}

static int
parse_str(struct loader *l, const struct key *k, const char *v, void *field)
{
	const char **s = field;
	struct span all = { v, strlen(v) };

	if (*v != '\0' && strcmp(k->name, "strip_prefix") == 0)
		return parse_path(l, v, s);
	if (strcmp(k->name, "host_header") == 0) {
		if (strcmp(v, "client") == 0)
			v = "";
		if (*v != '\0' && strcmp(v, "upstream") != 0 &&
		    (all.n > HOST_SIZE + 6 || !http_is_authority(all)))
			return bad(l, "not upstream, client or HOST[:PORT]");
	} else if (*v == '\0' && *k->def != '\0') {
		return fail(l, "needs a value");
	}
	*s = *v != '\0' ? copy(l, v) : NULL;
	return *s == NULL && *v != '\0' ? -1 : 0;
}

/* a host name, in the form that DNS and Host both take */
static bool
valid_name(const char *s)
{
	const char *label = s, *p;
	size_t n = strlen(s);

	if (n == 0 || n > HOST_SIZE)
		return false;
	for (p = s; *p != '\0'; p++) {
		if (*p == '.') {
			if (p == label)
				return false;
			label = p + 1;
		} else if (!alnum(*p) && *p != '-' && *p != '_') {
			return false;
		}
		if (p - label >= LABEL_SIZE)
			return false;
	}
	/* 1.2.3 and 0x7f.1 are addresses to getaddrinfo(), with a surprise */
	return label[strspn(label, "0123456789")] != '\0' &&
	    strncasecmp(label, "0x", 2) != 0;
}

static char *
lower_case(char *s)
{
	char *p;

	if (s != NULL)
		for (p = s; *p != '\0'; p++)
			*p = lower(*p);
	return s;
}

/*
 * The canonical form of a literal address, or NULL if s is none. Text in
 * brackets must be IPv6 and text without must not.
 */
static char *
literal(struct loader *l, const char *s, bool brackets)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	if (!addr_literal(s, 0, &a) ||
	    brackets != (a.u.sa.sa_family == AF_INET6))
		return NULL;
	return copy(l, addr_text_ip(&a, text));
}

static int
parse_port(struct loader *l, const char *s, uint16_t *port)
{
	uint64_t n;

	if (!number(&s, &n) || *s != '\0' || n < 1 || n > 65535)
		return bad(l, "a port is 1 to 65535");
	*port = (uint16_t)n;
	return 0;
}

static int
unix_endpoint(struct loader *l, const char *path, struct conf_endpoint *e)
{
	struct addr a;

	if (*path != '/')
		return bad(l, "the path of a unix socket begins with a slash");
	if (addr_unix(path, &a) != 0)
		return bad(l, "too long for the path of a unix socket");
	e->path = copy(l, path);
	/* a unix socket has no name; this one is taken by every server */
	e->authority = copy(l, "localhost");
	e->text = compose(l, "unix:%s", path);
	return e->path == NULL || e->authority == NULL || e->text == NULL ?
	    -1 : 0;
}

/* the host of an address, as it was written, to e->host */
static int
parse_host(struct loader *l, char *host, bool brackets, bool listener,
    struct conf_endpoint *e)
{
	size_t n = strlen(host);

	e->host = literal(l, host, brackets);
	if (e->host != NULL)
		return 0;
	if (brackets)
		return bad(l, "not an IPv6 address in the brackets");
	if (listener && (n == 0 || strcmp(host, "*") == 0)) {
		e->host = "";
		return 0;
	}
	if (listener && strcasecmp(host, "localhost") != 0)
		return bad(l, "a listener's host is an IP address, localhost "
		    "or *");
	if (n == 0)
		return bad(l, "the host is missing");
	e->host = lower_case(copy(l, host));
	if (e->host == NULL)
		return -1;
	/* a name may end in a dot, which keeps search domains away */
	if (n > 1 && host[n - 1] == '.')
		host[n - 1] = '\0';
	return valid_name(host) ? 0 : bad(l, "not a host name or IP address");
}

/* splits "host:port", "host", "[v6]:port", "[v6]" and, to listen, "port" */
static int
parse_authority(struct loader *l, char *v, bool bare, bool listener,
    struct conf_endpoint *e)
{
	bool brackets = *v == '[';
	char *host = v + brackets, *end, *port = NULL;

	end = brackets ? strchr(v, ']') : strchr(v, ':');
	if (end == NULL && brackets)
		return bad(l, "[ without ]");
	if (end != NULL) {
		port = brackets ? end + 1 : end;
		if (*port != '\0' && *port != ':')
			return bad(l, "only :PORT may follow ]");
		if (*port != '\0' && strchr(port + 1, ':') != NULL)
			return bad(l, "an IPv6 address stands in brackets");
		port = *port == ':' ? port + 1 : NULL;
		*end = '\0';
	} else if (listener && digit(*v) && v[strspn(v, "0123456789")] == 0) {
		port = v;
		host = v + strlen(v);
	}
	e->port = 80;
	if (port == NULL && bare && !listener)
		return bad(l, "without http:// it needs a port");
	if (port != NULL && parse_port(l, port, &e->port) != 0)
		return -1;
	return parse_host(l, host, brackets, listener, e);
}

static bool
starts(const char *s, const char *prefix)
{
	return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

static int
parse_endpoint(struct loader *l, const char *v, bool listener,
    struct conf_endpoint *e)
{
	bool bare = strstr(v, "://") == NULL;
	const char *left, *right;
	size_t n;
	char *s;

	if (starts(v, "https://") || starts(v, "wss://"))
		return bad(l, "this build of weir has no TLS yet");
	if (starts(v, "http://") || starts(v, "ws://"))
		v = strstr(v, "://") + 3;
	else if (!bare && !starts(v, "unix:"))
		return bad(l, "not http://, ws:// or unix:/PATH");
	if (starts(v, "unix:"))
		return unix_endpoint(l, v + 5, e);
	n = strlen(v);
	if (n == 0)
		return bad(l, "not an address");
	if (!listener && n > 1 && v[n - 1] == '/')
		n--;
	s = copy_n(l, v, n);
	if (s == NULL)
		return -1;
	if (strpbrk(s, "/?#@") != NULL)
		return bad(l, listener ?
		    "a listener has no path, query or user" :
		    "an upstream has no path, query or user");
	if (parse_authority(l, s, bare, listener, e) != 0)
		return -1;
	left = strchr(e->host, ':') != NULL ? "[" : "";
	right = *left != '\0' ? "]" : "";
	e->text = compose(l, "http://%s%s%s:%u", left, e->host, right,
	    (unsigned)e->port);
	e->authority = e->port == 80 ?
	    compose(l, "%s%s%s", left, e->host, right) :
	    compose(l, "%s%s%s:%u", left, e->host, right, (unsigned)e->port);
	return e->text == NULL || e->authority == NULL ? -1 : 0;
}

static int
parse_listen(struct loader *l, const struct key *k, const char *v, void *item)
{
	struct conf_endpoint *e = take(&l->c->arena, sizeof *e);
	const struct conf_setting *s;

	(void)k;
	if (e == NULL)
		return no_memory(l);
	e->where = l->where;
	if (parse_endpoint(l, v, true, e) != 0)
		return -1;
	for (s = l->c->settings; s != NULL && s->key != NULL; s = s->next)
		if (s->key->type == LISTENS &&
		    strcmp(s->endpoint->text, e->text) == 0)
			return fail(l, "given twice, first at %s: %s",
			    s->where, l->raw);
	*(struct conf_endpoint **)item = e;
	return 0;
}

static int
parse_upstream(struct loader *l, const struct key *k, const char *v,
    void *item)
{
	struct conf_endpoint *e = take(&l->c->arena, sizeof *e);

	(void)k;
	if (e == NULL)
		return no_memory(l);
	e->where = l->where;
	*(struct conf_endpoint **)item = e;
	return parse_endpoint(l, v, false, e);
}

/* fields that frame messages or belong to one connection: RFC 9110 7.6.1 */
static bool
reserved(int id)
{
	switch (id) {
	case HTTP_F_CONNECTION:
	case HTTP_F_CONTENT_LENGTH:
	case HTTP_F_TRANSFER_ENCODING:
	case HTTP_F_UPGRADE:
	case HTTP_F_TE:
	case HTTP_F_TRAILER:
	case HTTP_F_KEEP_ALIVE:
	case HTTP_F_PROXY_CONNECTION:
	case HTTP_F_HTTP2_SETTINGS:
	case HTTP_F_SEC_WEBSOCKET_KEY:
	case HTTP_F_SEC_WEBSOCKET_ACCEPT:
	case HTTP_F_SEC_WEBSOCKET_VERSION:
	case HTTP_F_SEC_WEBSOCKET_EXTENSIONS:
		return true;
	default:
		return false;
	}
}

static bool
is_rule(const struct key *k)
{
	return k != NULL && k->type >= RULE_SET && k->type <= RULE_DEL;
}

/* whether a rule key is about responses */
static bool
of_response(const struct key *k)
{
	return k->offset == offsetof(struct conf_route, set_response_header) ||
	    k->offset == offsetof(struct conf_route, add_response_header) ||
	    k->offset == offsetof(struct conf_route, del_response_header);
}

/* whether s is a rule on the same field in the same direction */
static bool
same_field(const struct conf_setting *s, const struct key *k,
    const struct conf_rule *rule)
{
	return is_rule(s->key) && of_response(s->key) == of_response(k) &&
	    span_is(s->rule->name, rule->name.p);
}

/* the first setting of the current scope */
static struct conf_setting **
scope(struct loader *l)
{
	return l->mark != NULL ? &l->mark->next : &l->c->settings;
}

/* true if the statement being read may replace s, which is of its scope */
static bool
overrides(const struct loader *l, const struct conf_setting *s)
{
	return l->option && !s->option;
}

static void
unlink_setting(struct loader *l, struct conf_setting **p)
{
	struct conf_setting *s = *p;

	if (l->tail == &s->next)
		l->tail = p;
	if (l->globals == &s->next)
		l->globals = p;
	*p = s->next;
}

/* two rules that replace one field contradict each other */
static int
settle_rule(struct loader *l, const struct key *k,
    const struct conf_rule *rule)
{
	struct conf_setting **p = scope(l), *s;

	while ((s = *p) != NULL && s->key != NULL) {
		if (rule->op == CONF_ADD || !same_field(s, k, rule)) {
			p = &s->next;
		} else if (overrides(l, s)) {
			unlink_setting(l, p);
		} else if (s->key->type == RULE_ADD) {
			p = &s->next;
		} else {
			return fail(l, "%s is set or deleted already, at %s",
			    rule->name.p, s->where);
		}
	}
	return 0;
}

static int
parse_rule(struct loader *l, const struct key *k, const char *v, void *item)
{
	struct conf_rule *rule = take(&l->c->arena, sizeof *rule);
	size_t n = k->type == RULE_DEL ? strlen(v) : strcspn(v, ":");

	if (rule == NULL)
		return no_memory(l);
	if (k->type != RULE_DEL && v[n] == '\0')
		return bad(l, "not \"Name: value\"");
	rule->op = k->type == RULE_SET ? CONF_SET :
	    k->type == RULE_ADD ? CONF_ADD : CONF_DEL;
	rule->name.p = copy_n(l, v, n);
	rule->name.n = n;
	if (rule->name.p == NULL)
		return -1;
	if (!http_is_token(rule->name))
		return bad(l, "not the name of a field");
	rule->id = (int)http_field_id(rule->name);
	if (rule->id == HTTP_F_HOST)
		return bad(l, "use host_header for Host");
	if (reserved(rule->id))
		return bad(l, "this field is weir's own to write");
	v += v[n] == ':' ? n + 1 : n;
	while (blank(*v))
		v++;
	n = strlen(v);
	while (n > 0 && blank(v[n - 1]))
		n--;
	rule->value.p = copy_n(l, v, n);
	rule->value.n = n;
	if (rule->value.p == NULL)
		return -1;
	*(struct conf_rule **)item = rule;
	return settle_rule(l, k, rule);
}

static const struct {
	int (*parse)(struct loader *l, const struct key *k, const char *v,
	    void *field);
	size_t size;
} types[N_TYPES] = {
	[MSEC] = { parse_msec, sizeof(CONF_T_MSEC) },
	[SIZE] = { parse_size, sizeof(CONF_T_SIZE) },
	[UINT] = { parse_uint, sizeof(CONF_T_UINT) },
	[BOOL] = { parse_word, sizeof(CONF_T_BOOL) },
	[STR] = { parse_str, sizeof(CONF_T_STR) },
	[LEVEL] = { parse_word, sizeof(CONF_T_LEVEL) },
	[FORMAT] = { parse_word, sizeof(CONF_T_FORMAT) },
	[ERRORS] = { parse_word, sizeof(CONF_T_ERRORS) },
	[LISTENS] = { parse_listen, 0 },
	[UPSTREAMS] = { parse_upstream, 0 },
	[RULE_SET] = { parse_rule, 0 },
	[RULE_ADD] = { parse_rule, 0 },
	[RULE_DEL] = { parse_rule, 0 },
};

static bool
is_list(const struct key *k)
{
	return types[k->type].size == 0;
}

/* the key's field; r is of use for a route's keys alone */
static void *
field_of(struct conf *c, struct conf_route *r, const struct key *k)
{
	return (k->route ? (char *)r : (char *)c) + k->offset;
}

/* before the first route a global key hides a route's of the same name */
static const struct key *
lookup(const char *name, bool in_route)
{
	const struct key *k;

	for (k = keys; k < END_KEYS; k++)
		if (strcmp(k->name, name) == 0 && (k->route || !in_route))
			return k;
	return NULL;
}

/* the first setting of k in the scope that begins with s, or NULL */
static struct conf_setting *
given(struct conf_setting *s, const struct key *k)
{
	for (; s != NULL && s->key != NULL; s = s->next)
		if (s->key == k)
			return s;
	return NULL;
}

static void
append_setting(struct loader *l, struct conf_setting *s)
{
	struct conf_setting **p = l->mark != NULL ? l->tail : l->globals;

	s->next = *p;
	*p = s;
	if (l->tail == p)
		l->tail = &s->next;
	if (l->mark == NULL)
		l->globals = &s->next;
}

static struct conf_setting *
new_setting(struct loader *l, const struct key *k)
{
	struct conf_setting *s = take(&l->c->arena, sizeof *s);

	if (s == NULL) {
		no_memory(l);
		return NULL;
	}
	s->key = k;
	s->where = l->where;
	s->option = l->option;
	if (strstr(l->raw, "${") == NULL)
		return s;
	s->raw = copy(l, l->raw);
	return s->raw != NULL ? s : NULL;
}

/* makes one key's value a setting of the current scope */
static int
apply(struct loader *l, const struct key *k)
{
	struct conf_setting *s = new_setting(l, k), *old, **p;
	struct conf_route *r = l->mark != NULL ? l->mark->route :
	    l->c->defaults;
	void *field = field_of(l->c, r, k);

	if (s == NULL)
		return -1;
	old = is_list(k) ? NULL : given(*scope(l), k);
	if (old != NULL && !overrides(l, old))
		return fail(l, "given twice, first at %s", old->where);
	if (old != NULL) {
		for (p = scope(l); *p != old; p = &(*p)->next)
			;
		unlink_setting(l, p);
	}
	if (is_rule(k))
		field = &s->rule;
	else if (is_list(k))
		field = &s->endpoint;
	if (types[k->type].parse(l, k, l->value, field) != 0)
		return -1;
	append_setting(l, s);
	return 0;
}

/* splits "host/path" of a route */
static int
parse_route(struct loader *l, const char *v, struct conf_route *r)
{
	size_t n = strcspn(v, "/");
	bool brackets = *v == '[' && n > 1 && v[n - 1] == ']';
	char *host;

	if (*v == '\0')
		return fail(l, "needs a host, a path, or * for everything");
	if (strstr(v, "://") != NULL)
		return bad(l, "a route has no scheme");
	host = copy_n(l, v + brackets, n - 2 * brackets);
	if (host == NULL)
		return -1;
	if (strchr(host, ':') != NULL && !brackets)
		return bad(l, "a route's host has no port");
	r->host = literal(l, host, brackets);
	if (r->host == NULL && brackets)
		return bad(l, "not an IPv6 address in the brackets");
	if (r->host == NULL && *host != '\0' && strcmp(host, "*") != 0) {
		r->host = lower_case(host);
		if (!valid_name(strncmp(host, "*.", 2) == 0 ? host + 2 : host))
			return bad(l, "not a host name, *.NAME or *");
	}
	if (r->host == NULL)
		r->host = "";
	return parse_path(l, v[n] == '/' ? v + n : "/", &r->path);
}

static int
begin_route(struct loader *l)
{
	struct conf_setting *mark = new_setting(l, NULL);
	struct conf_route *r = take(&l->c->arena, sizeof *r), *o;

	if (mark == NULL)
		return -1;
	if (r == NULL)
		return no_memory(l);
	if (parse_route(l, l->value, r) != 0)
		return -1;
	for (o = l->c->routes; o != NULL; o = o->next)
		if (strcmp(o->host, r->host) == 0 &&
		    strcmp(o->path, r->path) == 0)
			return fail(l, "same host and path as at %s: %s",
			    o->where, l->raw);
	r->where = l->where;
	r->text = copy(l, l->raw);
	mark->route = r;
	l->mark = mark;
	*l->tail = mark;
	l->tail = &mark->next;
	*l->routes = r;
	l->routes = &r->next;
	return r->text == NULL ? -1 : 0;
}

/* bytes 0 to 31 and 127 except the tab; the index of one, or n */
static size_t
control(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (((unsigned char)s[i] < 32 && s[i] != '\t') || s[i] == 127)
			break;
	return i;
}

static bool
white(char c)
{
	return blank(c) || c == '\r' || c == '\n';
}

/* appends a file's content without the white space around it */
static int
take_in(struct loader *l, struct text *t, struct span name, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = 0, i = 0;
	int error = errno;

	if (f != NULL) {
		n = fread(l->content, 1, sizeof l->content, f);
		error = ferror(f) ? errno : 0;
		fclose(f);
	}
	if (f == NULL || error != 0)
		return fail(l, "${%.*s}: %s", (int)name.n, name.p,
		    strerror(error));
	if (n > TEXT_SIZE)
		return fail(l, "${%.*s}: longer than %d bytes", (int)name.n,
		    name.p, TEXT_SIZE);
	while (n > 0 && white(l->content[n - 1]))
		n--;
	while (i < n && white(l->content[i]))
		i++;
	text_mem(t, l->content + i, n - i);
	return 0;
}

/* appends what ${name} stands for */
static int
variable(struct loader *l, struct text *t, struct span name)
{
	const char *value;
	size_t i;

	memcpy(l->content, name.p, name.n);
	l->content[name.n] = '\0';
	if (strncmp(l->content, "file:", 5) == 0)
		return take_in(l, t, name, l->content + 5);
	for (i = 0; i < name.n; i++)
		if (!alnum(name.p[i]) && name.p[i] != '_')
			break;
	if (i < name.n || i == 0 || digit(*name.p))
		return fail(l, "${%s}: not the name of a variable",
		    l->content);
	value = getenv(l->content);
	if (value == NULL)
		return fail(l, "${%s} is not set", l->content);
	text_str(t, value);
	return 0;
}

/* l->raw to l->value, with ${NAME}, ${file:PATH} and $${ replaced */
static int
expand(struct loader *l)
{
	const char *p = l->raw, *end;
	struct text t;
	struct span name;
	size_t i;

	text_init(&t, l->value, TEXT_SIZE);
	for (; *p != '\0'; p = end) {
		end = p + 1;
		if (strncmp(p, "$${", 3) == 0) {
			text_str(&t, "${");
			end = p + 3;
		} else if (strncmp(p, "${", 2) == 0) {
			name.p = p + 2;
			name.n = strcspn(name.p, "}");
			if (name.p[name.n] == '\0')
				return bad(l, "${ without }");
			if (variable(l, &t, name) != 0)
				return -1;
			end = name.p + name.n + 1;
		} else {
			text_mem(&t, p, 1);
		}
	}
	if (t.full)
		return fail(l, "longer than %d bytes after expansion",
		    TEXT_SIZE);
	l->value[t.n] = '\0';
	i = control(l->value, t.n);
	return i == t.n ? 0 : fail(l, "control byte 0x%02x after expansion",
	    (unsigned)(unsigned char)l->value[i]);
}

/* the text without the blanks around it, in place */
static char *
trim(char *s)
{
	size_t n;

	while (blank(*s))
		s++;
	for (n = strlen(s); n > 0 && blank(s[n - 1]); n--)
		;
	s[n] = '\0';
	return s;
}

/* reads "key = value", n bytes of l->text */
static int
statement(struct loader *l, size_t n)
{
	size_t i = control(l->text, n);
	const struct key *k;
	char *eq;

	l->key = NULL;
	if (n > TEXT_SIZE)
		return fail(l, "longer than %d bytes", TEXT_SIZE);
	if (i < n)
		return fail(l, "control byte 0x%02x",
		    (unsigned)(unsigned char)l->text[i]);
	l->text[n] = '\0';
	eq = strchr(l->text, '=');
	if (eq == NULL || eq == l->text + strspn(l->text, " \t"))
		return fail(l, "not \"key = value\": %s", trim(l->text));
	*eq = '\0';
	l->key = trim(l->text);
	l->raw = trim(eq + 1);
	k = lookup(l->key, l->mark != NULL);
	if (k == NULL && strcmp(l->key, "route") != 0)
		return fail(l, lookup(l->key, false) != NULL ?
		    "stands before the first route only" : "unknown key");
	if (expand(l) != 0)
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

static bool
ignored(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && blank(s[i]))
		i++;
	return n <= TEXT_SIZE && (i == n || s[i] == '#') &&
	    control(s, n) == n;
}

static int
read_file(struct loader *l, const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned line = 0;
	size_t n;
	int r = 0;

	l->key = NULL;
	l->where = path;
	if (f == NULL)
		return fail(l, "%s", strerror(errno));
	while (r == 0 && read_line(l, f, &n)) {
		line++;
		if (ignored(l->text, n))
			continue;
		l->where = compose(l, "%s:%u", path, line);
		r = l->where == NULL ? -1 : statement(l, n);
	}
	if (r == 0 && ferror(f)) {
		l->key = NULL;
		l->where = path;
		r = fail(l, "%s", strerror(errno));
	}
	fclose(f);
	return r;
}

/* reads a statement that stands on the command line */
static int
read_option(struct loader *l, const char *key, const char *sep,
    const char *text)
{
	size_t n = strlen(key) + strlen(sep) + strlen(text);

	if (n > TEXT_SIZE)
		n = TEXT_SIZE + 1;
	snprintf(l->text, n + 1, "%s%s%s", key, sep, text);
	return statement(l, n);
}

static int
read_options(struct loader *l, const struct conf_source *sources, size_t n)
{
	size_t i;

	l->option = true;
	l->mark = NULL;
	l->where = "-o";
	for (i = 0; i < n; i++)
		if (sources[i].kind == CONF_OPTION &&
		    read_option(l, "", "", sources[i].text) != 0)
			return -1;
	return 0;
}

/* the endpoints of k in the scope that begins with s, as a list */
static unsigned
chain(struct conf_setting *s, const struct key *k, struct conf_endpoint **list)
{
	unsigned n = 0;

	for (; s != NULL && s->key != NULL; s = s->next) {
		if (s->key != k)
			continue;
		*list = s->endpoint;
		list = &s->endpoint->next;
		n++;
	}
	return n;
}

static bool
replaced(const struct conf_setting *own, const struct conf_setting *s)
{
	for (; own != NULL && own->key != NULL; own = own->next)
		if (same_field(own, s->key, s->rule) &&
		    own->key->type != RULE_ADD)
			return true;
	return false;
}

/*
 * The rules of k: those of the global scope that the route does not replace,
 * then the route's own. Counts what they add to a head.
 */
static int
chain_rules(struct loader *l, struct conf_setting *own, const struct key *k,
    struct conf_rule **list, size_t *added)
{
	struct conf_setting *s = l->c->settings;
	struct conf_rule *rule;
	bool inherited = true;

	for (;; s = s->next) {
		if (inherited && (s == NULL || s->key == NULL)) {
			inherited = false;
			s = own;
		}
		if (s == NULL || s->key == NULL)
			return 0;
		if (s->key != k || (inherited && replaced(own, s)))
			continue;
		rule = take(&l->c->arena, sizeof *rule);
		if (rule == NULL)
			return no_memory(l);
		*rule = *s->rule;
		*list = rule;
		list = &rule->next;
		/* "name: value" CRLF */
		if (rule->op != CONF_DEL)
			*added += rule->name.n + rule->value.n + 4;
	}
}

static int
finish_route(struct loader *l, struct conf_setting *mark)
{
	struct conf_route *r = mark->route;
	size_t added[2] = { 0, 0 };
	const struct key *k;
	void *field;

	for (k = keys; k < END_KEYS; k++) {
		if (!k->route)
			continue;
		field = field_of(l->c, r, k);
		if (is_rule(k)) {
			if (chain_rules(l, mark->next, k, field,
			    &added[of_response(k)]) != 0)
				return -1;
		} else if (is_list(k)) {
			r->n_upstreams = chain(mark->next, k, field);
		} else if (given(mark->next, k) == NULL) {
			memcpy(field, field_of(l->c, l->c->defaults, k),
			    types[k->type].size);
		}
	}
	r->added = added[added[1] > added[0]];
	if (r->n_upstreams == 0) {
		r->upstreams = l->c->defaults->upstreams;
		r->n_upstreams = l->c->defaults->n_upstreams;
	}
	l->where = r->where;
	l->key = "route";
	if (r->n_upstreams == 0)
		return fail(l, "no upstream: %s", r->text);
	r->targets = take(&l->c->arena, r->n_upstreams * sizeof *r->targets);
	return r->targets == NULL ? no_memory(l) : 0;
}

/* makes key the one that the next message is about, if it was given */
static bool
blame(struct loader *l, const char *key)
{
	struct conf_setting *s = given(l->c->settings, lookup(key, false));

	if (s != NULL) {
		l->where = s->where;
		l->key = key;
	}
	return s != NULL;
}

/* what one value requires of another */
static int
check(struct loader *l)
{
	struct conf *c = l->c;
	const struct conf_route *r, *most = c->routes;
	char text[32], size[32];
	uint64_t need;

	if (c->header_max < c->line_max + 100) {
		measured(c->header_max, sizes, size);
		if (blame(l, "header_max"))
			return fail(l, "must be at least %" PRIu64
			    " for line_max: %s", c->line_max + 100, size);
		blame(l, "line_max");
		return fail(l, "needs a header_max of %" PRIu64 ": %s",
		    c->line_max + 100, size);
	}
	for (r = c->routes; r != NULL; r = r->next)
		if (r->added > most->added)
			most = r;
	/* a head must fit into one buffer, with all that is added to it */
	need = c->header_max + HEAD_EXTRA + most->added;
	if (c->buffer >= need)
		return 0;
	need = (need + 1023) / 1024 * 1024;
	measured(need, sizes, text);
	measured(c->buffer, sizes, size);
	if (blame(l, "buffer"))
		return fail(l, "must be at least %s for header_max and "
		    "header rules: %s", text, size);
	l->where = most->where;
	l->key = "route";
	if (most->added == 0)
		blame(l, "header_max");
	return fail(l, "needs a buffer of %s: %s", text, size);
}

/* puts the settings together */
static int
finish(struct loader *l)
{
	struct conf *c = l->c;
	struct conf_setting *s;

	l->where = l->place;
	l->key = NULL;
	chain(c->settings, lookup("listen", false), &c->listens);
	c->defaults->n_upstreams = chain(c->settings,
	    lookup("upstream", true), &c->defaults->upstreams);
	if (c->listens == NULL)
		return fail(l, "no listen");
	if (c->routes == NULL)
		return fail(l, "no route");
	for (s = c->settings; s != NULL; s = s->next)
		if (s->key == NULL && finish_route(l, s) != 0)
			return -1;
	return check(l);
}

/* all keys but the lists, which begin empty */
static int
set_defaults(struct loader *l)
{
	const struct key *k;

	for (k = keys; k < END_KEYS; k++) {
		l->key = k->name;
		l->raw = k->def;
		if (!is_list(k) && types[k->type].parse(l, k, k->def,
		    field_of(l->c, l->c->defaults, k)) != 0)
			return -1;
	}
	return 0;
}

/* a loader with a conf of defaults, or NULL */
static struct loader *
begin(char *err, size_t err_size)
{
	struct conf_arena *a = NULL;
	struct loader *l = calloc(1, sizeof *l);

	if (l == NULL) {
		snprintf(err, err_size, "out of memory");
		return NULL;
	}
	l->err = err;
	l->err_size = err_size;
	l->c = take(&a, sizeof *l->c);
	if (l->c != NULL) {
		l->c->arena = a;
		l->c->defaults = take(&l->c->arena, sizeof *l->c->defaults);
	}
	if (l->c == NULL || l->c->defaults == NULL) {
		no_memory(l);
		conf_free(l->c);
		free(l);
		return NULL;
	}
	l->globals = l->tail = &l->c->settings;
	l->routes = &l->c->routes;
	return l;
}

/* the conf, or NULL if something went wrong on the way */
static struct conf *
hand_over(struct loader *l, int r)
{
	struct conf *c = l->c;

	if (r != 0) {
		conf_free(c);
		c = NULL;
	}
	free(l);
	return c;
}

struct conf *
conf_load(const struct conf_source *sources, size_t n, char *err,
    size_t err_size)
{
	struct loader *l = begin(err, err_size);
	size_t i;
	int r;

	if (l == NULL)
		return NULL;
	l->place = "-o";
	r = set_defaults(l);
	for (i = n; i-- > 0;)
		if (sources[i].kind == CONF_FILE)
			l->place = sources[i].text;
	for (i = 0; r == 0 && i < n; i++)
		if (sources[i].kind == CONF_FILE)
			r = read_file(l, sources[i].text);
	if (r == 0)
		r = read_options(l, sources, n);
	if (r == 0)
		r = finish(l);
	return hand_over(l, r);
}

struct conf *
conf_simple(const char *listen, const char *upstream,
    const struct conf_source *options, size_t n, char *err, size_t err_size)
{
	struct loader *l = begin(err, err_size);
	int r;

	if (l == NULL)
		return NULL;
	r = set_defaults(l);
	l->where = l->place = "command line";
	if (r == 0)
		r = read_option(l, "listen", "=", listen);
	if (r == 0)
		r = read_option(l, "route", "=", "*");
	if (r == 0)
		r = read_option(l, "upstream", "=", upstream);
	if (r == 0)
		r = read_options(l, options, n);
	if (r == 0)
		r = finish(l);
	return hand_over(l, r);
}

struct conf_endpoint *
conf_listen_address(const char *text, struct conf **owner, char *err,
    size_t err_size)
{
	struct loader *l = begin(err, err_size);
	struct conf_endpoint *e = NULL;
	int r;

	if (l == NULL)
		return NULL;
	l->where = "command line";
	r = read_option(l, "listen", "=", text);
	if (r == 0)
		e = l->c->settings->endpoint;
	*owner = hand_over(l, r);
	return e;
}

/* a value as the parser takes it */
static const char *
value_text(const struct key *k, const void *field, char text[32])
{
	const char *s;

	switch (k->type) {
	case MSEC:
		return measured((uint64_t)*(const int64_t *)field, durations,
		    text);
	case SIZE:
		return measured(*(const uint64_t *)field, sizes, text);
	case UINT:
		snprintf(text, 32, "%u", *(const unsigned *)field);
		return text;
	case BOOL:
		return bools[*(const bool *)field];
	case LEVEL:
		return levels[*(const int *)field];
	case FORMAT:
		return formats[*(const bool *)field];
	case ERRORS:
		return errors[*(const enum conf_error_format *)field];
	default:
		s = *(const char *const *)field;
		return s != NULL ? s : "";
	}
}

static void
print_value(FILE *f, const struct key *k, const void *field)
{
	char text[32];
	const char *v = value_text(k, field, text);

	fprintf(f, "%s =%s%s\n", k->name, *v != '\0' ? " " : "", v);
}

static void
print_rule(FILE *f, const struct key *k, const struct conf_rule *rule)
{
	fprintf(f, "%s = %s%s%s%s\n", k->name, rule->name.p,
	    rule->op != CONF_DEL ? ":" : "", rule->value.n > 0 ? " " : "",
	    rule->value.p);
}

/* the lines of k in the scope that begins with s; false if there are none */
static bool
print_given(FILE *f, const struct conf_setting *s, const struct key *k,
    const void *field)
{
	bool any = false;

	for (; s != NULL && s->key != NULL; s = s->next) {
		if (s->key != k)
			continue;
		any = true;
		if (s->raw != NULL)
			fprintf(f, "%s = %s\n", k->name, s->raw);
		else if (is_rule(k))
			print_rule(f, k, s->rule);
		else if (is_list(k))
			fprintf(f, "%s = %s\n", k->name, s->endpoint->text);
		else
			print_value(f, k, field);
	}
	return any;
}

static bool
same_value(const struct key *k, const void *a, const void *b)
{
	char one[32], two[32];

	return strcmp(value_text(k, a, one), value_text(k, b, two)) == 0;
}

static void
print_global(FILE *f, struct conf *c, const struct key *k)
{
	const void *field = field_of(c, c->defaults, k);

	if (lookup(k->name, false) != k ||
	    print_given(f, c->settings, k, field))
		return;
	if (is_list(k))
		fprintf(f, "# %s =\n", k->name);
	else
		print_value(f, k, field);
}

static void
print_route(FILE *f, struct conf *c, const struct conf_setting *mark)
{
	struct conf_route *r = mark->route;
	const struct key *k;
	const void *field;

	fprintf(f, "\nroute = %s\n", r->text);
	for (k = keys; k < END_KEYS; k++) {
		if (!k->route)
			continue;
		field = field_of(c, r, k);
		if (is_list(k) ||
		    !same_value(k, field, field_of(c, c->defaults, k)))
			print_given(f, mark->next, k, field);
	}
}

void
conf_print(const struct conf *c, FILE *f)
{
	/* the fields are only read; field_of() serves the parser too */
	struct conf *all = (struct conf *)c;
	const struct conf_setting *s;
	const struct key *k;

	for (k = keys; k < END_KEYS; k++)
		print_global(f, all, k);
	for (s = c->settings; s != NULL; s = s->next)
		if (s->key == NULL)
			print_route(f, all, s);
}

void
conf_help(FILE *f)
{
	const struct key *k;

	fputs("Keys that stand before the first route:\n", f);
	for (k = keys; k < END_KEYS; k++) {
		if (k > keys && k->route && !k[-1].route)
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
	struct conf *a = (struct conf *)old;
	struct conf *b = (struct conf *)new;
	const struct key *k;

	for (k = keys; k < END_KEYS; k++)
		if (k->reload == START && !is_list(k) &&
		    !same_value(k, field_of(a, a->defaults, k),
		    field_of(b, b->defaults, k)))
			warn(k->name);
}
