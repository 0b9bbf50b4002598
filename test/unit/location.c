/* Tests location.c: paths on their way upstream, and Locations back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "location.h"
#include "oneroute.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int failed;

static void
fail(const char *input, const char *why, const char *got, size_t n)
{
	fprintf(stderr, "FAIL %s: %s: %.*s\n", why, input, (int)n, got);
	failed = 1;
}

/* a copy of exactly its size; the caller frees it */
static struct span
copy(const char *s)
{
	struct span c = {NULL, strlen(s)};
	char *p = malloc(c.n > 0 ? c.n : 1);

	if (p == NULL)
		exit(1);
	c.p = memcpy(p, s, c.n);
	return c;
}

/* the sets of keys */
#define NONE ""
#define STRIP "strip_prefix=/app\n"
#define ADD "add_prefix=/api/v1\n"
#define BOTH STRIP ADD
#define REWRITE "rewrite=/old /new\n"
#define ROOT "rewrite=/old /\n"
#define BELOW "rewrite=/ /new\n"
#define ALL REWRITE ADD

static const struct {
	const char *keys, *path, *want;
} paths[] = {
	{NONE, "/x", "/x"},
	{STRIP, "/app/x", "/x"},
	{STRIP, "/app", ""},
	{STRIP, "/apple", "/apple"},
	{ADD, "/x", "/api/v1/x"},
	{ADD, "/", "/api/v1/"},
	{ADD, "//x", "/api/v1//x"},
	{ADD, "*", "*"},
	{BOTH, "/app/x", "/api/v1/x"},
	{BOTH, "/app", "/api/v1"},
	{BOTH, "/app/", "/api/v1/"},
	{BOTH, "/x", "/api/v1/x"},
	{REWRITE, "/old/x", "/new/x"},
	{REWRITE, "/old", "/new"},
	{REWRITE, "/old/", "/new/"},
	{REWRITE, "/%6fld//x%2Fy", "/new//x%2Fy"},
	{REWRITE, "/older", "/older"},
	{REWRITE, "/new/x", "/new/x"},
	{ROOT, "/old/x", "/x"},
	{ROOT, "/old", ""},
	{BELOW, "/x", "/new/x"},
	{BELOW, "/", "/new/"},
	{ALL, "/old/x", "/api/v1/new/x"},
	{ALL, "/x", "/api/v1/x"},
};

static void
test_paths(void)
{
	struct location_path p;
	char got[256];
	struct span path;
	struct conf *c;
	size_t i;

	for (i = 0; i < LEN(paths); i++) {
		c = conf_of(paths[i].keys);
		path = copy(paths[i].path);
		location_change(&p, c->routes, path);
		snprintf(got, sizeof got, "%s%s%.*s", p.add, p.to,
		    (int)(path.n - p.strip), path.p + p.strip);
		if (strcmp(got, paths[i].want) != 0)
			fail(paths[i].path, paths[i].keys, got, strlen(got));
		free((void *)path.p);
		conf_free(c);
	}
}

#define UP "http://10.0.0.5:9000"

