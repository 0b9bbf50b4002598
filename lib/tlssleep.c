/*
 * An engine's coroutine goes on where it was: its place in the code, and the
 * words on its two stacks. The library's random generator is not kept, nor
 * needed: records take none, and there is no second handshake. All this looks
 * into a structure that the library calls its own; so it is tried out once,
 * before it is relied on.
 */
#include <stdlib.h>
#include <string.h>

#include "tlssleep.h"
#include "slab.h"
#include "tls.h"
#include "tlskeys.h"

#ifndef TLS_NO_SLEEP
/* type, member of an engine, and what it is called here */
#define KEPT(X) \
	X(const unsigned char *, cpu.ip, ip) \
	X(uint16_t, oxa, oxa) X(uint16_t, oxb, oxb) X(uint16_t, oxc, oxc) \
	X(uint16_t, max_frag_len, max_frag_len) \
	X(uint16_t, version_in, version_in) \
	X(uint16_t, version_out, version_out) \
	X(uint16_t, selected_protocol, selected_protocol) \
	X(uint8_t, log_max_frag_len, log_max_frag_len) \
	X(uint8_t, peer_log_max_frag_len, peer_log_max_frag_len) \
	X(uint8_t, iomode, iomode) X(uint8_t, incrypt, incrypt) \
	X(uint8_t, shutdown_recv, shutdown_recv) \
	X(uint8_t, record_type_in, record_type_in) \
	X(uint8_t, record_type_out, record_type_out) \
	X(uint8_t, application_data, application_data) \
	X(uint8_t, reneg, reneg) X(uint8_t, alert, alert) \
	X(uint8_t, action, action) X(uint8_t, close_received, close_received)

struct image {
	void (*run)(void *);
#define X(type, member, name) type name;
	KEPT(X)
#undef X
	uint16_t in, out; /* bytes of the record layers' states */
	uint8_t n_dp, n_rp; /* words on the stacks */
	/* stacks and states, not aligned: they are copied */
	unsigned char bytes[];
};

size_t
image_size(const struct image *m)
{
	return sizeof *m + 4u * (m->n_dp + m->n_rp) + m->in + m->out;
}

/* where images of that size live; there are two of them, as there are two
 * ciphers. NULL: another one */
static struct slab *
home(size_t size)
{
	static struct slab slabs[4];
	size_t i;

	for (i = 0; i < sizeof slabs / sizeof slabs[0]; i++) {
		if (slabs[i].size == 0)
			slab_init(&slabs[i], size, SIZE_MAX);
		if (slabs[i].size == (size + 7) / 8 * 8)
			return &slabs[i];
	}
	return NULL;
}

void
image_free(struct image *m)
{
	struct slab *from;

	if (m == NULL)
		return;
	from = home(image_size(m));
	wipe(m, image_size(m));
	slab_put(from, m);
}

/* copy between an image's bytes and an engine; the next place */
static unsigned char *
copy_out(unsigned char *p, const void *from, size_t n)
{
	memcpy(p, from, n);
	return p + n;
}

static const unsigned char *
copy_in(const unsigned char *p, void *to, size_t n)
{
	memcpy(to, p, n);
	return p + n;
}

struct image *
image_take(const br_ssl_engine_context *e)
{
	struct image head, *m;
	struct slab *from;
	unsigned char *p;

	memset(&head, 0, sizeof head);
	head.run = e->hsrun;
#define X(type, member, name) head.name = (type)e->member;
	KEPT(X)
#undef X
	head.in = (uint16_t)e->in.vtable->context_size;
	head.out = (uint16_t)e->out.vtable->context_size;
	head.n_dp = (uint8_t)(e->cpu.dp - e->dp_stack);
	head.n_rp = (uint8_t)(e->cpu.rp - e->rp_stack);
	from = home(image_size(&head));
	m = from != NULL ? slab_get(from) : NULL;
	if (m == NULL)
		return NULL;
	*m = head;
	p = copy_out(m->bytes, e->dp_stack, 4u * m->n_dp);
	p = copy_out(p, e->rp_stack, 4u * m->n_rp);
	p = copy_out(p, &e->in, m->in);
	copy_out(p, &e->out, m->out);
	return m;
}

