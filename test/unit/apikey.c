/* Tests apikey.c by files of keys. */
#include <string.h>
#include <unistd.h>

#include "guard.h"

#include "apikey.h"

static char path[] = "/tmp/weir-keys-XXXXXX";

static void
write_file(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static struct apikeys *
load(const char *text, char *err, size_t size)
{
	write_file(text, strlen(text));
	return apikeys_load(path, err, size);
}

static const struct apikey *
find(const struct apikeys *k, const char *key)
{
	return apikeys_find(k, (struct span){key, strlen(key)});
}

/* the hash is that of "hunter2" */
#define HUNTER2 "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7"

static const struct {
	const char *text, *key, *name;
	unsigned max_tunnels, requests;
	int64_t period_ms;
} good[] = {
{"a = 0123456789abcdef\n", "0123456789abcdef", "a", 0, 0, 0},
{"a=k", "k", "a", 0, 0, 0},
{"\n# a comment = x\n \t# more\n\ta\t=\tk \r\n\r\n", "k", "a", 0, 0, 0},
{"a = sha256:" HUNTER2, "hunter2", "a", 0, 0, 0},
{"a = sha256:F52FBD32B2B3B86FF88EF6C490628285F482AF15DDCB29541F94BCF526A3F6C7",
    "hunter2", "a", 0, 0, 0},
{"a = SHA256:" HUNTER2, "hunter2", "a", 0, 0, 0},
{"a = k=", "k=", "a", 0, 0, 0},
{"a = a=b=c", "a=b=c", "a", 0, 0, 0},
{"a = #k", "#k", "a", 0, 0, 0},
{"Zz.9_-@x = k", "k", "Zz.9_-@x", 0, 0, 0},
{"a = k max_tunnels=5", "k", "a", 5, 0, 0},
{"a = k requests=60/m", "k", "a", 0, 60, 60000},
{"a = k requests=1/s\tmax_tunnels=1000000 ", "k", "a", 1000000, 1, 1000},
{"a = k  max_tunnels=1 requests=9/h", "k", "a", 1, 9, 3600000},
{"a = one\nb = two\na = three\n", "three", "a", 0, 0, 0},
};

static const struct {
	const char *text, *err;
} bad[] = {
{"a", ":1: not \"name = key\""},
{"\n\na SECRET", ":3: not \"name = key\""},
{" = SECRET", ":1: the name"},
{"a b = SECRET", ":1: the name"},
{"a/b = SECRET", ":1: the name"},
{"\xc3\xa4 = SECRET", ":1: the name"},
{"01234567890123456789012345678901234567890123456789012345678901234 = SECRET",
    ":1: the name"},
{"a =", ":1: there is no key"},
{"a =  \t", ":1: there is no key"},
{"a = SECRET\x01", ":1: the key holds"},
{"a = SECRET\xc3\xa4", ":1: the key holds"},
{"a = sha256:", ":1: not sha256:"},
{"a = sha256:SECRET", ":1: not sha256:"},
{"a = sha256:" HUNTER2 "0", ":1: not sha256:"},
{"a = sha256:g52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7",
    ":1: not sha256:"},
{"a = SECRET more", ":1: behind the key"},
{"a = SECRET # more", ":1: behind the key"},
{"a = SECRET max_tunnels", ":1: behind the key"},
{"a = SECRET max_tunnels=", ":1: max_tunnels is not"},
{"a = SECRET max_tunnels=0", ":1: max_tunnels is not"},
{"a = SECRET max_tunnels=1000001", ":1: max_tunnels is not"},
{"a = SECRET max_tunnels=99999999999999999999", ":1: max_tunnels is not"},
{"a = SECRET max_tunnels=-1", ":1: max_tunnels is not"},
{"a = SECRET max_tunnels=5x", ":1: max_tunnels is not"},
{"a = SECRET max_tunnels=5 max_tunnels=5", ":1: max_tunnels is given twice"},
{"a = SECRET requests=5", ":1: requests is not"},
{"a = SECRET requests=5/", ":1: requests is not"},
{"a = SECRET requests=5/d", ":1: requests is not"},
{"a = SECRET requests=5/mm", ":1: requests is not"},
{"a = SECRET requests=/m", ":1: requests is not"},
{"a = SECRET requests=0/m", ":1: requests is not"},
{"a = SECRET requests=5/m requests=5/m", ":1: requests is given twice"},
{"a = SECRET\nb = x\nc = SECRET\n", ":3: the same key as in line 1"},
{"a = hunter2\nb = sha256:" HUNTER2, ":2: the same key as in line 1"},
};

static void
test_limits_and_find(void)
{
	static const struct keyuse nobody;
	const struct apikey *a;
	struct apikeys *k;
	char err[300];
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		k = load(good[i].text, err, sizeof err);
		if (k == NULL) {
			fail(good[i].text, err);
			continue;
		}
		a = find(k, good[i].key);
		expect(a != NULL && strcmp(a->use->name, good[i].name) == 0 &&
		    a->limits.max_tunnels == good[i].max_tunnels &&
		    a->limits.requests == good[i].requests &&
		    a->limits.period_ms == good[i].period_ms, good[i].text,
		    "is found with its limits");
		expect(find(k, "") == NULL && find(k, "x") == NULL &&
		    find(k, HUNTER2) == NULL &&
		    find(k, "sha256:" HUNTER2) == NULL, good[i].text,
		    "no other is");
		expect(apikeys_has(k, a->use), good[i].text,
		    "has its name");
		expect(!apikeys_has(k, &nobody), good[i].text,
		    "has no other");
		apikeys_drop(k);
	}
}

