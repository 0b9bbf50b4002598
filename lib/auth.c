/*
 * Keys, tokens and passwords of routes. A token that was found good is
 * remembered by its tag (tlssign.h) until it expires, since a signature takes
 * a millisecond of everybody's time; what it says of times is judged anew at
 * each use. Nothing else is remembered, so that made-up tokens push none out;
 * those are counted, and an address gets no more than a few tried.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "apikey.h"
#include "htpasswd.h"
#include "jwt.h"
#include "log.h"
#include "redact.h"
#include "tls.h"
#include "tlssign.h"

#define MESSAGE_MAX 600
#define SETS 64 /* of tokens that are remembered */
#define WAYS 4
/* wrong signatures that an address may have tried in a second */
#define REFUSED 8

/* a token that was signed as it should be */
struct verdict {
	unsigned char tag[SIGN_HASH];
	struct jwt_times times;
	struct keyuse *use; /* or NULL: it has none */
	bool taken;
};

struct auth {
	struct apikeys *keys;
	struct jwt_keys *jwt;
	struct htpasswd *basic;
	struct verdict (*verdicts)[WAYS]; /* with jwt */
	struct shown_from from;
};

/* ---- loading ---- */

static int
blame(const struct conf *c, const struct conf_route *r, const char *key,
    const char *why, char *err, size_t size)
{
	snprintf(err, size, "%s: %s: %s", conf_where(c, r, key), key, why);
	return -1;
}

/* another route before r that names the same file */
#define SAME_FILE(c, r, field, found) do {                              \
	for ((found) = (c)->routes; (found) != (r) &&                   \
	    ((found)->field == NULL ||                                  \
	    strcmp((found)->field, (r)->field) != 0);                   \
	    (found) = (found)->next)                                    \
		;                                                       \
} while (0)

static int
load_keys(struct conf *c, struct conf_route *r, char *err, size_t size)
{
	const struct conf_route *same;
	struct auth *a = r->auth;
	char why[MESSAGE_MAX];

	SAME_FILE(c, r, keys, same);
	if (same != r) {
		a->keys = ((struct auth *)same->auth)->keys;
		a->keys->refs++;
		return 0;
	}
	a->keys = apikeys_load(r->keys, why, sizeof why);
	if (a->keys == NULL)
		return blame(c, r, "keys", why, err, size);
	if (a->keys->n == 0)
		log_warn("%s: keys: %s holds no key: nobody may come in",
		    conf_where(c, r, "keys"), r->keys);
	if (a->keys->weak != 0)
		log_warn("%s:%u: the key is shorter than %d bytes: weir key "
		    "makes better ones", r->keys, a->keys->weak, APIKEY_GOOD);
	return 0;
}

static int
load_basic(struct conf *c, struct conf_route *r, char *err, size_t size)
{
	const struct conf_route *same;
	struct auth *a = r->auth;
	char why[MESSAGE_MAX];

	SAME_FILE(c, r, basic, same);
	a->basic = same != r ?
	    htpasswd_hold(((struct auth *)same->auth)->basic) :
	    htpasswd_load(r->basic, why, sizeof why);
	return a->basic != NULL ? 0 : blame(c, r, "basic", why, err, size);
}

static int
load_jwt(struct conf *c, struct conf_route *r, char *err, size_t size)
{
	struct auth *a = r->auth;
	char why[MESSAGE_MAX];

	a->jwt = jwt_keys_load(r->jwt, why, sizeof why);
	if (a->jwt == NULL)
		return blame(c, r, "jwt", why, err, size);
	a->verdicts = calloc(SETS, sizeof *a->verdicts);
	if (a->verdicts == NULL)
		return blame(c, r, "jwt", "out of memory", err, size);
	/* what -n has made of a secret may be read again */
	if (jwt_keys_short(r->jwt) && strcmp(r->jwt, "hs256 ***") != 0)
		log_warn("%s: jwt: the secret is shorter than 32 bytes: it "
		    "can be guessed from any token", conf_where(c, r, "jwt"));
	if (jwt_keys_weak(a->jwt) != 0)
		log_warn("%s: jwt: %s: the secret of key %u is shorter than 32 "
		    "bytes: it can be guessed from any token",
		    conf_where(c, r, "jwt"), r->jwt, jwt_keys_weak(a->jwt));
	return 0;
}

/* keys that are of no use without another one, where a route says them */
static int
check_alone(const struct conf *c, const struct conf_route *r, char *err,
    size_t size)
{
	const struct conf_route *d = c->defaults;

	if (r->jwt == NULL && r->jwt_issuer != d->jwt_issuer &&
	    r->jwt_issuer != NULL)
		return blame(c, r, "jwt_issuer", "needs a jwt", err, size);
	if (r->jwt == NULL && r->jwt_audience != d->jwt_audience &&
	    r->jwt_audience != NULL)
		return blame(c, r, "jwt_audience", "needs a jwt", err, size);
	if (r->jwt == NULL && r->keys == NULL &&
	    r->key_query != d->key_query && r->key_query != NULL)
		return blame(c, r, "key_query", "needs keys or jwt", err,
		    size);
	return 0;
}

