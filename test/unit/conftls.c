/* config.c: what is said of TLS, and what of it contradicts itself */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "confprint.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])
#define DIGITS "0123456789abcdef0123456789abcdef"

static int failed;
static char err[512];
static char path[] = "/tmp/weir-conftls-XXXXXX";

static void
check(bool ok, const char *name, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL conftls: %s: %s\n", name, why);
	failed = 1;
}

/* fails unless they are the same; NULL is a text of its own */
static void
same(const char *name, const char *got, const char *want)
{
	if (got == NULL)
		got = "(null)";
	if (want == NULL)
		want = "(null)";
	if (strcmp(got, want) == 0)
		return;
	fprintf(stderr, "FAIL conftls: %s: \"%s\" is not \"%s\"\n", name, got,
	    want);
	failed = 1;
}

static struct conf *
load(const char *text)
{
	struct conf_source s = { CONF_FILE, path };
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
	err[0] = '\0';
	return conf_load(&s, 1, err, sizeof err);
}

/* as load(), where it is expected to be good */
static struct conf *
good(const char *name, const char *text)
{
	struct conf *c = load(text);

	check(c != NULL, name, err);
	return c;
}

static void
test_defaults(void)
{
	struct conf *c = good("defaults",
	    "listen = :80\nroute = /\nupstream = a:1\n");
	const struct conf_route *r;

	if (c == NULL)
		return;
	r = c->routes;
	check(c->certs == NULL && c->acme_webroot == NULL, "default", "none");
	check(c->tls_ms == 10000 && c->tls_sessions == 1024 &&
	    c->tls_lifetime_ms == 3600000, "default", "numbers");
	check(r->upstream_verify, "default", "upstreams are verified");
	check(!r->redirect.https && r->redirect.url == NULL, "default", "no redirect");
	check(r->upstream_ca == NULL && r->upstream_name == NULL &&
	    r->upstream_pin == NULL && r->upstream_cert == NULL &&
	    r->upstream_key == NULL && r->client_ca == NULL, "default", "none");
	check(!c->listens->tls && !r->upstreams->tls, "default", "plain");
	conf_free(c);
}

