/*
 * Heads of the PROXY protocol: see proxyhead.h. Sections are those of "The PROXY
 * protocol, Versions 1 & 2" (HAProxy, proxy-protocol.txt).
 */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "proxyhead.h"
#include "cidr.h"

#define V2_HEAD 16
#define LOCAL 0
#define PROXY 1

static const char v1_begin[] = "PROXY ";
static const unsigned char v2_begin[12] = "\r\n\r\n\0\r\nQUIT\n";

/* ---- version 1: section 2.1 ---- */

/* takes a word and the one blank behind it off *s; false: there is none */
static bool
take_word(struct span *s, struct span *word)
{
	const char *end = memchr(s->p, ' ', s->n);

	*word = *s;
	if (end == NULL) {
		s->p += s->n;
		s->n = 0;
		return word->n > 0;
	}
	word->n = (size_t)(end - s->p);
	s->p = end + 1;
	s->n -= word->n + 1;
	/* a blank at the end stands in front of nothing */
	return word->n > 0 && s->n > 0;
}

/* decimal, without zeros in front */
static bool
parse_port(struct span s, uint16_t *port)
{
	unsigned v = 0;
	size_t i;

	if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = 10 * v + (unsigned)(s.p[i] - '0');
	}
	*port = (uint16_t)v;
	return v <= 65535;
}

static bool
parse_address(struct span s, bool v6, uint16_t port, struct peer *p)
{
	return (memchr(s.p, ':', s.n) != NULL) == v6 && cidr_address(s, port, p);
}

/* "UNKNOWN", and behind a blank whatever there is: it is to be ignored */
static bool
is_unknown(struct span s)
{
	static const char word[] = "UNKNOWN";
	const size_t n = sizeof word - 1;

	return s.n >= n && memcmp(s.p, word, n) == 0 &&
	    (s.n == n || s.p[n] == ' ');
}

/* what stands between "PROXY " and CRLF */
static bool
parse_line(struct span s, struct proxyhead *h)
{
	struct span word[5];
	uint16_t ports[2];
	bool v6;
	int i;

	h->local = is_unknown(s);
	if (h->local)
		return true;
	for (i = 0; i < 5; i++)
		if (!take_word(&s, &word[i]) || (i < 4) != (s.n > 0))
			return false;
	v6 = span_is_exact(word[0], "TCP6");
	return (v6 || span_is_exact(word[0], "TCP4")) &&
	    parse_port(word[3], &ports[0]) && parse_port(word[4], &ports[1]) &&
	    parse_address(word[1], v6, ports[0], &h->src) &&
	    parse_address(word[2], v6, ports[1], &h->dst);
}

static int
parse_v1(const char *p, size_t n, struct proxyhead *h)
{
	const size_t begin = sizeof v1_begin - 1;
	const char *cr;
	size_t line;

	if (n > PROXYHEAD_V1_MAX)
		n = PROXYHEAD_V1_MAX;
	if (memcmp(p, v1_begin, n < begin ? n : begin) != 0)
		return -1;
	cr = memchr(p, '\r', n);
	/* what follows is somebody else's, whatever it is */
	line = cr != NULL ? (size_t)(cr - p) : n;
	if (memchr(p, '\n', line) != NULL || memchr(p, '\0', line) != NULL)
		return -1;
	if (cr == NULL || line + 1 == n)
		return n < PROXYHEAD_V1_MAX ? 0 : -1;
	if (cr[1] != '\n' || line < begin || !parse_line(span_between(p + begin, cr), h))
		return -1;
	return (int)(cr + 2 - p);
}

/* ---- version 2: section 2.2 ---- */

