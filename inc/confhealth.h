#ifndef CONFHEALTH_H
#define CONFHEALTH_H

#include "config.h"

/*
 * An upstream has one verdict, so the routes that name it must agree on how
 * it is checked, but for those that do not say. 0, or -1 with the message.
 * An address that is spoken to in two ways is two upstreams.
 */
int confhealth_check(const struct conf *c, char *err, size_t size);

#endif
