/* Tests room.c. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "room.h"

#define MANY 1000

static int failed;

static void
expect(bool ok, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL %s\n", why);
	failed = 1;
}

static void
fill(unsigned char *p, size_t n, int i)
{
	memset(p, i & 255, n);
	memcpy(p, &i, sizeof i);
}

/* whether it is as it was filled */
static bool
intact(const unsigned char *p, size_t n, int i)
{
	int is;

	memcpy(&is, p, sizeof is);
	return is == i && p[sizeof is] == (i & 255) &&
	    p[n - 1] == (i & 255);
}

static void
test_size(size_t size)
{
	static unsigned char *p[MANY];
	static int64_t now = 5000;
	struct room r = ROOM(size);
	size_t most, one;
	int i, j;

	room_put(&r, NULL);
	expect(r.held == 0, "takes nothing at first");
	p[0] = room_get(&r);
	one = r.held;
	room_put(&r, p[0]);
	expect(room_get(&r) == p[0], "the last that came back goes first");
	room_put(&r, p[0]);
	for (j = 0; j < 3; j++) {
		for (i = 0; i < MANY; i++) {
			p[i] = room_get(&r);
			expect(p[i] != NULL && (uintptr_t)p[i] %
			    sizeof(int64_t) == 0, "is aligned");
			fill(p[i], size, i);
		}
		most = r.held;
		expect(most >= MANY * size &&
		    most < MANY * size + MANY * size / 8 + one,
		    "little is lost");
		/* in another order each time */
		for (i = 0; i < MANY; i += 2) {
			expect(intact(p[i], size, i), "are apart");
			room_put(&r, p[i]);
		}
		for (i = 0; i < MANY; i += 2) {
			p[i] = room_get(&r);
			fill(p[i], size, i);
		}
		expect(r.held == most, "places are used again");
		for (i = 0; i < MANY; i++) {
			expect(intact(p[i], size, i), "are still apart");
			if (i >= 4)
				room_put(&r, p[i]);
		}
		expect(room_trim_at <= now, "a trim is due");
		room_trim(now);
		expect(room_trim_at == now + 1000, "and then the next");
		room_trim(now + 999);
		expect(r.held == most, "they are kept for a while");
		room_put(&r, room_get(&r));
		room_trim(now += 1000);
		expect(r.held <= 5 * one, "and go back");
		for (i = 0; i < 4; i++) {
			expect(intact(p[i], size, i), "but those in use");
			room_put(&r, p[i]);
		}
		room_trim(now += 1000);
		room_trim(now += 1000);
		room_trim(now += 1000);
		expect(r.held == one && room_trim_at == INT64_MAX,
		    "all but one chunk at last");
	}
}

int
main(void)
{
	test_size(100);
	test_size(4128);
	test_size(20000);
	return failed;
}
