/*
 * Tests peer.c: addresses as text, buckets, and the census against a plain
 * array that is counted anew each time.
 */
#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

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

/* a xorshift, so that each run tests the same */
static uint64_t
pick(uint64_t below)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % below;
}

static struct peer
peer_of(const char *host, uint16_t port)
{
	struct peer p;
	struct addr a;

	memset(&a, 0, sizeof a);
	if (!addr_literal(host, port, &a))
		expect(false, host, "is no address");
	memset(&p, 0xaa, sizeof p);
	peer_from(&p, &a);
	return p;
}

/* text */

static const struct {
	const char *host;
	uint16_t port;
	uint8_t family;
	const char *why;
} texts[] = {
	{"192.0.2.7", 80, AF_INET, "ipv4"},
	{"0.0.0.0", 0, AF_INET, "zeros"},
	{"255.255.255.255", 65535, AF_INET, "ones"},
	{"::", 1, AF_INET6, "unspecified"},
	{"::1", 443, AF_INET6, "loopback"},
	{"2001:db8::1:0:0:7", 258, AF_INET6, "ipv6"},
	{"2001:db8:1111:2222:3333:4444:5555:6666", 9, AF_INET6, "long"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 9, AF_INET6,
	 "longest"},
};

static void
test_text(void)
{
	char *text = malloc(PEER_TEXT_MAX);
	struct peer p;
	struct addr a, b;
	size_t i;

	for (i = 0; i < LEN(texts); i++) {
		p = peer_of(texts[i].host, texts[i].port);
		expect(p.family == texts[i].family, "family", texts[i].why);
		expect(p.port == texts[i].port, "port", texts[i].why);
		expect(peer_text(&p, text) == text, "text", "returned");
		/* the same address, whatever way it is written */
		expect(addr_literal(text, texts[i].port, &a) &&
		    addr_literal(texts[i].host, texts[i].port, &b) &&
		    addr_equal(&a, &b), "text", texts[i].why);
	}
	expect(strcmp(peer_text(&(struct peer){{192, 0, 2, 7}, 0, AF_INET},
	    text), "192.0.2.7") == 0, "text", "literally");

	memset(&p, 0xaa, sizeof p);
	expect(addr_unix("/run/x", &a) == 0, "unix", "path");
	peer_from(&p, &a);
	expect(p.family == AF_UNIX && p.port == 0, "unix", "family");
	expect(strcmp(peer_text(&p, text), "unix:") == 0, "unix", "text");

	/* what accept() gives for a peer without a name */
	memset(&a, 0, sizeof a);
	memset(&p, 0xaa, sizeof p);
	peer_from(&p, &a);
	expect(p.family == AF_UNIX && p.port == 0, "unnamed", "family");
	expect(strcmp(peer_text(&p, text), "unix:") == 0, "unnamed", "text");
	free(text);
}

/* who is counted as one */

static const struct {
	const char *a, *b;
	bool same;
	const char *why;
} pairs[] = {
	{"192.0.2.7", "192.0.2.7", true, "ipv4"},
	{"192.0.2.7", "192.0.2.8", false, "last byte"},
	{"192.0.2.7", "193.0.2.7", false, "first byte"},
	{"192.0.2.7", "192.1.2.7", false, "second byte"},
	{"2001:db8::1", "2001:db8::1", true, "ipv6"},
	{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true, "64"},
	{"2001:db8::1", "2001:db8::8000:0:0:0", true, "bit 65"},
	{"2001:db8:0:1::", "2001:db8::", false, "bit 64"},
	{"2001:db8::1", "2001:db9::1", false, "bit 32"},
	{"2001:db8::1", "a001:db8::1", false, "bit 1"},
	{"1.2.3.4", "102:304::", false, "family"},
	{"0.0.0.0", "::", false, "zeros"},
};

