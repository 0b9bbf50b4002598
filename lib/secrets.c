/* Certificates and keys of a configuration: see secrets.h. */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "secrets.h"
#include "auth.h"
#include "log.h"
#include "route.h"
#include "tls.h"
#include "way.h"

#define MESSAGE_MAX 400

static bool
listens_with_tls(const struct conf *c)
{
	const struct conf_endpoint *e;

	for (e = c->listens; e != NULL; e = e->next)
		if (e->tls)
			return true;
	return false;
}

static int
blame(char *err, size_t size, const char *where, const char *key,
    const char *what)
{
	snprintf(err, size, "%s: %s: %s", where, key, what);
	return -1;
}

/* tls.c begins with the file, or other text, that it finds fault with */
static bool
blames(const char *what, const char *text)
{
	size_t n = text != NULL ? strlen(text) : 0;

	return n > 0 && strncmp(what, text, n) == 0 && what[n] == ':';
}

static int
blame_cert(char *err, size_t size, const struct conf_cert *k, const char *what)
{
	if (k->key != NULL && !blames(what, k->file))
		return blame(err, size, k->key_where, "key", what);
	return blame(err, size, k->where, "cert", what);
}

static int
load_certs(struct conf *c, char *err, size_t size)
{
	char why[MESSAGE_MAX], warning[MESSAGE_MAX];
	const struct conf_cert *k;

	for (k = c->certs; k != NULL; k = k->next) {
		if (tls_server_cert(c->tls, k->file, k->key, why, warning,
		    sizeof why) < 0)
			return blame_cert(err, size, k, why);
		if (warning[0] != '\0')
			log_warn("%s: cert: %s", k->where, warning);
	}
	return 0;
}

static bool
asks_clients(const struct conf *c)
{
	const struct conf_route *r;

	for (r = c->routes; r != NULL; r = r->next)
		if (r->client_ca != NULL)
			return true;
	return false;
}

/* whether a route may take requests to host: that has none of its own which
 * takes all of them */
static bool
serves(const struct conf *c, const struct conf_route *r, struct span host)
{
	const struct span path = {r->path, strlen(r->path)};
	size_t rank = route_host(r->host, host);
	const struct conf_route *own;

	for (own = c->routes; own != NULL && rank > 0; own = own->next)
		if (route_host(own->host, host) > rank &&
		    own->n_matches == 0 && route_prefix(path, own->path) >= 0)
			return false;
	return rank > 0;
}

/* whether clients of host that get to the route have been asked for what it
 * wants; if not, they would get nothing but 421 */
static int
check_client_ca(const struct conf *c, const struct conf_route *host,
    const struct conf_route *r, char *err, size_t size)
{
	const struct span name = {host->host, strlen(host->host)};
	struct peer p;
	bool ip = cidr_address(name, 0, &p);

	if (r->client_ca == NULL || !serves(c, r, name) ||
	    tls_server_asks(c->tls, ip ? "" : name.p, r->client_ca))
		return 0;
	if (ip)
		snprintf(err, size, "%s: client_ca: clients do not name an IP "
		    "address in TLS, and are asked for the client_ca of a "
		    "route for *: %s", conf_where(c, r, "client_ca"), host->text);
	else
		snprintf(err, size, "%s: route: leaves requests to the one at "
		    "%s, whose client_ca is another: %s", host->where,
		    r->where, host->text);
	return -1;
}

static int
check_client_cas(const struct conf *c, char *err, size_t size)
{
	const struct conf_route *host, *r;

	for (host = c->routes; host != NULL; host = host->next)
		for (r = c->routes; r != NULL && !host->tcp; r = r->next)
			if (check_client_ca(c, host, r, err, size) < 0)
				return -1;
	return 0;
}

/*
 * A host without client_ca is not asked, though a wider one may be; but for one
 * whose routes leave requests to the wider one's, where nobody could get to.
 */
