/* config.c: what test/conf cannot see, and the borders of every value */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "confprint.h"
#include "http.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])
#define FIRST "listen=:8080"
#define ROUTE "route=/"
#define LAST "upstream=http://127.0.0.1:9000"

static int failed;
static char err[512];
static char path[] = "/tmp/weir-config-XXXXXX";

static void
check(bool ok, const char *name, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL config: %s: %s\n", name, why);
	failed = 1;
}

/* fails unless both are there and the same */
static void
same(const char *name, const char *got, const char *want)
{
	if (got != NULL && strcmp(got, want) == 0)
		return;
	fprintf(stderr, "FAIL config: %s: \"%s\" is not \"%s\"\n", name,
	    got != NULL ? got : "(null)", want);
	failed = 1;
}

/* a conf of options, up to a NULL */
static struct conf *
options(const char *const *text)
{
	struct conf_source s[32];
	size_t n = 0;

	err[0] = '\0';
	for (; *text != NULL; text++) {
		s[n].kind = CONF_OPTION;
		s[n++].text = *text;
	}
	return conf_load(s, n, err, sizeof err);
}

/* a conf with one more statement, or another listen or route */
static struct conf *
with(const char *key, const char *value)
{
	const char *all[] = { FIRST, "drain=1s", ROUTE, LAST, NULL, NULL };
	char text[512];

	snprintf(text, sizeof text, "%s = %s", key, value);
	if (strcmp(key, "listen") == 0)
		all[0] = text;
	else if (strcmp(key, "route") == 0)
		all[2] = text;
	else if (strcmp(key, "upstream") == 0)
		all[4] = text;
	else
		all[1] = text;
	return options(all);
}

