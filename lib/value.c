/* Durations, sizes, numbers, words and strings of the configuration. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "confroute.h"
#include "endpoint.h"
#include "field.h"
#include "log.h"

#define AUTHORITY_SIZE 259 /* of a name, a colon and a port */
#define HEALTH_SIZE 2048 /* of the path of a check */
#define TEN_YEARS (INT64_C(10) * 365 * 86400 * 1000)

static const char no_memory[] = "out of memory";

static const struct {
	const char *error, *too_large;
	uint64_t max;
	struct unit {
		const char *name;
		uint64_t factor;
	} units[6]; /* the largest first, up to a NULL */
} numbers[] = {
	[VALUE_MSEC] = { "not a duration", "longer than 10 years", TEN_YEARS,
	    { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
	    { "s", 1000 }, { "ms", 1 } } },
	[VALUE_SIZE] = { "not a size", "too large", INT64_MAX,
	    { { "g", 1 << 30 }, { "m", 1 << 20 }, { "k", 1 << 10 },
	    { "", 1 } } },
	[VALUE_UINT] = { "not a number", "too large", INT32_MAX,
	    { { "", 1 } } },
};

static const struct {
	const char *list[5]; /* by value */
	const char *error;
} words[] = {
	[VALUE_BOOL] = { { "no", "yes" }, "not yes or no" },
	[VALUE_FORMAT] = { { "text", "json" }, "not text or json" },
	[VALUE_LEVEL] = { { [LOG_L_ERROR] = "error", [LOG_L_WARN] = "warn",
	    [LOG_L_INFO] = "info", [LOG_L_DEBUG] = "debug" },
	    "not error, warn, info or debug" },
	[VALUE_ERRORS] = { { [CONF_ERRORS_AUTO] = "auto",
	    [CONF_ERRORS_TEXT] = "text", [CONF_ERRORS_JSON] = "json",
	    [CONF_ERRORS_OPENAI] = "openai" },
	    "not auto, text, json or openai" },
	[VALUE_CLOCK] = { { "strict", "relaxed" }, "not strict or relaxed" },
	[VALUE_CHECK] = { { [CONF_CHECK_OFF] = "off",
	    [CONF_CHECK_RELAXED] = "relaxed",
	    [CONF_CHECK_STRICT] = "strict" }, "not strict, relaxed or off" },
	[VALUE_EXCESS] = { { [CONF_EXCESS_SLOW] = "slow",
	    [CONF_EXCESS_CLOSE] = "close" }, "not slow or close" },
};

/* a number and a unit; a number too large becomes the largest */
static bool
measure(enum value_type type, const char *s, uint64_t *v)
{
	const struct unit *u = numbers[type].units;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	*v = strtoull(s, &end, 10);
	while (u->name != NULL && strcmp(u->name, end) != 0)
		u++;
	if (u->name == NULL)
		return *v == 0 && *end == '\0';
	*v = *v > UINT64_MAX / u->factor ? UINT64_MAX : *v * u->factor;
	return true;
}

/* the shortest way to write v */
static const char *
measured(enum value_type type, uint64_t v, char buf[VALUE_TEXT])
{
	const struct unit *u = numbers[type].units;

	if (v == 0)
		return strcpy(buf, "0");
	while (v % u->factor != 0)
		u++;
	snprintf(buf, VALUE_TEXT, "%" PRIu64 "%s", v / u->factor, u->name);
	return buf;
}

static const char *
parse_number(enum value_type type, const char *text, uint64_t min,
    uint64_t max, void *field, struct arena **a)
{
	char from[VALUE_TEXT], to[VALUE_TEXT];
	const char *range;
	uint64_t v;

	if (!measure(type, text, &v))
		return numbers[type].error;
	if (v > numbers[type].max)
		return numbers[type].too_large;
	if (v < min && min == 1 && type == VALUE_MSEC)
		return "must be more than 0";
	if (v < min || v > max) {
		range = arena_printf(a, "must be %s to %s",
		    measured(type, min, from), measured(type, max, to));
		return range != NULL ? range : no_memory;
	}
	if (type == VALUE_MSEC)
		*(CONF_T_MSEC *)field = (CONF_T_MSEC)v;
	else if (type == VALUE_SIZE)
		*(CONF_T_SIZE *)field = v;
	else
		*(CONF_T_UINT *)field = (CONF_T_UINT)v;
	return NULL;
}

