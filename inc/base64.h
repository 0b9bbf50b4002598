#ifndef BASE64_H
#define BASE64_H

#include "buf.h"

/*
 * base64 and base64url (RFC 4648), strictly: one text for one run of bytes.
 * What is not of the alphabet, padding that lacks or is too much, and bits
 * behind the last byte that are not 0 are refused.
 */

/* decodes s, which ends with its padding, to at most cap bytes; false: it is
 * malformed or longer */
bool base64_decode(struct span s, unsigned char *out, size_t cap, size_t *n);
/* the same with - and _ and without padding: RFC 7515 2 */
bool base64url_decode(struct span s, unsigned char *out, size_t cap,
    size_t *n);
/* writes n bytes as base64url */
void base64url_encode(struct text *t, const unsigned char *p, size_t n);

#endif
