#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Lines for people and programs. Each is an event word and key=value pairs,
 * as logfmt text or as one JSON object a line, with a UTC time in
 * milliseconds in front. Lines gather in memory until log_flush(), which the
 * loop calls once a turn. A destination that does not take them (a full
 * pipe) loses lines, which are counted and told of, and never blocks. errno
 * is preserved by everything here. SIGPIPE is to be ignored by then.
 */
enum log_level { LOG_L_ERROR, LOG_L_WARN, LOG_L_INFO, LOG_L_DEBUG };

/* where lines go: the process log, or the one of requests and tunnels */
enum log_stream { LOG_MAIN, LOG_ACCESS, LOG_STREAMS };

/*
 * Sets a stream's destination: "stderr", "syslog", "off", or a path, which is
 * opened to append. A destination that a stream has already is shared, and
 * not opened again. Returns 0, or -1 with errno and the stream as it was.
 * Before the first call both streams go to stderr.
 */
int log_open(enum log_stream s, const char *dest);
/* opens the files again under their names (after a rotation) */
void log_reopen(void);
/* lines less important than this are not written; LOG_L_INFO at start */
void log_set_level(enum log_level level);
void log_set_json(bool json);
/* true if a line of that level would be written */
bool log_wants(enum log_level level);
/* the wall clock for the next lines, milliseconds since 1970 */
void log_clock(int64_t wall_ms);
/* writes out what has gathered */
void log_flush(void);

/*
 * One line on LOG_MAIN: event=message msg="...". A format that ends with a
 * colon gets ": strerror(errno)" put after it.
 */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* log_error(), log_flush(), exit(1) */
void fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/*
 * A structured line: log_begin(), any number of pairs, log_end(). log_begin()
 * returns false, and the rest must not be called, when the line would not be
 * written. Values are quoted and escaped as the format needs; bytes that are
 * not printable ASCII are escaped. A pair that takes the line past 8 KB is
 * left out, and the line ends with cut=1. Nothing else is logged in between.
 */
bool log_begin(enum log_stream s, enum log_level level, const char *event);
void log_pair(const char *key, const char *value);
void log_pair_mem(const char *key, const char *value, size_t n);
void log_pair_int(const char *key, int64_t value);
/* seconds with three decimals, from milliseconds */
void log_pair_ms(const char *key, int64_t ms);
void log_end(void);

#endif
