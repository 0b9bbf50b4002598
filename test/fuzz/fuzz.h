#ifndef FUZZ_H
#define FUZZ_H

#include <sys/mman.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the fuzz targets have in common. */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* what is always true; libFuzzer keeps the input for which it is not */
#define MUST(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
		abort(); \
	} \
} while (0)

/* numbers that depend on the input alone, for where to cut it */
static inline size_t
pick(const uint8_t *p, size_t n, size_t below)
{
	static uint64_t x;

	if (p != NULL)
		for (x = 0x9e3779b97f4a7c15; n > 0; n--)
			x = (x ^ p[n - 1]) * 0x100000001b3;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	return below > 0 ? (size_t)(x >> 8) % below : 0;
}

/* a copy in memory of exactly that size; the caller frees it */
static inline void *
copy(const void *p, size_t n)
{
	void *q = malloc(n > 0 ? n : 1);

	MUST(q != NULL);
	return n > 0 ? memcpy(q, p, n) : q;
}

static char file_path[40];

/* the path of a file that holds just this, and has no place on a disk */
static inline const char *
file_of(const void *p, size_t n)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("weir-fuzz", 0);
	snprintf(file_path, sizeof file_path, "/proc/self/fd/%d", fd);
	MUST(fd >= 0 && ftruncate(fd, 0) == 0 &&
	    pwrite(fd, p, n, 0) == (ssize_t)n);
	return file_path;
}

#endif