static unsigned
two_bytes(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* whether the vectors behind the addresses are whole: 2.2.1 */
static bool
skip_vectors(const unsigned char *p, size_t n)
{
	size_t len;

	while (n > 0) {
		if (n < 3)
			return false;
		len = 3 + two_bytes(p + 1);
		if (len > n)
			return false;
		p += len;
		n -= len;
	}
	return true;
}

/* bytes of the addresses of a family, or -1 for one that no stream has */
static int
addresses_size(unsigned family)
{
	switch (family) {
	case 0x00:
		return 0;
	case 0x11:
		return 12;
	case 0x21:
		return 36;
	case 0x31:
		return 216;
	default:
		return -1;
	}
}

static void
take_addresses(const unsigned char *p, unsigned family, struct proxyhead *h)
{
	const size_t size = family == 0x11 ? 4 : 16;
	struct peer *end;
	size_t i;

	h->src.family = h->dst.family = AF_UNIX;
	if (family == 0x31)
		return;
	for (i = 0; i < 2; i++) {
		end = i == 0 ? &h->src : &h->dst;
		end->family = family == 0x11 ? AF_INET : AF_INET6;
		memcpy(end->ip, p + i * size, size);
		end->port = (uint16_t)two_bytes(p + 2 * (size + i));
		cidr_unmap(end);
	}
}

static int
parse_v2(const unsigned char *p, size_t n, struct proxyhead *h)
{
	size_t len;
	int size;

	if (memcmp(p, v2_begin, n < sizeof v2_begin ? n : sizeof v2_begin) != 0)
		return -1;
	if (n > 12 && p[12] != (2 << 4 | LOCAL) && p[12] != (2 << 4 | PROXY))
		return -1;
	if (n < V2_HEAD)
		return 0;
	len = two_bytes(p + 14);
	if (V2_HEAD + len > PROXYHEAD_MAX)
		return -1;
	h->local = (p[12] & 15) == LOCAL;
	size = h->local ? 0 : addresses_size(p[13]);
	if (size < 0 || (size_t)size > len)
		return -1;
	if (n < V2_HEAD + len)
		return 0;
	/* the block of LOCAL is to be ignored, as is that of no family */
	if (!h->local && p[13] != 0x00) {
		if (!skip_vectors(p + V2_HEAD + size, len - (size_t)size))
			return -1;
		take_addresses(p + V2_HEAD, p[13], h);
	}
	h->local = h->local || p[13] == 0x00;
	return (int)(V2_HEAD + len);
}

int
proxyhead_parse(const void *p, size_t n, struct proxyhead *h)
{
	memset(h, 0, sizeof *h);
	if (n == 0)
		return 0;
	return *(const unsigned char *)p == v2_begin[0] ? parse_v2(p, n, h) :
	    parse_v1(p, n, h);
}

/* ---- writing ---- */

/* the 16 bytes of an address in the form of IPv6: RFC 4291 2.5.5.2 */
static void
put_v6(unsigned char *out, const struct peer *p)
{
	if (p->family == AF_INET6) {
		memcpy(out, p->ip, 16);
		return;
	}
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, p->ip, 4);
}

static void
put_port(unsigned char *out, uint16_t port)
{
	out[0] = (unsigned char)(port >> 8);
	out[1] = (unsigned char)port;
}

static size_t
write_v2(unsigned char *out, const struct peer *src, const struct peer *dst)
{
	bool v6 = src->family == AF_INET6 || dst->family == AF_INET6;
	const size_t size = v6 ? 16 : 4;
	unsigned char *p = out + V2_HEAD;

	memcpy(out, v2_begin, sizeof v2_begin);
	out[12] = 2 << 4 | PROXY;
	out[13] = v6 ? 0x21 : 0x11;
	put_port(out + 14, (uint16_t)(2 * size + 4));
	if (v6) {
		put_v6(p, src);
		put_v6(p + size, dst);
	} else {
		memcpy(p, src->ip, size);
		memcpy(p + size, dst->ip, size);
	}
	put_port(p + 2 * size, src->port);
	put_port(p + 2 * size + 2, dst->port);
	return V2_HEAD + 2 * size + 4;
}

/* the address's text; where the other one is IPv6 it must be, too */
static void
v1_text(const struct peer *p, bool v6, char text[PEER_TEXT_MAX])
{
	if (!v6 || p->family == AF_INET6) {
		peer_text(p, text);
		return;
	}
	strcpy(text, "::ffff:");
	peer_text(p, text + strlen(text));
}

static size_t
write_v1(unsigned char *out, const struct peer *src, const struct peer *dst)
{
	bool v6 = src->family == AF_INET6 || dst->family == AF_INET6;
	char from[PEER_TEXT_MAX + 8], to[PEER_TEXT_MAX + 8];

	v1_text(src, v6, from);
	v1_text(dst, v6, to);
	return (size_t)snprintf((char *)out, PROXYHEAD_OWN_MAX,
	    "PROXY TCP%c %s %s %u %u\r\n", v6 ? '6' : '4', from, to,
	    (unsigned)src->port, (unsigned)dst->port);
}

static bool
has_address(const struct peer *p)
{
	return p != NULL && (p->family == AF_INET || p->family == AF_INET6);
}

size_t
proxyhead_write(unsigned char out[PROXYHEAD_OWN_MAX], unsigned version,
    const struct peer *src, const struct peer *dst)
{
	static const char unknown[] = "PROXY UNKNOWN\r\n";
	struct peer none = { .family = AF_INET };

	if (has_address(src) && !has_address(dst)) {
		/* what it was accepted at has no address, or is not known */
		none.family = src->family;
		dst = &none;
	}
	if (has_address(src))
		return version == 1 ? write_v1(out, src, dst) :
		    write_v2(out, src, dst);
	if (version == 1) {
		memcpy(out, unknown, sizeof unknown - 1);
		return sizeof unknown - 1;
	}
	memcpy(out, v2_begin, sizeof v2_begin);
	out[12] = 2 << 4 | LOCAL;
	memset(out + 13, 0, 3);
	return V2_HEAD;
}
