/*
 * Tests jwt.c and jwks.c. Tokens with HS256 are made here; those of other
 * kinds come from RFC 7515 A.3 and from openssl(1).
 */
#include <string.h>
#include <unistd.h>

#include "guard.h"

#include "base64.h"
#include "jwt.h"
#include "tlssign.h"

#define SECRET "a secret of more than thirty-two bytes"
#define HS256 "{\"alg\":\"HS256\"}"

static char path[] = "/tmp/weir-jwt-XXXXXX";

static const char pem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4ElHkjxLSFelrm9kXYdt\n"
    "+VwSCi4dTsYJsiLHwuEeChrePfp8nwYbnvWbcNazlf6LDHJs49zyRehS/fpcYlyc\n"
    "RpOYrsjfnUoQ7cs+WgYoRymPRgIMw+VkokR0DlpqZehD9r06GGh4ib85SI3ZoOgM\n"
    "vb00/UldZSIH0Mk9zrvGWC99/0IcVYDZkfK31Tj9ft7CI21VNJy0N5djvTbLFBAx\n"
    "hNWHBAVVsfM5kMiJGmkTd87u0QZAapLr6YotXWvl9cgK2RVBwCjwaNZr3RW9QIVX\n"
    "KBqHCQYOQR1BYLu8s7jZwryzbMn8IyAvoGo19rnG4ORY/KjmbJigAK6l4V29IAvA\n"
    "CwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

#define MODULUS \
    "4ElHkjxLSFelrm9kXYdt-VwSCi4dTsYJsiLHwuEeChrePfp8nwYbnvWbcNazlf6L" \
    "DHJs49zyRehS_fpcYlycRpOYrsjfnUoQ7cs-WgYoRymPRgIMw-VkokR0DlpqZehD" \
    "9r06GGh4ib85SI3ZoOgMvb00_UldZSIH0Mk9zrvGWC99_0IcVYDZkfK31Tj9ft7C" \
    "I21VNJy0N5djvTbLFBAxhNWHBAVVsfM5kMiJGmkTd87u0QZAapLr6YotXWvl9cgK" \
    "2RVBwCjwaNZr3RW9QIVXKBqHCQYOQR1BYLu8s7jZwryzbMn8IyAvoGo19rnG4ORY" \
    "_KjmbJigAK6l4V29IAvACw"
/* {"alg":"RS256","kid":"r1"} {"sub":"rsa","aud":["a","b"]} */
static const char rs_token[] =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIn0.eyJzdWIiOiJyc2EiLCJhdWQiOlsi"
    "YSIsImIiXX0.WZ1srZq1Hh6WHc3nmva1b6sOQz6Ke_4hwZxJvr3NR5qktho8ViKf"
    "biiRfxFOTMY0yCL24OAZ2kADOJOMhYX24T17_OWGSOaY4wrS6fjAUrySOii5EfcT"
    "bLv8XhxnGsPNLeqjdckb4SqGeg1dfRp1cE6CKucjCerWXUG0gq_PddmZVHK0Jclz"
    "XHDxw6t68Qh5FJWQxSNaiY9UMbNMCcTDRY46bUI-2FQacYxF6TYlilu_mh2MiCIe"
    "2xFtYmX3s4uv7stXcQ8O1QtSpFCwZhUxPqfA7pL92_zQh4WWGnFL_T7M1pCtQgXk"
    "0aMeyEdeZAYmzLy8rw9XGRBsbgP-ywo9SQ";

/* RFC 7515 A.3: iss joe, exp 1300819380 */
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
static const char es_token[] = "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
    "vbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgf"
    "TjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

static const char jwks[] = "{\"keys\":["
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"kid\":\"e1\"},"
    "{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"" MODULUS "\",\"e\":\"AQAB\","
    "\"kid\":\"r1\"},"
    "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" MODULUS "\",\"e\":\"AQAB\","
    "\"kid\":\"r1\",\"use\":\"sig\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\","
    "\"kid\":\"k1\"}]}";

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static struct jwt_keys *
load_file(const char *text)
{
	struct jwt_keys *k;
	char err[200];

	write_file(text);
	k = jwt_keys_load(path, err, sizeof err);
	if (k == NULL)
		fail(text, err);
	return k;
}

