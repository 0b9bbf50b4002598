/* The answer to a probe: see probeanswer.h. */
#include <stdio.h>
#include <string.h>

#include "probeanswer.h"
#include "chunk.h"

/* how long a body is waited for: it is only quoted */
#define BODY_US 1000000

static const struct http_limits limits = {32768, 8192, ANSWER_FIELDS};

static enum probe_ending
ending_of(int r)
{
	return r == 0 ? CUT_SILENT : r == -1 ? CUT_FIN : CUT_RST;
}

/* reads the head of a final answer, or of a 101; taken off the wire */
static void
read_head(struct wire *w, struct answer *a, int64_t until)
{
	int n, r;

	a->r.h.fields = a->fields;
	for (;;) {
		n = http_parse_response((const char *)w->in + w->beg,
		    wire_len(w), &limits, false, &a->r);
		if (n < 0) {
			a->reason = -n;
			return;
		}
		if (n > 0 && (a->r.status >= 200 || a->r.status == 101))
			break;
		if (n > 0) {
			wire_take(w, (size_t)n); /* 100, 103 and the like */
			continue;
		}
		r = wire_fill(w, until);
		if (r <= 0) {
			a->cut = ending_of(r);
			return;
		}
	}
	wire_take(w, (size_t)n);
}

/* takes what has come into the body; true if that was all of it */
static bool
take_body(struct wire *w, struct answer *a, struct chunk_state *chunks)
{
	size_t n = wire_len(w), room = sizeof a->body - 1 - a->n_body, k = n;
	char *p = (char *)w->in + w->beg;

	if (a->r.h.body == HTTP_BODY_CHUNKED &&
	    chunk_decode(chunks, p, n, &p, &k) < 0)
		return true;
	if (k > room)
		k = room;
	memcpy(a->body + a->n_body, p, k);
	a->n_body += k;
	wire_take(w, n);
	if (a->r.h.body == HTTP_BODY_LENGTH && a->n_body >= a->r.h.length)
		return true;
	return k == room || (a->r.h.body == HTTP_BODY_CHUNKED &&
	    chunk_done(chunks));
}

void
answer_body(struct wire *w, struct answer *a, int64_t until)
{
	struct chunk_state chunks = {0};
	size_t i;

	if (until > wire_now() + BODY_US)
		until = wire_now() + BODY_US;
	if (a->r.h.body != HTTP_BODY_NONE)
		while (!take_body(w, a, &chunks) && wire_fill(w, until) > 0)
			;
	for (i = 0; i < a->n_body; i++)
		if (a->body[i] == '\0')
			a->body[i] = ' ';
	a->body[a->n_body] = '\0';
}

/* the spans of the head die with the next read: these are kept */
void
answer_field(const struct http_head *h, const char *name, char *to,
    size_t size)
{
	unsigned i;
	size_t n;

	*to = '\0';
	for (i = 0; i < h->n_fields; i++) {
		if (!span_is(h->fields[i].name, name))
			continue;
		n = h->fields[i].value.n;
		if (n > size - 1)
			n = size - 1;
		memcpy(to, h->fields[i].value.p, n);
		to[n] = '\0';
		return;
	}
}

void
answer_read(struct wire *w, struct answer *a, int64_t until)
{
	memset(a, 0, sizeof *a);
	read_head(w, a, until);
	if (a->cut == CUT_NONE && a->reason == 0)
		snprintf(a->phrase, sizeof a->phrase, "%.*s",
		    (int)(a->r.phrase.n < 60 ? a->r.phrase.n : 60),
		    a->r.phrase.p);
}
