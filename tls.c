/*
 * TLS 1.2 by BearSSL. This file and its parts are all that sees the library,
 * but for ws.c's SHA-1: lib/tlskeys.c reads keys and certificates,
 * lib/tlstrust.c judges those of others, lib/tlssite.c decides what a handshake
 * leads to, lib/tlsmodel.c has what new engines are copied from, lib/tlsgcm.c
 * encrypts for them, lib/tlshold.c has what a connection holds and gives it
 * back while that is idle, lib/tlssleep.c makes idle engines small, and
 * lib/tlssign.c checks tokens. They would be one file if that could be read.
 * Its defects are worked around in them, and another library would replace them
 * alone: so everybody else has tls.h, or tlssign.h, and test/conf/fence fails
 * where one has more. The other files called tls know nothing of it.
 *
 * What stands here is a connection's life, which begins with its first byte,
 * and its four ports. Whether it has an engine meanwhile: tlshold.h.
 */
#include <errno.h>
#include <string.h>

#include "tls.h"
#include "buf.h"
#include "hint.h"
#include "slab.h"
#include "tlserror.h"
#include "tlshold.h"
#include "tlsmodel.h"
#include "tlspool.h"
#include "tlssite.h"

/* records beside data that a peer may send once the handshake is done */
#define ODD_MAX 8
/* the library's BR_IO_FAILED: closed */
#define NO_WAY 0
/* types of records */
enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23 };

static struct slab slab; /* of struct tls */

/* ---- the whole ---- */

int
tls_init(size_t buffers)
{
	if (buffers == 0 || buffers > SIZE_MAX / 4 / sizeof(struct tlspair)) {
		errno = EINVAL;
		return -1;
	}
	tlsmodel_init();
	if (slab.size == 0)
		slab_init(&slab, sizeof(struct tls), SIZE_MAX);
	tlspool_init(buffers);
	return 0;
}

size_t
tls_memory(void)
{
	return tlspool_memory();
}

const char *
tls_about(void)
{
	static const char *const about[2][2] = {
		{"BearSSL: TLS 1.2, AES in software, parking",
		    "BearSSL: TLS 1.2, AES in software, hibernation"},
		{"BearSSL: TLS 1.2, AES in hardware, parking",
		    "BearSSL: TLS 1.2, AES in hardware, hibernation"}
	};

	return about[tlsmodel_aes()][tlsmodel_sleeps()];
}

bool
tls_sleeps(void)
{
	return tlsmodel_sleeps();
}

/* ---- from new to up to over ---- */

/* what no model has */
static void
equip(struct tls *t)
{
	br_ssl_engine_set_buffers_bidi(t->e, t->pair->in, TLSPOOL_IN,
	    t->pair->out, TLSPOOL_OUT);
	tlsmodel_seed(t->e);
}

/* 0, or an error; what was made so far is found in t then */
static int
begin_server(struct tls *t)
{
	br_ssl_server_context *c = tlshold_begin(t);

	if (c == NULL)
		return TLS_E_MEMORY;
	tlsmodel_server(c);
	t->shake = shake_server(t->server, c);
	if (t->shake == NULL)
		return TLS_E_MEMORY;
	equip(t);
	return br_ssl_server_reset(c) ? 0 : br_ssl_engine_last_error(&c->eng);
}

static int
begin_client(struct tls *t)
{
	const struct trust *how = &t->client->how;
	br_ssl_client_context *c = tlshold_begin(t);
	int error = TLS_E_MEMORY;
	bool resumes;

	if (c == NULL)
		return error;
	tlsmodel_client(c);
	t->shake = tls_shake_client(t->client, c, &error);
	if (t->shake == NULL)
		return error;
	equip(t);
	resumes = shake_resumes(t->client, c);
	/* addresses are not sent: RFC 6066 3 */
	return br_ssl_client_reset(c, how->n_ip == 0 ? how->name : NULL,
	    resumes) ? 0 : br_ssl_engine_last_error(&c->eng);
}

static bool
begun(const struct tls *t)
{
	return t->e != NULL || t->image != NULL;
}

/* false: later, perhaps, or it is over */
static bool
begin(struct tls *t)
{
	int error;

	if (!tlshold_pair(t))
		return false;
	error = t->server != NULL ? begin_server(t) : begin_client(t);
	if (error != 0)
		tlshold_end(t, error);
	return error == 0;
}