static void
test_pairs(void)
{
	struct peer a, b;
	size_t i;

	for (i = 0; i < LEN(pairs); i++) {
		/* ports make no difference */
		a = peer_of(pairs[i].a, 1);
		b = peer_of(pairs[i].b, 2);
		expect(peer_counted(&a, 0) == 0, "fresh", pairs[i].why);
		expect(peer_count(&a, 0), "count", pairs[i].why);
		expect(peer_counted(&a, 0) == 1, "one", pairs[i].why);
		expect(peer_counted(&b, 0) == (pairs[i].same ? 1 : 0), "other",
		    pairs[i].why);
		expect(peer_count(&b, 0), "count", pairs[i].why);
		expect(peer_counted(&a, 0) == (pairs[i].same ? 2 : 1), "both",
		    pairs[i].why);
		peer_uncount(&a, 0);
		expect(peer_counted(&b, 0) == 1, "left", pairs[i].why);
		expect(peer_counted(&a, 0) == (pairs[i].same ? 1 : 0), "gone",
		    pairs[i].why);
		peer_uncount(&b, 0);
		expect(peer_counted(&a, 0) == 0 && peer_counted(&b, 0) == 0, "none",
		    pairs[i].why);
	}
}

/* the census against a plain array */

#define GROUPS 5000

/* what is counted apart */
static void
test_apart(void)
{
	struct peer a = peer_of("192.0.2.7", 1), b = peer_of("2001:db8::1", 1);
	uint32_t i;

	for (i = 0; i < 1000; i++)
		expect(peer_count(&a, i) && (i % 2 == 0 || peer_count(&a, i)) &&
		    peer_count(&b, i), "apart", "count");
	for (i = 0; i < 1000; i++)
		expect(peer_counted(&a, i) == 1 + i % 2 &&
		    peer_counted(&b, i) == 1, "apart", "counted");
	expect(peer_counted(&a, 1000) == 0, "apart", "another");
	expect(peer_counted(&a, UINT32_MAX) == 0, "apart", "the last");
	for (i = 0; i < 1000; i++) {
		peer_uncount(&a, i);
		peer_uncount(&b, i);
		expect(peer_counted(&a, i) == i % 2 &&
		    peer_counted(&b, i) == 0, "apart", "left");
		if (i % 2 == 1)
			peer_uncount(&a, i);
	}
}

/* buckets */

static const struct {
	unsigned a_second;
	struct { /* so many tries at that time, of which some are served */
		int64_t at;
		unsigned tries, served;
	} steps[6]; /* up to one of no tries */
	const char *why;
} flows[] = {
	{1, {{0, 3, 1}, {999, 2, 0}, {1000, 2, 1}, {1999, 1, 0},
	    {2000, 1, 1}}, "one a second"},
	{2, {{0, 3, 2}, {499, 1, 0}, {500, 2, 1}, {1000, 2, 1}},
	    "two a second"},
	{3, {{0, 9, 3}, {333, 1, 0}, {334, 2, 1}, {668, 2, 1}},
	    "thirds of a second"},
	{10, {{5, 20, 10}, {104, 1, 0}, {105, 2, 1}, {505, 9, 4},
	    {9000, 99, 10}}, "ten, and quiet"},
	{10, {{0, 4, 4}, {50, 6, 6}, {50, 1, 0}, {99, 1, 0}, {100, 2, 1}},
	    "in parts"},
	{7, {{0, 9, 7}, {1000, 9, 7}, {2000, 9, 7}}, "sevenths"},
	{10000, {{0, 10001, 10000}, {1, 11, 10}, {2, 11, 10}}, "the most"},
};

