#ifndef BODY_H
#define BODY_H

#include <sys/types.h>
#include <sys/uio.h>

#include "chunk.h"

struct conf_rule;

/*
 * A body on its way from one side to the other: how its end is found, and the
 * framing it gets anew. Bytes in, parts to send out; the payload is never
 * copied.
 */
struct body {
	enum http_body kind; /* as it comes */
	bool chunked;        /* as it goes: in chunks, or as plain bytes */
	bool done;           /* all of it has been taken */
	uint64_t left;       /* of HTTP_BODY_LENGTH */
	uint64_t bytes;      /* of payload taken so far */
	struct chunk_state chunk;
	/* to be set: what of trailers does not go on, see rewrite_trailers() */
	const struct conf_rule *set, *del;
	const char *hidden;
};

/* memory for trailers on their way out, of that size; call once */
void body_init(size_t trailers_max);
/* starts a body; one of no length is done at once */
void body_start(struct body *b, enum http_body kind, uint64_t length,
    bool chunked);

/* a chunk's size and ends, and the last chunk */
#define BODY_FRAMING 32
/* the most bytes that n bytes can become, as payload or as trailers */
size_t body_grown(size_t n);

#define BODY_PARTS 3
/* what body_take() found to send */
struct body_piece {
	struct iovec parts[BODY_PARTS];
	int n;
	size_t payload; /* bytes of payload in it */
	char size[24];  /* private */
};

/*
 * Takes what it can of p[0..n), which it may change. Returns the bytes taken,
 * or a reason negated; the piece holds what came before the fault. What was
 * not taken is either behind the end of the body (done), or the beginning of
 * trailers that are not whole yet and must be given again with more.
 */
ssize_t body_take(struct body *b, char *p, size_t n,
    const struct http_limits *lim, struct http_field *fields,
    struct body_piece *piece);
/* the peer has closed: ends an HTTP_BODY_EOF; false: the body was cut short */
bool body_eof(struct body *b, struct body_piece *piece);

#endif
