/* What went wrong, in words: for logs, and for those who read them. */
#include <stddef.h>

#include "tls.h"
#include "tlserror.h"

/*
 * Causes are numbered as the library does (bearssl_ssl.h, bearssl_x509.h) and
 * in tlserror.h. What is not listed is a message that makes no sense, or a
 * certificate that does not.
 */
static const struct cause {
	int error;
	enum tls_fault fault;
	const char *text;
} causes[] = {
	{0, TLS_F_NONE, "no error"},
	{3, TLS_F_NOT_TLS, "the other side does not speak TLS"},
	{4, TLS_F_VERSION, "no version of TLS in common"},
	{6, TLS_F_OTHER, "a record is too large"},
	{7, TLS_F_OTHER, "a record was damaged or forged on its way"},
	{8, TLS_F_OTHER, "no randomness"},
	{16, TLS_F_SUITE, "the server chose a cipher that was not offered"},
	{23, TLS_F_CERT, "a key or a message is too large"},
	{24, TLS_F_OTHER, "the handshake was damaged or forged on its way"},
	{25, TLS_F_OTHER, "a session was not resumed as it had been"},
	{26, TLS_F_SUITE, "an algorithm or a curve is not supported"},
	{27, TLS_F_CERT, "the handshake is not signed with the "
	    "certificate's key"},
	{28, TLS_F_CERT, "the certificate's key may not be used for this"},
	{29, TLS_F_CLIENT_CERT, "the client has shown no certificate"},
	{35, TLS_F_CHAIN, "no certificate was sent"},
	{49, TLS_F_CERT, "the kind of key or signature of a certificate is "
	    "not supported"},
	{50, TLS_F_CERT, "a certificate's key or signature is too large"},
	{51, TLS_F_CHAIN, "a certificate is signed with another kind of key "
	    "than its issuer has"},
	{52, TLS_F_CERT, "the signature of a certificate is wrong"},
	{54, TLS_F_EXPIRED, "the certificate has expired"},
	{55, TLS_F_CHAIN, "the certificates that were sent are in the wrong "
	    "order, or one is missing"},
	{56, TLS_F_NAME, "the certificate is for another name"},
	{57, TLS_F_CERT, "the certificate sets a condition that is not "
	    "understood"},
	{58, TLS_F_CHAIN, "the certificate's issuer is no authority"},
	{59, TLS_F_CHAIN, "the certificate's issuer may not sign "
	    "certificates"},
	{60, TLS_F_CERT, "a certificate's key is too weak"},
	{62, TLS_F_ISSUER, "no trusted authority has issued the certificate, "
	    "or the other side leaves out one between"},
	{TLS_E_NOT_YET, TLS_F_NOT_YET, "the certificate is not valid yet: is "
	    "the clock right?"},
	{TLS_E_SELF, TLS_F_ISSUER, "the certificate is signed by itself and "
	    "by no trusted authority"},
	{TLS_E_PIN, TLS_F_PIN, "the certificate's key is not the pinned one"},
	{TLS_E_OTHER_NAME, TLS_F_OTHER, "a session was resumed under another "
	    "host name than it began with"},
	{TLS_E_RENEGOTIATION, TLS_F_OTHER, "the other side keeps asking for "
	    "another handshake"},
	{TLS_E_OLD, TLS_F_VERSION, "the upstream speaks only versions older "
	    "than TLS 1.2"},
	{TLS_E_NEW, TLS_F_VERSION, "the upstream refuses TLS 1.2: it speaks "
	    "only TLS 1.3, which is not supported"},
	{TLS_E_BUNDLE, TLS_F_ISSUER, "there is no file of trusted "
	    "authorities (/etc/ssl/certs/ca-certificates.crt, or what "
	    "SSL_CERT_FILE names)"},
	{TLS_E_MEMORY, TLS_F_OTHER, "out of memory"},
	{TLS_E_STALLED, TLS_F_OTHER, "a record was not whole in time"},
};

/* alerts: RFC 5246 7.2. The first text is for those that the peer sent */
static const struct alert {
	int alert;
	enum tls_fault fault;
	const char *theirs, *ours;
} alerts[] = {
	{40, TLS_F_SUITE, "the other side found no common ground (ciphers, "
	    "curves, certificates)", "no cipher or certificate suits the "
	    "client (TLS 1.2 with AES-GCM or ChaCha20 is needed)"},
	{42, TLS_F_CERT, "the other side calls the certificate bad", NULL},
	{43, TLS_F_CERT, "the other side does not support the certificate",
	    NULL},
	{44, TLS_F_CERT, "the other side says that the certificate is "
	    "revoked", NULL},
	{45, TLS_F_EXPIRED, "the other side says that the certificate has "
	    "expired", NULL},
	{46, TLS_F_CERT, "the other side does not accept the certificate",
	    NULL},
	{48, TLS_F_ISSUER, "the other side does not know the certificate's "
	    "issuer", NULL},
	{49, TLS_F_CLIENT_CERT, "the other side denies access", NULL},
	{51, TLS_F_CERT, "the other side found a wrong signature", NULL},
	{70, TLS_F_VERSION, "the other side does not speak TLS 1.2",
	    "the client speaks only versions older than TLS 1.2"},
	{71, TLS_F_SUITE, "the other side finds the ciphers too weak", NULL},
	{80, TLS_F_OTHER, "the other side failed", NULL},
	{86, TLS_F_VERSION, "the other side suspects a downgrade",
	    "the client came back with an older version than it speaks"},
	{90, TLS_F_OTHER, "the other side's user gave up", NULL},
	{100, TLS_F_OTHER, "the other side refuses another handshake", NULL},
	{112, TLS_F_NAME, "the other side has no such host name", NULL},
	{116, TLS_F_CLIENT_CERT, "the other side asks for a client "
	    "certificate", NULL},
	{120, TLS_F_OTHER, "the other side does not speak HTTP/1.1",
	    "the client does not speak HTTP/1.1"},
};

static const struct cause *
find_cause(int error)
{
	size_t i;

	for (i = 0; i < sizeof causes / sizeof causes[0]; i++)
		if (causes[i].error == error)
			return &causes[i];
	return NULL;
}

static const struct alert *
find_alert(int error)
{
	size_t i;

	for (i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
		if (alerts[i].alert == (error & 255))
			return &alerts[i];
	return NULL;
}

const char *
tls_error_text(int error)
{
	const struct cause *c = find_cause(error);
	const struct alert *a = error >= 256 ? find_alert(error) : NULL;

	if (c != NULL)
		return c->text;
	if (error >= 512)
		return a != NULL && a->ours != NULL ? a->ours :
		    "the other side was refused";
	if (error >= 256)
		return a != NULL ? a->theirs : "the other side refuses";
	if (error > 32 && error < 62)
		return "a certificate makes no sense";
	return "the other side sent a message that makes no sense";
}

enum tls_fault
tls_fault(int error)
{
	const struct cause *c = find_cause(error);
	const struct alert *a = error >= 256 ? find_alert(error) : NULL;

	if (c != NULL)
		return c->fault;
	if (a != NULL)
		return a->fault;
	return error > 32 && error < 62 ? TLS_F_CERT : TLS_F_OTHER;
}