static int
load_client_cas(struct conf *c, char *err, size_t size)
{
	const struct conf_route *r;
	char why[MESSAGE_MAX];

	if (!asks_clients(c))
		return 0;
	for (r = c->routes; r != NULL; r = r->next) {
		if (r->tcp || (r->client_ca == NULL &&
		    (strcmp(r->path, "/") != 0 || r->n_matches > 0)))
			continue;
		if (tls_server_client_ca(c->tls, r->host, r->client_ca, why,
		    sizeof why) < 0)
			return blame(err, size, conf_where(c, r, "client_ca"),
			    "client_ca", why);
	}
	return check_client_cas(c, err, size);
}

static bool
dials_with_tls(const struct conf *c)
{
	const struct conf_endpoint *e;
	const struct conf_route *r;

	for (r = c->routes; r != NULL; r = r->next)
		for (e = r->upstreams; e != NULL; e = e->next)
			if (e->tls)
				return true;
	return false;
}

/* one key before the first route that tells how TLS is spoken to upstreams */
static void
warn_useless(const struct conf *c, const char *key, bool given)
{
	if (given)
		log_warn("%s: %s: no route has an https:// upstream",
		    conf_where(c, c->defaults, key), key);
}

/* a larger share is what weight= is for */
static void
warn_twice(const struct conf_endpoint *list)
{
	const struct conf_endpoint *e, *first;

	for (e = list; e != NULL; e = e->next) {
		for (first = list; strcmp(first->text, e->text) != 0 ||
		    first->proxy != e->proxy; first = first->next)
			;
		if (first != e)
			log_warn("%s: upstream: given twice, first at %s: %s",
			    e->where, first->where, e->text);
	}
}

static void
warn_all_twice(const struct conf *c)
{
	const struct conf_endpoint *all = c->defaults->upstreams;
	const struct conf_route *r;

	warn_twice(all);
	for (r = c->routes; r != NULL; r = r->next)
		if (r->upstreams != all)
			warn_twice(r->upstreams);
}

/* in a route that is an error; here it may be for upstreams to come */
static void
warn_all_useless(const struct conf *c)
{
	const struct conf_route *d = c->defaults;
	const struct conf_endpoint *e;

	for (e = c->listens; e != NULL && d->client_ca != NULL; e = e->next)
		if (e->tls && e->tcp)
			log_warn("%s: client_ca: does not hold for %s",
			    conf_where(c, d, "client_ca"), e->text);
	if (dials_with_tls(c))
		return;
	warn_useless(c, "upstream_verify", !d->upstream_verify);
	warn_useless(c, "upstream_ca", d->upstream_ca != NULL);
	warn_useless(c, "upstream_name", d->upstream_name != NULL);
	warn_useless(c, "upstream_pin", d->upstream_pin != NULL);
	warn_useless(c, "upstream_cert", d->upstream_cert != NULL);
	warn_useless(c, "upstream_key", d->upstream_key != NULL);
}

/* else no challenge would ever be found there, and nobody told */
static int
check_webroot(const struct conf *c, char *err, size_t size)
{
	struct stat st;
	int wrong = 0;

	if (c->acme_webroot == NULL)
		return 0;
	if (stat(c->acme_webroot, &st) < 0)
		wrong = errno;
	else if (!S_ISDIR(st.st_mode))
		wrong = ENOTDIR;
	if (wrong == 0)
		return 0;
	snprintf(err, size, "%s: acme_webroot: %s: %s", conf_where(c,
	    c->defaults, "acme_webroot"), c->acme_webroot, strerror(wrong));
	return -1;
}

/* record buffers, self-test: only where TLS is spoken, and once */
static int
begin(const struct conf *c, char *err, size_t size)
{
	static bool begun;

	if (begun || (!listens_with_tls(c) && !dials_with_tls(c)))
		return 0;
	tls_clock((int64_t)time(NULL));
	if (tls_init(c->buffers) < 0) {
		snprintf(err, size, "TLS: %s", strerror(errno));
		return -1;
	}
	begun = true;
	return 0;
}

