/*
 * Tests resolve.c. getaddrinfo() is the one below, so that no name is asked
 * of anybody: a host spells out its answer.
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolve.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int failed;

static void
expect(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL resolve %s: %s\n", what, why);
	failed = 1;
}

/*
 * "4", "6", "u": an IPv4, IPv6 or other address each, numbered from 1; "d"
 * repeats the last; "!" fails; "s" takes long; "x" ends the child.
 */
int
getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **list)
{
	static struct addrinfo ai[64];
	static struct addr addrs[64];
	size_t i, n = 0;

	(void)service;
	if (hints->ai_family != AF_UNSPEC || hints->ai_socktype != SOCK_STREAM)
		return EAI_BADFLAGS;
	memset(ai, 0, sizeof ai);
	for (i = 0; host[i] != '\0' && n < LEN(ai); i++) {
		if (host[i] == '!')
			return EAI_AGAIN;
		if (host[i] == 'x')
			_exit(3);
		if (host[i] == 's')
			sleep(30);
		if (host[i] == '4')
			addr_literal("10.0.0.0", 0, &addrs[n]);
		else if (host[i] == '6')
			addr_literal("fd00::", 0, &addrs[n]);
		else if (host[i] == 'u')
			addr_unix("/x", &addrs[n]);
		else if (host[i] == 'd')
			addrs[n] = addrs[n - 1];
		else
			continue;
		if (host[i] == '4')
			addrs[n].u.in.sin_addr.s_addr |= htonl((uint32_t)n + 1);
		else if (host[i] == '6')
			addrs[n].u.in6.sin6_addr.s6_addr[15] =
			    (uint8_t)(n + 1);
		ai[n].ai_family = addrs[n].u.sa.sa_family;
		ai[n].ai_addr = &addrs[n].u.sa;
		ai[n].ai_addrlen = addrs[n].len;
		if (n > 0)
			ai[n - 1].ai_next = &ai[n];
		n++;
	}
	if (n == 0)
		return EAI_NONAME;
	*list = ai;
	return 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

/* Addresses */

static const struct {
	const char *host;
	uint16_t port;
	const char *text, *ip, *why;
} literals[] = {
{"192.0.2.1", 80, "192.0.2.1:80", "192.0.2.1", "IPv4"},
{"0.0.0.0", 0, "0.0.0.0:0", "0.0.0.0", "IPv4 any"},
{"::1", 65535, "[::1]:65535", "::1", "IPv6"},
{"::", 1, "[::]:1", "::", "IPv6 any"},
{"2001:DB8:0::A", 443, "[2001:db8::a]:443", "2001:db8::a", "IPv6 shortened"},
{"1111:2222:3333:4444:5555:6666:7777:8888", 65535,
    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
    "1111:2222:3333:4444:5555:6666:7777:8888", "longest"},
{"", 1, NULL, NULL, "empty"},
{"localhost", 1, NULL, NULL, "name"},
{"127.1", 1, NULL, NULL, "short form"},
{"1.2.3.256", 1, NULL, NULL, "out of range"},
{"1.2.3.4.5", 1, NULL, NULL, "too many parts"},
{"[::1]", 1, NULL, NULL, "brackets"},
{"1.2.3.4:80", 1, NULL, NULL, "port"},
};

static void
test_literals(void)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;
	size_t i;
	bool ok;

	for (i = 0; i < LEN(literals); i++) {
		ok = addr_literal(literals[i].host, literals[i].port, &a);
		expect(ok == (literals[i].text != NULL), "literal",
		    literals[i].why);
		if (!ok || literals[i].text == NULL)
			continue;
		expect(strcmp(addr_text(&a, text), literals[i].text) == 0,
		    "addr_text", literals[i].why);
		expect(strcmp(addr_text_ip(&a, text), literals[i].ip) == 0,
		    "addr_text_ip", literals[i].why);
	}
}

