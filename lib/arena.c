/* A list of allocations, the newest first. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"

/* stands in front of the bytes, and aligns them */
struct arena {
	union {
		struct arena *next;
		long long ll;
		long double ld;
	} u;
};

void *
arena_take(struct arena **a, size_t n)
{
	struct arena *p = calloc(1, sizeof *p + n);

	if (p == NULL)
		return NULL;
	p->u.next = *a;
	*a = p;
	return p + 1;
}

char *
arena_printf(struct arena **a, const char *fmt, ...)
{
	va_list ap, again;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0)
		p = arena_take(a, (size_t)n + 1);
	if (p != NULL)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

void
arena_free(struct arena *a)
{
	struct arena *next;

	for (; a != NULL; a = next) {
		next = a->u.next;
		free(a);
	}
}
