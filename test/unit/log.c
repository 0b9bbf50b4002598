/* Tests log.c: lines in files, and in pipes and sockets put behind stderr. */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif
#define NOW INT64_C(1795243843123)
#define TIME "2026-11-21T06:50:43.123Z"

static int failed;
static FILE *out; /* stderr as it was */
static char logged[20000], packet[9000]; /* by syslogd */
static int priority;
static bool busy;

/* the real ones have nobody to check them */
int
connect(int fd, const struct sockaddr *to, socklen_t size)
{
	(void)fd;
	(void)size;
	snprintf(logged, sizeof logged, "%s",
	    ((const struct sockaddr_un *)(const void *)to)->sun_path);
	return 0;
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	size_t i, n = 0;
	const char *text;

	(void)fd;
	(void)flags;
	errno = EAGAIN;
	if (busy)
		return -1;
	for (i = 0; i < (size_t)m->msg_iovlen; i++) {
		memcpy(packet + n, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
		n += m->msg_iov[i].iov_len;
	}
	packet[n] = '\0';
	priority = atoi(packet + 1);
	text = strstr(packet, "]: ");
	strcat(logged, text != NULL ? text + 3 : packet);
	strcat(logged, "|");
	errno = EIO;
	return (ssize_t)n;
}

static char got[300000];
static char dir[64], path[96], moved[96];

static void
expect(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	fprintf(out, "FAIL log %s: %s\n", what, why);
	failed = 1;
}

static void
expect_text(const char *want, const char *what, const char *why)
{
	if (strcmp(got, want) == 0)
		return;
	fprintf(out, "FAIL log %s: %s:\n%s\nnot\n%s\n", what, why, got, want);
	failed = 1;
}

/* the whole file in got; its bytes */
static size_t
slurp(const char *name)
{
	FILE *f = fopen(name, "r");
	size_t n = 0;

	if (f != NULL) {
		n = fread(got, 1, sizeof got - 1, f);
		fclose(f);
	}
	got[n] = '\0';
	return n;
}

/* what waits in fd, which does not block, put behind the n bytes of got */
static size_t
drain(int fd, size_t n)
{
	ssize_t r;

	while (n < sizeof got - 1 &&
	    (r = read(fd, got + n, sizeof got - 1 - n)) > 0)
		n += (size_t)r;
	got[n] = '\0';
	return n;
}

/* an empty file as the main log */
static void
fresh(void)
{
	log_open(LOG_MAIN, "off");
	log_open(LOG_ACCESS, "off");
	unlink(path);
	expect(log_open(LOG_MAIN, path) == 0, "open", path);
}

static const char all[] =
    "\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x1b\x1f !\"#/0<=>@A"
    "Z[\\]`az{|}~\x7f\x80\xc3\xa9\xff";

static const struct {
	const char *value;
	size_t n;
	const char *text, *json, *why;
} values[] = {
{"abc", 3, "abc", "\"abc\"", "plain"},
{"", 0, "\"\"", "\"\"", "empty"},
{"/a b", 4, "\"/a b\"", "\"/a b\"", "blank"},
{"a=b", 3, "\"a=b\"", "\"a=b\"", "equals"},
{"a\"b", 3, "\"a\\\"b\"", "\"a\\\"b\"", "quote"},
{"a\\b", 3, "\"a\\\\b\"", "\"a\\\\b\"", "backslash"},
{"a\nb", 3, "\"a\\nb\"", "\"a\\nb\"", "newline"},
{"a\rb", 3, "\"a\\rb\"", "\"a\\rb\"", "return"},
{"a\tb", 3, "\"a\\tb\"", "\"a\\tb\"", "tab"},
{"a\0b", 3, "\"a\\x00b\"", "\"a\\u0000b\"", "NUL"},
{"\x7f", 1, "\"\\x7f\"", "\"\\u007f\"", "delete"},
{"\xff", 1, "\"\\xff\"", "\"\\u00ff\"", "the last byte"},
{"~!", 2, "~!", "\"~!\"", "borders of what is plain"},
{"\"", 1, "\"\\\"\"", "\"\\\"\"", "quote alone"},
{all, sizeof all - 1,
    "\"\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\t\\n\\x0b\\x0c\\r\\x0e"
    "\\x1b\\x1f !\\\"#/0<=>@AZ[\\\\]`az{|}~\\x7f\\x80\\xc3\\xa9\\xff\"",
    "\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\u0008\\t\\n\\u000b"
    "\\u000c\\r\\u000e\\u001b\\u001f !\\\"#/0<=>@AZ[\\\\]`az{|}~\\u007f"
    "\\u0080\\u00c3\\u00a9\\u00ff\"", "many at once"},
};

static void
test_values(bool json)
{
	char want[600];
	size_t i;

	log_set_json(json);
	for (i = 0; i < LEN(values); i++) {
		fresh();
		log_begin(LOG_MAIN, LOG_L_WARN, "try");
		log_pair_mem("k", values[i].value, values[i].n);
		log_pair("z", "1");
		log_end();
		log_flush();
		slurp(path);
		snprintf(want, sizeof want, json ?
		    "{\"time\":\"%s\",\"level\":\"warn\",\"event\":\"try\","
		    "\"k\":%s,\"z\":\"1\"}\n" : "%s warn try k=%s z=1\n", TIME,
		    json ? values[i].json : values[i].text);
		expect_text(want, json ? "json" : "text", values[i].why);
	}
	log_set_json(false);
}

static const struct {
	int64_t v;
	const char *text, *ms, *why;
} numbers[] = {
{0, "0", "0.000", "zero"},
{7, "7", "0.007", "three decimals"},
{42, "42", "0.042", "two of them zero"},
{10, "10", "0.010", "the least of two digits"},
{100, "100", "0.100", "the least of three"},
{999, "999", "0.999", "under a second"},
{1000, "1000", "1.000", "a second"},
{61050, "61050", "61.050", "zero between"},
{-1, "-1", "-0.001", "negative"},
{INT64_MAX, "9223372036854775807", "9223372036854775.807", "most"},
{INT64_MIN, "-9223372036854775808", "-9223372036854775.808", "least"},
};

static void
test_numbers(bool json)
{
	char want[300];
	size_t i;

	log_set_json(json);
	for (i = 0; i < LEN(numbers); i++) {
		fresh();
		log_begin(LOG_MAIN, LOG_L_INFO, "try");
		log_pair_int("i", numbers[i].v);
		log_pair_ms("s", numbers[i].v);
		log_end();
		log_flush();
		slurp(path);
		snprintf(want, sizeof want, json ?
		    "{\"time\":\"%s\",\"level\":\"info\",\"event\":\"try\","
		    "\"i\":%s,\"s\":%s}\n" : "%s info try i=%s s=%s\n", TIME,
		    numbers[i].text, numbers[i].ms);
		expect_text(want, json ? "json number" : "number",
		    numbers[i].why);
	}
	log_set_json(false);
}

static const struct {
	int64_t ms;
	const char *text, *why;
} times[] = {
{NOW, TIME, "a time"},
{NOW + 1, "2026-11-21T06:50:43.124Z", "the same second"},
{NOW - 123, "2026-11-21T06:50:43.000Z", "the second's begin"},
{NOW + 877, "2026-11-21T06:50:44.000Z", "the next second"},
{0, "1970-01-01T00:00:00.000Z", "the first"},
{5, "1970-01-01T00:00:00.005Z", "small fraction"},
{-1, "1970-01-01T00:00:00.000Z", "before the first"},
{INT64_C(951782400000), "2000-02-29T00:00:00.000Z", "leap day"},
{INT64_C(253402300799999), "9999-12-31T23:59:59.999Z", "the last"},
{INT64_C(253402300800000), "1970-01-01T00:00:00.000Z", "behind the last"},
{INT64_MAX, "1970-01-01T00:00:00.000Z", "far behind the last"},
};

static void
test_times(void)
{
	char want[80];
	size_t i;

	for (i = 0; i < LEN(times); i++) {
		fresh();
		log_clock(times[i].ms);
		log_begin(LOG_MAIN, LOG_L_ERROR, "t");
		log_end();
		log_flush();
		slurp(path);
		snprintf(want, sizeof want, "%s error t\n", times[i].text);
		expect_text(want, "time", times[i].why);
	}
	log_clock(NOW);
}

static void
test_messages(void)
{
	char big[5000];

	fresh();
	errno = ENOENT;
	log_error("open %s:", "x");
	expect(errno == ENOENT, "message", "errno is preserved");
	log_warn("50%% of %d", 7);
	log_info(":");
	log_info("%s", "");
	log_debug("not written");
	log_flush();
	slurp(path);
	expect_text(TIME " error message msg=\"open x: No such file or "
	    "directory\"\n" TIME " warn message msg=\"50% of 7\"\n"
	    TIME " info message msg=\": No such file or directory\"\n"
	    TIME " info message msg=\"\"\n", "message", "four lines");

	fresh();
	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	errno = ENOENT;
	log_info("%s:", big);
	log_info("short");
	log_flush();
	slurp(path);
	expect(strstr(got, "xxx No such file or directory\" cut=1\n"
	    TIME " info message msg=short\n") != NULL,
	    "message", "too long, but with its cause; the next is not");
}

static void
test_levels(void)
{
	fresh();
	expect(log_wants(LOG_L_INFO) && !log_wants(LOG_L_DEBUG), "level",
	    "info at the start");
	log_set_level(LOG_L_WARN);
	expect(log_wants(LOG_L_WARN) && !log_wants(LOG_L_INFO), "level",
	    "warn");
	expect(!log_begin(LOG_MAIN, LOG_L_INFO, "no"), "level", "too low");
	log_info("no");
	log_warn("yes");
	log_set_level(LOG_L_DEBUG);
	log_debug("yes");
	log_set_level(LOG_L_INFO);
	expect(!log_begin(LOG_ACCESS, LOG_L_ERROR, "no"), "level", "off");
	log_flush();
	slurp(path);
	expect_text(TIME " warn message msg=yes\n"
	    TIME " debug message msg=yes\n", "level", "what is written");
}

static void
test_long(bool json)
{
	static char value[8192];
	size_t n;
	char *end;
	bool fits;

	log_set_json(json);
	memset(value, 'v', sizeof value);
	for (n = 8000; n < sizeof value; n++) {
		fresh();
		log_begin(LOG_MAIN, LOG_L_INFO, "long");
		log_pair("a", "1");
		log_pair_mem("b", value, n);
		log_pair_int("c", 3);
		log_pair_ms("c", 3000);
		log_end();
		log_flush();
		expect(slurp(path) <= 8192, "long", "more than 8 KB");
		fits = strstr(got, "vv") != NULL;
		expect(!fits || n < 8180, "long", "pair that cannot fit");
		expect(fits || n > 8100, "long", "pair that fits");
		end = strrchr(got, 'c');
		if (fits)
			expect(end != NULL && (strncmp(end, "c=3", 3) == 0 ||
			    strncmp(end, "c\":3", 4) == 0 ||
			    strncmp(end, "cut", 3) == 0), "long", "its end");
		if (fits)
			continue;
		expect_text(json ? "{\"time\":\"" TIME "\",\"level\":\"info\","
		    "\"event\":\"long\",\"a\":\"1\",\"c\":3,\"c\":3.000,"
		    "\"cut\":1}\n" :
		    TIME " info long a=1 c=3 c=3.000 cut=1\n", "long", "cut");
	}
	log_set_json(false);
}

static void
test_streams(void)
{
	struct stat st;
	mode_t mask = umask(0);

	fresh();
	umask(mask);
	stat(path, &st);
	expect((st.st_mode & 0777) == 0640, "file", "mode");
	expect(log_open(LOG_ACCESS, path) == 0, "file", "shared");
	log_info("1");
	log_begin(LOG_ACCESS, LOG_L_INFO, "2");
	log_end();
	log_info("3");
	slurp(path);
	expect_text("", "file", "nothing before log_flush()");
	log_flush();
	slurp(path);
	expect_text(TIME " info message msg=1\n" TIME " info 2\n"
	    TIME " info message msg=3\n", "file", "order of two streams");
	expect(log_open(LOG_ACCESS, "off") == 0, "file", "one is off");
	log_info("4");
	log_flush();
	slurp(path);
	expect(strstr(got, "msg=4\n") != NULL, "file", "the other goes on");
	errno = 0;
	expect(log_open(LOG_MAIN, dir) == -1 && errno != 0, "file",
	    "a directory is none");
	log_info("5");
	/* a new destination takes what gathered to the old one first */
	snprintf(moved, sizeof moved, "%s/other", dir);
	errno = EXDEV;
	expect(log_open(LOG_MAIN, moved) == 0 && errno == EXDEV, "file",
	    "another");
	slurp(path);
	expect(strstr(got, "msg=5\n") != NULL, "file", "as it was");
	log_info("6");
	log_flush();
	slurp(moved);
	expect_text(TIME " info message msg=6\n", "file", "the new one");
	unlink(moved);
}

/* off_t and time_t have 32 bits on some machines if nobody asks for more */
static void
test_large(void)
{
	off_t size = INT32_MAX;
	struct stat st;

	fresh();
	expect(truncate(path, size) == 0, "large", "made");
	log_info("1");
	log_flush();
	expect(stat(path, &st) == 0 && st.st_size > size, "large",
	    "grows beyond 2 GB");
	log_open(LOG_MAIN, "off");
	expect(log_open(LOG_MAIN, path) == 0, "large", "opened again");
	log_open(LOG_MAIN, "off");
	expect(sizeof(time_t) >= 8, "large", "the years after 2038");
}

static void
test_reopen(void)
{
	fresh();
	log_open(LOG_ACCESS, path);
	log_info("1");
	snprintf(moved, sizeof moved, "%s/old", dir);
	rename(path, moved);
	log_reopen();
	log_info("2");
	log_flush();
	slurp(moved);
	expect_text(TIME " info message msg=1\n", "reopen", "old file");
	slurp(path);
	expect_text(TIME " info message msg=2\n", "reopen", "new file");
	/* a directory in its place cannot be opened */
	rename(path, moved);
	mkdir(path, 0700);
	errno = EXDEV;
	log_reopen();
	expect(errno == EXDEV, "reopen", "errno");
	log_flush();
	slurp(moved);
	expect(strstr(got, "msg=2\n") != NULL &&
	    strstr(got, " error message msg=\"open ") != NULL, "reopen",
	    "stays, and says so");
	rmdir(path);
	log_open(LOG_MAIN, "off");
	log_open(LOG_ACCESS, "off");
	unlink(moved);
}

static void
test_fifo(void)
{
	int fd;

	fresh();
	snprintf(moved, sizeof moved, "%s/fifo", dir);
	mkfifo(moved, 0600);
	expect(log_open(LOG_MAIN, moved) == -1 && errno == ENXIO, "fifo",
	    "without a reader");
	log_info("1");
	log_flush();
	expect(slurp(path) > 0, "fifo", "as it was");
	fd = open(moved, O_RDONLY | O_NONBLOCK);
	expect(log_open(LOG_MAIN, moved) == 0, "fifo", "with a reader");
	log_info("2");
	log_flush();
	drain(fd, 0);
	expect_text(TIME " info message msg=2\n", "fifo", "a line");
	close(fd);
	log_info("3");
	log_flush();
	log_open(LOG_MAIN, "off");
	unlink(moved);
}

/*
 * Lines of some length into a stderr that nobody reads, then its reader
 * comes back. All lines that come are whole and in order, and what is
 * missing is what the line about it says.
 */
static void
test_stuck(int in, int to, size_t value_n, const char *what)
{
	static char value[6000];
	char *line, *p;
	size_t n;
	long i, sent, seen = 0, lost = 0, next = 0;

	fresh();
	dup2(to, STDERR_FILENO);
	expect(log_open(LOG_MAIN, "stderr") == 0, what, "open");
	memset(value, 'v', sizeof value);
	sent = (long)(300000 / (value_n + 50));
	for (i = 0; i < sent; i++) {
		log_begin(LOG_MAIN, LOG_L_INFO, "n");
		log_pair_int("i", i);
		log_pair_mem("v", value, value_n);
		log_end();
		if (i % 7 == 0)
			log_flush();
	}
	expect((fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0, what,
	    "flags of stderr are not touched");
	n = drain(in, 0);
	for (i = 0; i < 100; i++) {
		log_flush();
		n = drain(in, n);
	}
	log_info("end");
	log_flush();
	drain(in, n);
	for (line = got; (p = strchr(line, '\n')) != NULL; line = p + 1) {
		*p = '\0';
		if (sscanf(line, TIME " info n i=%ld v", &i) == 1) {
			expect(i == next, what, "order");
			expect((size_t)(p - strchr(line, 'v')) == value_n + 2,
			    what, "whole lines");
			next = i + 1;
			seen++;
		} else if (sscanf(line, TIME " warn message msg=\"%ld log "
		    "lines lost\"", &i) == 1) {
			lost += i;
			next += i;
		} else {
			expect(strcmp(line, TIME " info message msg=end") ==
			    0 && p[1] == '\0', what, line);
		}
	}
	expect(lost > 0 && seen > 0 && seen + lost == sent, what,
	    "lost and seen are all");
	fresh();
	close(in);
	close(to);
}

static void
test_pipe(size_t value_n)
{
	int fd[2];

	if (pipe(fd) < 0)
		exit(1);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	test_stuck(fd[0], fd[1], value_n, "pipe");
}

static void
test_socket(int type, size_t value_n)
{
	int fd[2], small = 4096;

	if (socketpair(AF_UNIX, type, 0, fd) < 0)
		exit(1);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	test_stuck(fd[0], fd[1], value_n, "socket");
}

/* each write is whole lines: a socket of sents shows its borders */
static void
test_portions(void)
{
	int fd[2], i, sent, came = 0;
	ssize_t n;

	fresh();
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) < 0)
		exit(1);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	dup2(fd[1], STDERR_FILENO);
	log_open(LOG_MAIN, "stderr");
	for (sent = 0; sent < 100; sent++)
		log_info("%d %0*d", sent, sent + 1, 0);
	log_flush();
	while ((n = recv(fd[0], got, sizeof got, 0)) > 0) {
		expect(n <= PIPE_BUF, "portion", "more than PIPE_BUF");
		expect(got[n - 1] == '\n' && memcmp(got, TIME, 24) == 0,
		    "portion", "whole lines");
		for (i = 0; i < n; i++)
			came += got[i] == '\n';
	}
	expect(came == sent, "portion", "all lines");
	fresh();
	close(fd[0]);
	close(fd[1]);
}

