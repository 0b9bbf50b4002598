/* The engines that others are copied from: see tlsmodel.h. */
#include <assert.h>
#include <string.h>

#include "tlsmodel.h"
#include "tls.h"
#include "tlsgcm.h"
#include "tlskeys.h"
#include "tlspool.h"
#include "tlssite.h"
#include "tlssleep.h"

static struct {
	br_ssl_server_context server;
	br_ssl_client_context client;
	bool made, aes, sleeps;
} models;

unsigned char tlsmodel_absent[2];

static void
set_up(br_ssl_engine_context *e)
{
	static const br_hash_class *const hashes[] = {
		&br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable
	};
	static const char *names[] = {"http/1.1"};
	int i;

	br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
	br_ssl_engine_add_flags(e, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_default_rsavrfy(e);
	br_ssl_engine_set_default_ecdsa(e);
	for (i = 0; i < 3; i++)
		br_ssl_engine_set_hash(e, br_sha256_ID + i, hashes[i]);
	br_ssl_engine_set_prf_sha256(e, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(e, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_aes_gcm(e);
	tlsgcm_set(e);
	br_ssl_engine_set_default_chapol(e);
	br_ssl_engine_set_protocol_names(e, names, 1);
	models.aes = e->iaes_ctr == br_aes_x86ni_ctr_get_vtable() ||
	    e->iaes_ctr == br_aes_pwr8_ctr_get_vtable();
	br_ssl_engine_set_suites(e, site_suites(models.aes), SITE_SUITES);
	/* set up, and of no use before tlsmodel_seed() */
	br_hmac_drbg_init(&e->rng, &br_sha256_vtable, NULL, 0);
	e->rng_init_done = 1;
	e->ibuf = tlsmodel_absent;
	e->obuf = tlsmodel_absent + 1;
	e->ibuf_len = TLSPOOL_IN;
	e->obuf_len = TLSPOOL_OUT;
}

void
tlsmodel_init(void)
{
	if (models.made)
		return;
	/* smaller ones make the library ask for smaller records, or hang */
	assert(TLSPOOL_IN == BR_SSL_BUFSIZE_INPUT &&
	    TLSPOOL_OUT == BR_SSL_BUFSIZE_OUTPUT);
	br_ssl_server_zero(&models.server);
	set_up(&models.server.eng);
	br_ssl_client_zero(&models.client);
	set_up(&models.client.eng);
	models.sleeps = image_works(&models.server, &models.client);
	models.made = true;
}

/*
 * The library's own seeding trusts one instruction, or opens a device. Its
 * generator's state is nothing but two secrets of 32 bytes (NIST SP 800-90A,
 * 10.1.2, for SHA-256): the kernel's randomness as it is does for them, and
 * what hashes it first costs a seventh of a resumed handshake.
 */
void
tlsmodel_seed(br_ssl_engine_context *e)
{
	unsigned char r[64];

	tls_entropy(r, sizeof r);
	memcpy(e->rng.K, r, 32);
	memcpy(e->rng.V, r + 32, 32);
	e->rng_init_done = 2;
	e->rng_os_rand_done = 1;
	wipe(r, sizeof r);
}

void
tlsmodel_server(br_ssl_server_context *c)
{
	memcpy(c, &models.server, sizeof *c);
}

void
tlsmodel_client(br_ssl_client_context *c)
{
	memcpy(c, &models.client, sizeof *c);
}

const br_ssl_engine_context *
tlsmodel_engine(bool server)
{
	return server ? &models.server.eng : &models.client.eng;
}

bool
tlsmodel_aes(void)
{
	tlsmodel_init();
	return models.aes;
}

bool
tlsmodel_sleeps(void)
{
	tlsmodel_init();
	return models.sleeps;
}