void
image_wake(const struct image *m, br_ssl_engine_context *e,
    const br_ssl_engine_context *template)
{
	const unsigned char *p = m->bytes;

	memcpy(e, template, sizeof *e);
	e->hsrun = m->run;
#define X(type, member, name) e->member = m->name;
	KEPT(X)
#undef X
	e->ixa = e->ixb = 0;
	e->ixc = 5; /* the head of the next record */
	e->cpu.dp = e->dp_stack + m->n_dp;
	e->cpu.rp = e->rp_stack + m->n_rp;
	p = copy_in(p, e->dp_stack, 4u * m->n_dp);
	p = copy_in(p, e->rp_stack, 4u * m->n_rp);
	p = copy_in(p, &e->in, m->in);
	copy_in(p, &e->out, m->out);
}

/* ---- the test ---- */

#define IN_LEN BR_SSL_BUFSIZE_INPUT
#define OUT_LEN BR_SSL_BUFSIZE_OUTPUT

/* two engines, a key that is thrown away, and no certificate: the client
 * knows the key */
struct pair {
	br_ssl_server_context server;
	br_ssl_client_context client;
	br_x509_knownkey_context known;
	unsigned char in[2][IN_LEN], out[2][OUT_LEN];
	unsigned char x[32], point[BR_EC_KBUF_PUB_MAX_SIZE], none[1];
	br_ec_private_key secret;
	br_x509_certificate chain;
};

static bool
begin(struct pair *p)
{
	br_ec_public_key key;
	unsigned char r[32];

	tls_entropy(p->x + 1, sizeof p->x - 1); /* and 0: below the order */
	p->secret.curve = BR_EC_secp256r1;
	p->secret.x = p->x;
	p->secret.xlen = sizeof p->x;
	p->chain.data = p->none;
	p->chain.data_len = sizeof p->none;
	if (br_ec_compute_pub(br_ec_get_default(), &key, p->point,
	    &p->secret) == 0)
		return false;
	br_x509_knownkey_init_ec(&p->known, &key, BR_KEYTYPE_SIGN);
	br_ssl_engine_set_x509(&p->client.eng, &p->known.vtable);
	br_ssl_server_set_single_ec(&p->server, &p->chain, 1, &p->secret,
	    BR_KEYTYPE_SIGN, 0, br_ec_get_default(),
	    br_ecdsa_sign_asn1_get_default());
	br_ssl_engine_set_buffers_bidi(&p->server.eng, p->in[0], IN_LEN,
	    p->out[0], OUT_LEN);
	br_ssl_engine_set_buffers_bidi(&p->client.eng, p->in[1], IN_LEN,
	    p->out[1], OUT_LEN);
	tls_entropy(r, sizeof r);
	br_ssl_engine_inject_entropy(&p->server.eng, r, sizeof r);
	tls_entropy(r, sizeof r);
	br_ssl_engine_inject_entropy(&p->client.eng, r, sizeof r);
	p->server.eng.rng_os_rand_done = p->client.eng.rng_os_rand_done = 1;
	return br_ssl_server_reset(&p->server) &&
	    br_ssl_client_reset(&p->client, NULL, 0);
}

/* moves all that one has for the network to the other; false if nothing */
static bool
carry(br_ssl_engine_context *from, br_ssl_engine_context *to)
{
	unsigned char *p, *q;
	size_t n, room;
	bool some = false;

	while ((p = br_ssl_engine_sendrec_buf(from, &n)) != NULL &&
	    (q = br_ssl_engine_recvrec_buf(to, &room)) != NULL) {
		if (n > room)
			n = room;
		memcpy(q, p, n);
		br_ssl_engine_recvrec_ack(to, n);
		br_ssl_engine_sendrec_ack(from, n);
		some = true;
	}
	return some;
}

