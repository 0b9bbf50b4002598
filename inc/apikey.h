#ifndef APIKEY_H
#define APIKEY_H

#include "keyuse.h"

/*
 * A file of clients' keys. A line is
 *
 *	NAME = SECRET [max_tunnels=N] [requests=N/s|m|h]
 *	NAME = sha256:HEX ...
 *
 * or empty, or a comment behind a #. A name may have several keys, so that one
 * can be changed for another.
 */

#define APIKEY_GOOD 16 /* bytes of a secret that nobody guesses */

struct apikey {
	unsigned char tag[32]; /* private */
	struct keyuse *use;
	struct keyuse_limits limits;
	unsigned line;
};

struct apikeys {
	unsigned refs;
	unsigned weak; /* a line with a secret that is too short, or 0 */
	size_t n;
	struct apikey *at; /* in the order of their tags */
};

/* NULL with err: "FILE:LINE: what is wrong", never with a secret in it */
struct apikeys *apikeys_load(const char *file, char *err, size_t size);
void apikeys_drop(struct apikeys *k); /* the last one frees; NULL is fine */
/* the key that a client shows, or NULL */
const struct apikey *apikeys_find(const struct apikeys *k, struct span key);
/* true if there is a key of that name */
bool apikeys_has(const struct apikeys *k, const struct keyuse *use);
/* true if name may stand in a file: 1 to 64 letters, digits, . _ - @ */
bool apikey_name_valid(const char *name);

#endif
