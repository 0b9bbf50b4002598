/*
 * Tests balance.c: shares, order of preference, agreement of hashes, and what
 * of a request is hashed. The upstreams are structs that are never connected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "guard.h"

#define MAX 8
#define KEYS 1000

static const struct balance_set none;
static struct conf_route route;
static struct target targets[MAX];
static struct upstream ups[MAX];
static struct conf_endpoint ends[MAX];
static char texts[MAX][64];

/* n upstreams that are up, in the order of the digits; weights may be NULL */
static void
setup(enum conf_balance_by by, unsigned n, const char *order,
    const unsigned *weights)
{
	unsigned i;

	memset(&route, 0, sizeof route);
	memset(targets, 0, sizeof targets);
	memset(ups, 0, sizeof ups);
	memset(ends, 0, sizeof ends);
	route.balance.by = by;
	route.n_upstreams = n;
	route.targets = targets;
	for (i = 0; i < n; i++) {
		snprintf(texts[i], sizeof texts[i], "http://10.0.0.%c:80",
		    order[i]);
		ends[i].text = texts[i];
		ends[i].weight = weights != NULL ? weights[i] : 1;
		ups[i].n_addrs = 1;
		targets[i].up = &ups[i];
		targets[i].e = &ends[i];
		targets[i].seed = balance_hash(texts[i], strlen(texts[i]));
	}
}

static int
choose(uint64_t key, const struct balance_set *tried, int64_t now)
{
	enum reason why = R_COUNT;

	return balance_choose(&route, key, tried, now, &why);
}

static enum reason
why_none(void)
{
	enum reason why = R_COUNT;

	expect(balance_choose(&route, 0, &none, 0, &why) == -1, "choose",
	    "none is of use");
	return why;
}

/* the count is within 2 percent of all of the share */
static void
near(unsigned count, unsigned all, unsigned part, unsigned parts,
    const char *why)
{
	double want = (double)all * part / parts;

	if (count < want - all * 0.02 || count > want + all * 0.02) {
		fprintf(stderr, "%u of %u, not %.0f\n", count, all, want);
		fail("share", why);
	}
}

static void
test_turns(void)
{
	static const unsigned weights[] = {5, 1, 2};
	/* as nginx gives them: never five in a row */
	static const int want[] = {0, 2, 0, 0, 1, 0, 2, 0};
	unsigned i, counts[3] = {0};

	setup(BALANCE_ROUND_ROBIN, 3, "123", NULL);
	for (i = 0; i < 9; i++)
		expect(choose(0, &none, 0) == (int)i % 3, "turns", "equal");
	setup(BALANCE_ROUND_ROBIN, 3, "123", weights);
	for (i = 0; i < 16; i++)
		expect(choose(0, &none, 0) == want[i % 8], "turns", "smooth");
	for (i = 0; i < 10000; i++)
		counts[choose(0, &none, 0)]++;
	for (i = 0; i < 3; i++)
		near(counts[i], 10000, weights[i], 8, "round_robin");
}

static void
test_least(void)
{
	static const unsigned weights[] = {1, 3};
	unsigned i, counts[2] = {0};

	setup(BALANCE_LEAST, 3, "123", NULL);
	ups[0].open = 2;
	ups[1].open = 1;
	ups[2].open = 3;
	expect(choose(0, &none, 0) == 1, "least", "fewest");
	ups[1].open = 2;
	expect(choose(0, &none, 0) != choose(0, &none, 0), "least",
	    "ties in turn");
	ups[0].open = ups[1].open = 9;
	expect(choose(0, &none, 0) == 2, "least", "not the last ones");
	setup(BALANCE_LEAST, 2, "12", weights);
	ups[0].open = 1;
	ups[1].open = 2;
	expect(choose(0, &none, 0) == 1, "least", "2/3 is less than 1/1");
	ups[1].open = 4;
	expect(choose(0, &none, 0) == 0, "least", "1/1 is less than 4/3");
	ups[0].open = ups[1].open = 0;
	for (i = 0; i < 10000; i++)
		counts[choose(0, &none, 0)]++;
	near(counts[1], 10000, 3, 4, "ties by weight");
	for (i = 0; i < 400; i++)
		ups[choose(0, &none, 0)].open++;
	near(ups[1].open, 400, 3, 4, "work by weight");
}

/* where each key goes, by the last digit of the address */
static void
places(char *to)
{
	unsigned i;
	char key[32];

	for (i = 0; i < KEYS; i++) {
		snprintf(key, sizeof key, "key-%u", i);
		to[i] = texts[choose(balance_hash(key, strlen(key)), &none,
		    0)][strlen("http://10.0.0.")];
	}
}

