/*
 * Which certificate a server shows, which suite and hash, whom it asks for
 * one, what may be resumed; and what a client says of itself.
 */
#include <sys/socket.h>
#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tlssite.h"
#include "buf.h"
#include "room.h"
#include "tlserror.h"

/* how long an upstream's session is resumed */
#define RESUME_S 3600

static struct room shakes = ROOM(sizeof(struct shake));

static int64_t
monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec;
}

const uint16_t *
site_suites(bool aes)
{
	static const uint16_t with_aes[SITE_SUITES] = {
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
	}, without_aes[SITE_SUITES] = {
		BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
	};

	return aes ? with_aes : without_aes;
}

const char *
site_suite_name(uint16_t suite)
{
	static const char *const names[SITE_SUITES] = {
		"ECDHE-ECDSA-AES128-GCM-SHA256",
		"ECDHE-RSA-AES128-GCM-SHA256",
		"ECDHE-ECDSA-AES256-GCM-SHA384",
		"ECDHE-RSA-AES256-GCM-SHA384",
		"ECDHE-ECDSA-CHACHA20-POLY1305",
		"ECDHE-RSA-CHACHA20-POLY1305"
	};
	size_t i;

	for (i = 0; i < SITE_SUITES; i++)
		if (site_suites(true)[i] == suite)
			return names[i];
	return "";
}

/* ---- a server's choices ---- */

const char *
shake_name(br_ssl_engine_context *e)
{
	char *p, *name = e->server_name;

	for (p = name; *p != '\0'; p++) {
		*p = lower(*p);
		if ((*p < 'a' || *p > 'z') && (*p < '0' || *p > '9') &&
		    *p != '.' && *p != '-' && *p != '_')
			return memset(name, 0, 1);
	}
	if (p > name && p[-1] == '.')
		p[-1] = '\0';
	return name;
}

/* the best certificates for host: one for each type of key */
static void
find_creds(const struct tls_server *s, const char *host,
    const struct cred *best[2])
{
	const struct cred *c;
	int fits, most[2] = {0, 0}, i;

	best[0] = best[1] = NULL;
	for (c = s->creds; c != NULL; c = c->next) {
		i = c->type == BR_KEYTYPE_RSA;
		fits = cred_fits(c, host);
		if (fits > most[i]) {
			most[i] = fits;
			best[i] = c;
		}
	}
	if (best[0] != NULL || best[1] != NULL || s->creds == NULL)
		return;
	/* the first one, and one of the other type with its name */
	c = s->creds;
	if (c->names[0] != NULL && strcmp(c->names[0], host) != 0)
		find_creds(s, c->names[0], best);
	best[c->type == BR_KEYTYPE_RSA] = c;
}

/* what a session is bound to: the certificates of its name */
static uint32_t
tag_of(const struct cred *const best[2])
{
	return (uint32_t)(best[0] != NULL ? best[0]->id : 0) << 16 |
	    (best[1] != NULL ? best[1]->id : 0);
}

/* as with routes, "*.x" is for one label or more, and the longest one counts */
struct asker *
site_asker(const struct tls_server *s, const char *host)
{
	size_t n = strlen(host), len, most = 0;
	struct asker *a, *best = NULL;

	for (a = s->askers; a != NULL; a = a->next) {
		len = strlen(a->host);
		if (strcmp(a->host, host) == 0)
			return a->cas != NULL ? a : NULL;
		if (len > 0 && (a->host[0] != '*' || n < len ||
		    strcmp(host + n - (len - 1), a->host + 1) != 0))
			continue;
		if (best == NULL || len > most) {
			best = a;
			most = len;
		}
	}
	return best != NULL && best->cas != NULL ? best : NULL;
}

/* the first of our hashes that the client knows, or 0 */
static int
pick_hash(uint32_t bits)
{
	int h;

	for (h = br_sha256_ID; h <= br_sha512_ID; h++)
		if (bits >> h & 1)
			return h;
	return 0;
}

/* true if client and certificate can do this suite; hash is what to sign */
static bool
suits(const br_ssl_server_context *c, uint16_t elements,
    const struct cred *const best[2], const struct cred **cred, int *hash)
{
	uint32_t known = br_ssl_server_get_client_hashes(c);

	if (elements >> 12 == BR_SSLKEYX_ECDHE_RSA) {
		*cred = best[1];
		*hash = pick_hash(known & 0xff);
	} else {
		*cred = best[0];
		*hash = pick_hash(known >> 8 & 0xff);
		/* a client may know ECDSA, and not this curve */
		if (*cred != NULL && !(br_ssl_server_get_client_curves(c) >>
		    (*cred)->ec.curve & 1))
			return false;
	}
	return *cred != NULL && *hash != 0;
}

