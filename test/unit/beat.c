/* Tests lib/beat.c, and the meters of meter.h, by a clock of its own. */
#include <string.h>

#include "beat.h"
#include "guard.h"
#include "meter.h"
#include "ws.h"

#define PING 25000
#define TIMEOUT 20000
#define TAG UINT64_C(0x0123456789abcdef)
#define NEVER INT64_MAX

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

/* where the low 32 bits of the clock begin anew is a time like any other */
static const int64_t starts[] = {0, 1, 1000, INT64_C(0xfffffff0),
    INT64_C(0x100000000), INT64_C(0x7fffffff), INT64_C(0x80000000),
    INT64_C(0xffffffff) - PING, INT64_C(0x123456789abc)};

/* what the states are in one life: silence, a question, an answer, death */
static void
test_life(int64_t t0)
{
	unsigned char frame[BEAT_FRAME_MAX];
	struct beat b;

	beat_begin(&b, t0);
	expect(b.rtt_ms == BEAT_NONE, "life", "no round trip yet");
	expect(beat_look(&b, PING, TIMEOUT, t0 + PING - 1) == BEAT_WELL,
	    "life", "before the first ping");
	expect(beat_next(&b, PING, TIMEOUT, t0 + 5) == t0 + PING, "life",
	    "when it is due");
	expect(beat_look(&b, PING, TIMEOUT, t0 + PING) == BEAT_ASK, "life",
	    "the first ping");
	expect(!beat_awaits(&b), "life", "nothing was asked");
	beat_ping(&b, frame, TAG, NULL, t0 + PING);
	expect(beat_awaits(&b), "life", "asked");
	expect(beat_look(&b, PING, TIMEOUT, t0 + PING + TIMEOUT - 1) ==
	    BEAT_WELL, "life", "waiting");
	expect(beat_next(&b, PING, TIMEOUT, t0 + PING + 7) ==
	    t0 + PING + TIMEOUT, "life", "how long it is waited for");
	expect(beat_look(&b, PING, TIMEOUT, t0 + PING + TIMEOUT) == BEAT_DEAD,
	    "life", "no answer");
	expect(beat_look(&b, PING, 0, t0 + PING + 10 * TIMEOUT) == BEAT_WELL,
	    "life", "no timeout");
	/* anything is an answer, and the pong may still come */
	beat_heard(&b, t0 + PING + 40);
	expect(beat_awaits(&b), "life", "heard, not answered");
	expect(beat_next(&b, PING, TIMEOUT, t0 + PING + 41) ==
	    t0 + PING + 40 + PING, "life", "the next ping");
	beat_pong(&b, 1, t0 + PING + 50);
	expect(!beat_awaits(&b) && b.rtt_ms == 50, "life", "answered");
	/* of two, the older one says nothing of the time */
	beat_ping(&b, frame, TAG, NULL, t0 + 2 * PING + 50);
	beat_heard(&b, t0 + 2 * PING + 60);
	beat_ping(&b, frame, TAG, NULL, t0 + 3 * PING + 60);
	beat_pong(&b, 2, t0 + 3 * PING + 61);
	expect(beat_awaits(&b) && b.rtt_ms == 50, "life", "the older one");
	beat_pong(&b, 3, t0 + 3 * PING + 72);
	expect(!beat_awaits(&b) && b.rtt_ms == 12, "life", "the newer one");
}

static void
test_never(void)
{
	struct beat b;

	beat_begin(&b, 1000);
	expect(beat_next(&b, 0, TIMEOUT, 2000) == NEVER, "never", "no pings");
	expect(beat_look(&b, 0, TIMEOUT, INT64_C(1) << 40) == BEAT_WELL,
	    "never", "no pings, much later");
}

/* a leg that cannot be pinged: it has to show life by itself, or is let be */
static void
test_unasked(int64_t t0)
{
	struct beat b;

	beat_begin(&b, t0);
	beat_ask_silently(&b, t0 + PING);
	expect(beat_look(&b, PING, TIMEOUT, t0 + PING + TIMEOUT) == BEAT_DEAD,
	    "unasked", "no life");
	beat_heard(&b, t0 + PING + 3);
	expect(beat_look(&b, PING, TIMEOUT, t0 + PING + TIMEOUT) == BEAT_WELL,
	    "unasked", "life");
	beat_begin(&b, t0);
	beat_postpone(&b, PING, 1000, t0 + PING);
	expect(beat_next(&b, PING, TIMEOUT, t0 + PING) == t0 + PING + 1000,
	    "postponed", "a second");
	beat_ask_silently(&b, t0 + PING + 1000);
	beat_postpone(&b, PING, 1000, t0 + 2 * PING);
	expect(beat_look(&b, PING, TIMEOUT, t0 + 2 * PING) == BEAT_WELL &&
	    beat_next(&b, PING, TIMEOUT, t0 + 2 * PING) ==
	    t0 + 2 * PING + 1000, "postponed", "what was asked is forgotten");
}

