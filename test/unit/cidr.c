/* Tests cidr.c: texts of networks, what they hold, and in which order. */
#include <stdio.h>
#include <string.h>

#include "cidr.h"
#include "guard.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct peer
peer_of(const char *text)
{
	struct span s = { text, strlen(text) };
	struct peer p;

	memset(&p, 0, sizeof p);
	if (strcmp(text, "unix") == 0)
		p.family = AF_UNIX;
	else if (!cidr_address(s, 0, &p))
		fail(text, "is no address");
	return p;
}

/* texts: how they are shown, or what is wrong with them */

#define NOT "not an address, a network, unix or all"
#define BITS "bits are set behind the prefix of "

static const struct {
	const char *text, *shown, *wrong;
} texts[] = {
	{"192.0.2.1", "192.0.2.1", NULL},
	{"192.0.2.1/32", "192.0.2.1", NULL},
	{"192.0.2.0/24", "192.0.2.0/24", NULL},
	{"0.0.0.0/0", "0.0.0.0/0", NULL},
	{"128.0.0.0/1", "128.0.0.0/1", NULL},
	{"255.255.255.254/31", "255.255.255.254/31", NULL},
	{"2001:DB8::/32", "2001:db8::/32", NULL},
	{"2001:db8:0:0:0:0:0:1", "2001:db8::1", NULL},
	{"::/0", "::/0", NULL},
	{"8000::/1", "8000::/1", NULL},
	{"fe80::/10", "fe80::/10", NULL},
	{"::1/128", "::1", NULL},
	{"::ffff:10.0.0.0/104", "10.0.0.0/8", NULL},
	{"::ffff:10.1.2.3", "10.1.2.3", NULL},
	{"::ffff:0.0.0.0/96", "0.0.0.0/0", NULL},
	{"unix", "unix", NULL},
	{"all", "all", NULL},
	{"10.0.0.0/8,192.168.0.0/16", "10.0.0.0/8, 192.168.0.0/16", NULL},
	{" 10.0.0.0/8 ,\tunix , ::1", "10.0.0.0/8, unix, ::1", NULL},
	{"10.0.0.1/8", NULL, BITS "10.0.0.0/8"},
	{"192.0.2.1/31", NULL, BITS "192.0.2.0/31"},
	{"192.0.2.1/0", NULL, BITS "0.0.0.0/0"},
	{"2001:db8::1/64", NULL, BITS "2001:db8::/64"},
	{"2001:db8:8000::/32", NULL, BITS "2001:db8::/32"},
	{"::ffff:10.1.0.0/104", NULL, BITS "10.0.0.0/8"},
	{"::ffff:10.0.0.0/80", NULL, BITS "::/80"},
	{"", NULL, "needs a value"},
	{" , ", NULL, "needs a value"},
	{"example.com", NULL, NOT},
	{"192.0.2", NULL, NOT},
	{"192.0.2.256", NULL, NOT},
	{"192.0.2.01", NULL, NOT},
	{"0xc0000201", NULL, NOT},
	{"192.0.2.1:80", NULL, NOT},
	{"[::1]", NULL, NOT},
	{"fe80::1%eth0", NULL, NOT},
	{"192.0.2.1 192.0.2.2", NULL, NOT},
	{"Unix", NULL, NOT},
	{"unix/0", NULL, NOT},
	{"/8", NULL, NOT},
	{"192.0.2.0/33", NULL, "the prefix of an IPv4 network is 0 to 32"},
	{"192.0.2.0/", NULL, "the prefix of an IPv4 network is 0 to 32"},
	{"192.0.2.0/08", NULL, "the prefix of an IPv4 network is 0 to 32"},
	{"192.0.2.0/-1", NULL, "the prefix of an IPv4 network is 0 to 32"},
	{"192.0.2.0/+8", NULL, "the prefix of an IPv4 network is 0 to 32"},
	{"192.0.2.0/8 ", NULL, BITS "192.0.0.0/8"},
	{"192.0.2.0/8/8", NULL, "the prefix of an IPv4 network is 0 to 32"},
	{"192.0.2.0/4294967304", NULL,
	 "the prefix of an IPv4 network is 0 to 32"},
	{"192.0.2.0/255.255.255.0", NULL,
	 "the prefix of an IPv4 network is 0 to 32"},
	{"::/129", NULL, "the prefix of an IPv6 network is 0 to 128"},
	{"10.0.0.0/8, x", NULL, NOT},
	{"1111111111111111111111111111111111111111111111111111111111111111",
	 NULL, NOT},
};