static void
test_flows(void)
{
	struct peer p = peer_of("192.0.2.7", 1);
	unsigned n, served;
	int64_t began = 0;
	size_t i, j;

	for (i = 0; i < LEN(flows); i++) {
		began += 1000000;
		for (j = 0; j < 6 && flows[i].steps[j].tries > 0; j++) {
			served = 0;
			for (n = 0; n < flows[i].steps[j].tries; n++)
				served += peer_take(&p, 0, flows[i].a_second,
				    began + flows[i].steps[j].at);
			expect(served == flows[i].steps[j].served, "bucket",
			    flows[i].why);
		}
	}
	/* a limit that a reload has lowered, and raised */
	began += 1000000;
	for (n = served = 0; n < 20; n++)
		served += peer_take(&p, 0, 10, began);
	expect(served == 10 && !peer_take(&p, 0, 2, began), "bucket", "lowered");
	expect(peer_take(&p, 0, 1000, began + 1), "bucket", "raised");
	/* for something else there is another one */
	expect(peer_take(&p, 1, 1, began), "bucket", "another");
	expect(!peer_take(&p, 1, 1, began), "bucket", "and it is empty");
	expect(peer_take(&p, 2, 1, began), "bucket", "a third");
	/* what is given back can be taken again */
	for (n = 0; n < 30; n++, peer_give(&p, 3, 8, 1))
		expect(peer_take(&p, 3, 8, began), "given back", "is there");
	for (n = served = 0; n < 30; n++)
		served += peer_take(&p, 3, 8, began);
	expect(served == 8, "given back", "as many as there were, no more");
	peer_give(&p, 3, 8, 2);
	for (n = served = 0; n < 5; n++)
		served += peer_take(&p, 3, 8, began);
	expect(served == 2, "given back", "two");
	/* what was taken though there was none has to flow in first */
	peer_give(&p, 3, 8, -8);
	expect(!peer_take(&p, 3, 8, began + 1000), "a debt", "of a second");
	expect(peer_take(&p, 3, 8, began + 1125), "a debt", "is paid");
}

/* each address by itself, and no memory for those that are gone */
static void
test_buckets(void)
{
	struct peer a, b;
	int64_t now = 100000000;
	size_t i, n;

	for (i = 0; i < LEN(pairs); i++, now += 1000) {
		a = peer_of(pairs[i].a, 1);
		b = peer_of(pairs[i].b, 2);
		expect(peer_take(&a, 0, 1, now), "bucket", pairs[i].why);
		expect(peer_take(&b, 0, 1, now) != pairs[i].same, "bucket",
		    pairs[i].why);
	}
	/* a hundred are all known, while others come and go */
	memset(&a, 0, sizeof a);
	a.family = AF_INET;
	for (n = 0; n < 50; n++, now += 1000) {
		for (i = 0; i < 200; i++) {
			a.ip[0] = (uint8_t)(i % 100);
			a.ip[1] = (uint8_t)(n % 3);
			expect(peer_take(&a, 0, 1, now) == (i < 100), "bucket",
			    "a hundred");
		}
	}
}

static struct {
	struct peer p; /* of an IPv6 group, its first 64 bits */
	unsigned count;
} groups[GROUPS];

static void
make_groups(void)
{
	struct peer *p;
	size_t i, j;

	for (i = 0; i < GROUPS; i++) {
		p = &groups[i].p;
		memset(p, 0, sizeof *p);
		/* the number makes them differ, the rest is noise; and half
		 * of the IPv6 ones have the bits of the IPv4 before them */
		p->family = i % 2 == 0 ? AF_INET : AF_INET6;
		p->ip[0] = (uint8_t)(i / 2 >> 8);
		p->ip[1] = (uint8_t)(i / 2);
		if (i % 4 == 1) {
			memcpy(p->ip, groups[i - 1].p.ip, 4);
			continue;
		}
		for (j = 2; j < (i % 2 == 0 ? 4 : 8); j++)
			p->ip[j] = (uint8_t)pick(256);
	}
}

/* somebody of the group */
static struct peer
member(size_t i)
{
	struct peer p = groups[i].p;
	size_t j;

	p.port = (uint16_t)pick(65536);
	for (j = 8; j < 16 && p.family == AF_INET6; j++)
		p.ip[j] = (uint8_t)pick(256);
	return p;
}