/* a token of that header and those claims, signed with the secret */
static struct span
token(const char *header, const char *claims, const char *secret)
{
	static char memory[2 * JWT_MAX];
	unsigned char mac[SIGN_HASH];
	struct text t;

	text_init(&t, memory, sizeof memory);
	base64url_encode(&t, (const unsigned char *)header, strlen(header));
	text_str(&t, ".");
	base64url_encode(&t, (const unsigned char *)claims, strlen(claims));
	sign_hmac(secret, strlen(secret), t.p, t.n, mac);
	text_str(&t, ".");
	base64url_encode(&t, mac, sizeof mac);
	return (struct span){t.p, t.n};
}

static const struct {
	const char *header, *claims, *issuer, *audience;
	enum reason want;
	const char *why;
} tokens[] = {
{HS256, "{}", NULL, NULL, R_DONE, "nothing is asked"},
{"{\"typ\":\"JWT\",\"alg\":\"HS256\"}", "{}", NULL, NULL, R_DONE, "typ"},
{" {\n\"alg\" : \"HS\\u003256\" } ", "{}", NULL, NULL, R_DONE,
    "white space and an escape"},
{HS256, "{\"iss\":\"me\"}", "me", NULL, R_DONE, "the issuer"},
{HS256, "{\"iss\":\"Me\"}", "me", NULL, R_TOKEN_ISSUER, "its case"},
{HS256, "{\"iss\":[\"me\"]}", "me", NULL, R_TOKEN_ISSUER, "in an array"},
{HS256, "{}", "me", NULL, R_TOKEN_ISSUER, "no issuer"},
{HS256, "{\"aud\":\"us\"}", NULL, "us", R_DONE, "the audience"},
{HS256, "{\"aud\":[\"them\",\"us\"]}", NULL, "us", R_DONE, "one of two"},
{HS256, "{\"aud\":[]}", NULL, "us", R_TOKEN_AUDIENCE, "for nobody"},
{HS256, "{\"aud\":\"them\"}", NULL, "us", R_TOKEN_AUDIENCE, "for others"},
{HS256, "{}", NULL, "us", R_TOKEN_AUDIENCE, "no audience"},
{HS256, "{\"aud\":{\"us\":1}}", NULL, "us", R_TOKEN_AUDIENCE, "an object"},
{HS256, "{\"exp\":\"1\"}", NULL, NULL, R_TOKEN_MALFORMED, "exp is text"},
{HS256, "{\"nbf\":null}", NULL, NULL, R_TOKEN_MALFORMED, "nbf is null"},
{HS256, "[]", NULL, NULL, R_TOKEN_MALFORMED, "claims are no object"},
{HS256, "", NULL, NULL, R_TOKEN_MALFORMED, "no claims"},
{HS256, "{\"sub\":\"a\",\"sub\":\"b\"}", NULL, NULL, R_TOKEN_MALFORMED,
    "two subjects"},
{"{\"alg\":\"none\"}", "{}", NULL, NULL, R_TOKEN_ALGORITHM, "none"},
{"{\"alg\":\"hs256\"}", "{}", NULL, NULL, R_TOKEN_ALGORITHM, "lower case"},
{"{\"alg\":\"HS512\"}", "{}", NULL, NULL, R_TOKEN_ALGORITHM, "HS512"},
{"{\"alg\":\"RS256\"}", "{}", NULL, NULL, R_TOKEN_ALGORITHM, "RS256"},
{"{\"alg\":\"ES256\"}", "{}", NULL, NULL, R_TOKEN_ALGORITHM, "ES256"},
{"{\"alg\":[\"HS256\"]}", "{}", NULL, NULL, R_TOKEN_ALGORITHM, "an array"},
{"{}", "{}", NULL, NULL, R_TOKEN_ALGORITHM, "no algorithm"},
{"{\"alg\":\"HS256\",\"alg\":\"none\"}", "{}", NULL, NULL,
    R_TOKEN_MALFORMED, "two algorithms"},
{"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", "{}", NULL, NULL,
    R_TOKEN_MALFORMED, "an extension that is critical"},
{"{\"alg\":\"HS256\",\"kid\":\"x\"}", "{}", NULL, NULL, R_DONE,
    "a name, and a key without one"},
{"[\"HS256\"]", "{}", NULL, NULL, R_TOKEN_MALFORMED, "no object"},
{"{\"alg\":\"HS256\"", "{}", NULL, NULL, R_TOKEN_MALFORMED, "cut"},
};

