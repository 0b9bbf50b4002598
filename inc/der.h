#ifndef DER_H
#define DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a certificate (RFC 5280) says, found in its DER without judging it:
 * signatures and trust are others' matter. The bytes may be a stranger's.
 */

/* a piece of the certificate's bytes; lives as long as these */
struct der {
	const unsigned char *p;
	size_t n;
};

struct der_cert {
	struct der issuer, subject; /* whole, to be compared */
	struct der key; /* SubjectPublicKeyInfo, whole */
	struct der alt; /* what subjectAltName holds; p is NULL if none */
	int64_t not_before, not_after; /* seconds since 1970 */
};

/* takes the next element off *in: its tag and what it holds. False at the
 * end, and where no whole element with a tag of one byte stands */
bool der_next(struct der *in, int *tag, struct der *value);
/* finds the above in n bytes; false if that is no certificate */
bool der_cert(struct der_cert *c, const unsigned char *p, size_t n);
/*
 * The i-th host name, or pattern "*.x", of a certificate: those of
 * subjectAltName, or the common name if it has none of that. False: no more.
 */
bool der_name(const struct der_cert *c, size_t i, struct der *name);
/* what a subject or issuer is called, for people: its common name, or its
 * organization. False: neither */
bool der_who(struct der who, struct der *name);
/* the i-th address of subjectAltName, of 4 or 16 bytes if it is one */
bool der_ip(const struct der_cert *c, size_t i, struct der *ip);
/* true if the address, of 4 or 16 bytes, is in subjectAltName */
bool der_has_ip(const struct der_cert *c, const unsigned char *ip, size_t n);
bool der_equal(struct der a, struct der b);

#endif
