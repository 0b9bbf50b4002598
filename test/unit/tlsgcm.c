/* Tests tlsgcm.c: the records that it makes and reads are those of the
 * library's parts that ask nothing of the processor. */
#include <string.h>

#include "guard.h"

#include "tlsgcm.h"

#define BEFORE 13 /* head, and explicit part of the nonce */
#define EXPLICIT 8
#define TAG 16
#define DATA 23
#define VERSION 0x0303
#define MOST 16384

static br_ssl_client_context client;
static br_sslrec_gcm_context theirs_out, theirs_in, ours_out, ours_in;
static unsigned char *end; /* of memory */
static unsigned char plain[MOST], record[BEFORE + MOST + TAG];
static char about[80];

/* bytes that look like any, and are the same each time */
static void
fill(unsigned char *p, size_t n)
{
	static uint32_t seed = 1;

	while (n-- > 0) {
		seed = seed * 1664525 + 1013904223;
		*p++ = (unsigned char)(seed >> 24);
	}
}

static void
begin(size_t key_size)
{
	const br_ssl_engine_context *e = &client.eng;
	const br_block_ctr_class *aes = &br_aes_ct_ctr_vtable;
	unsigned char key[32], iv[4];

	fill(key, key_size);
	fill(iv, sizeof iv);
	br_sslrec_out_gcm_vtable.init(&theirs_out.vtable.out, aes, key,
	    key_size, br_ghash_ctmul, iv);
	br_sslrec_in_gcm_vtable.init(&theirs_in.vtable.in, aes, key, key_size,
	    br_ghash_ctmul, iv);
	e->igcm_out->init(&ours_out.vtable.out, e->iaes_ctr, key, key_size,
	    e->ighash, iv);
	e->igcm_in->init(&ours_in.vtable.in, e->iaes_ctr, key, key_size,
	    e->ighash, iv);
}

/* makes a record of the n bytes of plain, at the end of memory; its size, with
 * the head */
static size_t
make(br_sslrec_gcm_context *c, size_t n)
{
	unsigned char *p = end - n - TAG, *head;
	size_t made = n;

	memcpy(p, plain, n);
	head = c->vtable.out->inner.encrypt((void *)c, DATA, VERSION, p, &made);
	expect(head == p - BEFORE, about, "the head stands before the data");
	return made;
}

/* whether the record's bytes are read, as the n bytes of plain */
static bool
read_back(br_sslrec_gcm_context *c, size_t n)
{
	unsigned char *p = end - n - TAG - EXPLICIT;
	size_t got = EXPLICIT + n + TAG;

	memcpy(p, record + BEFORE - EXPLICIT, got);
	p = c->vtable.in->inner.decrypt((void *)c, DATA, VERSION, p, &got);
	return p != NULL && got == n && memcmp(p, plain, n) == 0;
}

/* several records of a connection: what is counted matters */
static void
test_size(size_t key_size, size_t n)
{
	size_t size = BEFORE + n + TAG;
	int i;

	begin(key_size);
	for (i = 0; i < 3; i++) {
		snprintf(about, sizeof about, "record %d of %zu bytes, key of "
		    "%zu", i, n, key_size);
		fill(plain, n);
		expect(make(&theirs_out, n) == size, about, "size of theirs");
		memcpy(record, end - size, size);
		expect(make(&ours_out, n) == size, about, "size");
		expect(memcmp(record, end - size, size) == 0, about,
		    "what it is made of");
		expect(read_back(&ours_in, n), about, "reading");
		expect(read_back(&theirs_in, n), about, "their reading");
	}
}

/* no bit may be another one, and no record another's */
static void
test_wrong(size_t n)
{
	size_t size = BEFORE + n + TAG, i;
	br_sslrec_gcm_context fresh;

	begin(16);
	fresh = ours_in;
	make(&ours_out, n);
	memcpy(record, end - size, size);
	for (i = 8 * (BEFORE - EXPLICIT); i < 8 * size; i++) {
		snprintf(about, sizeof about, "%zu bytes, bit %zu", n, i);
		record[i / 8] ^= (unsigned char)(1 << i % 8);
		ours_in = fresh;
		expect(!read_back(&ours_in, n), about, "is refused");
		record[i / 8] ^= (unsigned char)(1 << i % 8);
	}
	ours_in = fresh;
	expect(read_back(&ours_in, n), "the record", "is read");
	expect(!read_back(&ours_in, n), "the record", "is not read again");
}

int
main(void)
{
	size_t n, key;

	end = guard();
	br_ssl_client_zero(&client);
	br_ssl_engine_set_default_aes_gcm(&client.eng);
	tlsgcm_set(&client.eng);
	for (key = 16; key <= 32; key += 16) {
		for (n = 0; n < 300; n++)
			test_size(key, n);
		test_size(key, 4096);
		test_size(key, MOST - 1);
		test_size(key, MOST);
	}
	for (n = 0; n <= 144; n += 9)
		test_wrong(n);
	return failed;
}
