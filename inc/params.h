#ifndef PARAMS_H
#define PARAMS_H

#include "endpoint.h"

/*
 * The words that may follow an address: "http://:80 proxy allow=10.0.0.0/8",
 * "http://10.0.0.1:80 proxy=2".
 * These set *e, which is zeroed before, and return NULL, or what is wrong with
 * the text. *shown is the whole in its canonical form, in the arena like all
 * that is set.
 */
const char *params_upstream(struct arena **a, const char *text,
    struct conf_endpoint *e, const char **shown);
const char *params_listen(struct arena **a, const char *text,
    struct conf_endpoint *e, const char **shown);

#endif
