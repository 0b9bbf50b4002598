#ifndef PARAMS_H
#define PARAMS_H

#include "endpoint.h"

/*
 * "address weight=3 backup max_connections=10": an upstream and the words that
 * may follow its address. NULL, or what is wrong with the text. *shown is the
 * whole in its canonical form, in the arena like all that is set.
 */
const char *params_upstream(struct arena **a, const char *text,
    struct conf_endpoint *e, const char **shown);
/* the same for a listener: "address proxy allow=10.0.0.0/8 deny=all" */
const char *params_listen(struct arena **a, const char *text,
    struct conf_endpoint *e, const char **shown);

#endif
