/* What the facts of a probe mean: see probejudge.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probejudge.h"
#include "field.h"
#include "probehint.h"

/* puts a sentence behind those that stand */
static void put(char text[1024], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(char text[1024], const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	if (n > 0 && n < 1023)
		text[n++] = ' ';
	va_start(ap, fmt);
	vsnprintf(text + n, 1024 - n, fmt, ap);
	va_end(ap);
}

/* ---- before HTTP ---- */

static void
judge_tcp(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_TCP;
	put(v->text, "No address of %s takes connections to port %u: %s.",
	    f->host, f->port, strerror(f->tcp_error));
	if (f->tcp_error == ECONNREFUSED)
		put(v->advice, "Nothing listens there: is the server running, "
		    "is the port right?");
	else if (f->tcp_error == ETIMEDOUT)
		put(v->advice, "Nothing answers at all, so a firewall drops "
		    "it or the address is wrong.");
	else
		put(v->advice, "Look at the routes and the network of this "
		    "machine.");
}

static void
advise_cert(const struct probe_facts *f, enum tls_fault fault,
    struct probe_verdict *v)
{
	if (fault == TLS_F_NAME)
		put(v->advice, "Get one that names %s, or let the server "
		    "choose by the name it is asked for (SNI).", f->name);
	else if (fault == TLS_F_EXPIRED)
		put(v->advice, "Renew it, and reload the server: it may still "
		    "show an old one.");
	else if (fault == TLS_F_ISSUER || fault == TLS_F_CHAIN)
		put(v->advice, "Let the server send the whole chain, without "
		    "the root; a private authority is given with --ca.");
	else
		put(v->advice, "--insecure goes on in spite of it.");
}

static void
judge_tls(const struct probe_facts *f, struct probe_verdict *v)
{
	enum tls_fault fault = tls_fault(f->tls_error);
	struct probe_cut cut = {f->tls_cut, 0, ""};
	char text[192];

	v->class = PROBE_TLS;
	if (f->tls_error == 0) {
		put(v->text, "The TLS handshake ended with %s.",
		    probe_cut_text(&cut, text));
		put(v->advice, "Is TLS spoken on port %u? Some servers end it "
		    "so for a name (SNI) that they do not serve.", f->port);
	} else if (fault == TLS_F_NOT_TLS) {
		v->class = PROBE_NOT_HTTP;
		put(v->text, "Port %u does not speak TLS.", f->port);
		put(v->advice, "If that is a plain HTTP port, use ws:// with "
		    "it, or give the port of TLS.");
	} else if (f->cert && hint_is_cert(fault) && f->tls_error < 256) {
		v->class = PROBE_CERT;
		put(v->text, "The certificate is not good: %s. It is for %s, "
		    "issued by %s.", tls_error_text(f->tls_error),
		    f->cert_names, f->cert_issuer);
		advise_cert(f, fault, v);
	} else {
		put(v->text, "The TLS handshake failed: %s.",
		    tls_error_text(f->tls_error));
		if (fault == TLS_F_VERSION || fault == TLS_F_SUITE)
			put(v->advice, "This probe speaks TLS 1.2 with ECDHE "
			    "and AES-GCM or ChaCha20, as weir does; browsers "
			    "may get through with TLS 1.3.");
	}
}

/* ---- what is no answer ---- */

static bool
begins(const struct probe_facts *f, const char *bytes, size_t n)
{
	return f->n_first >= n && memcmp(f->first, bytes, n) == 0;
}

/* bytes that are no HTTP/1 */
static void
judge_bytes(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_NOT_HTTP;
	if (f->malformed) {
		put(v->text, "The answer is malformed HTTP.");
		put(v->advice, "Strict clients and proxies refuse it; look "
		    "at it with curl -v.");
	} else if (begins(f, "\x15\x03", 2) || begins(f, "\x16\x03", 2)) {
		put(v->text, "Port %u speaks TLS, and was spoken to without.",
		    f->port);
		put(v->advice, "Use wss:// with it.");
	} else if (f->n_first > 3 && f->first[3] == 4 && begins(f, "\0\0", 2)) {
		put(v->text, "Port %u speaks HTTP/2 alone.", f->port);
		put(v->advice, "WebSocket needs HTTP/1.1 here: allow it beside "
		    "HTTP/2.");
	} else {
		put(v->text, "What answers on port %u does not speak HTTP.",
		    f->port);
		put(v->advice, "Is the port right?");
	}
}

static void
judge_silence(const struct probe_facts *f, struct probe_verdict *v)
{
	struct probe_cut cut = {f->answer_cut, 0, ""};
	char text[192];

	v->class = PROBE_NO_ANSWER;
	if (f->answer_cut == CUT_SILENT) {
		put(v->text, "The connection is open, and the handshake gets "
		    "no answer in time.");
		put(v->advice, "A proxy that waits for the application, an "
		    "application that hangs, or a port that speaks something "
		    "else (or TLS). Try a longer --timeout.");
	} else {
		put(v->text, "The handshake was answered with %s.",
		    probe_cut_text(&cut, text));
		put(v->advice, "Look into the log of the server at port %u; "
		    "some end it so if TLS is %s.", f->port, f->tls ?
		    "not expected" : "expected there");
	}
}

/* ---- an answer that is no 101 ---- */

static void
put_hops(const struct probe_facts *f, struct probe_verdict *v)
{
	if (*f->hops != '\0')
		put(v->text, "It was answered by %s (%s).", hint_hop(f),
		    f->hops);
	else
		put(v->text, "What answered does not say what it is.");
}

static void
judge_redirect(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_REFUSED;
	put(v->text, "The answer is a redirect, %d to %s; WebSocket clients "
	    "do not follow it.", f->status, *f->location != '\0' ?
	    f->location : "nowhere");
	put_hops(f, v);
	if (!f->tls && field_begins((struct span){f->location,
	    strlen(f->location)}, "https:"))
		put(v->advice, "Use wss:// instead of ws://.");
	else
		put(v->advice, "Use the address that it leads to; a redirect "
		    "to a login page means that a cookie is missing.");
}

static void
judge_denied(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_DENIED;
	put(v->text, "The request arrived, and is not allowed: %d.",
	    f->status);
	if (*f->challenge != '\0')
		put(v->text, "It asks for %s.", f->challenge);
	put_hops(f, v);
	if (f->status == 407)
		put(v->advice, "A forward proxy on the way wants "
		    "Proxy-Authorization.");
	else if (!f->secret)
		put(v->advice, "No credentials were sent: give them with -H "
		    "'Authorization: ...' or -H 'Cookie: ...'.");
	else
		put(v->advice, "The credentials that were sent are not "
		    "taken: are they complete, current, and for this place?");
	if (f->status == 403 && !f->origin)
		put(v->advice, "Servers that check Origin refuse requests "
		    "without: give it with --origin.");
}

static void
judge_gateway(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_GATEWAY;
	put(v->text, "%d: %s.", f->status, hint_status(f->status));
	put_hops(f, v);
	put(v->advice, "%s", hint_gateway(f->status));
	if (*f->retry != '\0')
		put(v->advice, "It says Retry-After: %s.", f->retry);
}

/* true if the answer shows that the Upgrade did not get through, or was of no
 * interest to what answered */
static bool
upgrade_lost(const struct probe_facts *f)
{
	if (f->status < 300)
		return true;
	return f->same == SAME_YES || hint_blind(f);
}

static void
judge_lost(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_UPGRADE;
	if (hint_blind(f))
		put(v->text, "The Upgrade was lost on the way: the answer, %d, "
		    "is that of a server that saw no Upgrade.", f->status);
	else
		put(v->text, "The Upgrade was lost on the way, or nothing "
		    "serves WebSocket at this path: %d.", f->status);
	if (f->same == SAME_YES)
		put(v->text, "The same request without Upgrade and Connection "
		    "gets the same answer.");
	put_hops(f, v);
	put(v->advice, "%s", hint_upgrade(f));
	if (!hint_blind(f))
		put(v->advice, "And is the path right?");
}

static void
judge_refused(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_REFUSED;
	put(v->text, "The handshake was refused: %d.", f->status);
	if (f->same == SAME_NO)
		put(v->text, "The Upgrade did get through: without it the "
		    "answer is another one (%d).", f->plain_status);
	put_hops(f, v);
	if (f->status == 426 && *f->versions != '\0')
		put(v->advice, "The server speaks WebSocket of version %s, "
		    "and not 13.", f->versions);
	else if (f->status == 429)
		put(v->advice, "Too many requests from here%s%s.",
		    *f->retry != '\0' ? ": try again after " : "", f->retry);
	else if (f->status == 404)
		put(v->advice, "Is the path right?");
	else
		put(v->advice, "Something in the request is not to its "
		    "liking: the path, a subprotocol (--subprotocol), Origin "
		    "(--origin), or another field (-H).");
}

static void
judge_answer(const struct probe_facts *f, struct probe_verdict *v)
{
	if (f->status == 401 || f->status == 403 || f->status == 407) {
		judge_denied(f, v);
	} else if (f->status >= 300 && f->status < 400) {
		judge_redirect(f, v);
	} else if (f->status >= 500) {
		judge_gateway(f, v);
	} else if (hint_plain_port(f)) {
		v->class = PROBE_NOT_HTTP;
		put(v->text, "Port %u speaks TLS, and was spoken to without: "
		    "%d.", f->port, f->status);
		put(v->advice, "Use wss:// with it.");
	} else if (f->status != 429 && upgrade_lost(f)) {
		judge_lost(f, v);
	} else {
		judge_refused(f, v);
	}
}

/* ---- a 101 ---- */

static void
judge_proof(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_HANDSHAKE;
	if (f->old) {
		put(v->text, "The 101 is of HTTP/1.0, which has no Upgrade.");
		put(v->advice, "A proxy speaks HTTP/1.0: for nginx, "
		    "proxy_http_version 1.1.");
		return;
	}
	put(v->text, "The answer is a 101 that is no WebSocket handshake: %s",
	    hint_proof(f->proof));
	if (f->proof == R_PROOF_ACCEPT)
		put(v->text, "It is %s.", *f->accept != '\0' ? f->accept :
		    "missing");
	else if (f->proof == R_PROOF_PROTOCOL)
		put(v->text, "It is %s.", f->protocol);
	else if (f->proof == R_PROOF_EXTENSION)
		put(v->text, "It is %s.", f->extensions);
	put_hops(f, v);
	put(v->advice, "%s", hint_proof_advice(f->proof));
}

static void
judge_cut(const struct probe_facts *f, struct probe_verdict *v)
{
	char text[192];

	if (f->cut.how == CUT_BAD) {
		v->class = PROBE_HANDSHAKE;
		put(v->text, "The handshake succeeded, and then came %s.",
		    probe_cut_text(&f->cut, text));
		put(v->advice, "The server, or something on the way, breaks "
		    "RFC 6455.");
	} else if (f->cut.how == CUT_SILENT) {
		v->class = PROBE_NO_PONG;
		put(v->text, "The handshake succeeded, but %u of %u pings "
		    "got no pong.", f->pings - f->pongs, f->pings);
		put(v->advice, "RFC 6455 5.5.3 asks for one. Either the "
		    "server does not answer pings, or a proxy does not pass "
		    "on what follows the 101.");
	} else {
		v->class = PROBE_CLOSED;
		put(v->text, "The handshake succeeded, and the connection "
		    "ended at once with %s.", probe_cut_text(&f->cut, text));
		put(v->advice, f->cut.how == CUT_CLOSE ? "The application "
		    "ends it so: its code and log tell why." :
		    "The application failed, or a proxy does not pass on "
		    "what follows the 101.");
	}
}

static void
judge_echo(const struct probe_facts *f, struct probe_verdict *v)
{
	v->class = PROBE_ECHO;
	if (*f->echo_got != '\0')
		put(v->text, "The handshake and pings are fine, but another "
		    "message came back than the one that was sent: \"%s\".",
		    f->echo_got);
	else
		put(v->text, "The handshake and pings are fine, but the "
		    "message that was sent did not come back.");
	put(v->advice, "Is that an echo server? If it is, something on the "
	    "way changes or keeps back messages.");
}

/* ---- being held open ---- */

static void
judge_pinged(const struct probe_facts *f, struct probe_verdict *v)
{
	const struct probe_hold *h = &f->pinged;
	char every[PROBE_TIME_TEXT], after[PROBE_TIME_TEXT], text[192];

	probe_time_text(h->ping_ms, every);
	probe_time_text(h->ms, after);
	if (h->cut.how == CUT_NONE) {
		put(v->text, "With a ping every %s it was still open after "
		    "%s.", every, after);
		put(v->advice, "Ping at least every %s, from either side, or "
		    "raise that timeout.", every);
		return;
	}
	put(v->text, "With a ping every %s it was cut as well, after %s, "
	    "with %s.", every, after, probe_cut_text(&h->cut, text));
	put(v->advice, "So pings alone do not help: it is a limit on the "
	    "lifetime, or on silence without messages. Clients have to "
	    "connect again, or send messages.");
}

static void
judge_silent(const struct probe_facts *f, struct probe_verdict *v)
{
	const struct probe_hold *h = &f->silent;
	const char *known = hint_timeout(h->quiet_ms);
	char after[PROBE_TIME_TEXT], text[192];

	v->class = PROBE_IDLE;
	probe_time_text(h->quiet_ms, after);
	if (probe_was_busy(h)) {
		put(v->text, "The path cut the connection after %s, with %s, "
		    "though it was not silent: the other side had sent "
		    "something by itself.", probe_time_text(h->ms, after),
		    probe_cut_text(&h->cut, text));
		known = NULL;
	} else if (h->late)
		put(v->text, "The path forgets idle connections without a "
		    "word: at some time within %s of silence, seen only "
		    "when a ping was sent then, by %s.", after,
		    probe_cut_text(&h->cut, text));
	else
		put(v->text, "The path cuts connections after %s of silence, "
		    "with %s.", after, probe_cut_text(&h->cut, text));
	if (f->pinged.done)
		judge_pinged(f, v);
	if (known != NULL && !h->late)
		put(v->advice, "%s is the time of %s.", after, known);
}

/* ---- all of it ---- */

static void
judge_fine(const struct probe_facts *f, struct probe_verdict *v)
{
	char after[PROBE_TIME_TEXT];

	put(v->text, "WebSocket works: the handshake is proved%s%s.",
	    f->pongs > 0 ? ", pings are answered" : "",
	    f->echoed ? ", the message came back" : "");
	if (f->silent.done)
		put(v->text, "It stayed open for %s%s.",
		    probe_time_text(f->silent.ms, after),
		    f->silent.heard > 0 ? ", in which the other side sent "
		    "something by itself" : " of silence");
	if (f->offered && *f->protocol == '\0')
		put(v->advice, "Subprotocols were offered and none was "
		    "chosen: browsers end the connection then.");
	if (f->tls && f->cert && f->cert_days < 14)
		put(v->advice, "The certificate expires in %d days.",
		    (int)f->cert_days);
}

void
probe_judge(const struct probe_facts *f, struct probe_verdict *v)
{
	memset(v, 0, sizeof *v);
	if (*f->name_error != '\0') {
		v->class = PROBE_NAME;
		put(v->text, "The name %s has no address: %s.", f->host,
		    f->name_error);
		put(v->advice, "Is it spelled right, and does this machine's "
		    "resolver know it?");
	} else if (f->opened == 0) {
		judge_tcp(f, v);
	} else if (f->tls && !f->secure) {
		judge_tls(f, v);
	} else if (f->n_first > 0) {
		judge_bytes(f, v);
	} else if (f->status == 0) {
		judge_silence(f, v);
	} else if (f->status != 101) {
		judge_answer(f, v);
	} else if (f->proof != R_DONE || f->old) {
		judge_proof(f, v);
	} else if (f->cut.how != CUT_NONE) {
		judge_cut(f, v);
	} else if (f->echo && !f->echoed) {
		judge_echo(f, v);
	} else if (f->silent.done && f->silent.cut.how != CUT_NONE) {
		judge_silent(f, v);
	} else {
		judge_fine(f, v);
	}
}

void
probe_compare(const struct probe_verdict *public,
    const struct probe_verdict *direct, const char *at,
    struct probe_verdict *v)
{
	const struct probe_verdict *worse = public->class != PROBE_FINE ?
	    public : direct;

	memset(v, 0, sizeof *v);
	v->class = worse->class;
	if (worse->class == PROBE_FINE)
		put(v->text, "Both ways work, the public one and directly at "
		    "%s.", at);
	else if (public->class == direct->class)
		put(v->text, "Both ways fail alike, so the origin does it "
		    "rather than what stands before it.");
	else if (direct->class == PROBE_FINE)
		put(v->text, "Directly at %s it works, so what stands before "
		    "the origin does it.", at);
	else if (public->class == PROBE_FINE)
		put(v->text, "The public way works, and directly at %s it "
		    "does not.", at);
	else
		put(v->text, "Directly at %s it fails in another way (%s): "
		    "%s On the public way:", at, probe_word(direct->class),
		    direct->text);
	put(v->text, "%s", worse->text);
	put(v->advice, "%s", worse->advice);
}
