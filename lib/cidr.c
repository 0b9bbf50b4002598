/* Lists of networks: see cidr.h. */
#include <sys/socket.h>
#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "cidr.h"

#define TEXT_SIZE 64 /* of a network */
#define MAPPED 96 /* bits in front of an IPv4 address: RFC 4291 2.5.5.2 */

static const char no_memory[] = "out of memory";

bool
cidr_unmap(struct peer *p)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (p->family != AF_INET6 || memcmp(p->ip, prefix, 12) != 0)
		return false;
	memmove(p->ip, p->ip + 12, 4);
	memset(p->ip + 4, 0, 12);
	p->family = AF_INET;
	return true;
}

static bool
parse_ip(const char *s, struct peer *p)
{
	memset(p, 0, sizeof *p);
	p->family = strchr(s, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(p->family, s, p->ip) == 1;
}

bool
cidr_address(struct span s, uint16_t port, struct peer *p)
{
	char text[TEXT_SIZE];

	if (s.n >= sizeof text || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (!parse_ip(text, p))
		return false;
	p->port = port;
	cidr_unmap(p);
	return true;
}

/* a prefix's length; -1: it is none */
static int
parse_bits(const char *s, int max)
{
	size_t n = strspn(s, "0123456789");
	int bits = atoi(s);

	if (n == 0 || n > 3 || s[n] != '\0' || (*s == '0' && n > 1) ||
	    bits > max)
		return -1;
	return bits;
}

/* takes the bits behind the prefix away; true if some were set */
static bool
clear_host(struct cidr *c)
{
	bool was = false;
	uint8_t keep;
	unsigned i;

	for (i = 0; i < 16; i++) {
		keep = (uint8_t)(i < c->bits / 8 ? 0xff :
		    i > c->bits / 8 ? 0 : 0xff00 >> c->bits % 8);
		was = was || (c->net.ip[i] & ~keep) != 0;
		c->net.ip[i] &= keep;
	}
	return was;
}

static void
show(const struct cidr *c, char text[TEXT_SIZE])
{
	unsigned full = c->net.family == AF_INET ? 32 : 128;
	struct text t;

	if (c->net.family == AF_UNSPEC || c->net.family == AF_UNIX) {
		strcpy(text, c->net.family == AF_UNIX ? "unix" : "all");
		return;
	}
	peer_text(&c->net, text);
	text_init(&t, text, TEXT_SIZE - 1);
	t.n = strlen(text);
	if (c->bits < full) {
		text_mem(&t, "/", 1);
		text_uint(&t, c->bits);
	}
	text[t.n] = '\0';
}

static const char *
parse_net(struct arena **a, char *s, struct cidr *c)
{
	char *slash = strchr(s, '/'), text[TEXT_SIZE];
	const char *wrong;
	int bits, max;

	c->net.family = strcmp(s, "unix") == 0 ? AF_UNIX : AF_UNSPEC;
	if (c->net.family == AF_UNIX || strcmp(s, "all") == 0)
		return NULL;
	if (slash != NULL)
		*slash = '\0';
	if (!parse_ip(s, &c->net))
		return "not an address, a network, unix or all";
	max = c->net.family == AF_INET ? 32 : 128;
	bits = slash != NULL ? parse_bits(slash + 1, max) : max;
	if (bits < 0)
		return max == 32 ? "the prefix of an IPv4 network is 0 to 32" :
		    "the prefix of an IPv6 network is 0 to 128";
	if (bits >= MAPPED && cidr_unmap(&c->net))
		bits -= MAPPED;
	c->bits = (uint8_t)bits;
	if (!clear_host(c))
		return NULL;
	show(c, text);
	wrong = arena_printf(a, "bits are set behind the prefix of %s", text);
	return wrong != NULL ? wrong : no_memory;
}

const char *
cidr_add(struct arena **a, const char *value, bool allow, struct cidr **list,
    const char **shown)
{
	struct span rest = { value, strlen(value) }, item;
	char text[TEXT_SIZE];
	const char *wrong;
	struct cidr *c;

	*shown = NULL;
	while (*list != NULL)
		list = &(*list)->next;
	while (span_next(&rest, &item)) {
		if (item.n >= sizeof text)
			return "not an address, a network, unix or all";
		memcpy(text, item.p, item.n);
		text[item.n] = '\0';
		c = arena_take(a, sizeof *c);
		wrong = c == NULL ? no_memory : parse_net(a, text, c);
		if (wrong != NULL)
			return wrong;
		c->allow = allow;
		show(c, text);
		*shown = arena_printf(a, "%s%s%s", *shown != NULL ? *shown : "",
		    *shown != NULL ? ", " : "", text);
		if (*shown == NULL)
			return no_memory;
		*list = c;
		list = &c->next;
	}
	return *shown != NULL ? NULL : "needs a value";
}

static bool
holds(const struct cidr *c, const struct peer *p)
{
	unsigned whole = c->bits / 8, rest = c->bits % 8;

	if (c->net.family != p->family)
		return c->net.family == AF_UNSPEC;
	if (memcmp(c->net.ip, p->ip, whole) != 0)
		return false;
	return rest == 0 ||
	    (c->net.ip[whole] ^ p->ip[whole]) >> (8 - rest) == 0;
}

static const struct cidr *
find(const struct cidr *c, const struct peer *p)
{
	while (RARE(c != NULL) && !holds(c, p))
		c = c->next;
	return c;
}

bool
cidr_holds(const struct cidr *list, const struct peer *p)
{
	return find(list, p) != NULL;
}

bool
cidr_allows(const struct cidr *list, const struct peer *p)
{
	const struct cidr *c = find(list, p);

	if (c != NULL)
		return c->allow;
	for (c = list; c != NULL; c = c->next)
		if (c->allow)
			return false;
	return true;
}
