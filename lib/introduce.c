/* Heads of the PROXY protocol for upstreams: see introduce.h. */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "introduce.h"
#include "proxyhead.h"

/* sends a head: 1, 0 c is not connected yet, -1 with errno */
static int
send_head(struct conn *c, unsigned version, const struct peer *src,
    const struct peer *dst)
{
	unsigned char head[PROXYHEAD_OWN_MAX];
	size_t n = proxyhead_write(head, version, src, dst);
	ssize_t sent = conn_write(c, head, n);

	if (sent < 0)
		return conn_passing(errno) ? 0 : -1;
	/* a buffer that is empty takes so few bytes at once */
	errno = ENOBUFS;
	c->greeted = sent == (ssize_t)n;
	return c->greeted ? 1 : -1;
}

/* where the client was accepted, as the socket knows it */
static void
accepted_at(const struct conn *c, struct peer *at)
{
	struct addr a;

	memset(&a, 0, sizeof a);
	a.len = sizeof a.u;
	if (getsockname(c->fd, &a.u.sa, &a.len) < 0)
		a.u.sa.sa_family = AF_UNSPEC;
	peer_from(at, &a);
}

int
introduce(struct session *s, struct conn *c)
{
	struct peer at = s->stage.at;

	if (s->up->proxy == 0 || c->greeted)
		return 1;
	if (at.family == AF_UNSPEC)
		accepted_at(s->c, &at);
	return send_head(c, s->up->proxy, &s->peer, &at);
}

int
introduce_weir(const struct upstream *up, struct conn *c)
{
	if (up->proxy == 0 || c->greeted)
		return 1;
	return send_head(c, up->proxy, NULL, NULL);
}
