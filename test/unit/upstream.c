/* Tests upstream.c: when an upstream is left out, how long, and who ends it. */
#include <string.h>
#include <unistd.h>

#include "guard.h"
#include "upstream.h"

#define AFTER 3
#define WAIT 1000
#define MOST 300000

static struct upstream *
fresh(void)
{
	static struct upstream up;
	static char text[] = "http://10.0.0.1:80";

	memset(&up, 0, sizeof up);
	up.text = text;
	return &up;
}

static void
fails(struct upstream *up, unsigned n, int64_t now)
{
	while (n-- > 0)
		upstream_failed(up, R_CONNECT_REFUSED, AFTER, WAIT, now);
}

/* left out from now on for ms, a fifth more or less */
static void
left_out(const struct upstream *up, int64_t now, int64_t ms, const char *why)
{
	expect(up->out_until >= now + ms * 4 / 5 &&
	    up->out_until <= now + ms * 6 / 5, "left out", why);
}

static void
test_count(void)
{
	struct upstream *up = fresh();

	fails(up, AFTER - 1, 10);
	expect(up->out_until == 0, "count", "not yet");
	upstream_worked(up, 11);
	fails(up, AFTER - 1, 12);
	expect(up->out_until == 0, "count", "not in a row");
	fails(up, 1, 13);
	left_out(up, 13, WAIT, "the third in a row");
	up = fresh();
	upstream_failed(up, R_CONNECT_REFUSED, 1, WAIT, 5);
	left_out(up, 5, WAIT, "the first");
	up = fresh();
	while (up->fails < 100)
		upstream_failed(up, R_CONNECT_REFUSED, 0, WAIT, 5);
	expect(up->out_until == 0, "count", "0 is never");
}

static void
test_wait(void)
{
	struct upstream *up = fresh();
	int64_t now = 1000, want = WAIT, until;
	int i;

	fails(up, AFTER, now);
	until = up->out_until;
	fails(up, 5, now + 1);
	expect(up->out_until == until, "wait",
	    "requests that were under way change nothing");
	for (i = 0; i < 12; i++) {
		left_out(up, now, want, "each time twice as long");
		now = up->out_until;
		upstream_try(up, now);
		expect(up->out_until > now, "wait", "one try at a time");
		left_out(up, now, want, "as long if nothing comes of it");
		fails(up, 1, now);
		want = want < MOST / 2 ? 2 * want : MOST;
	}
	expect(want == MOST, "wait", "the most");
	upstream_worked(up, now);
	expect(up->out_until == 0 && up->up_since == now, "wait", "back");
	fails(up, AFTER - 1, now);
	expect(up->out_until == 0, "wait", "counted anew");
	fails(up, 1, now);
	left_out(up, now, WAIT, "as short as at first");
}

static void
test_long_wait(void)
{
	struct upstream *up = fresh();

	upstream_failed(up, R_CONNECT_REFUSED, 1, 2 * MOST, 0);
	left_out(up, 0, 2 * MOST, "longer than the most");
	upstream_try(up, 0);
	upstream_failed(up, R_CONNECT_REFUSED, 1, 2 * MOST, 0);
	left_out(up, 0, 2 * MOST, "and no longer");
}

static void
test_try(void)
{
	struct upstream *up = fresh();

	upstream_try(up, 10);
	expect(up->out_until == 0 && !up->tried, "try", "not left out");
	upstream_worked(up, 10);
	expect(up->up_since == 0, "worked", "it never was away");
}

static void
test_judge(void)
{
	struct upstream *up = fresh();

	fails(up, AFTER, 10);
	upstream_judge(up, true, R_HEALTH_STATUS, 500, 20);
	expect(up->down, "judge", "down");
	upstream_judge(up, false, R_DONE, 0, 30);
	expect(!up->down && up->out_until == 0 && up->fails == 0 &&
	    up->up_since == 30, "judge", "up, and all forgotten");
	fails(up, AFTER, 40);
	upstream_judge(up, false, R_DONE, 0, 50);
	left_out(up, 40, WAIT, "the same verdict changes nothing");
}

static void
answer(struct upstream *up, const char *first, const char *second, int64_t now)
{
	struct resolve_answer a;

	memset(&a, 0, sizeof a);
	a.tag = up->id;
	addr_literal(first, 80, &a.addrs[a.n++]);
	if (second != NULL)
		addr_literal(second, 80, &a.addrs[a.n++]);
	upstream_answer(&a, now);
}

static void
give(struct upstream *up)
{
	int fd[2];

	if (pipe(fd) < 0)
		exit(1);
	close(fd[1]);
	expect(upstream_give(up, conn_open(fd[0], CONN_UPSTREAM, NULL), 9, 1000,
	    0), "moved", "an idle connection");
}

static void
test_moved(void)
{
	struct conf_endpoint e = {.text = "http://a.example:80",
	    .host = "a.example", .authority = "a.example", .port = 80};
	struct upstream *up;

	conn_init(4);
	up = upstream_ref(&e, "", NULL);
	answer(up, "10.0.0.1", NULL, 1);
	give(up);
	answer(up, "10.0.0.2", "10.0.0.1", 2);
	answer(up, "10.0.0.1", "10.0.0.2", 3);
	expect(up->n_idle == 1 && up->moved_at == 0, "moved",
	    "another order, one more");
	answer(up, "10.0.0.2", NULL, 4);
	expect(up->n_idle == 0 && up->moved_at == 4, "moved", "one is gone");
	expect(up->n_addrs == 1, "moved", "the one that is left");
	upstream_unref(up);
}

static void
test_reload(void)
{
	struct conf_endpoint e = {.text = "http://b.example:80",
	    .host = "b.example", .authority = "b.example", .port = 80};
	struct upstream *up = upstream_ref(&e, "", NULL);

	upstream_ask(10, 0);
	expect(upstream_at > 10, "reload", "asked, or again later");
	up->asked = false;
	up->ask_at = INT64_MAX;
	expect(upstream_ref(&e, "", NULL) == up && upstream_at <= 10,
	    "reload", "its name is due at once");
	upstream_ask(20, 0);
	expect(up->ask_at > 20, "reload", "it was asked");
	upstream_unref(up);
	upstream_unref(up);
}

int
main(void)
{
	test_count();
	test_wait();
	test_long_wait();
	test_try();
	test_judge();
	test_moved();
	test_reload();
	return failed;
}
