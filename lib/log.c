/*
 * Log lines, and where they go.
 *
 * A line is built whole before any of it goes anywhere. A sink is one
 * destination with one buffer; two streams that name the same destination
 * share it, so that their lines keep their order. What a destination does not
 * take stays in the sink's buffer, and when that is full, new lines are
 * counted instead. Once all of it has gone, a line tells how many are missing.
 *
 * A pipe, a terminal or a socket is written to only when poll() says that it
 * takes bytes, since its descriptor may be shared with other programs, which
 * O_NONBLOCK would break. SIGPIPE is the caller's to ignore.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "buf.h"
#include "syslogd.h"

#define SINK_SIZE (16 * 1024)
#define LINE_SIZE (8 * 1024)
#define MESSAGE_SIZE 1024
#define STRERROR_SIZE 96 /* of it, kept for what strerror() says */
#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif
#ifndef MSG_DONTWAIT
#define MSG_DONTWAIT 0
#endif

enum kind { SHY, SOCKET, REGULAR, SYSLOG };

struct sink {
	char *name; /* as in log_open() */
	unsigned refs; /* streams that go here; 0: the slot is free */
	enum kind kind;
	int fd;
	uint64_t lost; /* lines that are to be told of */
	size_t n;
	char data[SINK_SIZE];
};

/* as many as streams: one that is replaced leaves before the new one comes */
static struct sink sinks[LOG_STREAMS];
static struct sink *streams[LOG_STREAMS]; /* NULL: off */
static bool ready;

static enum log_level threshold = LOG_L_INFO;
static bool use_json;

static int64_t wall;
static bool clocked; /* log_clock() was called */

/* the line between log_begin() and log_end() */
static struct line {
	struct sink *to; /* NULL: no line is open */
	struct text t;
	size_t mark; /* where the pair in the making begins */
	enum log_level level;
	bool json, cut;
	char data[LINE_SIZE];
} line;

static const char cut_text[] = " cut=1\n";
static const char cut_json[] = ",\"cut\":1}\n";

static const char *const level_words[] = {"error", "warn", "info", "debug"};

static void report(struct sink *k);

/* Time */

static int64_t
wall_ms(void)
{
	struct timespec ts;

	if (clocked || clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return wall;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
text_time(struct text *t)
{
	static char text[80]; /* 2026-11-21T06:50:43 */
	static int64_t of = -1; /* the second that text shows */
	int64_t ms = wall_ms();
	char fraction[5] = {'.', '0', '0', '0', 'Z'};
	time_t second;
	struct tm tm;
	int i, rest;

	/* the years 1970 to 9999, so that it always has the same length */
	if (ms < 0 || ms > INT64_C(253402300799999))
		ms = 0;
	if (ms / 1000 != of) {
		of = ms / 1000;
		second = (time_t)of;
		if (gmtime_r(&second, &tm) == NULL)
			memset(&tm, 0, sizeof tm);
		snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		    tm.tm_min, tm.tm_sec);
	}
	for (i = 3, rest = (int)(ms % 1000); i > 0; i--, rest /= 10)
		fraction[i] = (char)('0' + rest % 10);
	text_str(t, text);
	text_mem(t, fraction, sizeof fraction);
}

/* Building lines */

/* true if c may stand in text without quotes and in both without escapes */
static bool
bare(char c)
{
	return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '=';
}

static void
text_escape(struct text *t, char c, bool json)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char u = (unsigned char)c;
	char hex[2];

	hex[0] = digits[u >> 4];
	hex[1] = digits[u & 15];
	switch (c) {
	case '\n':
		text_str(t, "\\n");
		break;
	case '\r':
		text_str(t, "\\r");
		break;
	case '\t':
		text_str(t, "\\t");
		break;
	case '"':
	case '\\':
		text_mem(t, "\\", 1);
		text_mem(t, &c, 1);
		break;
	default:
		text_str(t, json ? "\\u00" : "\\x");
		text_mem(t, hex, sizeof hex);
	}
}

static void
text_quoted(struct text *t, const char *p, size_t n, bool json)
{
	size_t i, done = 0;

	text_mem(t, "\"", 1);
	for (i = 0; i < n; i++) {
		if (bare(p[i]) || p[i] == ' ' || p[i] == '=')
			continue;
		text_mem(t, p + done, i - done);
		text_escape(t, p[i], json);
		done = i + 1;
	}
	text_mem(t, p + done, n - done);
	text_mem(t, "\"", 1);
}

