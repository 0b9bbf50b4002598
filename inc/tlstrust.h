#ifndef TLSTRUST_H
#define TLSTRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bear.h"

#include "tlskeys.h"

/*
 * Judges the certificates that a peer shows. Only for tls.c and its parts.
 * tls_clock() and its like, and tls_watch(), belong here.
 */

/* what a peer has to show */
struct trust {
	const char *name; /* what it is called; NULL: anything */
	unsigned char ip[16], pin[32];
	uint8_t n_ip; /* 4 or 16: name is this address; else 0 */
	bool verify; /* by authorities; else by pin alone, if that */
	bool pinned; /* to this hash of its SubjectPublicKeyInfo */
};

/*
 * One handshake's judge. The engine is given &k->vtable; all must stay until
 * it is done. Besides the library's, its errors are those of tlserror.h.
 */
struct check {
	const br_x509_class *vtable; /* first: the engine knows this place */
	const struct trust *how;
	int64_t now; /* the time by which they are judged */
	bool relaxed; /* it may be that of the first one's beginning */
	bool early, late; /* a certificate's time has not come, or is over */
	bool self; /* the first one has issued itself */
	unsigned count; /* certificates seen */
	unsigned verdict; /* on the first one, besides the library's */
	unsigned char *cert; /* the one that is coming */
	size_t n, len;
	const br_x509_pkey *key; /* of the first one, if nothing is verified */
	union {
		br_x509_minimal_context minimal; /* verify */
		br_x509_decoder_context decoder; /* not verify */
	} u;
};

/* implementations are e's; cas may be NULL without how->verify. NULL: no
 * memory */
struct check *check_new(const struct trust *how, const struct anchors *cas,
    const br_ssl_engine_context *e);
/* NULL is fine */
void check_free(struct check *k);

#endif
