#ifndef JWT_H
#define JWT_H

#include "buf.h"
#include "reason.h"

/*
 * JSON Web Tokens (RFC 7519), signed (RFC 7515) with HS256, RS256 or ES256.
 * The key's kind says which; a token that names another is refused.
 */

#define JWT_MAX 8192       /* bytes of a token */
#define JWT_SUBJECT_MAX 64 /* of a subject that is kept */

struct jwt_keys;

/*
 * "hs256 SECRET", or the path of a file: PEM with public keys or
 * certificates, or a set of keys in JSON (RFC 7517 5). NULL with err, which
 * never shows a secret.
 */
struct jwt_keys *jwt_keys_load(const char *text, char *err, size_t size);
void jwt_keys_free(struct jwt_keys *k); /* NULL is fine */
/* true if the secret of "hs256 SECRET" is shorter than RFC 7518 3.2 asks */
bool jwt_keys_short(const char *text);
/* the place in its set, from 1 on, of the first secret that is; 0: none */
unsigned jwt_keys_weak(const struct jwt_keys *k);

/* seconds since 1970; INT64_MAX and INT64_MIN where a token does not say */
struct jwt_times {
	int64_t expires, begins;
};

/* what a token says that was signed by one of the keys */
struct jwt {
	struct jwt_times times;
	char subject[JWT_SUBJECT_MAX + 1]; /* "" if none, or none that fits */
	/* public keys that its signature was tried with, which takes time;
	 * set of a token that is refused, too */
	unsigned tried;
};

/*
 * Judges a token by its form, key, signature, issuer and audience (NULL:
 * any): R_DONE and what it says, or one of R_TOKEN_*.
 */
enum reason jwt_read(const struct jwt_keys *k, const char *issuer,
    const char *audience, struct span token, struct jwt *j);
/* judges its times */
enum reason jwt_when(const struct jwt_times *t, int64_t now,
    int64_t leeway_s);

#endif
