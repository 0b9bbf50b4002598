#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/*
 * What the tests of parsers have in common: their verdict, and memory that
 * ends at an unreadable page, so that reading one byte too many is seen.
 */
#define GUARD_MAX 65536 /* a multiple of any page */

static int failed;

static inline void
fail(const char *what, const char *why)
{
	fprintf(stderr, "FAIL %s: %s\n", what, why);
	failed = 1;
}

static inline void
expect(bool ok, const char *what, const char *why)
{
	if (!ok)
		fail(what, why);
}

/* where an unreadable page begins, behind GUARD_MAX bytes */
static inline void *
guard(void)
{
	char *p;

	p = mmap(NULL, 2 * GUARD_MAX, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED ||
	    mprotect(p + GUARD_MAX, GUARD_MAX, PROT_NONE) != 0) {
		perror("mmap");
		exit(1);
	}
	return p + GUARD_MAX;
}

#endif
