/* What a probe does over the tunnel: see probe.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "probesay.h"
#include "tls.h"
#include "ws.h"

#define KEPT_MAX 4096

/* the frame that is coming; what it holds past KEPT_MAX is dropped */
static struct {
	struct ws_head h;
	bool inside, message; /* between a message's fragments */
	uint64_t got;
	char kept[KEPT_MAX + 1];
} frame;

/* what talk_next() saw */
enum event { EV_TIME, EV_PONG, EV_DATA, EV_PING, EV_END };

static int64_t
after_ms(int64_t ms)
{
	return wire_now() + ms * 1000;
}

static int64_t
timeout(const struct probe_how *h)
{
	return after_ms(h->timeout_ms);
}

/* ---- frames ---- */

/* a whole frame of n bytes, at most KEPT_MAX; false: it could not be sent */
static bool
send_frame(struct wire *w, uint8_t opcode, const void *p, size_t n,
    int64_t until)
{
	unsigned char bytes[WS_HEAD_MAX + KEPT_MAX];
	struct ws_head h = {0};
	size_t k;

	h.opcode = opcode;
	h.fin = h.masked = true;
	h.length = n;
	tls_entropy(h.mask, sizeof h.mask);
	k = ws_write_head(bytes, &h);
	memcpy(bytes + k, p, n);
	ws_mask(bytes + k, n, h.mask, 0);
	return wire_send(w, bytes, k + n, until) == 1;
}

/* what a server's frame breaks, or NULL: RFC 6455 5.1 to 5.5 */
static const char *
fault(const struct probe_how *h, const struct ws_head *f)
{
	bool control = f->opcode >= WS_CLOSE;

	if (f->masked)
		return "a server's frame is masked";
	if (f->rsv != 0 && h->extensions == NULL)
		return "a reserved bit is set without an extension";
	if (f->opcode > WS_PONG || (!control && f->opcode > WS_BINARY))
		return "the opcode is reserved";
	if (control && (!f->fin || f->length > WS_CONTROL_MAX))
		return "a control frame is too long or in fragments";
	if (!control && (f->opcode == WS_CONT) != frame.message)
		return "fragments are in disorder";
	return NULL;
}

static enum event
bad(struct probe_cut *cut, const char *why)
{
	cut->how = CUT_BAD;
	snprintf(cut->text, sizeof cut->text, "%s", why);
	return EV_END;
}

/* takes payload; true once the frame is whole */
static bool
take_payload(struct wire *w)
{
	uint64_t n = frame.h.length - frame.got, room;

	if (n > wire_len(w))
		n = wire_len(w);
	room = frame.got < KEPT_MAX ? KEPT_MAX - frame.got : 0;
	if (room > n)
		room = n;
	if (room > 0)
		memcpy(frame.kept + frame.got, w->in + w->beg, (size_t)room);
	wire_take(w, (size_t)n);
	frame.got += n;
	return frame.got == frame.h.length;
}

static enum event
take_close(struct wire *w, struct probe_cut *cut)
{
	const unsigned char *p = (const unsigned char *)frame.kept;
	size_t n = (size_t)frame.h.length;

	cut->how = CUT_CLOSE;
	cut->code = n < 2 ? WS_C_NONE : (unsigned)p[0] << 8 | p[1];
	if (n > 2)
		snprintf(cut->text, sizeof cut->text, "%.123s",
		    frame.kept + 2);
	send_frame(w, WS_CLOSE, frame.kept, n < 2 ? 0 : 2, after_ms(100));
	return EV_END;
}

/* a frame is there whole, in frame */
static enum event
take_frame(struct wire *w, struct probe_cut *cut)
{
	size_t n = (size_t)(frame.got < KEPT_MAX ? frame.got : KEPT_MAX);

	frame.inside = false;
	frame.kept[n] = '\0';
	switch (frame.h.opcode) {
	case WS_CLOSE:
		return take_close(w, cut);
	case WS_PING:
		send_frame(w, WS_PONG, frame.kept, n, after_ms(100));
		return EV_PING;
	case WS_PONG:
		return EV_PONG;
	default:
		frame.message = !frame.h.fin;
		return EV_DATA;
	}
}

