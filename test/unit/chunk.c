/*
 * Tests the decoder of chunk.c. Every body is fed whole, cut in three at each
 * byte, and byte by byte, from memory that ends at an unreadable page, with
 * the same outcome.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "guard.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define S(s) s, sizeof s - 1

static unsigned rows;
static char *guard_end; /* the unreadable page begins here */

/* n bytes right before the unreadable page */
static char *
guarded(const char *p, size_t n)
{
	char *at = guard_end - n;

	if (n > 0)
		memcpy(at, p, n);
	return at;
}

struct chunk_row {
	const char *p;
	size_t n;
	int want; /* 1: the last chunk was there, 0: not yet, -1: refused */
	const char *data;
	size_t data_n;
	const char *why;
};

#define GOOD(bytes, data, why) {S(bytes), 1, S(data), why}
#define PART(bytes, data, why) {S(bytes), 0, S(data), why}
#define NOT(bytes, why) {S(bytes), -1, S(""), why}
#define NOTAT(bytes, data, why) {S(bytes), -1, S(data), why}
#define Z10 "aaaaaaaaaa"
#define Z50 Z10 Z10 Z10 Z10 Z10
#define Z250 Z50 Z50 Z50 Z50 Z50
#define C64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define C252 C64 C64 C64 Z50 Z10 /* 252 bytes */

