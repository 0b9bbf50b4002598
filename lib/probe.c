/*
 * The steps of a probe, in the order in which a client would take them. Each
 * says what it found as it goes, and leaves its facts for the verdict. What
 * fails ends the walk, so that the first cause is the one that is judged.
 */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netdb.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "der.h"
#include "probeargs.h"
#include "probesay.h"
#include "tls.h"

/* record buffers: a probe has one connection open, or for a moment two */
#define TLS_PAIRS 4
/* pings that nobody asked for are no more frequent than this */
#define PING_MIN_MS 20

/* one way to the server */
struct path {
	const struct probe_how *h;
	const struct conf_endpoint *to;
	struct tls_client *client; /* NULL: no TLS */
	struct addr addr; /* the first that took a connection */
	struct probe_facts *f;
	struct wire w;
};

/* ---- name ---- */

static size_t
resolve(struct path *p, struct addr addrs[RESOLVE_MAX])
{
	struct addrinfo hints = {0}, *list, *ai;
	char port[8];
	size_t n = 0;
	int err;

	hints.ai_family = p->h->family;
	hints.ai_socktype = SOCK_STREAM;
	snprintf(port, sizeof port, "%u", (unsigned)p->to->port);
	err = getaddrinfo(p->to->host, port, &hints, &list);
	if (err != 0) {
		snprintf(p->f->name_error, sizeof p->f->name_error, "%s",
		    gai_strerror(err));
		return 0;
	}
	for (ai = list; ai != NULL && n < RESOLVE_MAX; ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof addrs[n].u)
			continue;
		memset(&addrs[n], 0, sizeof addrs[n]);
		memcpy(&addrs[n].u, ai->ai_addr, ai->ai_addrlen);
		addrs[n++].len = ai->ai_addrlen;
	}
	freeaddrinfo(list);
	return n;
}

static size_t
step_name(struct path *p, struct addr addrs[RESOLVE_MAX])
{
	char line[1024], one[ADDR_TEXT_MAX];
	int64_t began = wire_now();
	struct text t;
	size_t i, n;

	say_wait("name");
	n = resolve(p, addrs);
	p->f->addrs = (unsigned)n;
	text_init(&t, line, sizeof line - 1);
	for (i = 0; i < n; i++) {
		text_str(&t, i > 0 ? ", " : "");
		text_str(&t, addr_text_ip(&addrs[i], one));
	}
	line[t.n] = '\0';
	say_begin("name", n > 0 ? SAY_OK : SAY_FAIL, wire_now() - began);
	say_str("host", p->to->host);
	say_str("addresses", line);
	if (n == 1 && strcmp(line, p->to->host) == 0)
		say_end("%s is an address", line);
	else
		say_end("%s: %s", p->to->host,
		    n > 0 ? line : p->f->name_error);
	return n;
}

/* ---- TCP ---- */

static void
say_try(const struct wire_try *t, bool others)
{
	char text[ADDR_TEXT_MAX];

	say_begin("tcp", t->error == 0 ? SAY_OK : others ? SAY_NOTE :
	    SAY_FAIL, t->us);
	say_str("address", addr_text(&t->to, text));
	if (t->error == 0)
		say_end("%s", text);
	else
		say_end("%s: %s", text, strerror(t->error));
}

/* keeps the first one that is open */
static bool
step_tcp(struct path *p, const struct addr *addrs, size_t n)
{
	struct wire_try tries[RESOLVE_MAX];
	bool open = false;
	size_t i;

	for (i = 0; i < n; i++)
		tries[i].to = addrs[i];
	say_wait("tcp");
	wire_connect(tries, n, wire_now() + p->h->timeout_ms * 1000);
	for (i = 0; i < n; i++)
		open = open || tries[i].error == 0;
	for (i = 0; i < n; i++) {
		say_try(&tries[i], open);
		if (tries[i].error != 0) {
			p->f->tcp_error = tries[i].error;
		} else if (p->f->opened++ == 0) {
			p->addr = tries[i].to;
			wire_init(&p->w, tries[i].fd);
		} else {
			close(tries[i].fd);
		}
	}
	return p->f->opened > 0;
}

/* ---- TLS ---- */

