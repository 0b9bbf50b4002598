/* The lines of sessions in the log: session_log_...() of session.h. */
#include <string.h>

#include "session.h"
#include "keyuse.h"
#include "log.h"
#include "redact.h"
#include "tls.h"

static const char *const party_word[] = {"nobody", "client", "upstream",
    "weir"};

static void
log_id(const struct session *s)
{
	char digits[17];
	int i;

	for (i = 0; i < 16; i++)
		digits[i] = "0123456789abcdef"[s->id >> (60 - 4 * i) & 15];
	digits[16] = '\0';
	log_pair("id", digits);
}

static void
log_peer(const struct session *s)
{
	char text[PEER_TEXT_MAX];

	log_pair("client", peer_text(&s->peer, text));
}

static void
log_where(const struct session *s)
{
	const struct keyuse *key = s->x != NULL ? s->x->key_use : s->key;

	if (key != NULL)
		log_pair("key", key->name);
	if (s->route != NULL) {
		log_pair("route", s->route->text);
		if (s->route->matches != NULL)
			log_pair("match", s->route->matches);
	}
	if (s->up != NULL)
		log_pair("upstream", s->up->text);
}

/* that of a trusted proxy, by which its own log can be searched */
static void
log_kept_id(const struct exchange *x)
{
	if (x->id_at > 0)
		log_pair("request_id", x->text + x->id_at);
}

/* what the system said, where the reason's word does not tell */
static void
log_error_of(const struct exchange *x, enum reason why)
{
	if (why == R_CONNECT_FAILED && x != NULL && x->error != 0)
		log_pair("error", strerror(x->error));
}

/* the line of a request that has ended */
void
session_log_request(const struct session *s)
{
	const struct exchange *x = s->x;
	enum reason r = x->reason;

	if (!log_begin(LOG_ACCESS, (enum log_level)reason_level(r), "request"))
		return;
	log_id(s);
	log_peer(s);
	log_pair("method", x->text);
	log_pair("target", x->text + x->target_at);
	log_pair("host", x->text + x->host_at);
	log_kept_id(x);
	log_where(s);
	log_pair_int("status", x->status);
	log_pair("reason", reason_word(r));
	if (x->accepted)
		log_pair("accepted", "yes");
	log_pair_int("ms", world.now - x->began);
	log_pair_int("bytes_in", (int64_t)x->q.bytes);
	log_pair_int("bytes_out", (int64_t)x->r.bytes);
	log_error_of(x, r);
	if (x->tls_error != 0)
		log_pair("tls", x->tls_error == TLS_ENDED ?
		    "the other side ended it" :
		    tls_error_text(x->tls_error));
	log_end();
}

void
session_log_shake(const struct session *s, enum reason why, const char *text)
{
	if (!log_begin(LOG_ACCESS, (enum log_level)reason_level(why), "tls"))
		return;
	log_peer(s);
	log_pair("reason", reason_word(why));
	if (text[0] != '\0')
		log_pair("tls", text);
	log_pair_int("ms", world.now - s->since);
	log_end();
}

void
session_log_tunnel(struct session *s, struct span protocol)
{
	const struct exchange *x = s->x;
	char memory[256];
	struct text t;

	if (!log_begin(LOG_ACCESS, LOG_L_INFO, "tunnel_open"))
		return;
	log_id(s);
	log_peer(s);
	log_pair("target", x->text + x->target_at);
	log_pair("host", x->text + x->host_at);
	log_kept_id(x);
	log_where(s);
	text_init(&t, memory, sizeof memory);
	redact_choice(&t, protocol, x->protocols);
	log_pair_mem("protocol", t.p, t.n);
	log_end();
}

void
session_log_relay(const struct session *s)
{
	if (!log_begin(LOG_ACCESS, LOG_L_INFO, "tcp_open"))
		return;
	log_id(s);
	log_peer(s);
	log_where(s);
	log_end();
}

/* the code of the Close that ended the tunnel, or 1006 for none */
static int
close_code(const struct session *s)
{
	const struct track *t;

	if (s->by == BY_WEIR && s->code != 0)
		return s->code;
	t = s->by == BY_UPSTREAM ? &s->from_upstream : &s->from_client;
	if (!t->closed)
		t = t == &s->from_client ? &s->from_upstream :
		    &s->from_client;
	return t->closed ? t->close_code : WS_C_ABNORMAL;
}

static int
error_of(const struct conn *c)
{
	return c != NULL && c->tls != NULL ? tls_error(c->tls) : 0;
}

/* what was wrong with the TLS of either side */
static void
log_tls_error(const struct session *s)
{
	int error = error_of(s->c);

	if (error == 0)
		error = error_of(s->u);
	if (error == 0 && s->x != NULL)
		error = s->x->tls_error;
	if (error != 0)
		log_pair("tls", error == TLS_ENDED ?
		    "the other side ended it" : tls_error_text(error));
}

/* what is known of the messages in a tunnel, and of those who sent them */
static void
log_frames(const struct session *s)
{
	log_pair_int("messages_in", (int64_t)s->from_client.messages);
	log_pair_int("messages_out", (int64_t)s->from_upstream.messages);
	if (s->stage.beats[LEG_CLIENT].rtt_ms != BEAT_NONE)
		log_pair_int("rtt_client", s->stage.beats[LEG_CLIENT].rtt_ms);
	if (s->stage.beats[LEG_UPSTREAM].rtt_ms != BEAT_NONE)
		log_pair_int("rtt_upstream",
		    s->stage.beats[LEG_UPSTREAM].rtt_ms);
}

void
session_log_over(const struct session *s)
{
	if (!log_begin(LOG_ACCESS,
	    (enum log_level)reason_level((enum reason)s->reason),
	    s->tcp ? "tcp_close" : "tunnel_close"))
		return;
	log_id(s);
	log_peer(s);
	log_where(s);
	log_pair("by", party_word[s->by]);
	if (!s->tcp)
		log_pair_int("code", close_code(s));
	log_pair("reason", reason_word((enum reason)s->reason));
	log_pair_ms("seconds", world.now - s->opened);
	log_pair_int("bytes_in", (int64_t)s->bytes_in);
	log_pair_int("bytes_out", (int64_t)s->bytes_out);
	if (!s->tcp)
		log_frames(s);
	log_error_of(s->x, (enum reason)s->reason);
	log_tls_error(s);
	log_end();
}
