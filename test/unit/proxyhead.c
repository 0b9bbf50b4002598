/*
 * Tests proxyhead.c. Every head is fed whole, cut at each byte and byte by
 * byte, from memory that ends at an unreadable page, alone and with bytes
 * behind it, with the same outcome. What is written is read again.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "cidr.h"
#include "proxyhead.h"
#include "guard.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define S(s) s, sizeof s - 1

/* the beginning of version 2 */
#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define IP4 "\xc0\x00\x02\x01\xc6\x33\x64\x02" "\x30\x39\x01\xbb"
#define SRC6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define DST6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define MAPPED6 "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01"
#define Z27 "aaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define U108 "/run/x\0" Z27 Z27 Z27 "aaaaaaaaaaaaaaaaaaaa"
#define LONG6 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff"
#define A4 "192.0.2.1:12345 198.51.100.2:443"
#define A6 "2001:db8::1:12345 2001:db8::2:443"
#define A1 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535 " \
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe:65535"

struct row {
	const char *p;
	size_t n;
	int want; /* 1: a head, 0: not yet, -1: none */
	const char *said; /* "src:port dst:port", or "local" */
	const char *why;
};

#define GOOD(bytes, said, why) {S(bytes), 1, said, why}
#define PART(bytes, why) {S(bytes), 0, NULL, why}
#define NOT(bytes, why) {S(bytes), -1, NULL, why}