/* the server's view of a handshake that is done: 0, or what is wrong */
static int
note_client(struct tls *t)
{
	t->resumed = t->shake->cred == NULL;
	if (t->resumed && !shake_same(t->shake, shake_name(t->e)))
		return TLS_E_OTHER_NAME;
	/* a bad certificate, or none, would have been an error before */
	if (t->shake->check != NULL)
		t->known = t->shake->asker;
	return 0;
}

/* the client's view */
static int
note_server(struct tls *t)
{
	t->resumed = t->shake->check->count == 0;
	if (!t->resumed)
		shake_keep(t->client, t->e);
	return 0;
}

/* false if it is over */
static bool
established(struct tls *t)
{
	int error;

	t->up = true;
	t->suite = t->e->session.cipher_suite;
	error = t->server != NULL ? note_client(t) : note_server(t);
	if (error != 0)
		tlshold_end(t, error);
	else
		tlshold_shrink(t);
	return error == 0;
}

/* the library's error, told apart where it means two things */
static int
cause(const struct tls *t)
{
	int error = br_ssl_engine_last_error(t->e);

	if (t->client == NULL || t->up)
		return error;
	/* if a record looked like TLS it is the version inside */
	if (error == BR_ERR_UNSUPPORTED_VERSION && t->e->version_in != 0)
		return TLS_E_OLD;
	if (error == BR_ERR_RECV_FATAL_ALERT + 70)
		return TLS_E_NEW;
	return error;
}

/* looks at what a call has changed; t->e may be another one then. False if it
 * is over */
static bool
settle(struct tls *t)
{
	if (RARE(t->e->iomode == NO_WAY)) {
		if (t->client != NULL && !t->up)
			shake_forget(t->client);
		tlshold_end(t, cause(t));
		return false;
	}
	if (RARE(!t->up) && t->e->application_data == 1)
		return established(t);
	return true;
}

/* false if it is over */
static bool
feed_ahead(struct tls *t)
{
	unsigned char *to;
	size_t n;

	while (t->n_ahead > 0 && USUAL(tlshold_pair(t))) {
		to = br_ssl_engine_recvrec_buf(t->e, &n);
		if (RARE(to == NULL))
			break;
		if (RARE(n > t->n_ahead))
			n = t->n_ahead;
		/* never forwards: what is there was read for these places */
		if (RARE(to != t->e->ibuf + t->ahead))
			memmove(to, t->e->ibuf + t->ahead, n);
		t->ahead = (uint16_t)(t->ahead + n);
		t->n_ahead = (uint16_t)(t->n_ahead - n);
		br_ssl_engine_recvrec_ack(t->e, n);
		if (RARE(!settle(t)))
			return false;
		tlshold_next(t);
		/* the head of a record that is no data has just been read */
		if (RARE(t->e->record_type_in != DATA) && t->up &&
		    t->e->ixa == 5 && t->e->ixb == 5 && ++t->odd > ODD_MAX) {
			tlshold_end(t, TLS_E_RENEGOTIATION);
			return false;
		}
	}
	if (RARE(t->e->shutdown_recv))
		t->n_ahead = 0; /* what follows close_notify is nothing */
	return true;
}

/* gives the engine what was read ahead, as far as it takes it */
static inline void
feed(struct tls *t)
{
	if (RARE(t->n_ahead > 0))
		feed_ahead(t);
}

/* closes, once there is a buffer for it */
static void
close_now(struct tls *t)
{
	size_t n;

	if (!tlshold_pair(t))
		return;
	t->closed = true;
	/* the library would wait for it to be taken, for ever */
	while (br_ssl_engine_recvapp_buf(t->e, &n) != NULL)
		br_ssl_engine_recvapp_ack(t->e, n);
	br_ssl_engine_close(t->e);
	settle(t);
	feed(t);
}

/*
 * Says close_notify in a record that the library takes for one of data, so
 * that it goes on to receive; after its own way to close it throws away what
 * still comes. Has to wait while another record is leaving.
 */