static void
come(size_t i)
{
	struct peer p = member(i);

	expect(peer_count(&p, 0), "census", "memory");
	groups[i].count++;
}

static void
go(size_t i)
{
	struct peer p = member(i);

	peer_uncount(&p, 0);
	groups[i].count--;
}

static void
compare(const char *why)
{
	struct peer p;
	size_t i, wrong = 0;

	for (i = 0; i < GROUPS; i++) {
		p = member(i);
		if (peer_counted(&p, 0) != groups[i].count)
			wrong++;
	}
	expect(wrong == 0, "census", why);
}

static void
test_random(void)
{
	size_t i, n;

	for (n = 0; n < 200000; n++) {
		/* a tide, so that the table is both full and nearly empty */
		i = (size_t)pick(n / 20000 % 2 == 0 ? GROUPS : GROUPS / 50);
		if (groups[i].count > 0 && pick(100) < (n / 10000 % 2 == 0 ?
		    10u : 90u))
			go(i);
		else if (groups[i].count == 0 || n / 10000 % 2 == 0)
			come(i);
		if (n % 5000 == 0)
			compare("random");
	}
	for (i = 0; i < GROUPS; i++)
		while (groups[i].count > 0)
			go(i);
	compare("random, all gone");
}

static void
test_order(unsigned times, int order, const char *why)
{
	size_t at[GROUPS], i, j, swap;
	unsigned n;

	for (i = 0; i < GROUPS; i++) {
		at[i] = order == 1 ? GROUPS - 1 - i : i;
		for (n = 0; n < times; n++)
			come(i);
	}
	for (i = GROUPS - 1; i > 0 && order == 2; i--) {
		j = (size_t)pick(i + 1);
		swap = at[i];
		at[i] = at[j];
		at[j] = swap;
	}
	compare(why);
	for (i = 0; i < GROUPS; i++) {
		for (n = 0; n < times; n++)
			go(at[i]);
		if (i % 250 == 0 || i > GROUPS - 20)
			compare(why);
	}
}

/* few that share a small table leave in all orders, with all neighbours */
static void
test_few(void)
{
	size_t i, j, round;

	for (round = 0; round < 20000; round++) {
		i = (size_t)pick(40);
		if (groups[i].count > 0)
			go(i);
		else
			come(i);
		for (j = 0; j < 40; j++) {
			struct peer p = member(j);

			if (peer_counted(&p, 0) != groups[j].count) {
				expect(false, "census", "few");
				return;
			}
		}
	}
	for (i = 0; i < 40; i++)
		while (groups[i].count > 0)
			go(i);
}

/* those who have left take no memory: each comes twice and goes */
static void
test_memory(void)
{
	struct rusage before, after;
	struct peer p = {{0}, 0, AF_INET6};
	uint64_t noise;
	size_t n;

	getrusage(RUSAGE_SELF, &before);
	for (n = 0; n < 2000000; n++) {
		noise = pick(UINT64_MAX);
		memcpy(p.ip, &noise, sizeof noise);
		if (!peer_count(&p, 0) || !peer_count(&p, 0)) {
			expect(false, "memory", "none left");
			return;
		}
		peer_uncount(&p, 0);
		peer_uncount(&p, 0);
	}
	getrusage(RUSAGE_SELF, &after);
	/* kilobytes, or less where it is counted otherwise */
	expect(after.ru_maxrss - before.ru_maxrss < 16384, "memory",
	    "they left, it stays");
}

int
main(void)
{
	struct peer p = peer_of("192.0.2.7", 1);

	expect(peer_counted(&p, 0) == 0, "census", "before any");
	test_text();
	test_pairs();
	test_apart();
	test_flows();
	test_buckets();
	make_groups();
	test_few();
	test_memory();
	test_random();
	test_order(1, 0, "first in, first out");
	test_order(2, 1, "last in, first out");
	test_order(3, 2, "any order");
	return failed;
}
