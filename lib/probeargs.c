/* The arguments of a probe: see probeargs.h. */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "probeargs.h"
#include "field.h"
#include "probesay.h"
#include "redact.h"
#include "value.h"

static const char no_memory[] = "out of memory";

static const char usage_text[] =
    "usage: weir probe [options] URL\n"
    "  -H 'Name: value'      send this field, too (repeatable)\n"
    "  --subprotocol a,b     offer these subprotocols\n"
    "  --origin ORIGIN       send this Origin, as browsers do\n"
    "  --echo [TEXT]         send a message, and expect it back\n"
    "  --pings N             round trips to measure (3)\n"
    "  --hold DURATION       stay silent that long, and see who cuts it\n"
    "  --ping DURATION       the interval of pings if it was cut\n"
    "  --via HOST[:PORT]     go there directly as well, and compare\n"
    "  --timeout DURATION    for each step (10s)\n"
    "  --ca FILE             trust these authorities instead of the system's\n"
    "  --insecure            go on whatever the certificate is\n"
    "  -4, -6                use addresses of this kind alone\n"
    "  --json                print one JSON object\n";

enum kind { FLAG, TEXT, MSEC, COUNT, FIELD, FAMILY, ECHO_TEXT, HELP };

/* a long name begins with two dashes, a short one with one */
static const struct option {
	const char *name;
	enum kind kind;
	int value; /* of FAMILY */
	size_t at; /* of what it sets, in struct probe_how */
} options[] = {
	{"-H", FIELD, 0, 0},
	{"-4", FAMILY, AF_INET, 0},
	{"-6", FAMILY, AF_INET6, 0},
	{"-h", HELP, 0, 0},
	{"--help", HELP, 0, 0},
	{"--header", FIELD, 0, 0},
	{"--subprotocol", TEXT, 0, offsetof(struct probe_how, subprotocol)},
	{"--origin", TEXT, 0, offsetof(struct probe_how, origin)},
	{"--ca", TEXT, 0, offsetof(struct probe_how, ca)},
	{"--via", TEXT, 0, offsetof(struct probe_how, via_text)},
	{"--insecure", FLAG, 0, offsetof(struct probe_how, insecure)},
	{"--json", FLAG, 0, offsetof(struct probe_how, json)},
	{"--hold", MSEC, 0, offsetof(struct probe_how, hold_ms)},
	{"--ping", MSEC, 0, offsetof(struct probe_how, ping_ms)},
	{"--timeout", MSEC, 0, offsetof(struct probe_how, timeout_ms)},
	{"--pings", COUNT, 0, offsetof(struct probe_how, pings)},
	{"--echo", ECHO_TEXT, 0, 0},
};

/* ---- options ---- */

/* the option that arg names; *value is what stands behind its "=" */
static const struct option *
find_option(const char *arg, const char **value)
{
	size_t i, n;

	*value = NULL;
	for (i = 0; i < sizeof options / sizeof options[0]; i++) {
		n = strlen(options[i].name);
		if (strncmp(arg, options[i].name, n) != 0)
			continue;
		if (arg[n] == '\0')
			return &options[i];
		if (arg[n] == '=' && n > 2) {
			*value = arg + n + 1;
			return &options[i];
		}
		if (n == 2 && options[i].kind == FIELD) {
			*value = arg + n; /* -HName: value */
			return &options[i];
		}
	}
	return NULL;
}