static void
text_value(struct text *t, const char *p, size_t n, bool json)
{
	size_t i;

	for (i = 0; i < n && bare(p[i]); i++)
		;
	if (json || n == 0 || i < n)
		text_quoted(t, p, n, json);
	else
		text_mem(t, p, n);
}

static void
text_key(struct text *t, const char *key, bool json)
{
	text_str(t, json ? ",\"" : " ");
	text_str(t, key);
	text_str(t, json ? "\":" : "=");
}

/* what all lines begin with; syslog has a time of its own */
static void
text_start(struct text *t, const struct sink *to, bool json,
    enum log_level level, const char *event)
{
	if (json)
		text_str(t, "{\"time\":\"");
	if (to->kind != SYSLOG)
		text_time(t);
	text_str(t, json ? "\",\"level\":\"" : to->kind != SYSLOG ? " " : "");
	text_str(t, level_words[level]);
	text_str(t, json ? "\",\"event\":\"" : " ");
	text_str(t, event);
	text_str(t, json ? "\"" : "");
}

/* Writing */

/* true if the destination takes PIPE_BUF bytes, or an error, without a wait */
static bool
takes(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};
	int r;

	do
		r = poll(&p, 1, 0);
	while (r < 0 && errno == EINTR);
	/* nobody reads a pipe that shows POLLERR; writing is a SIGPIPE */
	return r == 1 && p.revents == POLLOUT;
}

/*
 * How much to write at once: what a pipe takes in one piece (POSIX write())
 * of whole lines, or a part of the one line that is longer.
 */
static size_t
portion(const char *p, size_t n)
{
	size_t i;

	if (n <= PIPE_BUF)
		return n;
	for (i = PIPE_BUF; i > 0; i--)
		if (p[i - 1] == '\n')
			return i;
	return PIPE_BUF;
}

static ssize_t
write_some(const struct sink *k, const char *p, size_t n)
{
	ssize_t r;

	if (k->kind != REGULAR) {
		if (!takes(k->fd))
			return 0;
		n = portion(p, n);
	}
	do
		r = k->kind != SOCKET ? write(k->fd, p, n) :
		    send(k->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r;
}

/* writes what the destination takes, and keeps the rest */
static void
push(struct sink *k)
{
	size_t done = 0;
	ssize_t r;

	while (done < k->n) {
		r = write_some(k, k->data + done, k->n - done);
		if (r <= 0)
			break;
		done += (size_t)r;
	}
	if (done == 0)
		return;
	memmove(k->data, k->data + done, k->n - done);
	k->n -= done;
}

static void
flush(struct sink *k)
{
	push(k);
	if (k->n > 0 || k->lost == 0 || k->kind == SYSLOG)
		return;
	report(k);
	push(k);
}

static void
put(struct sink *k, const char *p, size_t n)
{
	/* once a line was lost, the next ones wait until that has been told */
	if (k->lost > 0 || n > sizeof k->data - k->n)
		flush(k);
	if (k->lost > 0 || n > sizeof k->data - k->n) {
		k->lost++;
		return;
	}
	memcpy(k->data + k->n, p, n);
	k->n += n;
}

/* puts the line about lost lines into the empty buffer */
static void
report(struct sink *k)
{
	char msg[48];
	struct text m, t;
	bool json = use_json && k->kind != SYSLOG;

	text_init(&m, msg, sizeof msg);
	text_uint(&m, k->lost);
	text_str(&m, k->lost == 1 ? " log line lost" : " log lines lost");
	text_init(&t, k->data, sizeof k->data);
	text_start(&t, k, json, LOG_L_WARN, "message");
	text_key(&t, "msg", json);
	text_value(&t, msg, m.n, json);
	text_str(&t, json ? "}\n" : "\n");
	k->n = t.n;
	k->lost = 0;
}

void
log_flush(void)
{
	int i, saved = errno;

	/* each turn asks, and mostly there is nothing */
	for (i = 0; i < LOG_STREAMS; i++)
		if (RARE((sinks[i].n | sinks[i].lost) != 0) &&
		    sinks[i].refs > 0)
			flush(&sinks[i]);
	errno = saved;
}

/* Destinations */

static enum kind
kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return SHY;
	if (S_ISSOCK(st.st_mode))
		return SOCKET;
	return S_ISREG(st.st_mode) ? REGULAR : SHY;
}

static int
open_file(const char *path)
{
	/*
	 * O_NONBLOCK, since opening a FIFO would wait for its reader. Here it
	 * is ours alone, and does no harm to a regular file.
	 */
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK, 0640);
}

