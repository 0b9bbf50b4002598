#ifndef TLSSLEEP_H
#define TLSSLEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "bear.h"

/*
 * What an engine is while nothing happens: some hundred bytes instead of some
 * thousand. Only for lib/tlshold.c, and for lib/tlsmodel.c, which tries it
 * out. With TLS_NO_SLEEP, for libraries that are made otherwise inside, there
 * is none of it.
 */
struct image;

/* takes what has to stay of an engine whose handshake is done, and which has
 * nothing in its buffers. The engine is wiped and freed by the caller. NULL:
 * no memory */
struct image *image_take(const br_ssl_engine_context *e);
/* makes e, of which everything else is template's, go on; the buffers are the
 * caller's to set */
void image_wake(const struct image *m, br_ssl_engine_context *e,
    const br_ssl_engine_context *template);
size_t image_size(const struct image *m);
/* wipes it; NULL is fine */
void image_free(struct image *m);
/* two engines made of these templates talk and sleep; false if that fails */
bool image_works(const br_ssl_server_context *s,
    const br_ssl_client_context *c);

#endif
