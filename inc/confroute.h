#ifndef CONFROUTE_H
#define CONFROUTE_H

#include "value.h"

/* Values that say what becomes of the requests of a route. */

/* value_parse() for redirect, respond and rewrite */
const char *confroute_parse(enum value_type type, const char *text,
    void *field, struct arena **a);

/* what is put into the URL of a redirect */
enum confroute_variable {
	CONFROUTE_NONE, /* a character that stands for itself */
	CONFROUTE_HOST, /* $host */
	CONFROUTE_PATH  /* $path: path and query */
};

/* which variable url begins with; its length goes to *n */
enum confroute_variable confroute_variable(const char *url, size_t *n);

#endif
