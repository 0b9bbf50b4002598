/*
 * Keys lie in one block, numbers in what the library calls big-endian without
 * zeros in front. The kind of a key decides what it verifies; nothing that a
 * token says does.
 */
#include <stdlib.h>
#include <string.h>

#include "tlssign.h"
#include "bear.h"
#include "der.h"
#include "tls.h"
#include "tlskeys.h"

#define RSA_MAX 512  /* bytes of the modulus: BR_MAX_RSA_SIZE */
#define RSA_MIN 256  /* RFC 7518 3.3 */
#define POINT 65     /* of P-256, not compressed: SEC 1, 2.3.3 */

struct sign_key {
	enum sign_alg alg;
	br_rsa_public_key rsa; /* n and e point into bytes */
	size_t n;
	unsigned char bytes[]; /* the secret; n and e; the point */
};

void
sign_sha256(const void *p, size_t n, unsigned char hash[SIGN_HASH])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, p, n);
	br_sha256_out(&c, hash);
}

void
sign_hmac(const void *key, size_t key_n, const void *p, size_t n,
    unsigned char mac[SIGN_HASH])
{
	br_hmac_key_context k;
	br_hmac_context c;

	br_hmac_key_init(&k, &br_sha256_vtable, key, key_n);
	br_hmac_init(&c, &k, 0);
	br_hmac_update(&c, p, n);
	br_hmac_out(&c, mac);
	wipe(&k, sizeof k);
}

void
sign_tag(const void *p, size_t n, unsigned char tag[SIGN_HASH])
{
	static unsigned char key[SIGN_HASH];
	static bool drawn;

	if (!drawn)
		tls_entropy(key, sizeof key);
	drawn = true;
	sign_hmac(key, sizeof key, p, n, tag);
}

bool
sign_equal(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = a, *q = b;
	unsigned char differ = 0;

	while (n-- > 0)
		differ = (unsigned char)(differ | (*p++ ^ *q++));
	return differ == 0;
}

void
sign_wipe(void *p, size_t n)
{
	wipe(p, n);
}

static struct sign_key *
new_key(enum sign_alg alg, size_t n)
{
	struct sign_key *k = calloc(1, sizeof *k + n);

	if (k != NULL) {
		k->alg = alg;
		k->n = n;
	}
	return k;
}

struct sign_key *
sign_key_secret(const void *p, size_t n)
{
	struct sign_key *k = new_key(SIGN_HS256, n);

	if (k != NULL && n > 0)
		memcpy(k->bytes, p, n);
	return k;
}

/* without the zeros in front */
static struct der
number(const unsigned char *p, size_t n)
{
	for (; n > 0 && *p == 0; n--)
		p++;
	return (struct der){p, n};
}

struct sign_key *
sign_key_rsa(const unsigned char *n, size_t n_len, const unsigned char *e,
    size_t e_len)
{
	struct der mod = number(n, n_len), exp = number(e, e_len);
	struct sign_key *k;

	/* an even modulus is none, and the library wants an odd one */
	if (mod.n < RSA_MIN || mod.n > RSA_MAX || mod.p[0] == 0 ||
	    (mod.n == RSA_MIN && mod.p[0] < 0x80) ||
	    (mod.p[mod.n - 1] & 1) == 0 || exp.n < 1 || exp.n > 8 ||
	    (exp.n == 1 && exp.p[0] < 3))
		return NULL;
	k = new_key(SIGN_RS256, mod.n + exp.n);
	if (k == NULL)
		return NULL;
	memcpy(k->bytes, mod.p, mod.n);
	memcpy(k->bytes + mod.n, exp.p, exp.n);
	k->rsa.n = k->bytes;
	k->rsa.nlen = mod.n;
	k->rsa.e = k->bytes + mod.n;
	k->rsa.elen = exp.n;
	return k;
}

