/* Tests buf.c. */
#include <sys/types.h>
#include <sys/wait.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int failed;

static void
expect(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL %s: %s\n", what, why);
	failed = 1;
}

static struct span
span(const char *s)
{
	struct span r = {s, s == NULL ? 0 : strlen(s)};

	return r;
}

static const struct {
	const char *s, *lit;
	bool is, exact;
	const char *why;
} names[] = {
{"", "", true, true, "empty"},
{NULL, "", true, true, "nothing"},
{NULL, "a", false, false, "nothing is not a"},
{"", "a", false, false, "empty is not a"},
{"a", "", false, false, "a is not empty"},
{"abc", "abc", true, true, "same"},
{"ABC", "abc", true, false, "upper case"},
{"abc", "ABC", true, false, "lower case"},
{"ab", "abc", false, false, "prefix"},
{"abc", "ab", false, false, "longer"},
{"abd", "abc", false, false, "another"},
{"@", "`", false, false, "before the letters"},
{"[", "{", false, false, "behind the letters"},
{"Z", "z", true, false, "last letter"},
{"A", "a", true, false, "first letter"},
{"\xc0", "\xe0", false, false, "not ASCII"},
};

static void
test_names(void)
{
	struct span nul = {"a\0b", 3}, a = {"a", 1};
	size_t i;

	for (i = 0; i < LEN(names); i++) {
		expect(span_is(span(names[i].s), names[i].lit) == names[i].is,
		    "span_is", names[i].why);
		expect(span_is_exact(span(names[i].s), names[i].lit) ==
		    names[i].exact, "span_is_exact", names[i].why);
		expect(span_equal(span(names[i].s), span(names[i].lit)) ==
		    names[i].exact, "span_equal", names[i].why);
		expect(span_alike(span(names[i].s), span(names[i].lit)) ==
		    names[i].is, "span_alike", names[i].why);
	}
	expect(!span_is(nul, "a"), "span_is", "NUL inside");
	expect(!span_is_exact(nul, "a"), "span_is_exact", "NUL inside");
	expect(!span_equal(nul, a), "span_equal", "NUL inside");
	expect(!span_alike(nul, a), "span_alike", "NUL inside");
	expect(span_equal(nul, nul), "span_equal", "NUL in both");
	expect(lower('A') == 'a' && lower('Z') == 'z' && lower('[') == '[' &&
	    lower('@') == '@' && lower('\xc4') == '\xc4', "lower", "borders");
}

static void
test_hex_digit(void)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *p;
	int c, want;

	for (c = 0; c < 256; c++) {
		p = c == 0 ? NULL : strchr(digits, c);
		want = p == NULL ? -1 : (int)(p - digits);
		if (want > 15)
			want -= 6;
		expect(hex_digit((char)c) == want, "hex_digit", "each byte");
	}
}

static const struct {
	const char *list, *elements, *why;
} lists[] = {
{NULL, "", "nothing"},
{"", "", "empty"},
{" \t", "", "blank"},
{",", "", "comma"},
{", ,\t,", "", "commas"},
{"a", "a|", "one"},
{" a\t", "a|", "blanks around"},
{"a,b", "a|b|", "two"},
{",a,,b,", "a|b|", "empty elements"},
{"a , b ,c", "a|b|c|", "blanks around commas"},
{"a b, c", "a b|c|", "blank inside"},
{"a, ", "a|", "blank last"},
};

static void
test_lists(void)
{
	char got[64];
	struct span list, e;
	struct text t;
	size_t i;

	for (i = 0; i < LEN(lists); i++) {
		list = span(lists[i].list);
		text_init(&t, got, sizeof got);
		while (span_next(&list, &e)) {
			text_span(&t, e);
			text_str(&t, "|");
		}
		expect(span_is_exact((struct span){t.p, t.n},
		    lists[i].elements), "span_next", lists[i].why);
		expect(!span_next(&list, &e) && e.n == 0, "span_next",
		    "stays at the end");
	}
}

static const struct {
	uint64_t v;
	const char *dec, *hex, *why;
} numbers[] = {
{0, "0", "0", "zero"},
{9, "9", "9", "one digit"},
{10, "10", "a", "two digits"},
{255, "255", "ff", "a byte"},
{256, "256", "100", "more than a byte"},
{4294967296, "4294967296", "100000000", "more than 32 bits"},
{UINT64_MAX, "18446744073709551615", "ffffffffffffffff", "all bits"},
};

static void
test_text(void)
{
	char p[40];
	struct text t;
	size_t i;

	for (i = 0; i < LEN(numbers); i++) {
		text_init(&t, p, sizeof p);
		text_uint(&t, numbers[i].v);
		expect(span_is_exact((struct span){p, t.n}, numbers[i].dec),
		    "text_uint", numbers[i].why);
		text_init(&t, p, sizeof p);
		text_hex(&t, numbers[i].v);
		expect(span_is_exact((struct span){p, t.n}, numbers[i].hex),
		    "text_hex", numbers[i].why);
	}
	text_init(&t, p, 5);
	text_str(&t, "abc");
	text_mem(&t, NULL, 0);
	text_str(&t, "de");
	expect(t.n == 5 && !t.full, "text", "exactly full");
	text_mem(&t, NULL, 0);
	expect(!t.full, "text", "nothing fits always");
	text_str(&t, "f");
	expect(t.n == 5 && t.full && memcmp(p, "abcde", 5) == 0, "text",
	    "one too many");
	text_init(&t, p, 5);
	expect(t.n == 0 && !t.full, "text", "again");
	text_str(&t, "abcdef");
	expect(t.n == 0 && t.full, "text", "dropped whole");
	text_init(&t, NULL, 0);
	text_uint(&t, 0);
	expect(t.full, "text", "no room at all");
}

