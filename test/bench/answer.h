#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What comes back on a connection of the bench's client: a head, and then
 * frames, or the content that the origin has. */
struct answer {
	char *head;       /* while it comes, and until answer_free() */
	size_t head_n;    /* bytes of it so far */
	uint64_t at, left; /* of the content, which follows */
};

/*
 * Takes bytes of a head, of n that have come: *used of them. The head when it
 * is whole, with its empty line, until the next call; NULL: more is to come, or
 * with *used 0: it is too large, or there is no memory.
 */
const char *answer_head(struct answer *a, const char *p, size_t n,
    size_t *used);
/* the value of a field of a head, to the head's end; or NULL */
const char *answer_field(const char *head, const char *name);
/* takes n bytes of content, at most a->left; false: the origin has others */
bool answer_content(struct answer *a, const char *p, size_t n);
void answer_free(struct answer *a);

#endif
