/*
 * Chunked bodies: see chunk.h. One byte after the other, but for data, which
 * is moved in one piece; so it does not matter how a body is cut.
 */
#include <string.h>

#include "chunk.h"

#define CHUNK_LINE_MAX 256

/* what comes next in a chunked body; those before C_LF are the size line */
enum {
	C_SIZE,
	C_EXT,       /* behind a semicolon */
	C_EXT_NAME,
	C_EXT_EQUAL, /* behind an equals sign */
	C_EXT_VALUE,
	C_QUOTED,
	C_ESCAPED,   /* behind a backslash in quotes */
	C_UNQUOTED,  /* behind the closing quote */
	C_LF,
	C_DATA,
	C_DATA_CR,
	C_DATA_LF,
	C_DONE,
	C_BAD
};

static bool
go(struct chunk_state *d, bool ok, int state)
{
	d->state = (uint8_t)(ok ? state : C_BAD);
	return ok;
}

/* c ends the size or an extension: RFC 9112 7.1.1, without white space */
static bool
part_end(struct chunk_state *d, char c)
{
	return c == ';' ? go(d, true, C_EXT) : go(d, c == '\r', C_LF);
}

/* chunk-size: RFC 9112 7.1 */
static bool
size_byte(struct chunk_state *d, char c)
{
	int v = hex_digit(c);

	if (v < 0)
		return d->digits > 0 ? part_end(d, c) : go(d, false, C_BAD);
	if (d->digits == 16)
		return go(d, false, C_BAD);
	d->digits++;
	d->left = d->left << 4 | (unsigned)v;
	return go(d, d->left >> 63 == 0, C_SIZE);
}

/* the byte c of a chunk-size line, except for its LF */
static bool
line_byte(struct chunk_state *d, char c)
{
	if (c != '\r' && ++d->line > CHUNK_LINE_MAX)
		return go(d, false, C_BAD);
	switch (d->state) {
	case C_SIZE:
		return size_byte(d, c);
	case C_EXT:
		return go(d, field_is(c, FIELD_TCHAR), C_EXT_NAME);
	case C_EXT_NAME:
		if (c == '=')
			return go(d, true, C_EXT_EQUAL);
		return field_is(c, FIELD_TCHAR) || part_end(d, c);
	case C_EXT_EQUAL:
		if (c == '"')
			return go(d, true, C_QUOTED);
		return go(d, field_is(c, FIELD_TCHAR), C_EXT_VALUE);
	case C_EXT_VALUE:
		return field_is(c, FIELD_TCHAR) || part_end(d, c);
	case C_QUOTED:
		/* quoted-string: RFC 9110 5.6.4 */
		if (c == '"')
			return go(d, true, C_UNQUOTED);
		return go(d, field_is(c, FIELD_TEXT),
		    c == '\\' ? C_ESCAPED : C_QUOTED);
	case C_ESCAPED:
		return go(d, field_is(c, FIELD_TEXT), C_QUOTED);
	default:
		return part_end(d, c);
	}
}

/* one byte that is not data; false if it may not stand there */
static bool
frame_byte(struct chunk_state *d, char c)
{
	if (d->state < C_LF)
		return line_byte(d, c);
	switch (d->state) {
	case C_LF:
		return go(d, c == '\n', d->left > 0 ? C_DATA : C_DONE);
	case C_DATA_CR:
		return go(d, c == '\r', C_DATA_LF);
	case C_DATA_LF:
		d->line = 0;
		d->digits = 0;
		return go(d, c == '\n', C_SIZE);
	default:
		return false;
	}
}

int64_t
chunk_decode(struct chunk_state *d, char *p, size_t n, char **data,
    size_t *data_n)
{
	size_t i = 0, k;

	*data = p;
	*data_n = 0;
	while (i < n && d->state != C_DONE) {
		if (d->state != C_DATA) {
			if (!frame_byte(d, p[i]))
				return -R_BAD_CHUNK;
			i++;
			continue;
		}
		k = n - i < d->left ? n - i : (size_t)d->left;
		if (*data_n == 0)
			*data = p + i;
		else
			memmove(*data + *data_n, p + i, k);
		*data_n += k;
		i += k;
		d->left -= k;
		if (d->left == 0)
			d->state = C_DATA_CR;
	}
	return (int64_t)i;
}

bool
chunk_done(const struct chunk_state *d)
{
	return d->state == C_DONE;
}

/*
 * True for a field that may not come late: RFC 9110 6.5.1. Those with an id
 * all matter to somebody before the body does.
 */
static bool
unfit_trailer(const struct http_field *f)
{
	static const char *const names[] = {
		"accept-charset", "accept-encoding", "accept-language", "age",
		"api-key", "authentication-info", "cache-control",
		"content-location", "content-range", "expires", "location",
		"max-forwards", "pragma", "range", "vary", "warning",
		"www-authenticate", "x-api-key", "x-http-method-override",
		"x-original-url", "x-real-ip", "x-rewrite-url"
	};
	char memory[FIELD_DASHED];
	struct span name = field_dashed(f->name, memory);
	size_t i;

	if (f->hop || field_id(name) != HTTP_F_OTHER ||
	    field_begins(name, "if-") || field_begins(name, "sec-websocket-"))
		return true;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_is(name, names[i]))
			return true;
	return false;
}

int
chunk_parse_trailers(const char *p, size_t n, const struct http_limits *lim,
    struct http_head *h)
{
	int verdict = http_parse_fields(p, n, lim, h);
	unsigned i;

	if (verdict < 0 && verdict != -R_HEAD_TOO_LARGE &&
	    verdict != -R_TOO_MANY_FIELDS)
		return -R_BAD_TRAILER;
	for (i = 0; i < h->n_fields; i++)
		h->fields[i].hop = unfit_trailer(&h->fields[i]);
	return verdict;
}
