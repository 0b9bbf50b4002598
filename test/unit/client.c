/*
 * Tests client.c: whom the fields of a trusted proxy tell of, whatever stands
 * beside what that has written.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "guard.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS_MAX 64
#define XFF "X-Forwarded-For: "
#define FWD "Forwarded: "
#define CF "CF-Connecting-IP: "

/* trusted: 10.0.0.0/8, ::1, unix */
static const struct {
	const char *direct; /* the peer */
	const char *address; /* client_address; NULL: X-Forwarded-For */
	const char *fields;
	const char *want; /* the chain, or "-": nothing told, "!": no trust */
	const char *why;
} rows[] = {
	{"10.0.0.1", NULL, XFF "1.2.3.4\r\n", "1.2.3.4", "one"},
	{"10.0.0.1", NULL, "x-forwarded-FOR: 1.2.3.4\r\n", "1.2.3.4", "case"},
	{"::1", NULL, XFF "1.2.3.4\r\n", "1.2.3.4", "by ipv6"},
	{"unix", NULL, XFF "1.2.3.4\r\n", "1.2.3.4", "by unix"},
	{"11.0.0.1", NULL, XFF "1.2.3.4\r\n", "!", "not trusted"},
	{"1.2.3.4", NULL, XFF "10.0.0.1\r\n", "!", "claims to be trusted"},
	{"10.0.0.1", NULL, "", "-", "nothing"},
	{"10.0.0.1", NULL, XFF "\r\n", "-", "empty"},
	{"10.0.0.1", NULL, XFF "9.9.9.9, 1.2.3.4\r\n", "1.2.3.4",
	 "forged on the left"},
	{"10.0.0.1", NULL, XFF "1.2.3.4, 10.0.0.2\r\n", "1.2.3.4, 10.0.0.2",
	 "two proxies"},
	{"10.0.0.1", NULL, XFF "9.9.9.9,1.2.3.4 ,10.0.0.3,\t10.0.0.2\r\n",
	 "1.2.3.4, 10.0.0.3, 10.0.0.2", "three and a forged one"},
	{"10.0.0.1", NULL, XFF "10.0.0.3, 10.0.0.2\r\n", "10.0.0.3, 10.0.0.2",
	 "all trusted: the leftmost"},
	{"10.0.0.1", NULL, XFF "9.9.9.9\r\n" XFF "1.2.3.4\r\n", "1.2.3.4",
	 "the last of two lines"},
	{"10.0.0.1", NULL, XFF "1.2.3.4\r\nA: b\r\n" XFF "10.0.0.2\r\n",
	 "1.2.3.4, 10.0.0.2", "one list on two lines"},
	{"10.0.0.1", NULL, XFF "1.2.3.4, , ,\r\n", "1.2.3.4", "empty items"},
	{"10.0.0.1", NULL, XFF "1.2.3.4, unknown\r\n", "-", "bad on the right"},
	{"10.0.0.1", NULL, XFF "1.2.3.4, bad, 10.0.0.2\r\n", "10.0.0.2",
	 "not left of a bad item"},
	{"10.0.0.1", NULL, XFF "bad, 1.2.3.4\r\n", "1.2.3.4", "bad on the left"},
	{"10.0.0.1", NULL, XFF "1.2.3.4, 10.0.0.02\r\n", "-", "octal"},
	{"10.0.0.1", NULL, XFF "1.2.3.4 5.6.7.8\r\n", "-", "no comma"},
	{"10.0.0.1", NULL, XFF "1.2.3.4:5678\r\n", "1.2.3.4", "port"},
	{"10.0.0.1", NULL, XFF "1.2.3.4:\r\n", "-", "no port"},
	{"10.0.0.1", NULL, XFF "1.2.3.4:x\r\n", "-", "no number"},
	{"10.0.0.1", NULL, XFF "1.2.3.4:123456\r\n", "-", "long port"},
	{"10.0.0.1", NULL, XFF "2001:DB8::1\r\n", "2001:db8::1", "ipv6"},
	{"10.0.0.1", NULL, XFF "[2001:db8::1]\r\n", "2001:db8::1", "brackets"},
	{"10.0.0.1", NULL, XFF "[2001:db8::1]:443\r\n", "2001:db8::1",
	 "brackets and port"},
	{"10.0.0.1", NULL, XFF "[2001:db8::1]443\r\n", "-", "no colon"},
	{"10.0.0.1", NULL, XFF "[2001:db8::1\r\n", "-", "open"},
	{"10.0.0.1", NULL, XFF "[1.2.3.4]\r\n", "-", "ipv4 in brackets"},
	{"10.0.0.1", NULL, XFF "[]\r\n", "-", "empty brackets"},
	{"10.0.0.1", NULL, XFF "::ffff:1.2.3.4\r\n", "1.2.3.4", "mapped"},
	{"10.0.0.1", NULL, XFF "1.2.3.4, ::ffff:10.0.0.2\r\n",
	 "1.2.3.4, 10.0.0.2", "mapped and trusted"},
	{"10.0.0.1", NULL, XFF "\"1.2.3.4\"\r\n", "-", "quotes"},
	{"10.0.0.1", NULL, XFF "unix:\r\n", "-", "a socket"},
	{"10.0.0.1", NULL, FWD "for=1.2.3.4\r\n", "-", "the other field"},
	{"10.0.0.1", NULL, XFF "9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, "
	 "9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, "
	 "9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, 9.9.9.9, 1.2.3.4\r\n",
	 "1.2.3.4", "many"},
	{"10.0.0.1", NULL, XFF "1.2.3.4, 10.0.0.9, 10.0.0.9, 10.0.0.9, "
	 "10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, "
	 "10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, "
	 "10.0.0.8\r\n", "10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, "
	 "10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, "
	 "10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.9, 10.0.0.8", "too many"},
	/* Forwarded: RFC 7239 */
	{"10.0.0.1", "Forwarded", FWD "for=1.2.3.4\r\n", "1.2.3.4", "one"},
	{"10.0.0.1", "forwarded", FWD "FOR=1.2.3.4;Proto=http\r\n", "1.2.3.4",
	 "case"},
	{"10.0.0.1", "Forwarded", FWD "for=9.9.9.9, for=1.2.3.4, "
	 "for=10.0.0.2\r\n", "1.2.3.4, 10.0.0.2", "list"},
	{"10.0.0.1", "Forwarded", FWD "for=\"[2001:db8::1]:443\"\r\n",
	 "2001:db8::1", "ipv6"},
	{"10.0.0.1", "Forwarded", FWD "for=\"1.2.3.4:443\"\r\n", "1.2.3.4",
	 "port"},
	{"10.0.0.1", "Forwarded", FWD "by=10.0.0.9; for=1.2.3.4;host=a\r\n",
	 "1.2.3.4", "others"},
	{"10.0.0.1", "Forwarded", FWD "for=\", for=1.2.3.4\r\n", "1.2.3.4",
	 "a quote on the left swallows nothing"},
	{"10.0.0.1", "Forwarded", FWD "for=1.2.3.4, for=\"10.0.0.2\r\n", "-",
	 "open quote"},
	{"10.0.0.1", "Forwarded", FWD "for=\"1.2.3.\\4\"\r\n", "-", "escape"},
	{"10.0.0.1", "Forwarded", FWD "for=unknown\r\n", "-", "unknown"},
	{"10.0.0.1", "Forwarded", FWD "for=_hidden\r\n", "-", "hidden"},
	{"10.0.0.1", "Forwarded", FWD "for=1.2.3.4;for=5.6.7.8\r\n", "-",
	 "twice"},
	{"10.0.0.1", "Forwarded", FWD "proto=https\r\n", "-", "no for"},
	{"10.0.0.1", "Forwarded", FWD "for=1.2.3.4, proto=https\r\n", "-",
	 "no for on the right"},
	{"10.0.0.1", "Forwarded", FWD "1.2.3.4\r\n", "-", "an address alone"},
	{"10.0.0.1", "Forwarded", FWD "for=[::1]\r\n", "-", "needs quotes"},
	{"10.0.0.1", "Forwarded", XFF "1.2.3.4\r\n", "-", "the other field"},
	/* a field of one address */
	{"10.0.0.1", "CF-Connecting-IP", CF "1.2.3.4\r\n" XFF "9.9.9.9\r\n",
	 "1.2.3.4", "a field of its own"},
	{"10.0.0.1", "cf-connecting-ip", CF "2001:db8::1\r\n", "2001:db8::1",
	 "case"},
	{"10.0.0.1", "CF-Connecting-IP", CF "10.0.0.7\r\n", "10.0.0.7",
	 "a trusted one is the client, too"},
	{"10.0.0.1", "CF-Connecting-IP", CF "9.9.9.9, 1.2.3.4\r\n", "-",
	 "a list is none"},
	{"10.0.0.1", "CF-Connecting-IP", CF "9.9.9.9\r\n" CF "1.2.3.4\r\n", "-",
	 "twice"},
	{"10.0.0.1", "CF-Connecting-IP", XFF "1.2.3.4\r\n", "-", "missing"},
	{"11.0.0.1", "CF-Connecting-IP", CF "1.2.3.4\r\n", "!", "not trusted"},
};