static void
test_tokens(void)
{
	struct jwt_keys *k;
	struct span s;
	struct jwt j;
	char err[200];
	size_t i, n;

	k = jwt_keys_load("hs256  " SECRET, err, sizeof err);
	if (k == NULL) {
		fail("hs256", err);
		return;
	}
	for (i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
		s = token(tokens[i].header, tokens[i].claims, SECRET);
		expect(jwt_read(k, tokens[i].issuer, tokens[i].audience, s,
		    &j) == tokens[i].want, tokens[i].header, tokens[i].why);
		if (tokens[i].want != R_DONE)
			continue;
		/* however it is cut, it is no more */
		for (n = 0; n < s.n; n++)
			expect(jwt_read(k, NULL, NULL, (struct span){s.p, n},
			    &j) != R_DONE, tokens[i].why, "cut");
		s = token(tokens[i].header, tokens[i].claims, "another");
		expect(jwt_read(k, NULL, NULL, s, &j) == R_TOKEN_SIGNATURE,
		    tokens[i].why, "another secret");
	}
	jwt_keys_free(k);
}

static void
test_forms(void)
{
	struct jwt_keys *k;
	char err[200], text[JWT_MAX + 100];
	struct span s, t;
	struct jwt j;

	k = jwt_keys_load("hs256 " SECRET, err, sizeof err);
	if (k == NULL) {
		fail("hs256", err);
		return;
	}
#define READ(span) jwt_read(k, NULL, NULL, span, &j)
	s = token(HS256, "{\"sub\":\"al\\u0069ce\",\"exp\":7,\"nbf\":5.9}",
	    SECRET);
	expect(READ(s) == R_DONE && strcmp(j.subject, "alice") == 0 &&
	    j.times.expires == 7 && j.times.begins == 5, "claims", "are told");
	memcpy(text, s.p, s.n);
	t.p = text;
	t.n = s.n;
	text[t.n - 1] = text[t.n - 1] == '0' ? '4' : '0';
	expect(READ(t) == R_TOKEN_SIGNATURE || READ(t) == R_TOKEN_MALFORMED,
	    "signature", "its last digit");
	memcpy(text, s.p, s.n);
	text[t.n++] = '.';
	expect(READ(t) == R_TOKEN_MALFORMED, "form", "four parts");
	text[t.n - 1] = '=';
	expect(READ(t) == R_TOKEN_MALFORMED, "form", "padding");
	t.n -= 1 + 43;
	expect(READ(t) == R_TOKEN_SIGNATURE, "form", "no signature");
	t.n--;
	expect(READ(t) == R_TOKEN_MALFORMED, "form", "two parts");
	t.n = 0;
	expect(READ(t) == R_TOKEN_MALFORMED, "form", "nothing");
	t = (struct span){"..", 2};
	expect(READ(t) == R_TOKEN_MALFORMED, "form", "dots");
	/* {"alg":"none"} {} and no signature */
	t = (struct span){"eyJhbGciOiJub25lIn0.e30.", 24};
	expect(READ(t) == R_TOKEN_ALGORITHM, "form", "none, as it is made");
	memset(text, 'A', sizeof text);
	text[100] = text[200] = '.';
	t = (struct span){text, JWT_MAX + 1};
	expect(READ(t) == R_TOKEN_MALFORMED, "form", "too long");
	s = token(HS256, "{\"sub\":\"0123456789012345678901234567890123456789"
	    "0123456789012345678901234\"}", SECRET);
	expect(READ(s) == R_DONE && j.subject[0] == '\0', "subject",
	    "too long to be kept");
	s = token(HS256, "{\"sub\":7}", SECRET);
	expect(READ(s) == R_DONE && j.subject[0] == '\0', "subject",
	    "a number");
	jwt_keys_free(k);
}

