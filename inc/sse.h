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
	uint8_t at;   /* zero is the state before the first byte */
};

/* whether comments can be put into the body of this response */
bool sse_fits(const struct http_response *r);
/* follows n bytes of the body */
void sse_track(struct sse *e, const char *p, size_t n);
/* whether what was followed ends between events */
bool sse_between(const struct sse *e);

#endif
