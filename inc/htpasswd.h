#ifndef HTPASSWD_H
#define HTPASSWD_H

#include "keyuse.h"
#include "peer.h"
#include "reason.h"

/*
 * A file of users and their passwords, as for HTTP's Basic (RFC 7617). A line
 * is NAME:{SHA256}BASE64, with the hash of the password, or NAME:$...$, which
 * is left to crypt(3) where the C library has one in itself.
 */

/*
 * OpenBSD and musl have it, though not everybody's musl. Elsewhere it is a
 * library of its own, which who wants it names: make LDLIBS=-lcrypt
 * CFLAGS=-DHTPASSWD_CRYPT=1.
 */
#if !defined(HTPASSWD_CRYPT) && defined(__OpenBSD__)
#define HTPASSWD_CRYPT 1
#elif !defined(HTPASSWD_CRYPT) && defined(__linux__) && \
    !defined(__GLIBC__) && defined(__has_include)
#if __has_include(<crypt.h>)
#define HTPASSWD_CRYPT 1
#endif
#endif
#ifndef HTPASSWD_CRYPT
#define HTPASSWD_CRYPT 0
#endif

struct htpasswd;

/* NULL with err: "FILE:LINE: what is wrong", never with a hash in it */
struct htpasswd *htpasswd_load(const char *file, char *err, size_t size);
struct htpasswd *htpasswd_hold(struct htpasswd *h);
void htpasswd_drop(struct htpasswd *h); /* the last one frees; NULL is fine */
/*
 * Judges a name and a password: R_DONE with *use, R_WRONG_PASSWORD, or, since
 * crypt() takes its time and nothing else is done meanwhile, R_PASSWORD_RATE
 * when too many have been tried, in all or from that address. What was right
 * is remembered.
 */
enum reason htpasswd_check(struct htpasswd *h, struct span user,
    struct span password, const struct asker *by, struct keyuse **use);
/* the user of that name, or NULL */
const struct keyuse *htpasswd_name(const struct htpasswd *h,
    const char *name);

#endif
