/*
 * Walks certificates. Every element is cut out of the one that holds it, so
 * that a wrong length inside can reach no further than its own end.
 */
#include <string.h>

#include "der.h"

enum {
	T_OID = 0x06, T_UTC = 0x17, T_TIME = 0x18, T_SEQUENCE = 0x30,
	T_SET = 0x31, T_VERSION = 0xa0, T_EXTENSIONS = 0xa3,
	T_ALT_DNS = 0x82, T_ALT_IP = 0x87
};

/* types of attributes: RFC 5280 A.1 */
enum { COMMON_NAME = 3, ORGANIZATION = 10, UNIT = 11 };

bool
der_next(struct der *in, int *tag, struct der *value)
{
	const unsigned char *p = in->p;
	size_t n, left = in->n, more;

	if (left < 2 || (p[0] & 0x1f) == 0x1f)
		return false;
	*tag = *p++;
	n = *p++;
	left -= 2;
	if (n >= 0x80) {
		/* no certificate needs more than 3 bytes of length, and
		 * DER has no indefinite one (0x80) */
		more = n & 0x7f;
		if (more < 1 || more > 3 || more > left)
			return false;
		left -= more;
		for (n = 0; more > 0; more--)
			n = n << 8 | *p++;
	}
	if (n > left)
		return false;
	in->p = p + n;
	in->n = left - n;
	/* last: they may be the same */
	value->p = p;
	value->n = n;
	return true;
}

bool
der_equal(struct der a, struct der b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* takes what an element with this tag holds off *in */
static bool
take(struct der *in, int wanted, struct der *value)
{
	int tag;

	return der_next(in, &tag, value) && tag == wanted;
}

/* takes a sequence off *in, with its tag and length */
static bool
take_whole(struct der *in, struct der *whole)
{
	struct der inside;

	whole->p = in->p;
	if (!take(in, T_SEQUENCE, &inside))
		return false;
	whole->n = (size_t)(in->p - whole->p);
	return true;
}

/* two digits, or -1 */
static int
digits(const unsigned char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return 10 * (p[0] - '0') + p[1] - '0';
}

/* days from 1970 to the first of a month, in the Gregorian calendar */
static int64_t
days_to(int year, int month)
{
	static const int before[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
	};
	int y = month > 2 ? year : year - 1; /* leap days are behind it */

	return 365 * (int64_t)(year - 1970) + y / 4 - y / 100 + y / 400 -
	    (1969 / 4 - 1969 / 100 + 1969 / 400) + before[month - 1];
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ: RFC 5280 4.1.2.5 */
static bool
take_time(struct der *in, int64_t *at)
{
	int tag, i, part[6], century;
	struct der t;

	if (!der_next(in, &tag, &t))
		return false;
	if (tag == T_TIME && t.n == 15) {
		century = digits(t.p);
		t.p += 2;
	} else if (tag == T_UTC && t.n == 13) {
		century = t.p[0] >= '5' ? 19 : 20;
	} else {
		return false;
	}
	for (i = 0; i < 6; i++) {
		part[i] = digits(t.p + 2 * i);
		if (part[i] < 0)
			return false;
	}
	if (century < 0 || t.p[12] != 'Z' || part[1] < 1 || part[1] > 12)
		return false;
	*at = (days_to(100 * century + part[0], part[1]) + part[2] - 1) *
	    86400 + part[3] * 3600 + part[4] * 60 + part[5];
	return true;
}

/* finds subjectAltName among the extensions in list */
static bool
find_alt(struct der list, struct der *alt)
{
	static const unsigned char oid[] = {0x55, 0x1d, 0x11};
	struct der ext, id, value;
	int tag;

	while (list.n > 0) {
		if (!take(&list, T_SEQUENCE, &ext) || !take(&ext, T_OID, &id))
			return false;
		if (id.n != sizeof oid || memcmp(id.p, oid, sizeof oid) != 0)
			continue;
		/* behind an optional "critical" */
		do {
			if (!der_next(&ext, &tag, &value))
				return false;
		} while (tag == 0x01);
		return tag == 0x04 && take(&value, T_SEQUENCE, alt);
	}
	return true;
}

bool
der_cert(struct der_cert *c, const unsigned char *p, size_t n)
{
	struct der all, tbs, skip, dates, list;
	int tag;

	memset(c, 0, sizeof *c);
	all.p = p;
	all.n = n;
	if (!take(&all, T_SEQUENCE, &tbs) || !take(&tbs, T_SEQUENCE, &tbs) ||
	    !der_next(&tbs, &tag, &skip))
		return false;
	/* the version may be missing; then that was the serial number */
	if (tag == T_VERSION && !der_next(&tbs, &tag, &skip))
		return false;
	if (!take(&tbs, T_SEQUENCE, &skip) || !take_whole(&tbs, &c->issuer) ||
	    !take(&tbs, T_SEQUENCE, &dates) ||
	    !take_time(&dates, &c->not_before) ||
	    !take_time(&dates, &c->not_after) ||
	    !take_whole(&tbs, &c->subject) || !take_whole(&tbs, &c->key))
		return false;
	while (tbs.n > 0) {
		if (!der_next(&tbs, &tag, &list))
			return false;
		if (tag == T_EXTENSIONS)
			return take(&list, T_SEQUENCE, &list) &&
			    find_alt(list, &c->alt);
	}
	return true;
}

/* the last attribute 2.5.4.TYPE of a subject or issuer: RFC 5280 4.1.2.4 */
static bool
attribute(struct der all, unsigned char type, struct der *name)
{
	const unsigned char oid[] = {0x55, 0x04, type};
	struct der list, set, pair, id, value;
	bool found = false;
	int tag;

	if (!take(&all, T_SEQUENCE, &list))
		return false;
	while (take(&list, T_SET, &set) && take(&set, T_SEQUENCE, &pair) &&
	    take(&pair, T_OID, &id) && der_next(&pair, &tag, &value)) {
		if (id.n != sizeof oid || memcmp(id.p, oid, sizeof oid) != 0)
			continue;
		*name = value;
		found = true;
	}
	return found;
}

bool
der_who(struct der who, struct der *name)
{
	return attribute(who, COMMON_NAME, name) ||
	    attribute(who, ORGANIZATION, name) || attribute(who, UNIT, name);
}

bool
der_name(const struct der_cert *c, size_t i, struct der *name)
{
	struct der alt = c->alt;
	int tag;

	if (alt.p == NULL)
		return i == 0 && attribute(c->subject, COMMON_NAME, name);
	while (der_next(&alt, &tag, name))
		if (tag == T_ALT_DNS && i-- == 0)
			return true;
	return false;
}

bool
der_ip(const struct der_cert *c, size_t i, struct der *ip)
{
	struct der alt = c->alt;
	int tag;

	while (der_next(&alt, &tag, ip))
		if (tag == T_ALT_IP && i-- == 0)
			return true;
	return false;
}

bool
der_has_ip(const struct der_cert *c, const unsigned char *ip, size_t n)
{
	struct der value;
	size_t i;

	for (i = 0; der_ip(c, i, &value); i++)
		if (value.n == n && memcmp(value.p, ip, n) == 0)
			return true;
	return false;
}
