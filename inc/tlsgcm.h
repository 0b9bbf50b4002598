#ifndef TLSGCM_H
#define TLSGCM_H

#include "bear.h"

/*
 * AES-GCM of whole records (RFC 5288; NIST SP 800-38D), eight blocks at a time
 * and in one pass over the data, for processors of x86-64 that have AES and
 * products without carries. Keys, and the state of a direction, are the
 * library's and as the library has them. Only for lib/tlsmodel.c.
 */

/* has e, which begins, use it where it can be; else e stays as it is */
void tlsgcm_set(br_ssl_engine_context *e);

#endif
