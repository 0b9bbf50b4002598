#ifndef PROBESAY_H
#define PROBESAY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "probejudge.h"

/*
 * What a probe prints: a line for each step, and a verdict, for people; or one
 * JSON object. What others sent is made printable, and secrets are left out
 * wherever they occur. Colour and progress are for terminals alone.
 */
enum say_mark { SAY_OK, SAY_NOTE, SAY_FAIL };

/* fixed at start; url is redacted already */
void say_init(bool json, const char *url);
/* s is a secret, and becomes *** from now on; it must stay */
void say_secret(struct span s);
/* the steps that follow are those of a connection to that; the title is for
 * people */
void say_probe(const char *to, const char *title);
/* these are all */
void say_probe_end(const struct probe_verdict *v);

/*
 * A step: say_begin(), members that only JSON shows, say_end() with the line
 * for people. us is how long it took, or -1.
 */
void say_begin(const char *step, enum say_mark mark, int64_t us);
void say_str(const char *key, const char *value);
void say_int(const char *key, int64_t value);
void say_ms(const char *key, int64_t us);
void say_end(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* true if progress can be shown */
bool say_live(void);
/* shows it, in place of what it showed before */
void say_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* shows that this step is under way */
void say_wait(const char *step);

/* the last thing */
void say_verdict(const struct probe_verdict *v);

#endif