#define LARGE 10000

static void
test_bytes(void)
{
	struct buf *a;
	size_t i;

	expect(buf_len(NULL) == 0, "buf", "no buffer holds nothing");
	a = buf_get(10);
	if (a == NULL)
		return;
	expect(buf_len(a) == 0 && buf_room(a) == BUF_SMALL, "buf",
	    "a new one is empty");
	for (i = 0; i < BUF_SMALL; i += 16)
		buf_append(a, "0123456789abcdef", 16);
	expect(buf_len(a) == BUF_SMALL && buf_room(a) == 0, "buf", "full");
	buf_append(a, "", 0);
	buf_drop(a, 0);
	buf_drop(a, BUF_SMALL - 3);
	expect(buf_len(a) == 3 && a->beg == BUF_SMALL - 3, "buf",
	    "dropped in front");
	expect(buf_room(a) == BUF_SMALL - 3 && a->beg == 0, "buf",
	    "moved down");
	buf_append(a, "ABCDEFG", 7);
	expect(memcmp(a->data + a->beg, "defABCDEFG", 10) == 0, "buf",
	    "bytes after the move");
	for (i = 10; i > 0; i--) {
		expect(buf_len(a) == i, "buf", "one by one");
		buf_drop(a, 1);
	}
	expect(a->beg == 0 && a->end == 0, "buf", "empty begins at 0");
	buf_put(a);
}

/*
 * The most that weir.conf allows is more than 32 bits of memory. In a process
 * of its own, since there is one pool.
 */
static void
test_memory(void)
{
	int status = -1;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		buf_pool(1048576, 1000000, 5000000);
		_exit(buf_memory() == 1048576 * UINT64_C(1000000) +
		    BUF_SMALL * UINT64_C(5000000) +
		    sizeof(struct buf) * UINT64_C(6000000) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	expect(status == 0, "pool", "memory of a huge one");
}

/* the pool: two large ones and three small ones */
static void
test_pool(void)
{
	struct buf *l[2], *s[3];
	int i;

	expect(buf_size() == LARGE && buf_left() == LARGE, "pool", "new");
	expect(buf_memory() == 2 * LARGE + 3 * BUF_SMALL +
	    5 * sizeof(struct buf), "pool", "memory");
	buf_put(NULL);
	expect(buf_get(LARGE + 1) == NULL, "pool", "larger than large");
	for (i = 0; i < 3; i++)
		s[i] = buf_get(BUF_SMALL);
	expect(s[0]->cap == BUF_SMALL && s[2]->cap == BUF_SMALL, "pool",
	    "small where small will do");
	l[0] = buf_get(1);
	expect(l[0]->cap == LARGE, "pool", "large when small ones are out");
	l[1] = buf_get(BUF_SMALL + 1);
	expect(l[1]->cap == LARGE, "pool", "large where it must be");
	expect(buf_left() == 0 && buf_get(1) == NULL, "pool", "all out");
	buf_put(s[1]);
	expect(buf_left() == BUF_SMALL, "pool", "a small one is back");
	expect(buf_get(BUF_SMALL + 1) == NULL, "pool", "no large one is");
	buf_put(s[0]);
	expect(buf_get(1) == s[0] && buf_get(1) == s[1], "pool",
	    "last in, first out");
	buf_put(l[0]);
	expect(buf_left() == LARGE, "pool", "a large one is back");
	buf_put(l[1]);
	for (i = 0; i < 3; i++)
		buf_put(s[i]);
}

static void
test_fit(void)
{
	struct buf *b = NULL, *l[2];

	expect(buf_fit(&b, 5) && b->cap == BUF_SMALL, "fit", "from none");
	buf_append(b, "01234", 5);
	buf_drop(b, 2);
	expect(buf_fit(&b, BUF_SMALL - 3) && b->cap == BUF_SMALL, "fit",
	    "room is made at the front");
	expect(buf_fit(&b, BUF_SMALL - 2) && b->cap == LARGE, "fit",
	    "a larger one");
	expect(buf_len(b) == 3 && memcmp(b->data + b->beg, "234", 3) == 0,
	    "fit", "bytes move along");
	expect(!buf_fit(&b, LARGE) && buf_len(b) == 3, "fit",
	    "none is large enough");
	buf_put(b);
	l[0] = buf_get(LARGE);
	l[1] = buf_get(LARGE);
	b = NULL;
	expect(buf_fit(&b, 5), "fit", "small ones are left");
	buf_append(b, "01234", 5);
	expect(!buf_fit(&b, BUF_SMALL) && buf_len(b) == 5, "fit",
	    "large ones are out");
	buf_put(b);
	buf_put(l[0]);
	buf_put(l[1]);
}

int
main(void)
{
	test_memory();
	buf_pool(LARGE, 2, 3);
	test_names();
	test_hex_digit();
	test_lists();
	test_text();
	test_bytes();
	test_pool();
	test_fit();
	return failed;
}
