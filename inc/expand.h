#ifndef EXPAND_H
#define EXPAND_H

#include "buf.h"

#define EXPAND_FILE 65536 /* bytes of a file that is put in */

/*
 * Appends value to t: ${NAME} becomes that variable of the environment,
 * ${file:PATH} the file's content without the white space at its ends, $${
 * a literal ${. What is put in is not expanded again, and may be any bytes.
 * value is the same afterwards, unless it fails: then -1 is returned, with the
 * message in err.
 */
int expand_value(struct text *t, char *value, char *err, size_t err_size);

#endif
