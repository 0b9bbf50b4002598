/*
 * Tokens are looked into from the outside in: form, key, signature, and only
 * then what they say. What is not signed is never believed, but for the names
 * of key and algorithm, which choose among what there is and no more.
 */
#include <string.h>

#include "jwt.h"
#include "base64.h"
#include "json.h"
#include "jwks.h"

#define HEADER_MAX 1024 /* bytes of it, decoded */

struct parts {
	struct span header, claims, signature;
	struct span signed_part; /* the first two and the dot */
};

/* takes a part, which ends with a dot or with the token, off *rest */
static struct span
take_part(struct span *rest)
{
	const char *dot = rest->n > 0 ? memchr(rest->p, '.', rest->n) : NULL;
	struct span part = *rest;

	if (dot != NULL)
		part.n = (size_t)(dot - rest->p);
	rest->p += part.n + (dot != NULL);
	rest->n -= part.n + (dot != NULL);
	return part;
}

/* RFC 7515 7.1 */
static bool
split(struct span token, struct parts *p)
{
	struct span rest = token;
	size_t i, dots = 0;

	for (i = 0; i < token.n; i++)
		dots += token.p[i] == '.';
	if (dots != 2 || token.n > JWT_MAX)
		return false;
	p->header = take_part(&rest);
	p->claims = take_part(&rest);
	p->signature = rest;
	p->signed_part = span_between(token.p, p->claims.p + p->claims.n);
	return p->header.n > 0 && p->claims.n > 0;
}

/* an object in base64url; its text in memory */
static bool
read_object(struct span coded, char *memory, size_t cap, struct span *object)
{
	size_t n;

	if (!base64url_decode(coded, (unsigned char *)memory, cap, &n))
		return false;
	object->p = memory;
	object->n = n;
	if (!json_check(*object))
		return false;
	*object = json_trim(*object);
	return json_type(*object) == JSON_OBJECT;
}

static enum sign_alg
alg_of(struct span header)
{
	static const char *const names[] = {
		[SIGN_HS256] = "HS256", [SIGN_RS256] = "RS256",
		[SIGN_ES256] = "ES256"
	};
	struct span v = json_member(header, "alg"), name;
	int i;

	for (i = SIGN_HS256; i <= SIGN_ES256; i++) {
		name.p = names[i];
		name.n = strlen(names[i]);
		if (json_is(v, name))
			return (enum sign_alg)i;
	}
	return SIGN_NONE;
}

/* whether the key goes by the name that the token asks for, if any */
static bool
named(const struct jwt_key *k, struct span kid)
{
	struct span id = {k->id, k->id_n};

	return kid.n == 0 || k->id_n == 0 || json_is(kid, id);
}

/* looks for a key that has signed it */
static enum reason
check_signature(const struct jwt_keys *k, struct span header,
    const struct parts *p, unsigned *tried)
{
	struct span kid = json_member(header, "kid");
	enum reason why = R_TOKEN_KEY;
	enum sign_alg alg = alg_of(header);
	unsigned char sig[512];
	const struct jwt_key *key;
	size_t n;

	if (alg == SIGN_NONE)
		return R_TOKEN_ALGORITHM;
	if (!base64url_decode(p->signature, sig, sizeof sig, &n))
		return R_TOKEN_MALFORMED;
	for (key = k->at; key < k->at + k->n; key++) {
		if (!named(key, kid))
			continue;
		if (why == R_TOKEN_KEY)
			why = R_TOKEN_ALGORITHM;
		if (sign_alg(key->sign) != alg)
			continue;
		*tried += alg != SIGN_HS256;
		if (sign_verify(key->sign, p->signed_part.p, p->signed_part.n,
		    sig, n))
			return R_DONE;
		why = R_TOKEN_SIGNATURE;
	}
	return why;
}

/* a time, or otherwise if there is none; false if it is no number */
static bool
read_time(struct span claims, const char *name, int64_t otherwise, int64_t *t)
{
	struct span v = json_member(claims, name);

	*t = otherwise;
	return v.n == 0 || json_number(v, t);
}

/* RFC 7519 4.1.3: one text, or an array of them */
static bool
is_for(struct span aud, struct span wanted)
{
	struct span one;

	if (json_type(aud) != JSON_ARRAY)
		return json_is(aud, wanted);
	while (json_next(&aud, &one))
		if (json_is(one, wanted))
			return true;
	return false;
}

static struct span
span_of(const char *s)
{
	return (struct span){s, strlen(s)};
}

static enum reason
read_claims(struct span claims, const char *issuer, const char *audience,
    struct jwt *j)
{
	size_t n;

	if (!read_time(claims, "exp", INT64_MAX, &j->times.expires) ||
	    !read_time(claims, "nbf", INT64_MIN, &j->times.begins))
		return R_TOKEN_MALFORMED;
	if (issuer != NULL &&
	    !json_is(json_member(claims, "iss"), span_of(issuer)))
		return R_TOKEN_ISSUER;
	if (audience != NULL &&
	    !is_for(json_member(claims, "aud"), span_of(audience)))
		return R_TOKEN_AUDIENCE;
	if (!json_string(json_member(claims, "sub"), j->subject,
	    JWT_SUBJECT_MAX, &n))
		n = 0;
	j->subject[n] = '\0';
	return R_DONE;
}

enum reason
jwt_read(const struct jwt_keys *k, const char *issuer, const char *audience,
    struct span token, struct jwt *j)
{
	static char claims_text[JWT_MAX];
	char header_text[HEADER_MAX];
	struct span header, claims;
	enum reason why;
	struct parts p;

	memset(j, 0, sizeof *j);
	if (!split(token, &p) ||
	    !read_object(p.header, header_text, sizeof header_text, &header))
		return R_TOKEN_MALFORMED;
	/* RFC 7515 4.1.11: what must be understood, and is not */
	if (json_member(header, "crit").n > 0)
		return R_TOKEN_MALFORMED;
	why = check_signature(k, header, &p, &j->tried);
	if (why != R_DONE)
		return why;
	if (!read_object(p.claims, claims_text, sizeof claims_text, &claims))
		return R_TOKEN_MALFORMED;
	return read_claims(claims, issuer, audience, j);
}

enum reason
jwt_when(const struct jwt_times *t, int64_t now, int64_t leeway_s)
{
	/* RFC 7519 4.1.4: on or after it is too late */
	if (t->expires < INT64_MAX && now >= t->expires + leeway_s)
		return R_TOKEN_EXPIRED;
	if (t->begins > INT64_MIN && now < t->begins - leeway_s)
		return R_TOKEN_NOT_YET;
	return R_DONE;
}