/* a device that refuses all */
static void
test_refused(void)
{
	int i;

	if (log_open(LOG_MAIN, "/dev/full") < 0)
		return;
	errno = EXDEV;
	log_info("1");
	log_flush();
	expect(errno == EXDEV, "refused", "errno of log_flush()");
	for (i = 0; i < 1000; i++)
		log_info("%d", i);
	expect(errno == EXDEV, "refused", "errno of a full buffer");
	unlink(path);
	log_open(LOG_MAIN, path);
	log_flush();
	slurp(path);
	expect_text(TIME " warn message msg=\"1001 log lines lost\"\n",
	    "refused", "all counted");
}

/* lines that a stuck destination still holds when it is replaced */
static void
test_replaced(bool shared)
{
	static char value[7000];
	int fd[2], i;

	fresh();
	if (pipe(fd) < 0)
		exit(1);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	while (write(fd[1], got, 4096) > 0)
		;
	fcntl(fd[1], F_SETFL, 0);
	dup2(fd[1], STDERR_FILENO);
	log_open(LOG_MAIN, "stderr");
	memset(value, 'v', sizeof value - 1);
	for (i = 0; i < 5; i++) {
		log_begin(LOG_MAIN, LOG_L_INFO, "n");
		log_pair("v", value);
		log_end();
	}
	if (shared)
		log_open(LOG_ACCESS, path);
	log_open(LOG_MAIN, path);
	log_info("1");
	log_flush();
	slurp(path);
	expect_text(TIME " warn message msg=\"5 log lines lost\"\n"
	    TIME " info message msg=1\n", "replaced", "counted");
	close(fd[0]);
	/* nobody reads: SIGPIPE, had it been written to */
	log_open(LOG_MAIN, "stderr");
	log_info("2");
	log_flush();
	log_open(LOG_MAIN, "off");
	log_open(LOG_ACCESS, "off");
	close(fd[1]);
}