/* the message is "LINE: WHAT", after the name of the file */
static const struct {
	const char *text, *want, *why;
} refused[] = {
	{ "listen = :80\nlisten = wss://:443\nroute = /\nupstream = a:1",
	    "2: listen: needs a cert: https://:443", "no cert" },
	{ "cert = ",
	    "1: cert: needs a value", "empty" },
	{ "cert = a\ncert = b\ncert = a",
	    "3: cert: given twice, first at FILE:1: a", "twice" },
	{ "key = a",
	    "1: key: stands behind its cert", "key alone" },
	{ "cert = a\nlisten = :80\nkey = a",
	    "3: key: stands behind its cert", "key after a list" },
	{ "cert = a\ndrain = 1s\nkey = a",
	    "3: key: stands behind its cert", "key after a value" },
	{ "cert = a\nset_header = A: b\nkey = a",
	    "3: key: stands behind its cert", "key after a rule" },
	{ "cert = a\nkey = b\nkey = c",
	    "3: key: stands behind its cert", "two keys" },
	{ "cert = a\nkey = ",
	    "2: key: needs a value", "key empty" },
	{ "cert = a\nroute = /\nkey = b",
	    "3: key: stands before the first route only", "key in a route" },
	{ "route = /\ncert = b",
	    "2: cert: stands before the first route only", "cert in a route" },
	{ "listen = http://[::1]:1\nlisten = https://[0::1]:1",
	    "2: listen: given twice, first at FILE:1: https://[0::1]:1",
	    "one address" },
	{ "listen = https://unix:/a",
	    "1: listen: TLS is not spoken over unix sockets: https://unix:/a",
	    "unix" },
	{ "upstream = wss://unix:/a",
	    "1: upstream: TLS is not spoken over unix sockets: wss://unix:/a",
	    "unix" },
	{ "listen = https://",
	    "1: listen: not an address: https://", "scheme alone" },
	{ "listen = https://a:443",
	    "1: listen: a listener's host is an IP address, localhost or *: "
	    "https://a:443", "listener's name" },
	{ "upstream = https://a/v1",
	    "1: upstream: an upstream has no path, query or user: "
	    "https://a/v1", "path" },
	{ "upstream = wss://",
	    "1: upstream: not an address: wss://", "scheme alone" },
	{ "tls_timeout = 0",
	    "1: tls_timeout: must be more than 0: 0", "zero" },
	{ "tls_sessions = 1000001",
	    "1: tls_sessions: must be 0 to 1000000: 1000001", "many" },
	{ "tls_session_lifetime = 0",
	    "1: tls_session_lifetime: must be 1s to 1d: 0", "zero" },
	{ "tls_session_lifetime = 86400001ms",
	    "1: tls_session_lifetime: must be 1s to 1d: 86400001ms", "long" },
	{ "tls_sessions = 1\nroute = /\ntls_timeout = 1s",
	    "3: tls_timeout: stands before the first route only", "scope" },
	{ "redirect = http",
	    "1: redirect: a URL begins with http://HOST, https://HOST or "
	    "/PATH: http", "word" },
	{ "redirect = ",
	    "1: redirect: not off, https or [STATUS] URL: ", "empty" },
	{ "upstream_verify = off",
	    "1: upstream_verify: not yes or no: off", "word" },
	{ "listen = :80\nroute = /\nupstream = a:1\nupstream_ca = x",
	    "4: upstream_ca: the route has no https:// upstream: x", "ca" },
	{ "listen = :80\nroute = /\nupstream = a:1\nupstream_name = x",
	    "4: upstream_name: the route has no https:// upstream: x",
	    "name" },
	{ "listen = :80\nroute = /\nupstream_pin = sha256:" DIGITS DIGITS
	    "\nupstream = a:1",
	    "3: upstream_pin: the route has no https:// upstream: sha256:"
	    DIGITS DIGITS, "pin" },
	{ "listen = :80\nroute = /\nupstream = a:1\nupstream_cert = x",
	    "4: upstream_cert: the route has no https:// upstream: x",
	    "cert" },
	{ "listen = :80\nroute = /\nupstream = a:1\nupstream_key = x",
	    "4: upstream_key: the route has no https:// upstream: x", "key" },
	{ "listen = :80\nupstream = a:1\nroute = /\nupstream_verify = no",
	    "4: upstream_verify: the route has no https:// upstream: no",
	    "global upstream" },
	{ "listen = :80\nroute = /\nupstream = https://a\nupstream_key = x",
	    "4: upstream_key: needs an upstream_cert: x", "key alone" },
	{ "listen = :80\nupstream_key = x\nroute = /\nupstream = https://a",
	    "2: upstream_key: needs an upstream_cert: x", "global key alone" },
	{ "listen = :80\nroute = /\nupstream = a:1\nclient_ca = x",
	    "4: client_ca: needs an https:// listen: x", "plain" },
	{ "listen = :80\nlisten = tls://:1\ncert = a\nroute = tls://:1\n"
	    "upstream = tcp://a:1\nroute = /\nupstream = a:1\nclient_ca = x",
	    "8: client_ca: needs an https:// listen: x", "bytes alone" },
	{ "client_ca = x\nlisten = :80\nroute = /\nupstream = a:1",
	    "1: client_ca: needs an https:// listen: x", "all plain" },
	{ "listen = https://:1\ncert = a\nupstream = a:1\nroute = a.b/x\n"
	    "route = a.b/y\nclient_ca = x\nroute = a.b/z\nclient_ca = y",
	    "8: client_ca: not that of the same host at FILE:5: y",
	    "two of one host" },
	{ "listen = https://:1\ncert = a\nupstream = a:1\nclient_ca = x\n"
	    "route = a.b/x\nroute = a.b/y\nclient_ca = y",
	    "7: client_ca: not that of the same host at FILE:5: y",
	    "not the global one" },
	{ "listen = https://:1\ncert = a\nupstream = a:1\nclient_ca = x\n"
	    "route = a.b/x\nclient_ca =\nroute = a.b/y",
	    "6: client_ca: not that of the same host at FILE:7: ",
	    "one path of a host without" },
	{ "listen = https://:1\ncert = a\nupstream = a:1\nroute = a.b/x\n"
	    "client_ca =\nroute = a.b/y\nclient_ca = y",
	    "5: client_ca: not that of the same host at FILE:6: ",
	    "none and one" },
};

/* err with the name of the file cut off in front and replaced behind */
static const char *
without_path(void)
{
	static char text[sizeof err];
	const char *p = err, *q;

	if (strncmp(p, path, strlen(path)) == 0)
		p += strlen(path) + 1;
	q = strstr(p, path);
	if (q == NULL)
		return p;
	snprintf(text, sizeof text, "%.*sFILE%s", (int)(q - p), p,
	    q + strlen(path));
	return text;
}

