/*
 * Users and passwords. An unknown name takes as long as a known one: its
 * password is tried against somebody else's. Right passwords that crypt() has
 * found are kept by their tag (tlssign.h), so that only what is new or wrong
 * holds up the others.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "htpasswd.h"
#include "base64.h"
#include "slurp.h"
#include "tlssign.h"

#define FILE_MAX 1048576
#define PASSWORD_MAX 512
#define KNOWN 256 /* right passwords that are remembered */
/* how often crypt() may be called, and how costly it may be: 2^12 rounds of
 * bcrypt take a quarter of a second */
#define TRIES 8
#define TRIES_PERIOD_MS 2000
#define TRIES_ADDRESS 1 /* a second, by one address */
#define COST_MAX 12

struct user {
	struct keyuse *use;
	unsigned char hash[SIGN_HASH];
	char *crypted; /* instead of hash, or NULL */
};

struct htpasswd {
	unsigned refs;
	size_t n;
	struct user *at;
	const struct user *slow; /* one with crypted, or NULL */
	struct keyuse tries; /* of crypt() */
	unsigned char known[KNOWN][SIGN_HASH];
};

/* ---- reading ---- */

static const char *
read_sha256(struct user *u, const char *text)
{
	struct span s = {text, strlen(text)};
	size_t n;

	return base64_decode(s, u->hash, sizeof u->hash, &n) &&
	    n == sizeof u->hash ? NULL :
	    "{SHA256} is not followed by a SHA-256 hash in base64";
}

#if HTPASSWD_CRYPT
/* whether trying a password takes too long; the forms are those of crypt(5) */
static bool
too_costly(const char *text)
{
	const char *rounds = strstr(text, "$rounds=");

	if (text[1] == '2')
		return strlen(text) < 7 || atoi(text + 4) > COST_MAX;
	return rounds != NULL && strtol(rounds + 8, NULL, 10) > 100000;
}

static const char *
read_crypted(struct htpasswd *h, struct user *u, const char *text)
{
	const char *got;

	if (too_costly(text))
		return "takes too long to try, which would hold up all others: "
		    "a cost of 12 for bcrypt, 100000 rounds for others";
	u->crypted = strdup(text);
	if (u->crypted == NULL)
		return "out of memory";
	/* whether that is known here: unknown ones give NULL or "*0" */
	got = crypt("x", text);
	if (got == NULL || strlen(got) != strlen(text))
		return "crypt(3) does not know that kind of hash";
	h->slow = u;
	return NULL;
}
#endif

/* "NAME:HASH" */
static const char *
read_line(struct htpasswd *h, struct user *u, char *line)
{
	static const char sha256[] = "{SHA256}";
	char *hash = strchr(line, ':');
	const char *wrong;

	if (hash == NULL || hash == line)
		return "not \"name:hash\"";
	*hash++ = '\0';
	if (htpasswd_name(h, line) != NULL)
		return "the name is given twice";
	if (strncmp(hash, sha256, sizeof sha256 - 1) == 0)
		wrong = read_sha256(u, hash + sizeof sha256 - 1);
#if HTPASSWD_CRYPT
	else if (hash[0] == '$')
		wrong = read_crypted(h, u, hash);
#else
	else if (hash[0] == '$')
		wrong = "this weir cannot use bcrypt and other hashes of "
		    "crypt(3), since the C library has none: use {SHA256}";
#endif
	else
		wrong = "not a hash that is known: {SHA256} or $2b$";
	if (wrong != NULL)
		return wrong;
	u->use = keyuse_get(KEYUSE_USER, (struct span){line, strlen(line)});
	return u->use != NULL ? NULL : "the name is too long";
}

