/* TLS over a descriptor: see secure.h. */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "secure.h"
#include "tls.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored anyway */
#endif
#ifndef MSG_MORE
#define MSG_MORE 0
#endif

/*
 * Reads of one socket in one turn. A peer can send what costs more to take in
 * than to send, and of which nothing is passed on: alerts, empty records, data
 * after we closed. It would keep the socket full, and all others waiting.
 */
#define FILLS_PER_TURN 8

/* sends records; ahead: of others that come at once, or of the stream's end,
 * so that the kernel waits for these and makes one packet of them */
static bool
push(struct conn *c, bool ahead)
{
	const unsigned char *p;
	ssize_t sent;
	size_t n;
	bool more;

	while ((p = tls_wire_out(c->tls, &n, &more)) != NULL) {
		more = more || ahead;
		sent = send(c->fd, p, n, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
		if (RARE(sent < 0)) {
			c->wire = true;
			return conn_passing(errno);
		}
		tls_wire_out_done(c->tls, (size_t)sent);
	}
	c->wire = false;
	if (RARE(c->shut) && !c->fin) {
		shutdown(c->fd, SHUT_WR);
		c->fin = true;
	}
	return true;
}

bool
secure_push(struct conn *c)
{
	/* shutdown() follows */
	return push(c, RARE(c->shut) && !c->fin);
}

/*
 * Reads once from the socket into the engine: 1 something came, and there may
 * be more; 0 that was all for now; -1 the stream has ended; -2 an error.
 */
static int
fill(struct conn *c)
{
	unsigned char *p;
	ssize_t got;
	size_t n;

	p = tls_wire_in(c->tls, &n);
	if (RARE(p == NULL)) {
		c->starved = tls_starved(c->tls);
		return 0;
	}
	got = recv(c->fd, p, n, 0);
	if (USUAL(got > 0)) {
		tls_wire_in_done(c->tls, (size_t)got);
		return (size_t)got == n;
	}
	if (got == 0)
		return -1;
	return conn_passing(errno) ? 0 : -2;
}

/* the engine holds something that nobody has asked for yet */
static bool
holds(struct conn *c)
{
	size_t n;

	return RARE(tls_plain_in(c->tls, &n) != NULL) ||
	    (RARE(tls_closed(c->tls)) && !c->eof);
}

/* the end of each use: what was made leaves, and buffers go back */
static bool
done(struct conn *c)
{
	bool alive = secure_push(c);

	c->pending = holds(c);
	tls_rest(c->tls);
	conn_stir(c);
	return alive;
}

int
secure_handshake(struct conn *c)
{
	int i, r = 1;

	if (c->stalled)
		return 0;
	c->starved = false;
	for (i = 0; i < FILLS_PER_TURN && r == 1; i++) {
		if (tls_ready(c->tls) || tls_closed(c->tls))
			break;
		if (!secure_push(c))
			return -1;
		r = fill(c);
	}
	if (r == -1)
		errno = ECONNRESET;
	if (!done(c) || r < 0 || tls_closed(c->tls))
		return -1;
	return tls_ready(c->tls);
}

/* what reading says where it gave no bytes, and fill() that */
static ssize_t
nothing(struct conn *c, int filled)
{
	if (tls_error(c->tls) != 0) {
		errno = EPROTO;
		return -2;
	}
	if (tls_closed(c->tls) || filled == -1) {
		c->cut = !tls_closed(c->tls);
		c->eof = true;
		c->pending = false;
		return 0;
	}
	return filled == -2 ? -2 : -1;
}

ssize_t
secure_recv(struct conn *c, void *p, size_t n)
{
	size_t got;
	int i, r = 1;

	if (RARE(c->stalled))
		return -1;
	c->starved = false;
	tls_warm(c->tls, false);
	/* what was left by an earlier call; poll() knows of what is new */
	got = RARE(c->pending) ? tls_read(c->tls, p, n) : 0;
	if (RARE(got > 0))
		r = 0;
	for (i = 0; r == 1 && i < FILLS_PER_TURN; i++) {
		if (RARE(got == n || tls_closed(c->tls)))
			break;
		r = fill(c);
		got += tls_read(c->tls, (unsigned char *)p + got, n - got);
	}
	if (RARE(!done(c)) && got == 0)
		return -2;
	if (RARE(got == 0))
		return nothing(c, r);
	/* the end, if it was seen, is told the next time */
	if (RARE(r < 0))
		c->pending = true;
	return (ssize_t)got;
}

int
secure_peek(struct conn *c)
{
	size_t n;
	int r = 0;

	if (c->stalled)
		return -1;
	c->starved = false;
	if (!holds(c))
		r = fill(c);
	if (!done(c) || r == -2 || tls_error(c->tls) != 0)
		return -2;
	if (tls_plain_in(c->tls, &n) != NULL)
		return 1;
	if (r != -1 && !tls_closed(c->tls))
		return -1;
	c->eof = true;
	c->pending = false;
	return 0;
}

/* puts bytes into records; bytes taken, or -1 */
static ssize_t
put(struct conn *c, const unsigned char *p, size_t n)
{
	size_t taken = tls_write(c->tls, p, n), k;

	while (RARE(taken < n)) {
		if (!push(c, true))
			return -1;
		k = tls_write(c->tls, p + taken, n - taken);
		if (k == 0) {
			c->starved = tls_starved(c->tls);
			break;
		}
		taken += k;
	}
	return (ssize_t)taken;
}

ssize_t
secure_send(struct conn *c, const struct iovec *parts, int n)
{
	ssize_t taken = 0, k = 0;
	int i;

	/* the peer has ended both directions: RFC 5246 7.2.1 */
	if (RARE(tls_closed(c->tls))) {
		errno = c->stalled ? EAGAIN : EPIPE;
		return -1;
	}
	for (i = 0; i < n && k >= 0; i++) {
		k = put(c, parts[i].iov_base, parts[i].iov_len);
		taken += k;
		if (RARE(k < (ssize_t)parts[i].iov_len))
			break;
	}
	if (USUAL(k >= 0))
		tls_flush(c->tls);
	if (RARE(!done(c) || k < 0))
		return -1;
	return taken;
}

int
secure_wants(struct conn *c, int events)
{
	/* until another end gives a record buffer back */
	if (c->starved && tls_starved(c->tls))
		events = 0;
	return c->wire ? events | POLLOUT : events;
}

void
secure_shut(struct conn *c)
{
	tls_shut(c->tls);
	done(c);
}

void
secure_end(struct conn *c, bool cut)
{
	/* whoever did not read what was sent will not read this either */
	if (!cut && !c->shut && !c->broken && !c->wire && tls_ready(c->tls)) {
		tls_close(c->tls);
		push(c, true);
	}
	tls_free(c->tls);
	c->tls = NULL;
}