/* the place of a suite among our own; ECDSA is before RSA as it is cheaper */
static size_t
rank(const br_ssl_server_context *c, uint16_t suite)
{
	const uint16_t *ours = c->eng.suites_buf;
	size_t i;

	for (i = 0; i < SITE_SUITES && ours[i] != suite; i++)
		;
	return i + (i % 2 == 1 ? SITE_SUITES : 0);
}

/* a certificate is asked for in the same flight that shows ours */
static bool
ask(struct shake *s)
{
	br_ssl_server_context *c = s->engine;
	const struct anchors *cas = s->asker->cas;

	s->check = check_new(&s->asker->how, cas, &c->eng);
	if (s->check == NULL)
		return false;
	br_ssl_server_set_trust_anchor_names_alt(c, cas->at, cas->n);
	br_ssl_engine_set_x509(&c->eng, &s->check->vtable);
	return true;
}

static int
choose(const br_ssl_server_policy_class **policy,
    const br_ssl_server_context *c, br_ssl_server_choices *choices)
{
	struct shake *s = (struct shake *)(void *)policy;
	const br_suite_translated *offers;
	const struct cred *best[2], *cred;
	const char *host = shake_name(&s->engine->eng);
	size_t i, n, least = SIZE_MAX;
	int hash;

	find_creds(s->server, host, best);
	offers = br_ssl_server_get_client_suites(c, &n);
	for (i = 0; i < n; i++) {
		if (rank(c, offers[i][0]) >= least ||
		    !suits(c, offers[i][1], best, &cred, &hash))
			continue;
		least = rank(c, offers[i][0]);
		choices->cipher_suite = offers[i][0];
		choices->algo_id = 0xff00u + (unsigned)hash;
		choices->chain = cred->chain;
		choices->chain_len = cred->n_chain;
		s->cred = cred;
	}
	s->tag = tag_of(best);
	s->asker = site_asker(s->server, host);
	return s->cred != NULL && (s->asker == NULL || ask(s));
}

static uint32_t
no_keyx(const br_ssl_server_policy_class **policy, unsigned char *p, size_t *n)
{
	(void)policy;
	(void)p;
	(void)n;
	return 0; /* all suites have a key exchange of their own */
}

static size_t
sign(const br_ssl_server_policy_class **policy, unsigned algorithm,
    unsigned char *p, size_t n, size_t room)
{
	struct shake *s = (struct shake *)(void *)policy;
	unsigned char hv[64];

	if (algorithm < 0xff00 || n > sizeof hv)
		return 0;
	memcpy(hv, p, n); /* the signature is written over it */
	return cred_sign(s->cred, (int)(algorithm & 0xff), hv, p, room);
}

static const br_ssl_server_policy_class policy_class = {
	sizeof(struct shake), choose, no_keyx, sign
};

static void
session_save(const br_ssl_session_cache_class **x, br_ssl_server_context *c,
    const br_ssl_session_parameters *p)
{
	struct shake *s = ((struct slot *)(void *)x)->s;
	struct tlsession keep;

	(void)c;
	/* a session does not tell who the client is */
	if (s->asker != NULL || s->cred == NULL)
		return;
	memcpy(keep.id, p->session_id, sizeof keep.id);
	memcpy(keep.secret, p->master_secret, sizeof keep.secret);
	keep.version = p->version;
	keep.suite = p->cipher_suite;
	keep.tag = s->tag;
	tlscache_put(s->server->sessions, &keep, monotonic());
	wipe(&keep, sizeof keep);
}

static int
session_load(const br_ssl_session_cache_class **x, br_ssl_server_context *c,
    br_ssl_session_parameters *p)
{
	struct shake *s = ((struct slot *)(void *)x)->s;
	const struct tlsession *found;

	found = tlscache_get(s->server->sessions, p->session_id,
	    monotonic());
	if (found == NULL)
		return 0;
	memcpy(p->master_secret, found->secret, sizeof found->secret);
	p->version = found->version;
	p->cipher_suite = found->suite;
	s->tag = found->tag;
	/*
	 * When a session is resumed the library does not look whether one of
	 * these suits the client, and then writes protocol_names[65534].
	 * Without them it ignores what the client offers; HTTP/1.1 it is.
	 */
	c->eng.protocol_names_num = 0;
	return 1;
}

