/*
 * The seam to BearSSL. Engines, certificates and trust will stand here, and
 * no other file will see them; what is here already is what they begin with.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/random.h>
#endif

#include "tls.h"
#include "log.h"

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

const char *
tls_about(void)
{
	return "BearSSL (SHA-1 only; no TLS yet)";
}
