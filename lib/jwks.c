/*
 * Keys for tokens: a secret, public keys in PEM, or a JSON Web Key Set. What
 * cannot be used is passed over in a set, which serves other purposes, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jwt.h"
#include "base64.h"
#include "json.h"
#include "jwks.h"
#include "slurp.h"

#define FILE_MAX 262144
#define SECRET "hs256 "
#define SECRET_GOOD 32 /* bytes: RFC 7518 3.2 */
#define DER_MAX 4096

static const char private[] = "holds a private key: give the public one";

static bool
add(struct jwt_keys *k, struct sign_key *sign)
{
	if (sign == NULL || k->n == JWKS_MAX) {
		sign_key_free(sign);
		return false;
	}
	memset(&k->at[k->n], 0, sizeof k->at[k->n]);
	k->at[k->n++].sign = sign;
	return true;
}

/* ---- PEM: RFC 7468 ---- */

/* the bytes between two lines, whose base64 may have white space in it */
static size_t
decode_pem(const char *p, const char *end, unsigned char *der)
{
	static char digits[DER_MAX / 3 * 4 + 4];
	struct span s = {digits, 0};
	size_t n;

	for (; p < end; p++) {
		if (strchr(" \t\r\n", *p) != NULL)
			continue;
		if (s.n == sizeof digits)
			return 0;
		digits[s.n++] = *p;
	}
	return base64_decode(s, der, DER_MAX, &n) ? n : 0;
}

/* one block; NULL, or what is wrong with it */
static const char *
take_block(struct jwt_keys *k, const char *name, size_t name_n, const char *p,
    const char *end)
{
	unsigned char der[DER_MAX];
	struct span s = {name, name_n};
	bool cert = span_is_exact(s, "CERTIFICATE");
	size_t n;

	if (name_n >= 11 && memcmp(name + name_n - 11, "PRIVATE KEY", 11) == 0)
		return private;
	if (!cert && !span_is_exact(s, "PUBLIC KEY"))
		return NULL;
	n = decode_pem(p, end, der);
	if (n == 0)
		return "is damaged: not base64 between BEGIN and END";
	return add(k, sign_key_der(der, n, cert)) ? NULL :
	    "holds a key that cannot be used: RSA with 2048 to 4096 bits and "
	    "ECDSA with P-256 can";
}

static const char *
take_pem(struct jwt_keys *k, const char *p)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	const char *name, *wrong = NULL;
	size_t n;

	while (wrong == NULL && (p = strstr(p, begin)) != NULL) {
		name = p + sizeof begin - 1;
		n = strcspn(name, "-\r\n");
		p = strstr(name + n, end);
		if (strncmp(name + n, "-----", 5) != 0 || p == NULL)
			return "is damaged: its -----END is missing";
		wrong = take_block(k, name, n, name + n + 5, p);
	}
	if (wrong == NULL && k->n == 0)
		wrong = "holds no key: neither JSON, nor -----BEGIN PUBLIC "
		    "KEY-----, nor a certificate";
	return wrong;
}

/* ---- JSON: RFC 7517, RFC 7518 6 ---- */

/* a member's bytes */
static bool
member_bytes(struct span key, const char *name, unsigned char *out, size_t cap,
    size_t *n)
{
	char text[DER_MAX];
	struct span s = {text, 0};

	*n = 0;
	return json_string(json_member(key, name), text, sizeof text, &s.n) &&
	    base64url_decode(s, out, cap, n);
}

static bool
says(struct span key, const char *name, const char *text)
{
	struct span s = {text, strlen(text)};

	return json_is(json_member(key, name), s);
}

/* the member is missing, or says that */
static bool
allows(struct span key, const char *name, const char *text)
{
	return json_member(key, name).n == 0 || says(key, name, text);
}

static struct sign_key *
read_rsa(struct span key)
{
	unsigned char n[1024], e[16];
	size_t n_len, e_len;

	if (!member_bytes(key, "n", n, sizeof n, &n_len) ||
	    !member_bytes(key, "e", e, sizeof e, &e_len))
		return NULL;
	return sign_key_rsa(n, n_len, e, e_len);
}

static struct sign_key *
read_ec(struct span key)
{
	unsigned char x[32], y[32];
	size_t x_len, y_len;

	if (!says(key, "crv", "P-256") ||
	    !member_bytes(key, "x", x, sizeof x, &x_len) ||
	    !member_bytes(key, "y", y, sizeof y, &y_len) ||
	    x_len != sizeof x || y_len != sizeof y)
		return NULL;
	return sign_key_ec(x, y);
}

