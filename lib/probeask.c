/* The request of a probe and its answer: see probe.h. */
#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "probeanswer.h"
#include "probesay.h"
#include "redact.h"
#include "tls.h"
#include "upgrade.h"
#include "ws.h"

/* room for a request */
#define REQUEST_MAX 65536

/* ---- the request ---- */

/* true if -H has a field of that name, which is then sent instead of ours */
static bool
given(const struct probe_how *h, const char *name)
{
	size_t n = strlen(name);
	unsigned i;

	for (i = 0; i < h->n_fields; i++)
		if (strlen(h->fields[i]) > n && h->fields[i][n] == ':' &&
		    span_is((struct span){h->fields[i], n}, name))
			return true;
	return false;
}

static void
field(struct text *t, const char *name, const char *value)
{
	text_str(t, name);
	text_str(t, ": ");
	text_str(t, value);
	text_str(t, "\r\n");
}

static void
write_request(struct text *t, const struct probe_how *h, const char *key,
    bool upgrade)
{
	unsigned i;

	text_str(t, "GET ");
	text_str(t, h->target);
	text_str(t, " HTTP/1.1\r\n");
	if (!given(h, "Host"))
		field(t, "Host", h->to.authority);
	if (upgrade)
		text_str(t, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	else
		text_str(t, "Connection: close\r\n");
	field(t, "Sec-WebSocket-Version", "13");
	field(t, "Sec-WebSocket-Key", key);
	if (h->subprotocol != NULL)
		field(t, "Sec-WebSocket-Protocol", h->subprotocol);
	if (h->origin != NULL)
		field(t, "Origin", h->origin);
	if (!given(h, "User-Agent"))
		field(t, "User-Agent", "weir-probe");
	for (i = 0; i < h->n_fields; i++) {
		text_str(t, h->fields[i]);
		text_str(t, "\r\n");
	}
	text_str(t, "\r\n");
}

/* the base64 of 16 random bytes: RFC 6455 4.1 */
static void
make_key(char key[25])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char r[18] = {0};
	size_t i;

	tls_entropy(r, 16);
	for (i = 0; i < 18; i += 3, key += 4) {
		key[0] = digits[r[i] >> 2];
		key[1] = digits[(r[i] << 4 | r[i + 1] >> 4) & 63];
		key[2] = digits[(r[i + 1] << 2 | r[i + 2] >> 6) & 63];
		key[3] = digits[r[i + 2] & 63];
	}
	key[-1] = key[-2] = '=';
	*key = '\0';
}

static void
say_request(const struct probe_how *h)
{
	char line[4096];
	struct span name;
	struct text t;
	unsigned i;

	text_init(&t, line, sizeof line - 1);
	text_str(&t, "GET ");
	redact_target(&t, (struct span){h->target, strlen(h->target)});
	text_str(&t, " as WebSocket");
	if (h->origin != NULL) {
		text_str(&t, "; Origin: ");
		text_str(&t, h->origin);
	}
	if (h->subprotocol != NULL) {
		text_str(&t, "; subprotocols: ");
		redact_protocols(&t, (struct span){h->subprotocol,
		    strlen(h->subprotocol)});
	}
	for (i = 0; i < h->n_fields; i++) {
		name = (struct span){h->fields[i], strcspn(h->fields[i], ":")};
		text_str(&t, "; ");
		if (redact_field(name)) {
			text_span(&t, name);
			text_str(&t, ": ***");
		} else {
			text_str(&t, h->fields[i]);
		}
	}
	line[t.n] = '\0';
	say_begin("request", SAY_OK, -1);
	say_end("%s", line);
}

/* sends it; what fails here shows in the answer, which may have come early */
static void
send_request(const struct probe_how *h, struct wire *w, const char *key,
    bool upgrade)
{
	static char head[REQUEST_MAX];
	struct text t;

	text_init(&t, head, sizeof head);
	write_request(&t, h, key, upgrade);
	wire_send(w, t.p, t.n, wire_now() + h->timeout_ms * 1000);
}

/* ---- facts of it ---- */