/* the log of the system takes or does not take one line */
static void
to_syslog(const char *what, int level, const char *want)
{
	expect(strcmp(logged, want) == 0, "syslog", what);
	expect(busy || priority == (LOG_DAEMON | level), "syslog", what);
	logged[0] = '\0';
}

static void
test_syslog(bool json)
{
	log_set_json(json);
	logged[0] = '\0';
	expect(log_open(LOG_MAIN, "syslog") == 0, "syslog", "open");
	expect(json || strcmp(logged, "/dev/log") == 0, "syslog", "where");
	logged[0] = '\0';
	errno = EXDEV;
	log_warn("50%% %s", "%s");
	expect(errno == EXDEV, "syslog", "errno");
	to_syslog("text without time", LOG_WARNING,
	    "warn message msg=\"50% %s\"|");
	log_error("x");
	to_syslog("error", LOG_ERR, "error message msg=x|");
	log_info("x");
	to_syslog("info", LOG_INFO, "info message msg=x|");
	busy = true;
	log_info("y");
	log_info("z");
	to_syslog("busy", LOG_INFO, "");
	busy = false;
	log_info("x");
	to_syslog("told of", LOG_INFO,
	    "warn message msg=\"2 log lines lost\"|info message msg=x|");
	log_flush();
	log_reopen();
	log_set_json(false);
	log_open(LOG_MAIN, "off");
}