/* keys of all kinds, and each refuses what is signed for another */
static void
test_kinds(void)
{
	static const struct span rs = {rs_token, sizeof rs_token - 1},
	    es = {es_token, sizeof es_token - 1};
	struct jwt_keys *k;
	struct span s;
	struct jwt j;

	k = load_file(pem);
	if (k == NULL)
		return;
	expect(READ(rs) == R_DONE && strcmp(j.subject, "rsa") == 0, "RS256",
	    "PEM");
	expect(jwt_read(k, NULL, "b", rs, &j) == R_DONE, "RS256", "audience");
	expect(READ(es) == R_TOKEN_ALGORITHM, "ES256", "with a key of RSA");
	/* the key's own text as a secret: RFC 8725 2.1 */
	s = token(HS256, "{}", pem);
	expect(READ(s) == R_TOKEN_ALGORITHM, "HS256", "with a key of RSA");
	jwt_keys_free(k);
	k = load_file(jwks);
	if (k == NULL)
		return;
	expect(READ(rs) == R_DONE, "RS256", "of a set");
	expect(READ(es) == R_DONE && j.times.expires == 1300819380, "ES256",
	    "of a set, without a name");
	expect(jwt_read(k, "joe", NULL, es, &j) == R_DONE, "ES256", "issuer");
	s = token("{\"alg\":\"RS256\",\"kid\":\"r2\"}", "{}", SECRET);
	expect(READ(s) == R_TOKEN_KEY, "kid", "unknown");
	s = token("{\"alg\":\"RS256\",\"kid\":7}", "{}", SECRET);
	expect(READ(s) == R_TOKEN_KEY, "kid", "a number");
	s = token("{\"alg\":\"ES256\",\"kid\":\"r1\"}", "{}", SECRET);
	expect(READ(s) == R_TOKEN_ALGORITHM, "kid", "of another kind");
	s = token("{\"alg\":\"ES256\",\"kid\":\"k1\"}", "{}", SECRET);
	expect(READ(s) == R_TOKEN_SIGNATURE, "kid", "another signature");
	s = token("{\"alg\":\"RS256\",\"kid\":\"e1\"}", "{}", SECRET);
	expect(READ(s) == R_TOKEN_KEY, "kid", "of a key that is not used");
	jwt_keys_free(k);
	/* YWJj: abc */
	k = load_file("{\"keys\":[{\"kty\":\"oct\",\"k\":\"YWJj\","
	    "\"kid\":\"s\"}]}");
	s = token("{\"alg\":\"HS256\",\"kid\":\"s\"}", "{}", "abc");
	expect(k != NULL && READ(s) == R_DONE, "HS256", "of a set");
	jwt_keys_free(k);
}

/* the first secret of a set that is too short */
static void
weak(const char *text, unsigned want)
{
	struct jwt_keys *k = load_file(text);

	expect(k != NULL && jwt_keys_weak(k) == want, "weak", text);
	jwt_keys_free(k);
}

static void
test_weak(void)
{
#define LONG "{\"kty\":\"oct\",\"k\":" \
	"\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}"
#define SHORT "{\"kty\":\"oct\",\"k\":" \
	"\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA\"}"
	weak("{\"keys\":[" LONG "]}", 0);
	weak("{\"keys\":[" SHORT "]}", 1);
	weak("{\"keys\":[{\"kty\":\"OKP\"}," LONG "," SHORT "," SHORT "]}", 3);
	weak(jwks, 0);
	weak(pem, 0);
}

