/*
 * Secrets taken out of targets and subprotocol lists before they are written
 * anywhere. When in doubt it is a secret: a log with one "***" too many is
 * still a log.
 */
#include <stdlib.h>
#include <string.h>

#include "redact.h"
#include "field.h"

/* names that were configured; a route that is gone leaves its own */
static struct name {
	struct name *next;
	char text[REDACT_NAME + 1];
} *more_names;

#define STARS "***"

/* decodes %XX (RFC 3986 2.1); false if that is longer than cap */
static bool
decode(struct span s, char *out, size_t cap, size_t *n)
{
	size_t i;
	int hi, lo;

	*n = 0;
	for (i = 0; i < s.n; i++) {
		if (*n == cap)
			return false;
		out[*n] = s.p[i];
		if (s.p[i] == '%' && s.n - i > 2) {
			hi = hex_digit(s.p[i + 1]);
			lo = hex_digit(s.p[i + 2]);
			if (hi >= 0 && lo >= 0) {
				out[*n] = (char)(hi * 16 + lo);
				i += 2;
			}
		}
		(*n)++;
	}
	return true;
}

static bool
secret_name(struct span name)
{
	static const char *const names[] = {
		"token", "key", "api_key", "access_token", "ticket"
	};
	char plain[REDACT_NAME];
	const struct name *more;
	struct span s = {plain, 0};
	size_t i;

	if (!decode(name, plain, sizeof plain, &s.n))
		return false;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_is(s, names[i]))
			return true;
	for (more = more_names; more != NULL; more = more->next)
		if (span_is(s, more->text))
			return true;
	return false;
}

bool
redact_name(const char *text)
{
	size_t n = strlen(text);
	struct name *name;

	if (n > REDACT_NAME)
		return false;
	for (name = more_names; name != NULL; name = name->next)
		if (strcmp(name->text, text) == 0)
			return true;
	name = malloc(sizeof *name);
	if (name == NULL)
		return false;
	memcpy(name->text, text, n + 1);
	name->next = more_names;
	more_names = name;
	return true;
}

/*
 * Where a name may begin behind the first '?'. Not all servers take ';' and
 * a second '?' so, but some do.
 */
static bool
separator(char c)
{
	return c == '?' || c == '&' || c == ';' || c == '#';
}

/* bytes before the first separator */
static size_t
piece(struct span s)
{
	size_t i;

	for (i = 0; i < s.n && !separator(s.p[i]); i++)
		;
	return i;
}

static struct span
skip(struct span s, size_t n)
{
	s.p += n;
	s.n -= n;
	return s;
}

/* writes one parameter of the query, and returns what is behind it */
static struct span
parameter(struct text *t, struct span query)
{
	struct span all = {query.p, piece(query)}, name = {query.p, 0};

	while (name.n < all.n && all.p[name.n] != '=')
		name.n++;
	if (name.n == all.n || !secret_name(name)) {
		text_span(t, all);
		return skip(query, all.n);
	}
	/* its value may hold ';' and '?', so it ends where all agree */
	while (all.n < query.n && query.p[all.n] != '&')
		all.n++;
	text_span(t, name);
	text_str(t, "=" STARS);
	return skip(query, all.n);
}

void
redact_target(struct text *t, struct span target)
{
	size_t n;

	if (target.n == 0)
		return;
	for (n = 0; n < target.n; n++)
		if (target.p[n] == '?' || target.p[n] == '#')
			break;
	text_mem(t, target.p, n);
	for (target = skip(target, n); RARE(target.n > 0);) {
		text_mem(t, target.p, 1);
		target = parameter(t, skip(target, 1));
	}
}

static bool
starts(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s.n < n)
		return false;
	s.n = n;
	return span_is(s, prefix);
}

/* a JWT is three pieces, or five, and begins with {" in base64 */
static bool
like_jwt(struct span s)
{
	size_t i, dots = 0;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '.')
			dots++;
	return dots >= 2 && starts(s, "eyJ");
}

static bool
like_secret(struct span s)
{
	return s.n > 40 || starts(s, "sk-") || starts(s, "ek_") ||
	    starts(s, "Bearer") || like_jwt(s);
}

static const char key_name[] = "openai-insecure-api-key";

/* whether the item, which stands behind that one, is a secret or holds one */
static bool
secret_item(struct span item, struct span before)
{
	return starts(item, "openai-insecure-api-key.") ||
	    span_is(before, key_name) || like_secret(item);
}

void
redact_protocols(struct text *t, struct span list)
{
	struct span item, before = {"", 0};

	if (list.n == 0)
		return;
	for (; span_next(&list, &item); before = item) {
		if (before.n > 0)
			text_str(t, ", ");
		if (!secret_item(item, before)) {
			text_span(t, item);
			continue;
		}
		if (starts(item, "openai-insecure-api-key."))
			text_mem(t, item.p, sizeof key_name);
		text_str(t, STARS);
	}
}

struct span
redact_open_protocol(struct span list)
{
	struct span item, before = {"", 0};

	for (; span_next(&list, &item); before = item)
		if (!secret_item(item, before) && field_is_token(item))
			return item;
	return (struct span){"", 0};
}

bool
redact_field(struct span name)
{
	static const char *const parts[] = {
		"auth", "cookie", "key", "token", "secret", "password",
		"session", "ticket", "credential", "signature"
	};
	struct span at;
	size_t i, k;

	for (i = 0; i < name.n; i++) {
		at = skip(name, i);
		for (k = 0; k < sizeof parts / sizeof parts[0]; k++)
			if (starts(at, parts[k]))
				return true;
	}
	return false;
}

void
redact_choice(struct text *t, struct span chosen, struct span offered)
{
	struct span item, before = {"", 0};

	for (; offered.n > 0 && span_next(&offered, &item); before = item) {
		if (span_is(before, key_name) && span_equal(item, chosen)) {
			text_str(t, STARS);
			return;
		}
	}
	redact_protocols(t, chosen);
}