/* two streams of which one opens what the other has, or has had */
static void
test_descriptors(void)
{
	int before, after, i;

	log_open(LOG_MAIN, "off");
	before = dup(STDERR_FILENO);
	close(before);
	for (i = 0; i < 5; i++) {
		log_open(LOG_ACCESS, path);
		log_open(LOG_MAIN, "off");
		log_open(LOG_MAIN, path);
		log_open(LOG_ACCESS, moved);
		log_open(LOG_ACCESS, "stderr");
		log_reopen();
	}
	log_open(LOG_ACCESS, "off");
	log_open(LOG_MAIN, "off");
	after = dup(STDERR_FILENO);
	expect(after == before, "descriptors", "none is left open");
	close(after);
	unlink(moved);
}

/* before any log_open(), in another process: both streams and fatal() */
static void
test_fatal(void)
{
	int fd[2], status = 0;
	pid_t pid;

	if (pipe(fd) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], STDERR_FILENO);
		log_begin(LOG_ACCESS, LOG_L_INFO, "first");
		log_end();
		log_clock(NOW);
		errno = EACCES;
		fatal("bind %d:", 80);
	}
	close(fd[1]);
	waitpid(pid, &status, 0);
	drain(fd[0], 0);
	close(fd[0]);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 1, "fatal",
	    "status");
	/* the clock of the first line is the real one */
	expect(strncmp(got, "20", 2) == 0 && got[23] == 'Z', "fatal",
	    "time before log_clock()");
	memmove(got, got + 24, strlen(got + 24) + 1);
	expect_text(" info first\n" TIME " error message msg=\"bind 80: "
	    "Permission denied\"\n", "fatal", "lines");
}

int
main(void)
{
	out = fdopen(dup(STDERR_FILENO), "w");
	if (out == NULL)
		return 1;
	setvbuf(out, NULL, _IONBF, 0);
	snprintf(dir, sizeof dir, "/tmp/weir-log.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/log", dir);
	alarm(60); /* what blocks is a failure */
	test_fatal();
	log_clock(NOW);
	test_values(false);
	test_values(true);
	test_numbers(false);
	test_numbers(true);
	test_times();
	test_messages();
	test_levels();
	test_long(false);
	test_long(true);
	test_streams();
	test_large();
	test_reopen();
	test_fifo();
	test_pipe(10);
	test_pipe(1000);
	test_pipe(5000);
	test_socket(SOCK_STREAM, 10);
	test_socket(SOCK_STREAM, 5000);
	test_portions();
	test_refused();
	test_replaced(false);
	test_replaced(true);
	test_syslog(false);
	test_syslog(true);
	test_descriptors();
	unlink(path);
	rmdir(dir);
	return failed;
}