static int
load_route(struct conf *c, struct conf_route *r, char *err, size_t size)
{
	struct auth *a;

	if (check_alone(c, r, err, size) < 0)
		return -1;
	if (r->keys == NULL && r->jwt == NULL && r->basic == NULL)
		return 0;
	r->auth = a = calloc(1, sizeof *a);
	if (a == NULL) {
		snprintf(err, size, "out of memory");
		return -1;
	}
	a->from.keys = r->keys != NULL || r->jwt != NULL;
	a->from.basic = r->basic != NULL;
	if (a->from.keys)
		a->from.query = r->key_query;
	if (a->from.query != NULL && !redact_name(a->from.query))
		return blame(c, r, "key_query", "out of memory", err, size);
	if (r->keys != NULL && load_keys(c, r, err, size) < 0)
		return -1;
	if (r->jwt != NULL && load_jwt(c, r, err, size) < 0)
		return -1;
	return r->basic != NULL ? load_basic(c, r, err, size) : 0;
}

int
auth_load(struct conf *c, char *err, size_t size)
{
	struct conf_route *r;

	for (r = c->routes; r != NULL; r = r->next)
		if (load_route(c, r, err, size) < 0)
			return -1;
	return 0;
}

static void
free_verdicts(struct auth *a)
{
	size_t i, k;

	for (i = 0; a->verdicts != NULL && i < SETS; i++)
		for (k = 0; k < WAYS; k++)
			keyuse_drop(a->verdicts[i][k].use);
	free(a->verdicts);
}

void
auth_free(struct conf *c)
{
	struct conf_route *r;
	struct auth *a;

	for (r = c->routes; r != NULL; r = r->next) {
		a = r->auth;
		r->auth = NULL;
		if (a == NULL)
			continue;
		apikeys_drop(a->keys);
		jwt_keys_free(a->jwt);
		htpasswd_drop(a->basic);
		free_verdicts(a);
		free(a);
	}
}

/* ---- judging ---- */

static void
hold(struct auth_pass *p, struct keyuse *use)
{
	p->use = use;
	if (use != NULL)
		keyuse_hold(use);
}

static struct verdict *
remembered(struct verdict set[WAYS], const unsigned char *tag)
{
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (set[i].taken && memcmp(set[i].tag, tag, SIGN_HASH) == 0)
			return &set[i];
	return NULL;
}

/* a place for one more: free, or expired, or any */
static struct verdict *
place(struct verdict set[WAYS])
{
	struct verdict *v = &set[tls_random() % WAYS];
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (!set[i].taken || set[i].times.expires < tls_now())
			v = &set[i];
	keyuse_drop(v->use);
	memset(v, 0, sizeof *v);
	return v;
}

/*
 * Reads a token that is not known. What is refused after its signature was
 * tried counts against its address, by the keys that it was tried with.
 */
static enum reason
read_token(const struct conf_route *r, struct span token,
    const struct asker *by, struct jwt *j)
{
	const struct auth *a = r->auth;
	bool counts = by->peer->family != AF_UNIX;
	enum reason why;

	if (counts && !peer_take(by->peer, PEER_TOKENS, REFUSED, by->now_ms))
		return R_TOKEN_RATE;
	why = jwt_read(a->jwt, r->jwt_issuer, r->jwt_audience, token, j);
	if (counts)
		peer_give(by->peer, PEER_TOKENS, REFUSED, why == R_DONE ? 1 :
		    1 - (int)j->tried);
	return why;
}

static enum reason
judge_token(const struct conf_route *r, struct span token,
    const struct asker *by, struct auth_pass *p)
{
	const struct auth *a = r->auth;
	unsigned char tag[SIGN_HASH];
	struct verdict *set, *v;
	struct jwt j;
	enum reason why;

	sign_tag(token.p, token.n, tag);
	set = a->verdicts[tag[0] % SETS];
	v = remembered(set, tag);
	if (v == NULL) {
		why = read_token(r, token, by, &j);
		if (why != R_DONE)
			return why;
		v = place(set);
		memcpy(v->tag, tag, sizeof tag);
		v->times = j.times;
		v->taken = true;
		if (j.subject[0] != '\0')
			v->use = keyuse_get(KEYUSE_SUBJECT,
			    (struct span){j.subject, strlen(j.subject)});
	}
	why = jwt_when(&v->times, tls_now(), r->jwt_leeway_ms / 1000);
	if (why == R_DONE)
		hold(p, v->use);
	return why;
}