/* what else a proxy tells: "proto host id" */
static const struct {
	const char *fields, *want;
} rests[] = {
	{"", "- - -"},
	{"X-Forwarded-Proto: https\r\n", "https - -"},
	{"X-Forwarded-Proto: HTTP\r\n", "http - -"},
	{"X-Forwarded-Proto: wss\r\n", "https - -"},
	{"X-Forwarded-Proto: ws\r\n", "http - -"},
	{"X-Forwarded-Proto: https, http\r\n", "- - -"},
	{"X-Forwarded-Proto: ftp\r\n", "- - -"},
	{"X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", "- - -"},
	{"X-Forwarded-Host: a.example:8443\r\n", "- a.example:8443 -"},
	{"X-Forwarded-Host: a, b\r\n", "- - -"},
	{"X-Forwarded-Host: a/b\r\n", "- - -"},
	{"X-Forwarded-Host: a\"b\r\n", "- - -"},
	{"X-Forwarded-Host: \r\n", "- - -"},
	{"X-Request-Id: 01234567-89ab\r\n", "- - 01234567-89ab"},
	{"X-Request-Id: a b\r\n", "- - -"},
	{"X-Request-Id: \x80\r\n", "- - -"},
	{"X-Request-Id: a\r\nX-Request-Id: b\r\n", "- - -"},
	{"X-Request-Id: 0123456789abcdef0123456789abcdef"
	 "0123456789abcdef0123456789abcdef\r\n",
	 "- - 0123456789abcdef0123456789abcdef"
	 "0123456789abcdef0123456789abcdef"},
	{"X-Request-Id: 0123456789abcdef0123456789abcdef"
	 "0123456789abcdef0123456789abcdef0\r\n", "- - -"},
};

