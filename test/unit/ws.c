/*
 * Tests ws.c. Whatever reads bytes is fed them from memory that ends at an
 * unreadable page, whole, cut at each byte, and byte by byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ws.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define GUARD_MAX 65536 /* a multiple of any page */

static int failed;
static unsigned char *guard_end; /* the unreadable page begins here */

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "FAIL %s: %s\n", what, why);
	failed = 1;
}

static void
expect(bool ok, const char *what, const char *why)
{
	if (!ok)
		fail(what, why);
}

static void
guard_init(void)
{
	unsigned char *p;

	p = mmap(NULL, 2 * GUARD_MAX, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED ||
	    mprotect(p + GUARD_MAX, GUARD_MAX, PROT_NONE) != 0) {
		perror("mmap");
		exit(1);
	}
	guard_end = p + GUARD_MAX;
}

/* n bytes right before the unreadable page */
static unsigned char *
guarded(const void *p, size_t n)
{
	if (n > 0)
		memcpy(guard_end - n, p, n);
	return guard_end - n;
}

static struct span
text(const char *s)
{
	struct span t = {s, s == NULL ? 0 : strlen(s)};

	return t;
}

/* the same, at the unreadable page; one at a time */
static struct span
guarded_text(const char *s)
{
	struct span t = text(s);

	t.p = (const char *)guarded(s, t.n);
	return t;
}

/* a xorshift, so that each run tests the same */
static size_t
pick(size_t below)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (size_t)(x % below);
}

/* keys, and the value that answers one */

static const struct {
	const char *key;
	bool valid;
	const char *why;
} keys[] = {
	{"dGhlIHNhbXBsZSBub25jZQ==", true, "rfc 6455 1.3"},
	{"AAAAAAAAAAAAAAAAAAAAAA==", true, "zeros"},
	{"/////////////////////w==", true, "ones"},
	{"++++++++++++++++++++++==", false, "stray bits after plus"},
	{"+++++++++++++++++++++A==", true, "plus"},
	{"AAAAAAAAAAAAAAAAAAAAAQ==", true, "bits 010000"},
	{"AAAAAAAAAAAAAAAAAAAAAg==", true, "bits 100000"},
	{"AAAAAAAAAAAAAAAAAAAAAB==", false, "stray bit 0"},
	{"AAAAAAAAAAAAAAAAAAAAAC==", false, "stray bit 1"},
	{"AAAAAAAAAAAAAAAAAAAAAE==", false, "stray bit 2"},
	{"AAAAAAAAAAAAAAAAAAAAAI==", false, "stray bit 3"},
	{"", false, "empty"},
	{"AAAAAAAAAAAAAAAAAAAAA==", false, "15 bytes and a bit"},
	{"AAAAAAAAAAAAAAAAAAAAAAA=", false, "17 bytes"},
	{"AAAAAAAAAAAAAAAAAAAAAAAA", false, "18 bytes"},
	{"AAAAAAAAAAAAAAAAAAAA", false, "15 bytes"},
	{"AAAAAAAAAAAAAAAAAAAAAA", false, "no padding"},
	{"AAAAAAAAAAAAAAAAAAAAAA=", false, "half the padding"},
	{"AAAAAAAAAAAAAAAAAAAAAA=A", false, "padding inside"},
	{"AAAAAAAAAAAAAAAAAAAAAA===", false, "padding too long"},
	{"AAAAAAAAAA==AAAAAAAAAA==", false, "padding in the middle"},
	{"AAAAAAAAAAAAAAAAAAAAA-==", false, "minus of base64url at the end"},
	{"-AAAAAAAAAAAAAAAAAAAAA==", false, "minus of base64url"},
	{"A_AAAAAAAAAAAAAAAAAAAA==", false, "underscore of base64url"},
	{" AAAAAAAAAAAAAAAAAAAAA==", false, "space"},
	{"AAAAAAAAAA\tAAAAAAAAAAA==", false, "tab"},
	{"AAAAAAAAAAAAAAAAAAAAA\x80==", false, "beyond ascii"},
};

