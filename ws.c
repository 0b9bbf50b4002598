/*
 * WebSocket (RFC 6455): the handshake's values and verdicts, frame heads,
 * masks, close codes, and the tracker of frame boundaries.
 *
 * Everything here is bytes in and a verdict out. Frames are judged only as
 * far as their head can be read in two ways; what they may mean is for the
 * endpoints, or for who asks with ws_read_head(). The tracker is laxer than
 * ws_read_head(): it goes blind only where it cannot tell where a frame ends.
 */
#include <string.h>

#include <bearssl_hash.h>

#include "ws.h"

#define KEY_LEN 24 /* 16 bytes in base64 */

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* writes n bytes as base64 with its padding: RFC 4648 4 */
static void
base64(char *to, const unsigned char *p, size_t n)
{
	unsigned long v;
	size_t i, k;

	for (i = 0; i < n; i += 3) {
		k = n - i < 3 ? n - i : 3;
		v = (unsigned long)p[i] << 16;
		if (k > 1)
			v |= (unsigned long)p[i + 1] << 8;
		if (k > 2)
			v |= p[i + 2];
		*to++ = alphabet[v >> 18 & 63];
		*to++ = alphabet[v >> 12 & 63];
		*to++ = k > 1 ? alphabet[v >> 6 & 63] : '=';
		*to++ = k > 2 ? alphabet[v & 63] : '=';
	}
}

/* the value of a base64 digit, -1 for what is none */
static int
digit(char c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

bool
ws_key_valid(struct span key)
{
	size_t i;

	if (key.n != KEY_LEN || key.p[22] != '=' || key.p[23] != '=')
		return false;
	for (i = 0; i < 22; i++)
		if (digit(key.p[i]) < 0)
			return false;
	/* the last digit carries two bits, its other four are 0 */
	return (digit(key.p[21]) & 15) == 0;
}

void
ws_accept(struct span key, char accept[WS_ACCEPT_LEN])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[br_sha1_SIZE];
	br_sha1_context ctx;

	br_sha1_init(&ctx);
	br_sha1_update(&ctx, key.p, key.n);
	br_sha1_update(&ctx, guid, sizeof guid - 1);
	br_sha1_out(&ctx, digest);
	base64(accept, digest, sizeof digest);
}

/* e up to the first c, without white space before that */
static struct span
up_to(struct span e, char c)
{
	const char *end = e.n == 0 ? NULL : memchr(e.p, c, e.n);

	if (end != NULL)
		e.n = (size_t)(end - e.p);
	while (e.n > 0 && (e.p[e.n - 1] == ' ' || e.p[e.n - 1] == '\t'))
		e.n--;
	return e;
}

/* true if an Upgrade value lists websocket, in whatever version */
static bool
names_websocket(struct span list)
{
	struct span e;

	while (span_next(&list, &e))
		if (span_is(up_to(e, '/'), "websocket"))
			return true;
	return false;
}

void
ws_offer_upgrade(struct ws_offer *o, struct span value)
{
	if (o->upgrades++ == 0 || names_websocket(value))
		o->upgrade = value;
}

int
ws_judge(const struct ws_offer *o)
{
	if (o->keys == 0 && !names_websocket(o->upgrade))
		return WS_PLAIN;
	if (o->upgrades != 1 || !span_is(o->upgrade, "websocket"))
		return -R_WS_UPGRADE;
	if (!o->conn_upgrade)
		return -R_WS_CONNECTION;
	if (!o->get)
		return -R_WS_METHOD;
	if (o->body)
		return -R_WS_BODY;
	if (o->versions != 1 || !span_is_exact(o->version, "13"))
		return -R_WS_VERSION;
	if (o->keys != 1 || !ws_key_valid(o->key))
		return -R_WS_KEY;
	return WS_HANDSHAKE;
}

int
ws_prove(const struct ws_answer *a, struct span key, struct span offered)
{
	char accept[WS_ACCEPT_LEN];
	struct span expected = {accept, sizeof accept};

	if (a->upgrades != 1 || !span_is(a->upgrade, "websocket"))
		return -R_PROOF_UPGRADE;
	if (!a->conn_upgrade)
		return -R_PROOF_CONNECTION;
	ws_accept(key, accept);
	if (a->accepts != 1 || !span_equal(a->accept, expected))
		return -R_PROOF_ACCEPT;
	if (a->protocols > 1)
		return -R_PROOF_PROTOCOL;
	if (a->protocols == 1 && !ws_list_has(offered, a->protocol))
		return -R_PROOF_PROTOCOL;
	if (a->body)
		return -R_PROOF_BODY;
	return 0;
}