/* waits for the next frame; pings are answered, and a Close too */
static enum event
next(const struct probe_how *h, struct wire *w, int64_t until,
    struct probe_cut *cut)
{
	const char *why;
	int n, r;

	for (;;) {
		if (!frame.inside) {
			n = ws_read_head(w->in + w->beg, wire_len(w),
			    &frame.h);
			why = n < 0 ? "the length is malformed" :
			    n > 0 ? fault(h, &frame.h) : NULL;
			if (why != NULL)
				return bad(cut, why);
			frame.inside = n > 0;
			frame.got = 0;
			wire_take(w, (size_t)n);
		}
		if (frame.inside && take_payload(w))
			return take_frame(w, cut);
		r = wire_fill(w, until);
		if (r == 0)
			return EV_TIME;
		if (r < 0) {
			cut->how = r == -1 ? CUT_FIN : CUT_RST;
			return EV_END;
		}
	}
}

/* sends a ping and waits for its pong; false, and *cut: there is none */
static bool
ping(const struct probe_how *h, struct wire *w, struct probe_cut *cut)
{
	int64_t until = timeout(h);
	char id[8];
	enum event e;

	tls_entropy(id, sizeof id);
	/* if it cannot be sent, reading tells why */
	send_frame(w, WS_PING, id, sizeof id, until);
	do {
		e = next(h, w, until, cut);
	} while (e != EV_TIME && e != EV_END && (e != EV_PONG ||
	    frame.h.length != sizeof id ||
	    memcmp(frame.kept, id, sizeof id) != 0));
	if (e == EV_TIME)
		cut->how = CUT_SILENT;
	return e == EV_PONG;
}

/* ---- steps ---- */

bool
talk_pings(const struct probe_how *h, struct wire *w, struct probe_facts *f)
{
	int64_t began, us;
	char text[192];

	memset(&frame, 0, sizeof frame);
	while (f->pings < h->pings) {
		began = wire_now();
		f->pings++;
		f->pongs += ping(h, w, &f->cut);
		us = wire_now() - began;
		say_begin("ping", f->cut.how == CUT_NONE ? SAY_OK : SAY_FAIL,
		    us);
		say_int("number", f->pings);
		if (f->cut.how == CUT_NONE)
			say_end("%u of %u", f->pings, h->pings);
		else
			say_end("%u of %u: %s", f->pings, h->pings,
			    probe_cut_text(&f->cut, text));
		if (f->cut.how != CUT_NONE)
			return false;
	}
	return true;
}

/* the message that has come, or its next part, is put behind those before */
static void
gather(char *to, size_t size)
{
	size_t n = strlen(to);

	if (frame.h.opcode != WS_CONT)
		n = 0;
	snprintf(to + n, size - n, "%s", frame.kept);
}

/* waits for the message to come back; us is when it did */
static void
await_echo(const struct probe_how *h, struct wire *w, const char *message,
    struct probe_facts *f)
{
	static char got[KEPT_MAX + 1];
	int64_t until = timeout(h);
	enum event e;

	got[0] = '\0';
	do {
		e = next(h, w, until, &f->cut);
		if (e != EV_DATA)
			continue;
		gather(got, sizeof got);
		if (frame.h.fin)
			f->echoed = strcmp(got, message) == 0;
		if (frame.h.fin && !f->echoed)
			snprintf(f->echo_got, sizeof f->echo_got, "%.*s", 100,
			    frame.h.rsv != 0 ? "(compressed)" : got);
	} while (e != EV_TIME && e != EV_END && !f->echoed);
}

bool
talk_echo(const struct probe_how *h, struct wire *w, struct probe_facts *f)
{
	int64_t began = wire_now();
	char made[64], text[192];
	const char *message = h->echo_text;

	if (message == NULL) {
		snprintf(made, sizeof made, "weir probe %016llx",
		    (unsigned long long)tls_random());
		message = made;
	}
	send_frame(w, WS_TEXT, message, strlen(message), timeout(h));
	await_echo(h, w, message, f);
	say_begin("echo", f->echoed ? SAY_OK : SAY_FAIL, wire_now() - began);
	if (f->echoed)
		say_end("\"%.100s\" came back", message);
	else if (f->cut.how != CUT_NONE)
		say_end("%s", probe_cut_text(&f->cut, text));
	else if (*f->echo_got != '\0')
		say_end("another message came: \"%s\"", f->echo_got);
	else
		say_end("nothing came back");
	return f->cut.how == CUT_NONE;
}

