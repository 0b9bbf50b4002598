#ifndef CONFPRINT_H
#define CONFPRINT_H

#include <stdio.h>

#include "config.h"

struct conf_setting;

/* What a configuration says of itself. */

/*
 * Writes what was understood, as a file that conf_load() takes: every key
 * with its value, and a route's where it differs from the global one. Values
 * with ${...} are written as they stood, so that secrets stay where they are,
 * and *** for what is a secret itself, or stands around one.
 */
void conf_print(const struct conf *c, FILE *f);
/*
 * A condition for the log, as conf_print() would write it, behind those that
 * came before, if any; NULL: no memory.
 */
const char *confprint_match(struct arena **a, const char *before,
    const struct conf_setting *s);
/* writes the keys, their defaults and help, one a line, for weir -h */
void conf_help(FILE *f);
/*
 * Writes to warnings (a caller's callback) the START keys in which the two
 * differ. Takes nothing over.
 */
void conf_diff_start(const struct conf *old, const struct conf *new,
    void (*warn)(const char *key));

#endif
