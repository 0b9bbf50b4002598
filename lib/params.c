/* What follows an upstream's address: see params.h. */
#include <stdlib.h>
#include <string.h>

#include "params.h"

#define BLANKS " \t"
#define WEIGHT_MAX 1000
#define CONNECTIONS_MAX 1000000

static const char no_memory[] = "out of memory";
static const char unknown[] = "only weight=NUMBER, backup, "
    "max_connections=NUMBER and proxy=VERSION may follow the address";

/* a number from 1 to max in all of s */
static bool
number(const char *s, unsigned long max, unsigned *v)
{
	unsigned long n = strtoul(s, NULL, 10);

	if (*s == '\0' || s[strspn(s, "0123456789")] != '\0' || n < 1 ||
	    n > max)
		return false;
	*v = (unsigned)n;
	return true;
}

/* one word; seen has a bit for each that was given */
static const char *
take_word(const char *s, struct conf_endpoint *e, unsigned *seen)
{
	unsigned bit = 1;

	if (strncmp(s, "weight=", 7) == 0) {
		if (!number(s + 7, WEIGHT_MAX, &e->weight))
			return "a weight is 1 to 1000";
	} else if (strncmp(s, "max_connections=", 16) == 0) {
		bit = 2;
		if (!number(s + 16, CONNECTIONS_MAX, &e->max))
			return "max_connections is 1 to 1000000";
	} else if (strcmp(s, "backup") == 0) {
		bit = 4;
		e->backup = true;
	} else if (strncmp(s, "proxy", 5) == 0) {
		bit = 8;
		if (s[5] != '\0' && strcmp(s, "proxy=1") != 0 &&
		    strcmp(s, "proxy=2") != 0)
			return "the PROXY protocol is proxy=1 or proxy=2";
		e->proxy = s[5] != '\0' ? (uint8_t)(s[6] - '0') : 2;
	} else {
		return unknown;
	}
	if (*seen & bit)
		return "a word behind the address stands twice";
	*seen |= bit;
	return NULL;
}

static const char *
show(struct arena **a, const struct conf_endpoint *e, const char **shown)
{
	const char *s = e->text;

	if (e->weight != 1)
		s = arena_printf(a, "%s weight=%u", s, e->weight);
	if (s != NULL && e->max > 0)
		s = arena_printf(a, "%s max_connections=%u", s, e->max);
	if (s != NULL && e->backup)
		s = arena_printf(a, "%s backup", s);
	if (s != NULL && e->proxy != 0)
		s = arena_printf(a, "%s proxy=%d", s, e->proxy);
	*shown = s;
	return s != NULL ? NULL : no_memory;
}

const char *
params_upstream(struct arena **a, const char *text, struct conf_endpoint *e,
    const char **shown)
{
	char *s = arena_printf(a, "%s", text), *word;
	const char *wrong;
	unsigned seen = 0;

	if (s == NULL)
		return no_memory;
	word = s + strcspn(s, BLANKS);
	if (*word != '\0')
		*word++ = '\0';
	wrong = endpoint_parse(a, s, false, e);
	e->weight = 1;
	for (s = word; wrong == NULL; s = word) {
		s += strspn(s, BLANKS);
		if (*s == '\0')
			return show(a, e, shown);
		word = s + strcspn(s, BLANKS);
		if (*word != '\0')
			*word++ = '\0';
		wrong = take_word(s, e, &seen);
	}
	return wrong;
}