/* the names in a certificate, and the addresses */
static void
write_names(struct text *t, const struct der_cert *c)
{
	char ip[INET6_ADDRSTRLEN];
	struct der name;
	size_t i;

	for (i = 0; der_name(c, i, &name) && !t->full; i++) {
		text_str(t, t->n > 0 ? ", " : "");
		text_mem(t, name.p, name.n);
	}
	for (i = 0; der_ip(c, i, &name) && !t->full; i++) {
		if ((name.n != 4 && name.n != 16) || inet_ntop(name.n == 4 ?
		    AF_INET : AF_INET6, name.p, ip, sizeof ip) == NULL)
			continue;
		text_str(t, t->n > 0 ? ", " : "");
		text_str(t, ip);
	}
	if (t->n == 0)
		text_str(t, "no name");
}

/* days to come, rounded down: -1 is up to a day ago */
static int64_t
days_until(int64_t then)
{
	int64_t s = then - (int64_t)time(NULL);

	return s >= 0 ? s / 86400 : -1 - (-1 - s) / 86400;
}

/* what the first certificate says of itself */
static void
on_cert(void *arg, unsigned i, const unsigned char *der, size_t len)
{
	struct probe_facts *f = arg;
	struct der_cert c;
	struct der name;
	struct text t;

	if (i > 0 || !der_cert(&c, der, len))
		return;
	f->cert = true;
	text_init(&t, f->cert_names, sizeof f->cert_names - 1);
	write_names(&t, &c);
	f->cert_names[t.n] = '\0';
	text_init(&t, f->cert_issuer, sizeof f->cert_issuer - 1);
	if (der_who(c.issuer, &name))
		text_mem(&t, name.p, name.n);
	f->cert_issuer[t.n] = '\0';
	f->cert_days = days_until(c.not_after);
}

static void
say_cert(const struct probe_facts *f)
{
	int ago = (int)(-1 - f->cert_days);

	if (!f->cert)
		return;
	say_begin("cert", f->secure && f->cert_days >= 14 ? SAY_OK :
	    SAY_NOTE, -1);
	say_str("names", f->cert_names);
	say_str("issuer", f->cert_issuer);
	say_int("days", f->cert_days);
	if (f->cert_days == -1)
		say_end("%s; issued by %s; expired less than a day ago",
		    f->cert_names, f->cert_issuer);
	else if (f->cert_days < 0)
		say_end("%s; issued by %s; expired %d day%s ago",
		    f->cert_names, f->cert_issuer, ago, ago == 1 ? "" : "s");
	else
		say_end("%s; issued by %s; %d days left", f->cert_names,
		    f->cert_issuer, (int)f->cert_days);
}

static void
say_tls(const struct path *p, int64_t us)
{
	const struct probe_facts *f = p->f;
	struct probe_cut cut = {f->tls_cut, 0, ""};
	char text[192];

	say_begin("tls", f->secure ? SAY_OK : SAY_FAIL, us);
	if (f->secure) {
		say_str("version", "TLS 1.2");
		say_str("suite", tls_suite(p->w.tls));
		say_end("TLS 1.2, %s%s", tls_suite(p->w.tls),
		    p->h->insecure ? ", not verified" : "");
	} else {
		say_int("error", f->tls_error);
		say_end("%s", f->tls_error != 0 ?
		    tls_error_text(f->tls_error) :
		    probe_cut_text(&cut, text));
	}
}

static bool
step_tls(struct path *p)
{
	int64_t began = wire_now();
	int r;

	if (p->client == NULL)
		return true;
	say_wait("tls");
	tls_watch(on_cert, p->f);
	r = wire_secure(&p->w, p->client,
	    began + p->h->timeout_ms * 1000);
	tls_watch(NULL, NULL);
	p->f->secure = r == 1;
	p->f->tls_error = tls_error(p->w.tls);
	p->f->tls_cut = r == 0 ? CUT_SILENT : r == -1 ? CUT_FIN : CUT_RST;
	say_tls(p, wire_now() - began);
	say_cert(p->f);
	return p->f->secure;
}

/* ---- what follows ---- */

/* another connection to the same address; says nothing */
static bool
again(struct path *p)
{
	struct wire_try t;
	int64_t until = wire_now() + p->h->timeout_ms * 1000;

	wire_close(&p->w);
	t.to = p->addr;
	wire_connect(&t, 1, until);
	if (t.error != 0)
		return false;
	wire_init(&p->w, t.fd);
	return p->client == NULL || wire_secure(&p->w, p->client, until) == 1;
}

/* only these may be of somebody who saw no Upgrade */
static bool
worth_comparing(int status)
{
	return status >= 200 && status < 500 && status / 100 != 3 &&
	    status != 429;
}