static const struct {
	const char *text, *err, *why;
} files[] = {
{"", "holds no key", "empty"},
{"hello", "holds no key", "text"},
{"{", "is not JSON", "half of JSON"},
{"{}", "no set of keys", "JSON without keys"},
{"{\"keys\":{}}", "no set of keys", "keys are no array"},
{"{\"keys\":[]}", "no key that can be used", "no keys"},
{"{\"keys\":[],\"keys\":[]}", "has a name twice", "keys twice"},
{"{\"keys\":[{\"kty\":\"oct\",\"k\":\"\"}]}", "no key that can be used",
    "an empty secret"},
{"{\"keys\":[{\"kty\":\"oct\",\"k\":\"a b\"}]}", "no key that can be used",
    "no base64url"},
{"{\"keys\":[{\"kty\":\"oct\",\"k\":\"YWJj\",\"alg\":\"HS512\"}]}",
    "no key that can be used", "another algorithm"},
{"{\"keys\":[{\"kty\":\"oct\",\"k\":\"YWJj\",\"kid\":1}]}", "kid",
    "kid is a number"},
{"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\","
    "\"y\":\"" EC_Y "\"}]}", "no key that can be used", "another curve"},
{"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\","
    "\"y\":\"" EC_X "\"}]}", "no key that can be used", "not on the curve"},
{"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\","
    "\"y\":\"" EC_Y "\",\"d\":\"AA\"}]}", "private key: give the public one "
    "(key 1)", "the private half of ECDSA in a set"},
{"{\"keys\":[{\"kty\":\"oct\",\"k\":\"YWJj\"},{\"kty\":\"RSA\",\"n\":\"" MODULUS
    "\",\"e\":\"AQAB\",\"d\":\"AA\"}]}", "private key: give the public one "
    "(key 2)", "the private half of RSA in a set"},
{"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"d\":\"AA\"}]}",
    "private key", "that of a key which would be passed over"},
{"-----BEGIN PUBLIC KEY-----\nAAAA\n", "-----END", "no end"},
{"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", "damaged",
    "no base64"},
{"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "cannot be used", "no key"},
{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "cannot be used", "no certificate"},
{"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "private key", "the private half"},
{"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    "private key", "the private half of RSA"},
};

static void
test_files(void)
{
	struct jwt_keys *k;
	char err[200];
	size_t i;

	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		write_file(files[i].text);
		k = jwt_keys_load(path, err, sizeof err);
		expect(k == NULL, files[i].why, "is refused");
		expect(k != NULL || strstr(err, files[i].err) != NULL,
		    files[i].why, err);
		jwt_keys_free(k);
	}
	k = jwt_keys_load("hunter2hunter2", err, sizeof err);
	expect(k == NULL && strstr(err, "hunter2") == NULL, "no file", err);
	jwt_keys_free(k);
	k = jwt_keys_load("hs256 ", err, sizeof err);
	expect(k == NULL && strcmp(err, "the secret is empty") == 0,
	    "an empty secret", err);
	jwt_keys_free(k);
	expect(jwt_keys_short("hs256 0123456789012345678901234567890"),
	    "short", "31 bytes");
	expect(!jwt_keys_short("hs256 01234567890123456789012345678901"),
	    "short", "32 bytes");
	expect(!jwt_keys_short("file"), "short", "a file");
}

static const struct {
	int64_t expires, begins, now, leeway;
	enum reason want;
} whens[] = {
{INT64_MAX, INT64_MIN, 100, 0, R_DONE},
{INT64_MAX, INT64_MIN, 100, 30, R_DONE},
{101, INT64_MIN, 100, 0, R_DONE},
{100, INT64_MIN, 100, 0, R_TOKEN_EXPIRED},
{71, INT64_MIN, 100, 30, R_DONE},
{70, INT64_MIN, 100, 30, R_TOKEN_EXPIRED},
{INT64_MAX, 100, 100, 0, R_DONE},
{INT64_MAX, 101, 100, 0, R_TOKEN_NOT_YET},
{INT64_MAX, 130, 100, 30, R_DONE},
{INT64_MAX, 131, 100, 30, R_TOKEN_NOT_YET},
{0, 200, 100, 0, R_TOKEN_EXPIRED},
};

int
main(void)
{
	struct jwt_times t;
	size_t i;
	int fd;

	fd = mkstemp(path);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	close(fd);
	test_tokens();
	test_forms();
	test_kinds();
	test_weak();
	test_files();
	for (i = 0; i < sizeof whens / sizeof whens[0]; i++) {
		t.expires = whens[i].expires;
		t.begins = whens[i].begins;
		expect(jwt_when(&t, whens[i].now, whens[i].leeway) ==
		    whens[i].want, "when", reason_word(whens[i].want));
	}
	unlink(path);
	return failed;
}