static const struct {
	const char *key, *accept, *why;
} accepts[] = {
	{"dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
	 "rfc 6455 1.3"},
	{"x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=",
	 "another pair"},
};

static void
test_keys(void)
{
	static const char nul[] = "AAAAAAAAAA\0AAAAAAAAAAA==";
	char accept[WS_ACCEPT_LEN];
	struct span s = {nul, 24};
	size_t i;

	for (i = 0; i < LEN(keys); i++)
		expect(ws_key_valid(guarded_text(keys[i].key)) ==
		    keys[i].valid, "key", keys[i].why);
	expect(!ws_key_valid(s), "key", "nul");
	expect(!ws_key_valid(text(NULL)), "key", "none");
	for (i = 0; i < LEN(accepts); i++) {
		ws_accept(guarded_text(accepts[i].key), accept);
		expect(memcmp(accept, accepts[i].accept, WS_ACCEPT_LEN) == 0,
		    "accept", accepts[i].why);
	}
}

/* verdicts about requests */

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static const struct {
	const char *upgrade, *second; /* Upgrade lines; NULL for none */
	const char *version, *key;
	unsigned versions, keys;
	bool get, conn, body;
	int want;
	const char *why;
} offers[] = {
#define ALL "13", KEY, 1, 1, true, true, false
	{"websocket", NULL, ALL, WS_HANDSHAKE, "whole"},
	{"WebSocket", NULL, ALL, WS_HANDSHAKE, "camel case"},
	{"WEBSOCKET", NULL, ALL, WS_HANDSHAKE, "upper case"},
	{"websocket, h2c", NULL, ALL, -R_WS_UPGRADE, "more in the list"},
	{"h2c,websocket", NULL, ALL, -R_WS_UPGRADE, "second in the list"},
	{"websocket", "websocket", ALL, -R_WS_UPGRADE, "two lines"},
	{"websocket", "h2c", ALL, -R_WS_UPGRADE, "another line after"},
	{"h2c", "websocket", ALL, -R_WS_UPGRADE, "another line before"},
	{"websocket/13", NULL, ALL, -R_WS_UPGRADE, "with a version"},
	{"websockets", NULL, ALL, -R_WS_UPGRADE, "longer name"},
	{"websocke", NULL, ALL, -R_WS_UPGRADE, "shorter name"},
	{"h2c", NULL, ALL, -R_WS_UPGRADE, "other, with a key"},
	{"", NULL, ALL, -R_WS_UPGRADE, "empty, with a key"},
	{NULL, NULL, ALL, -R_WS_UPGRADE, "dropped, with a key"},
#undef ALL
#define BARE NULL, NULL, 0, 0, true, true, false
	{NULL, NULL, BARE, WS_PLAIN, "nothing meant"},
	{"", NULL, BARE, WS_PLAIN, "empty, no key"},
	{"h2c", NULL, BARE, WS_PLAIN, "other, no key"},
	{"h2c", "TLS/1.2", BARE, WS_PLAIN, "others, no key"},
	{"websockets", NULL, BARE, WS_PLAIN, "longer name, no key"},
	{"web/socket", NULL, BARE, WS_PLAIN, "slashed name, no key"},
	{"/websocket", NULL, BARE, WS_PLAIN, "version, no name, no key"},
	{"h2c, WebSocket/13", NULL, BARE, -R_WS_UPGRADE, "listed, no key"},
	{"h2c", "websocket", BARE, -R_WS_UPGRADE, "second line, no key"},
	{"websocket", "h2c", BARE, -R_WS_UPGRADE, "first line, no key"},
	{"websocket", NULL, BARE, -R_WS_VERSION, "websocket alone"},
#undef BARE
	{NULL, NULL, "13", NULL, 1, 0, true, false, false,
	 WS_PLAIN, "version alone"},
	{"websocket", NULL, "13", KEY, 1, 1, true, false, false,
	 -R_WS_CONNECTION, "no connection"},
	{"websocket", NULL, "13", KEY, 1, 1, false, true, false,
	 -R_WS_METHOD, "post"},
	{"websocket", NULL, "13", KEY, 1, 1, true, true, true,
	 -R_WS_BODY, "body"},
	{"websocket", NULL, "8", KEY, 1, 1, true, true, false,
	 -R_WS_VERSION, "version 8"},
	{"websocket", NULL, "013", KEY, 1, 1, true, true, false,
	 -R_WS_VERSION, "version 013"},
	{"websocket", NULL, "13, 8", KEY, 1, 1, true, true, false,
	 -R_WS_VERSION, "versions listed"},
	{"websocket", NULL, "", KEY, 1, 1, true, true, false,
	 -R_WS_VERSION, "version empty"},
	{"websocket", NULL, "13", KEY, 2, 1, true, true, false,
	 -R_WS_VERSION, "version twice"},
	{"websocket", NULL, NULL, KEY, 0, 1, true, true, false,
	 -R_WS_VERSION, "no version"},
	{"websocket", NULL, "13", NULL, 1, 0, true, true, false,
	 -R_WS_KEY, "no key"},
	{"websocket", NULL, "13", "", 1, 1, true, true, false,
	 -R_WS_KEY, "key empty"},
	{"websocket", NULL, "13", "short", 1, 1, true, true, false,
	 -R_WS_KEY, "key short"},
	{"websocket", NULL, "13", KEY, 1, 2, true, true, false,
	 -R_WS_KEY, "key twice"},
	/* of two faults the first in the order of the header is named */
	{NULL, NULL, "8", "x", 1, 1, false, false, true,
	 -R_WS_UPGRADE, "all wrong"},
	{"websocket", NULL, "8", "x", 1, 1, false, false, true,
	 -R_WS_CONNECTION, "connection before method"},
	{"websocket", NULL, "8", "x", 1, 1, false, true, true,
	 -R_WS_METHOD, "method before body"},
	{"websocket", NULL, "8", "x", 1, 1, true, true, true,
	 -R_WS_BODY, "body before version"},
	{"websocket", NULL, "8", "x", 1, 1, true, true, false,
	 -R_WS_VERSION, "version before key"},
};

