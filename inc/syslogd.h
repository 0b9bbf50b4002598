#ifndef SYSLOGD_H
#define SYSLOGD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Lines to the system's log, as syslog(3) sends them but without ever waiting
 * for it, and without a time of theirs: the daemon knows it as well.
 */

/* connects at once, since there may be a chroot() before the first line; when
 * nobody is there, the next line tries again */
void syslogd_open(void);
/* false: it was not taken. The priority is one of <syslog.h>'s */
bool syslogd_send(int priority, const char *p, size_t n);

#endif
