/* config.c: what test/conf cannot see of files, options and rules */
#include <unistd.h>

#include "conftext.h"
#include "confprint.h"
#include "http.h"

static char path[] = "/tmp/weir-config-XXXXXX";

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