static void
test_texts(void)
{
	struct arena *a = NULL;
	const char *wrong, *shown;
	struct cidr *list;
	size_t i;

	for (i = 0; i < LEN(texts); i++) {
		list = NULL;
		wrong = cidr_add(&a, texts[i].text, true, &list, &shown);
		if (texts[i].wrong != NULL)
			expect(wrong != NULL &&
			    strcmp(wrong, texts[i].wrong) == 0,
			    texts[i].text, wrong != NULL ? wrong : "is taken");
		else
			expect(wrong == NULL &&
			    strcmp(shown, texts[i].shown) == 0,
			    texts[i].text, wrong != NULL ? wrong : shown);
	}
	arena_free(a);
}

/* whether a network holds an address */

static const struct {
	const char *net, *address;
	bool holds;
} members[] = {
	{"192.0.2.0/24", "192.0.2.0", true},
	{"192.0.2.0/24", "192.0.2.255", true},
	{"192.0.2.0/24", "192.0.3.0", false},
	{"192.0.2.0/24", "192.0.1.255", false},
	{"192.0.2.7", "192.0.2.7", true},
	{"192.0.2.7", "192.0.2.6", false},
	{"192.0.2.6/31", "192.0.2.7", true},
	{"192.0.2.6/31", "192.0.2.8", false},
	{"128.0.0.0/1", "255.0.0.0", true},
	{"128.0.0.0/1", "127.0.0.0", false},
	{"172.16.0.0/12", "172.31.255.255", true},
	{"172.16.0.0/12", "172.32.0.0", false},
	{"0.0.0.0/0", "1.2.3.4", true},
	{"0.0.0.0/0", "::1", false},
	{"0.0.0.0/0", "unix", false},
	{"::/0", "1.2.3.4", false},
	{"::/0", "2001:db8::1", true},
	{"2001:db8::/33", "2001:db8:7fff::", true},
	{"2001:db8::/33", "2001:db8:8000::", false},
	{"2001:db8::1", "2001:db8::1", true},
	{"2001:db8::1", "2001:db8::2", false},
	{"10.0.0.0/8", "::ffff:10.1.2.3", true},
	{"::ffff:10.0.0.0/104", "10.1.2.3", true},
	{"10.0.0.0/8", "a00::", false},
	{"a00::/8", "10.0.0.0", false},
	{"unix", "unix", true},
	{"unix", "0.0.0.0", false},
	{"all", "unix", true},
	{"all", "1.2.3.4", true},
	{"all", "::1", true},
	{"10.0.0.0/8, 192.168.0.0/16", "192.168.7.7", true},
	{"10.0.0.0/8, 192.168.0.0/16", "192.169.7.7", false},
};

static void
test_members(void)
{
	struct arena *a = NULL;
	const char *shown;
	struct cidr *list;
	struct peer p;
	size_t i;

	for (i = 0; i < LEN(members); i++) {
		list = NULL;
		p = peer_of(members[i].address);
		expect(cidr_add(&a, members[i].net, true, &list, &shown) ==
		    NULL && cidr_holds(list, &p) == members[i].holds,
		    members[i].net, members[i].address);
	}
	p = peer_of("1.2.3.4");
	expect(!cidr_holds(NULL, &p), "holds", "no list");
	arena_free(a);
}

/* rules in their order: "+" allows, "-" denies */