/* the descriptor and kind for a name; -1 with errno */
static int
open_dest(const char *dest, int *fd, enum kind *kind)
{
	*fd = -1;
	*kind = SYSLOG;
	if (strcmp(dest, "syslog") == 0) {
		syslogd_open();
		return 0;
	}
	if (strcmp(dest, "stderr") == 0)
		*fd = fcntl(STDERR_FILENO, F_GETFD) < 0 ? -1 : STDERR_FILENO;
	else
		*fd = open_file(dest);
	if (*fd < 0)
		return -1;
	*kind = kind_of(*fd);
	return 0;
}

/* all streams to stderr, before the first call */
static void
get_ready(void)
{
	int i, saved = errno;

	if (ready)
		return;
	ready = true;
	sinks[0].name = strdup("stderr");
	sinks[0].kind = kind_of(STDERR_FILENO);
	sinks[0].fd = STDERR_FILENO;
	sinks[0].refs = LOG_STREAMS;
	for (i = 0; i < LOG_STREAMS; i++)
		streams[i] = &sinks[0];
	errno = saved;
}

static bool
is_file(const struct sink *k)
{
	return k->refs > 0 && k->fd >= 0 && k->fd != STDERR_FILENO;
}

static struct sink *
find(const char *name)
{
	int i;

	for (i = 0; i < LOG_STREAMS; i++)
		if (sinks[i].refs > 0 && sinks[i].name != NULL &&
		    strcmp(sinks[i].name, name) == 0)
			return &sinks[i];
	return NULL;
}

/*
 * Takes a stream off k. Lines that it alone still holds and that do not go
 * are lost: returns how many.
 */
static uint64_t
release(struct sink *k)
{
	uint64_t lost;
	size_t i;

	if (k == NULL || k->refs-- > 1)
		return 0;
	flush(k);
	for (lost = k->lost, i = 0; i < k->n; i++)
		if (k->data[i] == '\n')
			lost++;
	if (k->fd >= 0 && k->fd != STDERR_FILENO)
		close(k->fd);
	free(k->name);
	k->name = NULL;
	k->n = 0;
	k->lost = 0;
	return lost;
}

static struct sink *
free_slot(void)
{
	int i;

	for (i = 0; sinks[i].refs > 0; i++)
		assert(i + 1 < LOG_STREAMS);
	return &sinks[i];
}

/* log_open() for a destination that no stream has yet */
static int
open_fresh(enum log_stream s, const char *dest)
{
	char *name;
	int fd;
	enum kind kind;
	struct sink *k;
	uint64_t lost;

	name = strdup(dest);
	if (name == NULL)
		return -1;
	if (open_dest(dest, &fd, &kind) < 0) {
		free(name);
		return -1;
	}
	lost = release(streams[s]);
	k = free_slot();
	k->name = name;
	k->refs = 1;
	k->kind = kind;
	k->fd = fd;
	k->lost = lost;
	streams[s] = k;
	return 0;
}

int
log_open(enum log_stream s, const char *dest)
{
	int saved = errno;
	struct sink *k;
	uint64_t lost;

	get_ready();
	assert(line.to == NULL);
	k = find(dest);
	if (k != NULL || strcmp(dest, "off") == 0) {
		if (k != NULL)
			k->refs++;
		lost = release(streams[s]);
		if (k != NULL)
			k->lost += lost;
		streams[s] = k;
	} else if (open_fresh(s, dest) < 0) {
		return -1;
	}
	errno = saved;
	return 0;
}

static int
reopen(struct sink *k)
{
	int fd;

	fd = open_file(k->name);
	if (fd < 0)
		return -1;
	push(k);
	close(k->fd);
	k->fd = fd;
	k->kind = kind_of(fd);
	return 0;
}

void
log_reopen(void)
{
	int i, saved = errno;

	for (i = 0; i < LOG_STREAMS; i++)
		if (is_file(&sinks[i]) && reopen(&sinks[i]) < 0)
			log_error("open %s:", sinks[i].name);
	errno = saved;
}

void
log_set_level(enum log_level level)
{
	threshold = level;
}

void
log_set_json(bool json)
{
	use_json = json;
}

bool
log_wants(enum log_level level)
{
	return level <= threshold;
}

void
log_clock(int64_t ms)
{
	wall = ms;
	clocked = true;
}

/* Lines of pairs */

