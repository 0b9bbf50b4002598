/* Tests json.c, from memory that ends at an unreadable page. */
#include <string.h>

#include "guard.h"

#include "json.h"

static char *edge;

/* in memory that ends with it */
static struct span
at_edge(const char *text, size_t n)
{
	memcpy(edge - n, text, n);
	return (struct span){edge - n, n};
}

static struct span
text_of(const char *text)
{
	return at_edge(text, strlen(text));
}

static const char *const good[] = {
"{}", "[]", "\"\"", "true", "false", "null", "[[]]", "{\"\":{}}",
" {} ", "\t\r\n[ ]\n", "[1,2]", "[ 1 , 2 ]", "{\"a\":1,\"b\":[{}]}",
"{ \"a\" : 1 , \"b\" : null }", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
"\"\\u0041\\u00e4\\uABCD\"", "\"\\ud83c\\udf0a\"", "\"\xc3\xa4\"",
"\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xf0\x90\x80\x80\"",
"\"\xf4\x8f\xbf\xbf\"", "\"\x7f\"", "[0]", "[-0]", "[10]", "[-1.5]",
"[0.0e0]", "[1E+10]", "[1e-10]", "[1.25E7]", "{\"a\":1,\"A\":1}",
"[[[[[[[[]]]]]]]]", "{\"a\":{\"a\":{\"a\":1}}}", "[\"a\",\"a\"]",
};

static const struct {
	const char *text, *why;
} bad[] = {
{"", "nothing"},
{" ", "white space alone"},
{"{", "cut"},
{"{}{}", "two values"},
{"{},", "a comma behind"},
{"\xef\xbb\xbf{}", "a byte order mark"},
{"{\"a\"}", "no value"},
{"{\"a\":}", "an empty value"},
{"{\"a\":1,}", "a comma at the end of an object"},
{"{,\"a\":1}", "a comma at its start"},
{"{a:1}", "a bare name"},
{"{'a':1}", "single quotes"},
{"{1:1}", "a number as a name"},
{"{\"a\"=1}", "="},
{"{\"a\":1 \"b\":2}", "no comma"},
{"{\"a\":1}]", "the other bracket"},
{"[1,]", "a comma at the end of an array"},
{"[,1]", "a comma at its start"},
{"[1 2]", "no comma in an array"},
{"[1}", "the wrong bracket"},
{"{\"a\":1,\"a\":2}", "a name twice"},
{"{\"a\":1,\"b\":2,\"a\":1}", "a name twice, apart"},
{"{\"a\":1,\"\\u0061\":2}", "a name twice, one escaped"},
{"{\"\xc3\xa4\":1,\"\\u00E4\":2}", "a name twice, one in UTF-8"},
{"{\"/\":1,\"\\/\":2}", "a name twice, with a solidus"},
{"[{\"x\":{\"a\":1,\"a\":2}}]", "a name twice, deep"},
{"[[[[[[[[[]]]]]]]]]", "too deep"},
{"tru", "half a word"},
{"truex", "a word and more"},
{"True", "upper case"},
{"nul", "half of null"},
{"NaN", "no number"},
{"[Infinity]", "no number either"},
{"[01]", "a zero in front"},
{"[-]", "a sign alone"},
{"[+1]", "a plus"},
{"[.5]", "no digit before the point"},
{"[1.]", "none behind it"},
{"[1e]", "no digit in the exponent"},
{"[1e+]", "a sign alone in it"},
{"[0x10]", "hexadecimal"},
{"[1_000]", "an underscore"},
{"\"", "a quote alone"},
{"\"a", "no quote at the end"},
{"\"\n\"", "a control"},
{"\"\t\"", "a tab"},
{"\"\x1f\"", "the last control"},
{"\"\\x41\"", "no such escape"},
{"\"\\\"", "an escaped quote at the end"},
{"\"\\u12\"", "half an escape"},
{"\"\\u12g4\"", "no digit in an escape"},
{"\"\\u0000\"", "NUL"},
{"\"\\ud83c\"", "the first half of a pair"},
{"\"\\udf0a\"", "the second half of a pair"},
{"\"\\ud83cx\"", "a half and a letter"},
{"\"\\ud83c\\n\"", "a half and another escape"},
{"\"\\ud83c\\ud83c\"", "two first halves"},
{"\"\x80\"", "a byte that continues nothing"},
{"\"\xc0\xaf\"", "a slash in two bytes"},
{"\"\xc1\xbf\"", "DEL in two bytes"},
{"\"\xc3\"", "half a character"},
{"\"\xc3\x28\"", "a character that is not continued"},
{"\"\xe0\x80\xaf\"", "a slash in three bytes"},
{"\"\xe0\x9f\xbf\"", "the last that two bytes hold, in three"},
{"\"\xed\xa0\x80\"", "a surrogate in UTF-8"},
{"\"\xed\xbf\xbf\"", "the last surrogate in UTF-8"},
{"\"\xf0\x8f\xbf\xbf\"", "the last that three bytes hold, in four"},
{"\"\xf4\x90\x80\x80\"", "behind the last code point"},
{"\"\xf5\x80\x80\x80\"", "no first byte"},
{"\"\xff\"", "no byte of UTF-8"},
{"/**/{}", "a comment"},
};

