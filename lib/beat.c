/* Heartbeats: see beat.h. */
#include <string.h>

#include "beat.h"
#include "ws.h"

/* milliseconds from then to now; negative if then is still to come */
static int32_t
ago(uint32_t then, int64_t now)
{
	return (int32_t)((uint32_t)now - then);
}

void
beat_begin(struct beat *b, int64_t now)
{
	memset(b, 0, sizeof *b);
	b->since = b->asked = (uint32_t)now;
	b->rtt_ms = BEAT_NONE;
}

/* it was asked, and nothing has come since */
static bool
asking(const struct beat *b)
{
	return (int32_t)(b->asked - b->since) > 0;
}

int64_t
beat_next(const struct beat *b, int64_t ping_ms, int64_t timeout_ms,
    int64_t now)
{
	if (ping_ms <= 0)
		return INT64_MAX;
	if (!asking(b))
		return now - ago(b->since, now) + ping_ms;
	if (timeout_ms <= 0)
		return INT64_MAX;
	return now - ago(b->asked, now) + timeout_ms;
}

enum beat_state
beat_look(const struct beat *b, int64_t ping_ms, int64_t timeout_ms,
    int64_t now)
{
	if (beat_next(b, ping_ms, timeout_ms, now) > now)
		return BEAT_WELL;
	return asking(b) ? BEAT_DEAD : BEAT_ASK;
}

void
beat_ask_silently(struct beat *b, int64_t now)
{
	b->asked = (uint32_t)now;
	/* a pong that comes now does not answer this */
	b->sent++;
	b->awaits = true;
}

void
beat_postpone(struct beat *b, int64_t ping_ms, int64_t delay_ms, int64_t now)
{
	b->since = (uint32_t)(now - ping_ms + delay_ms);
	/* what was asked before is not what is silent now */
	if (asking(b))
		b->asked = b->since;
}

bool
beat_drains(struct beat *b, uint32_t taken, bool behind)
{
	bool drains = b->behind && (int32_t)(taken - b->taken) > 0;

	beat_mark(b, taken, behind);
	return drains;
}

size_t
beat_ping(struct beat *b, unsigned char frame[BEAT_FRAME_MAX], uint64_t tag,
    const uint8_t *mask, int64_t now)
{
	struct ws_head h = {0};
	unsigned char *p;
	size_t n;

	beat_ask_silently(b, now);
	h.fin = true;
	h.opcode = WS_PING;
	h.length = BEAT_PAYLOAD;
	h.masked = mask != NULL;
	if (h.masked)
		memcpy(h.mask, mask, 4);
	n = ws_write_head(frame, &h);
	p = frame + n;
	memcpy(p, &tag, 8);
	p[8] = p[9] = p[10] = 0;
	p[11] = b->sent;
	if (h.masked)
		ws_mask(p, BEAT_PAYLOAD, h.mask, 0);
	return n + BEAT_PAYLOAD;
}

int64_t
beat_number(const unsigned char *p, uint64_t tag, const uint8_t *mask)
{
	unsigned char plain[BEAT_PAYLOAD];

	memcpy(plain, p, BEAT_PAYLOAD);
	if (mask != NULL)
		ws_mask(plain, BEAT_PAYLOAD, mask, 0);
	if (memcmp(plain, &tag, 8) != 0)
		return -1;
	return (int64_t)plain[8] << 24 | plain[9] << 16 | plain[10] << 8 |
	    plain[11];
}

void
beat_pong(struct beat *b, uint32_t number, int64_t now)
{
	int32_t ms = ago(b->asked, now);

	if (number != b->sent)
		return;
	b->awaits = false;
	b->rtt_ms = (uint16_t)(ms < BEAT_NONE ? ms : BEAT_NONE - 1);
}
