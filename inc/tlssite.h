#ifndef TLSSITE_H
#define TLSSITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bear.h"

#include "tls.h"
#include "tlscache.h"
#include "tlskeys.h"
#include "tlstrust.h"

/*
 * Both roles' settings, and what handshakes make of them. Only for tls.c and
 * its parts. tls_server_*() and tls_client_*() of tls.h belong here.
 */

/* asks some clients for certificates */
struct asker {
	struct asker *next;
	struct trust how;
	struct anchors *cas; /* NULL: does not ask, where a wider one does */
	char *file;
	char host[]; /* exact, "*.x", or "" */
};

struct tls_server {
	struct cred *creds; /* the first is shown if no name fits */
	struct asker *askers;
	struct tlscache *sessions; /* or NULL */
	unsigned refs;
};

struct tls_client {
	struct trust how; /* its name is never NULL */
	struct anchors *cas; /* NULL: the system's */
	struct cred *cred; /* shown when asked; or NULL */
	br_ssl_session_parameters session;
	bool resume; /* there is a session */
	bool undated; /* the clock was not set when it began */
	int64_t since; /* of it */
	unsigned refs;
};

/* what is needed until a handshake is done */
struct shake {
	const br_ssl_server_policy_class *policy; /* first, as in check */
	struct tls_server *server;
	br_ssl_server_context *engine; /* in whose handshake this is */
	const struct cred *cred; /* chosen; NULL: the session is resumed */
	struct asker *asker; /* the name's; NULL as well */
	uint32_t tag; /* of the session: what it was made for */
	struct slot {
		const br_ssl_session_cache_class *vtable; /* first */
		struct shake *s;
	} slot;
	struct check *check; /* of the peer's certificates; or NULL */
};

/* makes c, a copy of a template, ready for a handshake. NULL: no memory */
struct shake *shake_server(struct tls_server *s, br_ssl_server_context *c);
/* the same, with *error if that is not the memory */
struct shake *tls_shake_client(struct tls_client *t, br_ssl_client_context *c,
    int *error);
/* the session to resume is set, if there is one: br_ssl_client_reset() is to
 * be told */
bool shake_resumes(struct tls_client *t, br_ssl_client_context *c);
/* keeps the session of a handshake that is done; or forgets what it resumed */
void shake_keep(struct tls_client *t, const br_ssl_engine_context *e);
void shake_forget(struct tls_client *t);
/* false if a session may not be resumed under this name */
bool shake_same(const struct shake *s, const char *name);
/* NULL is fine */
void shake_free(struct shake *s);

/* the name that the client asks for: made lower case, "" if it is no host
 * name; stands in e */
const char *shake_name(br_ssl_engine_context *e);
/* who asks clients that name host for certificates; or NULL */
struct asker *site_asker(const struct tls_server *s, const char *host);
/*
 * The suites, best first, ECDSA and RSA by turns: where AES is not in hardware
 * ChaCha20 is several times faster, and leaks nothing.
 */
#define SITE_SUITES 6
const uint16_t *site_suites(bool aes);
/* as openssl(1) calls it; "" if it is none of these */
const char *site_suite_name(uint16_t suite);

#endif