static const char *
read_lines(struct htpasswd *h, char *text, unsigned *line)
{
	const char *wrong = NULL;
	char *p, *q = text;
	size_t lines = 1;

	for (; *q != '\0'; q++)
		lines += *q == '\n';
	/* all at once: h->slow points there */
	h->at = calloc(lines, sizeof *h->at);
	if (h->at == NULL)
		return "out of memory";
	for (*line = 1; (p = slurp_line(&text)) != NULL; (*line)++) {
		if (*p == '\0' || *p == '#')
			continue;
		wrong = read_line(h, &h->at[h->n], p);
		h->n += h->at[h->n].use != NULL || wrong != NULL;
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

struct htpasswd *
htpasswd_load(const char *file, char *err, size_t size)
{
	struct htpasswd *h = calloc(1, sizeof *h);
	const char *wrong = "out of memory";
	unsigned line = 0;
	char *text = NULL;
	size_t n;

	if (h != NULL) {
		h->refs = 1;
		text = slurp(file, FILE_MAX, &n, &wrong);
	}
	if (text != NULL) {
		wrong = strlen(text) < n ? "holds a NUL" :
		    read_lines(h, text, &line);
		slurp_free(text, n);
	}
	if (wrong == NULL)
		return h;
	if (line > 0)
		snprintf(err, size, "%s:%u: %s", file, line, wrong);
	else
		snprintf(err, size, "%s: %s", file, wrong);
	htpasswd_drop(h);
	return NULL;
}

struct htpasswd *
htpasswd_hold(struct htpasswd *h)
{
	h->refs++;
	return h;
}

void
htpasswd_drop(struct htpasswd *h)
{
	size_t i;

	if (h == NULL || --h->refs > 0)
		return;
	for (i = 0; i < h->n; i++) {
		keyuse_drop(h->at[i].use);
		free(h->at[i].crypted);
	}
	free(h->at);
	sign_wipe(h, sizeof *h);
	free(h);
}

/* ---- judging ---- */

static const struct user *
find(const struct htpasswd *h, struct span name)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->at[i].use != NULL &&
		    span_is_exact(name, h->at[i].use->name))
			return &h->at[i];
	return NULL;
}

const struct keyuse *
htpasswd_name(const struct htpasswd *h, const char *name)
{
	const struct user *u = find(h, (struct span){name, strlen(name)});

	return u != NULL ? u->use : NULL;
}

#if HTPASSWD_CRYPT
static bool
same_crypted(const char *crypted, const char *password)
{
	const char *got = crypt(password, crypted);
	size_t n = strlen(crypted);

	return got != NULL && strlen(got) == n && sign_equal(got, crypted, n);
}

/* where the tag of user and password is, or would be, remembered */
static unsigned char *
known(struct htpasswd *h, const struct user *u, const char *password,
    unsigned char tag[SIGN_HASH])
{
	unsigned char both[2 * SIGN_HASH];

	sign_tag(password, strlen(password), both);
	sign_tag(u->use->name, strlen(u->use->name), both + SIGN_HASH);
	sign_tag(both, sizeof both, tag);
	return h->known[tag[0] % KNOWN];
}

static enum reason
try_crypted(struct htpasswd *h, const struct user *u, bool right_name,
    const char *password, const struct asker *by)
{
	static const struct keyuse_limits most = {
		.requests = TRIES, .period_ms = TRIES_PERIOD_MS
	};
	unsigned char tag[SIGN_HASH], *at = known(h, u, password, tag);

	if (right_name && sign_equal(at, tag, SIGN_HASH))
		return R_DONE;
	/* nobody may keep all others from theirs */
	if (by->peer->family != AF_UNIX && !peer_take(by->peer,
	    PEER_PASSWORDS, TRIES_ADDRESS, by->now_ms))
		return R_PASSWORD_RATE;
	if (keyuse_take(&h->tries, &most, by->now_ms) > 0)
		return R_PASSWORD_RATE;
	if (!same_crypted(u->crypted, password) || !right_name)
		return R_WRONG_PASSWORD;
	memcpy(at, tag, SIGN_HASH);
	return R_DONE;
}
#else
static enum reason
try_crypted(struct htpasswd *h, const struct user *u, bool right_name,
    const char *password, const struct asker *by)
{
	(void)h, (void)u, (void)right_name, (void)password, (void)by;
	return R_WRONG_PASSWORD;
}
#endif

enum reason
htpasswd_check(struct htpasswd *h, struct span user, struct span password,
    const struct asker *by, struct keyuse **use)
{
	const struct user *u = find(h, user), *as = u;
	unsigned char hash[SIGN_HASH];
	char text[PASSWORD_MAX + 1];
	enum reason why;

	if (password.n > PASSWORD_MAX ||
	    memchr(password.p, '\0', password.n) != NULL)
		return R_WRONG_PASSWORD;
	if (as == NULL)
		as = h->slow;
	if (as != NULL && as->crypted != NULL) {
		memcpy(text, password.p, password.n);
		text[password.n] = '\0';
		why = try_crypted(h, as, u != NULL, text, by);
		sign_wipe(text, sizeof text);
	} else {
		sign_sha256(password.p, password.n, hash);
		why = u != NULL && sign_equal(hash, u->hash, SIGN_HASH) ?
		    R_DONE : R_WRONG_PASSWORD;
	}
	*use = why == R_DONE ? u->use : NULL;
	return why;
}
