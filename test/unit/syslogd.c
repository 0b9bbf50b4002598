/* Lines to the system's log, with a daemon that this file plays. */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "guard.h"
#include "syslogd.h"

static int answer; /* of connect(): an errno or 0 */
static int streams; /* connect() wants a stream */
static int refuse; /* this many sendmsg() fail with EAGAIN or ECONNREFUSED */
static int why;
static size_t part; /* what sendmsg() takes, once; 0: all */
static int dialled;
static char path[128], got[512];
static size_t n;

int
connect(int fd, const struct sockaddr *to, socklen_t size)
{
	int type;
	socklen_t len = sizeof type;

	(void)size;
	dialled++;
	snprintf(path, sizeof path, "%s",
	    ((const struct sockaddr_un *)(const void *)to)->sun_path);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	errno = answer != 0 ? answer : EPROTOTYPE;
	return answer != 0 || (streams && type != SOCK_STREAM) ? -1 : 0;
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	size_t i;

	(void)fd;
	(void)flags;
	if (refuse > 0) {
		refuse--;
		errno = why;
		return -1;
	}
	for (n = 0, i = 0; i < (size_t)m->msg_iovlen; i++) {
		memcpy(got + n, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
		n += m->msg_iov[i].iov_len;
	}
	if (part > 0)
		n = part;
	part = 0;
	return (ssize_t)n;
}

/* whether that arrived as it should, with a NUL or without */
static bool
arrived(const char *text, bool nul)
{
	char want[128];
	int len = snprintf(want, sizeof want, "<28>weir[%ld]: %s",
	    (long)getpid(), text);

	return n == (size_t)len + nul && memcmp(got, want, n) == 0;
}

static bool
say(const char *text)
{
	n = 0;
	return syslogd_send(LOG_WARNING, text, strlen(text));
}

static void
test_datagrams(void)
{
	answer = ENOENT;
	syslogd_open();
	expect(!say("nobody is there"), "syslogd", "nobody there");
	answer = 0;
	syslogd_open();
	expect(strcmp(path, "/dev/log") == 0, "syslogd", "path");
	dialled = 0;
	expect(say("one") && arrived("one", false), "syslogd", "a datagram");
	refuse = 1;
	why = EAGAIN;
	expect(!say("two") && n == 0, "syslogd", "busy: not taken");
	expect(say("three") && arrived("three", false), "syslogd",
	    "busy no more");
	expect(dialled == 0, "syslogd", "busy: no new connection");
	refuse = 1;
	why = ECONNREFUSED;
	expect(say("four") && arrived("four", false), "syslogd",
	    "started again");
	expect(dialled == 1, "syslogd", "a new connection");
	refuse = 2;
	expect(!say("five"), "syslogd", "gone again at once");
}

static void
test_streams(void)
{
	streams = 1;
	refuse = 1;
	why = ECONNREFUSED;
	expect(say("six") && arrived("six", true), "syslogd", "a stream");
	part = 3;
	dialled = 0;
	expect(say("seven") && arrived("seven", true), "syslogd",
	    "cut, sent again");
	expect(dialled == 2, "syslogd", "by a new stream");
}

int
main(void)
{
	test_datagrams();
	test_streams();
	return failed;
}
