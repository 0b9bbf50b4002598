#ifndef ONEROUTE_H
#define ONEROUTE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* a conf of one route, which has these lines, each ended by a newline; NULL
 * for none. The caller frees it with conf_free(). */
static inline struct conf *
conf_of(const char *lines)
{
	struct conf_source s[16] = {
		{CONF_OPTION, "listen=:8080"},
		{CONF_OPTION, "route=/"},
		{CONF_OPTION, "upstream=http://127.0.0.1:9000"},
	};
	char text[1024], err[256], *line;
	struct conf *c;
	size_t n = 3;

	snprintf(text, sizeof text, "%s", lines != NULL ? lines : "");
	for (line = strtok(text, "\n");
	    line != NULL && n < sizeof s / sizeof s[0];
	    line = strtok(NULL, "\n")) {
		s[n].kind = CONF_OPTION;
		s[n++].text = line;
	}
	c = conf_load(s, n, err, sizeof err);
	if (c == NULL) {
		fprintf(stderr, "FAIL conf: %s\n", err);
		exit(1);
	}
	return c;
}

#endif