/* the whole file is text; its name is in path */
static void
write_file(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static struct conf *
file(const char *text, size_t n)
{
	struct conf_source s = { CONF_FILE, path };

	write_file(text, n);
	err[0] = '\0';
	return conf_load(&s, 1, err, sizeof err);
}

/* the message is "-o: KEY: WHAT: VALUE" */
static const struct {
	const char *key, *what;
	struct {
		const char *value, *why;
	} rows[16];
} refused[] = {
	{ "connect_timeout", "not a duration", {
		{ "5x", "unit" },
		{ "5", "none" },
		{ "", "empty" },
		{ "-5s", "negative" },
		{ "5 s", "space" },
		{ "1.5s", "fraction" },
		{ "5s 3ms", "words" },
		{ "5S", "upper" },
		{ "0x", "zero and no unit" },
	} },
	{ "drain", "longer than 10 years", {
		{ "3651d", "long" },
		{ "18446744073709551617ms", "overflow" },
		{ "213503982335d", "overflow unit" },
	} },
	{ "body_max", "not a size", {
		{ "5kb", "unit" },
		{ "", "empty" },
		{ "-1", "negative" },
		{ "5K", "upper" },
	} },
	{ "body_max", "too large", {
		{ "8589934592g", "large" },
		{ "99999999999999999999", "overflow" },
	} },
	{ "pool", "not a number", {
		{ "many", "word" },
		{ "5k", "unit" },
		{ "", "empty" },
		{ "-1", "negative" },
	} },
	{ "pool", "too large", {
		{ "2147483648", "large" },
	} },
	{ "forwarded", "not yes or no", {
		{ "true", "bool" },
	} },
	{ "log_level", "not error, warn, info or debug", {
		{ "notice", "level" },
	} },
	{ "log_format", "not text or json", {
		{ "xml", "format" },
	} },
	{ "error_format", "not auto, text, json or openai", {
		{ "html", "errors" },
	} },
	{ "handshakes_per_address", "must be 0 to 10000", {
		{ "10001", "handshakes high" },
	} },
	{ "max_connections", "must be 1 to 1000000", {
		{ "0", "max connections low" },
		{ "1000001", "max connections high" },
	} },
	{ "buffers", "must be 8 to 1000000", {
		{ "7", "buffers low" },
		{ "1000001", "buffers high" },
	} },
	{ "buffer", "must be 4k to 1m", {
		{ "4095", "buffer low" },
		{ "1025k", "buffer high" },
	} },
	{ "header_max", "must be 512 to 256k", {
		{ "511", "header max low" },
		{ "257k", "header max high" },
	} },
	{ "line_max", "must be 16 to 256k", {
		{ "15", "line max low" },
		{ "257k", "line max high" },
	} },
	{ "fields_max", "must be 10 to 1000", {
		{ "9", "fields max low" },
		{ "1001", "fields max high" },
	} },
	{ "header_timeout", "must be more than 0", {
		{ "0", "header timeout" },
	} },
	{ "connect_timeout", "must be more than 0", {
		{ "0", "connect timeout" },
		{ "0s", "connect timeout route" },
	} },
	{ "handshake_timeout", "must be more than 0", {
		{ "0", "handshake timeout" },
	} },
	{ "listen", "not an address", {
		{ "", "empty" },
		{ "http://", "scheme only" },
		{ "tls://", "scheme only, tls" },
	} },
	{ "listen", "not http://, https://, ws://, wss://, tcp://, tls:// or "
	    "unix:/PATH", {
		{ "ftp://:80", "scheme" },
		{ "tcps://:80", "scheme, nearly" },
	} },
	{ "listen", "it needs a port", {
		{ "tcp://127.0.0.1", "tcp" },
	} },
	{ "listen", "only proxy, allow=NETWORKS and deny=NETWORKS may follow "
	    "the address", {
		{ ":80 proxy=1", "version" },
		{ ":80 proxy allow", "no networks" },
		{ ":80 proxy x", "word" },
		{ "unix:/a b proxy c", "behind a path" },
	} },
	{ "listen", "a word behind the address stands twice", {
		{ ":80 proxy\tproxy", "twice" },
	} },
	{ "listen", "a listener has no path, query or user", {
		{ "http://:80/", "path" },
		{ ":80?x", "query" },
		{ "a@127.0.0.1:80", "user" },
	} },
	{ "listen", "a listener's host is an IP address, localhost or *", {
		{ "example.com:80", "name" },
		{ "1.2.3.256:80", "not ipv4" },
	} },
	{ "listen", "a port is 1 to 65535", {
		{ ":0", "port" },
		{ ":65536", "port large" },
		{ "99999999999999999999", "port huge" },
		{ ":http", "port word" },
		{ "127.0.0.1:", "port none" },
	} },
	{ "listen", "an IPv6 address stands in brackets", {
		{ "::1", "ipv6" },
	} },
	{ "listen", "[ without ]", {
		{ "[::1:80", "bracket" },
	} },
	{ "listen", "only :PORT may follow ]", {
		{ "[::1]80", "after bracket" },
	} },
	{ "listen", "not an IPv6 address in the brackets", {
		{ "[1.2.3.4]:80", "not ipv6" },
	} },
	{ "listen", "the path of a unix socket begins with a slash", {
		{ "unix:run/x", "unix" },
		{ "unix:", "unix empty" },
	} },
	{ "upstream", "not an address", {
		{ "", "empty" },
		{ "ws://", "scheme only" },
	} },
	{ "upstream", "not http://, https://, ws://, wss://, tcp://, tls:// "
	    "or unix:/PATH", {
		{ "ftp://a:1", "scheme" },
	} },
	{ "upstream", "it needs a port", {
		{ "tls://a", "tls" },
	} },
	{ "upstream", "the PROXY protocol is proxy=1 or proxy=2", {
		{ "http://a:1 proxy=0", "version" },
		{ "http://a:1 proxy=", "no version" },
	} },
	{ "upstream", "an upstream has no path, query or user", {
		{ "http://a:1/v1", "path" },
		{ "http://a:1//", "slashes" },
		{ "http://a:1?x=y", "query" },
		{ "http://a:1#x", "fragment" },
		{ "http://u:p@a:1", "user" },
		{ "http:///", "slash only" },
	} },
	{ "upstream", "only weight=NUMBER, backup, max_connections=NUMBER and "
	    "proxy=VERSION may follow the address", {
		{ "http://a:1 allow=all", "a listener's" },
		{ "http://a:1 http://b:1", "two" },
		{ "http://a b:1", "blank" },
		{ "a:1 Backup", "case" },
		{ "a:1 backup=yes", "no value" },
		{ "a:1 weight", "no number" },
	} },
	{ "upstream", "a word behind the address stands twice", {
		{ "a:1 backup weight=1 backup", "backup" },
		{ "a:1 proxy=1 proxy", "proxy" },
		{ "a:1 max_connections=1 max_connections=1", "max_connections" },
	} },
	{ "upstream", "a weight is 1 to 1000", {
		{ "a:1 weight=", "weight empty" },
		{ "a:1 weight=-1", "weight sign" },
		{ "a:1 weight=99999999999999999999", "weight large" },
	} },
	{ "upstream", "without http:// it needs a port", {
		{ "localhost", "no port" },
		{ "8080", "only port" },
	} },
	{ "upstream", "the host is missing", {
		{ ":8080", "no host" },
		{ "http://:8080", "no host scheme" },
	} },
	{ "upstream", "a port is 1 to 65535", {
		{ "a:0", "port" },
		{ "a:+1", "port sign" },
		{ "http://a:1, http://b:1", "two" },
		{ "http://a:", "port none" },
		{ "http://a:1, http://b:1", "two" },
	} },
	{ "upstream", "an IPv6 address stands in brackets", {
		{ "http://::1", "ipv6" },
	} },
	{ "upstream", "not an IPv6 address in the brackets", {
		{ "http://[fe80::1%25eth0]", "zone" },
	} },
	{ "upstream", "not a host name or IP address", {
		{ "http://1.2.3", "ipv4" },
		{ "http://0x7f000001", "hex" },
		{ "http://a..b", "dots" },
		{ "http://.", "dot" },
		{ "http://a..", "dots end" },
		{ "http://*:80", "star" },
		{ "http://b\303\274cher.example", "idn" },
	} },
	{ "upstream", "the path of a unix socket begins with a slash", {
		{ "unix:app", "unix" },
	} },
	{ "route", "a route has no scheme", {
		{ "http://example.com/", "scheme" },
	} },
	{ "route", "a route's host has no port", {
		{ "example.com:80/x", "port" },
		{ "::1/x", "ipv6" },
		{ "[::1]:80/", "ipv6 port" },
	} },
	{ "route", "not an IPv6 address in the brackets", {
		{ "[example]/", "brackets" },
	} },
	{ "route", "not a host name, *.NAME or *", {
		{ "exa mple.com/", "host" },
		{ "*example.com", "wildcard" },
		{ "www.*.com", "wildcard middle" },
		{ "*.2.3.4", "wildcard ip" },
		{ "*.", "wildcard empty" },
		{ "example.com./", "dot" },
		{ "1.2.3.256", "ipv4" },
	} },
	{ "route", "a path holds only visible ASCII without ? and #", {
		{ "/x?y", "query" },
		{ "/x#y", "fragment" },
		{ "/x y", "blank" },
		{ "/\303\251", "utf8" },
	} },
	{ "route", "a path has no dot segments", {
		{ "/a/../b", "dots" },
		{ "/a/.", "dot segment" },
		{ "/a/%2E%2e/b", "dots encoded" },
	} },
	{ "route", "% stands before two hex digits only", {
		{ "/100%", "percent" },
		{ "/%4x", "percent hex" },
	} },
	{ "strip_prefix", "a path begins with a slash", {
		{ "v1", "relative" },
	} },
	{ "strip_prefix", "a path has no dot segments", {
		{ "/..", "dots" },
	} },
	{ "strip_prefix", "a path holds only visible ASCII without ? and #", {
		{ "/v1?x", "query" },
	} },
	{ "host_header", "not upstream, client or HOST[:PORT]", {
		{ "a@b", "user" },
		{ "a/b", "path" },
		{ "a b", "blank" },
	} },
	{ "set_header", "not \"Name: value\"", {
		{ "X-A", "no colon" },
		{ "", "empty" },
	} },
	{ "add_header", "not the name of a field", {
		{ ": x", "no name" },
	} },
	{ "set_header", "not the name of a field", {
		{ "X-A : x", "blank" },
	} },
	{ "add_response_header", "not the name of a field", {
		{ "X(A): x", "name" },
	} },
	{ "del_header", "not the name of a field", {
		{ "X-A: x", "del value" },
	} },
	{ "del_response_header", "not the name of a field", {
		{ "", "del empty" },
	} },
	{ "set_header", "this field is weir's own to write", {
		{ "Connection: x", "connection" },
		{ "Content-Length: x", "content length" },
		{ "Transfer-Encoding: x", "transfer encoding" },
		{ "Upgrade: x", "upgrade" },
		{ "TE: x", "te" },
		{ "Trailer: x", "trailer" },
		{ "Keep-Alive: x", "keep alive" },
		{ "Proxy-Connection: x", "proxy connection" },
		{ "HTTP2-Settings: x", "http2 settings" },
		{ "Sec-WebSocket-Key: x", "sec websocket key" },
		{ "Sec-WebSocket-Accept: x", "sec websocket accept" },
		{ "Sec-WebSocket-Version: x", "sec websocket version" },
		{ "Sec-WebSocket-Extensions: x", "sec websocket extensions" },
	} },
	{ "set_header", "use host_header for Host", {
		{ "Host: x", "host" },
	} },
	{ "add_header", "this field is weir's own to write", {
		{ "connection: x", "add" },
	} },
	{ "del_header", "this field is weir's own to write", {
		{ "Transfer-encoding", "del" },
	} },
	{ "del_response_header", "this field is weir's own to write", {
		{ "UPGRADE", "response" },
	} },
	{ "set_response_header", "use host_header for Host", {
		{ "host: x", "host response" },
	} },
	{ "buffer", "must be at least 18k for header_max and header rules", {
		{ "18431", "check buffer" },
	} },
};

static void
test_refused(void)
{
	const char *value;
	char want[512];
	struct conf *c;
	size_t i, j, n;

	for (i = 0; i < COUNT(refused); i++)
		for (j = 0; refused[i].rows[j].why != NULL; j++) {
			value = refused[i].rows[j].value;
			c = with(refused[i].key, value);
			check(c == NULL, value, refused[i].rows[j].why);
			conf_free(c);
			/* what may be a secret behind a missing colon */
			n = strcmp(refused[i].what, "not the name of a field")
			    == 0 ? strcspn(value, " \t:") : strlen(value);
			snprintf(want, sizeof want, "-o: %s: %s: %.*s",
			    refused[i].key, refused[i].what, (int)n, value);
			same(refused[i].rows[j].why, err, want);
		}
}

static const struct {
	const char *value;
	int64_t ms;
	const char *why;
} durations[] = {
	{ "0", 0, "zero needs no unit" },
	{ "00", 0, "zeros" },
	{ "0d", 0, "zero days" },
	{ "1ms", 1, "least" },
	{ "007s", 7000, "zeros before" },
	{ "2m", 120000, "minutes" },
	{ "3h", 10800000, "hours" },
	{ "3650d", INT64_C(315360000000), "ten years" },
	{ "315360000000ms", INT64_C(315360000000), "ten years, finely" },
};

static const struct {
	const char *value;
	uint64_t size;
	const char *why;
} sizes[] = {
	{ "0", 0, "zero" },
	{ "0g", 0, "zero with a unit" },
	{ "1023", 1023, "bytes" },
	{ "3k", 3072, "kibibytes" },
	{ "5m", 5242880, "mebibytes" },
	{ "4g", UINT64_C(4294967296), "past 32 bits" },
	{ "9223372036854775807", INT64_MAX, "63 bits" },
};

static void
test_numbers(void)
{
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(durations); i++) {
		c = with("linger", durations[i].value);
		check(c != NULL && c->routes->linger_ms == durations[i].ms,
		    durations[i].value, durations[i].why);
		conf_free(c);
	}
	for (i = 0; i < COUNT(sizes); i++) {
		c = with("body_max", sizes[i].value);
		check(c != NULL && c->routes->body_max == sizes[i].size,
		    sizes[i].value, sizes[i].why);
		conf_free(c);
	}
	c = with("pool", "2147483647");
	check(c != NULL && c->routes->pool == 2147483647, "pool", "largest");
	conf_free(c);
}

