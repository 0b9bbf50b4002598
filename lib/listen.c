/* Listening sockets: see listen.h. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"

#if defined(__linux__) && !defined(POSIX)
/* not in POSIX.1-2008, and hidden without _GNU_SOURCE */
int accept4(int, struct sockaddr *, socklen_t *, int);
#define HAVE_ACCEPT4
#endif

/* a socket that nobody answers on is left over from a crash */
static void
remove_stale(const struct addr *a)
{
	struct stat st;
	int fd;

	if (stat(a->u.un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	if (connect(fd, &a->u.sa, a->len) < 0 && errno == ECONNREFUSED)
		unlink(a->u.un.sun_path);
	close(fd);
}

static int
open_one(const struct addr *a)
{
	int fd, one = 1, err;

	fd = socket(a->u.sa.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (a->u.sa.sa_family == AF_UNIX) {
		remove_stale(a);
	} else {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		/* accepted sockets inherit it on Linux and the BSDs */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	}
	if (a->u.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(fd, &a->u.sa, a->len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* adds a socket; one more address family than the system has is no fault */
static bool
add(struct listener *l, const struct addr *a, bool optional)
{
	int fd;

	fd = open_one(a);
	if (fd < 0)
		return optional && (errno == EAFNOSUPPORT ||
		    errno == EADDRNOTAVAIL);
	l->fds[l->n_fds++] = fd;
	return true;
}

static bool
add_all(struct listener *l, const struct conf_endpoint *e)
{
	struct addr a;

	if (e->path != NULL) {
		if (addr_unix(e->path, &a) < 0) {
			errno = ENAMETOOLONG;
			return false;
		}
		if (!add(l, &a, false))
			return false;
		l->unlink_at = strdup(e->path);
		return true;
	}
	if (e->host[0] != '\0')
		return addr_literal(e->host, e->port, &a) && add(l, &a, false);
	addr_literal("::", e->port, &a);
	if (!add(l, &a, true))
		return false;
	addr_literal("0.0.0.0", e->port, &a);
	return add(l, &a, l->n_fds > 0) && l->n_fds > 0;
}

/* what tells one socket from another */
static const char *
address(const struct conf_endpoint *e)
{
	const char *p = strstr(e->text, "://");

	return p != NULL ? p + 3 : e->text;
}

bool
listener_is(const struct listener *l, const struct conf_endpoint *e)
{
	return strcmp(l->address, address(e)) == 0;
}

struct listener *
listener_open(const struct conf_endpoint *e)
{
	struct listener *l;
	int err;

	l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->address = strdup(address(e));
	if (l->address != NULL && add_all(l, e))
		return l;
	err = errno;
	listener_close(l);
	errno = err;
	return NULL;
}

void
listener_close(struct listener *l)
{
	while (l->n_fds > 0)
		close(l->fds[--l->n_fds]);
	if (l->unlink_at != NULL)
		unlink(l->unlink_at);
	free(l->unlink_at);
	free(l->address);
	free(l);
}

int
listener_accept(int fd, struct addr *from)
{
	int c;

	memset(from, 0, sizeof *from);
	from->len = sizeof from->u;
#ifdef HAVE_ACCEPT4
	c = accept4(fd, &from->u.sa, &from->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
	c = accept(fd, &from->u.sa, &from->len);
	if (c >= 0) {
		fcntl(c, F_SETFL, O_NONBLOCK);
		fcntl(c, F_SETFD, FD_CLOEXEC);
	}
#endif
	return c;
}
