/* Tests base64.c, from memory that ends at an unreadable page. */
#include <string.h>

#include "guard.h"

#include "base64.h"

static char *edge;

static const struct {
	const char *url, *plain, *bytes;
	size_t n;
} good[] = {
{"", "", "", 0}, /* RFC 4648 10 */
{"Zg", "Zg==", "f", 1},
{"Zm8", "Zm8=", "fo", 2},
{"Zm9v", "Zm9v", "foo", 3},
{"Zm9vYg", "Zm9vYg==", "foob", 4},
{"Zm9vYmE", "Zm9vYmE=", "fooba", 5},
{"Zm9vYmFy", "Zm9vYmFy", "foobar", 6},
{"-_-_", "+/+/", "\xfb\xff\xbf", 3},
{"AAAA", "AAAA", "\0\0\0", 3},
{"_w", "/w==", "\xff", 1},
};

static const struct {
	bool url;
	const char *text, *why;
} bad[] = {
{true, "A", "one digit"},
{true, "AAAAA", "one digit too many"},
{true, "Zg==", "padding"},
{true, "Zg=", "half a padding"},
{true, "Zh", "a bit behind the last byte"},
{true, "Zm9", "two bits behind the last byte"},
{true, "Zm8 ", "a blank"},
{true, "Zm8\n", "a line's end"},
{true, "+/+/", "the other alphabet"},
{true, "Zm9v.", "a dot"},
{true, "Z\xc3\xa4v", "no ASCII"},
{false, "Zg", "no padding"},
{false, "Zg=", "too little padding"},
{false, "Z===", "too much padding"},
{false, "====", "padding alone"},
{false, "Zg==Zg==", "padding in the middle"},
{false, "Zh==", "a bit behind the last byte"},
{false, "Zm9=", "two bits behind the last byte"},
{false, "-_-_", "the other alphabet"},
{false, "Zm 9", "a blank"},
};

static bool
decode(bool url, const char *text, unsigned char *out, size_t cap, size_t *n)
{
	struct span s = {edge - strlen(text), strlen(text)};

	memcpy(edge - s.n, text, s.n);
	return url ? base64url_decode(s, out, cap, n) :
	    base64_decode(s, out, cap, n);
}

/* every text of two digits stands for one byte and no other does for it */
static void
test_canonical(void)
{
	unsigned char out[2];
	int a, b, found = 0;
	char text[3] = "";
	size_t n;

	for (a = 1; a < 256; a++)
		for (b = 1; b < 256; b++) {
			text[0] = (char)a;
			text[1] = (char)b;
			found += decode(true, text, out, 2, &n) && n == 1;
		}
	expect(found == 256, "canonical", "one text for each byte");
}

int
main(void)
{
	unsigned char out[16];
	char memory[16];
	struct text t;
	size_t i, n;

	edge = guard();
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		expect(decode(true, good[i].url, out, good[i].n, &n) &&
		    n == good[i].n && memcmp(out, good[i].bytes, n) == 0,
		    good[i].url, "decodes");
		expect(decode(false, good[i].plain, out, good[i].n, &n) &&
		    n == good[i].n && memcmp(out, good[i].bytes, n) == 0,
		    good[i].plain, "decodes");
		if (good[i].n > 0)
			expect(!decode(true, good[i].url, out, good[i].n - 1,
			    &n), good[i].url, "does not fit");
		text_init(&t, memory, sizeof memory);
		base64url_encode(&t, (const unsigned char *)good[i].bytes,
		    good[i].n);
		expect(t.n == strlen(good[i].url) &&
		    memcmp(memory, good[i].url, t.n) == 0, good[i].url,
		    "encodes");
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect(!decode(bad[i].url, bad[i].text, out, sizeof out, &n),
		    bad[i].text, bad[i].why);
	test_canonical();
	return failed;
}
