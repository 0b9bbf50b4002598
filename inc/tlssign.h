#ifndef TLSSIGN_H
#define TLSSIGN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Hashes, and signatures of others: SHA-256, HMAC, and the three of RFC 7518
 * that tokens are signed with. A part of tls.c that anybody may use.
 */

#define SIGN_HASH 32

void sign_sha256(const void *p, size_t n, unsigned char hash[SIGN_HASH]);
void sign_hmac(const void *key, size_t key_n, const void *p, size_t n,
    unsigned char mac[SIGN_HASH]);
/* a hash that nobody else can foresee: another one in each process. What is
 * looked up by it tells nothing by the time that takes */
void sign_tag(const void *p, size_t n, unsigned char tag[SIGN_HASH]);
/* true if n bytes are the same; takes as long wherever they differ */
bool sign_equal(const void *a, const void *b, size_t n);
/* overwrites a secret; no compiler leaves it out */
void sign_wipe(void *p, size_t n);

/* HS256, RS256, ES256: RFC 7518 3.2, 3.3, 3.4 */
enum sign_alg { SIGN_NONE, SIGN_HS256, SIGN_RS256, SIGN_ES256 };

/* a key that is good for one of them alone */
struct sign_key;

/* NULL: no memory */
struct sign_key *sign_key_secret(const void *p, size_t n);
/* big-endian numbers. NULL: not 2048 to 4096 bits, or no memory */
struct sign_key *sign_key_rsa(const unsigned char *n, size_t n_len,
    const unsigned char *e, size_t e_len);
/* a point of P-256 by its coordinates. NULL: it is none, or no memory */
struct sign_key *sign_key_ec(const unsigned char x[32],
    const unsigned char y[32]);
/* DER: a SubjectPublicKeyInfo (RFC 5280 4.1), or a certificate that holds one.
 * NULL: it is neither, or of another kind of key */
struct sign_key *sign_key_der(const unsigned char *p, size_t n, bool cert);
void sign_key_free(struct sign_key *k); /* NULL is fine; secrets are wiped */
enum sign_alg sign_alg(const struct sign_key *k);
/* true if sig is the signature of n bytes by the key, or by its other half */
bool sign_verify(const struct sign_key *k, const void *p, size_t n,
    const unsigned char *sig, size_t sig_n);

#endif