static void
test_judge(void)
{
	struct ws_offer o;
	size_t i;

	for (i = 0; i < LEN(offers); i++) {
		memset(&o, 0, sizeof o);
		if (offers[i].upgrade != NULL)
			ws_offer_upgrade(&o, text(offers[i].upgrade));
		if (offers[i].second != NULL)
			ws_offer_upgrade(&o, text(offers[i].second));
		o.version = text(offers[i].version);
		o.key = text(offers[i].key);
		o.versions = offers[i].versions;
		o.keys = offers[i].keys;
		o.get = offers[i].get;
		o.conn_upgrade = offers[i].conn;
		o.body = offers[i].body;
		expect(ws_judge(&o) == offers[i].want, "judge",
		    offers[i].why);
	}
}

/* proofs of answers */

static const struct {
	const char *upgrade, *accept, *protocol;
	unsigned upgrades, accepts, protocols;
	bool conn, body;
	const char *offered;
	int want;
	const char *why;
} answers[] = {
	{"websocket", ACCEPT, NULL, 1, 1, 0, true, false, NULL,
	 0, "whole"},
	{"WebSocket", ACCEPT, NULL, 1, 1, 0, true, false, "chat",
	 0, "none selected"},
	{"websocket", ACCEPT, "chat", 1, 1, 1, true, false, "soap, chat",
	 0, "selected"},
	{NULL, ACCEPT, NULL, 0, 1, 0, true, false, NULL,
	 -R_PROOF_UPGRADE, "no upgrade"},
	{"h2c", ACCEPT, NULL, 1, 1, 0, true, false, NULL,
	 -R_PROOF_UPGRADE, "other upgrade"},
	{"websocket, h2c", ACCEPT, NULL, 1, 1, 0, true, false, NULL,
	 -R_PROOF_UPGRADE, "upgrade listed"},
	{"websocket", ACCEPT, NULL, 2, 1, 0, true, false, NULL,
	 -R_PROOF_UPGRADE, "upgrade twice"},
	{"websocket", ACCEPT, NULL, 1, 1, 0, false, false, NULL,
	 -R_PROOF_CONNECTION, "no connection"},
	{"websocket", NULL, NULL, 1, 0, 0, true, false, NULL,
	 -R_PROOF_ACCEPT, "no accept"},
	{"websocket", "", NULL, 1, 1, 0, true, false, NULL,
	 -R_PROOF_ACCEPT, "accept empty"},
	{"websocket", ACCEPT, NULL, 1, 2, 0, true, false, NULL,
	 -R_PROOF_ACCEPT, "accept twice"},
	{"websocket", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", NULL, 1, 1, 0, true,
	 false, NULL, -R_PROOF_ACCEPT, "accept in another case"},
	{"websocket", ACCEPT "=", NULL, 1, 1, 0, true, false, NULL,
	 -R_PROOF_ACCEPT, "accept longer"},
	{"websocket", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo", NULL, 1, 1, 0, true,
	 false, NULL, -R_PROOF_ACCEPT, "accept shorter"},
	{"websocket", ACCEPT, "chat", 1, 1, 1, true, false, NULL,
	 -R_PROOF_PROTOCOL, "none offered"},
	{"websocket", ACCEPT, "Chat", 1, 1, 1, true, false, "chat",
	 -R_PROOF_PROTOCOL, "another case"},
	{"websocket", ACCEPT, "chat", 1, 1, 1, true, false, "chat2, cha",
	 -R_PROOF_PROTOCOL, "others offered"},
	{"websocket", ACCEPT, "", 1, 1, 1, true, false, "chat",
	 -R_PROOF_PROTOCOL, "selected empty"},
	{"websocket", ACCEPT, "a, b", 1, 1, 1, true, false, "a, b",
	 -R_PROOF_PROTOCOL, "two selected"},
	{"websocket", ACCEPT, "a", 1, 1, 2, true, false, "a, b",
	 -R_PROOF_PROTOCOL, "selected twice"},
	{"websocket", ACCEPT, NULL, 1, 1, 0, true, true, NULL,
	 -R_PROOF_BODY, "body"},
	{"websocket", NULL, "x", 1, 0, 1, false, true, NULL,
	 -R_PROOF_CONNECTION, "connection before accept"},
};