static void
test_bad(void)
{
	struct apikeys *k;
	char err[300];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		k = load(bad[i].text, err, sizeof err);
		expect(k == NULL, bad[i].text, "is refused");
		expect(k != NULL || (strncmp(err, path, strlen(path)) == 0 &&
		    strncmp(err + strlen(path), bad[i].err,
		    strlen(bad[i].err)) == 0), bad[i].err, err);
		expect(k != NULL || (strstr(err, "SECRET") == NULL &&
		    strstr(err, "f52fbd") == NULL), "a secret", err);
		apikeys_drop(k);
	}
	write_file("a = k\n\0b = l\n", 13);
	k = apikeys_load(path, err, sizeof err);
	expect(k == NULL, "NUL", "is refused");
	k = apikeys_load("/nonexistent/keys", err, sizeof err);
	expect(k == NULL, "no file", "is refused");
	k = apikeys_load("/dev/zero", err, sizeof err);
	expect(k == NULL, "no regular file", "is refused");
}

/* as many as there may be in use: all are found, and none beside them */
static void
test_many(void)
{
	static char text[400000];
	const struct apikey *a;
	struct apikeys *k;
	char err[300], key[32];
	struct text t;
	unsigned i;

	text_init(&t, text, sizeof text - 1);
	for (i = 0; i < 10000; i++) {
		snprintf(key, sizeof key, "name%u = key-%u\n", i, i * 7);
		text_str(&t, key);
	}
	text[t.n] = '\0';
	k = load(text, err, sizeof err);
	if (k == NULL) {
		fail("many", err);
		return;
	}
	expect(k->n == 10000 && k->weak == 1, "many", "all of them");
	for (i = 0; i < 70000; i++) {
		snprintf(key, sizeof key, "key-%u", i);
		a = find(k, key);
		expect((a != NULL) == (i % 7 == 0), key, "is found or not");
		snprintf(key, sizeof key, "name%u", i / 7);
		expect(a == NULL || strcmp(a->use->name, key) == 0, key,
		    "has its name");
	}
	apikeys_drop(k);
}

int
main(void)
{
	struct apikeys *k;
	char err[300];
	int fd;

	fd = mkstemp(path);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	close(fd);
	test_limits_and_find();
	test_bad();
	test_many();
	k = load("# nobody\n", err, sizeof err);
	expect(k != NULL && k->n == 0 && find(k, "") == NULL && k->weak == 0,
	    "empty", "lets nobody in");
	apikeys_drop(k);
	k = load("a = 0123456789abcdef\nb = 0123456789abcde\nc = x\n", err,
	    sizeof err);
	expect(k != NULL && k->weak == 2, "weak", "the first is told");
	apikeys_drop(k);
	unlink(path);
	return failed;
}
