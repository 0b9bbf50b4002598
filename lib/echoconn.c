/* The connections of the echo server: see echoconn.h. */
#include <sys/types.h>
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "echoconn.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SIGPIPE is ignored */
#endif

#define IDLE_MS 60000
#define LINGER_MS 5000

static int64_t now_ms;

int64_t
echoconn_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	return now_ms;
}

void
echoconn_wait(struct echoconn *c)
{
	c->due_ms = now_ms + IDLE_MS;
}

size_t
echoconn_unsent(const struct echoconn *c)
{
	return c->out_end - c->out_beg;
}

void
echoconn_put_back(struct echoconn *c)
{
	buf_put(c->b);
	c->b = NULL;
	c->out_beg = c->out_end = 0;
}

void
echoconn_end(struct echoconn *c)
{
	close(c->fd);
	c->fd = -1;
	echoconn_put_back(c);
}

/*
 * All is said. The descriptor is closed only after the peer did, since a
 * close with bytes unread resets the connection and may destroy our last.
 */
static void
begin_linger(struct echoconn *c)
{
	shutdown(c->fd, SHUT_WR);
	c->phase = E_LINGER;
	c->due_ms = now_ms + LINGER_MS;
	echoconn_put_back(c);
}

void
echoconn_cut(struct echoconn *c)
{
	struct linger reset = {1, 0};

	if (c->chunks) {
		begin_linger(c);
		return;
	}
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	echoconn_end(c);
}

void
echoconn_put(struct echoconn *c, const void *p, size_t n)
{
	struct buf *b = c->b;

	if (echoconn_unsent(c) == 0)
		c->out_beg = c->out_end = b->beg - n;
	assert(c->out_end + n <= b->beg ||
	    (b->beg == b->end && c->out_end + n <= buf_size()));
	memcpy(b->data + c->out_end, p, n);
	c->out_end += n;
}

void
echoconn_put_piece(struct echoconn *c, const struct text *t, const char *p,
    size_t n)
{
	size_t at = (size_t)((const unsigned char *)p - c->b->data);

	assert(echoconn_unsent(c) == 0 && !t->full && t->n <= at);
	memcpy(c->b->data + at - t->n, t->p, t->n);
	c->out_beg = at - t->n;
	c->out_end = at + n;
}

bool
echoconn_flush(struct echoconn *c)
{
	ssize_t k;

	if (c->fd < 0)
		return false;
	while (echoconn_unsent(c) > 0) {
		k = send(c->fd, c->b->data + c->out_beg, echoconn_unsent(c),
		    MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			echoconn_end(c);
		if (k < 0)
			return false;
		c->out_beg += (size_t)k;
		echoconn_wait(c);
	}
	if (c->phase == E_LAST)
		begin_linger(c);
	return c->phase != E_LINGER;
}