static void
test_prove(void)
{
	struct ws_answer a;
	size_t i;

	for (i = 0; i < LEN(answers); i++) {
		memset(&a, 0, sizeof a);
		a.upgrade = text(answers[i].upgrade);
		a.accept = text(answers[i].accept);
		a.protocol = text(answers[i].protocol);
		a.upgrades = answers[i].upgrades;
		a.accepts = answers[i].accepts;
		a.protocols = answers[i].protocols;
		a.conn_upgrade = answers[i].conn;
		a.body = answers[i].body;
		expect(ws_prove(&a, text(KEY), text(answers[i].offered)) ==
		    answers[i].want, "prove", answers[i].why);
	}
}

/* lists */

static const struct {
	const char *list, *token;
	bool has;
	const char *why;
} lists[] = {
	{"a", "a", true, "alone"},
	{"a,b,c", "c", true, "last"},
	{" a ,\tb\t, c", "b", true, "blanks around"},
	{",,a,", "a", true, "empty elements"},
	{"abc", "ab", false, "prefix"},
	{"ab", "abc", false, "longer"},
	{"a", "A", false, "case"},
	{"a b", "a", false, "blank inside"},
	{"", "a", false, "empty list"},
	{"a", "", false, "empty token"},
	{",", "", false, "empty token, empty element"},
};

