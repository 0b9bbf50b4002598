#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Everything that rests on BearSSL, but SHA-1 in ws.c. An engine takes and
 * gives bytes through four ports and never sees a socket: what came from the
 * network goes in, plain bytes come out, and the other way round. TLS 1.2.
 *
 * Errors of loading are texts in err: "FILE: what is wrong".
 */

/* n random bytes of the kernel's, good for keys; ends the process if there
 * are none to be had */
void tls_entropy(void *p, size_t n);
/* eight of them */
uint64_t tls_random(void);
/* the library and what of it is in use, for weir -V */
const char *tls_about(void);
/* false where idle engines cannot be made small: the self-test has failed, or
 * it is compiled out */
bool tls_sleeps(void);

/*
 * Once, before any other of the following: templates, implementations of this
 * CPU, the self-test of hibernation (which is off where it fails). buffers is
 * how many pairs of record buffers there may be at once; 0, or -1 with errno.
 */
int tls_init(size_t buffers);
/* seconds since 1970 by which certificates are judged: once a turn or less.
 * True if the clock has been set since, or is not set any more */
bool tls_clock(int64_t unix_s);
/* true if that is before weir was written: certificates are judged by that day
 * then, which is worth a warning */
bool tls_clock_unset(void);
/* tls_clock()'s seconds, or that day's */
int64_t tls_now(void);
/* while the clock is not set a certificate that was issued since that day is
 * judged as of its own first second, and does not fail as not yet valid */
void tls_clock_relax(bool relaxed);
/*
 * Parts of records that wait for their rest take no more memory than these
 * buffers. When it is used up, the connection whose record has waited longest
 * fails, and fn is told its owner. It is called from within any of the
 * following, so it may only take note.
 */
void tls_stalled(void (*fn)(void *owner));
/* bytes that tls_init()'s buffers can take in all */
size_t tls_memory(void);

/* ---- what a listener shows: certificates by name, sessions to resume ---- */
struct tls_server;
/* sessions: how many may be resumed at once, for how long; 0: none. NULL: no
 * memory */
struct tls_server *tls_server_new(unsigned sessions, int64_t lifetime_s);
/*
 * Adds a certificate: file is PEM with the chain, and the key too if key is
 * NULL. Names are those of the certificate; the first one added is shown to
 * clients that name none of them. One for RSA and one for ECDSA clients may
 * stand side by side for the same names. 0, or -1 with err: a key that does
 * not fit, an expired one (by tls_clock), an unreadable or unsupported one.
 * warn, of the same size, is "" or what is allowed but unwise (RSA over 2048
 * bits, expires within 14 days, no name in it).
 */
int tls_server_cert(struct tls_server *s, const char *file, const char *key,
    char *err, char *warn, size_t size);
/*
 * Asks clients that name host for a certificate of the CAs in file, and
 * refuses those without; host is a route's: exact, "*.x" (one label or more),
 * or "" for all, and the most specific one counts. file NULL: does not ask,
 * though a wider one does. A host has one file: -1 with err if it gets
 * another.
 */
int tls_server_client_ca(struct tls_server *s, const char *host,
    const char *file, char *err, size_t size);
/* whether clients that name host ("": none) are asked for one of that file */
bool tls_server_asks(const struct tls_server *s, const char *host,
    const char *file);
/* held by engines too, as long as these need it; NULL is fine */
void tls_server_free(struct tls_server *s);

/* ---- how one upstream is spoken to ---- */
struct tls_client;
struct tls_client_how {
	const char *name;  /* to send (SNI) and to verify: a host name or an
	                    * IP address, which is verified and not sent */
	const char *ca;    /* PEM file of CAs, or NULL: the system's bundle */
	const char *pin;   /* "sha256:HEX" of the certificate's public key
	                    * (SubjectPublicKeyInfo), or NULL */
	const char *cert, *key; /* shown when asked; key NULL: in cert */
	bool verify;
};
/* ca NULL: read at the first connection that verifies. Sessions are resumed
 * for an hour at most. NULL with err: a file that cannot be used, a name or a
 * pin that is none */
struct tls_client *tls_client_new(const struct tls_client_how *how, char *err,
    size_t size);
/* held by engines, too; NULL is fine */
void tls_client_free(struct tls_client *c);

