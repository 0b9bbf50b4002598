/* Words, and what is known of those who answer: see probehint.h. */
#include <stdio.h>
#include <string.h>

#include "probehint.h"
#include "buf.h"

/* ---- words ---- */

const char *
probe_word(enum probe_class c)
{
	static const char *const words[] = {
		"name", "tcp", "tls", "certificate", "not_http",
		"upgrade_lost", "denied", "refused", "gateway",
		"bad_handshake", "no_answer", "closed", "no_pong", "idle_cut",
		"echo"
	};

	return c < PROBE_NAME || c >= PROBE_CLASSES ? "fine" :
	    words[c - PROBE_NAME];
}

const char *
probe_time_text(int64_t ms, char text[PROBE_TIME_TEXT])
{
	if (ms < 1000)
		snprintf(text, PROBE_TIME_TEXT, "%d ms", (int)ms);
	else if (ms < 9950)
		snprintf(text, PROBE_TIME_TEXT, "%.1f s", (double)ms / 1000);
	else
		snprintf(text, PROBE_TIME_TEXT, "%.0f s", (double)ms / 1000);
	return text;
}

const char *
probe_cut_text(const struct probe_cut *cut, char text[192])
{
	switch (cut->how) {
	case CUT_CLOSE:
		if (cut->code == 1005) /* none was in it */
			return "a Close frame without a code";
		snprintf(text, 192, "a Close frame, code %u%s%s%s", cut->code,
		    *cut->text != '\0' ? " \"" : "", cut->text,
		    *cut->text != '\0' ? "\"" : "");
		return text;
	case CUT_BAD:
		snprintf(text, 192, "a bad frame: %s", cut->text);
		return text;
	case CUT_FIN:
		return "the end of the TCP stream, without a Close frame";
	case CUT_RST:
		return "a reset of the TCP connection";
	case CUT_SILENT:
		return "silence: what was sent got no answer";
	default:
		return "nothing";
	}
}

bool
probe_was_busy(const struct probe_hold *h)
{
	return h->heard > 0 && h->quiet_ms < h->ms / 2;
}

/* ---- what answered ---- */

bool
hint_is_cert(enum tls_fault fault)
{
	return fault == TLS_F_EXPIRED || fault == TLS_F_NOT_YET ||
	    fault == TLS_F_NAME || fault == TLS_F_ISSUER ||
	    fault == TLS_F_CHAIN || fault == TLS_F_PIN ||
	    fault == TLS_F_CERT;
}

/* true if text holds that, which is in lower case, in any case */
static bool
holds(const char *text, const char *that)
{
	size_t i;

	for (; *text != '\0'; text++) {
		for (i = 0; that[i] != '\0'; i++)
			if (lower(text[i]) != that[i])
				break;
		if (that[i] == '\0')
			return true;
	}
	return false;
}

