#ifndef TLSMODEL_H
#define TLSMODEL_H

#include <stdbool.h>

#include "bear.h"

/*
 * To make an engine costs more than to resume a session, as the library asks
 * the processor what it can do each time: each is a copy of a model, with our
 * suites, hashes and flags. The models never have any randomness in them, else
 * all copies had the same. Only for tls.c and its parts.
 */

/* what the buffers of a model, and of an engine without any, point at: nobody
 * reads or writes there */
extern unsigned char tlsmodel_absent[2];

/* makes the models and tries out sleep, once; before the others that follow */
void tlsmodel_init(void);
/* make *c a new engine, which has no buffers and no seed yet */
void tlsmodel_server(br_ssl_server_context *c);
void tlsmodel_client(br_ssl_client_context *c);
/* the engine of the one or the other model, to wake others by */
const br_ssl_engine_context *tlsmodel_engine(bool server);
/* gives a new engine its randomness */
void tlsmodel_seed(br_ssl_engine_context *e);
/* whether AES is done by the processor; whether engines can sleep */
bool tlsmodel_aes(void);
bool tlsmodel_sleeps(void);

#endif
