/* Sockets toward upstreams: see connect.h. */
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "connect.h"

enum reason
connect_reason(int err)
{
	switch (err) {
	case ECONNREFUSED:
	case ENOENT: /* a unix socket that is not there */
		return R_CONNECT_REFUSED;
	case ETIMEDOUT:
		return R_CONNECT_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return R_NO_MEMORY;
	default:
		return R_CONNECT_FAILED;
	}
}

static int
open_socket(int family)
{
	int fd, one = 1;

#ifdef SOCK_NONBLOCK
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
#else
	fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
	/* heads and frames are sent whole, waiting gains nothing */
	if (family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

int
connect_begin(const struct addr *a)
{
	int fd, err;

	fd = open_socket(a->u.sa.sa_family);
	if (fd < 0)
		return -1;
	if (connect(fd, &a->u.sa, a->len) == 0 || errno == EINPROGRESS ||
	    errno == EINTR)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

int
connect_error(int fd)
{
	struct addr a;
	socklen_t n = sizeof a.u;
	int err = 0;

	if (getpeername(fd, &a.u.sa, &n) == 0)
		return 0;
	n = sizeof err;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
		return errno;
	return err != 0 ? err : EINPROGRESS;
}
