#ifndef SLURP_H
#define SLURP_H

#include <stddef.h>

/*
 * Reads a regular file whole, into memory of its own with a NUL behind it.
 * NULL with what is wrong in *wrong: it is not there, longer than max bytes,
 * or no regular file, which might never end. Release with slurp_free(), which
 * wipes it.
 */
char *slurp(const char *path, size_t max, size_t *n, const char **wrong);
void slurp_free(char *p, size_t n); /* NULL is fine */
/* takes the next line, without its end, off *rest, and writes a NUL behind
 * it; NULL at the end */
char *slurp_line(char **rest);

#endif
