/*
 * Socket addresses, and the child that turns names into them.
 *
 * The two talk over a pair of stream sockets in messages of fixed sizes, as
 * structs, since both are the same program. A stream, because a pair of
 * datagram sockets does not tell the child that its parent is gone. The
 * parent never waits: a message that goes or comes in parts is completed by
 * later calls.
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "resolve.h"

#ifndef NSIG
#define NSIG 65
#endif

struct question {
	uint64_t tag;
	uint16_t port;
	char host[256]; /* a name has at most 255 bytes: RFC 1035 2.3.4 */
};

static struct {
	pid_t pid; /* 0: there is no child */
	int fd;
	struct question question;
	size_t unsent; /* bytes of question that still have to go */
	struct resolve_answer answer;
	size_t have; /* bytes of answer that came */
} child;

/* Addresses */

static const char *
unix_path(const struct addr *a, int *n)
{
	size_t skip = offsetof(struct sockaddr_un, sun_path);
	size_t max = a->len > skip ? a->len - skip : 0;

	if (max > sizeof a->u.un.sun_path)
		max = sizeof a->u.un.sun_path;
	*n = (int)strnlen(a->u.un.sun_path, max);
	return a->u.un.sun_path;
}

char *
addr_text_ip(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	const void *p = NULL;

	if (a->len > 0 && a->u.sa.sa_family == AF_INET)
		p = &a->u.in.sin_addr;
	else if (a->len > 0 && a->u.sa.sa_family == AF_INET6)
		p = &a->u.in6.sin6_addr;
	if (p == NULL || inet_ntop(a->u.sa.sa_family, p, text,
	    ADDR_TEXT_MAX) == NULL)
		strcpy(text, "unix:");
	return text;
}

char *
addr_text(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];
	const char *path;
	int n;

	addr_text_ip(a, ip);
	if (a->len > 0 && a->u.sa.sa_family == AF_INET) {
		snprintf(text, ADDR_TEXT_MAX, "%.64s:%u", ip,
		    (unsigned)ntohs(a->u.in.sin_port));
	} else if (a->len > 0 && a->u.sa.sa_family == AF_INET6) {
		snprintf(text, ADDR_TEXT_MAX, "[%.64s]:%u", ip,
		    (unsigned)ntohs(a->u.in6.sin6_port));
	} else {
		path = unix_path(a, &n);
		snprintf(text, ADDR_TEXT_MAX, "unix:%.*s", n, path);
	}
	return text;
}

bool
addr_literal(const char *host, uint16_t port, struct addr *a)
{
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, host, &a->u.in.sin_addr) == 1) {
		a->len = sizeof a->u.in;
		a->u.in.sin_family = AF_INET;
		a->u.in.sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, host, &a->u.in6.sin6_addr) == 1) {
		a->len = sizeof a->u.in6;
		a->u.in6.sin6_family = AF_INET6;
		a->u.in6.sin6_port = htons(port);
		return true;
	}
	return false;
}

int
addr_unix(const char *path, struct addr *a)
{
	size_t n = strlen(path);

	memset(a, 0, sizeof *a);
	if (n == 0 || n >= sizeof a->u.un.sun_path) {
		errno = n == 0 ? ENOENT : ENAMETOOLONG;
		return -1;
	}
	a->u.un.sun_family = AF_UNIX;
	memcpy(a->u.un.sun_path, path, n + 1);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	const char *p, *q;
	int m, n;

	if (a->len == 0 || b->len == 0)
		return a->len == b->len;
	if (a->u.sa.sa_family != b->u.sa.sa_family)
		return false;
	switch (a->u.sa.sa_family) {
	case AF_INET:
		return a->u.in.sin_port == b->u.in.sin_port &&
		    a->u.in.sin_addr.s_addr == b->u.in.sin_addr.s_addr;
	case AF_INET6:
		return a->u.in6.sin6_port == b->u.in6.sin6_port &&
		    a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id &&
		    memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr,
		    sizeof a->u.in6.sin6_addr) == 0;
	default:
		p = unix_path(a, &m);
		q = unix_path(b, &n);
		return m == n && memcmp(p, q, (size_t)m) == 0;
	}
}

/* The child */

static void
add(struct resolve_answer *a, const struct addrinfo *ai, uint16_t port)
{
	struct addr *to = &a->addrs[a->n];
	unsigned i;

	memset(to, 0, sizeof *to);
	memcpy(&to->u, ai->ai_addr, ai->ai_addrlen);
	to->len = ai->ai_addrlen;
	if (ai->ai_family == AF_INET)
		to->u.in.sin_port = htons(port);
	else
		to->u.in6.sin6_port = htons(port);
	/* /etc/hosts is a source of doubles */
	for (i = 0; i < a->n; i++)
		if (addr_equal(to, &a->addrs[i]))
			return;
	a->n++;
}

/* the first from ai on that is, or is not, of the family; NULL if none */
static const struct addrinfo *
next_of(const struct addrinfo *ai, int family, bool same)
{
	for (; ai != NULL; ai = ai->ai_next)
		if ((ai->ai_family == AF_INET || ai->ai_family == AF_INET6) &&
		    (ai->ai_family == family) == same)
			break;
	return ai;
}

