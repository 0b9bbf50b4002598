/* Tests htpasswd.c by files of users; those for crypt(3) where it is. */
#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#include "guard.h"

#include "htpasswd.h"

static char path[] = "/tmp/weir-users-XXXXXX";

static struct htpasswd *
load(const char *text, char *err, size_t size)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
	return htpasswd_load(path, err, size);
}

static struct peer from = {.family = AF_UNIX};

static enum reason
check(struct htpasswd *h, const char *user, const char *password, int64_t now)
{
	const struct asker by = {&from, now};
	struct keyuse *use;
	enum reason why;

	why = htpasswd_check(h, (struct span){user, strlen(user)},
	    (struct span){password, strlen(password)}, &by, &use);
	expect((use != NULL) == (why == R_DONE), user, "and its name");
	expect(use == NULL || strcmp(use->name, user) == 0, user, "its own");
	return why;
}

/* of "hunter2", and of "" */
#define HUNTER2 "{SHA256}9S+9MrKzuG/4jvbEkGKChfSCrxXdyylUH5S89Saj9sc="
#define EMPTY "{SHA256}47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static const struct {
	const char *text, *err;
} bad[] = {
{"alice", ":1: not"},
{"\n:" HUNTER2, ":2: not"},
{"alice:", ":1: not a hash"},
{"alice:hunter2", ":1: not a hash"},
{"alice:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=", ":1: not a hash"},
{"alice:{sha256}47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", ":1: not a"},
{"alice:{SHA256}", ":1: {SHA256} is not"},
{"alice:{SHA256}47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", ":1: {SHA256}"},
{"alice:{SHA256}47DEQpj8HBSa", ":1: {SHA256} is not"},
{"alice:" HUNTER2 " ", ":1: {SHA256} is not"},
{"alice:" HUNTER2 "\nbob:" EMPTY "\nalice:" EMPTY, ":3: the name is given"},
#if HTPASSWD_CRYPT
{"alice:$9$what", ":1: crypt(3) does not know"},
{"alice:$2b$13$abcdefghijklmnopqrstuu", ":1: takes too long"},
{"alice:$2b$", ":1: takes too long"},
{"alice:$5$rounds=100001$salt$x", ":1: takes too long"},
#else
{"alice:$2b$04$abcdefghijklmnopqrstuu", ":1: this weir cannot use bcrypt"},
#endif
};

static void
test_bad(void)
{
	struct htpasswd *h;
	char err[300];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		h = load(bad[i].text, err, sizeof err);
		expect(h == NULL, bad[i].text, "is refused");
		expect(h != NULL || strncmp(err + strlen(path), bad[i].err,
		    strlen(bad[i].err)) == 0, bad[i].err, err);
		expect(h != NULL || strstr(err, "47DEQ") == NULL, "a hash",
		    err);
		htpasswd_drop(h);
	}
	expect(htpasswd_load("/nonexistent/users", err, sizeof err) == NULL,
	    "no file", "is refused");
}

static void
test_sha256(void)
{
	struct htpasswd *h, *again;
	const struct asker by = {&from, 0};
	struct keyuse *use;
	char err[300];
	int i;

	h = load("# users\n\nalice:" HUNTER2 "\r\nbob smith:" EMPTY "\n", err,
	    sizeof err);
	if (h == NULL) {
		fail("users", err);
		return;
	}
	again = htpasswd_hold(h);
	htpasswd_drop(again);
	for (i = 0; i < 50; i++) {
		expect(check(h, "alice", "hunter2", 0) == R_DONE, "alice",
		    "right");
		expect(check(h, "alice", "hunter3", 0) == R_WRONG_PASSWORD,
		    "alice", "wrong");
	}
	expect(check(h, "bob smith", "", 0) == R_DONE, "bob", "empty");
	expect(check(h, "bob smith", "hunter2", 0) == R_WRONG_PASSWORD, "bob",
	    "somebody else's");
	expect(check(h, "Alice", "hunter2", 0) == R_WRONG_PASSWORD, "Alice",
	    "its case");
	expect(check(h, "", "", 0) == R_WRONG_PASSWORD, "nobody", "empty");
	expect(check(h, "carol", "", 0) == R_WRONG_PASSWORD, "carol",
	    "unknown");
	expect(htpasswd_check(h, (struct span){"bob smith", 9},
	    (struct span){"\0x", 2}, &by, &use) == R_WRONG_PASSWORD, "bob",
	    "a NUL in it");
	expect(htpasswd_name(h, "alice") != NULL &&
	    htpasswd_name(h, "carol") == NULL, "names", "who there is");
	htpasswd_drop(h);
}

#if HTPASSWD_CRYPT
/* what crypt(3) makes of it is what counts: no hash is written down here */
static void
test_crypt(void)
{
	char err[300], text[500];
	struct htpasswd *h;
	const char *hash;
	int i;

	hash = crypt("hunter2", "$2b$04$abcdefghijklmnopqrstuu");
	expect(hash != NULL && strlen(hash) == 60, "bcrypt", "is there");
	snprintf(text, sizeof text, "alice:%s\nbob:" HUNTER2 "\n", hash);
	h = load(text, err, sizeof err);
	if (h == NULL) {
		fail("bcrypt", err);
		return;
	}
	expect(check(h, "alice", "hunter2", 0) == R_DONE, "bcrypt", "right");
	for (i = 0; i < 100; i++)
		expect(check(h, "alice", "hunter2", 0) == R_DONE, "bcrypt",
		    "is remembered");
	for (i = 0; i < 7; i++)
		expect(check(h, i % 2 ? "alice" : "carol", "x", 0) ==
		    R_WRONG_PASSWORD, "bcrypt", "wrong");
	expect(check(h, "alice", "x", 0) == R_PASSWORD_RATE, "bcrypt",
	    "too many");
	expect(check(h, "carol", "hunter2", 0) == R_PASSWORD_RATE, "bcrypt",
	    "an unknown name is no different");
	expect(check(h, "alice", "hunter2", 0) == R_DONE, "bcrypt",
	    "what is remembered goes on");
	expect(check(h, "bob", "hunter2", 0) == R_DONE, "bcrypt",
	    "and what is quick");
	expect(check(h, "carol", "hunter2", 250) == R_WRONG_PASSWORD,
	    "bcrypt", "one more, later");
	/* others than a proxy on this machine are told apart, too */
	from.family = AF_INET;
	expect(check(h, "alice", "x", 10000) == R_WRONG_PASSWORD, "address",
	    "one a second");
	expect(check(h, "alice", "y", 10999) == R_PASSWORD_RATE, "address",
	    "not two");
	expect(check(h, "alice", "hunter2", 10999) == R_DONE, "address",
	    "what is remembered");
	from.ip[3] = 1;
	expect(check(h, "alice", "y", 10999) == R_WRONG_PASSWORD, "address",
	    "another");
	from.family = AF_UNIX;
	expect(check(h, "bob", "x", 250) == R_WRONG_PASSWORD, "bcrypt",
	    "bob has another hash");
	htpasswd_drop(h);
}
#endif

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0) {
		perror(path);
		return 1;
	}
	close(fd);
	test_bad();
	test_sha256();
#if HTPASSWD_CRYPT
	test_crypt();
#endif
	unlink(path);
	return failed;
}