bool
hint_blind(const struct probe_facts *f)
{
	/*
	 * As servers and libraries say it to a request without Upgrade or
	 * Connection: gorilla, ws, websockets, aiohttp, tornado, Spring,
	 * Phoenix, weir, and others alike.
	 */
	static const char *const signs[] = {
		"upgrade", "'connection'", "\"connection\"",
		"connection header", "access a websocket server directly",
		"missing sec-websocket", "not a websocket", "expected websocket"
	};
	size_t i;

	if (f->status != 400 && f->status != 426 && f->status != 405)
		return false;
	/* 13 was asked for: who asks for it has not seen that */
	if (f->status == 426 && *f->versions != '\0')
		return holds(f->versions, "13");
	if (f->status == 426)
		return true;
	for (i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (holds(f->body, signs[i]))
			return true;
	return false;
}

bool
hint_plain_port(const struct probe_facts *f)
{
	/* nginx, Apache, Go, weir */
	static const char *const signs[] = {
		"plain http request was sent to https port",
		"speaking plain http to an ssl-enabled",
		"http request to an https server",
		"plain http was spoken to a port for https"
	};
	size_t i;

	for (i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (f->status == 400 && !f->tls && holds(f->body, signs[i]))
			return true;
	return false;
}

/* who leaves such a mark in the fields of an answer, those in front first */
static const struct hop {
	const char *mark, *name, *upgrade;
} hops[] = {
	{"cf-ray", "Cloudflare", "Cloudflare passes it on unless WebSockets "
	    "are off under Network; then look at the origin's own proxy."},
	{"cloudfront", "Amazon CloudFront", "CloudFront passes it on where "
	    "the origin request policy has the Sec-WebSocket fields "
	    "(AllViewer has)."},
	{"x-amz-cf", "Amazon CloudFront", "CloudFront passes it on where "
	    "the origin request policy has the Sec-WebSocket fields "
	    "(AllViewer has)."},
	{"x-served-by: cache", "Fastly", "Fastly passes it on where the "
	    "product WebSockets is enabled and VCL upgrades the request."},
	{"varnish", "Varnish", "Varnish passes it on in a pipe: return (pipe) "
	    "in vcl_recv, set bereq.http.upgrade and connection in vcl_pipe."},
	{"awselb", "AWS Application Load Balancer", "It passes it on: look "
	    "at the target and its own proxy."},
	{"1.1 google", "Google Cloud Load Balancing", "It passes it on: look "
	    "at the backend and its own proxy."},
	{"microsoft-azure-application-gateway", "Azure Application Gateway",
	    "It passes it on: look at the backend and its own proxy."},
	{"envoy", "Envoy", "Envoy passes it on with upgrade_configs: "
	    "[{upgrade_type: websocket}]."},
	{"openresty", "OpenResty", "In its location: proxy_http_version 1.1; "
	    "proxy_set_header Upgrade $http_upgrade; proxy_set_header "
	    "Connection \"upgrade\";"},
	{"nginx", "nginx", "In its location: proxy_http_version 1.1; "
	    "proxy_set_header Upgrade $http_upgrade; proxy_set_header "
	    "Connection \"upgrade\";"},
	{"apache", "Apache", "Apache passes it on with mod_proxy_wstunnel, or "
	    "since 2.4.47 with ProxyPass ... upgrade=websocket."},
	{"lighttpd", "lighttpd", "In lighttpd: proxy.header = (\"upgrade\" "
	    "=> \"enable\")."},
	{"microsoft-iis", "IIS", "IIS needs its WebSocket Protocol feature."},
	{"caddy", "Caddy", "Caddy's reverse_proxy passes it on: look at what "
	    "is behind it."},
};

static const struct hop *
find_hop(const struct probe_facts *f)
{
	size_t i;

	for (i = 0; i < sizeof hops / sizeof hops[0]; i++)
		if (holds(f->hops, hops[i].mark))
			return &hops[i];
	return NULL;
}

const char *
hint_hop(const struct probe_facts *f)
{
	const struct hop *h = find_hop(f);

	return h != NULL ? h->name : "a server";
}

const char *
hint_upgrade(const struct probe_facts *f)
{
	const struct hop *h = find_hop(f);

	return h != NULL ? h->upgrade : "Every proxy on the way has to pass "
	    "on Upgrade and Connection, which HTTP lets it drop. Probe the "
	    "origin with --via to see on which side of it they are lost.";
}

/* 520 to 526 are Cloudflare's own */
static const struct status {
	int status;
	const char *says, *advice;
} statuses[] = {
	{500, "the application failed", "Its log tells why."},
	{501, "this is not implemented there", "Is WebSocket enabled there?"},
	{502, "a gateway got no valid answer from what is behind it",
	    "What is behind that hop does not run, refuses the connection, or "
	    "answers with something that is no HTTP: see its error log."},
	{503, "there is no server available", "All that is behind that hop is "
	    "down or overloaded, or it is being updated."},
	{504, "a gateway got no answer in time from what is behind it",
	    "What is behind that hop cannot be reached (a firewall?) or "
	    "hangs."},
	{520, "Cloudflare got an answer that it does not understand",
	    "Probe the origin with --via."},
	{521, "the origin refuses connections of Cloudflare",
	    "Is it running, and does its firewall let Cloudflare in?"},
	{522, "the origin does not answer Cloudflare",
	    "Does its firewall let Cloudflare in?"},
	{523, "Cloudflare has no way to the origin",
	    "Is its address in the DNS right?"},
	{524, "the origin did not answer Cloudflare in time",
	    "It hangs: see its log."},
	{525, "the TLS handshake of Cloudflare with the origin failed",
	    "Does the origin speak TLS on that port?"},
	{526, "Cloudflare does not accept the origin's certificate",
	    "Renew it, or get one for this name."},
};

static const struct status *
find_status(int status)
{
	size_t i;

	for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return NULL;
}

const char *
hint_status(int status)
{
	const struct status *s = find_status(status);

	return s != NULL ? s->says : "the server failed";
}

const char *
hint_gateway(int status)
{
	const struct status *s = find_status(status);

	return s != NULL ? s->advice : "Its log tells why.";
}

/* reason.h says these of an upstream; here nobody knows who did it */
static const struct proof {
	enum reason reason;
	const char *says, *advice;
} proofs[] = {
	{R_PROOF_UPGRADE, "Upgrade: websocket is missing or another.",
	    "Something on the way removed it from the answer, or the server "
	    "switches to something else."},
	{R_PROOF_CONNECTION, "Connection does not list Upgrade.",
	    "Something on the way removed it from the answer: for nginx, "
	    "proxy_http_version 1.1 and proxy_set_header Connection."},
	{R_PROOF_ACCEPT, "Sec-WebSocket-Accept is not what the key asks for.",
	    "The server does not compute it (RFC 6455 4.2.2), something on "
	    "the way changed the key, or this answer is another request's, "
	    "out of a cache."},
	{R_PROOF_PROTOCOL, "the subprotocol was not offered.",
	    "Offer it with --subprotocol, or let the server choose only from "
	    "what is offered."},
	{R_PROOF_EXTENSION, "an extension was chosen that was not offered.",
	    "Something on the way removes Sec-WebSocket-Extensions from "
	    "one direction only, or the server does not look at it."},
	{R_PROOF_BODY, "it announces a body.",
	    "A 101 has none (RFC 9110 8.6): something on the way adds "
	    "Content-Length or Transfer-Encoding."},
};

static const struct proof *
find_proof(enum reason r)
{
	size_t i;

	for (i = 0; i < sizeof proofs / sizeof proofs[0]; i++)
		if (proofs[i].reason == r)
			return &proofs[i];
	return NULL;
}

const char *
hint_proof(enum reason r)
{
	const struct proof *p = find_proof(r);

	return p != NULL ? p->says : "it is malformed.";
}

const char *
hint_proof_advice(enum reason r)
{
	const struct proof *p = find_proof(r);

	return p != NULL ? p->advice : "";
}

const char *
hint_timeout(int64_t ms)
{
	static const struct {
		int64_t s;
		const char *whose;
	} times[] = {
		{30, "Google Cloud's backend services, unless it is raised"},
		{50, "timeout client and server in usual HAProxy files, where "
		    "timeout tunnel is not set"},
		{55, "Heroku's router"},
		{60, "nginx (proxy_read_timeout) and of an AWS Application "
		    "Load Balancer (idle timeout)"},
		{100, "Cloudflare, as its users found"},
		{240, "Azure's load balancer"},
		{350, "an AWS Network Load Balancer"},
		{600, "an AWS API Gateway"},
	};
	size_t i;
	int64_t off;

	for (i = 0; i < sizeof times / sizeof times[0]; i++) {
		off = ms - 1000 * times[i].s;
		if (off >= -1000 && off <= 1000 + 20 * times[i].s)
			return times[i].whose;
	}
	return NULL;
}