/* one of the first family, one of the other, and so on: RFC 8305 4 */
static void
interleave(struct resolve_answer *a, const struct addrinfo *list,
    uint16_t port)
{
	const struct addrinfo *first, *other;
	int family;

	first = next_of(list, AF_UNSPEC, false);
	if (first == NULL)
		return;
	family = first->ai_family;
	other = next_of(list, family, false);
	while ((first != NULL || other != NULL) && a->n < RESOLVE_MAX) {
		if (first != NULL) {
			add(a, first, port);
			first = next_of(first->ai_next, family, true);
		}
		if (other != NULL && a->n < RESOLVE_MAX) {
			add(a, other, port);
			other = next_of(other->ai_next, family, false);
		}
	}
}

static void
resolve(const struct question *q, struct resolve_answer *a)
{
	struct addrinfo hints, *list;

	memset(a, 0, sizeof *a);
	a->tag = q->tag;
	a->error = EAI_NONAME;
	if (q->host[0] == '\0')
		return;
	memset(&hints, 0, sizeof hints);
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	a->error = getaddrinfo(q->host, NULL, &hints, &list);
	if (a->error != 0)
		return;
	interleave(a, list, q->port);
	freeaddrinfo(list);
	if (a->n == 0)
		a->error = EAI_NONAME;
}

/* moves all n bytes; false if the parent is gone */
static bool
receive(int fd, void *p, size_t n)
{
	char *to = p;
	ssize_t r;

	while (n > 0) {
		r = recv(fd, to, n, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		to += r;
		n -= (size_t)r;
	}
	return true;
}

static bool
transmit(int fd, const void *p, size_t n)
{
	const char *from = p;
	ssize_t r;

	while (n > 0) {
		r = send(fd, from, n, MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		from += r;
		n -= (size_t)r;
	}
	return true;
}

static void
close_from(int fd)
{
	struct rlimit most;
	int max = 65536;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)fd, ~0u, 0u) == 0)
		return;
#endif
	/* it may be a billion; that many were never open */
	if (getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur < 65536)
		max = (int)most.rlim_cur;
	for (; fd < max; fd++)
		close(fd);
}

/*
 * Keeps fd alone, as descriptor 3. What stays open here would stay open for
 * its other end too, when the parent has long closed it.
 */
static int
close_others(int fd)
{
	int i, null;

	if (fd != 3 && dup2(fd, 3) < 0)
		_exit(1);
	null = open("/dev/null", O_RDWR);
	for (i = 0; i < 3; i++)
		if (null < 0 || (null != i && dup2(null, i) < 0))
			close(i);
	close_from(4);
	return 3;
}

/*
 * The parent's handlers are not for this process. What a terminal sends to
 * all, or killall to all of one name, is not either: the end is the parent's
 * end. Of the rest it dies as usual.
 */
static void
reset_signals(void)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE
	};
	sigset_t none;
	size_t i;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	for (i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
serve(int fd)
{
	static struct question q;
	static struct resolve_answer a;

	reset_signals();
	fd = close_others(fd);
	while (receive(fd, &q, sizeof q)) {
		resolve(&q, &a);
		if (!transmit(fd, &a, sizeof a))
			break;
	}
	_exit(0);
}

/* The parent */

static int
set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/*
 * No signal comes between fork() and reset_signals(): the parent's handler
 * would write to a pipe that the parent reads.
 */
static pid_t
fork_child(int fd)
{
	sigset_t all, saved;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	pid = fork();
	if (pid == 0)
		serve(fd);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return pid;
}

int
resolve_start(void)
{
	int pair[2], saved;
	pid_t pid;

	resolve_stop();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return -1;
	if (set_flags(pair[0]) < 0)
		goto err;
	pid = fork_child(pair[1]);
	if (pid < 0)
		goto err;
	close(pair[1]);
	child.pid = pid;
	child.fd = pair[0];
	child.unsent = child.have = 0;
	return child.fd;
err:
	saved = errno;
	close(pair[0]);
	close(pair[1]);
	errno = saved;
	return -1;
}

/* sends what is left of the question; false if it did not all go */
static bool
send_rest(void)
{
	const char *end = (const char *)(&child.question + 1);
	ssize_t r;

	while (child.unsent > 0) {
		r = send(child.fd, end - child.unsent, child.unsent,
		    MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		child.unsent -= (size_t)r;
	}
	return true;
}

int
resolve_ask(uint64_t tag, const char *host, uint16_t port)
{
	struct question *q = &child.question;
	size_t n = strlen(host);

	if (child.pid == 0 || !send_rest())
		return -1;
	memset(q, 0, sizeof *q);
	q->tag = tag;
	q->port = port;
	/* a longer one is no name: asked as "", and answered so */
	if (n < sizeof q->host)
		memcpy(q->host, host, n);
	child.unsent = sizeof *q;
	if (send_rest() || child.unsent < sizeof *q)
		return 0;
	child.unsent = 0;
	return -1;
}

int
resolve_take(struct resolve_answer *a)
{
	char *to = (char *)&child.answer;
	ssize_t r;

	if (child.pid == 0)
		return -1;
	/* a question that went in part may be what the child waits for */
	send_rest();
	while (child.have < sizeof child.answer) {
		r = recv(child.fd, to + child.have,
		    sizeof child.answer - child.have, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (r <= 0)
			return -1;
		child.have += (size_t)r;
	}
	*a = child.answer;
	child.have = 0;
	return 1;
}

void
resolve_stop(void)
{
	pid_t r;

	if (child.pid == 0)
		return;
	close(child.fd);
	/* it may be in the middle of a long getaddrinfo() */
	r = waitpid(child.pid, NULL, WNOHANG);
	if (r == 0 && kill(child.pid, SIGKILL) == 0)
		while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR)
			;
	child.pid = 0;
}
