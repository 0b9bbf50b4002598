/*
 * The library's judge, x509_minimal, does most of it. Around it stands this
 * one, which keeps the certificate that is coming to look for what that does
 * not know: addresses, pins, and whether a time is over or has not come.
 * Without verification there is only this one.
 *
 * A clock that is not set stands before the day when this was written, which
 * is taken for it then. That a certificate is newer is likely, and no proof
 * that its time has come: who relaxes believes the certificate in this.
 */
#include <stdlib.h>
#include <string.h>

#include "tlstrust.h"
#include "der.h"
#include "room.h"
#include "tls.h"
#include "tlserror.h"

/* a clock that is before this day is wrong: 2026-02-01 */
#define TLS_EPOCH INT64_C(1769904000)
/* certificates larger than this are not kept, and fail where it matters */
#define CERT_MAX 16384

static struct room checks = ROOM(sizeof(struct check));
static int64_t clock_s;
static bool relaxed;

static struct {
	void (*fn)(void *arg, unsigned i, const unsigned char *der, size_t n);
	void *arg;
} watcher;

bool
tls_clock(int64_t unix_s)
{
	bool was = tls_clock_unset();

	clock_s = unix_s;
	return was != tls_clock_unset();
}

bool
tls_clock_unset(void)
{
	return clock_s < TLS_EPOCH;
}

void
tls_watch(void (*fn)(void *arg, unsigned i, const unsigned char *der,
    size_t n), void *arg)
{
	watcher.fn = fn;
	watcher.arg = arg;
}

int64_t
tls_now(void)
{
	return tls_clock_unset() ? TLS_EPOCH : clock_s;
}

void
tls_clock_relax(bool yes)
{
	relaxed = yes;
}

#define CHECK(x) ((struct check *)(void *)(x))

static void
set_time(struct check *k, int64_t now)
{
	k->now = now;
	/* days since the year 0 */
	if (k->how->verify)
		br_x509_minimal_set_time(&k->u.minimal,
		    (uint32_t)(719528 + now / 86400),
		    (uint32_t)(now % 86400));
}

/* the first certificate's dates are to be known before it is judged */
static bool
held_back(const struct check *k)
{
	return k->relaxed && k->count == 0 && k->cert != NULL;
}

static void
check_start(const br_x509_class **x, const char *sni)
{
	struct check *k = CHECK(x);

	(void)sni; /* what was sent is not always what is verified */
	k->count = 0;
	if (k->how->verify)
		k->u.minimal.vtable->start_chain(&k->u.minimal.vtable,
		    k->how->n_ip == 0 ? k->how->name : NULL);
}

static void
check_start_cert(const br_x509_class **x, uint32_t len)
{
	struct check *k = CHECK(x);

	k->n = 0;
	if (k->how->verify)
		k->u.minimal.vtable->start_cert(&k->u.minimal.vtable, len);
	if (k->count > 0 && !k->how->verify)
		return; /* the first one is what the key is in */
	free(k->cert);
	k->len = len;
	k->cert = len <= CERT_MAX ? malloc(len + 1) : NULL;
}

static void
check_append(const br_x509_class **x, const unsigned char *p, size_t n)
{
	struct check *k = CHECK(x);

	if (!k->how->verify && k->count > 0)
		return;
	if (k->how->verify && !held_back(k))
		k->u.minimal.vtable->append(&k->u.minimal.vtable, p, n);
	if (k->cert != NULL && n <= k->len - k->n)
		memcpy(k->cert + k->n, p, n);
	k->n += n;
}

static bool
pin_fits(const struct trust *how, struct der key)
{
	br_sha256_context h;
	unsigned char got[32];

	br_sha256_init(&h);
	br_sha256_update(&h, key.p, key.n);
	br_sha256_out(&h, got);
	return memcmp(got, how->pin, sizeof got) == 0;
}

/* what the library does not look at in the first certificate; d is NULL if it
 * makes no sense */