static const char *
parse_word(enum value_type type, const char *text, void *field)
{
	const char *const *list = words[type].list;
	int i = 0;

	while (list[i] != NULL && strcmp(list[i], text) != 0)
		i++;
	if (list[i] == NULL)
		return words[type].error;
	if (type == VALUE_LEVEL)
		*(CONF_T_LEVEL *)field = i;
	else if (type == VALUE_ERRORS)
		*(CONF_T_ERRORS *)field = (CONF_T_ERRORS)i;
	else if (type == VALUE_CHECK)
		*(CONF_T_CHECK *)field = (CONF_T_CHECK)i;
	else if (type == VALUE_EXCESS)
		*(CONF_T_EXCESS *)field = (CONF_T_EXCESS)i;
	else
		*(bool *)field = i == 1;
	return NULL;
}

static const char *
parse_str(const char *text, const char **field, struct arena **a)
{
	*field = *text != '\0' ? arena_printf(a, "%s", text) : NULL;
	return *field != NULL || *text == '\0' ? NULL : no_memory;
}

static const char *
parse_pin(const char *text, const char **field, struct arena **a)
{
	const char *hex = text + strlen("sha256:");
	char *p;

	if (strncmp(text, "sha256:", strlen("sha256:")) != 0 ||
	    strlen(hex) != 64 ||
	    hex[strspn(hex, "0123456789abcdefABCDEF")] != '\0')
		return "not sha256: and 64 hex digits";
	*field = p = arena_printf(a, "%s", text);
	if (p == NULL)
		return no_memory;
	for (; *p != '\0'; p++)
		*p = lower(*p);
	return NULL;
}

/* its text comes first in the struct, for value_text() */
static const char *
parse_balance(const char *text, struct conf_balance *b, struct arena **a)
{
	static const struct {
		const char *words;
		bool named;
	} rows[] = {
		[BALANCE_ROUND_ROBIN] = { "round_robin", false },
		[BALANCE_LEAST] = { "least", false },
		[BALANCE_ADDRESS] = { "hash address", false },
		[BALANCE_URI] = { "hash uri", false },
		[BALANCE_HEADER] = { "hash header ", true },
		[BALANCE_COOKIE] = { "hash cookie ", true },
		[BALANCE_QUERY] = { "hash query ", true },
	};
	struct span name;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		name.p = text + strlen(rows[i].words);
		if (strncmp(text, rows[i].words, strlen(rows[i].words)) != 0)
			continue;
		name.n = strlen(name.p);
		if (rows[i].named ? !field_is_token(name) : name.n > 0)
			continue;
		b->by = (enum conf_balance_by)i;
		b->text = arena_printf(a, "%s", text);
		if (b->text == NULL)
			return no_memory;
		b->name = b->text + strlen(rows[i].words);
		return NULL;
	}
	return "not round_robin, least, or hash address, uri, header NAME, "
	    "cookie NAME or query NAME";
}

static const char *
parse_health(const char *text, const char **field, struct arena **a)
{
	size_t n = strcspn(text, " \t");
	bool ws = n == strlen("websocket") &&
	    strncmp(text, "websocket", n) == 0;
	const char *path = ws ? text + n + strspn(text + n, " \t") : text, *p;

	for (p = path; *p > ' ' && *p < 0x7f && *p != '#'; p++)
		;
	if (*p != '\0' || (*path != '/' && !(ws && *path == '\0')))
		return "not /PATH, websocket or websocket /PATH";
	/* the request of a check has a fixed size */
	if (p - path > HEALTH_SIZE)
		return "a path is longer than 2048 bytes";
	*field = arena_printf(a, "%s%s", ws ? "websocket " : "",
	    *path != '\0' ? path : "/");
	return *field != NULL ? NULL : no_memory;
}

/* "200", "200-299" at *s, and what follows it */
static bool
parse_range(const char **s, unsigned long *from, unsigned long *to)
{
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	*from = *to = strtoul(*s, &end, 10);
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		*to = strtoul(end + 1, &end, 10);
	*s = end;
	return *from >= 100 && *from <= *to && *to <= 599;
}

