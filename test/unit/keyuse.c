/* Tests keyuse.c. */
#include <stdlib.h>
#include <string.h>

#include "guard.h"

#include "keyuse.h"

static struct keyuse *
get(enum keyuse_kind kind, const char *name)
{
	return keyuse_get(kind, (struct span){name, strlen(name)});
}

static void
count(const struct keyuse *u, void *arg)
{
	unsigned *n = arg;

	(void)u;
	++*n;
}

static unsigned
there(void)
{
	unsigned n = 0;

	keyuse_each(count, &n);
	return n;
}

static void
test_names(void)
{
	char text[KEYUSE_NAME + 2];
	struct keyuse *a, *b, *many[5000];
	unsigned i;

	a = get(KEYUSE_KEY, "a");
	a->requests = 7;
	b = get(KEYUSE_KEY, "a");
	expect(a == b && a->refs == 2, "names", "one struct for a name");
	keyuse_drop(a);
	expect(b->requests == 7, "names", "stays while it is held");
	expect(get(KEYUSE_USER, "a") != b, "names", "a user is another");
	expect(get(KEYUSE_KEY, "A") != b, "names", "its case");
	expect(there() == 3, "names", "three of them");
	keyuse_drop(b);
	b = get(KEYUSE_KEY, "a");
	expect(b->requests == 0, "names", "gone and made anew");
	keyuse_drop(b);
	keyuse_drop(NULL);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	expect(get(KEYUSE_KEY, text) == NULL, "names", "too long");
	expect(get(KEYUSE_KEY, text + 1) != NULL, "names", "the longest");
	for (i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%u", i);
		many[i] = get(KEYUSE_KEY, text);
	}
	expect(there() == 5003, "names", "many");
	for (i = 0; i < 5000; i++)
		keyuse_drop(many[i]);
	expect(there() == 3, "names", "no more");
}

static void
test_books(void)
{
	static const struct keyuse_sums sums = {1, 20, 300, 4000, 50000};
	struct keyuse *u = get(KEYUSE_KEY, "b");

	keyuse_hold(u);
	keyuse_request_done(u, 5, 60);
	u->tunnels = 2;
	keyuse_hold(u);
	keyuse_tunnel_done(u, &sums);
	keyuse_hold(u);
	keyuse_tunnel_done(u, &sums);
	expect(u->refs == 1 && u->tunnels == 0 && u->requests == 1, "books",
	    "numbers");
	expect(u->sums.bytes_in == 7 && u->sums.bytes_out == 100 &&
	    u->sums.messages_in == 600 && u->sums.messages_out == 8000 &&
	    u->sums.ms == 100000, "books", "sums");
	keyuse_request_done(NULL, 1, 1);
	keyuse_tunnel_done(NULL, &sums);
	keyuse_drop(u);
}

static void
test_rate(void)
{
	static const struct keyuse_limits l = {0, 60, 60000}, none = {0},
	    odd = {0, 7, 1000};
	struct keyuse u;
	int64_t now;
	unsigned i, taken;

	memset(&u, 0, sizeof u);
	for (i = 0; i < 60; i++)
		expect(keyuse_take(&u, &l, 5000) == 0, "rate", "a full bucket");
	expect(keyuse_take(&u, &l, 5000) == 1000, "rate", "an empty one");
	expect(keyuse_take(&u, &l, 5500) == 500, "rate", "half a second on");
	expect(keyuse_take(&u, &l, 5999) == 1, "rate", "nearly");
	expect(keyuse_take(&u, &l, 6000) == 0, "rate", "one more");
	expect(keyuse_take(&u, &l, 6000) == 1000, "rate", "and no other");
	for (i = taken = 0; i < 600000; i++)
		taken += keyuse_take(&u, &l, 6000 + i) == 0;
	expect(taken == 599, "rate", "ten minutes of trying");
	for (i = 0, now = 10000000; i < 60; i++)
		expect(keyuse_take(&u, &l, now) == 0, "rate", "full again");
	expect(keyuse_take(&u, &none, now) == 0, "rate", "no limit");
	memset(&u, 0, sizeof u);
	for (i = 0; i < 7; i++)
		expect(keyuse_take(&u, &odd, 1) == 0, "rate", "seven a second");
	expect(keyuse_take(&u, &odd, 1) > 0, "rate", "and not eight");
}

int
main(void)
{
	test_names();
	test_books();
	test_rate();
	return failed;
}
