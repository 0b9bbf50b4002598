/* config.c: the borders of every value, and what is refused */
#include "conftext.h"

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
	{ "route", "a path is a prefix, and * is no wildcard in it", {
		{ "example.com/a/*", "star at the end" },
		{ "/*", "star alone" },
		{ "/a/*/b", "star within" },
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
	{ "/*a/b*", "", "/*a/b*", "stars in names" },
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

int
main(void)
{
	test_refused();
	test_numbers();
	test_endpoints();
	test_names();
	test_routes();
	return failed;
}
