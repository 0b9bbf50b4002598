/* Tests tlssign.c by published examples, and that other keys do not fit. */
#include <string.h>

#include "guard.h"

#include "base64.h"
#include "tlssign.h"

static unsigned char
nibble(char c)
{
	return (unsigned char)(hex_digit(c));
}

static bool
is_hex(const unsigned char hash[SIGN_HASH], const char *hex)
{
	size_t i;

	for (i = 0; i < SIGN_HASH; i++)
		if (hash[i] != nibble(hex[2 * i]) * 16 + nibble(hex[2 * i + 1]))
			return false;
	return true;
}

static void
test_hashes(void)
{
	unsigned char hash[SIGN_HASH], other[SIGN_HASH];

	/* FIPS 180-4, RFC 4231 4.3 */
	sign_sha256("abc", 3, hash);
	expect(is_hex(hash, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad"), "sha256", "abc");
	sign_hmac("Jefe", 4, "what do ya want for nothing?", 28, hash);
	expect(is_hex(hash, "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843"), "hmac", "Jefe");
	sign_tag("abc", 3, hash);
	sign_tag("abc", 3, other);
	expect(memcmp(hash, other, sizeof hash) == 0, "tag", "stays");
	sign_tag("abd", 3, other);
	expect(memcmp(hash, other, sizeof hash) != 0, "tag", "of another");
	sign_sha256("abc", 3, other);
	expect(memcmp(hash, other, sizeof hash) != 0, "tag", "is no hash");
}

static void
test_equal(void)
{
	unsigned char a[40], b[40];
	size_t i;

	memset(a, 7, sizeof a);
	for (i = 0; i < sizeof a; i++) {
		memcpy(b, a, sizeof a);
		b[i] ^= 0x80;
		expect(!sign_equal(a, b, sizeof a), "equal", "one bit");
		expect(sign_equal(a, b, i), "equal", "up to it");
	}
	expect(sign_equal(a, a, sizeof a), "equal", "the same");
}

static size_t
decode(const char *text, unsigned char *out, size_t cap)
{
	size_t n;

	if (!base64url_decode((struct span){text, strlen(text)}, out, cap, &n))
		fail(text, "no base64url");
	return n;
}

/* RFC 7515 A.3 */
static const char es_signed[] = "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
    "vbS9pc19yb290Ijp0cnVlfQ";
static const char es_sig[] = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgf"
    "TjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

static void
test_ec(void)
{
	unsigned char x[32], y[32], sig[65];
	struct sign_key *k;
	size_t i, n = strlen(es_signed);

	decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", x, sizeof x);
	decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", y, sizeof y);
	decode(es_sig, sig, sizeof sig);
	k = sign_key_ec(x, y);
	expect(k != NULL && sign_alg(k) == SIGN_ES256, "ES256", "a key");
	if (k == NULL)
		return;
	expect(sign_verify(k, es_signed, n, sig, 64), "ES256", "the example");
	expect(!sign_verify(k, es_signed, n - 1, sig, 64), "ES256",
	    "another text");
	expect(!sign_verify(k, es_signed, n, sig, 63), "ES256", "too short");
	sig[64] = 0;
	expect(!sign_verify(k, es_signed, n, sig, 65), "ES256", "too long");
	for (i = 0; i < 64; i += 9) {
		sig[i] ^= 1;
		expect(!sign_verify(k, es_signed, n, sig, 64), "ES256",
		    "a bit of the signature");
		sig[i] ^= 1;
	}
	memset(sig, 0, sizeof sig);
	expect(!sign_verify(k, es_signed, n, sig, 64), "ES256", "zeros");
	sign_key_free(k);
	y[31] ^= 1;
	expect(sign_key_ec(x, y) == NULL, "ES256", "not on the curve");
	memset(x, 0, sizeof x);
	memset(y, 0, sizeof y);
	expect(sign_key_ec(x, y) == NULL, "ES256", "zeros are no key");
	memset(x, 0xff, sizeof x);
	expect(sign_key_ec(x, y) == NULL, "ES256", "beyond the field");
}

/* RFC 7515 A.1 */
static void
test_secret(void)
{
	static const char text[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
	    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
	    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
	unsigned char secret[64], sig[32];
	struct sign_key *k;
	size_t n;

	n = decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKt"
	    "MN3Yj0iPS4hcgUuTwjAzZr1Z9CAow", secret, sizeof secret);
	decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", sig, sizeof sig);
	k = sign_key_secret(secret, n);
	expect(k != NULL && sign_alg(k) == SIGN_HS256, "HS256", "a key");
	if (k == NULL)
		return;
	expect(sign_verify(k, text, strlen(text), sig, 32), "HS256",
	    "the example");
	expect(!sign_verify(k, text, strlen(text), sig, 31), "HS256",
	    "too short");
	sig[31] ^= 1;
	expect(!sign_verify(k, text, strlen(text), sig, 32), "HS256", "a bit");
	sign_key_free(k);
}

static void
test_rsa_numbers(void)
{
	static unsigned char n[600], e[16] = {1, 0, 1};
	struct sign_key *k;

	memset(n, 0xff, sizeof n);
	k = sign_key_rsa(n, 256, e, 3);
	expect(k != NULL && sign_alg(k) == SIGN_RS256, "RS256", "2048 bits");
	sign_key_free(k);
	k = sign_key_rsa(n, 512, e, 3);
	expect(k != NULL, "RS256", "4096 bits");
	sign_key_free(k);
	expect(sign_key_rsa(n, 513, e, 3) == NULL, "RS256", "4104 bits");
	expect(sign_key_rsa(n, 255, e, 3) == NULL, "RS256", "2040 bits");
	expect(sign_key_rsa(n, 256, e, 0) == NULL, "RS256", "no exponent");
	expect(sign_key_rsa(n, 256, (const unsigned char *)"\1", 1) == NULL,
	    "RS256", "an exponent of 1");
	expect(sign_key_rsa(n, 256, n, 9) == NULL, "RS256",
	    "a large exponent");
	n[0] = 0x7f;
	expect(sign_key_rsa(n, 256, e, 3) == NULL, "RS256", "2047 bits");
	n[0] = 0;
	k = sign_key_rsa(n, 257, e, 3);
	expect(k != NULL, "RS256", "a zero in front");
	sign_key_free(k);
	n[256] = 0xfe;
	expect(sign_key_rsa(n, 257, e, 3) == NULL, "RS256", "an even number");
}

int
main(void)
{
	test_hashes();
	test_equal();
	test_ec();
	test_secret();
	test_rsa_numbers();
	return failed;
}