static void
test_check(void)
{
	size_t i, n;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		expect(json_check(text_of(good[i])), good[i], "is JSON");
		/* what is cut is none; white space at its ends aside */
		n = strcspn(good[i], "{[\"tfn") + 1;
		for (; n < strlen(good[i]) &&
		    good[i][n + strspn(good[i] + n, " \n")] != '\0'; n++)
			expect(!json_check(at_edge(good[i], n)), good[i],
			    "cut");
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect(!json_check(text_of(bad[i].text)), bad[i].text,
		    bad[i].why);
	expect(!json_check(at_edge("[\0]", 3)), "NUL", "between values");
	expect(!json_check(at_edge("\"\0\"", 3)), "NUL", "in a string");
}

/* any byte in place of any other: nothing is read behind the end */
static void
test_bytes(void)
{
	static const char text[] =
	    "{\"a\":[1.5e3,\"\\u00e4\xc3\xa4\"],\"b\":true}";
	char copy[sizeof text];
	unsigned c;
	size_t i;

	for (i = 0; i < sizeof text - 1; i++)
		for (c = 0; c < 256; c++) {
			memcpy(copy, text, sizeof text);
			copy[i] = (char)c;
			json_check(at_edge(copy, sizeof text - 1));
		}
	expect(json_check(at_edge(text, sizeof text - 1)), "bytes", "is JSON");
}

static void
members(unsigned count, bool fine)
{
	static char memory[4096];
	struct text t;
	unsigned i;

	text_init(&t, memory, sizeof memory);
	text_str(&t, "{");
	for (i = 0; i < count; i++) {
		text_str(&t, i > 0 ? ",\"m" : "\"m");
		text_uint(&t, i);
		text_str(&t, "\":0");
	}
	text_str(&t, "}");
	expect(json_check(at_edge(t.p, t.n)) == fine, "members",
	    fine ? "as many as there may be" : "one too many");
}

static bool
is(struct span v, const char *text)
{
	return span_is_exact(v, text);
}

static void
test_walk(void)
{
	struct span all = text_of(" {\"a\" : 1, \"b\\u0063\":[ \"x\" , {} ,"
	    "[1,2]],\"d\":{\"a\":\"in\"},\"\":false}\n"), v, item;
	int64_t n;

	expect(json_check(all), "walk", "is JSON");
	all = json_trim(all);
	expect(json_type(all) == JSON_OBJECT, "walk", "object");
	expect(is(json_member(all, "a"), "1"), "walk", "the first member");
	expect(is(json_member(all, ""), "false"), "walk", "the last member");
	expect(json_member(all, "x").n == 0, "walk", "no such member");
	expect(json_member(json_member(all, "a"), "a").n == 0, "walk",
	    "a number has no members");
	expect(is(json_member(json_member(all, "d"), "a"), "\"in\""), "walk",
	    "a member's member");
	v = json_member(all, "bc");
	expect(json_type(v) == JSON_ARRAY, "walk", "an escaped name");
	expect(json_next(&v, &item) && is(item, "\"x\""), "walk", "item 1");
	expect(json_next(&v, &item) && is(item, "{}"), "walk", "item 2");
	expect(json_member(item, "a").n == 0, "walk", "an empty object");
	expect(json_next(&v, &item) && is(item, "[1,2]"), "walk", "item 3");
	expect(!json_next(&v, &item), "walk", "no item 4");
	v = item;
	expect(json_next(&v, &item) && json_number(item, &n) && n == 1, "walk",
	    "an item's item");
	v = text_of("[]");
	expect(!json_next(&v, &item), "walk", "an empty array");
	v = text_of("{}");
	expect(!json_next(&v, &item), "walk", "no array");
}

