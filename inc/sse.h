#ifndef SSE_H
#define SSE_H

#include "http.h"

/*
 * Server-sent events (HTML, 9.2.5): where one ends, so that a comment can be
 * put behind it. Clients ignore it, and what stands between them and here does
 * not forget a stream that has nothing to say.
 */
#define SSE_COMMENT ":\n\n"

struct sse {
	int64_t pinged; /* when weir's last comment was sent, or 0 */
	bool on;      /* comments may be sent */
	bool cr;      /* the last byte was a CR: an LF is the same line's end */
	uint8_t at;   /* 0: between events, or before the first */
};

/* whether comments can be put into the body of this response */
bool sse_fits(const struct http_response *r);
/* follows n bytes of the body */
void sse_track(struct sse *e, const char *p, size_t n);
/* when a stream in which a byte last moved then gets a comment, ms after that
 * and after the last one; INT64_MAX: not inside of an event. Inline, since all
 * that look at deadlines would pay for a call. */
static inline int64_t
sse_due(const struct sse *e, int64_t last, int64_t ms)
{
	if (e->at != 0)
		return INT64_MAX;
	return (last > e->pinged ? last : e->pinged) + ms;
}

#endif
