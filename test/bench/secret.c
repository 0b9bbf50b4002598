/* TLS by OpenSSL: see secret.h. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <openssl/err.h>

#include "die.h"
#include "secret.h"

#define SUITE "ECDHE-ECDSA-AES128-GCM-SHA256"

static SSL_CTX *secrets;       /* NULL: plain */
static SSL_SESSION *known;     /* to resume, or NULL */

void
secret_begin(const char *ca)
{
	signal(SIGPIPE, SIG_IGN); /* OpenSSL does not know MSG_NOSIGNAL */
	secrets = SSL_CTX_new(TLS_client_method());
	if (secrets == NULL ||
	    SSL_CTX_load_verify_locations(secrets, ca, NULL) != 1 ||
	    SSL_CTX_set_cipher_list(secrets, SUITE) != 1)
		die("%s: %s", ca, ERR_error_string(ERR_get_error(), NULL));
	SSL_CTX_set_verify(secrets, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(secrets, TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(secrets, TLS1_2_VERSION);
	/* what could not be sent is sent from a copy of it */
	SSL_CTX_set_mode(secrets, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	    SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(secrets, 1);
}

bool
secret_wanted(void)
{
	return secrets != NULL;
}

SSL *
secret_open(int fd, bool resume, bool *resumes)
{
	SSL *s = SSL_new(secrets);

	if (s == NULL || SSL_set_fd(s, fd) != 1)
		die("TLS: out of memory");
	SSL_set_tlsext_host_name(s, SECRET_NAME);
	SSL_set1_host(s, SECRET_NAME);
	*resumes = resume && known != NULL;
	if (*resumes)
		SSL_set_session(s, known);
	SSL_set_connect_state(s);
	return s;
}

/* what a call that moved nothing means, as recv() says it */
static ssize_t
fault(SSL *s, int r)
{
	int error = errno, why = SSL_get_error(s, r);

	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (why == SSL_ERROR_SSL)
		die("TLS: %s", ERR_error_string(ERR_get_error(), NULL));
	errno = why == SSL_ERROR_SYSCALL ? error : EAGAIN;
	return -1;
}

bool
secret_shake(SSL *s, bool resume, bool resumes)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(s);
	if (r != 1 && fault(s, r) == 0)
		die("TLS: the proxy closed during the handshake");
	if (r != 1 && errno != EAGAIN)
		die("TLS handshake: %s", strerror(errno));
	if (r != 1)
		return false;
	if (resumes && !SSL_session_reused(s))
		die("TLS: the session was not resumed");
	if (resume && known == NULL)
		known = SSL_get1_session(s);
	return true;
}

ssize_t
secret_send(SSL *s, const void *p, size_t n)
{
	int r;

	ERR_clear_error();
	r = SSL_write(s, p, (int)n);
	return r > 0 ? r : fault(s, r);
}

ssize_t
secret_recv(SSL *s, void *p, size_t n)
{
	int r;

	ERR_clear_error();
	r = SSL_read(s, p, (int)n);
	return r > 0 ? r : fault(s, r);
}

void
secret_close(SSL *s)
{
	SSL_shutdown(s);
	SSL_free(s);
}