struct sign_key *
sign_key_ec(const unsigned char x[32], const unsigned char y[32])
{
	static const unsigned char one[] = {1};
	unsigned char point[POINT];
	struct sign_key *k;

	point[0] = 4;
	memcpy(point + 1, x, 32);
	memcpy(point + 33, y, 32);
	k = new_key(SIGN_ES256, POINT);
	if (k == NULL)
		return NULL;
	memcpy(k->bytes, point, POINT);
	/* says whether it lies on the curve */
	if (br_ec_get_default()->mul(point, POINT, one, 1,
	    BR_EC_secp256r1) == 1)
		return k;
	free(k);
	return NULL;
}

/* takes an element with that tag off *in */
static bool
element(struct der *in, int wanted, struct der *value)
{
	int tag;

	return der_next(in, &tag, value) && tag == wanted;
}

enum { T_INTEGER = 0x02, T_BITS = 0x03, T_OID = 0x06, T_SEQUENCE = 0x30 };

/* RSAPublicKey: RFC 8017 A.1.1 */
static struct sign_key *
rsa_der(struct der bits)
{
	struct der n, e;

	if (!element(&bits, T_SEQUENCE, &bits) ||
	    !element(&bits, T_INTEGER, &n) || !element(&bits, T_INTEGER, &e))
		return NULL;
	return sign_key_rsa(n.p, n.n, e.p, e.n);
}

static bool
is_oid(struct der id, const void *oid, size_t n)
{
	return id.n == n && memcmp(id.p, oid, n) == 0;
}

struct sign_key *
sign_key_der(const unsigned char *p, size_t n, bool cert)
{
	static const unsigned char rsa[] = {
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01
	}, ec[] = {
		0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01
	}, p256[] = {
		0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
	};
	struct der info = {p, n}, how, id, bits;
	struct der_cert c;

	if (cert && !der_cert(&c, p, n))
		return NULL;
	if (cert)
		info = c.key;
	if (!element(&info, T_SEQUENCE, &info) ||
	    !element(&info, T_SEQUENCE, &how) || !element(&how, T_OID, &id) ||
	    !element(&info, T_BITS, &bits) || bits.n < 1 || bits.p[0] != 0)
		return NULL;
	bits.p++; /* how many bits of its last byte are not used */
	bits.n--;
	if (is_oid(id, rsa, sizeof rsa))
		return rsa_der(bits);
	if (is_oid(id, ec, sizeof ec) && element(&how, T_OID, &id) &&
	    is_oid(id, p256, sizeof p256) && bits.n == POINT &&
	    bits.p[0] == 4)
		return sign_key_ec(bits.p + 1, bits.p + 33);
	return NULL;
}

void
sign_key_free(struct sign_key *k)
{
	if (k == NULL)
		return;
	wipe(k, sizeof *k + k->n);
	free(k);
}

enum sign_alg
sign_alg(const struct sign_key *k)
{
	return k->alg;
}

/* RFC 8017 8.2.2 */
static bool
verify_rsa(const struct sign_key *k, const unsigned char *hash,
    const unsigned char *sig, size_t n)
{
	static const unsigned char sha256[] = {
		9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01
	};
	unsigned char got[SIGN_HASH];

	return n == k->rsa.nlen && br_rsa_pkcs1_vrfy_get_default()(sig, n,
	    sha256, sizeof got, &k->rsa, got) &&
	    sign_equal(got, hash, sizeof got);
}

static bool
verify_ec(const struct sign_key *k, const unsigned char *hash,
    const unsigned char *sig, size_t n)
{
	/* the library does not change it */
	br_ec_public_key pk = {BR_EC_secp256r1, (unsigned char *)k->bytes,
	    POINT};

	return n == 64 && br_ecdsa_vrfy_raw_get_default()(br_ec_get_default(),
	    hash, SIGN_HASH, &pk, sig, n);
}

bool
sign_verify(const struct sign_key *k, const void *p, size_t n,
    const unsigned char *sig, size_t sig_n)
{
	unsigned char hash[SIGN_HASH];

	if (k->alg == SIGN_HS256) {
		sign_hmac(k->bytes, k->n, p, n, hash);
		return sig_n == SIGN_HASH && sign_equal(hash, sig, SIGN_HASH);
	}
	sign_sha256(p, n, hash);
	return k->alg == SIGN_RS256 ? verify_rsa(k, hash, sig, sig_n) :
	    verify_ec(k, hash, sig, sig_n);
}