static const char *
parse_statuses(const char *text, struct conf_statuses *v, struct arena **a)
{
	const char *s = text;
	unsigned long from, to;

	memset(v, 0, sizeof *v);
	if (*text == '\0')
		return NULL;
	for (;;) {
		if (!parse_range(&s, &from, &to))
			break;
		for (; from <= to; from++)
			v->bits[(from - 100) / 64] |=
			    UINT64_C(1) << (from - 100) % 64;
		s += strspn(s, " \t");
		if (*s == '\0')
			return parse_str(text, &v->text, a);
		if (*s++ != ',')
			break;
		s += strspn(s, " \t");
	}
	return "not a list of statuses as 200,300-399, from 100 to 599";
}

/* what stands in a query as it is, and no longer than redact.h takes */
static bool
is_param(const char *text)
{
	return strlen(text) <= 64 && text[strspn(text,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._~-")] == '\0';
}

const char *
value_parse(enum value_type type, const char *text, uint64_t min,
    uint64_t max, void *field, struct arena **a)
{
	struct span all = { text, strlen(text) };
	uint64_t v;

	if (type == VALUE_MSEC_OR && strcmp(text, "same") == 0) {
		*(CONF_T_MSEC_OR *)field = -1;
		return NULL;
	}
	if (type == VALUE_MSEC_OR) {
		type = VALUE_MSEC;
		if (!measure(type, text, &v))
			return "not a duration or same";
	}
	if (type <= VALUE_UINT)
		return parse_number(type, text, min, max, field, a);
	if (type <= VALUE_EXCESS)
		return parse_word(type, text, field);
	if (type >= VALUE_REDIRECT)
		return confroute_parse(type, text, field, a);
	if (type == VALUE_PATH && *text != '\0')
		return endpoint_path(a, text, field);
	if (type == VALUE_NAME && *text != '\0')
		return endpoint_name(a, text, field);
	if (type == VALUE_FIELD && !field_is_token(all))
		return "not the name of a field";
	if (type == VALUE_PIN && *text != '\0')
		return parse_pin(text, field, a);
	if (type == VALUE_BALANCE)
		return parse_balance(text, field, a);
	if (type == VALUE_HEALTH && *text != '\0')
		return parse_health(text, field, a);
	if (type == VALUE_STATUSES)
		return parse_statuses(text, field, a);
	if (type == VALUE_PARAM && !is_param(text))
		return "not the name of a parameter";
	if (type == VALUE_HOST && strcmp(text, "client") == 0)
		text = "";
	else if (type == VALUE_HOST && *text != '\0' &&
	    strcmp(text, "upstream") != 0 &&
	    (all.n > AUTHORITY_SIZE || !field_is_authority(all)))
		return "not upstream, client or HOST[:PORT]";
	return parse_str(text, field, a);
}

const char *
value_text(enum value_type type, const void *field, char buf[VALUE_TEXT])
{
	const char *s;

	switch (type) {
	case VALUE_MSEC_OR:
		if (*(const CONF_T_MSEC_OR *)field < 0)
			return "same";
		type = VALUE_MSEC;
		/* fall through */
	case VALUE_MSEC:
		return measured(type, (uint64_t)*(const CONF_T_MSEC *)field,
		    buf);
	case VALUE_SIZE:
		return measured(type, *(const CONF_T_SIZE *)field, buf);
	case VALUE_UINT:
		return measured(type, *(const CONF_T_UINT *)field, buf);
	case VALUE_BOOL:
	case VALUE_FORMAT:
	case VALUE_CLOCK:
		return words[type].list[*(const bool *)field];
	case VALUE_LEVEL:
		return words[type].list[*(const CONF_T_LEVEL *)field];
	case VALUE_ERRORS:
		return words[type].list[*(const CONF_T_ERRORS *)field];
	case VALUE_CHECK:
		return words[type].list[*(const CONF_T_CHECK *)field];
	case VALUE_EXCESS:
		return words[type].list[*(const CONF_T_EXCESS *)field];
	default:
		/* a string, or a struct that begins with one */
		s = *(const char *const *)field;
		return s != NULL ? s : "";
	}
}
