#ifndef CONFTEXT_H
#define CONFTEXT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* What tests of config.c have in common: a conf made of options or a file. */

#define COUNT(a) (sizeof (a) / sizeof (a)[0])
#define FIRST "listen=:8080"
#define ROUTE "route=/"
#define LAST "upstream=http://127.0.0.1:9000"

static int failed;
static char err[512];

static inline void
check(bool ok, const char *name, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL config: %s: %s\n", name, why);
	failed = 1;
}

/* fails unless both are there and the same */
static inline void
same(const char *name, const char *got, const char *want)
{
	if (got != NULL && strcmp(got, want) == 0)
		return;
	fprintf(stderr, "FAIL config: %s: \"%s\" is not \"%s\"\n", name,
	    got != NULL ? got : "(null)", want);
	failed = 1;
}

/* a conf of options, up to a NULL */
static inline struct conf *
options(const char *const *text)
{
	struct conf_source s[32];
	size_t n = 0;

	err[0] = '\0';
	for (; *text != NULL; text++) {
		s[n].kind = CONF_OPTION;
		s[n++].text = *text;
	}
	return conf_load(s, n, err, sizeof err);
}

/* a conf with one more statement, or another listen or route */
static inline struct conf *
with(const char *key, const char *value)
{
	const char *all[] = { FIRST, "drain=1s", ROUTE, LAST, NULL, NULL };
	char text[512];

	snprintf(text, sizeof text, "%s = %s", key, value);
	if (strcmp(key, "listen") == 0)
		all[0] = text;
	else if (strcmp(key, "route") == 0)
		all[2] = text;
	else if (strcmp(key, "upstream") == 0)
		all[4] = text;
	else
		all[1] = text;
	return options(all);
}

#endif
