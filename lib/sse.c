/* Server-sent events: see sse.h. */
#include "sse.h"

enum { BETWEEN = 0, LINE_START, IN_LINE };

bool
sse_fits(const struct http_response *r)
{
	const struct http_field *f;
	struct span type;
	size_t n = 0;

	if (r->status != 200 || (r->h.body != HTTP_BODY_CHUNKED &&
	    r->h.body != HTTP_BODY_EOF) ||
	    http_count(&r->h, HTTP_F_CONTENT_TYPE) != 1)
		return false;
	type = http_find(&r->h, HTTP_F_CONTENT_TYPE, NULL)->value;
	while (n < type.n && type.p[n] != ';' && type.p[n] != ' ' &&
	    type.p[n] != '\t')
		n++;
	type.n = n;
	if (!span_is(type, "text/event-stream"))
		return false;
	for (f = NULL; (f = http_find(&r->h, HTTP_F_CONTENT_ENCODING, f)) !=
	    NULL;)
		if (!span_is(f->value, "identity"))
			return false;
	return true;
}

static bool
ends_line(char c)
{
	return c == '\r' || c == '\n';
}

/* a CR or an LF */
static void
track_end(struct sse *e, char c)
{
	bool pair = e->cr && c == '\n';

	e->cr = c == '\r';
	if (!pair)
		e->at = e->at == IN_LINE ? LINE_START : BETWEEN;
}

void
sse_track(struct sse *e, const char *p, size_t n)
{
	size_t i = n;

	/* only the line ends at the end of it matter */
	while (i > 0 && ends_line(p[i - 1]))
		i--;
	if (i > 0) {
		e->at = IN_LINE;
		e->cr = false;
	}
	for (; i < n; i++)
		track_end(e, p[i]);
}
