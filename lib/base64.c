/* base64 in both alphabets: see base64.h. */
#include "base64.h"

static const char url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* the value of a digit, -1 for what is none; not by a table, whose lines in
 * the cache would tell of secrets */
static int
digit(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

/* digits alone */
static bool
decode(struct span s, bool url, unsigned char *out, size_t cap, size_t *n)
{
	unsigned bits = 0, held = 0;
	size_t i;
	int d;

	*n = 0;
	if (s.n % 4 == 1 || s.n / 4 * 3 + (s.n % 4 * 3) / 4 > cap)
		return false;
	for (i = 0; i < s.n; i++) {
		d = digit(s.p[i], url);
		if (d < 0)
			return false;
		held = (held << 6 | (unsigned)d) & 0xfff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[(*n)++] = (unsigned char)(held >> bits);
		}
	}
	return (held & ((1u << bits) - 1)) == 0;
}

bool
base64_decode(struct span s, unsigned char *out, size_t cap, size_t *n)
{
	size_t i;

	*n = 0;
	if (s.n % 4 != 0)
		return false;
	for (i = 0; i < 2 && s.n > 0 && s.p[s.n - 1] == '='; i++)
		s.n--;
	return decode(s, false, out, cap, n);
}

bool
base64url_decode(struct span s, unsigned char *out, size_t cap, size_t *n)
{
	return decode(s, true, out, cap, n);
}

void
base64url_encode(struct text *t, const unsigned char *p, size_t n)
{
	unsigned bits = 0, held = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		held = (held << 8 | p[i]) & 0xffff;
		for (bits += 8; bits >= 6;) {
			bits -= 6;
			text_mem(t, &url_digits[held >> bits & 63], 1);
		}
	}
	if (bits > 0)
		text_mem(t, &url_digits[held << (6 - bits) & 63], 1);
}
