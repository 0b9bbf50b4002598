/*
 * TLS 1.2 by BearSSL. This file and five parts are all that sees the library,
 * but for ws.c's SHA-1: lib/tlskeys.c reads keys and certificates,
 * lib/tlstrust.c judges those of others, lib/tlssite.c decides what a handshake
 * leads to, lib/tlssleep.c makes idle engines small, lib/tlsmodel.c has what
 * new ones are copied from. They would be one file if that could be read. Its
 * defects are worked around in them, and another library would replace them
 * alone: so everybody else has tls.h, and test/conf/fence fails where one has
 * more. The other files called tls know nothing of it. What stands here is an
 * engine's life:
 *
 *	new       nothing but struct tls; begins with the first byte
 *	shaking   engine, struct shake (certificates, choices), buffers
 *	up        engine; buffers while bytes move (tls_rest)
 *	asleep    struct image: keys, counters, little more (tls_sleep)
 *	over      nothing but struct tls, with the error
 *
 * The library keeps only offsets into an engine's buffers between two calls.
 * So they are taken from a connection that has nothing in them, and it gets
 * others later; what has to stay is put aside (tlspool.h). Without buffers an
 * engine points at tlsmodel_absent[], which nobody reads or writes.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"
#include "buf.h"
#include "room.h"
#include "slab.h"
#include "tlserror.h"
#include "tlsmodel.h"
#include "tlspool.h"
#include "hint.h"
#include "tlssite.h"
#include "tlssleep.h"

/* records beside data that a peer may send once the handshake is done */
#define ODD_MAX 8
/* the library's BR_IO_FAILED and BR_IO_INOUT: closed; both directions work */
#define NO_WAY 0
#define BOTH_WAYS 3
/* types of records */
enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23 };
/* our own close_notify, after tls_shut() */
enum { SHUT_NOT, SHUT_ASKED, SHUT_SAID, SHUT_SENT };

struct tls {
	br_ssl_engine_context *e;
	struct image *image; /* asleep: instead of e */
	struct shake *shake;
	struct tlspair *pair; /* e's buffers */
	struct tlspart *in, *out; /* what was in them, see tls_rest() */
	struct tls_server *server; /* one of these */
	struct tls_client *client;
	void *owner; /* the caller's */
	const struct asker *known; /* whose certificate a client has shown */
	uint16_t ahead, n_ahead; /* in ibuf: read, not the engine's yet */
	uint16_t suite;
	int16_t err;
	uint8_t odd; /* records so far, see ODD_MAX */
	uint8_t shut; /* SHUT_NOT ... */
	bool up : 1; /* the handshake is done */
	bool over : 1; /* nothing goes any more */
	bool starved : 1; /* there was no buffer */
	bool resumed : 1;
	bool whole : 1; /* e has what only handshakes need behind it */
	bool closing : 1, closed : 1; /* tls_close() was called, and could close */
};

/* engines do not live long: they sleep, or they end */
static struct room shaking = ROOM(sizeof(br_ssl_server_context));
static struct room awake = ROOM(sizeof(br_ssl_engine_context));
static struct slab slab; /* of struct tls */
static void (*on_stalled)(void *owner);

/* ---- the whole ---- */

int
tls_init(size_t buffers)
{
	if (buffers == 0 || buffers > SIZE_MAX / 4 / sizeof(struct tlspair)) {
		errno = EINVAL;
		return -1;
	}
	assert(sizeof(br_ssl_client_context) <= shaking.size);
	tlsmodel_init();
	if (slab.size == 0)
		slab_init(&slab, sizeof(struct tls), SIZE_MAX);
	tlspool_init(buffers);
	return 0;
}

