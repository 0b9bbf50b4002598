#ifndef TLSERROR_H
#define TLSERROR_H

/*
 * Numbers of TLS errors: under 64 the library's, 256 and an alert's number if
 * the peer sent that, 512 and it if we did; and these, which the library does
 * not know. tls_error_text() and tls_fault() explain them all.
 */
enum {
	TLS_E_NOT_YET = 64, /* a certificate's time has not come */
	TLS_E_SELF, /* the only certificate is signed by itself */
	TLS_E_PIN,
	TLS_E_OTHER_NAME, /* a session resumed under another name */
	TLS_E_RENEGOTIATION, /* asked for again and again */
	TLS_E_OLD, /* the upstream speaks older versions only */
	TLS_E_NEW, /* the upstream speaks newer versions only */
	TLS_E_BUNDLE, /* there are no certificates to trust */
	TLS_E_MEMORY,
	TLS_E_STALLED /* a part of a record waited too long */
};

#endif