static void
test_hash(void)
{
	static const unsigned weights[] = {1, 2, 1, 4, 2};
	char one[KEYS], two[KEYS];
	unsigned i, counts[10] = {0};

	setup(BALANCE_URI, 5, "12345", NULL);
	places(one);
	setup(BALANCE_URI, 5, "53142", NULL);
	places(two);
	expect(memcmp(one, two, KEYS) == 0, "hash", "whatever the order");
	for (i = 0; i < KEYS; i++)
		counts[one[i] - '0']++;
	for (i = 1; i <= 5; i++)
		near(counts[i], KEYS, 1, 5, "hash");
	/* one that dies moves its own alone */
	ups[0].down = true;
	places(two);
	for (i = 0; i < KEYS; i++)
		expect(one[i] == '5' ? two[i] != '5' : two[i] == one[i],
		    "hash", "one is down");
	/* one more takes from all, and moves none between the others */
	setup(BALANCE_URI, 6, "123456", NULL);
	places(two);
	for (i = 0; i < KEYS; i++)
		expect(two[i] == '6' || two[i] == one[i], "hash", "one more");
	memset(counts, 0, sizeof counts);
	setup(BALANCE_URI, 5, "12345", weights);
	for (i = 0; i < 20000; i++)
		counts[choose(balance_hash(&i, sizeof i), &none, 0)]++;
	for (i = 0; i < 5; i++)
		near(counts[i], 20000, weights[i], 10, "hash by weight");
}

/* these are a contract: weirs of other versions and machines agree */
static void
test_hash_values(void)
{
	static const char want[] = "4552214153";
	char got[KEYS];

	expect(balance_hash("", 0) == UINT64_C(0xcbf29ce484222325), "FNV-1a",
	    "nothing");
	expect(balance_hash("foobar", 6) == UINT64_C(0x85944171f73967e8),
	    "FNV-1a", "foobar");
	setup(BALANCE_URI, 5, "12345", NULL);
	places(got);
	if (memcmp(got, want, strlen(want)) != 0) {
		fprintf(stderr, "%.10s\n", got);
		fail("hash", "other places than in the versions before");
	}
}

static void
test_hash_next(void)
{
	struct balance_set tried = none;
	int i, place;

	setup(BALANCE_URI, 5, "12345", NULL);
	for (i = 0; i < 5; i++) {
		place = choose(7, &tried, 0);
		/* the same as if those that were tried were down */
		expect(place == choose(7, &none, 0), "hash", "next best");
		balance_add(&tried, place);
		ups[place].down = true;
	}
	expect(choose(7, &tried, 0) == -1, "hash", "all tried");
}

static void
test_classes(void)
{
	struct balance_set tried = none;

	setup(BALANCE_ROUND_ROBIN, 3, "123", NULL);
	ends[2].backup = true;
	expect(choose(0, &none, 10) != 2 && choose(0, &none, 10) != 2,
	    "backup", "not while others live");
	ups[0].out_until = 20;
	expect(choose(0, &none, 10) == 1, "out", "the other one");
	ups[1].down = true;
	expect(choose(0, &none, 10) == 2, "backup", "all others are out");
	ups[2].out_until = 15;
	expect(choose(0, &none, 10) == 2, "out", "the soonest of all");
	balance_add(&tried, 2);
	expect(choose(0, &tried, 10) == 0, "out", "then the next");
	balance_add(&tried, 0);
	expect(choose(0, &tried, 10) == -1, "down", "is never tried");
	expect(choose(0, &none, 20) == 0, "out", "its time is over");
	ups[0].out_until = ups[2].out_until = 0;
	ends[0].max = 2;
	ups[0].open = 2;
	expect(choose(0, &none, 10) == 2, "max_connections", "full");
	ups[0].open = 1;
	expect(choose(0, &none, 10) == 0, "max_connections", "room");
}

static void
test_none(void)
{
	setup(BALANCE_LEAST, 2, "12", NULL);
	ups[0].down = ups[1].down = true;
	expect(why_none() == R_NO_UPSTREAM, "none", "all down");
	ups[1].down = false;
	ups[1].n_addrs = 0;
	expect(why_none() == R_UNRESOLVED, "none", "no address");
	ups[1].asked = true;
	expect(why_none() == R_DONE, "none", "being looked up");
	ups[0].down = false;
	ends[0].max = ups[0].open = 1;
	ups[1].asked = false;
	expect(why_none() == R_TOO_MANY, "none", "full");
}