static const struct {
	const char *chosen, *offered;
	bool ok;
	const char *why;
} extensions[] = {
	{"", "", true, "none"},
	{"", "a", true, "none chosen"},
	{"a", "a", true, "same"},
	{"a; x=1", "a; y=2; z", true, "parameters"},
	{"a;x", "a", true, "no blank before the semicolon"},
	{"a ; x", "b, a ; z", true, "blanks before the semicolon"},
	{"a\t;x", "a", true, "tab before the semicolon"},
	{"b, a", "a, b", true, "both"},
	{"a, c", "a, b", false, "one of two"},
	{"c, a", "a, b", false, "first of two"},
	{"a", "", false, "none offered"},
	{"a", "b; a", false, "offered as a parameter"},
	{"ab", "a", false, "longer"},
	{"a", "ab", false, "shorter"},
	{"A", "a", false, "case"},
	{";x", ";x", false, "no name"},
	{";", ";", false, "no name, no parameter"},
};

static void
test_lists(void)
{
	size_t i;

	for (i = 0; i < LEN(lists); i++)
		expect(ws_list_has(guarded_text(lists[i].list),
		    text(lists[i].token)) == lists[i].has, "list",
		    lists[i].why);
	for (i = 0; i < LEN(extensions); i++) {
		expect(ws_extensions_offered(guarded_text(
		    extensions[i].chosen), text(extensions[i].offered)) ==
		    extensions[i].ok, "extensions", extensions[i].why);
		expect(ws_extensions_offered(text(extensions[i].chosen),
		    guarded_text(extensions[i].offered)) ==
		    extensions[i].ok, "extensions", extensions[i].why);
	}
}

/* frame heads */

#define M 0x37, 0xfa, 0x21, 0x3d

