/* The table of reasons: reasons.h, expanded once. */
#include <assert.h>

#include "reason.h"
#include "log.h"

static const struct {
	const char *word, *sentence;
	short status, level;
} table[R_COUNT] = {
#define R(name, word, status, level, sentence) \
	{word, sentence, status, LOG_L_##level},
#include "reasons.h"
#undef R
};

const char *
reason_word(enum reason r)
{
	assert(r < R_COUNT);
	return table[r].word;
}

const char *
reason_sentence(enum reason r)
{
	assert(r < R_COUNT);
	return table[r].sentence;
}

int
reason_status(enum reason r)
{
	assert(r < R_COUNT);
	return table[r].status;
}

int
reason_level(enum reason r)
{
	assert(r < R_COUNT);
	return table[r].level;
}