/* host NULL: a unix socket, whose path is in text */
static const struct {
	const char *key, *value, *text, *host, *authority;
	uint16_t port;
} endpoints[] = {
	{ "listen", ":8080", "http://:8080", "", ":8080", 8080 },
	{ "listen", "8080", "http://:8080", "", ":8080", 8080 },
	{ "listen", "*", "http://:80", "", "", 80 },
	{ "listen", "http://*:1", "http://:1", "", ":1", 1 },
	{ "listen", "ws://[0::1]", "http://[::1]:80", "::1", "[::1]", 80 },
	{ "listen", "1.2.3.4", "http://1.2.3.4:80", "1.2.3.4", "1.2.3.4", 80 },
	{ "listen", "LOCALHOST:65535", "http://127.0.0.1:65535", "127.0.0.1",
	    "127.0.0.1:65535", 65535 },
	{ "listen", "unix:/a", "unix:/a", NULL, "localhost", 0 },
	{ "upstream", "http://A.b", "http://a.b:80", "a.b", "a.b", 80 },
	{ "upstream", "ws://a:80/", "http://a:80", "a", "a", 80 },
	{ "upstream", "a.:81", "http://a.:81", "a.", "a.:81", 81 },
	{ "upstream", "[FE80::1]:81", "http://[fe80::1]:81", "fe80::1",
	    "[fe80::1]:81", 81 },
	{ "upstream", "10.0.0.1:81", "http://10.0.0.1:81", "10.0.0.1",
	    "10.0.0.1:81", 81 },
	{ "upstream", "http://unix:/a", "unix:/a", NULL, "localhost", 0 },
	{ "upstream", "http://3d", "http://3d:80", "3d", "3d", 80 },
	{ "upstream", "http://1.2.a", "http://1.2.a:80", "1.2.a", "1.2.a",
	    80 },
};

