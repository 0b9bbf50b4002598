/* Chunked bodies: whole and cut anywhere they come out the same, and what weir
 * makes of one is a chunked body with the same payload. */
#include "fuzz.h"
#include "body.h"

#define FIELDS 20

struct out {
	char p[400000];
	struct text t;
	int fault; /* a reason, or 0 */
	bool done;
};

/* passes a body on, in pieces if it is cut */
static void
pass(struct out *o, const void *in, size_t n, bool chunked, bool cut)
{
	static const struct http_limits limits = {1024, 1024, FIELDS};
	static struct http_field fields[FIELDS];
	struct body_piece piece;
	struct body b;
	size_t had = 0, end = 0;
	char *part;
	int i;
	ssize_t r = 0;

	body_start(&b, HTTP_BODY_CHUNKED, 0, chunked);
	text_init(&o->t, o->p, sizeof o->p);
	while (r >= 0 && !b.done && end < n) {
		end += cut ? 1 + pick(NULL, 0, n - end < 9 ? n - end : 9) : n;
		part = copy((const char *)in + had, end - had);
		r = body_take(&b, part, end - had, &limits, fields, &piece);
		MUST(r <= (ssize_t)(end - had));
		for (i = 0; i < piece.n; i++)
			text_mem(&o->t, piece.parts[i].iov_base,
			    piece.parts[i].iov_len);
		had += r > 0 ? (size_t)r : 0;
		free(part);
	}
	o->fault = r < 0 ? (int)-r : 0;
	o->done = b.done;
}

static bool
same(const struct out *a, const struct out *b)
{
	return a->done == b->done && a->t.n == b->t.n && !a->t.full &&
	    memcmp(a->p, b->p, a->t.n) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct out whole, cut, chunks, back;
	static bool ready;

	if (!ready)
		body_init(1024);
	ready = true;
	pick(p, n, 1);
	pass(&whole, p, n, false, false);
	pass(&cut, p, n, false, true);
	MUST(cut.fault == whole.fault && same(&cut, &whole));
	pass(&chunks, p, n, true, true);
	pass(&back, chunks.p, chunks.t.n, false, true);
	MUST(back.fault == 0 && same(&back, &whole));
	return 0;
}