static void
test_refused(void)
{
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(refused); i++) {
		c = load(refused[i].text);
		check(c == NULL, refused[i].want, refused[i].why);
		same(refused[i].why, without_path(), refused[i].want);
		conf_free(c);
	}
}

static const struct {
	const char *key, *value, *text, *host, *authority;
	uint16_t port;
} endpoints[] = {
	{ "listen", "https://:8443", "https://:8443", "", ":8443", 8443 },
	{ "listen", "WSS://*", "https://:443", "", "", 443 },
	{ "listen", "https://[0::1]:80", "https://[::1]:80", "::1",
	    "[::1]:80", 80 },
	{ "listen", "https://8443", "https://:8443", "", ":8443", 8443 },
	{ "upstream", "wss://A.b", "https://a.b:443", "a.b", "a.b", 443 },
	{ "upstream", "HTTPS://a:443/", "https://a:443", "a", "a", 443 },
	{ "upstream", "https://a.:80", "https://a.:80", "a.", "a.:80", 80 },
	{ "upstream", "https://[::1]", "https://[::1]:443", "::1", "[::1]",
	    443 },
};

static void
test_endpoints(void)
{
	const struct conf_endpoint *e;
	struct conf *c;
	char text[256];
	size_t i;

	for (i = 0; i < COUNT(endpoints); i++) {
		snprintf(text, sizeof text, "cert = a\n%s = %s\n"
		    "listen = :1\nroute = /\nupstream = z:1\n",
		    endpoints[i].key, endpoints[i].value);
		c = good(endpoints[i].value, text);
		if (c == NULL)
			continue;
		e = c->listens;
		if (strcmp(endpoints[i].key, "upstream") == 0)
			e = c->defaults->upstreams;
		same(endpoints[i].value, e->text, endpoints[i].text);
		same(endpoints[i].value, e->host, endpoints[i].host);
		same(endpoints[i].value, e->authority, endpoints[i].authority);
		check(e->tls && e->path == NULL, e->text, "TLS");
		check(e->port == endpoints[i].port, e->text, "port");
		conf_free(c);
	}
}

static const struct {
	const char *key, *value, *want; /* or, behind a "!", what is wrong */
} values[] = {
	{ "upstream_name", "API.Example.com", "api.example.com" },
	{ "upstream_name", "localhost", "localhost" },
	{ "upstream_name", "10.0.0.1", "10.0.0.1" },
	{ "upstream_name", "0::1", "::1" },
	{ "upstream_name", "[FE80::1]", "fe80::1" },
	{ "upstream_name", "", NULL },
	{ "upstream_name", "a.b.", "!a server's name does not end in a dot" },
	{ "upstream_name", ".", "!a server's name does not end in a dot" },
	{ "upstream_name", "a:443", "!not a host name or IP address" },
	{ "upstream_name", "[::1]:443", "!not a host name or IP address" },
	{ "upstream_name", "::g", "!not a host name or IP address" },
	{ "upstream_name", "*.a", "!not a host name or IP address" },
	{ "upstream_name", "a..b", "!not a host name or IP address" },
	{ "upstream_name", "1.2.3", "!not a host name or IP address" },
	{ "upstream_name", "https://a", "!not a host name or IP address" },
	{ "upstream_name", "[a]", "!not an IPv6 address in the brackets" },
	{ "upstream_name", "[1.2.3.4]",
	    "!not an IPv6 address in the brackets" },
	{ "upstream_name", "[]", "!not an IPv6 address in the brackets" },
	{ "upstream_name", "[", "!not a host name or IP address" },
	{ "upstream_pin", "", NULL },
	{ "upstream_pin", "sha256:" DIGITS "0123456789ABCDEFabcdefABCDEF0123",
	    "sha256:" DIGITS "0123456789abcdefabcdefabcdef0123" },
	{ "upstream_pin", DIGITS DIGITS, "!not sha256: and 64 hex digits" },
	{ "upstream_pin", "sha256:", "!not sha256: and 64 hex digits" },
	{ "upstream_pin", "sha25", "!not sha256: and 64 hex digits" },
	{ "upstream_pin", "sha256:" DIGITS DIGITS "0",
	    "!not sha256: and 64 hex digits" },
	{ "upstream_pin", "sha256:" DIGITS "0123456789abcdef0123456789abcde",
	    "!not sha256: and 64 hex digits" },
	{ "upstream_pin", "sha256:" DIGITS "0123456789abcdef0123456789abcdeg",
	    "!not sha256: and 64 hex digits" },
	{ "upstream_pin", "SHA256:" DIGITS DIGITS,
	    "!not sha256: and 64 hex digits" },
	{ "upstream_ca", "", NULL },
	{ "upstream_ca", "a b/c", "a b/c" },
};