static const struct chunk_row chunk_rows[] = {
	GOOD("0\r\n", "", "empty"), GOOD("000\r\n", "", "zeros"),
	GOOD("1\r\na\r\n0\r\n", "a", "one byte"),
	GOOD("01\r\na\r\n00\r\n", "a", "leading zeros"),
	GOOD("0000000000000001\r\na\r\n0\r\n", "a", "16 digits"),
	GOOD("0000000000000000\r\n", "", "16 zeros"),
	GOOD("a\r\n0123456789\r\n0\r\n", "0123456789", "lower case"),
	GOOD("A\r\n0123456789\r\n0\r\n", "0123456789", "upper case"),
	GOOD("10\r\n0123456789abcdef\r\n0\r\n", "0123456789abcdef", "two"),
	GOOD("1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n", "abcdef", "several"),
	GOOD("1\r\n\r\r\n1\r\n\n\r\n0\r\n", "\r\n", "crlf for data"),
	GOOD("5\r\n0\r\n\r\n\r\n0\r\n", "0\r\n\r\n", "chunks for data"),
	GOOD("3\r\na\0b\r\n0\r\n", "a\0b", "nul"),
	GOOD("1;a\r\na\r\n0\r\n", "a", "extension"),
	GOOD("1;a=b\r\na\r\n0;c=d\r\n", "a", "with a value"),
	GOOD("1;a=b;c;d=e\r\na\r\n0\r\n", "a", "several extensions"),
	GOOD("0;a\r\n", "", "on the last chunk"),
	GOOD("1;a=\"\"\r\na\r\n0\r\n", "a", "empty quotes"),
	GOOD("1;a=\"b c;d=e\\\"\\\\f\"\r\na\r\n0\r\n", "a", "quotes"),
	GOOD("1;a=\"\t\x80\";b\r\na\r\n0\r\n", "a", "tab and high byte"),
	GOOD("1;a=\"\\\x80\\\t\\ \";b=c\r\na\r\n0\r\n", "a", "escapes"),
	GOOD("1;!#$%&'*+-.^_`|~=09az\r\na\r\n0\r\n", "a", "every tchar"),
	GOOD("1;" C252 "aa\r\na\r\n0\r\n", "a", "256 bytes"),
	GOOD("1;" C252 "aa\r\na\r\n1;" C252 "aa\r\nb\r\n0\r\n", "ab",
	 "256 bytes twice"),
	GOOD("0;a=\"" Z250 "\"\r\n", "", "256 bytes by a quote"),
	PART("", "", "nothing"), PART("1", "", "size"),
	PART("1\r", "", "cr"), PART("1\r\n", "", "line"),
	PART("2\r\na", "a", "half"), PART("1\r\na", "a", "no crlf yet"),
	PART("1\r\na\r", "a", "no lf yet"), PART("1\r\na\r\n", "a", "no last"),
	PART("1\r\na\r\n0", "a", "no crlf behind the last"),
	PART("1\r\na\r\n0\r", "a", "no lf behind the last"),
	PART("7fffffffffffffff\r\nabc", "abc", "63 bits"),
	PART("7FFFFFFFFFFFFFFF;a=\"", "", "open quotes"),
	NOT("8000000000000000", "2^63"), NOT("ffffffffffffffff", "2^64-1"),
	NOT("00000000000000000", "17 zeros"),
	NOT("7ffffffffffffffff", "17 digits"),
	NOT("x", "no digit"), NOT("g", "letter behind f"), NOT("G", "upper g"),
	NOT("@", "before A"), NOT("`", "before a"), NOT("/", "before 0"),
	NOT(":", "behind 9"), NOT("\r", "empty line"), NOT("\n", "lf"),
	NOT(" ", "space in front"), NOT("\t", "tab in front"),
	NOT(";", "no size"), NOT("+", "plus"), NOT("-", "minus"),
	NOT("0x", "0x"), NOT("1x", "x behind"), NOT("1 ", "space behind"),
	NOT("1\t", "tab behind"), NOT("1,", "comma"), NOT("1.", "dot"),
	NOT("1_", "underscore"), NOT("1\0", "nul"), NOT("\0", "nul first"),
	NOT("1\n", "lf for crlf"), NOT("1\ra", "cr for crlf"),
	NOT("1\r\r", "cr cr"), NOT("0\n", "lf on the last"),
	NOT("0\r0", "cr on the last"), NOT("0 ", "space on the last"),
	NOT("\xef", "high byte"), NOT("1\x0b", "vt"), NOT("1\"", "quote"),
	NOT("1;\r", "empty extension"), NOT("1;;", "two semicolons"),
	NOT("1; ", "space behind the semicolon"), NOT("1;\t", "tab behind it"),
	NOT("1;=", "no name"), NOT("1;a ", "space behind the name"),
	NOT("1;a\n", "lf behind the name"), NOT("1;a\0", "nul in the name"),
	NOT("1;a@", "at in the name"), NOT("1;a,", "comma behind the name"),
	NOT("1;a\rb", "cr in the name"), NOT("1;a\"", "quote in the name"),
	NOT("1;a=\r", "no value"), NOT("1;a=;", "no value, semicolon"),
	NOT("1;a= ", "space before the value"), NOT("1;a==", "two equals"),
	NOT("1;a=b ", "space behind the value"), NOT("1;a=b=", "equals behind"),
	NOT("1;a=b\n", "lf behind the value"), NOT("1;a=b\"", "quote behind"),
	NOT("1;a=\x01", "control for a value"), NOT("1;a=(", "parenthesis"),
	NOT("1;a=\"\n", "lf in quotes"), NOT("1;a=\"\r", "cr in quotes"),
	NOT("1;a=\"\0", "nul in quotes"), NOT("1;a=\"\x7f", "del in quotes"),
	NOT("1;a=\"\\\r", "escaped cr"), NOT("1;a=\"\\\n", "escaped lf"),
	NOT("1;a=\"\\\0", "escaped nul"), NOT("1;a=\"b\"c", "behind quotes"),
	NOT("1;a=\"b\" ", "space behind quotes"),
	NOT("1;a=\"b\"\n", "lf behind quotes"),
	NOT("1;" C252 "aaa", "257 bytes"),
	NOT("1;a=\"" C252, "257 bytes in quotes"),
	NOT("1;a=\"" Z250 "a\"", "257 bytes by a quote"),
	NOTAT("1\r\nab", "a", "data too long"),
	NOTAT("1\r\na\n", "a", "lf behind data"),
	NOTAT("1\r\na\r0", "a", "cr behind data"),
	NOTAT("1\r\na\r\r", "a", "cr cr behind data"),
	NOTAT("1\r\na0", "a", "nothing behind data"),
	NOTAT("2\r\na\r\n", "a\r", "data too short"),
	NOTAT("1\r\na\r\nx", "a", "no size behind data"),
	NOTAT("1\r\na\r\n\r", "a", "empty line behind data"),
	NOTAT("1\r\na\r\n1;" C252 "aaa", "a", "a long line later"),
	NOTAT("1\r\na\r\n1\r\nb\r\n00000000000000000", "ab", "digits later"),
};

