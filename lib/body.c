/* Bodies between the sides: see body.h. */
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "log.h"
#include "rewrite.h"

static char *tail_memory;
static size_t tail_size;

void
body_init(size_t trailers_max)
{
	tail_size = body_grown(trailers_max);
	tail_memory = malloc(tail_size);
	if (tail_memory == NULL)
		fatal("out of memory for trailers");
}

size_t
body_grown(size_t n)
{
	/* "a:" and CRLF become "a: " and CRLF */
	return n + n / 4 + BODY_FRAMING;
}

void
body_start(struct body *b, enum http_body kind, uint64_t length, bool chunked)
{
	memset(b, 0, sizeof *b);
	b->kind = kind;
	b->chunked = chunked;
	b->left = kind == HTTP_BODY_LENGTH ? length : 0;
	b->done = kind == HTTP_BODY_NONE ||
	    (kind == HTTP_BODY_LENGTH && length == 0);
}

static void
add_part(struct body_piece *piece, const void *p, size_t n)
{
	if (RARE(n == 0))
		return;
	piece->parts[piece->n].iov_base = (void *)p;
	piece->parts[piece->n++].iov_len = n;
}

/* puts payload into the piece, as a chunk of its own where needed */
static void
add_payload(struct body *b, struct body_piece *piece, char *p, size_t n,
    struct text *tail)
{
	struct text size;

	b->bytes += n;
	piece->payload = n;
	if (RARE(b->chunked) && n > 0) {
		text_init(&size, piece->size, sizeof piece->size);
		text_hex(&size, n);
		text_mem(&size, "\r\n", 2);
		add_part(piece, size.p, size.n);
		text_mem(tail, "\r\n", 2);
	}
	add_part(piece, p, n);
}

/* the last chunk and the trailers, if they have come whole */
static ssize_t
take_trailers(struct body *b, const char *p, size_t n,
    const struct http_limits *lim, struct http_field *fields,
    struct text *tail)
{
	struct http_head h;
	int used;

	h.fields = fields;
	used = chunk_parse_trailers(p, n, lim, &h);
	if (used <= 0)
		return used;
	b->done = true;
	if (b->chunked) {
		text_mem(tail, "0\r\n", 3);
		rewrite_trailers(tail, &h, b->set, b->del, b->hidden);
	}
	return used;
}

ssize_t
body_take(struct body *b, char *p, size_t n, const struct http_limits *lim,
    struct http_field *fields, struct body_piece *piece)
{
	struct text tail;
	size_t payload = n;
	ssize_t taken = 0, more = 0;
	char *data = p;

	text_init(&tail, tail_memory, tail_size);
	piece->n = 0;
	piece->payload = 0;
	if (RARE(b->done))
		return 0;
	switch (b->kind) {
	case HTTP_BODY_NONE:
		return 0;
	case HTTP_BODY_LENGTH:
		if (payload > b->left)
			payload = (size_t)b->left;
		b->left -= payload;
		b->done = b->left == 0;
		taken = (ssize_t)payload;
		break;
	case HTTP_BODY_EOF:
		taken = (ssize_t)payload;
		break;
	case HTTP_BODY_CHUNKED:
		payload = 0;
		if (!chunk_done(&b->chunk))
			taken = (ssize_t)chunk_decode(&b->chunk, p, n, &data,
			    &payload);
		break;
	}
	add_payload(b, piece, data, payload, &tail);
	if (RARE(b->kind == HTTP_BODY_CHUNKED) && taken >= 0 &&
	    chunk_done(&b->chunk))
		more = take_trailers(b, p + taken, n - (size_t)taken, lim,
		    fields, &tail);
	if (RARE(tail.n > 0))
		add_part(piece, tail.p, tail.n);
	if (RARE(taken < 0 || more < 0))
		return taken < 0 ? taken : more;
	return taken + more;
}

bool
body_eof(struct body *b, struct body_piece *piece)
{
	piece->n = 0;
	piece->payload = 0;
	if (b->kind != HTTP_BODY_EOF)
		return b->done;
	b->done = true;
	if (b->chunked)
		add_part(piece, "0\r\n\r\n", 5);
	return true;
}
