/*
 * The library does four blocks at a time, also where there is only one, and
 * reduces after each that is left over. Here eight go through each round of AES
 * together, and the products of eight are summed up before they are reduced. It
 * stays small, as most records are: between two of them the kernel drives code
 * out of the caches. How long all takes depends on a record's size alone.
 *
 * GHASH takes the first bit of a block for the lowest power of x. With its
 * bytes turned around a block is a number whose lowest power is the highest
 * bit; the product of two such is one bit too low, which is made up for in one
 * of the factors, H, beforehand: Gueron and Kounavis, "Intel Carry-Less
 * Multiplication Instruction and its Usage for Computing the GCM Mode", 2010.
 */
#include "tlsgcm.h"

#if defined __x86_64__ && defined __GNUC__ && !defined POSIX && \
    !defined __OPTIMIZE_SIZE__
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <tmmintrin.h>
#include <wmmintrin.h>

#define MANY 8 /* blocks at once */
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define BLOCK 16
#define EXPLICIT 8 /* bytes of the nonce that stand before the data */

#define HERE __attribute__((target("aes,pclmul,ssse3")))
#define INLINE HERE static inline __attribute__((always_inline))

typedef __m128i block;

/* a factor; and its halves added, for Karatsuba's middle product */
struct factor {
	block all, both;
};

/* products without carries, added up and not reduced yet */
struct sum {
	block low, middle, high;
};

INLINE block
load(const unsigned char *p)
{
	return _mm_loadu_si128((const block *)(const void *)p);
}

INLINE void
store(unsigned char *p, block b)
{
	_mm_storeu_si128((block *)(void *)p, b);
}

INLINE block
add(block a, block b)
{
	return _mm_xor_si128(a, b);
}

INLINE block
halves_swapped(block b)
{
	return _mm_shuffle_epi32(b, 0x4e);
}

/* the bytes turned around */
INLINE block
turned(block b)
{
	return _mm_shuffle_epi8(b, _mm_set_epi64x(0x0001020304050607,
	    0x08090a0b0c0d0e0f));
}

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* ---- GHASH ---- */

/* what x^128 is reduced to, x^7 + x^2 + x + 1, one bit higher as H is: the bit
 * that falls out comes in as low */
INLINE block
polynomial(int low)
{
	return _mm_set_epi64x((long long)0xc200000000000000, low);
}

INLINE struct factor
factor(block b)
{
	return (struct factor){b, add(b, halves_swapped(b))};
}

INLINE void
add_product(struct sum *s, block a, struct factor b)
{
	block both = add(a, halves_swapped(a));

	s->low = add(s->low, _mm_clmulepi64_si128(a, b.all, 0x00));
	s->high = add(s->high, _mm_clmulepi64_si128(a, b.all, 0x11));
	s->middle = add(s->middle, _mm_clmulepi64_si128(both, b.both, 0x00));
}

/* from the low end, 64 bits at a time */
INLINE block
reduced(struct sum s)
{
	block p = polynomial(0);

	s.middle = add(s.middle, add(s.low, s.high));
	s.middle = add(s.middle, add(halves_swapped(s.low),
	    _mm_clmulepi64_si128(s.low, p, 0x10)));
	return add(s.high, add(halves_swapped(s.middle),
	    _mm_clmulepi64_si128(s.middle, p, 0x10)));
}

INLINE struct sum
nothing(void)
{
	block zero = _mm_setzero_si128();

	return (struct sum){zero, zero, zero};
}

INLINE block
product(block a, struct factor b)
{
	struct sum s = nothing();

	add_product(&s, a, b);
	return reduced(s);
}

/* h[i] = H to the power of i + 1, for the first n */
INLINE void
powers(struct factor h[MANY], const unsigned char *key, size_t n)
{
	block k = turned(load(key)),
	    carry = _mm_srai_epi32(_mm_shuffle_epi32(k, 0xff), 31),
	    twice = _mm_or_si128(_mm_slli_epi64(k, 1),
	        _mm_slli_si128(_mm_srli_epi64(k, 63), 8));
	size_t i;

	h[0] = factor(add(twice, _mm_and_si128(carry, polynomial(1))));
	for (i = 1; i < n; i++)
		h[i] = factor(product(h[i / 2].all, h[(i - 1) / 2]));
}

/* y after the n blocks at p, 0 < n <= MANY */
HERE static block
hashed(block y, const unsigned char *p, size_t n, const struct factor h[MANY])
{
	struct sum s = nothing();

	while (n-- > 0) {
		add_product(&s, add(y, turned(load(p))), h[n]);
		y = _mm_setzero_si128();
		p += BLOCK;
	}
	return reduced(s);
}

/* ---- AES ---- */

INLINE block
later(block counter, int n)
{
	return _mm_add_epi32(counter, _mm_set_epi32(0, 0, 0, n));
}

/* adds the encrypted counter, and those behind it, to MANY blocks at p */
HERE static void
add_stream(unsigned char *p, const br_aes_x86ni_ctr_keys *keys, block counter)
{
	const unsigned char *key = keys->skey.skni;
	block k = load(key), x[MANY];
	unsigned i;

#define X(n) x[n] = add(k, turned(later(counter, n)));
	EACH(X)
#undef X
	for (i = 1; i < keys->num_rounds; i++) {
		k = load(key + i * BLOCK);
#define X(n) x[n] = _mm_aesenc_si128(x[n], k);
		EACH(X)
#undef X
	}
	k = load(key + i * BLOCK);
#define X(n) store(p + n * BLOCK, add(load(p + n * BLOCK), \
	_mm_aesenclast_si128(x[n], k)));
	EACH(X)
#undef X
}