/* with pings what was cut without; false: the tunnel is gone */
static bool
hold_with_pings(struct path *p)
{
	const struct probe_hold *s = &p->f->silent;
	int64_t ms = s->late ? s->ms : 2 * s->ms, every = p->h->ping_ms;

	if (every == 0) {
		every = s->late ? s->ms / 4 :
		    probe_was_busy(s) ? s->ms / 2 : s->quiet_ms / 2;
		every = every < PING_MIN_MS ? PING_MIN_MS : every;
	}
	if (!again(p) || !ask_again(p->h, &p->w)) {
		say_begin("hold", SAY_NOTE, -1);
		say_end("no second connection, to try it with pings");
		return false;
	}
	talk_hold(p->h, &p->w, ms, every, &p->f->pinged);
	return p->f->pinged.cut.how == CUT_NONE;
}

static bool
step_hold(struct path *p)
{
	if (p->h->hold_ms == 0)
		return true;
	talk_hold(p->h, &p->w, p->h->hold_ms, 0, &p->f->silent);
	return p->f->silent.cut.how == CUT_NONE || hold_with_pings(p);
}

static void
walk(struct path *p)
{
	struct addr addrs[RESOLVE_MAX];
	size_t n = step_name(p, addrs);

	if (n == 0 || !step_tcp(p, addrs, n) || !step_tls(p))
		return;
	if (!ask_handshake(p->h, &p->w, p->f)) {
		if (worth_comparing(p->f->status) && again(p))
			ask_plain(p->h, &p->w, p->f);
		return;
	}
	if (talk_pings(p->h, &p->w, p->f) &&
	    (!p->h->echo || talk_echo(p->h, &p->w, p->f)) &&
	    step_hold(p))
		talk_close(p->h, &p->w);
}

/* ---- both ways ---- */

/* the name that is asked for and verified: a certificate's has no last dot */
static struct tls_client *
client_of(const struct probe_how *h, char *err, size_t size)
{
	struct tls_client_how how = {0};
	char name[256];
	size_t n = strlen(h->to.host);

	snprintf(name, sizeof name, "%.*s", (int)(n > 1 &&
	    h->to.host[n - 1] == '.' ? n - 1 : n), h->to.host);
	how.name = name;
	how.ca = h->ca;
	how.verify = !h->insecure;
	return tls_client_new(&how, err, size);
}

static void
probe_way(const struct probe_how *h, const struct conf_endpoint *to,
    struct tls_client *client, struct probe_verdict *v)
{
	static struct probe_facts f;
	static struct path p;

	memset(&f, 0, sizeof f);
	memset(&p, 0, sizeof p);
	p.h = h;
	p.to = to;
	p.client = to->tls ? client : NULL;
	p.f = &f;
	p.w.fd = -1;
	f.host = to->host;
	f.name = h->to.host;
	f.port = to->port;
	f.tls = to->tls;
	f.secret = h->secret;
	f.origin = h->origin != NULL;
	f.offered = h->subprotocol != NULL;
	f.echo = h->echo;
	walk(&p);
	wire_close(&p.w);
	probe_judge(&f, v);
	say_probe_end(v);
}

static int
probe(const struct probe_how *h, struct tls_client *client)
{
	static struct probe_verdict public, direct, v;
	const char *shown = args_url(h);
	char title[512];

	say_init(h->json, shown);
	say_probe(h->to.text, shown);
	probe_way(h, &h->to, client, &public);
	v = public;
	if (h->via.host != NULL) {
		snprintf(title, sizeof title, "directly at %s", h->via.text);
		say_probe(h->via.text, title);
		probe_way(h, &h->via, client, &direct);
		probe_compare(&public, &direct, h->via.text, &v);
	}
	say_verdict(&v);
	return (int)v.class;
}

int
probe_main(int argc, char **argv)
{
	static struct probe_how h;
	struct tls_client *client = NULL;
	char err[512];
	int status = 1;

	if (!args_parse(&h, argc, argv))
		return h.help ? 0 : 2;
	signal(SIGPIPE, SIG_IGN);
	tls_clock((int64_t)time(NULL));
	if (tls_init(TLS_PAIRS) != 0)
		fprintf(stderr, "weir: %s\n", strerror(errno));
	else if ((h.to.tls || h.via.tls) &&
	    (client = client_of(&h, err, sizeof err)) == NULL)
		fprintf(stderr, "weir: %s\n", err);
	else
		status = probe(&h, client);
	tls_client_free(client);
	arena_free(h.arena);
	return status;
}
