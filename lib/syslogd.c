/*
 * The system's log: see syslogd.h. Not by syslog(3), which waits while the
 * daemon is busy, and which in a static binary brings time zones and locales.
 *
 * A line is one datagram in the format of RFC 3164 without a timestamp, which
 * the receiver then supplies (4.3.2). Some daemons take a stream instead, in
 * which a NUL ends each line.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "syslogd.h"

#ifndef _PATH_LOG
#define _PATH_LOG "/dev/log"
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static int fd = -1;
static int type = SOCK_DGRAM;

static void
hang_up(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

/* a stream is connected by then or not at all: the socket does not block */
static bool
dial(int how)
{
	struct sockaddr_un to;

	memset(&to, 0, sizeof to);
	to.sun_family = AF_UNIX;
	memcpy(to.sun_path, _PATH_LOG, sizeof _PATH_LOG);
	hang_up();
	type = how;
	fd = socket(AF_UNIX, how, 0);
	if (fd < 0)
		return false;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return true;
	hang_up();
	return false;
}

void
syslogd_open(void)
{
	if (fd < 0 && !dial(SOCK_DGRAM) && errno == EPROTOTYPE)
		dial(SOCK_STREAM);
}

/* a stream that took a part of a line is of no use any more */
static bool
transmit(const char *head, const char *p, size_t n)
{
	struct iovec piece[3] = {
		{(char *)head, strlen(head)}, {(char *)p, n}, {"", 1}
	};
	size_t all = piece[0].iov_len + n + (type == SOCK_STREAM);
	struct msghdr m;
	ssize_t r;

	memset(&m, 0, sizeof m);
	m.msg_iov = piece;
	m.msg_iovlen = type == SOCK_STREAM ? 3 : 2;
	r = sendmsg(fd, &m, MSG_NOSIGNAL);
	if (r >= 0 && (size_t)r < all)
		hang_up();
	return r >= 0 && (size_t)r == all;
}

/* it takes no more now, as against: it is gone */
static bool
busy(int e)
{
	return e == EAGAIN || e == EWOULDBLOCK || e == ENOBUFS;
}

bool
syslogd_send(int priority, const char *p, size_t n)
{
	char head[40];

	snprintf(head, sizeof head, "<%d>weir[%ld]: ", LOG_DAEMON | priority,
	    (long)getpid());
	syslogd_open();
	if (fd < 0)
		return false;
	if (transmit(head, p, n))
		return true;
	if (fd >= 0 && busy(errno))
		return false;
	/* the daemon may have been started again */
	hang_up();
	syslogd_open();
	return fd >= 0 && transmit(head, p, n);
}