static const struct row rows[] = {
	/* version 1 */
	GOOD("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n", A4, "tcp4"),
	GOOD("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
	 "255.255.255.255:65535 255.255.255.255:65535", "longest tcp4"),
	GOOD("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0 0.0.0.0:0",
	 "zeros"),
	GOOD("PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n", A6, "tcp6"),
	GOOD("PROXY TCP6 2001:DB8:0::1 2001:db8::2 12345 443\r\n", A6,
	 "other ways to write it"),
	GOOD("PROXY TCP6 " LONG6 "f " LONG6 "e 65535 65535\r\n", A1,
	 "longest tcp6"),
	GOOD("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 12345 443\r\n",
	 A4, "ipv4 in the form of ipv6"),
	GOOD("PROXY UNKNOWN\r\n", "local", "unknown"),
	GOOD("PROXY UNKNOWN \r\n", "local", "unknown and a blank"),
	GOOD("PROXY UNKNOWN whatever  there is\t\x80\r\n", "local",
	 "unknown and more"),
	GOOD("PROXY UNKNOWN " LONG6 "f " LONG6 "f 65535 65535\r\n", "local",
	 "107 bytes"),
	NOT("PROXY UNKNOWN " LONG6 "f " LONG6 "f 65535 655350\r\n",
	 "108 bytes"),
	NOT("PROXY UNKNOWN " LONG6 "f " LONG6 "f 65535 65535aa", "no end"),
	PART("", "nothing"), PART("P", "one letter"), PART("PROXY", "word"),
	PART("PROXY ", "blank"), PART("PROXY TCP4 192.0.2.1", "address"),
	PART("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443", "no crlf"),
	PART("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r", "no lf"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\n", "bare lf"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\rX", "bare cr"),
	NOT("PROXY TCP4 192.0.2.1\n198.51.100.2 12345 443\r\n", "lf within"),
	NOT("PROXY UNKNOWN\nX\r\n", "lf behind unknown"),
	NOT("PROXY UNKNOWN\0\r\n", "nul"),
	NOT("PROXY UNKNOWN \0\r\n", "nul in what is ignored"),
	NOT("PROXY UNKNOWNX\r\n", "unknown word"),
	NOT("PROXY unknown\r\n", "lower case"),
	NOT("proxy UNKNOWN\r\n", "lower case proxy"),
	NOT("PROXY  TCP4 192.0.2.1 198.51.100.2 12345 443\r\n", "two blanks"),
	NOT("PROXY TCP4  192.0.2.1 198.51.100.2 12345 443\r\n", "two more"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443 \r\n", "at the end"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443 1\r\n", "a word more"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 12345\r\n", "a word less"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 12345 \r\n", "an empty word"),
	NOT("PROXY TCP4\t192.0.2.1 198.51.100.2 12345 443\r\n", "tab"),
	NOT("PROXY TCP4\r\n", "no addresses"), NOT("PROXY \r\n", "nothing"),
	NOT("PROXY\r\n", "no blank"), NOT("PROXY\r", "cr in the word"),
	NOT("PROXY TCP5 192.0.2.1 198.51.100.2 12345 443\r\n", "family"),
	NOT("PROXY UDP4 192.0.2.1 198.51.100.2 12345 443\r\n", "udp"),
	NOT("PROXY TCP4 2001:db8::1 2001:db8::2 12345 443\r\n", "tcp4 of 6"),
	NOT("PROXY TCP6 192.0.2.1 198.51.100.2 12345 443\r\n", "tcp6 of 4"),
	NOT("PROXY TCP6 2001:db8::1 198.51.100.2 12345 443\r\n", "mixed"),
	NOT("PROXY TCP4 192.0.2.256 198.51.100.2 12345 443\r\n", "octet"),
	NOT("PROXY TCP4 192.0.2.01 198.51.100.2 12345 443\r\n", "octal"),
	NOT("PROXY TCP4 192.0.2 198.51.100.2 12345 443\r\n", "three octets"),
	NOT("PROXY TCP4 localhost 198.51.100.2 12345 443\r\n", "name"),
	NOT("PROXY TCP6 [::1] ::1 12345 443\r\n", "brackets"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n", "port high"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 99999 443\r\n", "higher"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 123456 443\r\n", "long port"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 01 443\r\n", "zero in front"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n", "sign"),
	NOT("PROXY TCP4 192.0.2.1 198.51.100.2 12345 4a\r\n", "letter"),
	/* neither */
	NOT("GET / HTTP/1.1\r\n\r\n", "http"), NOT("G", "other letter"),
	NOT("\x16\x03\x01", "tls"), NOT("SSH-2.0-x\r\n", "ssh"),
	NOT("\n", "lf"), NOT("\0", "nul alone"), NOT("PROXX", "nearly"),
	/* version 2 */
	GOOD(V2 "\x21\x11\0\x0c" IP4, A4, "tcp4"),
	GOOD(V2 "\x21\x21\0\x24" SRC6 DST6 "\x30\x39\x01\xbb", A6, "tcp6"),
	GOOD(V2 "\x21\x21\0\x24" MAPPED6 DST6 "\x30\x39\x01\xbb",
	 "192.0.2.1:12345 2001:db8::2:443", "ipv4 in the form of ipv6"),
	GOOD(V2 "\x21\x31\0\xd8" U108 U108, "unix::0 unix::0", "unix"),
	GOOD(V2 "\x20\x00\0\0", "local", "local"),
	GOOD(V2 "\x20\x11\0\x0c" IP4, "local", "local with addresses"),
	GOOD(V2 "\x20\xff\0\x03" "abc", "local", "local with anything"),
	GOOD(V2 "\x21\x00\0\0", "local", "no family"),
	GOOD(V2 "\x21\x00\0\x05" "\xff\xff\xff\xff\xff", "local",
	 "no family with anything"),
	GOOD(V2 "\x21\x11\0\x0f" IP4 "\x04\0\0", A4, "an empty vector"),
	GOOD(V2 "\x21\x11\0\x16" IP4 "\x01\0\x02" "h2" "\x05\0\x02" "id", A4,
	 "two vectors"),
	GOOD(V2 "\x21\x21\0\x2c" SRC6 DST6 "\x30\x39\x01\xbb" "\xea\0\x05"
	 "\x01vpce", A6, "a vector of a cloud"),
	NOT(V2 "\x21\x11\0\x0d" IP4 "\x04", "a byte is no vector"),
	NOT(V2 "\x21\x11\0\x0e" IP4 "\x04\0", "nor are two"),
	NOT(V2 "\x21\x11\0\x0f" IP4 "\x04\0\x01", "cut vector"),
	NOT(V2 "\x21\x11\0\x10" IP4 "\x04\0\0\x04", "cut second vector"),
	NOT(V2 "\x21\x11\0\x10" IP4 "\x04\xff\xff" "a", "long vector"),
	NOT(V2 "\x21\x11\0\x0b" IP4, "short tcp4"),
	NOT(V2 "\x21\x11\0\0", "empty tcp4"),
	NOT(V2 "\x21\x21\0\x23" SRC6 DST6 "\x30\x39\x01", "short tcp6"),
	NOT(V2 "\x21\x21\0\x0c" IP4, "tcp6 with ipv4"),
	NOT(V2 "\x21\x31\0\xd7" U108 U108, "short unix"),
	NOT(V2 "\x21\x12\0\x0c" IP4, "udp4"),
	NOT(V2 "\x21\x22\0\x24" SRC6 DST6 "\x30\x39\x01\xbb", "udp6"),
	NOT(V2 "\x21\x32\0\xd8" U108 U108, "unix datagrams"),
	NOT(V2 "\x21\x10\0\x0c" IP4, "no transport"),
	NOT(V2 "\x21\x01\0\x0c" IP4, "transport alone"),
	NOT(V2 "\x21\x13\0\x0c" IP4, "unknown transport"),
	NOT(V2 "\x21\x41\0\x0c" IP4, "unknown family"),
	NOT(V2 "\x22\x11\0\x0c" IP4, "unknown command"),
	NOT(V2 "\x11\x11\0\x0c" IP4, "version 1"),
	NOT(V2 "\x31", "version 3"), NOT(V2 "\x01", "version 0"),
	NOT(V2 "\x20\x00\x0f\xf1", "one byte too long"),
	NOT(V2 "\x21\x11\xff\xff" IP4, "much too long"),
	PART(V2 "\x20\x00\x0f\xf0", "as long as can be"),
	PART("\r", "one byte"), PART("\r\n\r\n", "four"), PART(V2, "twelve"),
	PART(V2 "\x21\x11\0", "fifteen"), PART(V2 "\x21\x11\0\x0c", "head"),
	PART(V2 "\x21\x11\0\x0c" "\xc0\0\x02\x01\xc6\x33\x64\x02\x30\x39\x01",
	 "a byte less"),
	NOT("\r\nGET", "crlf in front of http"),
	NOT("\r\n\r\n\0\r\nQUIT\r", "last byte"),
	NOT("\r\n\r\n\1", "no nul"),
};

static void
say(const struct proxyhead *h, char *text, size_t size)
{
	char src[PEER_TEXT_MAX], dst[PEER_TEXT_MAX];

	if (h->local)
		snprintf(text, size, "local");
	else
		snprintf(text, size, "%s:%u %s:%u", peer_text(&h->src, src),
		    (unsigned)h->src.port, peer_text(&h->dst, dst),
		    (unsigned)h->dst.port);
}

/* the first n bytes, before the unreadable page */
static int
parse(const char *p, size_t n, struct proxyhead *h)
{
	static char *end;

	if (end == NULL)
		end = guard();
	if (n > 0)
		memcpy(end - n, p, n);
	memset(h, 0xaa, sizeof *h);
	return proxyhead_parse(end - n, n, h);
}

static void
check(const struct row *r)
{
	char said[2 * PEER_TEXT_MAX + 16], more[512];
	struct proxyhead h;
	size_t n;
	int got = 0;

	/* cut anywhere: nothing, until the outcome stands */
	for (n = 0; n < r->n && got == 0; n++)
		got = parse(r->p, n, &h);
	if (got == 0)
		got = parse(r->p, r->n, &h);
	expect(got == (r->want > 0 ? (int)r->n : r->want), r->why,
	    "byte by byte");
	got = parse(r->p, r->n, &h);
	expect(got == (r->want > 0 ? (int)r->n : r->want), r->why, "whole");
	if (r->want <= 0 || got <= 0)
		return;
	say(&h, said, sizeof said);
	expect(strcmp(said, r->said) == 0, r->why, said);
	memcpy(more, r->p, r->n);
	memcpy(more + r->n, "\x16\n\0\r\r\n", 6);
	expect(parse(more, r->n + 6, &h) == (int)r->n, r->why, "with more");
	say(&h, said, sizeof said);
	expect(strcmp(said, r->said) == 0, r->why, said);
}

/* a head that is as long as can be */
static void
test_long(void)
{
	static char head[PROXYHEAD_MAX];
	struct proxyhead h;

	memcpy(head, V2 "\x21\x11\x0f\xf0" IP4 "\x04\x0f\xe1", 31);
	expect(parse(head, sizeof head - 1, &h) == 0, "long", "a byte less");
	expect(parse(head, sizeof head, &h) == PROXYHEAD_MAX, "long", "all");
	head[30]++;
	expect(parse(head, sizeof head, &h) == -1, "long", "vector");
}

/* what is written */

static const struct {
	const char *src, *dst; /* "" : a unix socket; NULL: none at all */
	const char *v1, *read; /* what version 2 reads as */
	size_t v2;
} written[] = {
	{"192.0.2.1", "198.51.100.2",
	 "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n", A4, 28},
	{"2001:db8::1", "2001:db8::2",
	 "PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n", A6, 52},
	{"192.0.2.1", "2001:db8::2",
	 "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 12345 443\r\n",
	 "192.0.2.1:12345 2001:db8::2:443", 52},
	{"2001:db8::1", "198.51.100.2",
	 "PROXY TCP6 2001:db8::1 ::ffff:198.51.100.2 12345 443\r\n",
	 "2001:db8::1:12345 198.51.100.2:443", 52},
	{"192.0.2.1", "", "PROXY TCP4 192.0.2.1 0.0.0.0 12345 0\r\n",
	 "192.0.2.1:12345 0.0.0.0:0", 28},
	{"2001:db8::1", NULL, "PROXY TCP6 2001:db8::1 :: 12345 0\r\n",
	 "2001:db8::1:12345 :::0", 52},
	{"", "198.51.100.2", "PROXY UNKNOWN\r\n", "local", 16},
	{NULL, NULL, "PROXY UNKNOWN\r\n", "local", 16},
	{LONG6 "f", LONG6 "e",
	 "PROXY TCP6 " LONG6 "f " LONG6 "e 12345 443\r\n",
	 LONG6 "f:12345 " LONG6 "e:443", 52},
};

static const struct peer *
peer_of(const char *text, uint16_t port, struct peer *p)
{
	struct span s = { text, text != NULL ? strlen(text) : 0 };

	memset(p, 0, sizeof *p);
	p->family = AF_UNIX;
	if (s.n > 0 && !cidr_address(s, port, p))
		fail(text, "is no address");
	return text != NULL ? p : NULL;
}

static void
test_written(void)
{
	unsigned char out[PROXYHEAD_OWN_MAX];
	char said[2 * PEER_TEXT_MAX + 16];
	const struct peer *from, *to;
	struct peer src, dst;
	struct proxyhead h;
	size_t i, n;

	for (i = 0; i < LEN(written); i++) {
		from = peer_of(written[i].src, 12345, &src);
		to = peer_of(written[i].dst, 443, &dst);
		n = proxyhead_write(out, 1, from, to);
		expect(n == strlen(written[i].v1) &&
		    memcmp(out, written[i].v1, n) == 0, "v1", written[i].v1);
		expect(parse((char *)out, n, &h) == (int)n, "v1 again",
		    written[i].v1);
		say(&h, said, sizeof said);
		expect(strcmp(said, written[i].read) == 0, "v1 says", said);
		n = proxyhead_write(out, 2, from, to);
		expect(n == written[i].v2, "v2 length", written[i].v1);
		expect(parse((char *)out, n, &h) == (int)n, "v2 again",
		    written[i].v1);
		say(&h, said, sizeof said);
		expect(strcmp(said, written[i].read) == 0, "v2 says", said);
	}
}

int
main(void)
{
	size_t i;

	for (i = 0; i < LEN(rows); i++)
		check(&rows[i]);
	test_long();
	test_written();
	printf("%zu heads read, %zu written\n", LEN(rows), 2 * LEN(written));
	return failed;
}
