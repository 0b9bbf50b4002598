#ifndef CHUNK_H
#define CHUNK_H

#include "http.h"

/*
 * Chunked bodies (RFC 9112 7.1) and their trailers. Zero is the state before
 * the first chunk.
 */
struct chunk_state {
	uint64_t left;  /* data bytes of this chunk still to come */
	uint16_t line;  /* bytes of this chunk-size line so far */
	uint8_t state;  /* private */
	uint8_t digits; /* private */
};

/*
 * Decodes in place as much of p[0..n) as it can: data of several chunks is
 * moved together. *data and *data_n are the decoded bytes, inside p[0..n).
 * Returns the bytes consumed (everything, unless the last chunk was reached)
 * or -R_BAD_CHUNK, with the data before the fault still given. Chunk
 * extensions are checked and dropped; a chunk-size line is at most 256 bytes.
 */
int64_t chunk_decode(struct chunk_state *d, char *p, size_t n, char **data,
    size_t *data_n);
/* true when the last chunk's line has been read: the trailers follow */
bool chunk_done(const struct chunk_state *d);

/*
 * Parses a trailer section, its final CRLF included. h->fields points to
 * lim->fields_max fields; each that may be forwarded has hop == false:
 * framing, routing, authentication, request modifiers, response control and
 * hop-by-hop fields (RFC 9110 6.5.1) are marked. Returns as parsers of heads
 * do; reasons: BAD_TRAILER, HEAD_TOO_LARGE, TOO_MANY_FIELDS.
 */
int chunk_parse_trailers(const char *p, size_t n,
    const struct http_limits *lim, struct http_head *h);

#endif