/*
 * Calls fn with each certificate (DER) that a peer shows in a handshake,
 * before it is judged, the first with i == 0; without verification the first
 * alone. NULL: no more.
 */
void tls_watch(void (*fn)(void *arg, unsigned i, const unsigned char *der,
    size_t n), void *arg);

/* ---- a connection ---- */
struct tls;
/* NULL: no memory. Nothing is sent or asked for before its ports are used.
 * owner: see tls_stalled() */
struct tls *tls_accept(struct tls_server *s, void *owner);
struct tls *tls_connect(struct tls_client *c, void *owner);
void tls_free(struct tls *t); /* NULL is fine; keys are wiped */

/*
 * The ports. A NULL says that nothing goes that way now; *n is the most that
 * may be moved; tls_*_done() says how much was, at once, before anything else
 * is called. Pointers are good until then.
 */
/* bytes from the network: any number of records, or parts of them. NULL:
 * plain bytes have to be taken first, no buffer is left (tls_starved), or it
 * is over */
unsigned char *tls_wire_in(struct tls *t, size_t *n);
void tls_wire_in_done(struct tls *t, size_t n);
/* bytes for the network. *more is true if what follows will come at once
 * (MSG_MORE) */
const unsigned char *tls_wire_out(struct tls *t, size_t *n, bool *more);
void tls_wire_out_done(struct tls *t, size_t n);
/* plain bytes that have come */
const unsigned char *tls_plain_in(struct tls *t, size_t *n);
void tls_plain_in_done(struct tls *t, size_t n);
/* takes up to n of them to p; bytes taken */
size_t tls_read(struct tls *t, void *p, size_t n);
/* room for plain bytes to send; NULL before tls_ready(), or while a record
 * is leaving */
unsigned char *tls_plain_out(struct tls *t, size_t *n);
void tls_plain_out_done(struct tls *t, size_t n);
/* puts up to n plain bytes at p there, as far as there is room; bytes put */
size_t tls_write(struct tls *t, const void *p, size_t n);
/* makes a record of what was put; without it small pieces are gathered */
void tls_flush(struct tls *t);
/* says that nothing more is sent (close_notify); what was put goes first,
 * what has come and was not taken is gone, and so is what still comes */
void tls_close(struct tls *t);
/* says the same, and goes on to receive. A peer need not go on to send (RFC
 * 5246 7.2.1), and hardly one begins anything new. */
void tls_shut(struct tls *t);

/* asks for what tls_wire_in(), or tls_write(), will need: see hint.h */
void tls_warm(const struct tls *t, bool out);

/* ---- what is known ---- */
bool tls_ready(const struct tls *t);   /* the handshake is done */
bool tls_closed(const struct tls *t);  /* the peer has said close_notify, or
                                        * it has failed: tls_error() */
int tls_error(const struct tls *t);    /* 0: none */
bool tls_starved(const struct tls *t); /* wants a buffer, there is none */
/* a sentence for the log: "the certificate has expired" */
const char *tls_error_text(int error);
/* the class of it */
enum tls_fault { TLS_F_NONE, TLS_F_NOT_TLS, TLS_F_VERSION, TLS_F_SUITE,
	TLS_F_EXPIRED, TLS_F_NOT_YET, TLS_F_NAME, TLS_F_ISSUER, TLS_F_CHAIN,
	TLS_F_PIN, TLS_F_CERT, TLS_F_CLIENT_CERT, TLS_F_OTHER };
enum tls_fault tls_fault(int error);
const char *tls_suite(const struct tls *t);  /* as openssl(1) calls it, ""
	* before the handshake is done */
bool tls_resumed(const struct tls *t);
/* the client has shown a certificate of the CAs that client_ca of this host
 * asks for. False if that asks for none, or the client was asked under a name
 * (SNI) that has other CAs or none */
bool tls_client_known(const struct tls *t, const char *host);

/* ---- idle ---- */
/* gives buffers back if nothing is in them, or they are scarce: call after
 * each use, when all that was put has been flushed */
void tls_rest(struct tls *t);
/* shrinks it to what has to be kept; any other call wakes it. True if it
 * sleeps */
bool tls_sleep(struct tls *t);
/* bytes that t takes now, for tests and reports */
size_t tls_size(const struct tls *t);

#endif