/* fields that tell who answered: gathered as they came */
static void
keep_hops(const struct http_head *h, struct probe_facts *f)
{
	static const char *const names[] = {
		"Server", "Via", "X-Cache", "X-Served-By", "X-Powered-By",
		"X-Varnish", "CF-RAY", "CF-Cache-Status", "X-Amz-Cf-Pop",
		"X-Amzn-ErrorType", "X-Vercel-Id", "X-Vercel-Error",
		"Fly-Request-Id", "X-Azure-Ref", "X-Backend-Server",
		"X-Proxy-Error", "Proxy-Status"
	};
	struct text t;
	unsigned i;
	size_t k;

	text_init(&t, f->hops, sizeof f->hops - 1);
	for (k = 0; k < sizeof names / sizeof names[0]; k++) {
		for (i = 0; i < h->n_fields; i++) {
			if (!span_is(h->fields[i].name, names[k]))
				continue;
			if (t.n > 0)
				text_str(&t, ", ");
			text_str(&t, names[k]);
			text_str(&t, ": ");
			text_span(&t, h->fields[i].value);
		}
	}
	f->hops[t.n] = '\0';
}

static void
keep_location(const struct http_head *h, struct probe_facts *f)
{
	char raw[sizeof f->location];
	struct text t;

	answer_field(h, "Location", raw, sizeof raw);
	text_init(&t, f->location, sizeof f->location - 1);
	redact_target(&t, (struct span){raw, strlen(raw)});
	f->location[t.n] = '\0';
}

static struct span
span_of(const char *s)
{
	return (struct span){s, s != NULL ? strlen(s) : 0};
}

/* the judge of a 101: R_DONE, or what does not hold */
static enum reason
prove(const struct probe_how *h, const struct http_head *head,
    const char *key, struct probe_facts *f)
{
	answer_field(head, "Sec-WebSocket-Accept", f->accept, sizeof f->accept);
	answer_field(head, "Sec-WebSocket-Protocol", f->protocol, sizeof f->protocol);
	answer_field(head, "Sec-WebSocket-Extensions", f->extensions,
	    sizeof f->extensions);
	return upgrade_prove(head, span_of(key), span_of(h->subprotocol),
	    span_of(h->extensions));
}

/* what came makes no sense as HTTP */
static void
keep_bytes(const struct wire *w, struct probe_facts *f)
{
	size_t n = wire_len(w);

	f->malformed = n >= 7 && memcmp(w->in + w->beg, "HTTP/1.", 7) == 0;
	f->n_first = (unsigned)(n < sizeof f->first ? n : sizeof f->first);
	memcpy(f->first, w->in + w->beg, f->n_first);
}

static void
keep_answer(const struct answer *a, struct probe_facts *f)
{
	f->status = a->r.status;
	f->old = a->r.h.minor == 0;
	keep_hops(&a->r.h, f);
	keep_location(&a->r.h, f);
	answer_field(&a->r.h, "Sec-WebSocket-Version", f->versions,
	    sizeof f->versions);
	answer_field(&a->r.h, "Retry-After", f->retry, sizeof f->retry);
	answer_field(&a->r.h, "WWW-Authenticate", f->challenge, sizeof f->challenge);
}

/* ---- lines ---- */

static void
say_no_answer(const struct answer *a, const struct probe_facts *f, int64_t us)
{
	struct probe_cut cut = {a->cut, 0, ""};
	char text[192], bytes[sizeof f->first + 1];
	unsigned i;

	say_begin("answer", SAY_FAIL, us);
	if (f->n_first == 0) {
		say_end("%s", probe_cut_text(&cut, text));
		return;
	}
	for (i = 0; i < f->n_first; i++)
		bytes[i] = (char)(f->first[i] == 0 ? '.' : f->first[i]);
	bytes[i] = '\0';
	say_end("no HTTP, it begins with: %s", bytes);
}