bool
ws_list_has(struct span list, struct span token)
{
	struct span e;

	while (span_next(&list, &e))
		if (span_equal(e, token))
			return true;
	return false;
}

/* true if the list of extensions holds one of that name */
static bool
has_extension(struct span list, struct span name)
{
	struct span e;

	while (span_next(&list, &e))
		if (span_equal(up_to(e, ';'), name))
			return true;
	return false;
}

bool
ws_extensions_offered(struct span chosen, struct span offered)
{
	struct span e, name;

	while (span_next(&chosen, &e)) {
		name = up_to(e, ';');
		if (name.n == 0 || !has_extension(offered, name))
			return false;
	}
	return true;
}

/* bytes that the length takes behind the head's second byte, when minimal */
static size_t
length_bytes(uint64_t length)
{
	return length < 126 ? 0 : length <= 0xffff ? 2 : 8;
}

int
ws_read_head(const unsigned char *p, size_t n, struct ws_head *h)
{
	size_t len;

	if (n < 2 || n < (len = ws_head_len(p)))
		return 0;
	h->fin = (p[0] & 0x80) != 0;
	h->rsv = p[0] >> 4 & 7;
	h->opcode = p[0] & 0xf;
	h->masked = (p[1] & 0x80) != 0;
	h->length = ws_head_length(p);
	memset(h->mask, 0, 4);
	if (h->masked)
		memcpy(h->mask, p + len - 4, 4);
	/* minimal, and the top bit is 0: RFC 6455 5.2 */
	if (length_bytes(h->length) + (h->masked ? 6 : 2) != len)
		return -1;
	return h->length >> 63 != 0 ? -1 : (int)len;
}

size_t
ws_write_head(unsigned char *p, const struct ws_head *h)
{
	size_t k = length_bytes(h->length), n = 2 + k, i;

	p[0] = (unsigned char)((h->fin ? 0x80 : 0) | (h->rsv & 7) << 4 |
	    (h->opcode & 0xf));
	p[1] = (unsigned char)((h->masked ? 0x80 : 0) |
	    (k == 0 ? (int)h->length : k == 2 ? 126 : 127));
	for (i = 0; i < k; i++)
		p[2 + i] = (unsigned char)(h->length >> 8 * (k - 1 - i));
	if (h->masked) {
		memcpy(p + n, h->mask, 4);
		n += 4;
	}
	return n;
}

void
ws_mask(unsigned char *p, size_t n, const uint8_t mask[4], uint64_t at_byte)
{
	unsigned char turned[8];
	uint64_t m, v;
	size_t i;

	for (i = 0; i < 8; i++)
		turned[i] = mask[(at_byte + i) & 3];
	memcpy(&m, turned, 8);
	/* by memcpy: p may be anywhere, and the order of bytes is kept */
	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&v, p + i, 8);
		v ^= m;
		memcpy(p + i, &v, 8);
	}
	for (; i < n; i++)
		p[i] ^= turned[i & 7];
}

bool
ws_close_code_valid(unsigned code)
{
	/* RFC 6455 7.4.2; 1012 to 1014 were registered after it */
	return (code >= 1000 && code <= 1003) ||
	    (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/* bytes of text to send: at most max, no UTF-8 sequence cut in two */
static size_t
fit(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

size_t
ws_write_close(unsigned char *p, unsigned code, const char *text,
    const uint8_t *mask)
{
	struct ws_head h = {0};
	size_t len, n;

	len = code == WS_C_NONE ? 0 : 2 + fit(text, WS_CONTROL_MAX - 2);
	h.fin = true;
	h.opcode = WS_CLOSE;
	h.length = len;
	h.masked = mask != NULL;
	if (h.masked)
		memcpy(h.mask, mask, 4);
	n = ws_write_head(p, &h);
	if (len > 0) {
		p[n] = (unsigned char)(code >> 8);
		p[n + 1] = (unsigned char)code;
		memcpy(p + n + 2, text, len - 2);
	}
	if (h.masked)
		ws_mask(p + n, len, h.mask, 0);
	return n + len;
}