/* a peer that still takes what was on its way before the ping */
static void
test_slow(void)
{
	struct beat b;

	beat_begin(&b, 0);
	beat_mark(&b, 1000, false);
	expect(!beat_drains(&b, 2000, false), "slow", "all had arrived");
	beat_mark(&b, UINT32_MAX - 10, true);
	expect(!beat_drains(&b, UINT32_MAX - 10, true), "slow", "it stands");
	expect(!beat_drains(&b, UINT32_MAX - 20, true), "slow",
	    "the ping is on its way, too");
	expect(beat_drains(&b, 20, true), "slow", "it moves");
	expect(beat_drains(&b, 30, false), "slow", "the last of it");
	expect(!beat_drains(&b, 40, true), "slow",
	    "the ping has arrived, others do");
	/* a round trip longer than can be told */
	beat_begin(&b, 0);
	beat_ask_silently(&b, 10);
	beat_pong(&b, 1, 1000000);
	expect(b.rtt_ms == BEAT_NONE - 1, "slow", "a round trip of ages");
}

/* a ping as a peer reads it, and its pong as it comes back */
static void
test_frames(void)
{
	unsigned char frame[BEAT_FRAME_MAX], *p;
	struct ws_head h;
	struct beat b;
	int i, k, masked;
	size_t n;

	beat_begin(&b, 0);
	for (i = 1; i <= 70000; i++) {
		masked = i % 2;
		n = beat_ping(&b, frame, TAG, masked ? mask : NULL, i);
		k = ws_read_head(frame, n, &h);
		p = frame + k;
		if (k != (masked ? 6 : 2) || h.opcode != WS_PING || !h.fin ||
		    h.rsv != 0 || h.masked != masked ||
		    h.length != BEAT_PAYLOAD || n != (size_t)k + h.length)
			fail("frame", "head");
		if (beat_number(p, TAG, masked ? mask : NULL) !=
		    (i & 0xff))
			fail("frame", "number");
		if (beat_number(p, TAG + 1, masked ? mask : NULL) != -1)
			fail("frame", "another tag");
		beat_pong(&b, (unsigned)i & 0xff, i);
		if (beat_awaits(&b))
			fail("frame", "answered");
	}
}

/* a sender that takes all it may gets the rate, and a second's worth ahead */
static void
test_meter(void)
{
	static const uint64_t rates[] = {1, 2, 7, 10, 11, 1000, 65536,
	    1000000, 10000000, UINT64_C(1) << 40};
	int64_t empty_at, now, ready;
	uint64_t sent, may;
	size_t i;

	for (i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		empty_at = 0;
		sent = 0;
		expect(meter_room(empty_at, rates[i], 5000) == rates[i],
		    "meter", "a second's worth at once");
		for (now = 5000; now < 15000;) {
			may = meter_room(empty_at, rates[i], now);
			expect(may > 0, "meter", "ready with nothing");
			meter_charge(&empty_at, may, rates[i], now);
			expect(!meter_over(empty_at, now), "meter", "over");
			sent += may;
			ready = meter_ready(empty_at, rates[i]);
			expect(ready > now, "meter", "at once again");
			expect(meter_room(empty_at, rates[i], ready) > 0,
			    "meter", "called too early");
			now = ready;
		}
		expect(sent >= 10 * rates[i] && sent <= 11 * rates[i] + 1,
		    "meter", "ten seconds");
		meter_charge(&empty_at, 2 * rates[i], rates[i], now);
		expect(meter_over(empty_at, now), "meter", "twice the rate");
		expect(meter_room(empty_at, rates[i], now) == 0, "meter",
		    "nothing more");
	}
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		test_life(starts[i]);
		test_unasked(starts[i]);
	}
	test_never();
	test_slow();
	test_frames();
	test_meter();
	return failed;
}