/* ---- being held open ---- */

static void
show_progress(int64_t began, int64_t ms, int64_t ping_ms)
{
	say_progress("     hold      %lld s of %lld s%s",
	    (long long)((wire_now() - began) / 1000000),
	    (long long)(ms / 1000), ping_ms > 0 ? ", with pings" : ", silent");
}

/* waits until then; what the other side sends by itself is counted */
static enum event
watch(const struct probe_how *h, struct wire *w, int64_t until,
    struct probe_hold *hold, int64_t *heard)
{
	int64_t soon = after_ms(1000);
	enum event e;

	e = next(h, w, say_live() && soon < until ? soon : until, &hold->cut);
	if (e != EV_TIME && e != EV_END) {
		hold->heard++;
		*heard = wire_now();
	}
	return e;
}

static void
say_hold(const struct probe_hold *hold)
{
	char took[PROBE_TIME_TEXT], every[PROBE_TIME_TEXT + 16], text[192];

	snprintf(every, sizeof every, "silent");
	if (hold->ping_ms > 0)
		snprintf(every, sizeof every, "with a ping every %s",
		    probe_time_text(hold->ping_ms, took));
	probe_time_text(hold->ms, took);
	say_begin("hold", hold->cut.how == CUT_NONE ? SAY_OK : SAY_FAIL,
	    hold->ms * 1000);
	say_ms("ping_ms", hold->ping_ms * 1000);
	say_ms("quiet_ms", hold->quiet_ms * 1000);
	say_int("heard", hold->heard);
	say_int("open", hold->cut.how == CUT_NONE);
	if (hold->cut.how == CUT_NONE)
		say_end("%s for %s: still open", every, took);
	else
		say_end("%s: cut after %s, %s%s", every, took, hold->late ?
		    "seen by the ping at the end: " : "",
		    probe_cut_text(&hold->cut, text));
}

void
talk_hold(const struct probe_how *h, struct wire *w, int64_t ms,
    int64_t ping_ms, struct probe_hold *hold)
{
	int64_t began = wire_now(), heard = began, end = began + ms * 1000;
	int64_t turn;
	enum event e = EV_TIME;

	memset(hold, 0, sizeof *hold);
	memset(&frame, 0, sizeof frame);
	hold->ping_ms = ping_ms;
	while (e != EV_END && wire_now() < end) {
		turn = ping_ms > 0 ? heard + ping_ms * 1000 : end;
		show_progress(began, ms, ping_ms);
		e = watch(h, w, turn < end ? turn : end, hold, &heard);
		if (e == EV_END || ping_ms == 0 || wire_now() < turn)
			continue;
		if (!ping(h, w, &hold->cut))
			break;
		heard = wire_now();
	}
	hold->quiet_ms = (wire_now() - heard) / 1000;
	hold->ms = (wire_now() - began) / 1000;
	if (hold->cut.how == CUT_NONE && !ping(h, w, &hold->cut))
		hold->late = true;
	hold->done = true;
	say_hold(hold);
}

void
talk_close(const struct probe_how *h, struct wire *w)
{
	static const unsigned char code[2] = {WS_C_NORMAL >> 8,
	    WS_C_NORMAL & 255};
	int64_t began = wire_now(), until = timeout(h);
	struct probe_cut cut = {CUT_NONE, 0, ""};
	char text[192];
	enum event e;

	if (until > after_ms(2000))
		until = after_ms(2000);
	send_frame(w, WS_CLOSE, code, sizeof code, until);
	do {
		e = next(h, w, until, &cut);
	} while (e != EV_TIME && e != EV_END);
	if (e == EV_TIME)
		cut.how = CUT_SILENT;
	say_begin("close", cut.how == CUT_CLOSE ? SAY_OK : SAY_NOTE,
	    wire_now() - began);
	say_end("code 1000; it was answered with %s",
	    probe_cut_text(&cut, text));
}
