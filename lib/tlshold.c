/*
 * The library keeps only offsets into an engine's buffers between two calls.
 * So they are taken from a connection that has nothing in them, and it gets
 * others later; what has to stay is put aside (tlspool.h). Without buffers an
 * engine points at tlsmodel_absent[], which nobody reads or writes.
 */
#include <string.h>

#include "tlshold.h"
#include "room.h"
#include "tls.h"
#include "tlserror.h"
#include "tlsmodel.h"
#include "tlssite.h"
#include "tlssleep.h"

/* the library's BR_IO_INOUT: both directions work */
#define BOTH_WAYS 3

/* behind the engine, which is first, stands what only the handshake needs */
union whole {
	br_ssl_server_context server;
	br_ssl_client_context client;
};

/* engines do not live long: they sleep, or they end */
static struct room shaking = ROOM(sizeof(union whole));
static struct room awake = ROOM(sizeof(br_ssl_engine_context));
static void (*on_stalled)(void *owner);

void
tls_stalled(void (*fn)(void *owner))
{
	on_stalled = fn;
}

/* ---- the engine ---- */

void *
tlshold_begin(struct tls *t)
{
	void *c = room_get(&shaking);

	t->e = c;
	t->whole = c != NULL;
	return c;
}

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

/* an engine of the smaller size; the library's stacks move with it */
static void
move_engine(br_ssl_engine_context *to, const br_ssl_engine_context *from)
{
	memcpy(to, from, sizeof *to);
	to->cpu.dp = to->dp_stack + (from->cpu.dp - from->dp_stack);
	to->cpu.rp = to->rp_stack + (from->cpu.rp - from->rp_stack);
}

void
tlshold_shrink(struct tls *t)
{
	br_ssl_engine_context *e = room_get(&awake);

	shake_free(t->shake);
	t->shake = NULL;
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

void
tlshold_end(struct tls *t, int error)
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

/* ---- its buffers ---- */

static inline void
attach(struct tls *t)
{
	t->e->ibuf = t->pair->in;
	t->e->obuf = t->pair->out;
	tlspool_unpart(t->in, t->pair->in);
	tlspool_unpart(t->out, t->pair->out);
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

bool
tlshold_take(struct tls *t)
{
	if (RARE(t->over))
		return false;
	t->pair = tlspool_get();
	t->starved = t->pair == NULL;
	if (RARE(t->starved) || (RARE(t->image != NULL) && !wake(t)))
		return false;
	if (USUAL(t->e != NULL))
		attach(t);
	return true;
}

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
	tlshold_end(oldest, TLS_E_STALLED);
	if (on_stalled != NULL)
		on_stalled(oldest->owner);
	return oldest != t;
}

/* keeps n bytes of a buffer in *part. False: there is no memory, or t is over
 * and holds nothing any more */
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

bool
tls_starved(const struct tls *t)
{
	/* others may have given some back meanwhile */
	return t->starved && tlspool_used() >= tlspool_max();
}

/* ---- asleep ---- */

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
