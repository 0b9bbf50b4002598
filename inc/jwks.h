#ifndef JWKS_H
#define JWKS_H

#include "buf.h"
#include "tlssign.h"

/* The keys that tokens are verified with, as jwt.c finds them. */

#define JWKS_MAX 32 /* keys of one set */
#define JWKS_ID_MAX 128

struct jwt_key {
	struct sign_key *sign;
	char id[JWKS_ID_MAX]; /* kid: RFC 7517 4.5 */
	size_t id_n; /* 0: none */
};

struct jwt_keys {
	unsigned n;
	unsigned place; /* while a set is read: that of the key, from 1 on */
	unsigned weak; /* the place of a secret that is too short, or 0 */
	struct jwt_key at[JWKS_MAX];
};

#endif