static int
load_server(struct conf *c, char *err, size_t size)
{
	if (!listens_with_tls(c))
		return 0;
	c->tls = tls_server_new(c->tls_sessions, c->tls_lifetime_ms / 1000);
	if (c->tls == NULL) {
		snprintf(err, size, "out of memory");
		return -1;
	}
	if (load_certs(c, err, size) < 0)
		return -1;
	return load_client_cas(c, err, size);
}

static int
blame_client(char *err, size_t size, const struct conf *c,
    const struct conf_route *r, const struct conf_endpoint *e, const char *what)
{
	const struct {
		const char *key, *value;
	} keys[] = {
		{"upstream_name", r->upstream_name},
		{"upstream_ca", r->upstream_ca},
		{"upstream_pin", r->upstream_pin},
		{"upstream_cert", r->upstream_cert},
		{"upstream_key", r->upstream_key}
	};
	size_t i;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (blames(what, keys[i].value))
			return blame(err, size, conf_where(c, r, keys[i].key),
			    keys[i].key, what);
	return blame(err, size, e->where, "upstream", what);
}

static int
load_client(const struct conf *c, const struct conf_route *r,
    const struct conf_endpoint *e, void **client, char *err, size_t size)
{
	struct tls_client_how how;
	char why[MESSAGE_MAX], name[WAY_NAME];

	if (!e->tls)
		return 0;
	how.name = way_name(r, e, name);
	how.ca = r->upstream_ca;
	how.pin = r->upstream_pin;
	how.cert = r->upstream_cert;
	how.key = r->upstream_key;
	how.verify = r->upstream_verify;
	if (!how.verify && how.pin == NULL)
		log_warn("%s: upstream_verify = no: %s may be anybody",
		    conf_where(c, r, "upstream_verify"), e->text);
	*client = tls_client_new(&how, why, sizeof why);
	return *client != NULL ? 0 : blame_client(err, size, c, r, e, why);
}

static void
put_day(char *p, size_t size, time_t when)
{
	const struct tm *tm = gmtime(&when);

	snprintf(p, size, "%04d-%02d-%02d", tm->tm_year + 1900, tm->tm_mon + 1,
	    tm->tm_mday);
}

static void
warn_unset(const struct conf *c)
{
	char is[32], by[32];

	put_day(is, sizeof is, time(NULL));
	put_day(by, sizeof by, (time_t)tls_now());
	log_warn("the clock is not set, it says %s: until it is, certificates "
	    "are judged as of %s, and those that begin later are %s", is, by,
	    c->clock_relaxed ? "believed (clock = relaxed)" :
	    "refused (clock = strict)");
}

void
secrets_clock(const struct conf *c)
{
	static enum { QUIET, WARNED, TOLD } said;

	tls_clock_relax(c->clock_relaxed);
	if (said == QUIET && tls_clock_unset() &&
	    (listens_with_tls(c) || dials_with_tls(c))) {
		warn_unset(c);
		said = WARNED;
	} else if (said == WARNED && !tls_clock_unset()) {
		log_info("the clock is set");
		said = TOLD;
	}
}

int
secrets_load(struct conf *c, char *err, size_t size)
{
	const struct conf_endpoint *e;
	struct conf_route *r;
	unsigned i;

	warn_all_useless(c);
	warn_all_twice(c);
	if (check_webroot(c, err, size) < 0)
		return -1;
	if (begin(c, err, size) < 0 || load_server(c, err, size) < 0 ||
	    auth_load(c, err, size) < 0)
		return -1;
	for (r = c->routes; r != NULL; r = r->next)
		for (i = 0, e = r->upstreams; e != NULL; e = e->next)
			if (load_client(c, r, e, &r->secrets[i++], err,
			    size) < 0)
				return -1;
	return 0;
}

void
secrets_free(struct conf *c)
{
	struct conf_route *r;
	unsigned i;

	for (r = c->routes; r != NULL; r = r->next) {
		for (i = 0; i < r->n_upstreams; i++) {
			tls_client_free(r->secrets[i]);
			r->secrets[i] = NULL;
		}
	}
	auth_free(c);
	tls_server_free(c->tls);
	c->tls = NULL;
}
