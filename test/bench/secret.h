#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <openssl/ssl.h>

/* The client's side of TLS 1.2, with one suite. What is wrong ends the client:
 * see die.h. */

/* whom the proxy's certificate has to be for */
#define SECRET_NAME "bench.example"

/* connections are TLS from now on, and verified by the CAs in that file */
void secret_begin(const char *ca);
bool secret_wanted(void);
/* one on the socket fd, which is connected; *resumes if it offers a session,
 * which resume asks for, and which the first one has not */
SSL *secret_open(int fd, bool resume, bool *resumes);
/* goes on with the handshake; true when it is done. One that resumes has to */
bool secret_shake(SSL *s, bool resume, bool resumes);
/* as send() and recv() */
ssize_t secret_send(SSL *s, const void *p, size_t n);
ssize_t secret_recv(SSL *s, void *p, size_t n);
/* says the end, without which its session were no good any more, and frees */
void secret_close(SSL *s);

#endif
