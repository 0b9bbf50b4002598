#ifndef DIE_H
#define DIE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* says why the bench's client cannot go on, and ends it */
static inline void
die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	exit(1);
}

#endif