static void
test_endpoints(void)
{
	const struct conf_endpoint *e;
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(endpoints); i++) {
		c = with(endpoints[i].key, endpoints[i].value);
		check(c != NULL, endpoints[i].value, err);
		if (c == NULL)
			continue;
		e = c->listens;
		if (strcmp(endpoints[i].key, "upstream") == 0)
			e = c->routes->upstreams->next;
		same(endpoints[i].value, e->text, endpoints[i].text);
		same(endpoints[i].value, e->authority, endpoints[i].authority);
		same(endpoints[i].value, e->where, "-o");
		if (endpoints[i].host != NULL)
			same(endpoints[i].value, e->host, endpoints[i].host);
		else
			same(endpoints[i].value, e->path, "/a");
		check((e->host == NULL) == (e->path != NULL), e->text, "one");
		check(e->port == endpoints[i].port && !e->tls, e->text, "port");
		conf_free(c);
	}
}

/* names of n bytes in labels of at most label bytes */
static void
test_names(void)
{
	static const struct {
		size_t n, label;
		bool good;
		const char *why;
	} rows[] = {
		{ 253, 63, true, "longest" },
		{ 254, 63, false, "name too long" },
		{ 63, 64, true, "longest label" },
		{ 64, 64, false, "label too long" },
		{ 70, 64, false, "first label too long" },
	};
	char name[300];
	struct conf *c;
	size_t i, j;

	for (i = 0; i < COUNT(rows); i++) {
		for (j = 0; j < rows[i].n; j++)
			name[j] = (j + 1) % (rows[i].label + 1) ? 'x' : '.';
		name[j] = '\0';
		c = with("route", name);
		check((c != NULL) == rows[i].good, "route", rows[i].why);
		conf_free(c);
		strcpy(name + j, ":80");
		c = with("upstream", name);
		check((c != NULL) == rows[i].good, "upstream", rows[i].why);
		conf_free(c);
	}
	memset(name, 'x', sizeof name);
	for (i = 255; i <= 256; i++) {
		name[i] = '\0';
		c = with("host_header", name);
		check((c != NULL) == (i == 255), "host_header", "length");
		conf_free(c);
		name[i] = 'x';
	}
}