static unsigned
judge_first(struct check *k, const struct der_cert *d)
{
	const struct trust *how = k->how;
	int error;

	if (!k->how->verify) {
		br_x509_decoder_init(&k->u.decoder, NULL, NULL);
		br_x509_decoder_push(&k->u.decoder, k->cert,
		    k->cert != NULL ? k->n : 0);
		error = br_x509_decoder_last_error(&k->u.decoder);
		if (error != 0)
			return (unsigned)error;
		k->key = br_x509_decoder_get_pkey(&k->u.decoder);
	}
	if (how->verify && how->n_ip != 0 &&
	    (d == NULL || !der_has_ip(d, how->ip, how->n_ip)))
		return BR_ERR_X509_BAD_SERVER_NAME;
	if (how->pinned && (d == NULL || !pin_fits(how, d->key)))
		return TLS_E_PIN;
	return 0;
}

static void
check_end_cert(const br_x509_class **x)
{
	struct check *k = CHECK(x);
	struct der_cert d;
	bool sense;

	if (!k->how->verify && k->count > 0)
		return;
	if (watcher.fn != NULL && k->cert != NULL && k->n == k->len)
		watcher.fn(watcher.arg, k->count, k->cert, k->n);
	sense = k->cert != NULL && k->n == k->len &&
	    der_cert(&d, k->cert, k->n);
	if (held_back(k) && k->n == k->len) {
		if (sense && d.not_before > k->now)
			set_time(k, d.not_before);
		k->u.minimal.vtable->append(&k->u.minimal.vtable, k->cert,
		    k->n);
	}
	if (k->how->verify)
		k->u.minimal.vtable->end_cert(&k->u.minimal.vtable);
	if (sense) {
		k->early |= d.not_before > k->now;
		k->late |= d.not_after < k->now;
	}
	if (k->count++ > 0)
		return;
	k->self = sense && der_equal(d.issuer, d.subject);
	k->verdict = judge_first(k, sense ? &d : NULL);
}

static unsigned
check_end(const br_x509_class **x)
{
	struct check *k = CHECK(x);
	unsigned error = 0;

	if (k->how->verify)
		error = k->u.minimal.vtable->end_chain(&k->u.minimal.vtable);
	else if (k->count == 0)
		error = BR_ERR_X509_EMPTY_CHAIN;
	if (error == BR_ERR_X509_EXPIRED && k->early && !k->late)
		return TLS_E_NOT_YET;
	if (error == BR_ERR_X509_NOT_TRUSTED && k->self && k->count == 1)
		return TLS_E_SELF;
	return error != 0 ? error : k->verdict;
}

static const br_x509_pkey *
check_key(const br_x509_class *const *x, unsigned *usages)
{
	const struct check *k = (const struct check *)(const void *)x;

	if (k->how->verify)
		return k->u.minimal.vtable->get_pkey(&k->u.minimal.vtable,
		    usages);
	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return k->key;
}

static const br_x509_class check_class = {
	sizeof(struct check), check_start, check_start_cert, check_append,
	check_end_cert, check_end, check_key
};

struct check *
check_new(const struct trust *how, const struct anchors *cas,
    const br_ssl_engine_context *e)
{
	struct check *k = room_get(&checks);
	br_x509_minimal_context *m;
	int h;

	if (k == NULL)
		return NULL;
	memset(k, 0, sizeof *k);
	k->vtable = &check_class;
	k->how = how;
	k->now = tls_now();
	if (!how->verify)
		return k;
	m = &k->u.minimal;
	br_x509_minimal_init(m, &br_sha256_vtable, cas->at, cas->n);
	br_x509_minimal_set_rsa(m, e->irsavrfy);
	br_x509_minimal_set_ecdsa(m, e->iec, e->iecdsa);
	/* the same as in handshakes: no SHA-1 */
	for (h = br_sha256_ID; h <= br_sha512_ID; h++)
		br_x509_minimal_set_hash(m, h,
		    br_multihash_getimpl(&e->mhash, h));
	br_x509_minimal_set_minrsa(m, 2048 / 8);
	set_time(k, k->now);
	k->relaxed = relaxed && tls_clock_unset();
	return k;
}

void
check_free(struct check *k)
{
	if (k != NULL)
		free(k->cert);
	room_put(&checks, k);
}
