#ifndef PROBEANSWER_H
#define PROBEANSWER_H

#include "http.h"
#include "probejudge.h"
#include "probewire.h"

/* Reads an answer to a probe's request. */

#define ANSWER_FIELDS 128

/* spans of the head are good until more is read, as the body is */
struct answer {
	struct http_response r;
	struct http_field fields[ANSWER_FIELDS];
	enum probe_ending cut; /* CUT_NONE: it came */
	int reason; /* why it makes no sense, or 0 */
	char phrase[64], body[2048];
	size_t n_body;
};

/* reads the head of a final answer, or of a 101, and takes it off the wire */
void answer_read(struct wire *w, struct answer *a, int64_t until);
/* reads as much of the body as there is room for, as text; a second at most */
void answer_body(struct wire *w, struct answer *a, int64_t until);
/* keeps the first value of that name, cut to what fits; "" if there is none */
void answer_field(const struct http_head *h, const char *name, char *to,
    size_t size);

#endif