static const br_ssl_session_cache_class session_class = {
	sizeof(struct slot), session_save, session_load
};

static struct shake *
new_shake(void)
{
	struct shake *s = room_get(&shakes);

	if (s != NULL)
		memset(s, 0, sizeof *s);
	return s;
}

struct shake *
shake_server(struct tls_server *t, br_ssl_server_context *c)
{
	struct shake *s = new_shake();

	if (s == NULL)
		return NULL;
	s->policy = &policy_class;
	s->server = t;
	s->engine = c;
	s->slot.vtable = &session_class;
	s->slot.s = s;
	br_ssl_server_set_policy(c, &s->policy);
	if (t->sessions != NULL)
		br_ssl_server_set_cache(c, &s->slot.vtable);
	return s;
}

bool
shake_same(const struct shake *s, const char *name)
{
	const struct cred *best[2];

	find_creds(s->server, name, best);
	return tag_of(best) == s->tag && site_asker(s->server, name) == NULL;
}

void
shake_free(struct shake *s)
{
	if (s != NULL)
		check_free(s->check);
	room_put(&shakes, s);
}

/* ---- a client's ---- */

static void
show_cred(br_ssl_client_context *c, const struct cred *cred)
{
	if (cred == NULL)
		return;
	if (cred->type == BR_KEYTYPE_RSA)
		br_ssl_client_set_single_rsa(c, cred->chain, cred->n_chain,
		    &cred->rsa, br_rsa_pkcs1_sign_get_default());
	else
		br_ssl_client_set_single_ec(c, cred->chain, cred->n_chain,
		    &cred->ec, BR_KEYTYPE_SIGN, 0, c->eng.iec,
		    br_ecdsa_sign_asn1_get_default());
}

struct shake *
tls_shake_client(struct tls_client *t, br_ssl_client_context *c, int *error)
{
	const struct anchors *cas = t->cas;
	struct shake *s;

	if (t->how.verify && cas == NULL)
		cas = anchors_system();
	if (t->how.verify && cas == NULL) {
		*error = TLS_E_BUNDLE;
		return NULL;
	}
	s = new_shake();
	if (s == NULL)
		return NULL;
	s->check = check_new(&t->how, cas, &c->eng);
	if (s->check == NULL) {
		shake_free(s);
		return NULL;
	}
	br_ssl_engine_set_x509(&c->eng, &s->check->vtable);
	show_cred(c, t->cred);
	return s;
}

bool
shake_resumes(struct tls_client *t, br_ssl_client_context *c)
{
	/* a certificate that got by without a clock is judged again */
	if (!t->resume || monotonic() - t->since > RESUME_S ||
	    (t->undated && !tls_clock_unset()))
		return false;
	br_ssl_engine_set_session_parameters(&c->eng, &t->session);
	return true;
}

void
shake_keep(struct tls_client *t, const br_ssl_engine_context *e)
{
	br_ssl_engine_get_session_parameters(e, &t->session);
	t->resume = t->session.session_id_len > 0;
	t->undated = tls_clock_unset();
	t->since = monotonic();
}

void
shake_forget(struct tls_client *t)
{
	t->resume = false;
}

/* ---- what they are made of ---- */

struct tls_server *
tls_server_new(unsigned sessions, int64_t lifetime_s)
{
	struct tls_server *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->refs = 1;
	if (sessions == 0 || lifetime_s <= 0)
		return s;
	s->sessions = tlscache_new(sessions, lifetime_s);
	if (s->sessions != NULL)
		return s;
	free(s);
	return NULL;
}

int
tls_server_cert(struct tls_server *s, const char *file, const char *key,
    char *err, char *warn, size_t size)
{
	struct cred **end_of = &s->creds, *c;
	uint16_t n = 1;

	c = cred_load(file, key, tls_now(), err, warn, size);
	if (c == NULL)
		return -1;
	for (; *end_of != NULL; end_of = &(*end_of)->next)
		n++;
	c->id = n;
	*end_of = c;
	return 0;
}