/* a field of -H may be any but those that make the handshake */
static const char *
add_field(struct probe_how *h, const char *text)
{
	static const char *const ours[] = {
		"upgrade", "connection", "content-length",
		"transfer-encoding", "sec-websocket-key",
		"sec-websocket-version"
	};
	struct span name = {text, strcspn(text, ":")}, value;
	size_t i;

	if (text[name.n] == '\0' || !field_is_token(name))
		return "not 'Name: value'";
	value = (struct span){text + name.n + 1, strlen(text + name.n + 1)};
	if (!field_is_value(value))
		return "the value has bytes that no field may have";
	for (i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (span_is(name, ours[i]))
			return "that field makes the handshake, and is ours";
	if (span_is(name, "sec-websocket-protocol"))
		return "give subprotocols with --subprotocol";
	if (span_is(name, "sec-websocket-extensions"))
		h->extensions = value.p + strspn(value.p, " \t");
	if (h->n_fields == PROBE_FIELDS)
		return "too many fields";
	h->fields[h->n_fields++] = text;
	return NULL;
}

static const char *
set_option(struct probe_how *h, const struct option *o, const char *value)
{
	char *at = (char *)h + o->at;

	switch (o->kind) {
	case FLAG:
		*(bool *)at = true;
		return NULL;
	case FAMILY:
		h->family = o->value;
		return NULL;
	case HELP:
		h->help = true;
		return NULL;
	case ECHO_TEXT:
		h->echo = true;
		h->echo_text = value;
		return value != NULL && strlen(value) > 4096 ?
		    "longer than 4096 bytes" : NULL;
	case TEXT:
		*(const char **)(void *)at = value;
		return *value == '\0' ? "it is empty" : NULL;
	case FIELD:
		return add_field(h, value);
	case MSEC:
		return value_parse(VALUE_MSEC, value, 1, INT64_MAX,
		    (void *)at, &h->arena);
	default:
		return value_parse(VALUE_UINT, value, 0, 10000, (void *)at,
		    &h->arena);
	}
}

static bool
wants_value(const struct option *o)
{
	return o->kind == TEXT || o->kind == MSEC || o->kind == COUNT ||
	    o->kind == FIELD;
}

/* the text of --echo is optional; a URL or an option is none */
static bool
is_echo_text(const char *arg)
{
	return arg != NULL && *arg != '-' && strstr(arg, "://") == NULL;
}

static bool
complain(const char *what, const char *why)
{
	fprintf(stderr, "weir: probe: %s%s%s\n%s", what,
	    *why != '\0' ? ": " : "", why, usage_text);
	return false;
}

/* takes the arguments; *url is the one that is no option */
static bool
take_options(struct probe_how *h, int argc, char **argv, const char **url)
{
	const struct option *o;
	const char *value, *wrong;
	bool over = false;
	int i;

	*url = NULL;
	for (i = 0; i < argc && !h->help; i++) {
		if (over || argv[i][0] != '-') {
			if (*url != NULL)
				return complain(argv[i], "only one URL");
			*url = argv[i];
			continue;
		}
		over = strcmp(argv[i], "--") == 0;
		if (over)
			continue;
		o = find_option(argv[i], &value);
		if (o == NULL)
			return complain(argv[i], "no such option");
		if (value != NULL && !wants_value(o) && o->kind != ECHO_TEXT)
			return complain(o->name, "takes no value");
		if (value == NULL && (wants_value(o) ||
		    (o->kind == ECHO_TEXT && is_echo_text(argv[i + 1]))))
			value = argv[++i];
		if (value == NULL && wants_value(o))
			return complain(o->name, "needs a value");
		wrong = set_option(h, o, value);
		if (wrong != NULL)
			return complain(o->name, wrong);
	}
	return true;
}

/* ---- URL ---- */

static bool
is_target(const char *s)
{
	const char *end = s + strlen(s);

	return field_skip(s, end, FIELD_TARGET) == end;
}

static const char *
parse_url(struct probe_how *h, const char *url)
{
	const char *rest = strstr(url, "://"), *wrong;
	char *base;
	size_t n;

	if (rest == NULL || rest == url)
		return "not ws://, wss://, http:// or https://";
	rest += 3;
	rest += strcspn(rest, "/?#");
	n = (size_t)(rest - url);
	if (memchr(url, '@', n) != NULL)
		return "a user does not belong there: give "
		    "-H 'Authorization: ...'";
	base = arena_printf(&h->arena, "%.*s", (int)n, url);
	h->target = arena_printf(&h->arena, "%s%.*s",
	    *rest == '/' ? "" : "/", (int)strcspn(rest, "#"), rest);
	if (base == NULL || h->target == NULL)
		return no_memory;
	wrong = endpoint_parse(&h->arena, base, false, &h->to);
	if (wrong == NULL && !is_target(h->target))
		wrong = "the path has bytes that belong escaped (%XX)";
	return wrong;
}

/* HOST[:PORT] is spoken to as the URL says; a scheme changes that */
static const char *
parse_via(struct probe_how *h)
{
	const char *v = h->via_text, *scheme = h->to.tls ? "https" : "http";
	const char *end;
	bool port;

	if (v == NULL)
		return NULL;
	if (strstr(v, "://") != NULL)
		return endpoint_parse(&h->arena, v, false, &h->via);
	end = *v == '[' ? strchr(v, ']') : v;
	port = end != NULL && strchr(end, ':') != NULL;
	v = arena_printf(&h->arena, "%s://%s", scheme, v);
	if (v != NULL && !port)
		v = arena_printf(&h->arena, "%s:%u", v, (unsigned)h->to.port);
	if (v == NULL)
		return no_memory;
	return endpoint_parse(&h->arena, v, false, &h->via);
}

/* ---- secrets ---- */

/* the part of raw that its redacted form has not */
static void
hide(struct probe_how *h, struct span raw, struct span redacted)
{
	while (raw.n > 0 && redacted.n > 0 && *raw.p == *redacted.p) {
		raw = (struct span){raw.p + 1, raw.n - 1};
		redacted = (struct span){redacted.p + 1, redacted.n - 1};
	}
	if (raw.n == 0)
		return;
	h->secret = true;
	say_secret(raw);
}

/* takes what is before the next & off *s */
static struct span
piece(struct span *s)
{
	const char *end = s->n > 0 ? memchr(s->p, '&', s->n) : NULL;
	struct span first = *s;

	if (end == NULL) {
		s->n = 0;
		return first;
	}
	first.n = (size_t)(end - s->p);
	*s = span_between(end + 1, s->p + s->n);
	return first;
}

static void
hide_query(struct probe_how *h, struct text *t)
{
	struct span raw = {h->target, strlen(h->target)}, clean;

	redact_target(t, raw);
	clean = (struct span){t->p, t->n};
	while (raw.n > 0)
		hide(h, piece(&raw), piece(&clean));
}

static void
hide_protocols(struct probe_how *h, struct text *t)
{
	struct span raw = {h->subprotocol, 0}, clean, one, other;

	if (h->subprotocol == NULL)
		return;
	raw.n = strlen(raw.p);
	redact_protocols(t, raw);
	clean = (struct span){t->p, t->n};
	while (span_next(&raw, &one) && span_next(&clean, &other))
		hide(h, one, other);
}

static void
hide_field(struct probe_how *h, const char *field)
{
	struct span name = {field, strcspn(field, ":")}, value;
	size_t n;

	if (!redact_field(name))
		return;
	value.p = field + name.n + 1;
	value.p += strspn(value.p, " \t");
	value.n = strlen(value.p);
	h->secret = true;
	say_secret(value);
	/* what follows "Bearer" may come back alone */
	n = strcspn(value.p, " ");
	if (n + 1 < value.n)
		say_secret((struct span){value.p + n + 1, value.n - n - 1});
}

static const char *
hide_all(struct probe_how *h)
{
	size_t n = strlen(h->target) + 3 * strlen(h->target);
	struct text t;
	unsigned i;

	if (h->subprotocol != NULL)
		n += 4 * strlen(h->subprotocol);
	text_init(&t, arena_take(&h->arena, n + 16), n + 16);
	if (t.p == NULL)
		return no_memory;
	hide_query(h, &t);
	t.n = 0;
	hide_protocols(h, &t);
	for (i = 0; i < h->n_fields; i++)
		hide_field(h, h->fields[i]);
	return NULL;
}

/* ---- all of it ---- */

bool
args_parse(struct probe_how *h, int argc, char **argv)
{
	const char *url, *wrong;

	memset(h, 0, sizeof *h);
	h->family = AF_UNSPEC;
	h->pings = 3;
	h->timeout_ms = 10000;
	if (!take_options(h, argc, argv, &url))
		return false;
	if (h->help) {
		printf("%s", usage_text);
		return false;
	}
	if (url == NULL)
		return complain("URL", "is missing");
	wrong = parse_url(h, url);
	if (wrong != NULL)
		return complain(url, wrong);
	wrong = parse_via(h);
	if (wrong != NULL)
		return complain("--via", wrong);
	if (h->ping_ms > 0 && h->hold_ms == 0)
		return complain("--ping", "is for --hold");
	/* else silence could not be told from a server without pongs */
	if (h->pings == 0 && h->hold_ms > 0)
		return complain("--pings", "--hold needs one or more");
	wrong = hide_all(h);
	return wrong == NULL ? true : complain(wrong, "");
}

const char *
args_url(const struct probe_how *h)
{
	static char url[16384];
	struct text t;

	text_init(&t, url, sizeof url - 1);
	text_str(&t, h->to.tls ? "wss://" : "ws://");
	text_str(&t, h->to.authority);
	redact_target(&t, (struct span){h->target, strlen(h->target)});
	url[t.n] = '\0';
	return url;
}