static void
test_slow_start(void)
{
	unsigned i, count, before = 0;
	int64_t now;

	setup(BALANCE_ROUND_ROBIN, 2, "12", NULL);
	route.slow_start_ms = 10000;
	ups[0].up_since = 1000;
	for (now = 1000; now <= 11000; now += 1000) {
		for (count = i = 0; i < 1000; i++)
			count += choose(0, &none, now) == 0;
		expect(count >= before, "slow_start", "monotone");
		before = count;
		if (now == 1000)
			expect(count <= 2, "slow_start", "begins at nothing");
		if (now == 6000)
			near(count, 1000, 1, 3, "half of its weight");
	}
	near(before, 1000, 1, 2, "all of its weight");
	setup(BALANCE_LEAST, 2, "12", NULL);
	route.slow_start_ms = 10000;
	ups[0].up_since = 1000;
	for (i = 0; i < 300; i++)
		ups[choose(0, &none, 6000)].open++;
	near(ups[0].open, 300, 1, 3, "least: half of its weight");
}

/* what is hashed of a request from 192.0.2.1; NULL: the address */
static const struct row {
	enum conf_balance_by by;
	const char *name, *want, *why;
} rows[] = {
	{BALANCE_ADDRESS, "", NULL, "address"},
	{BALANCE_HEADER, "x-user", "ann", "header, in any case"},
	{BALANCE_HEADER, "X-Empty", NULL, "an empty header"},
	{BALANCE_HEADER, "X-None", NULL, "no such header"},
	{BALANCE_HEADER, "Host", "a.example", "a header with an id"},
	{BALANCE_COOKIE, "sid", "1=2", "cookie"},
	{BALANCE_COOKIE, "b", "3", "the last of a line"},
	{BALANCE_COOKIE, "c", "4", "of another line"},
	{BALANCE_COOKIE, "SID", "5", "cookies' case counts"},
	{BALANCE_COOKIE, "id", NULL, "not the end of a name"},
	{BALANCE_COOKIE, "e", NULL, "an empty cookie"},
	{BALANCE_QUERY, "room", "7", "argument"},
	{BALANCE_QUERY, "k", "v", "the last one"},
	{BALANCE_QUERY, "oom", NULL, "not the end of an argument's name"},
	{BALANCE_QUERY, "empty", NULL, "an empty argument"},
	{BALANCE_QUERY, "none", NULL, "no such argument"},
};

static void
test_keys(void)
{
	static const char text[] = "GET /p?empty=&room=7&bare&k=v HTTP/1.1\r\n"
	    "Host: a.example\r\nX-User: ann\r\nX-Empty:\r\n"
	    "Cookie: e=; xsid=9; sid=1=2;b=3\r\n"
	    "Cookie: SID=5; c=4\r\n\r\n";
	struct http_limits lim = {4096, 4096, 32};
	struct http_field fields[32];
	struct http_request q;
	struct conf_balance b;
	struct peer from;
	struct addr a;
	const char *want;
	size_t i;

	q.h.fields = fields;
	expect(http_parse_request(text, sizeof text - 1, &lim, &q) > 0, "key",
	    "parse");
	addr_literal("192.0.2.1", 1, &a);
	peer_from(&from, &a);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		b.by = rows[i].by;
		b.name = rows[i].name;
		want = rows[i].want != NULL ? rows[i].want : "192.0.2.1";
		expect(balance_key(&b, &q, &from) ==
		    balance_hash(want, strlen(want)), "key", rows[i].why);
	}
	b.by = BALANCE_ROUND_ROBIN;
	expect(balance_key(&b, &q, &from) == 0, "key", "not needed");
}

static uint64_t
uri_key(const char *line)
{
	struct http_limits lim = {4096, 4096, 32};
	struct conf_balance b = {NULL, NULL, BALANCE_URI};
	struct http_field fields[32];
	struct http_request q;
	char text[256];
	int n;

	q.h.fields = fields;
	n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
	    line);
	expect(http_parse_request(text, (size_t)n, &lim, &q) > 0, "uri", line);
	return balance_key(&b, &q, NULL);
}

static void
test_uri(void)
{
	expect(uri_key("/a?b") == uri_key("http://a/a?b"), "uri",
	    "absolute form is the same");
	expect(uri_key("/a?b") != uri_key("/a?c"), "uri", "query counts");
	expect(uri_key("/a?b") != uri_key("/b?b"), "uri", "path counts");
	expect(uri_key("/a") != uri_key("/a?"), "uri", "an empty query counts");
}

int
main(void)
{
	test_turns();
	test_least();
	test_hash();
	test_hash_values();
	test_hash_next();
	test_classes();
	test_none();
	test_slow_start();
	test_keys();
	test_uri();
	return failed;
}