static void
test_unix(void)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	char text[ADDR_TEXT_MAX];
	struct addr a;

	expect(addr_unix("/run/x", &a) == 0 && strcmp(addr_text(&a, text),
	    "unix:/run/x") == 0, "unix", "text");
	expect(strcmp(addr_text_ip(&a, text), "unix:") == 0, "unix", "ip");
	expect(a.u.sa.sa_family == AF_UNIX && a.len ==
	    offsetof(struct sockaddr_un, sun_path) + sizeof "/run/x", "unix",
	    "family and length");
	expect(addr_unix("", &a) == -1, "unix", "empty");
	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = '\0';
	errno = 0;
	expect(addr_unix(path, &a) == -1 && errno == ENAMETOOLONG, "unix",
	    "one byte too long");
	path[sizeof path - 2] = '\0';
	expect(addr_unix(path, &a) == 0 && strncmp(addr_text(&a, text),
	    "unix:", 5) == 0 && strcmp(text + 5, path) == 0, "unix",
	    "longest");
	/* as accept() leaves the address of a client without one */
	memset(&a, 0, sizeof a);
	a.u.sa.sa_family = AF_UNIX;
	a.len = offsetof(struct sockaddr_un, sun_path);
	expect(strcmp(addr_text(&a, text), "unix:") == 0, "unix", "unnamed");
	a.len = 0;
	expect(strcmp(addr_text(&a, text), "unix:") == 0, "unix", "nothing");
	/* a kernel may leave the final NUL out */
	memset(a.u.un.sun_path, 'y', sizeof a.u.un.sun_path);
	a.len = offsetof(struct sockaddr_un, sun_path) + 3;
	expect(strcmp(addr_text(&a, text), "unix:yyy") == 0, "unix", "no NUL");
}

static const struct {
	const char *a, *b;
	uint16_t port_a, port_b;
	bool equal;
	const char *why;
} pairs[] = {
{"1.2.3.4", "1.2.3.4", 1, 1, true, "same"},
{"1.2.3.4", "1.2.3.4", 1, 2, false, "port"},
{"1.2.3.4", "1.2.3.5", 1, 1, false, "address"},
{"::1", "0:0::1", 1, 1, true, "same, IPv6"},
{"::1", "::1", 1, 256, false, "port, IPv6"},
{"::1", "::2", 1, 1, false, "address, IPv6"},
{"::", "0.0.0.0", 1, 1, false, "family"},
{"/x", "/x", 0, 0, true, "same, unix"},
{"/x", "/y", 0, 0, false, "path"},
{"/x", "/xx", 0, 0, false, "longer path"},
{"/x", "0.0.0.0", 0, 0, false, "unix and IPv4"},
};

static void
make(const char *s, uint16_t port, struct addr *a)
{
	if (*s == '/')
		addr_unix(s, a);
	else
		addr_literal(s, port, a);
}

static void
test_equal(void)
{
	struct addr a, b;
	size_t i;

	for (i = 0; i < LEN(pairs); i++) {
		make(pairs[i].a, pairs[i].port_a, &a);
		make(pairs[i].b, pairs[i].port_b, &b);
		expect(addr_equal(&a, &b) == pairs[i].equal, "equal",
		    pairs[i].why);
		expect(addr_equal(&b, &a) == pairs[i].equal, "equal",
		    pairs[i].why);
	}
	make("fe80::1", 1, &a);
	b = a;
	b.u.in6.sin6_flowinfo = 1;
	expect(addr_equal(&a, &b), "equal", "flow is no matter");
	b.u.in6.sin6_scope_id = 1;
	expect(!addr_equal(&a, &b), "equal", "scope");
	memset(&b, 0, sizeof b);
	expect(!addr_equal(&a, &b) && addr_equal(&b, &b), "equal", "nothing");
}

/* The child */

static int fd;

/* waits for one answer, 10 seconds at most */
static int
take(struct resolve_answer *a)
{
	struct pollfd p = {fd, POLLIN, 0};
	int i, r;

	for (i = 0; i < 100; i++) {
		r = resolve_take(a);
		if (r != 0)
			return r;
		poll(&p, 1, 100);
	}
	return 0;
}

static const struct {
	const char *host;
	int error;
	const char *order, *why;
} answers[] = {
{"4", 0, "1", "one"},
{"6", 0, "1", "one, IPv6"},
{"44", 0, "12", "two of one family"},
{"46", 0, "12", "IPv4 first"},
{"64", 0, "12", "IPv6 first"},
{"6644", 0, "1324", "in turn"},
{"4466", 0, "1324", "in turn, IPv4 first"},
{"64444", 0, "12345", "few of the first"},
{"66664", 0, "15234", "few of the other"},
{"444666", 0, "142536", "three and three"},
{"4d4", 0, "13", "doubled"},
{"46d", 0, "12", "doubled, the other"},
{"u", EAI_NONAME, "", "no such family"},
{"u4u6", 0, "24", "other families between"},
{"!", EAI_AGAIN, "", "an error"},
{"none", EAI_NONAME, "", "no such name"},
{"", EAI_NONAME, "", "empty name"},
{"44444444444444444", 0, "123456789:;<=>?@", "17, of which 16"},
{"444444444444444466", 0, "1A2B3456789:;<=>", "17th of the other family"},
};

