#ifndef REASON_H
#define REASON_H

/* The list of reasons.h as an enum; parsers return a reason negated. */
enum reason {
#define R(name, word, status, level, sentence) R_##name,
#include "reasons.h"
#undef R
	R_COUNT
};

/* the word for logs and counters: "bad_host" */
const char *reason_word(enum reason r);
/* the sentence for people */
const char *reason_sentence(enum reason r);
/* the HTTP status a client is answered with, 0 where no answer is sent */
int reason_status(enum reason r);
/* the level (log.h) it is logged at */
int reason_level(enum reason r);

#endif
