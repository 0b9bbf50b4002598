#ifndef BEAT_H
#define BEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Heartbeats on one leg of a tunnel, the way to one of its two peers: a peer
 * that was silent for a while is sent a Ping (RFC 6455 5.5.2), and is dead if
 * it stays silent. Anything that comes from it is a sign of life. So is it
 * that it takes what was on its way before the ping: that one comes last.
 *
 * Times are the low bits of milliseconds: the silence of a leg with
 * heartbeats is short. Zero times and numbers are where a leg begins, with
 * beat_begin().
 */
struct beat {
	uint32_t since;    /* its silence counts from here */
	uint32_t asked;    /* the last ping was sent then */
	uint32_t taken;    /* bytes that had arrived there when it was asked */
	uint16_t rtt_ms;   /* the last round trip, or BEAT_NONE */
	uint8_t sent;      /* the last ping's number */
	bool awaits : 1;   /* it was not answered */
	bool behind : 1;   /* other bytes were on their way before it */
};

#define BEAT_NONE UINT16_MAX
#define BEAT_PAYLOAD 12  /* bytes of a ping's: a tag and its number */
#define BEAT_FRAME_MAX 18

enum beat_state {
	BEAT_WELL,  /* nothing is to be done */
	BEAT_ASK,   /* it was silent for long enough to be asked */
	BEAT_DEAD   /* it was asked, and stayed silent */
};

void beat_begin(struct beat *b, int64_t now);
/* its peer has given a sign of life */
static inline void
beat_heard(struct beat *b, int64_t now)
{
	b->since = (uint32_t)now;
}

/* silence for ping_ms is to be asked about (0: never), for another timeout_ms
 * it is death (0: never) */
enum beat_state beat_look(const struct beat *b, int64_t ping_ms,
    int64_t timeout_ms, int64_t now);
/* when to look next; INT64_MAX: never */
int64_t beat_next(const struct beat *b, int64_t ping_ms, int64_t timeout_ms,
    int64_t now);
/* writes the next ping; mask as in ws_write_close(). Returns its bytes */
size_t beat_ping(struct beat *b, unsigned char frame[BEAT_FRAME_MAX],
    uint64_t tag, const uint8_t *mask, int64_t now);
/* no ping can be put in now, so that the peer must show life otherwise: it
 * counts as asked */
void beat_ask_silently(struct beat *b, int64_t now);
/* no ping can be put in, and that is not its doing: asked in delay_ms */
void beat_postpone(struct beat *b, int64_t ping_ms, int64_t delay_ms,
    int64_t now);
/* before it is asked: how many bytes have arrived at its peer, all in all and
 * modulo 2^32, and whether there are more on their way */
static inline void
beat_mark(struct beat *b, uint32_t taken, bool behind)
{
	b->taken = taken;
	b->behind = behind;
}
/* whether it takes what was on its way, if slowly; marks it again */
bool beat_drains(struct beat *b, uint32_t taken, bool behind);
/* a pong to the ping of that number has come */
void beat_pong(struct beat *b, uint32_t number, int64_t now);
/* true while a pong may come that is weir's own */
static inline bool
beat_awaits(const struct beat *b)
{
	return b->awaits;
}

/*
 * The number of the ping that a pong with this payload answers, or -1 if it
 * is not one of weir's own. p are BEAT_PAYLOAD bytes, unmasked with mask
 * unless that is NULL.
 */
int64_t beat_number(const unsigned char *p, uint64_t tag,
    const uint8_t *mask);

#endif