/* puts e to sleep and wakes it in the same place; its old self is spoilt */
static bool
nap(br_ssl_engine_context *e, const br_ssl_engine_context *template,
    unsigned char *in, unsigned char *out)
{
	struct image *m = image_take(e);

	if (m == NULL)
		return false;
	memset(e, 0xee, sizeof *e);
	image_wake(m, e, template);
	image_free(m);
	memset(in, 0xee, IN_LEN);
	memset(out, 0xee, OUT_LEN);
	e->ibuf = in;
	e->obuf = out;
	return br_ssl_engine_current_state(e) ==
	    (BR_SSL_RECVREC | BR_SSL_SENDAPP);
}

/* sends some bytes, no two times the same, and sees whether they come */
static bool
echo(br_ssl_engine_context *from, br_ssl_engine_context *to, int first)
{
	unsigned char *p;
	size_t n, i;

	p = br_ssl_engine_sendapp_buf(from, &n);
	if (p == NULL || n != 16384)
		return false;
	for (i = 0; i < 100; i++)
		p[i] = (unsigned char)(first + (int)i);
	br_ssl_engine_sendapp_ack(from, 100);
	br_ssl_engine_flush(from, 0);
	carry(from, to);
	p = br_ssl_engine_recvapp_buf(to, &n);
	if (p == NULL || n != 100)
		return false;
	for (i = 0; i < 100; i++)
		if (p[i] != (unsigned char)(first + (int)i))
			return false;
	br_ssl_engine_recvapp_ack(to, n);
	return true;
}

static bool
talk(struct pair *p, const br_ssl_engine_context *ts,
    const br_ssl_engine_context *tc)
{
	br_ssl_engine_context *s = &p->server.eng, *c = &p->client.eng;
	int i;

	while (carry(c, s) || carry(s, c))
		;
	if (s->application_data != 1 || c->application_data != 1)
		return false;
	for (i = 0; i < 3; i++)
		if (!nap(s, ts, p->in[0], p->out[0]) ||
		    !nap(c, tc, p->in[1], p->out[1]) ||
		    !echo(s, c, i) || !echo(c, s, 50 * i))
			return false;
	if (!nap(s, ts, p->in[0], p->out[0]))
		return false;
	br_ssl_engine_close(c);
	while (carry(c, s) || carry(s, c))
		;
	return br_ssl_engine_current_state(s) == BR_SSL_CLOSED &&
	    br_ssl_engine_current_state(c) == BR_SSL_CLOSED &&
	    br_ssl_engine_last_error(s) == 0 &&
	    br_ssl_engine_last_error(c) == 0;
}

bool
image_works(const br_ssl_server_context *s, const br_ssl_client_context *c)
{
	struct pair *p = calloc(1, sizeof *p);
	bool works;

	if (p == NULL)
		return false;
	memcpy(&p->server, s, sizeof *s);
	memcpy(&p->client, c, sizeof *c);
	works = begin(p) && talk(p, &s->eng, &c->eng);
	wipe(p, sizeof *p);
	free(p);
	return works;
}

#else
struct image {
	char none;
};

struct image *
image_take(const br_ssl_engine_context *e)
{
	(void)e;
	return NULL;
}

void
image_wake(const struct image *m, br_ssl_engine_context *e,
    const br_ssl_engine_context *template)
{
	(void)m;
	memcpy(e, template, sizeof *e);
}

size_t
image_size(const struct image *m)
{
	return sizeof *m;
}

void
image_free(struct image *m)
{
	(void)m;
}

bool
image_works(const br_ssl_server_context *s, const br_ssl_client_context *c)
{
	(void)s;
	(void)c;
	return false;
}
#endif