static const struct {
	const char *keys, *value, *want;
} locations[] = {
	/* its own name is left out, whatever becomes of the path */
	{NONE, UP "/x?y#z", "/x?y#z"},
	{NONE, UP "/", "/"},
	{NONE, UP, "/"},
	{NONE, UP "?y", "/?y"},
	{NONE, "HTTP://10.0.0.5:9000/X", "/X"},
	{NONE, "https://10.0.0.5:9000/x", "https://10.0.0.5:9000/x"},
	{NONE, "http://10.0.0.5:9001/x", "http://10.0.0.5:9001/x"},
	{NONE, "http://10.0.0.5/x", "http://10.0.0.5/x"},
	{NONE, "http://10.0.0.50:9000/x", "http://10.0.0.50:9000/x"},
	{NONE, UP "@evil/x", UP "@evil/x"},
	{NONE, UP ".evil/x", UP ".evil/x"},
	{NONE, "/x", "/x"},
	{NONE, "x", "x"},
	{NONE, "", ""},
	{NONE, "?y", "?y"},
	{NONE, "//10.0.0.5:9000/x", "//10.0.0.5:9000/x"},
	{NONE, "ftp://10.0.0.5:9000/x", "ftp://10.0.0.5:9000/x"},
	/* the client's Host stays, with its scheme */
	{NONE, "http://a.example/x", "http://a.example/x"},
	{STRIP, "http://a.example/x", "http://a.example/app/x"},
	{STRIP, "http://A.Example:80/x", "http://A.Example:80/app/x"},
	{STRIP, "https://a.example/x", "https://a.example/app/x"},
	{STRIP, "https://a.example:443/x", "https://a.example:443/app/x"},
	{STRIP, "http://a.example:8080/x", "http://a.example:8080/x"},
	{STRIP, "http://b.example/x", "http://b.example/x"},
	{STRIP, "http://a.example", "http://a.example/app/"},
	/* what it was called in the request */
	{"host_header=b.example\n" STRIP, "http://b.example/x", "/app/x"},
	{"host_header=b.example\n" STRIP, "https://b.example/x", "/app/x"},
	{"host_header=upstream\n" STRIP, "http://up.example:9000/x", "/app/x"},
	{"host_header=upstream\n" STRIP, "http://localhost/x",
	 "http://localhost/x"},
	/* paths */
	{STRIP, "/x", "/app/x"},
	{STRIP, "/", "/app/"},
	{STRIP, "/?y", "/app/?y"},
	{STRIP, UP, "/app/"},
	{STRIP, UP "?y", "/app/?y"},
	{STRIP, "x", "x"},
	{STRIP, "//b.example/x", "//b.example/x"},
	{STRIP, "/\\b.example/x", "/\\b.example/x"},
	{ADD, "/api/v1/x", "/x"},
	{ADD, "/api/v1", "/"},
	{ADD, "/api/v1?y", "/?y"},
	{ADD, "/api/v10", "/api/v10"},
	{ADD, "/x", "/x"},
	{ADD, "/x?/api/v1/y", "/x?/api/v1/y"},
	{BOTH, "/api/v1/x", "/app/x"},
	{BOTH, "/api/v1", "/app"},
	{BOTH, "/x", "/x"},
	{REWRITE, "/new/x", "/old/x"},
	{REWRITE, "/new", "/old"},
	{REWRITE, "/news", "/news"},
	{REWRITE, "/old/x", "/old/x"},
	{ROOT, "/x", "/old/x"},
	{BELOW, "/new/x", "/x"},
	{BELOW, "/new", "/"},
	{ALL, "/api/v1/new/x", "/old/x"},
	{ALL, "/api/v1/x", "/api/v1/x"},
	/* no way to another host */
	{NONE, UP "//evil/x", "/.//evil/x"},
	{ADD, "/api/v1//evil/x", "/.//evil/x"},
	{ADD, "/api/v1/\\evil/x", "/./\\evil/x"},
	{BELOW, "/new//evil", "/.//evil"},
	{ADD, "http://a.example/api/v1//x", "http://a.example//x"},
	{STRIP, UP "//evil/x", "/app//evil/x"},
};

static void
try_location(const char *keys, const char *input, const char *want)
{
	struct conf *c = conf_of(keys);
	struct location l = {c->routes, UP, "up.example:9000", {"a.example", 9}};
	struct span value = copy(input);
	size_t size, n = strlen(want);
	struct text t;
	char *p;

	/* into memory of each size: too little is full, enough is not */
	for (size = 0; size <= n + 4; size++) {
		p = malloc(size + 1);
		if (p == NULL)
			exit(1);
		text_init(&t, p, size);
		location_put(&t, &l, value);
		if (size < n ? !t.full : t.full || t.n != n ||
		    memcmp(t.p, want, n) != 0)
			fail(input, keys, t.p, t.n);
		free(p);
	}
	free((void *)value.p);
	conf_free(c);
}

static void
test_unix(void)
{
	struct conf *c = conf_of("host_header=upstream\n" STRIP);
	struct location l = {c->routes, "unix:/run/x", "localhost", {"", 0}};
	struct span value = {"http://localhost/x", 18};
	char memory[64];
	struct text t;

	text_init(&t, memory, sizeof memory);
	location_put(&t, &l, value);
	if (t.n != 6 || memcmp(t.p, "/app/x", 6) != 0)
		fail("unix", "the name in the request", t.p, t.n);
	conf_free(c);
}

int
main(void)
{
	size_t i;

	test_paths();
	for (i = 0; i < LEN(locations); i++)
		try_location(locations[i].keys, locations[i].value,
		    locations[i].want);
	test_unix();
	return failed;
}
