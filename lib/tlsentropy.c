/*
 * Randomness from the kernel, and what a distribution's BearSSL misses when
 * it is linked with another libc than it was built for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/random.h>
#endif

#include "tls.h"
#include "log.h"

#ifdef __linux__
#ifndef __GLIBC__
/*
 * A distribution's BearSSL, built with glibc's fortified calls, asks for
 * these when it is linked with another libc.
 */
void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memset_chk(void *to, int byte, size_t n, size_t room);

void *
__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	if (n > room)
		abort();
	return memcpy(to, from, n);
}

void *
__memset_chk(void *to, int byte, size_t n, size_t room)
{
	if (n > room)
		abort();
	return memset(to, byte, n);
}
#endif
#endif

/* all n bytes from fd, or false */
static bool
read_whole(int fd, unsigned char *p, size_t n)
{
	ssize_t got;

	while (n > 0) {
		got = read(fd, p, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
from_device(unsigned char *p, size_t n)
{
	bool whole;
	int fd;

	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	whole = read_whole(fd, p, n);
	close(fd);
	return whole;
}

void
tls_entropy(void *p, size_t n)
{
#if defined(__linux__) && !defined(POSIX)
	/* needs no descriptor and no /dev, and waits at early boot */
	if (getrandom(p, n, 0) == (ssize_t)n)
		return;
#endif
	if (!from_device(p, n))
		fatal("no random bytes from the kernel:");
}

uint64_t
tls_random(void)
{
	uint64_t r;

	tls_entropy(&r, sizeof r);
	return r;
}