static const struct {
	const char *value, *host, *path, *why;
} routes[] = {
	{ "*", "", "/", "star" },
	{ "*/", "", "/", "star and slash" },
	{ "/", "", "/", "slash" },
	{ "//", "", "/", "slashes" },
	{ "/a/", "", "/a", "slash at the end" },
	{ "/a//", "", "/a", "slashes at the end" },
	{ "//a///b", "", "/a/b", "repeated slashes" },
	{ "A.Com", "a.com", "/", "host alone" },
	{ "a.com/B", "a.com", "/B", "a path keeps its case" },
	{ "*.A.com/b", "*.a.com", "/b", "wildcard" },
	{ "[0:0::1]/b", "::1", "/b", "IPv6" },
	{ "1.2.3.4", "1.2.3.4", "/", "IPv4" },
	{ "/%7e%41%2D%5f%2E9", "", "/~A-_.9", "unreserved is decoded" },
	{ "/%2F%2f%00%20", "", "/%2F%2f%00%20", "the rest is not" },
	{ "/%2525", "", "/%2525", "once only" },
	{ "/...", "", "/...", "three dots" },
	{ "/.a/b./..c", "", "/.a/b./..c", "dots in names" },
};

static void
test_routes(void)
{
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(routes); i++) {
		c = with("route", routes[i].value);
		check(c != NULL, routes[i].why, err);
		if (c == NULL)
			continue;
		same(routes[i].why, c->routes->host, routes[i].host);
		same(routes[i].why, c->routes->path, routes[i].path);
		same(routes[i].why, c->routes->text, routes[i].value);
		conf_free(c);
	}
}

static void
test_defaults(void)
{
	static const char *const all[] = { FIRST, ROUTE, LAST, NULL };
	struct conf *c = options(all);
	const struct conf_route *r;

	check(c != NULL, "defaults", err);
	if (c == NULL)
		return;
	r = c->routes;
	check(c->max_connections == 1024 && c->buffer == 65536 &&
	    c->header_timeout_ms == 10000, "defaults", "global");
	check(r->connect_ms == 5000 && r->pool == 64 && !r->forwarded &&
	    r->error_format == CONF_ERRORS_AUTO, "defaults", "route");
	check(r->max_route == 0, "max_connections", "of a route: no limit");
	same("log", c->log, "stderr");
	check(r->strip_prefix == NULL && r->host_header == NULL, "text",
	    "not set");
	check(r->set_header == NULL && r->added == 0, "rules", "none");
	check(r->n_upstreams == 1 && r->targets[0].up == NULL, "targets", "one");
	check(c->refs == 0 && r->open == 0, "caller's", "0");
	check(r->next == NULL && c->listens->next == NULL, "lists", "end");
	conf_free(c);
}

