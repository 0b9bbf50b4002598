/*
 * A reader of JSON that goes over the text with a cursor. One function per
 * rule of the grammar (RFC 8259 2 to 7), each of which moves the cursor behind
 * what it has read, or says no.
 */
#include <string.h>

#include "json.h"

struct cursor {
	const char *p, *end;
};

static bool check_value(struct cursor *c, unsigned depth);

static void
skip_white(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' ||
	    *c->p == '\n' || *c->p == '\r'))
		c->p++;
}

static bool
take(struct cursor *c, char byte)
{
	if (c->p == c->end || *c->p != byte)
		return false;
	c->p++;
	return true;
}

/* ---- strings ---- */

/* four hexadecimal digits, or -1 */
static long
take_hex(struct cursor *c)
{
	long v = 0;
	int i, d;

	if (c->end - c->p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		d = hex_digit(*c->p++);
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* behind "\u": a code point, two of them if they are halves */
static long
take_unicode(struct cursor *c)
{
	long high = take_hex(c), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || !take(c, '\\') || !take(c, 'u'))
		return -1;
	low = take_hex(c);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	return 0x10000 + (high - 0xd800) * 0x400 + low - 0xdc00;
}

/* behind a backslash */
static long
take_escape(struct cursor *c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (take(c, 'u'))
		return take_unicode(c);
	if (c->p == c->end || *c->p == '\0')
		return -1;
	at = strchr(from, *c->p++);
	return at != NULL ? to[at - from] : -1;
}

/* a code point that is written in several bytes: RFC 3629 4 */
static long
take_utf8(struct cursor *c, unsigned char first)
{
	static const long least[] = {0, 0x80, 0x800, 0x10000};
	int i, more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	long v = first & (0x3f >> more);

	if (first < 0xc2 || first > 0xf4 || c->end - c->p < more)
		return -1;
	for (i = 0; i < more; i++) {
		if ((*c->p & 0xc0) != 0x80)
			return -1;
		v = v << 6 | (*c->p++ & 0x3f);
	}
	if (v < least[more] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return -1;
	return v;
}

enum { QUOTE = 0, WRONG = -1 };

/* the next code point of a string, QUOTE at its end, WRONG */
static long
take_char(struct cursor *c)
{
	unsigned char first;
	long v;

	if (c->p == c->end)
		return WRONG;
	first = (unsigned char)*c->p++;
	if (first == '"')
		return QUOTE;
	if (first < ' ')
		return WRONG;
	if (first >= 0x80)
		return take_utf8(c, first);
	if (first != '\\')
		return first;
	v = take_escape(c);
	return v == 0 ? WRONG : v;
}

static bool
check_string(struct cursor *c)
{
	long v;

	if (!take(c, '"'))
		return false;
	while ((v = take_char(c)) > 0)
		;
	return v == QUOTE;
}

/* the same names, however they are written */
static bool
same_strings(struct cursor a, struct cursor b)
{
	long v, w;

	a.p++;
	b.p++;
	do {
		v = take_char(&a);
		w = take_char(&b);
	} while (v == w && v > 0);
	return v == w;
}

/* ---- numbers and words ---- */

static bool
take_digits(struct cursor *c)
{
	const char *from = c->p;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
		c->p++;
	return c->p > from;
}

static bool
check_number(struct cursor *c)
{
	take(c, '-');
	if (!take(c, '0') && !take_digits(c))
		return false;
	if (take(c, '.') && !take_digits(c))
		return false;
	if (take(c, 'e') || take(c, 'E')) {
		if (!take(c, '+'))
			take(c, '-');
		if (!take_digits(c))
			return false;
	}
	return true;
}

static bool
check_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
		return false;
	c->p += n;
	return true;
}

/* ---- objects and arrays ---- */

static bool
check_object(struct cursor *c, unsigned depth)
{
	struct cursor names[JSON_MEMBERS];
	unsigned i, n = 0;

	skip_white(c);
	if (take(c, '}'))
		return true;
	do {
		skip_white(c);
		if (n == JSON_MEMBERS)
			return false;
		names[n] = *c;
		if (!check_string(c))
			return false;
		for (i = 0; i < n; i++)
			if (same_strings(names[i], names[n]))
				return false;
		n++;
		skip_white(c);
		if (!take(c, ':') || !check_value(c, depth))
			return false;
		skip_white(c);
	} while (take(c, ','));
	return take(c, '}');
}

static bool
check_array(struct cursor *c, unsigned depth)
{
	skip_white(c);
	if (take(c, ']'))
		return true;
	do {
		if (!check_value(c, depth))
			return false;
		skip_white(c);
	} while (take(c, ','));
	return take(c, ']');
}

static bool
check_value(struct cursor *c, unsigned depth)
{
	skip_white(c);
	if (c->p == c->end)
		return false;
	switch (*c->p) {
	case '{':
		c->p++;
		return depth < JSON_DEPTH && check_object(c, depth + 1);
	case '[':
		c->p++;
		return depth < JSON_DEPTH && check_array(c, depth + 1);
	case '"':
		return check_string(c);
	case 't':
		return check_word(c, "true");
	case 'f':
		return check_word(c, "false");
	case 'n':
		return check_word(c, "null");
	default:
		return check_number(c);
	}
}

bool
json_check(struct span s)
{
	struct cursor c = {s.p, s.p};

	if (s.n == 0)
		return false;
	c.end = s.p + s.n;
	if (!check_value(&c, 0))
		return false;
	skip_white(&c);
	return c.p == c.end;
}

/* ---- what a checked text says ---- */

static struct cursor
cursor_of(struct span v)
{
	return (struct cursor){v.p, v.p + v.n};
}

/* takes a value that was checked */
static struct span
take_value(struct cursor *c)
{
	const char *from;

	skip_white(c);
	from = c->p;
	check_value(c, 0);
	return span_between(from, c->p);
}

struct span
json_trim(struct span s)
{
	struct cursor c = cursor_of(s);

	return take_value(&c);
}

enum json_type
json_type(struct span v)
{
	if (v.n == 0)
		return JSON_NONE;
	switch (v.p[0]) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

struct span
json_member(struct span v, const char *name)
{
	struct span wanted = {name, strlen(name)}, key, value;
	struct cursor c;

	if (json_type(v) != JSON_OBJECT)
		return (struct span){"", 0};
	c = cursor_of(v);
	do {
		c.p++; /* the brace, or the comma */
		skip_white(&c);
		if (*c.p == '}')
			break;
		key = take_value(&c);
		skip_white(&c);
		c.p++; /* the colon */
		value = take_value(&c);
		if (json_is(key, wanted))
			return value;
		skip_white(&c);
	} while (*c.p == ',');
	return (struct span){"", 0};
}

bool
json_next(struct span *rest, struct span *value)
{
	struct cursor c;

	/* it begins with the bracket, then with commas, at last with the
	 * bracket that closes it */
	if (rest->n == 0 || (*rest->p != '[' && *rest->p != ','))
		return false;
	c = cursor_of(*rest);
	c.p++;
	skip_white(&c);
	if (*c.p == ']')
		return false;
	*value = take_value(&c);
	skip_white(&c);
	*rest = span_between(c.p, c.end);
	return true;
}

/* writes a code point as UTF-8 to out; its bytes */
static size_t
put_utf8(char out[4], long v)
{
	int more = v >= 0x10000 ? 3 : v >= 0x800 ? 2 : v >= 0x80 ? 1 : 0, i;

	if (more == 0) {
		out[0] = (char)v;
		return 1;
	}
	out[0] = (char)((0xff00 >> (more + 1) & 0xff) | v >> 6 * more);
	for (i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (v >> 6 * (more - i) & 0x3f));
	return (size_t)more + 1;
}

/*
 * Goes over what a string stands for, of at most cap bytes: writes it to out,
 * or compares it with wanted. False if v is no string, or not like that.
 */
static bool
decode(struct span v, char *out, const char *wanted, size_t cap, size_t *n)
{
	struct cursor c;
	char bytes[4];
	size_t k;
	long u;

	*n = 0;
	if (json_type(v) != JSON_STRING)
		return false;
	c = cursor_of(v);
	c.p++;
	for (; (u = take_char(&c)) > 0; *n += k) {
		k = put_utf8(bytes, u);
		if (k > cap - *n)
			return false;
		if (out != NULL)
			memcpy(out + *n, bytes, k);
		else if (memcmp(wanted + *n, bytes, k) != 0)
			return false;
	}
	return true;
}

bool
json_string(struct span v, char *out, size_t cap, size_t *n)
{
	return decode(v, out, NULL, cap, n);
}

bool
json_is(struct span v, struct span s)
{
	size_t n;

	return decode(v, NULL, s.p, s.n, &n) && n == s.n;
}

/* the exponent that a number ends with from p on; one of nine digits is more
 * than there can be digits in front of it, and as good as a larger one */
static long
exponent(const char *p, const char *end)
{
	bool negative = false;
	long v = 0;

	if (p == end)
		return 0;
	p++; /* e */
	if (*p == '+' || *p == '-')
		negative = *p++ == '-';
	for (; p < end; p++)
		v = v < 100000000 ? v * 10 + (*p - '0') : v;
	return negative ? -v : v;
}

bool
json_number(struct span v, int64_t *n)
{
	const int64_t most = INT64_C(9000000000000000);
	const char *p = v.p, *end = v.p + v.n, *e, *point;
	long digits;
	bool minus;

	if (json_type(v) != JSON_NUMBER)
		return false;
	minus = *p == '-';
	p += minus;
	for (e = p; e < end && *e != 'e' && *e != 'E'; e++)
		;
	for (point = p; point < e && *point != '.'; point++)
		;
	/* those before the point once it has moved; behind the last ones that
	 * were written there are zeros */
	digits = (long)(point - p) + exponent(e, end);
	for (*n = 0; digits > 0 && *n < most; digits--) {
		p += p < e && *p == '.';
		*n = *n * 10 + (p < e ? *p++ - '0' : 0);
		if (*n == 0 && p == e)
			break;
	}
	if (*n > most)
		*n = most;
	if (minus)
		*n = -*n;
	return true;
}