INLINE block
encrypted(const br_aes_x86ni_ctr_keys *keys, block b)
{
	const unsigned char *key = keys->skey.skni;
	unsigned i;

	b = add(b, load(key));
	for (i = 1; i < keys->num_rounds; i++)
		b = _mm_aesenc_si128(b, load(key + i * BLOCK));
	return _mm_aesenclast_si128(b, load(key + i * BLOCK));
}

/* ---- both ---- */

/* the first counter of a record, that of its tag */
INLINE block
first_counter(const unsigned char iv[4], const unsigned char *nonce)
{
	uint64_t high = get32(iv), low = get32(nonce + 4);

	return _mm_set_epi64x((long long)(high << 32 | get32(nonce)),
	    (long long)(low << 32 | 1));
}

/* what is hashed before the data (RFC 5246, 6.2.3.3), and after it */
INLINE block
additional(uint64_t seq, int type, unsigned version, size_t n)
{
	return _mm_set_epi64x((long long)seq, (long long)((uint64_t)type << 56 |
	    (uint64_t)version << 40 | (uint64_t)n << 24));
}

INLINE block
lengths(size_t n)
{
	return _mm_set_epi64x(13 * 8, (long long)n * 8);
}

/*
 * Encrypts or decrypts n bytes at p in place, with the explicit part of the
 * nonce before them. Returns the tag, and counts the record. What is hashed is
 * what goes over the wire: before it is decrypted, or after it is encrypted.
 */
HERE static block
process(br_sslrec_gcm_context *c, int type, unsigned version, unsigned char *p,
    size_t n, bool out)
{
	const br_aes_x86ni_ctr_keys *keys = &c->bc.aes.c_x86ni;
	unsigned char last[MANY * BLOCK], *q;
	size_t now, blocks = (n + BLOCK - 1) / BLOCK;
	block counter = first_counter(c->iv, p - EXPLICIT),
	    tag = encrypted(keys, turned(counter)),
	    end = lengths(n), y;
	struct factor h[MANY];

	powers(h, c->h, blocks < MANY ? blocks : MANY);
	y = product(additional(c->seq++, type, version, n), h[0]);
	counter = later(counter, 1);
	for (; n > 0; n -= now, p += now) {
		now = n < sizeof last ? n : sizeof last;
		blocks = (now + BLOCK - 1) / BLOCK;
		q = p;
		if (now < sizeof last) {
			/* what is not whole is filled up with zeros */
			memset(last, 0, sizeof last);
			q = memcpy(last, p, now);
		}
		if (!out)
			y = hashed(y, q, blocks, h);
		add_stream(q, keys, counter);
		if (q == last) {
			memcpy(p, last, now);
			memset(last + now, 0, blocks * BLOCK - now);
		}
		if (out)
			y = hashed(y, q, blocks, h);
		counter = later(counter, MANY);
	}
	return add(tag, turned(product(add(y, end), h[0])));
}

HERE static unsigned char *
decrypt(const br_sslrec_in_class **ctx, int type, unsigned version,
    void *data, size_t *n)
{
	br_sslrec_gcm_context *c = (void *)ctx;
	unsigned char *p = (unsigned char *)data + EXPLICIT;
	size_t length = *n - EXPLICIT - BLOCK;
	block tag = process(c, type, version, p, length, false);

	if (_mm_movemask_epi8(_mm_cmpeq_epi8(tag, load(p + length))) != 0xffff)
		return NULL;
	*n = length;
	return p;
}

HERE static unsigned char *
encrypt(const br_sslrec_out_class **ctx, int type, unsigned version,
    void *data, size_t *n)
{
	br_sslrec_gcm_context *c = (void *)ctx;
	unsigned char *p = data, *head = p - EXPLICIT - 5;
	size_t length = EXPLICIT + *n + BLOCK;
	int i;

	for (i = 0; i < EXPLICIT; i++)
		p[i - EXPLICIT] = (unsigned char)(c->seq >> (56 - 8 * i));
	store(p + *n, process(c, type, version, p, *n, true));
	head[0] = (unsigned char)type;
	head[1] = (unsigned char)(version >> 8);
	head[2] = (unsigned char)version;
	head[3] = (unsigned char)(length >> 8);
	head[4] = (unsigned char)length;
	*n = 5 + length;
	return head;
}

/* ---- in place of the library's ---- */

static br_sslrec_in_gcm_class in;
static br_sslrec_out_gcm_class out;

static void
begin_in(const br_sslrec_in_gcm_class **ctx, const br_block_ctr_class *aes,
    const void *key, size_t length, br_ghash ghash, const void *iv)
{
	br_sslrec_in_gcm_vtable.init(ctx, aes, key, length, ghash, iv);
	*ctx = &in;
}

static void
begin_out(const br_sslrec_out_gcm_class **ctx, const br_block_ctr_class *aes,
    const void *key, size_t length, br_ghash ghash, const void *iv)
{
	br_sslrec_out_gcm_vtable.init(ctx, aes, key, length, ghash, iv);
	*ctx = &out;
}

void
tlsgcm_set(br_ssl_engine_context *e)
{
	/* who has these products has ssse3 as well */
	if (br_aes_x86ni_ctr_get_vtable() == NULL ||
	    br_ghash_pclmul_get() == NULL)
		return;
	in = br_sslrec_in_gcm_vtable;
	in.inner.decrypt = decrypt;
	in.init = begin_in;
	out = br_sslrec_out_gcm_vtable;
	out.inner.encrypt = encrypt;
	out.init = begin_out;
	br_ssl_engine_set_gcm(e, &in, &out);
	br_ssl_engine_set_aes_ctr(e, br_aes_x86ni_ctr_get_vtable());
}
#else
void
tlsgcm_set(br_ssl_engine_context *e)
{
	(void)e;
}
#endif