/* the rules of a list as "name=value " */
static void
rules(const char *name, const struct conf_rule *rule, const char *want)
{
	char text[256] = "";
	size_t n = 0;

	for (; rule != NULL; rule = rule->next)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "%.*s=%.*s ", (int)rule->name.n, rule->name.p,
		    (int)rule->value.n, rule->value.p);
	same(name, text, want);
}

static void
test_rules(void)
{
	static const char text[] =
	    "listen = :80\nupstream = a:1\n"
	    "set_header = A: global\nadd_header = B: global\n"
	    "set_header = Authorization: \t x y \t\nadd_header = D:1\n"
	    "del_header = C\nset_response_header = A: response\n"
	    "del_response_header = E\n"
	    "route = /\n"
	    "add_header = A: own\nset_header = b: own\n"
	    "set_header = C: own\ndel_header = D\n"
	    "add_response_header = A: own\nset_response_header = Ee: x\n"
	    "route = /plain\nupstream = b:1\n";
	struct conf *c = file(text, sizeof text - 1);
	const struct conf_route *r;

	check(c != NULL, "rules", err);
	if (c == NULL)
		return;
	r = c->routes;
	rules("set", r->set_header,
	    "A=global Authorization=x y b=own C=own ");
	rules("add", r->add_header, "A=own ");
	rules("del", r->del_header, "D= ");
	rules("set response", r->set_response_header, "A=response Ee=x ");
	rules("add response", r->add_response_header, "A=own ");
	rules("del response", r->del_response_header, "E= ");
	/* 1+6+4, 13+3+4, 1+3+4 twice, 1+3+4; responses are less */
	check(r->added == 11 + 20 + 8 + 8 + 8, "added", "request's");
	check(r->set_header->next->id == (int)HTTP_F_AUTHORIZATION &&
	    r->set_header->op == CONF_SET && r->add_header->op == CONF_ADD &&
	    r->del_header->op == CONF_DEL, "rule", "id and op");
	same("upstream", r->upstreams->text, "http://a:1");
	r = r->next;
	rules("plain set", r->set_header, "A=global Authorization=x y ");
	rules("plain add", r->add_header, "B=global D=1 ");
	rules("plain del", r->del_header, "C= ");
	same("own upstream", r->upstreams->text, "http://b:1");
	check(r->n_upstreams == 1 && r->upstreams->next == NULL, "own", "1");
	conf_free(c);
	c = with("add_response_header", "Abc: 12345");
	check(c != NULL && c->routes->added == 12, "added", "response's");
	conf_free(c);
}

/* options and files in every order give the same */
static void
test_precedence(void)
{
	struct conf_source s[] = {
		{ CONF_OPTION, "connect_timeout=9s" },
		{ CONF_FILE, path },
		{ CONF_OPTION, "listen=:81" },
		{ CONF_OPTION, "set_header=A: option" },
		{ CONF_OPTION, "route=/o" },
		{ CONF_OPTION, "connect_timeout=8s" },
	};
	static const char text[] =
	    "connect_timeout = 1s\nlisten = :80\nupstream = a:1\n"
	    "add_header = A: file\nroute = /f\nroute = /g\n"
	    "connect_timeout = 2s\n";
	struct conf_source first = s[1];
	struct conf *c;
	size_t at;

	write_file(text, sizeof text - 1);
	for (at = 1;; at++) {
		c = conf_load(s, COUNT(s), err, sizeof err);
		check(c != NULL, "precedence", err);
		if (c == NULL)
			return;
		same("listen", c->listens->text, "http://:80");
		same("listen", c->listens->next->text, "http://:81");
		same("route", c->routes->text, "/f");
		same("route", c->routes->next->next->text, "/o");
		check(c->routes->connect_ms == 9000, "option", "wins");
		check(c->routes->next->connect_ms == 2000, "route", "keeps");
		check(c->routes->next->next->connect_ms == 8000, "o", "own");
		rules("set", c->routes->set_header, "A=option ");
		rules("add", c->routes->add_header, "");
		conf_free(c);
		if (at + 1 == COUNT(s))
			return;
		s[at] = s[at + 1];
		s[at + 1] = first;
	}
}