static enum reason
judge_password(const struct auth *a, const struct shown *shown,
    const struct asker *by, struct auth_pass *p)
{
	struct keyuse *use;
	enum reason why;

	why = htpasswd_check(a->basic, shown->user, shown->secret, by, &use);
	if (why == R_DONE)
		hold(p, use);
	return why;
}

/* a key may stand in place of a password, or be a token */
static enum reason
judge_shown(const struct conf_route *r, const struct shown *shown,
    const struct asker *by, struct auth_pass *p)
{
	const struct auth *a = r->auth;
	const struct apikey *key = NULL;

	memset(p, 0, sizeof *p);
	if (a->keys != NULL)
		key = apikeys_find(a->keys, shown->secret);
	if (key != NULL) {
		hold(p, key->use);
		p->limits = key->limits;
		return R_DONE;
	}
	if (shown->password && a->basic != NULL)
		return judge_password(a, shown, by, p);
	if (a->jwt == NULL)
		return R_WRONG_KEY;
	/* a key that is wrong is no token, where there are both */
	if (a->keys != NULL && (shown->secret.n == 0 ||
	    memchr(shown->secret.p, '.', shown->secret.n) == NULL))
		return R_WRONG_KEY;
	return judge_token(r, shown->secret, by, p);
}

/* all that was shown: the first that is wrong decides */
static enum reason
judge_all(const struct conf_route *r, const struct shown *list, int n,
    const struct asker *by, struct auth_pass *p)
{
	struct auth_pass more;
	enum reason why;
	int i;

	why = judge_shown(r, &list[0], by, p);
	for (i = 1; i < n && why == R_DONE; i++) {
		why = judge_shown(r, &list[i], by, &more);
		if (why == R_DONE && more.use != p->use)
			why = R_WRONG_KEY;
		keyuse_drop(more.use);
	}
	if (why != R_DONE) {
		keyuse_drop(p->use);
		p->use = NULL;
	}
	return why;
}

/* what a browser asks before it lets a page send a request elsewhere, without
 * what that will show: Fetch 4.8 */
static bool
is_preflight(const struct http_request *q)
{
	unsigned i;

	if (q->method_id != HTTP_M_OPTIONS || q->h.body != HTTP_BODY_NONE ||
	    (q->h.seen & 1ull << HTTP_F_ORIGIN) == 0)
		return false;
	for (i = 0; i < q->h.n_fields; i++)
		if (span_is(q->h.fields[i].name,
		    "access-control-request-method"))
			return true;
	return false;
}

enum reason
auth_judge(const struct conf_route *r, const struct http_request *q,
    const struct asker *by, struct auth_pass *p)
{
	static char memory[SHOWN_MEMORY];
	const struct auth *a = r->auth;
	struct shown list[SHOWN_MAX];
	int n;

	memset(p, 0, sizeof *p);
	n = shown_find(q, &a->from, list, memory);
	if (n > 0)
		return judge_all(r, list, n, by, p);
	if (n == 0 && r->key_preflight && is_preflight(q))
		return R_DONE;
	if (n == 0)
		return a->from.keys ? R_NO_KEY : R_NO_PASSWORD;
	return a->from.keys ? R_WRONG_KEY : R_WRONG_PASSWORD;
}

const struct shown_from *
auth_hides(const struct conf_route *r)
{
	const struct auth *a = r->auth;

	return RARE(a != NULL) && !r->key_pass ? &a->from : NULL;
}

bool
auth_keyed(const struct conf_route *r)
{
	const struct auth *a = r->auth;

	return a != NULL && a->from.keys;
}

bool
auth_knows(const struct conf_route *r, const struct keyuse *key)
{
	const struct auth *a = r->auth;

	if (key == NULL || key->kind == KEYUSE_SUBJECT)
		return true;
	if (a == NULL) /* it lets everybody in */
		return true;
	if (key->kind == KEYUSE_KEY)
		return a->keys != NULL && apikeys_has(a->keys, key);
	return a->basic != NULL && htpasswd_name(a->basic, key->name) != NULL;
}

/* ---- the books ---- */

static void
log_book(const struct keyuse *u, void *arg)
{
	static const char *const kinds[] = {"key", "user", "subject"};

	(void)arg;
	if (!log_begin(LOG_MAIN, LOG_L_INFO, "key"))
		return;
	log_pair("key", u->name);
	log_pair("kind", kinds[u->kind]);
	log_pair_int("requests", (int64_t)u->requests);
	log_pair_int("tunnels", (int64_t)u->all_tunnels);
	log_pair_int("open", u->tunnels);
	log_pair_ms("seconds", u->sums.ms);
	log_pair_int("bytes_in", (int64_t)u->sums.bytes_in);
	log_pair_int("bytes_out", (int64_t)u->sums.bytes_out);
	log_pair_int("messages_in", (int64_t)u->sums.messages_in);
	log_pair_int("messages_out", (int64_t)u->sums.messages_out);
	log_end();
}

void
auth_log_books(void)
{
	keyuse_each(log_book, NULL);
}