static void
say_end(struct tls *t)
{
	unsigned char *p;
	size_t n;

	if (!tlshold_pair(t))
		return;
	br_ssl_engine_flush(t->e, 0);
	p = br_ssl_engine_sendapp_buf(t->e, &n);
	if (p == NULL || n < 2)
		return;
	p[0] = 1; /* RFC 5246 7.2: warning, close_notify */
	p[1] = 0;
	t->e->record_type_out = ALERT;
	br_ssl_engine_sendapp_ack(t->e, 2);
	br_ssl_engine_flush(t->e, 0);
	t->e->record_type_out = DATA;
	t->shut = SHUT_SAID;
}

/* what the library answers to the peer's close_notify was said before */
static void
swallow(struct tls *t)
{
	size_t n;

	if (t->e == NULL || br_ssl_engine_sendrec_buf(t->e, &n) == NULL ||
	    !tlshold_pair(t))
		return;
	do {
		br_ssl_engine_sendrec_ack(t->e, n);
	} while (settle(t) && br_ssl_engine_sendrec_buf(t->e, &n) != NULL);
}

/* ---- ports ---- */

void
tls_warm(const struct tls *t, bool out)
{
	const br_ssl_engine_context *e = t->e;

	if (e == NULL)
		return;
	warm(e, offsetof(br_ssl_engine_context, in));
	warm(out ? (const void *)&e->out : &e->in, sizeof e->in.gcm);
	warm(&e->application_data, 1);
}

unsigned char *
tls_wire_in(struct tls *t, size_t *n)
{
	if (RARE(t->closing) && !t->closed)
		close_now(t);
	feed(t);
	if (RARE(!begun(t)) && !begin(t))
		return NULL;
	if (t->e != NULL && RARE(br_ssl_engine_recvrec_buf(t->e, n) == NULL))
		return NULL;
	if (RARE(t->n_ahead > 0 || !tlshold_pair(t)))
		return NULL;
	if (RARE(br_ssl_engine_recvrec_buf(t->e, n) == NULL))
		return NULL;
	/* all there is room for, and not what the engine asks for: that is
	 * two calls for a record, this one for many records */
	*n = TLSPOOL_IN - t->e->ixa;
	return t->e->ibuf + t->e->ixa;
}

void
tls_wire_in_done(struct tls *t, size_t n)
{
	if (RARE(n == 0))
		return;
	t->ahead = (uint16_t)t->e->ixa;
	t->n_ahead = (uint16_t)n;
	feed_ahead(t);
}

/* true if the record that leaves is followed by another one at once: the
 * change of ciphers and the last message of a handshake */
static bool
more_follows(const struct tls *t)
{
	const br_ssl_engine_context *e = t->e;

	if (t->up)
		return false;
	if (e->record_type_out == CHANGE_CIPHER)
		return true;
	/* a client's second flight, or a server's only one when it resumes;
	 * the last message is the one that is no longer clear */
	return e->record_type_out == HANDSHAKE &&
	    e->out.vtable == &br_sslrec_out_clear_vtable &&
	    (t->client != NULL ? e->version_in != 0 : t->shake->cred == NULL);
}

const unsigned char *
tls_wire_out(struct tls *t, size_t *n, bool *more)
{
	if (RARE(t->closing) && !t->closed)
		close_now(t);
	if (RARE(t->shut == SHUT_ASKED))
		say_end(t);
	if (RARE(t->shut == SHUT_SENT)) {
		swallow(t);
		return NULL;
	}
	/* a client has something to say from its beginning */
	if (RARE(!begun(t)) && t->client != NULL)
		begin(t);
	if (t->e == NULL || br_ssl_engine_sendrec_buf(t->e, n) == NULL ||
	    !tlshold_pair(t))
		return NULL;
	*more = more_follows(t);
	return br_ssl_engine_sendrec_buf(t->e, n);
}

void
tls_wire_out_done(struct tls *t, size_t n)
{
	if (RARE(n == 0))
		return;
	br_ssl_engine_sendrec_ack(t->e, n);
	if (RARE(!settle(t)))
		return;
	tlshold_next(t);
	if (RARE(t->shut == SHUT_SAID) &&
	    br_ssl_engine_sendrec_buf(t->e, &n) == NULL)
		t->shut = SHUT_SENT;
	feed(t);
}