static void
test_two_files(void)
{
	struct conf_source s[] = { { CONF_FILE, path }, { CONF_FILE, path } };
	struct conf *c;

	write_file("listen = :80\n", 13);
	c = conf_load(s, 2, err, sizeof err);
	check(c == NULL && strstr(err, ":1: listen: given twice") != NULL,
	    "the same file twice", err);
	conf_free(c);
	write_file("#\n", 2);
	s[1].text = "/dev/null";
	c = conf_load(s, 2, err, sizeof err);
	check(c == NULL && strncmp(err, path, strlen(path)) == 0 &&
	    strstr(err, ": no listen") != NULL, "empty", err);
	conf_free(c);
	s[1].text = "/nowhere/weir.conf";
	c = conf_load(s, 2, err, sizeof err);
	same("missing", err, "/nowhere/weir.conf: No such file or directory");
	conf_free(c);
	s[1].text = "/";
	c = conf_load(s, 2, err, sizeof err);
	same("directory", err, "/: Is a directory");
	conf_free(c);
	c = conf_load(NULL, 0, err, sizeof err);
	same("nothing", err, "-o: no listen");
	conf_free(c);
}

static void
test_simple(void)
{
	static const struct conf_source s[] = {
		{ CONF_OPTION, "connect_timeout=9s" },
		{ CONF_OPTION, "route=/x" },
		{ CONF_OPTION, "upstream=b:1" },
	};
	struct conf *c, *owner = NULL;
	struct conf_endpoint *e;

	c = conf_simple(":8080", "ws://127.0.0.1:9000", s, 3, err, sizeof err);
	check(c != NULL, "simple", err);
	if (c == NULL)
		return;
	same("simple", c->listens->text, "http://:8080");
	same("simple", c->routes->upstreams->text, "http://127.0.0.1:9000");
	same("simple", c->routes->path, "/");
	check(c->routes->connect_ms == 9000, "simple", "option");
	same("simple", c->routes->next->text, "/x");
	conf_free(c);
	check(conf_simple(":x", "a:1", NULL, 0, err, sizeof err) == NULL,
	    "simple", "bad listen");
	same("simple", err, "command line: listen: a port is 1 to 65535: :x");
	check(conf_simple(":1", "a", NULL, 0, err, sizeof err) == NULL,
	    "simple", "bad upstream");
	same("simple", err,
	    "command line: upstream: without http:// it needs a port: a");
	e = conf_listen_address("[::1]:7", &owner, err, sizeof err);
	same("address", e != NULL ? e->text : NULL, "http://[::1]:7");
	conf_free(owner);
	e = conf_listen_address("x:7", &owner, err, sizeof err);
	check(e == NULL && owner == NULL, "address", "name");
	conf_free(NULL);
}

static char warned[256];

static void
warn(const char *key)
{
	strcat(strcat(warned, key), " ");
}

static void
test_diff(void)
{
	static const char *const a[] = { FIRST, ROUTE, LAST, NULL };
	static const char *const b[] = { FIRST, "buffers=257", "drain=1s",
	    "buffer=65536", "fields_max=99", ROUTE, LAST, NULL };
	struct conf *old = options(a), *new = options(b);

	check(old != NULL && new != NULL, "diff", err);
	if (old != NULL && new != NULL) {
		conf_diff_start(old, old, warn);
		same("no difference", warned, "");
		conf_diff_start(old, new, warn);
		same("difference", warned, "buffers fields_max ");
	}
	conf_free(old);
	conf_free(new);
}

/* what conf_print() writes; the caller frees it */
static char *
printed(const struct conf *c, size_t *n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	if (f == NULL) {
		perror("open_memstream");
		exit(1);
	}
	conf_print(c, f);
	fclose(f);
	return text;
}

/* what is printed must load and print the same */
static void
again(const struct conf *c, const char *why)
{
	size_t n, m = 0;
	char *one = printed(c, &n), *two = NULL;
	struct conf *d = file(one, n);

	check(d != NULL, why, err);
	if (d != NULL)
		two = printed(d, &m);
	check(n == m && two != NULL && memcmp(one, two, n) == 0, why,
	    "prints otherwise when read again");
	conf_free(d);
	free(one);
	free(two);
}

