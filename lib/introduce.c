/* Heads of the PROXY protocol for upstreams: see introduce.h. */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "introduce.h"
#include "proxyhead.h"

int
introduce(struct session *s, struct conn *c)
{
	unsigned char head[PROXYHEAD_OWN_MAX];
	struct peer at;
	struct addr a;
	ssize_t sent;
	size_t n;

	if (s->up->proxy == 0 || c->greeted)
		return 1;
	memset(&a, 0, sizeof a);
	a.len = sizeof a.u;
	if (getsockname(s->c->fd, &a.u.sa, &a.len) < 0)
		a.u.sa.sa_family = AF_UNSPEC;
	peer_from(&at, &a);
	n = proxyhead_write(head, s->up->proxy, &s->peer, &at);
	sent = conn_write(c, head, n);
	if (sent < 0)
		return conn_passing(errno) ? 0 : -1;
	/* a buffer that is empty takes so few bytes at once */
	errno = ENOBUFS;
	c->greeted = sent == (ssize_t)n;
	return c->greeted ? 1 : -1;
}