static const struct {
	unsigned char bytes[WS_HEAD_MAX];
	int n; /* bytes of the head, or -1 and bad is their number */
	int bad;
	struct ws_head h;
	const char *why;
} heads[] = {
	/* RFC 6455 5.7 */
	{{0x81, 0x05}, 2, 0, {5, WS_TEXT, 0, true, false, {0}}, "hello"},
	{{0x81, 0x85, M}, 6, 0, {5, WS_TEXT, 0, true, true, {M}},
	 "masked hello"},
	{{0x01, 0x03}, 2, 0, {3, WS_TEXT, 0, false, false, {0}},
	 "first fragment"},
	{{0x80, 0x02}, 2, 0, {2, WS_CONT, 0, true, false, {0}},
	 "last fragment"},
	{{0x89, 0x05}, 2, 0, {5, WS_PING, 0, true, false, {0}}, "ping"},
	{{0x8a, 0x85, M}, 6, 0, {5, WS_PONG, 0, true, true, {M}}, "pong"},
	{{0x82, 0x7e, 0x01, 0x00}, 4, 0,
	 {256, WS_BINARY, 0, true, false, {0}}, "256 bytes"},
	{{0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}, 10, 0,
	 {65536, WS_BINARY, 0, true, false, {0}}, "64 KiB"},
	/* borders of lengths */
	{{0x82, 0}, 2, 0, {0, WS_BINARY, 0, true, false, {0}}, "0"},
	{{0x82, 0x80, M}, 6, 0, {0, WS_BINARY, 0, true, true, {M}},
	 "0 masked"},
	{{0x82, 125}, 2, 0, {125, WS_BINARY, 0, true, false, {0}}, "125"},
	{{0x82, 126, 0, 126}, 4, 0, {126, WS_BINARY, 0, true, false, {0}},
	 "126"},
	{{0x82, 0xfe, 0, 126, M}, 8, 0,
	 {126, WS_BINARY, 0, true, true, {M}}, "126 masked"},
	{{0x82, 126, 0xff, 0xff}, 4, 0,
	 {65535, WS_BINARY, 0, true, false, {0}}, "65535"},
	{{0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, M}, 14, 0,
	 {65536, WS_BINARY, 0, true, true, {M}}, "65536 masked"},
	{{0x82, 127, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 10, 0,
	 {0xffffffff, WS_BINARY, 0, true, false, {0}}, "32 bits"},
	{{0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0}, 10, 0,
	 {0x100000000, WS_BINARY, 0, true, false, {0}}, "33 bits"},
	{{0x82, 127, 1, 2, 3, 4, 5, 6, 7, 8}, 10, 0,
	 {0x0102030405060708, WS_BINARY, 0, true, false, {0}}, "order"},
	{{0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, M}, 14, 0,
	 {INT64_MAX, WS_BINARY, 0, true, true, {M}}, "63 bits"},
	/* not a length: RFC 6455 5.2 */
	{{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, -1, 10, {0}, "top bit"},
	{{0x82, 0xff, 0xff, 255, 255, 255, 255, 255, 255, 255, M}, -1, 14,
	 {0}, "64 bits"},
	{{0x82, 126, 0, 0}, -1, 4, {0}, "0 in two bytes"},
	{{0x82, 126, 0, 125}, -1, 4, {0}, "125 in two bytes"},
	{{0x82, 0xfe, 0, 125, M}, -1, 8, {0}, "125 in two bytes, masked"},
	{{0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1}, -1, 10, {0},
	 "1 in eight bytes"},
	{{0x82, 127, 0, 0, 0, 0, 0, 0, 0, 126}, -1, 10, {0},
	 "126 in eight bytes"},
	{{0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, M}, -1, 14, {0},
	 "65535 in eight bytes"},
	/* what else the first byte holds */
	{{0xc1, 0}, 2, 0, {0, WS_TEXT, 4, true, false, {0}}, "rsv1"},
	{{0x21, 0}, 2, 0, {0, WS_TEXT, 2, false, false, {0}}, "rsv2"},
	{{0x11, 0}, 2, 0, {0, WS_TEXT, 1, false, false, {0}}, "rsv3"},
	{{0xff, 0}, 2, 0, {0, 0xf, 7, true, false, {0}}, "all bits"},
	{{0x00, 0}, 2, 0, {0, WS_CONT, 0, false, false, {0}}, "no bits"},
	{{0x88, 0}, 2, 0, {0, WS_CLOSE, 0, true, false, {0}}, "close"},
};

static bool
same_head(const struct ws_head *a, const struct ws_head *b)
{
	return a->length == b->length && a->opcode == b->opcode &&
	    a->rsv == b->rsv && a->fin == b->fin && a->masked == b->masked &&
	    memcmp(a->mask, b->mask, 4) == 0;
}

static void
test_heads(void)
{
	unsigned char out[WS_HEAD_MAX];
	const unsigned char *p;
	struct ws_head h;
	int i, k, n;

	for (i = 0; i < (int)LEN(heads); i++) {
		n = heads[i].n < 0 ? heads[i].bad : heads[i].n;
		for (k = 0; k <= n; k++) {
			p = guarded(heads[i].bytes, (size_t)k);
			memset(&h, 0xee, sizeof h);
			expect(ws_read_head(p, (size_t)k, &h) ==
			    (k < n ? 0 : heads[i].n), "head", heads[i].why);
		}
		if (heads[i].n < 0)
			continue;
		expect(same_head(&h, &heads[i].h), "head", heads[i].why);
		/* payload behind it changes nothing */
		memset(&h, 0xee, sizeof h);
		expect(ws_read_head(heads[i].bytes, WS_HEAD_MAX, &h) == n &&
		    same_head(&h, &heads[i].h), "long", heads[i].why);
		expect(ws_write_head(out, &heads[i].h) == (size_t)n &&
		    memcmp(out, heads[i].bytes, (size_t)n) == 0, "write",
		    heads[i].why);
	}
}

/* masking */

static void
test_mask(void)
{
	static const unsigned char masked[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
	static const uint8_t mask[4] = {M};
	/* the positions that are near a wrap of some integer */
	static const uint64_t at[] = {0, 1, 2, 3, 4, 5, 7, 0xffffffff,
	    0x100000000, 0x7ffffffffffffffd, UINT64_MAX - 2};
	unsigned char from[80], want[80], *p;
	size_t a, n, i, off;

	p = guarded(masked, 5);
	ws_mask(p, 5, mask, 0);
	expect(memcmp(p, "Hello", 5) == 0, "mask", "rfc 6455 5.7");
	for (i = 0; i < sizeof from; i++)
		from[i] = (unsigned char)pick(256);
	for (a = 0; a < LEN(at); a++)
		for (n = 0; n <= 64; n++)
			for (off = 0; off < 16; off++) {
				memcpy(want, from, sizeof want);
				for (i = 0; i < n; i++)
					want[off + i] ^=
					    mask[(at[a] + i) % 4];
				/* off bytes before it, the rest behind it */
				p = guarded(from, sizeof from);
				ws_mask(p + off, n, mask, at[a]);
				expect(memcmp(p, want, sizeof want) == 0,
				    "mask", "against one byte at a time");
				p = guarded(from + off, n);
				ws_mask(p, n, mask, at[a]);
				expect(memcmp(p, want + off, n) == 0, "mask",
				    "at the unreadable page");
			}
}

/* Close frames */

static const struct {
	unsigned from, to;
	bool valid;
} codes[] = {
	{0, 999, false}, {1000, 1003, true}, {1004, 1006, false},
	{1007, 1014, true}, {1015, 2999, false}, {3000, 4999, true},
	{5000, 70000, false},
};

static const struct {
	const char *text;
	unsigned code;
	size_t n; /* bytes of the payload */
	const char *why;
} closes[] = {
#define TEN "0123456789"
#define L120 TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
	{"", 1000, 2, "no text"},
	{"going", 1001, 7, "text"},
	{L120 "123", 1002, 125, "just fits"},
	{L120 "1234", 1002, 125, "cut"},
	{L120 L120, 4999, 125, "cut by much"},
	{L120 "12\xc3\xa4", 1002, 124, "cut before two bytes"},
	{L120 "1\xc3\xa4", 1002, 125, "two bytes fit"},
	{L120 "1\xc3\xa4x", 1002, 125, "cut behind two bytes"},
	{L120 "1\xe2\x82\xac", 1002, 123, "cut before three bytes"},
	{L120 "\xf0\x9f\x98\x80", 1002, 122, "cut before four bytes"},
	{"ignored", WS_C_NONE, 0, "no code"},
};

static void
test_close(void)
{
	static const uint8_t mask[4] = {M};
	unsigned char *p;
	struct ws_head h;
	size_t i, n;
	unsigned c;
	int masked, k;

	for (i = 0; i < LEN(codes); i++)
		for (c = codes[i].from; c <= codes[i].to; c++)
			if (ws_close_code_valid(c) != codes[i].valid)
				fprintf(stderr, "FAIL code: %u\n", c),
				    failed = 1;
	for (i = 0; i < LEN(closes) * 2; i++) {
		masked = i % 2;
		p = guard_end - WS_CLOSE_FRAME_MAX;
		n = ws_write_close(p, closes[i / 2].code, closes[i / 2].text,
		    masked ? mask : NULL);
		k = ws_read_head(p, n, &h);
		expect(k == (masked ? 6 : 2) && h.opcode == WS_CLOSE &&
		    h.fin && h.rsv == 0 && h.masked == masked &&
		    h.length == closes[i / 2].n &&
		    n == (size_t)k + h.length, "close", closes[i / 2].why);
		expect(!masked || memcmp(h.mask, mask, 4) == 0, "close mask",
		    closes[i / 2].why);
		if (k <= 0 || h.length == 0)
			continue;
		p += k;
		if (masked)
			ws_mask(p, (size_t)h.length, h.mask, 0);
		expect(((unsigned)p[0] << 8 | p[1]) == closes[i / 2].code &&
		    memcmp(p + 2, closes[i / 2].text, closes[i / 2].n - 2) ==
		    0, "close text", closes[i / 2].why);
	}
}

int
main(void)
{
	guard_init();
	test_keys();
	test_judge();
	test_prove();
	test_lists();
	test_heads();
	test_mask();
	test_close();
	return failed;
}