void
tls_stalled(void (*fn)(void *owner))
{
	on_stalled = fn;
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

/* behind the engine itself stands what only the handshake needs */
static size_t
engine_size(const struct tls *t)
{
	if (!t->whole)
		return sizeof *t->e;
	return t->server != NULL ? sizeof(br_ssl_server_context) :
	    sizeof(br_ssl_client_context);
}

static void
engine_free(struct tls *t)
{
	if (t->e != NULL)
		wipe(t->e, engine_size(t));
	room_put(t->whole ? &shaking : &awake, t->e);
	t->e = NULL;
	t->whole = false;
}

/* gives back all but struct tls */
static void
end(struct tls *t, int error)
{
	engine_free(t);
	image_free(t->image);
	shake_free(t->shake);
	tlspool_put(t->pair);
	tlspool_drop(&t->in);
	tlspool_drop(&t->out);
	t->image = NULL;
	t->shake = NULL;
	t->pair = NULL;
	t->n_ahead = 0;
	t->over = true;
	t->starved = false;
	if (t->err == 0)
		t->err = (int16_t)error;
}

/* 0, or an error; what was made so far is found in t then */
static int
begin_server(struct tls *t)
{
	br_ssl_server_context *c = room_get(&shaking);

	if (c == NULL)
		return TLS_E_MEMORY;
	tlsmodel_server(c);
	t->e = &c->eng;
	t->whole = true;
	t->shake = shake_server(t->server, c);
	if (t->shake == NULL)
		return TLS_E_MEMORY;
	br_ssl_engine_set_buffers_bidi(&c->eng, t->pair->in, TLSPOOL_IN,
	    t->pair->out, TLSPOOL_OUT);
	tlsmodel_seed(&c->eng);
	return br_ssl_server_reset(c) ? 0 : br_ssl_engine_last_error(&c->eng);
}

static int
begin_client(struct tls *t)
{
	const struct trust *how = &t->client->how;
	br_ssl_client_context *c = room_get(&shaking);
	int error = TLS_E_MEMORY;
	bool resumes;

	if (c == NULL)
		return error;
	tlsmodel_client(c);
	t->e = &c->eng;
	t->whole = true;
	t->shake = tls_shake_client(t->client, c, &error);
	if (t->shake == NULL)
		return error;
	br_ssl_engine_set_buffers_bidi(&c->eng, t->pair->in, TLSPOOL_IN,
	    t->pair->out, TLSPOOL_OUT);
	tlsmodel_seed(&c->eng);
	resumes = shake_resumes(t->client, c);
	/* addresses are not sent: RFC 6066 3 */
	return br_ssl_client_reset(c, how->n_ip == 0 ? how->name : NULL,
	    resumes) ? 0 : br_ssl_engine_last_error(&c->eng);
}

static bool
begin(struct tls *t)
{
	int error = t->server != NULL ? begin_server(t) : begin_client(t);

	if (error != 0)
		end(t, error);
	return error == 0;
}

static bool
wake(struct tls *t)
{
	t->e = room_get(&awake);
	if (t->e == NULL) {
		/* later, perhaps */
		tlspool_put(t->pair);
		t->pair = NULL;
		t->starved = true;
		return false;
	}
	image_wake(t->image, t->e, tlsmodel_engine(t->server != NULL));
	image_free(t->image);
	t->image = NULL;
	return true;
}

static bool
hold_pair(struct tls *t)
{
	if (RARE(t->over))
		return false;
	t->pair = tlspool_get();
	t->starved = t->pair == NULL;
	if (RARE(t->starved) || (RARE(t->e == NULL) &&
	    !(t->image != NULL ? wake(t) : begin(t))))
		return false;
	t->e->ibuf = t->pair->in;
	t->e->obuf = t->pair->out;
	tlspool_unpart(t->in, t->pair->in);
	tlspool_unpart(t->out, t->pair->out);
	return true;
}

/* gives t an engine with buffers, whatever state it is in */
static inline bool
hold(struct tls *t)
{
	return USUAL(t->pair != NULL) || hold_pair(t);
}

/* an engine of the smaller size; the library's stacks move with it */
static void
move_engine(br_ssl_engine_context *to, const br_ssl_engine_context *from)
{
	memcpy(to, from, sizeof *to);
	to->cpu.dp = to->dp_stack + (from->cpu.dp - from->dp_stack);
	to->cpu.rp = to->rp_stack + (from->cpu.rp - from->rp_stack);
}

/* drops what only the handshake needed */
static void
shrink(struct tls *t)
{
	br_ssl_engine_context *e = room_get(&awake);

	t->e->x509ctx = NULL;
	t->e->chain = NULL;
	wipe(&t->e->session, sizeof t->e->session);
	if (e == NULL)
		return; /* it stays as large as it is */
	move_engine(e, t->e);
	engine_free(t);
	t->e = e;
	t->whole = false;
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

static void
established(struct tls *t)
{
	int error;

	t->up = true;
	t->suite = t->e->session.cipher_suite;
	error = t->server != NULL ? note_client(t) : note_server(t);
	shake_free(t->shake);
	t->shake = NULL;
	if (error != 0)
		end(t, error);
	else
		shrink(t);
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

/* looks at what a call has changed; t->e may be another one then, or NULL */
static void
settle(struct tls *t)
{
	if (RARE(t->e->iomode == NO_WAY)) {
		if (t->client != NULL && !t->up)
			shake_forget(t->client);
		end(t, cause(t));
	} else if (RARE(!t->up) && t->e->application_data == 1) {
		established(t);
	}
}

/* the age of what was put aside is that of its record: another one begins */
static void
next_record(struct tls *t)
{
	const br_ssl_engine_context *e = t->e;

	if (RARE(e == NULL || t->pair == NULL))
		return;
	if (e->ixa < 5 || e->ixa < e->ixb)
		tlspool_drop(&t->in);
	if (e->oxa >= e->oxc)
		tlspool_drop(&t->out);
}

static void
feed_ahead(struct tls *t)
{
	unsigned char *to;
	size_t n;

	while (t->n_ahead > 0 && USUAL(hold(t))) {
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
		settle(t);
		next_record(t);
		if (RARE(t->over))
			return;
		/* the head of a record that is no data has just been read */
		if (RARE(t->e->record_type_in != DATA) && t->up &&
		    t->e->ixa == 5 && t->e->ixb == 5 && ++t->odd > ODD_MAX)
			end(t, TLS_E_RENEGOTIATION);
	}
	if (t->e != NULL && RARE(t->e->shutdown_recv))
		t->n_ahead = 0; /* what follows close_notify is nothing */
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

	if (!hold(t))
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

	if (!hold(t))
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
	    !hold(t))
		return;
	while (t->e != NULL && br_ssl_engine_sendrec_buf(t->e, &n) != NULL) {
		br_ssl_engine_sendrec_ack(t->e, n);
		settle(t);
	}
}

/* ---- ports ---- */

static bool
begun(const struct tls *t)
{
	return t->e != NULL || t->image != NULL;
}

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
	if (t->e != NULL && RARE(br_ssl_engine_recvrec_buf(t->e, n) == NULL))
		return NULL;
	if (RARE(t->n_ahead > 0 || !hold(t)))
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
		hold(t);
	if (t->e == NULL || br_ssl_engine_sendrec_buf(t->e, n) == NULL ||
	    !hold(t))
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
	settle(t);
	next_record(t);
	if (RARE(t->shut == SHUT_SAID) && (t->e == NULL ||
	    br_ssl_engine_sendrec_buf(t->e, &n) == NULL))
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
	if (RARE(t->n_ahead > 0) && p == NULL) {
		feed_ahead(t);
		p = t->e != NULL ? br_ssl_engine_recvapp_buf(t->e, n) : NULL;
	}
	if (RARE(t->pair == NULL) && p != NULL)
		return t->in->bytes + (t->e->ixa - t->in->at);
	return p;
}

void
tls_plain_in_done(struct tls *t, size_t n)
{
	br_ssl_engine_recvapp_ack(t->e, n);
	feed(t);
	/* the record behind it may have been the end of all */
	if (RARE(t->pair == NULL) && t->e != NULL && t->n_ahead == 0 &&
	    t->e->ixa == t->e->ixb)
		tlspool_drop(&t->in);
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
		if (RARE(!hold_pair(t)))
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
		end(t, 0);
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

/* ---- idle ---- */

/* what has to stay of the buffer to receive: from *at on, *n bytes */
static void
in_use(const struct tls *t, size_t *at, size_t *n)
{
	const br_ssl_engine_context *e = t->e;

	*at = e->ixa < e->ixb ? e->ixa : 0;
	*n = RARE(t->n_ahead > 0) ? t->ahead + t->n_ahead - *at :
	    e->ixb - *at;
}

/* the memory for parts is used up: whoever has waited longest loses. False if
 * that is t itself */
static bool
make_room(const struct tls *t)
{
	struct tls *oldest = tlspool_oldest();

	if (oldest == NULL)
		return false;
	end(oldest, TLS_E_STALLED);
	if (on_stalled != NULL)
		on_stalled(oldest->owner);
	return oldest != t;
}

/* keeps n bytes of a buffer in *part */
static bool
keep_part(struct tls *t, struct tlspart **part, const unsigned char *buf,
    size_t at, size_t n)
{
	while (tlspool_full(*part, n))
		if (!make_room(t))
			return false;
	return tlspool_part(part, t, buf, at, n);
}

/* the same, or nothing if n is 0 */
static inline bool
put_aside(struct tls *t, struct tlspart **part, const unsigned char *buf,
    size_t at, size_t n)
{
	if (RARE(n > 0))
		return keep_part(t, part, buf, at, n);
	tlspool_drop(part);
	return true;
}

/*
 * While buffers are not scarce a part of a record stays in its own: that costs
 * nothing. A part that was put aside is kept when its bytes are in a buffer
 * again, as it has the record's age.
 */
void
tls_rest(struct tls *t)
{
	const br_ssl_engine_context *e = t->e;
	size_t at, n, n_out;

	if (t->pair == NULL || RARE(e->iomode != BOTH_WAYS))
		return;
	if (RARE(e->oxa > e->oxc))
		return; /* gathered, and not yet a record */
	in_use(t, &at, &n);
	n_out = e->oxc - e->oxa;
	if (RARE(n + n_out > 0) && !tlspool_scarce())
		return;
	if (!put_aside(t, &t->in, e->ibuf, at, n) ||
	    !put_aside(t, &t->out, e->obuf, e->oxa, n_out))
		return;
	tlspool_put(t->pair);
	t->pair = NULL;
	t->e->ibuf = tlsmodel_absent;
	t->e->obuf = tlsmodel_absent + 1;
}

static bool
can_sleep(const struct tls *t)
{
	const br_ssl_engine_context *e = t->e;

	return tlsmodel_sleeps() && t->up && !t->closing &&
	    t->shut != SHUT_ASKED && t->pair == NULL &&
	    t->in == NULL && t->out == NULL && e->iomode == BOTH_WAYS &&
	    e->application_data == 1 && !e->shutdown_recv && e->ixa == 0 &&
	    e->oxa == e->oxc;
}

bool
tls_sleep(struct tls *t)
{
	tls_rest(t);
	if (t->e == NULL)
		return true;
	if (!can_sleep(t))
		return false;
	t->image = image_take(t->e);
	if (t->image == NULL)
		return false;
	engine_free(t);
	return true;
}

size_t
tls_size(const struct tls *t)
{
	size_t n = sizeof *t;

	if (t->e != NULL)
		n += engine_size(t);
	if (t->image != NULL)
		n += image_size(t->image);
	if (t->shake != NULL)
		n += sizeof *t->shake;
	if (t->shake != NULL && t->shake->check != NULL)
		n += sizeof *t->shake->check;
	if (t->pair != NULL)
		n += sizeof *t->pair;
	if (t->in != NULL)
		n += sizeof *t->in + t->in->n;
	if (t->out != NULL)
		n += sizeof *t->out + t->out->n;
	return n;
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

bool
tls_starved(const struct tls *t)
{
	/* others may have given some back meanwhile */
	return t->starved && tlspool_used() >= tlspool_max();
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
	end(t, 0);
	if (t->server != NULL)
		tls_server_free(t->server);
	tls_client_free(t->client);
	slab_put(&slab, t);
}
