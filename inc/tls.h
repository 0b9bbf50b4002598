#ifndef TLS_H
#define TLS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Everything that rests on BearSSL, but SHA-1 in ws.c. For now: randomness
 * and which library this is.
 */

/* n random bytes of the kernel's, good for keys; ends the process if there
 * are none to be had */
void tls_entropy(void *p, size_t n);
/* eight of them */
uint64_t tls_random(void);
/* the library and what of it is in use, for weir -V */
const char *tls_about(void);

#endif
