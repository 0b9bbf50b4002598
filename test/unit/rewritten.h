#ifndef REWRITTEN_H
#define REWRITTEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "rewrite.h"

/*
 * What tests of rewrite.c have in common. Whole heads are compared with what
 * stands in the test, byte by byte, and are then written into memory of each
 * size up to theirs, which only the last may be enough for.
 */
#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS_MAX 64
#define OUT_MAX 4096
#define GET "GET / HTTP/1.1\r\nHost: a.example\r\n"

/* of the time 0, which every answer here is given at */
#define DATE "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

static struct http_field fields[FIELDS_MAX];
static const struct http_limits limits = {4096, 1024, FIELDS_MAX};

/* one of the functions to test; what and how are its arguments */
typedef void writer(struct text *t, const void *what, const void *how);

/* into memory of each size: too little is full, enough is not */
static inline void
try_sizes(writer *w, const void *what, const void *how, size_t n,
    const char *name, const char *why)
{
	struct text t;
	size_t size;
	char *p;

	for (size = 0; size <= n; size++) {
		p = malloc(size > 0 ? size : 1);
		if (p == NULL)
			exit(1);
		text_init(&t, p, size);
		w(&t, what, how);
		if (t.full != (size < n) || t.n > size)
			fail(name, why);
		free(p);
	}
}

static inline void
compare(writer *w, const void *what, const void *how, const char *want,
    const char *name, const char *why)
{
	char memory[OUT_MAX];
	struct text t;

	text_init(&t, memory, sizeof memory);
	w(&t, what, how);
	if (!t.full && t.n == strlen(want) && memcmp(t.p, want, t.n) == 0) {
		try_sizes(w, what, how, t.n, name, why);
		return;
	}
	fail(name, why);
	fprintf(stderr, "got:\n%.*s\nnot:\n%s\n", (int)t.n, t.p, want);
}

#endif