bool
log_begin(enum log_stream s, enum log_level level, const char *event)
{
	int saved = errno;

	get_ready();
	assert(line.to == NULL);
	if (!log_wants(level) || streams[s] == NULL)
		return false;
	line.to = streams[s];
	line.level = level;
	line.json = use_json && line.to->kind != SYSLOG;
	line.cut = false;
	/* the end of a line that was cut always fits */
	text_init(&line.t, line.data, sizeof line.data - sizeof cut_json);
	text_start(&line.t, line.to, line.json, level, event);
	errno = saved;
	return true;
}

static void
pair_begin(const char *key)
{
	assert(line.to != NULL);
	line.mark = line.t.n;
	text_key(&line.t, key, line.json);
}

/* a pair that does not fit is left out whole; shorter ones still come */
static void
pair_end(void)
{
	if (!line.t.full)
		return;
	line.t.full = false;
	line.t.n = line.mark;
	line.cut = true;
}

void
log_pair_mem(const char *key, const char *value, size_t n)
{
	pair_begin(key);
	text_value(&line.t, value, n, line.json);
	pair_end();
}

void
log_pair(const char *key, const char *value)
{
	log_pair_mem(key, value, strlen(value));
}

/* the sign, and v without it */
static uint64_t
magnitude(int64_t v)
{
	if (v >= 0)
		return (uint64_t)v;
	text_mem(&line.t, "-", 1);
	return (uint64_t)0 - (uint64_t)v;
}

void
log_pair_int(const char *key, int64_t value)
{
	pair_begin(key);
	text_uint(&line.t, magnitude(value));
	pair_end();
}

void
log_pair_ms(const char *key, int64_t ms)
{
	uint64_t v;

	pair_begin(key);
	v = magnitude(ms);
	text_uint(&line.t, v / 1000);
	text_str(&line.t, v % 1000 < 10 ? ".00" : v % 1000 < 100 ? ".0" : ".");
	text_uint(&line.t, v % 1000);
	pair_end();
}

/* lines without their newline; those not taken are told of with a later one */
static void
to_syslog(struct sink *k)
{
	static const int priorities[] = {
		LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG
	};
	uint64_t lost = k->lost;

	if (lost > 0) {
		report(k);
		if (!syslogd_send(LOG_WARNING, k->data, k->n - 1))
			k->lost = lost;
		k->n = 0;
	}
	if (k->lost > 0 || !syslogd_send(priorities[line.level], line.data,
	    line.t.n - 1))
		k->lost++;
}

void
log_end(void)
{
	int saved = errno;
	struct sink *to = line.to;

	assert(to != NULL);
	line.t.cap = sizeof line.data;
	if (line.cut)
		text_str(&line.t, line.json ? cut_json : cut_text);
	else
		text_str(&line.t, line.json ? "}\n" : "\n");
	line.to = NULL;
	if (to->kind == SYSLOG)
		to_syslog(to);
	else
		put(to, line.data, line.t.n);
	errno = saved;
}

/* Messages */

static void
message(enum log_level level, const char *fmt, va_list ap)
{
	int saved = errno, r;
	size_t n = strlen(fmt);
	char text[MESSAGE_SIZE];
	struct text t;

	if (!log_begin(LOG_MAIN, level, "message"))
		return;
	r = vsnprintf(text, sizeof text - STRERROR_SIZE, fmt, ap);
	text_init(&t, text, sizeof text);
	if (r > 0)
		t.n = strlen(text);
	line.cut = r < 0 || (size_t)r >= sizeof text - STRERROR_SIZE;
	if (n > 0 && fmt[n - 1] == ':') {
		text_str(&t, " ");
		text_str(&t, strerror(saved));
	}
	log_pair_mem("msg", text, t.n);
	log_end();
	errno = saved;
}

#define MESSAGE(level, fmt)                     \
	do {                                    \
		va_list ap_;                    \
		va_start(ap_, fmt);             \
		message(level, fmt, ap_);       \
		va_end(ap_);                    \
	} while (0)

void
log_error(const char *fmt, ...)
{
	MESSAGE(LOG_L_ERROR, fmt);
}

void
log_warn(const char *fmt, ...)
{
	MESSAGE(LOG_L_WARN, fmt);
}

void
log_info(const char *fmt, ...)
{
	MESSAGE(LOG_L_INFO, fmt);
}

void
log_debug(const char *fmt, ...)
{
	MESSAGE(LOG_L_DEBUG, fmt);
}

void
fatal(const char *fmt, ...)
{
	MESSAGE(LOG_L_ERROR, fmt);
	log_flush();
	exit(1);
}