static const struct {
	const char *json, *text;
} strings[] = {
{"\"\"", ""}, {"\"abc\"", "abc"}, {"\"\\\"\\\\\\/\"", "\"\\/"},
{"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t"}, {"\"\\u0041\"", "A"},
{"\"\\u007f\\u0080\\u07ff\"", "\x7f\xc2\x80\xdf\xbf"},
{"\"\\u0800\\uffff\"", "\xe0\xa0\x80\xef\xbf\xbf"},
{"\"\\ud800\\udc00\"", "\xf0\x90\x80\x80"},
{"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf"},
{"\"\xc3\xa4\xe4\xb8\x96\xf0\x9f\x8c\x8a\"",
    "\xc3\xa4\xe4\xb8\x96\xf0\x9f\x8c\x8a"},
};

static void
test_strings(void)
{
	struct span v, s;
	char out[32];
	size_t i, n;

	for (i = 0; i < sizeof strings / sizeof strings[0]; i++) {
		v = text_of(strings[i].json);
		s.p = strings[i].text;
		s.n = strlen(strings[i].text);
		expect(json_check(v), strings[i].json, "is JSON");
		expect(json_string(v, out, s.n, &n) && n == s.n &&
		    memcmp(out, s.p, n) == 0, strings[i].json, "stands for");
		expect(s.n == 0 || !json_string(v, out, s.n - 1, &n),
		    strings[i].json, "does not fit");
		expect(json_is(v, s), strings[i].json, "is");
		s.n++;
		expect(!json_is(v, s), strings[i].json, "is shorter");
		s.n -= 2;
		expect(strings[i].text[0] == '\0' || !json_is(v, s),
		    strings[i].json, "is longer");
	}
	v = text_of("1");
	expect(!json_string(v, out, sizeof out, &n), "string", "a number");
	expect(!json_is(v, (struct span){"1", 1}), "is", "a number");
}

static const struct {
	const char *json;
	int64_t n;
} numbers[] = {
{"0", 0}, {"-0", 0}, {"1", 1}, {"-17", -17}, {"1763740800", 1763740800},
{"1763740800.9", 1763740800}, {"-1.5", -1}, {"1.7637408e9", 1763740800},
{"1e3", 1000}, {"1E-3", 0}, {"9007199254740991", 9000000000000000},
{"1e300", 9000000000000000}, {"-1e300", -9000000000000000},
{"1e99999", 9000000000000000}, {"1e99999999999999999999", 9000000000000000},
{"9000000000000000", 9000000000000000}, {"8999999999999999", 8999999999999999},
{"1111111111111111111111111111111111111111111111111111111111111111111111",
    9000000000000000},
{"123.456e2", 12345}, {"123.456e-2", 1}, {"123.456e-3", 0}, {"0.00012e5", 12},
{"0e99999", 0}, {"0.0e5", 0}, {"1.5E+1", 15}, {"-12e-1", -1}, {"10e-1", 1},
{"1e-99999", 0}, {"0.000", 0},
};

/* 0.000...1, or 1000...0, with more zeros than an exponent may take back */
static void
long_number(const char *start, unsigned zeros, const char *end, int64_t want)
{
	char memory[4096];
	struct text t;
	struct span v;
	int64_t n;

	text_init(&t, memory, sizeof memory);
	text_str(&t, start);
	while (zeros-- > 0)
		text_str(&t, "0");
	text_str(&t, end);
	v = at_edge(t.p, t.n);
	expect(json_check(v) && json_number(v, &n) && n == want, end,
	    "behind many zeros");
}

static void
test_numbers(void)
{
	struct span v;
	int64_t n;
	size_t i;

	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		v = text_of(numbers[i].json);
		expect(json_check(v) && json_number(v, &n) &&
		    n == numbers[i].n, numbers[i].json, "number");
	}
	long_number("0.", 1999, "1e2003", 1000);
	long_number("0.", 1999, "1e12345", 9000000000000000);
	long_number("0.", 1999, "1e98765432109876543210", 9000000000000000);
	long_number("1", 1999, "e-1998", 10);
	long_number("1", 1999, "e-12345", 0);
	long_number("1", 1999, "e-98765432109876543210", 0);
	v = text_of("\"1\"");
	expect(!json_number(v, &n), "number", "a string");
	v = text_of("null");
	expect(!json_number(v, &n), "number", "null");
	expect(!json_number((struct span){"", 0}, &n), "number", "nothing");
}

int
main(void)
{
	edge = guard();
	test_check();
	test_bytes();
	members(JSON_MEMBERS, true);
	members(JSON_MEMBERS + 1, false);
	test_walk();
	test_strings();
	test_numbers();
	return failed;
}