static const struct {
	const char *rules[4], *address;
	bool allowed;
	const char *why;
} orders[] = {
	{{NULL}, "1.2.3.4", true, "none"},
	{{"-10.0.0.0/8"}, "10.0.0.1", false, "denied"},
	{{"-10.0.0.0/8"}, "11.0.0.1", true, "only denied ones are kept out"},
	{{"+10.0.0.0/8"}, "10.0.0.1", true, "allowed"},
	{{"+10.0.0.0/8"}, "11.0.0.1", false, "only allowed ones come in"},
	{{"+10.0.0.0/8"}, "unix", false, "a unix socket is no exception"},
	{{"+10.0.0.1", "-10.0.0.0/8"}, "10.0.0.1", true, "the first, allow"},
	{{"+10.0.0.1", "-10.0.0.0/8"}, "10.0.0.2", false, "the second"},
	{{"+10.0.0.1", "-10.0.0.0/8"}, "11.0.0.1", false,
	 "one allow is enough for a no"},
	{{"-10.0.0.1", "+10.0.0.0/8"}, "10.0.0.1", false, "the first, deny"},
	{{"-10.0.0.1", "+10.0.0.0/8"}, "10.0.0.2", true, "the second, allow"},
	{{"-10.0.0.1", "+all"}, "::1", true, "allow all the others"},
	{{"+10.0.0.0/8", "-all"}, "::1", false, "deny all the others"},
};

static void
test_orders(void)
{
	struct arena *a = NULL;
	const char *shown, *rule;
	struct cidr *list;
	struct peer p;
	size_t i, j;

	for (i = 0; i < LEN(orders); i++) {
		list = NULL;
		for (j = 0; (rule = orders[i].rules[j]) != NULL; j++)
			expect(cidr_add(&a, rule + 1, *rule == '+', &list,
			    &shown) == NULL, rule, orders[i].why);
		p = peer_of(orders[i].address);
		expect(cidr_allows(list, &p) == orders[i].allowed,
		    orders[i].address, orders[i].why);
	}
	arena_free(a);
}

/* addresses */

static const struct {
	const char *text, *shown; /* NULL: it is none */
} addresses[] = {
	{"192.0.2.1", "192.0.2.1"},
	{"2001:DB8::1", "2001:db8::1"},
	{"::ffff:192.0.2.1", "192.0.2.1"},
	{"::FFFF:c000:0201", "192.0.2.1"},
	{"::192.0.2.1", "::192.0.2.1"},
	{"::fffe:c000:201", "::fffe:c000:201"},
	{"", NULL}, {"192.0.2.1 ", NULL}, {" 192.0.2.1", NULL},
	{"192.0.2.1/32", NULL}, {"192.0.2.1:80", NULL}, {"[::1]", NULL},
	{"unix", NULL}, {"all", NULL}, {"1", NULL}, {"1.2.3", NULL},
	{"fe80::1%1", NULL}, {"unknown", NULL}, {"_hidden", NULL},
	{"0000:0000:0000:0000:0000:0000:0000:00000", NULL},
	{":::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::",
	 NULL},
};

static void
test_addresses(void)
{
	char text[PEER_TEXT_MAX], *end = guard(), *at;
	struct peer p;
	struct span s;
	size_t i;
	bool ok;

	for (i = 0; i < LEN(addresses); i++) {
		s.n = strlen(addresses[i].text);
		s.p = at = end - s.n;
		memcpy(at, addresses[i].text, s.n);
		ok = cidr_address(s, 7, &p);
		expect(ok == (addresses[i].shown != NULL), addresses[i].text,
		    "address");
		if (ok && addresses[i].shown != NULL)
			expect(strcmp(peer_text(&p, text),
			    addresses[i].shown) == 0 && p.port == 7,
			    addresses[i].text, text);
	}
	s = (struct span){"1.2.3.4\0", 8};
	expect(!cidr_address(s, 0, &p), "nul", "is no address");
}

int
main(void)
{
	test_texts();
	test_members();
	test_orders();
	test_addresses();
	printf("%zu texts, %zu members, %zu orders, %zu addresses\n",
	    LEN(texts), LEN(members), LEN(orders), LEN(addresses));
	return failed;
}