/* the first words of a body, on one line */
static void
quote(const char *body, char *to, size_t size)
{
	size_t n = 0;

	for (; *body != '\0' && n < size - 1; body++) {
		if (*body != ' ' && *body != '\n' && *body != '\r' &&
		    *body != '\t')
			to[n++] = *body;
		else if (n > 0 && to[n - 1] != ' ')
			to[n++] = ' ';
	}
	if (n > 0 && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
}

static void
say_answer(const struct answer *a, const struct probe_facts *f, int64_t us)
{
	char body[160];

	quote(f->body, body, sizeof body);
	say_begin("answer", f->status == 101 ? SAY_OK : SAY_FAIL, us);
	say_int("status", f->status);
	say_str("hops", f->hops);
	say_str("location", f->location);
	say_str("body", body);
	say_end("%d %s%s%s%s%s", f->status, a->phrase,
	    *f->hops != '\0' ? "; " : "", f->hops,
	    *body != '\0' ? "; it says: " : "", body);
}

static void
say_handshake(const struct probe_facts *f)
{
	say_begin("handshake", f->proof != R_DONE || f->old ? SAY_FAIL :
	    f->offered && *f->protocol == '\0' ? SAY_NOTE : SAY_OK, -1);
	say_str("subprotocol", f->protocol);
	say_str("extensions", f->extensions);
	if (f->old)
		say_end("the 101 is of HTTP/1.0");
	else if (f->proof != R_DONE)
		say_end("%s", reason_word(f->proof));
	else
		say_end("proved; %s%s; %s%s",
		    *f->protocol != '\0' ? "subprotocol " : "no subprotocol",
		    f->protocol,
		    *f->extensions != '\0' ? "extensions " : "no extensions",
		    f->extensions);
}

/* ---- the parts of it ---- */

bool
ask_handshake(const struct probe_how *h, struct wire *w,
    struct probe_facts *f)
{
	static struct answer a;
	int64_t began = wire_now(), until = began + h->timeout_ms * 1000, us;
	char key[25];

	make_key(key);
	say_request(h);
	say_wait("answer");
	send_request(h, w, key, true);
	answer_read(w, &a, until);
	us = wire_now() - began;
	if (a.reason != 0)
		keep_bytes(w, f);
	f->answer_cut = a.cut;
	if (a.cut != CUT_NONE || a.reason != 0) {
		say_no_answer(&a, f, us);
		return false;
	}
	keep_answer(&a, f);
	if (f->status == 101)
		f->proof = prove(h, &a.r.h, key, f);
	if (f->status != 101) {
		answer_body(w, &a, until);
		memcpy(f->body, a.body, a.n_body + 1);
	}
	say_answer(&a, f, us);
	if (f->status == 101)
		say_handshake(f);
	return f->status == 101 && f->proof == R_DONE && !f->old;
}

bool
ask_again(const struct probe_how *h, struct wire *w)
{
	static struct probe_facts nobody;
	static struct answer a;
	char key[25];

	make_key(key);
	send_request(h, w, key, true);
	answer_read(w, &a, wire_now() + h->timeout_ms * 1000);
	return a.cut == CUT_NONE && a.reason == 0 && a.r.status == 101 &&
	    prove(h, &a.r.h, key, &nobody) == R_DONE;
}

/* the same text, but for numbers in it: times, and names of requests */
static bool
alike(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if (*a != *b && (hex_digit(*a) < 0 || hex_digit(*b) < 0))
			return false;
	return *a == *b;
}

void
ask_plain(const struct probe_how *h, struct wire *w, struct probe_facts *f)
{
	static struct answer a;
	int64_t began = wire_now(), until = began + h->timeout_ms * 1000;
	char key[25];

	make_key(key);
	say_wait("compare");
	send_request(h, w, key, false);
	answer_read(w, &a, until);
	if (a.cut == CUT_NONE && a.reason == 0) {
		f->plain_status = a.r.status;
		answer_body(w, &a, until);
		f->same = a.r.status == f->status && alike(a.body, f->body) ?
		    SAME_YES : SAME_NO;
	}
	say_begin("compare", SAY_NOTE, wire_now() - began);
	say_int("status", f->plain_status);
	say_int("same", f->same == SAME_YES);
	if (f->same == SAME_UNKNOWN)
		say_end("without Upgrade and Connection there is no answer");
	else
		say_end("without Upgrade and Connection: %d, %s",
		    f->plain_status, f->same == SAME_YES ? "the same answer" :
		    "another answer");
}
