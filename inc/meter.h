#ifndef METER_H
#define METER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A rate of so many a second, of which a second's worth may come at once: a
 * leaky bucket kept as the time when it will be empty (the generic cell rate
 * algorithm of ITU-T I.371), in microseconds. Zero is an empty one.
 */
#define METER_BURST_US 1000000

/* n more have come */
static inline void
meter_charge(int64_t *empty_at, uint64_t n, uint64_t per_s, int64_t now_ms)
{
	int64_t now = now_ms * 1000;

	if (*empty_at < now)
		*empty_at = now;
	*empty_at += (int64_t)(n * 1000000 / per_s);
}

/* how many may come now */
static inline uint64_t
meter_room(int64_t empty_at, uint64_t per_s, int64_t now_ms)
{
	int64_t now = now_ms * 1000, left;

	left = now + METER_BURST_US - (empty_at < now ? now : empty_at);
	return left <= 0 ? 0 : (uint64_t)left * per_s / 1000000;
}

/* whether more has come than may */
static inline bool
meter_over(int64_t empty_at, int64_t now_ms)
{
	return empty_at > now_ms * 1000 + METER_BURST_US;
}

/* the millisecond from which on a tenth of a second's worth may come, but one
 * at the least */
static inline int64_t
meter_ready(int64_t empty_at, uint64_t per_s)
{
	int64_t some = per_s >= 10 ? 100000 :
	    (int64_t)((1000000 + per_s - 1) / per_s);

	return (empty_at - METER_BURST_US + some + 999) / 1000;
}

#endif