static void
test_values(void)
{
	const char *got, *want;
	char text[512];
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		snprintf(text, sizeof text, "%s = %s\nlisten = :1\nroute = /\n"
		    "upstream = https://a\n", values[i].key, values[i].value);
		c = load(text);
		want = values[i].want;
		if (want != NULL && *want == '!') {
			check(c == NULL, values[i].value, want);
			snprintf(text, sizeof text, "1: %s: %s: %s",
			    values[i].key, want + 1, values[i].value);
			same(values[i].value, without_path(), text);
			continue;
		}
		check(c != NULL, values[i].value, err);
		if (c == NULL)
			continue;
		got = strcmp(values[i].key, "upstream_name") == 0 ?
		    c->routes->upstream_name :
		    strcmp(values[i].key, "upstream_pin") == 0 ?
		    c->routes->upstream_pin : c->routes->upstream_ca;
		same(values[i].value, got, want);
		conf_free(c);
	}
}

/* certificates in their order, with their keys, of files and options */
static void
test_certs(void)
{
	const struct conf_source s[] = {
		{ CONF_OPTION, "cert=d" }, { CONF_OPTION, "key=e" },
		{ CONF_FILE, path },
	};
	const struct conf_cert *k;
	char where[64];
	struct conf *c;

	c = good("certs", "cert = a\ncert = b\n# no statement\n\nkey = c\n"
	    "listen = https://:1\nroute = /\nupstream = a:1\n");
	conf_free(c);
	c = conf_load(s, COUNT(s), err, sizeof err);
	check(c != NULL && c->certs != NULL, "certs", err);
	if (c == NULL)
		return;
	k = c->certs;
	same("first", k->file, "a");
	same("first key", k->key, NULL);
	k = k->next;
	same("second", k->file, "b");
	same("second key", k->key, "c");
	snprintf(where, sizeof where, "%s:2", path);
	same("second where", k->where, where);
	k = k->next;
	same("third", k->file, "d");
	same("third key", k->key, "e");
	same("third where", k->where, "-o");
	check(k->next == NULL, "certs", "end");
	conf_free(c);
}

/* a key of the options does not go to the last cert of the files */
static void
test_key_of_options(void)
{
	const struct conf_source s[] = {
		{ CONF_FILE, path }, { CONF_OPTION, "key=e" },
	};
	struct conf *c;

	c = load("listen = https://:1\nupstream = a:1\ncert = a\n");
	conf_free(c);
	c = conf_load(s, COUNT(s), err, sizeof err);
	check(c == NULL, "key of the options", "taken for a file's cert");
	same("key of the options", err, "-o: key: stands behind its cert");
	conf_free(c);
}

/* a certificate for upstreams brings its key along, and no other */
static void
test_pairs(void)
{
	struct conf *c = good("pairs",
	    "listen = :80\nupstream = https://a\nupstream_ca = ca\n"
	    "upstream_cert = c\nupstream_key = k\n"
	    "route = /both\n"
	    "route = /own\nupstream_cert = own\n"
	    "route = /none\nupstream_cert =\n"
	    "route = /keys\nupstream_cert = own\nupstream_key = mine\n"
	    "route = /plain\nupstream = a:1\n");
	const struct conf_route *r;

	if (c == NULL)
		return;
	r = c->routes;
	same("both", r->upstream_cert, "c");
	same("both", r->upstream_key, "k");
	r = r->next;
	same("own", r->upstream_cert, "own");
	same("own", r->upstream_key, NULL);
	same("own", r->upstream_ca, "ca");
	r = r->next;
	same("none", r->upstream_cert, NULL);
	same("none", r->upstream_key, NULL);
	r = r->next;
	same("keys", r->upstream_cert, "own");
	same("keys", r->upstream_key, "mine");
	same("plain", r->next->upstream_ca, "ca");
	conf_free(c);
}