/* a line, a file and a value of the largest size, and of one byte more */
static void
test_lengths(void)
{
	static char text[70000 + 64];
	struct conf *c;
	size_t n;

	for (n = 65535; n <= 65537; n++) {
		memset(text, 'x', sizeof text);
		text[0] = '#';
		memcpy(text + n, "\r\nlisten=:1", 11);
		c = file(text, n + 11);
		check(c == NULL && strstr(err, n > 65536 ?
		    ":1: longer than 65536 bytes" : ": no route") != NULL,
		    "line", err);
		conf_free(c);
		memcpy(text, "log=/", 5);
		text[n] = '\0';
		c = with("listen", ":1");
		conf_free(c);
		c = options((const char *const[]){ text, NULL });
		check(c == NULL && strstr(err, n > 65536 ?
		    "-o: longer than" : "no listen") != NULL, "option", err);
		conf_free(c);
	}
	for (n = 65535; n <= 65537; n++) {
		memset(text, 'x', n);
		write_file(text, n);
		snprintf(text, sizeof text, "log=${file:%s}", path);
		c = options((const char *const[]){ text, NULL });
		check(c == NULL && strstr(err, n > 65536 ?
		    "}: longer than" : "no listen") != NULL, "file", err);
		conf_free(c);
		snprintf(text, sizeof text, "log=a${file:%s}", path);
		c = options((const char *const[]){ text, NULL });
		check(c == NULL && strstr(err, n > 65535 ?
		    "longer than" : "no listen") != NULL, "value", err);
		conf_free(c);
	}
}

/* a message that is too long for err is cut, and err holds nothing more */
static void
test_small_err(void)
{
	struct conf_source s = { CONF_OPTION, "drain = forever and a day" };
	char small[12];
	size_t n;

	for (n = 0; n <= sizeof small; n++) {
		memset(small, '#', sizeof small);
		conf_free(conf_load(&s, 1, small, n));
		check(n == 0 || memchr(small, '\0', n) != NULL, "err", "ends");
		check(n == sizeof small || small[n] == '#', "err", "within");
	}
}

static const char sample[] =
    "# a comment\r\nlisten = :8080\nlisten = [::1]:81\n"
    "buffer = 128k\nheader_max = 20k\nlog_level = debug\n"
    "set_header = Authorization: Bearer ${WEIR_TEST}\n"
    "upstream = http://a.example:81/\nerror_format = openai\n\n"
    "listen = https://:443\ncert = a.pem\ncert = b.pem\nkey = b.key\n"
    "upstream = wss://api.example.com\nupstream_key = k\nupstream_cert = c\n"
    "route = *.example.com/v1/%41\nstrip_prefix = /v1\n"
    "host_header = upstream\ndel_header = Authorization\n"
    "add_header = X: $${y} ${WEIR_TEST}\nconnect_timeout = 90s\n"
    "route = [::1]/\nupstream = unix:/run/x\nmax_connections = 3\n"
    "route = api.example.com/\nupstream_cert = d\nclient_ca = e\n";

/* pieces that change what follows them */
static const char *const pieces[] = {
	"${", "}", "$${", "=", "\n", "\r", "#", "[", "]", ":", "/", "//", "*",
	"%", "%2e", ".", "..", "0", "99999999999999999999", "s", "k", "route =",
	"unix:", "http://", "${file:/dev/null}", "${WEIR_TEST}", "\t", " ",
	"-", "@", "set_header = ", "\\", "https://", "key = ", "cert = ",
	"client_ca = ", "upstream_name = "
};

static uint32_t
any(uint32_t n)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % n;
}

static size_t
mutate(char *text, size_t n)
{
	const char *piece = pieces[any(COUNT(pieces))];
	size_t at = any((uint32_t)n), len = strlen(piece);

	switch (any(4)) {
	case 0:
		text[at] = (char)any(256);
		return n;
	case 1:
		memmove(text + at, text + at + 1, n - at - 1);
		return n - 1;
	default:
		memmove(text + at + len, text + at, n - at);
		memcpy(text + at, piece, len);
		return n + len;
	}
}

/* nothing may crash; what loads must print and load again */
static void
test_mutations(void)
{
	char text[sizeof sample + 256];
	unsigned round, changes, good = 0;
	struct conf *c;
	size_t n;

	for (n = 0; n < sizeof sample; n++) {
		c = file(sample, n);
		if (c != NULL)
			again(c, "cut");
		conf_free(c);
	}
	for (round = 0; round < 1000; round++) {
		n = sizeof sample - 1;
		memcpy(text, sample, sizeof sample);
		for (changes = 1 + any(3); changes > 0; changes--)
			n = mutate(text, n);
		c = file(text, n);
		check(c != NULL || err[0] != '\0', "mutation", "no message");
		if (c != NULL) {
			good++;
			again(c, "mutation");
		}
		conf_free(c);
	}
	check(good > 20, "mutation", "hardly anything loads");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0 || setenv("WEIR_TEST", "value", 1) != 0) {
		perror(path);
		return 1;
	}
	close(fd);
	test_refused();
	test_numbers();
	test_endpoints();
	test_names();
	test_routes();
	test_defaults();
	test_rules();
	test_precedence();
	test_two_files();
	test_simple();
	test_diff();
	test_lengths();
	test_small_err();
	test_mutations();
	unlink(path);
	return failed;
}