static struct sign_key *
read_secret(struct jwt_keys *k, struct span key)
{
	unsigned char secret[1024];
	struct sign_key *sign;
	size_t n;

	if (!member_bytes(key, "k", secret, sizeof secret, &n) || n == 0)
		return NULL;
	if (n < SECRET_GOOD && k->weak == 0)
		k->weak = k->place;
	sign = sign_key_secret(secret, n);
	sign_wipe(secret, sizeof secret);
	return sign;
}

/* RFC 7518 6.2.2, 6.3.2; RFC 8037 2 */
static bool
is_private(struct span key)
{
	return json_member(key, "d").n > 0 && !says(key, "kty", "oct");
}

static struct sign_key *
read_key(struct jwt_keys *k, struct span key)
{
	if (!allows(key, "use", "sig"))
		return NULL;
	if (says(key, "kty", "RSA") && allows(key, "alg", "RS256"))
		return read_rsa(key);
	if (says(key, "kty", "EC") && allows(key, "alg", "ES256"))
		return read_ec(key);
	if (says(key, "kty", "oct") && allows(key, "alg", "HS256"))
		return read_secret(k, key);
	return NULL;
}

static const char *
take_set(struct jwt_keys *k, struct span text)
{
	struct jwt_key *last;
	struct span rest, key;

	if (!json_check(text))
		return "is not JSON, or has a name twice";
	rest = json_member(json_trim(text), "keys");
	if (json_type(rest) != JSON_ARRAY)
		return "is JSON, but no set of keys: it has no array \"keys\"";
	for (k->place = 1; json_next(&rest, &key); k->place++) {
		if (is_private(key))
			return private;
		if (k->n == JWKS_MAX)
			return "holds more than 32 keys";
		if (!add(k, read_key(k, key)))
			continue;
		last = &k->at[k->n - 1];
		if (!json_string(json_member(key, "kid"), last->id,
		    sizeof last->id, &last->id_n) &&
		    json_member(key, "kid").n > 0)
			return "holds a kid that is no string, or too long";
	}
	k->place = 0;
	return k->n > 0 ? NULL : "holds no key that can be used: RSA with 2048 "
	    "to 4096 bits, ECDSA with P-256 and secrets can";
}

/* ---- any ---- */

static const char *
take_file(struct jwt_keys *k, const char *path)
{
	const char *wrong;
	struct span s;
	char *p;

	p = slurp(path, FILE_MAX, &s.n, &wrong);
	if (p == NULL)
		return wrong;
	s.p = p;
	wrong = p[strspn(p, " \t\r\n")] == '{' ? take_set(k, s) :
	    take_pem(k, p);
	slurp_free(p, s.n);
	return wrong;
}

static const char *
secret_of(const char *text)
{
	if (strncmp(text, SECRET, strlen(SECRET)) != 0)
		return NULL;
	text += strlen(SECRET);
	return text + strspn(text, " \t");
}

bool
jwt_keys_short(const char *text)
{
	const char *secret = secret_of(text);

	return secret != NULL && strlen(secret) < SECRET_GOOD;
}

unsigned
jwt_keys_weak(const struct jwt_keys *k)
{
	return k->weak;
}

struct jwt_keys *
jwt_keys_load(const char *text, char *err, size_t size)
{
	struct jwt_keys *k = calloc(1, sizeof *k);
	const char *secret = secret_of(text), *wrong = NULL;
	char at[32] = "";

	if (k == NULL)
		wrong = "out of memory";
	else if (secret != NULL && *secret == '\0')
		wrong = "the secret is empty";
	else if (secret != NULL)
		wrong = add(k, sign_key_secret(secret, strlen(secret))) ?
		    NULL : "out of memory";
	else
		wrong = take_file(k, text);
	if (wrong == NULL)
		return k;
	if (k != NULL && k->place > 0)
		snprintf(at, sizeof at, " (key %u)", k->place);
	/* a secret without its word would be a path: that is not shown */
	snprintf(err, size, "%s%s%s%s", secret != NULL ? "" : "the file: ",
	    wrong, at, secret == NULL && access(text, F_OK) < 0 ?
	    " (a secret is written hs256 SECRET)" : "");
	jwt_keys_free(k);
	return NULL;
}

void
jwt_keys_free(struct jwt_keys *k)
{
	unsigned i;

	for (i = 0; k != NULL && i < k->n; i++)
		sign_key_free(k->at[i].sign);
	free(k);
}