/* what one route of a host says of its clients holds for all of that host */
static void
test_client_ca(void)
{
	struct conf *c = good("client_ca",
	    "listen = https://:1\ncert = a\nupstream = a:1\n"
	    "route = a.b/x\n"
	    "route = b.b/x\n"
	    "route = a.b/y\nclient_ca = ca\n"
	    "route = a.b/z\n"
	    "route = *.b/z\nclient_ca = other\n"
	    "route = a.b\nclient_ca = ca\n"
	    "route = b.b\nclient_ca =\n");
	static const char *const want[] = {
		"ca", NULL, "ca", "ca", "other", "ca", NULL
	};
	const struct conf_route *r;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0, r = c->routes; r != NULL; r = r->next)
		same(r->text, r->client_ca, want[i++]);
	check(i == COUNT(want), "client_ca", "routes");
	conf_free(c);
	c = good("client_ca of all",
	    "listen = https://:1\ncert = a\nupstream = a:1\nclient_ca = ca\n"
	    "route = a.b/x\nroute = b.b\nclient_ca =\n"
	    "route = c.b\nclient_ca = own\n");
	if (c == NULL)
		return;
	same("global", c->routes->client_ca, "ca");
	same("off", c->routes->next->client_ca, NULL);
	same("own", c->routes->next->next->client_ca, "own");
	conf_free(c);
}

static void
test_where(void)
{
	struct conf *c = good("where",
	    "listen = :80\nupstream = https://a\n"
	    "upstream_cert = c\nupstream_ca = ca\n"
	    "route = /x\nupstream_ca = own\n");
	char want[64];

	if (c == NULL)
		return;
	snprintf(want, sizeof want, "%s:6", path);
	same("own", conf_where(c, c->routes, "upstream_ca"), want);
	snprintf(want, sizeof want, "%s:3", path);
	same("global", conf_where(c, c->routes, "upstream_cert"), want);
	snprintf(want, sizeof want, "%s:5", path);
	same("nowhere", conf_where(c, c->routes, "upstream_pin"), want);
	same("no list", conf_where(c, c->routes, "set_header"), want);
	conf_free(c);
}

static void
test_simple(void)
{
	static const struct conf_source s[] = {
		{ CONF_OPTION, "cert=a" },
	};
	struct conf *c, *owner;

	c = conf_simple(":8080", "wss://api.example.com", NULL, 0, err,
	    sizeof err);
	check(c != NULL && c->routes->upstreams->tls &&
	    c->routes->upstreams->port == 443, "simple", err);
	conf_free(c);
	c = conf_simple("https://:1", "a:1", NULL, 0, err, sizeof err);
	check(c == NULL, "simple", "no cert");
	same("simple", err,
	    "command line: listen: needs a cert: https://:1");
	c = conf_simple("https://:1", "a:1", s, 1, err, sizeof err);
	check(c != NULL && c->listens->tls, "simple", err);
	conf_free(c);
	check(conf_listen_address("https://:1", &owner, err, sizeof err) ==
	    NULL && owner == NULL, "echo", "has no TLS");
	same("echo", err, "command line: listen: needs a cert: https://:1");
}

static bool warned;

static void
warn(const char *key)
{
	warned = warned || strcmp(key, "tls_sessions") == 0;
	check(strcmp(key, "tls_sessions") == 0, key, "does not take a restart");
}

/* only the table of sessions is there for good */
static void
test_reload(void)
{
	struct conf *old = good("old", "listen = https://:1\nupstream = a:1\n"
	    "cert = a\nroute = /\n");
	struct conf *new = good("new", "listen = https://:2\nupstream = a:1\n"
	    "cert = b\nkey = c\ntls_sessions = 1\ntls_timeout = 1s\n"
	    "tls_session_lifetime = 1s\nacme_webroot = /\nredirect = https\n"
	    "route = /\nclient_ca = x\n");

	if (old != NULL && new != NULL) {
		conf_diff_start(old, new, warn);
		check(warned, "tls_sessions", "takes a restart");
		check(new->routes->redirect.https, "redirect",
		    "is taken over by routes");
	}
	conf_free(old);
	conf_free(new);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0) {
		perror(path);
		return 1;
	}
	close(fd);
	test_defaults();
	test_refused();
	test_endpoints();
	test_values();
	test_certs();
	test_key_of_options();
	test_pairs();
	test_client_ca();
	test_where();
	test_simple();
	test_reload();
	unlink(path);
	return failed;
}