static struct conf conf;

static void
find(const char *direct, const char *fields, struct client *from)
{
	static struct http_field memory[FIELDS_MAX];
	const struct http_limits lim = { 65536, 8192, FIELDS_MAX };
	static char *end;
	struct http_head h;
	struct peer p;
	char *at;
	size_t n = strlen(fields) + 2;

	if (end == NULL)
		end = guard();
	at = end - n;
	memcpy(at, fields, n - 2);
	memcpy(end - 2, "\r\n", 2);
	memset(&h, 0, sizeof h);
	h.fields = memory;
	expect(http_parse_fields(at, n, &lim, &h) == (int)n, "fields", fields);
	memset(&p, 0, sizeof p);
	p.family = AF_UNIX;
	if (strcmp(direct, "unix") != 0)
		expect(cidr_address((struct span){direct, strlen(direct)}, 0,
		    &p), "address", direct);
	memset(from, 0xaa, sizeof *from);
	client_find(&conf, &p, &h, from);
}

static void
test_rows(void)
{
	char first[PEER_TEXT_MAX];
	struct client from;
	struct span got, item;
	size_t i;

	for (i = 0; i < LEN(rows); i++) {
		conf.client_address = rows[i].address != NULL ?
		    rows[i].address : "X-Forwarded-For";
		find(rows[i].direct, rows[i].fields, &from);
		expect(from.trusted == (*rows[i].want != '!'), rows[i].fields,
		    rows[i].why);
		expect(from.told == (strchr("!-", *rows[i].want) == NULL),
		    rows[i].fields, rows[i].why);
		if (!from.told)
			continue;
		got = from.chain;
		expect(span_is_exact(got, rows[i].want), rows[i].fields,
		    rows[i].why);
		/* the client is the first of them */
		peer_text(&from.peer, first);
		expect(span_next(&got, &item) && span_is_exact(item, first),
		    rows[i].fields, first);
	}
}

static void
test_rests(void)
{
	struct client from;
	char got[256];
	size_t i;

	for (i = 0; i < LEN(rests); i++) {
		find("10.0.0.1", rests[i].fields, &from);
		snprintf(got, sizeof got, "%s %.*s %.*s",
		    from.proto != NULL ? from.proto : "-",
		    from.host.n > 0 ? (int)from.host.n : 1,
		    from.host.n > 0 ? from.host.p : "-",
		    from.id.n > 0 ? (int)from.id.n : 1,
		    from.id.n > 0 ? from.id.p : "-");
		expect(strcmp(got, rests[i].want) == 0, rests[i].fields, got);
		find("11.0.0.1", rests[i].fields, &from);
		expect(from.proto == NULL && from.host.n == 0 &&
		    from.id.n == 0, rests[i].fields, "not trusted");
	}
}

int
main(void)
{
	struct arena *a = NULL;
	const char *shown;

	if (cidr_add(&a, "10.0.0.0/8, ::1, unix", true, &conf.trusted,
	    &shown) != NULL)
		fail("trusted", "is no list");
	test_rows();
	test_rests();
	arena_free(a);
	printf("%zu addresses, %zu other fields\n", LEN(rows), LEN(rests));
	return failed;
}
