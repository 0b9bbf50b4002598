#ifndef PROBEARGS_H
#define PROBEARGS_H

#include "probe.h"

/* The arguments of `weir probe`, and the secrets that are in them. */

/* false: the usage was printed, for a mistake or because of h->help. What is
 * set lies in h->arena or in argv */
bool args_parse(struct probe_how *h, int argc, char **argv);
/* the URL, without its secrets; until the next call */
const char *args_url(const struct probe_how *h);

#endif