/* the one for exactly this host, lower case or not */
static struct asker *
same_asker(const struct tls_server *s, const char *host)
{
	struct asker *a;
	size_t i;

	for (a = s->askers; a != NULL; a = a->next) {
		for (i = 0; lower(host[i]) == a->host[i]; i++)
			if (host[i] == '\0')
				return a;
	}
	return NULL;
}

static struct anchors *
load_cas(const char *file, char *err, size_t size)
{
	struct anchors *cas = anchors_load(file, err, size);

	/* all names go to the client, in a list of 64 KB at most */
	if (cas == NULL || cas->n_names < 32768)
		return cas;
	snprintf(err, size, "%s: holds too many certificates", file);
	anchors_free(cas);
	return NULL;
}

int
tls_server_client_ca(struct tls_server *s, const char *host,
    const char *file, char *err, size_t size)
{
	const char *name = file != NULL ? file : "";
	struct asker *a = same_asker(s, host);
	size_t n = strlen(host) + 1, i;

	if (a != NULL) {
		if (strcmp(a->file, name) == 0)
			return 0;
		snprintf(err, size, "%s: this host has another file already, "
		    "%s", *name != '\0' ? name : "none",
		    *a->file != '\0' ? a->file : "none");
		return -1;
	}
	a = calloc(1, sizeof *a + n + strlen(name) + 1);
	if (a == NULL) {
		snprintf(err, size, "%s: out of memory", name);
		return -1;
	}
	for (i = 0; i < n; i++)
		a->host[i] = lower(host[i]);
	a->file = strcpy(a->host + n, name);
	a->how.verify = true;
	if (file != NULL && (a->cas = load_cas(file, err, size)) == NULL) {
		free(a);
		return -1;
	}
	a->next = s->askers;
	s->askers = a;
	return 0;
}

bool
tls_server_asks(const struct tls_server *s, const char *host, const char *file)
{
	const struct asker *a = site_asker(s, host);

	return a != NULL && strcmp(a->file, file) == 0;
}

void
tls_server_free(struct tls_server *s)
{
	struct asker *a;
	struct cred *c;

	if (s == NULL || --s->refs > 0)
		return;
	while ((c = s->creds) != NULL) {
		s->creds = c->next;
		cred_free(c);
	}
	while ((a = s->askers) != NULL) {
		s->askers = a->next;
		anchors_free(a->cas);
		free(a);
	}
	tlscache_free(s->sessions);
	free(s);
}

/* "sha256:HEX" */
static bool
read_pin(struct tls_client *c, const char *pin)
{
	int i, high, low;

	if (strncmp(pin, "sha256:", 7) != 0 || strlen(pin) != 7 + 64)
		return false;
	for (i = 0; i < 32; i++) {
		high = hex_digit(pin[7 + 2 * i]);
		low = hex_digit(pin[8 + 2 * i]);
		if (high < 0 || low < 0)
			return false;
		c->how.pin[i] = (unsigned char)(16 * high + low);
	}
	return c->how.pinned = true;
}

struct tls_client *
tls_client_new(const struct tls_client_how *how, char *err, size_t size)
{
	const char *name = how->name != NULL ? how->name : "";
	struct tls_client *c = calloc(1, sizeof *c + strlen(name) + 1);

	if (c == NULL) {
		snprintf(err, size, "%s: out of memory", name);
		return NULL;
	}
	c->refs = 1;
	c->how.verify = how->verify;
	c->how.name = strcpy((char *)(c + 1), name);
	if (inet_pton(AF_INET, name, c->how.ip) == 1)
		c->how.n_ip = 4;
	else if (inet_pton(AF_INET6, name, c->how.ip) == 1)
		c->how.n_ip = 16;
	if (strlen(name) > 253 || (*name == '\0' && how->verify))
		snprintf(err, size, "%s: is no name that a certificate could "
		    "be for", name);
	else if (how->pin != NULL && !read_pin(c, how->pin))
		snprintf(err, size, "%s: not sha256: and 64 hexadecimal "
		    "digits", how->pin);
	else if ((how->ca == NULL || !how->verify ||
	    (c->cas = anchors_load(how->ca, err, size)) != NULL) &&
	    (how->cert == NULL ||
	    (c->cred = cred_load(how->cert, how->key, tls_now(), err, NULL,
	    size)) != NULL))
		return c;
	tls_client_free(c);
	return NULL;
}

void
tls_client_free(struct tls_client *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	anchors_free(c->cas);
	cred_free(c->cred);
	wipe(c, sizeof *c);
	free(c);
}
