#ifndef TLSKEYS_H
#define TLSKEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bear.h"

/*
 * Keys, certificates and trusted authorities, from PEM files. Only for tls.c
 * and its parts. Errors are texts in err:
 * "FILE: what is wrong".
 */

/* as long as certificate chains may get, the server's own included */
#define CRED_CHAIN 8
/* bytes that the decoder of keys may write past its end: 0.6 does so with
 * keys that are none, in less than RSA with 4096 bits takes */
#define CRED_SPARE 32

/* a certificate to show, with its chain and key */
struct cred {
	struct cred *next; /* for its holder's use */
	uint16_t id; /* the same */
	br_x509_certificate chain[CRED_CHAIN];
	size_t n_chain;
	int type; /* BR_KEYTYPE_RSA or _EC */
	br_rsa_private_key rsa;
	br_ec_private_key ec;
	unsigned char *secret; /* what rsa or ec points to */
	size_t n_secret;
	const char **names; /* lower case, some "*.x"; ends with NULL */
	struct arena *arena; /* all but secret */
};

/*
 * Reads file, and the key from key, or from file too if that is NULL. now:
 * seconds since 1970; dates are not looked at if it is 0. warn is "" or what
 * is unwise; it may be NULL. NULL with err on errors.
 */
struct cred *cred_load(const char *file, const char *key, int64_t now,
    char *err, char *warn, size_t size);
/* wipes the key; NULL is fine */
void cred_free(struct cred *c);
/*
 * Signs a hash of the library's number hash; sig has room bytes. The length
 * of the signature, 0 if that cannot be done.
 */
size_t cred_sign(const struct cred *c, int hash, const unsigned char *hv,
    unsigned char *sig, size_t room);
/* how well the certificate fits a host name in lower case: 2 it is named, 1
 * a pattern fits it, 0 not */
int cred_fits(const struct cred *c, const char *host);

/* authorities */
struct anchors {
	br_x509_trust_anchor *at;
	size_t n, size;
	size_t n_names; /* bytes of their names in a list of TLS */
	struct arena *arena;
};

/* all certificates in file that can be used; NULL with err if there are none */
struct anchors *anchors_load(const char *file, char *err, size_t size);
/* the system's, or those in SSL_CERT_FILE; read when first asked for, and kept.
 * NULL if there are none */
const struct anchors *anchors_system(void);
/* NULL is fine */
void anchors_free(struct anchors *a);

/* memset() to 0 that no compiler leaves out */
void wipe(void *p, size_t n);

#endif