/* the number of the address, as a character; 0 if its port is wrong */
static char
number(const struct addr *a, uint16_t port)
{
	if (a->u.sa.sa_family == AF_INET && a->len == sizeof a->u.in &&
	    a->u.in.sin_port == htons(port))
		return (char)('0' + (ntohl(a->u.in.sin_addr.s_addr) & 0xff));
	if (a->u.sa.sa_family == AF_INET6 && a->len == sizeof a->u.in6 &&
	    a->u.in6.sin6_port == htons(port))
		return (char)('0' + a->u.in6.sin6_addr.s6_addr[15]);
	return 0;
}

static void
check(const struct resolve_answer *a, size_t i)
{
	char order[RESOLVE_MAX + 1];
	unsigned n;

	expect(a->tag == UINT64_MAX - i, "tag", answers[i].why);
	expect(a->error == answers[i].error, "error", answers[i].why);
	expect(a->n <= RESOLVE_MAX, "count", answers[i].why);
	for (n = 0; n < a->n && n < RESOLVE_MAX; n++)
		order[n] = number(&a->addrs[n], (uint16_t)(i + 256));
	order[n] = '\0';
	expect(strcmp(order, answers[i].order) == 0, order, answers[i].why);
}

/* all questions at once, then all answers */
static void
test_answers(void)
{
	static struct resolve_answer a;
	size_t i;

	for (i = 0; i < LEN(answers); i++)
		expect(resolve_ask(UINT64_MAX - i, answers[i].host,
		    (uint16_t)(i + 256)) == 0, "ask", answers[i].why);
	for (i = 0; i < LEN(answers); i++) {
		if (take(&a) != 1) {
			expect(false, "take", answers[i].why);
			return;
		}
		check(&a, i);
	}
	expect(resolve_take(&a) == 0, "take", "nothing waits");
}

static void
test_long_name(void)
{
	static struct resolve_answer a;
	char host[400];

	memset(host, '4', sizeof host);
	host[sizeof host - 1] = '\0';
	expect(resolve_ask(5, host, 80) == 0 && take(&a) == 1 &&
	    a.tag == 5 && a.error == EAI_NONAME, "name", "too long");
	host[256] = '\0';
	expect(resolve_ask(6, host, 80) == 0 && take(&a) == 1 &&
	    a.error == EAI_NONAME, "name", "256 bytes");
	host[255] = '\0';
	expect(resolve_ask(7, host, 80) == 0 && take(&a) == 1 &&
	    a.error == 0 && a.n == 16, "name", "255 bytes");
}

/* asks until the queue is full; all that was taken is answered, in order */
static void
test_full(void)
{
	static struct resolve_answer a;
	uint64_t asked = 0, next;
	int round;

	for (round = 0; round < 3; round++) {
		while (asked < 100000 && resolve_ask(asked, "46", 1) == 0)
			asked++;
		expect(asked < 100000, "queue", "is bounded");
		for (next = 0; next < asked; next++)
			if (take(&a) != 1 || a.tag != next || a.n != 2)
				break;
		expect(next == asked, "queue", "all, in order");
		expect(resolve_take(&a) == 0, "queue", "and no more");
		asked = 0;
	}
}