const unsigned char *
tls_plain_in(struct tls *t, size_t *n)
{
	const unsigned char *p;

	if (RARE(t->e == NULL || t->closing))
		return NULL;
	p = br_ssl_engine_recvapp_buf(t->e, n);
	if (RARE(t->n_ahead > 0) && p == NULL && feed_ahead(t))
		p = br_ssl_engine_recvapp_buf(t->e, n);
	return tlshold_plain(t, p);
}

void
tls_plain_in_done(struct tls *t, size_t n)
{
	br_ssl_engine_recvapp_ack(t->e, n);
	feed(t);
	/* the record behind it may have been the end of all */
	if (t->e != NULL)
		tlshold_taken(t);
}

size_t
tls_read(struct tls *t, void *to, size_t n)
{
	const unsigned char *p;
	size_t k, got = 0;

	while (got < n && (p = tls_plain_in(t, &k)) != NULL) {
		if (RARE(k > n - got))
			k = n - got;
		memcpy((unsigned char *)to + got, p, k);
		tls_plain_in_done(t, k);
		got += k;
	}
	return got;
}

unsigned char *
tls_plain_out(struct tls *t, size_t *n)
{
	if (RARE(!t->up || t->over || t->closing || t->shut != SHUT_NOT))
		return NULL;
	if (t->pair == NULL) {
		/* no buffer is taken for what cannot be put */
		if (t->e != NULL && br_ssl_engine_sendapp_buf(t->e, n) == NULL)
			return NULL;
		if (RARE(!tlshold_take(t)))
			return NULL;
	}
	return br_ssl_engine_sendapp_buf(t->e, n);
}

void
tls_plain_out_done(struct tls *t, size_t n)
{
	if (n > 0)
		br_ssl_engine_sendapp_ack(t->e, n);
}

size_t
tls_write(struct tls *t, const void *p, size_t n)
{
	unsigned char *to;
	size_t k, taken = 0;

	while (taken < n && USUAL((to = tls_plain_out(t, &k)) != NULL)) {
		if (k > n - taken)
			k = n - taken;
		memcpy(to, (const unsigned char *)p + taken, k);
		tls_plain_out_done(t, k);
		taken += k;
	}
	return taken;
}

void
tls_flush(struct tls *t)
{
	if (t->e != NULL && t->pair != NULL)
		br_ssl_engine_flush(t->e, 0);
}

void
tls_close(struct tls *t)
{
	if (t->over || t->closing)
		return;
	t->closing = true;
	if (begun(t))
		close_now(t);
	else
		tlshold_end(t, 0);
}

void
tls_shut(struct tls *t)
{
	if (!t->up) {
		tls_close(t);
	} else if (!t->over && !t->closing && t->shut == SHUT_NOT) {
		t->shut = SHUT_ASKED;
		say_end(t);
	}
}

/* ---- what is known ---- */

bool
tls_ready(const struct tls *t)
{
	return t->up && !t->over;
}

bool
tls_closed(const struct tls *t)
{
	return t->over || (t->e != NULL && t->e->shutdown_recv);
}

int
tls_error(const struct tls *t)
{
	return t->err;
}

const char *
tls_suite(const struct tls *t)
{
	return site_suite_name(t->suite);
}

bool
tls_resumed(const struct tls *t)
{
	return t->resumed;
}

bool
tls_client_known(const struct tls *t, const char *host)
{
	char name[256];
	size_t i, n = strlen(host);

	if (t->known == NULL || n >= sizeof name)
		return false;
	/* as shake_name() does: else another spelling had another CA */
	for (i = 0; i < n; i++)
		name[i] = lower(host[i]);
	if (n > 0 && name[n - 1] == '.')
		n--;
	name[n] = '\0';
	return tls_server_asks(t->server, name, t->known->file);
}

/* ---- connections ---- */

struct tls *
tls_accept(struct tls_server *s, void *owner)
{
	struct tls *t = slab_get(&slab);

	if (t == NULL)
		return NULL;
	t->server = s;
	t->owner = owner;
	s->refs++;
	return t;
}

struct tls *
tls_connect(struct tls_client *c, void *owner)
{
	struct tls *t = slab_get(&slab);

	if (t == NULL)
		return NULL;
	t->client = c;
	t->owner = owner;
	c->refs++;
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	tlshold_end(t, 0);
	if (t->server != NULL)
		tls_server_free(t->server);
	tls_client_free(t->client);
	slab_put(&slab, t);
}