struct decoder {
	struct chunk_state d;
	char data[1024];
	size_t n, used;
	int state; /* as chunk_row.want */
	bool broken;
};

/* one piece of a body; it lies where it cannot be read too far */
static void
decode(struct decoder *x, const char *from, size_t n)
{
	char *p = guarded(from, n), *data = NULL;
	size_t data_n = 99999;
	int64_t r = chunk_decode(&x->d, p, n, &data, &data_n);
	bool done = chunk_done(&x->d);

	x->broken = x->broken || data < p || data + data_n > p + n ||
	    r > (int64_t)n || (r >= 0 && (size_t)r < n && !done) ||
	    (r < 0 && r != -R_BAD_CHUNK) || (r < 0 && done);
	if (x->broken)
		return;
	memcpy(x->data + x->n, data, data_n);
	x->n += data_n;
	x->used += r > 0 ? (size_t)r : 0;
	x->state = r < 0 ? -1 : done;
}

static void
decoded(const struct decoder *x, const struct chunk_row *w, const char *how)
{
	if (x->broken || x->state != w->want || x->n != w->data_n ||
	    memcmp(x->data, w->data, w->data_n) != 0 ||
	    (w->want >= 0 && x->used != w->n))
		fail(how, w->why);
}

/* the row and what follows, cut at a and b */
static void
feed_chunks(const struct chunk_row *w, const char *m, size_t n, size_t a,
    size_t b, const char *how)
{
	struct decoder x = {0};

	decode(&x, m, a);
	if (x.state == 0)
		decode(&x, m + a, b - a);
	if (x.state == 0)
		decode(&x, m + b, n - b);
	decoded(&x, w, how);
}

static void
test_chunk_row(const struct chunk_row *w)
{
	struct decoder x = {0};
	char m[700];
	size_t a, b;

	rows++;
	memcpy(m, w->p, w->n);
	feed_chunks(w, m, w->n, w->n, w->n, "chunks whole");
	for (a = 0; a <= w->n; a++)
		for (b = a; b <= w->n && (w->n < 50 || b < a + 3); b++)
			feed_chunks(w, m, w->n, a, b, "chunks cut");
	for (a = 0; a < w->n; a++) {
		expect(x.state == 0, "chunks early", w->why);
		decode(&x, m + a, 1);
	}
	decoded(&x, w, "chunks by bytes");
	if (w->want == 0)
		return;
	memcpy(m + w->n, "\r\n1\r\nx", 6);
	feed_chunks(w, m, w->n + 6, w->n + 6, w->n + 6, "chunks and more");
	if (w->want < 0) {
		decode(&x, "1", 1);
		decoded(&x, w, "chunks refused stay so");
	} else {
		decode(&x, "1", 1);
		decoded(&x, w, "chunks done take no more");
	}
}

static void
test_chunks(void)
{
	size_t i;

	for (i = 0; i < LEN(chunk_rows); i++)
		test_chunk_row(&chunk_rows[i]);
}

int
main(int argc, char **argv)
{
	(void)argv;
	guard_end = guard();
	test_chunks();
	if (argc > 1)
		printf("%u rows\n", rows);
	return failed;
}