#ifdef __linux__
/* the child's process id, or 0 */
static pid_t
find_child(void)
{
	char path[300], name[64];
	DIR *d = opendir("/proc");
	struct dirent *e;
	int pid, ppid;
	char state;
	FILE *f;
	pid_t found = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
		f = fopen(path, "r");
		if (f == NULL)
			continue;
		if (fscanf(f, "%d %60s %c %d", &pid, name, &state, &ppid) ==
		    4 && ppid == (int)getpid())
			found = pid;
		fclose(f);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static bool
alive(pid_t pid)
{
	char path[64], state = 'Z';
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	if (fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state != 'Z';
}

static void
test_child(void)
{
	static const int sigs[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE
	};
	static struct resolve_answer a;
	pid_t pid = find_child();
	size_t i;

	expect(pid > 0, "child", "is there");
	if (pid <= 0)
		return;
	for (i = 0; i < LEN(sigs); i++)
		kill(pid, sigs[i]);
	expect(resolve_ask(1, "4", 1) == 0 && take(&a) == 1, "child",
	    "survives signals");
	kill(pid, SIGVTALRM);
	expect(take(&a) == -1, "child", "dies of others, handlers are reset");
	expect(resolve_take(&a) == -1, "child", "stays dead");
	expect(resolve_ask(1, "4", 1) == -1, "child", "is not asked");
	fd = resolve_start();
	expect(fd >= 0 && resolve_ask(2, "4", 1) == 0 && take(&a) == 1 &&
	    a.tag == 2, "child", "another");
	expect(find_child() != pid && waitpid(pid, NULL, WNOHANG) == -1,
	    "child", "the first is reaped");
}
#else
static void
test_child(void)
{
}
#endif

/* not for the child, who dies of the signal */
static void
handler(int sig)
{
	(void)sig;
}

/* the child, while it lives, keeps no pipe open, be it stdout or another */
static void
test_descriptors(void)
{
	int p[2], q[2], out;
	char c;

	if (pipe(p) < 0 || pipe(q) < 0 || (out = dup(STDOUT_FILENO)) < 0)
		exit(1);
	dup2(q[1], STDOUT_FILENO);
	fd = resolve_start();
	dup2(out, STDOUT_FILENO);
	close(out);
	close(p[1]);
	close(q[1]);
	expect(read(p[0], &c, 1) == 0, "descriptors", "another");
	expect(read(q[0], &c, 1) == 0, "descriptors", "stdout");
	close(p[0]);
	close(q[0]);
}

#ifdef __linux__
/* a parent that dies without resolve_stop() */
static void
test_orphan(void)
{
	int p[2], i;
	pid_t pid, child = 0;

	resolve_stop();
	if (pipe(p) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		resolve_start();
		child = find_child();
		_exit(write(p[1], &child, sizeof child) < 0);
	}
	waitpid(pid, NULL, 0);
	expect(read(p[0], &child, sizeof child) == sizeof child && child > 0,
	    "orphan", "was there");
	/* gone, or a zombie that nobody here can reap */
	for (i = 0; i < 100 && alive(child); i++)
		poll(NULL, 0, 50);
	expect(!alive(child), "orphan", "ends");
	close(p[0]);
	close(p[1]);
}
#else
static void
test_orphan(void)
{
}
#endif

static void
test_no_descriptors(void)
{
	struct rlimit saved, none;
	int p[2];

	getrlimit(RLIMIT_NOFILE, &saved);
	none = saved;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	/* some checkers give descriptors all the same */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0) {
		expect(resolve_start() == -1 && errno == EMFILE, "start",
		    "out of descriptors");
	} else {
		close(p[0]);
		close(p[1]);
	}
	setrlimit(RLIMIT_NOFILE, &saved);
}

static void
test_stop(void)
{
	static struct resolve_answer a;

	fd = resolve_start();
	expect((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 &&
	    (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "start", "flags");
	resolve_ask(1, "s", 1);
	resolve_ask(2, "4", 1);
	expect(resolve_take(&a) == 0, "stop", "the child is busy");
	resolve_stop(); /* does not wait for it: see alarm() */
	expect(fcntl(fd, F_GETFD) == -1, "stop", "descriptor is closed");
	expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "stop",
	    "child is reaped");
	expect(resolve_ask(1, "4", 1) == -1, "stop", "cannot be asked");
	expect(resolve_take(&a) == -1, "stop", "does not answer");
	/* a second one closes nothing that has the number now */
	expect(dup(STDERR_FILENO) == fd, "stop", "number is free");
	resolve_stop();
	expect(fcntl(fd, F_GETFD) >= 0, "stop", "twice");
	close(fd);
	test_no_descriptors();
	fd = resolve_start();
	resolve_ask(3, "x", 1);
	expect(take(&a) == -1, "stop", "child exited");
	fd = resolve_start();
	expect(resolve_ask(4, "4", 1) == 0 && take(&a) == 1 && a.tag == 4,
	    "stop", "again");
	resolve_stop();
}

int
main(void)
{
	struct sigaction sa;
	sigset_t mask;

	alarm(25); /* what blocks is a failure */
	test_literals();
	test_unix();
	test_equal();
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sigaction(SIGVTALRM, &sa, NULL);
	fd = resolve_start();
	sigprocmask(SIG_SETMASK, NULL, &mask);
	expect(sigismember(&mask, SIGVTALRM) == 0, "start", "signals again");
	expect(fd >= 0, "start", "a descriptor");
	test_answers();
	test_long_name();
	test_full();
	test_child();
	test_descriptors();
	test_orphan();
	test_stop();
	return failed;
}
