/*
 * From PEM to what the library takes. Its decoders point into themselves, so
 * what they found is copied; files and secrets are wiped from what held them
 * meanwhile. Keys are tried out before anybody is told that they are good.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tlskeys.h"
#include "arena.h"
#include "der.h"
#include "tls.h"

/*
 * The library's decoder of keys is a few bytes short for larger ones than
 * RSA with 4096 bits (2375 bytes), and does nothing with such keys anyway.
 */
#define KEY_MAX 2400
#define DAY_S 86400

void
wipe(void *p, size_t n)
{
	static void *(*const volatile set)(void *, int, size_t) = memset;

	if (n > 0)
		set(p, 0, n);
}

/* what is being loaded, and what is wrong with it */
struct load {
	const char *file;
	char *err, *warn;
	size_t size;
	bool failed;
	struct cred *cred; /* or NULL */
	struct anchors *anchors; /* or NULL */
	bool want_chain, want_key;
};

static void __attribute__((format(printf, 2, 3)))
fail(struct load *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (l->failed)
		return;
	l->failed = true;
	n = snprintf(l->err, l->size, "%s: ", l->file);
	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < l->size)
		vsnprintf(l->err + n, l->size - (size_t)n, fmt, ap);
	va_end(ap);
}

static void __attribute__((format(printf, 2, 3)))
warn(struct load *l, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (l->warn == NULL)
		return;
	n = strlen(l->warn);
	if (n == 0)
		n = (size_t)snprintf(l->warn, l->size, "%s: ", l->file);
	else
		n += (size_t)snprintf(l->warn + n, l->size - n, "; ");
	va_start(ap, fmt);
	if (n < l->size)
		vsnprintf(l->warn + n, l->size - n, fmt, ap);
	va_end(ap);
}

/* ---- PEM ---- */

/* an object's bytes as they come; those of a key are wiped at the end */
struct object {
	unsigned char *p;
	size_t n, size;
	bool lost; /* no memory */
};

static void
gather(void *to, const void *p, size_t n)
{
	struct object *o = to;
	unsigned char *more;
	size_t size;

	if (o->lost)
		return;
	if (n > o->size - o->n) {
		size = 2 * o->size + n + 1024;
		/* no realloc(): it leaves secrets behind */
		more = malloc(size);
		if (more == NULL) {
			o->lost = true;
			return;
		}
		if (o->n > 0)
			memcpy(more, o->p, o->n);
		wipe(o->p, o->n);
		free(o->p);
		o->p = more;
		o->size = size;
	}
	memcpy(o->p + o->n, p, n);
	o->n += n;
}

static void take_chain(struct load *l, const struct object *o);
static void take_key(struct load *l, const char *name,
    const struct object *o);
static void take_anchor(struct load *l, const struct object *o);

/* an object is whole */
static void
take(struct load *l, const char *name, const struct object *o)
{
	if (o->lost) {
		fail(l, "out of memory");
	} else if (strcmp(name, "CERTIFICATE") == 0 ||
	    strcmp(name, "X509 CERTIFICATE") == 0) {
		if (l->anchors != NULL)
			take_anchor(l, o);
		else if (l->want_chain)
			take_chain(l, o);
	} else if (l->want_key && strstr(name, "PRIVATE KEY") != NULL) {
		take_key(l, name, o);
	}
}

struct pem {
	br_pem_decoder_context d;
	struct object o;
	char name[128]; /* as long as the decoder's own */
	bool inside;
};

static void
read_some(struct load *l, struct pem *pem, const unsigned char *p, size_t n)
{
	size_t done;

	for (; n > 0 && !l->failed; p += done, n -= done) {
		done = br_pem_decoder_push(&pem->d, p, n);
		switch (br_pem_decoder_event(&pem->d)) {
		case BR_PEM_BEGIN_OBJ:
			snprintf(pem->name, sizeof pem->name, "%s",
			    br_pem_decoder_name(&pem->d));
			pem->o.n = 0;
			pem->inside = true;
			br_pem_decoder_setdest(&pem->d, gather, &pem->o);
			break;
		case BR_PEM_END_OBJ:
			if (pem->inside)
				take(l, pem->name, &pem->o);
			pem->inside = false;
			br_pem_decoder_setdest(&pem->d, NULL, NULL);
			break;
		case BR_PEM_ERROR:
			fail(l, strstr(pem->name, "PRIVATE KEY") != NULL ?
			    "the key is encrypted with a password, which is "
			    "not supported, or damaged" : "is damaged: not "
			    "base64 between BEGIN and END");
			break;
		}
	}
}

/* the decoder does not know lines that end as on Windows */
static size_t
strip(unsigned char *p, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++)
		if (p[i] != '\r')
			p[kept++] = p[i];
	return kept;
}

/* its descriptor, or -1 */
static int
open_file(struct load *l)
{
	struct stat st;
	int fd;

	/* a reload that waits for somebody to write to a pipe holds up all */
	fd = open(l->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		fail(l, "%s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		fail(l, "%s", S_ISDIR(st.st_mode) ? strerror(EISDIR) :
		    "is no regular file");
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
read_pem(struct load *l)
{
	unsigned char some[4096];
	struct pem *pem;
	ssize_t n = -1;
	int fd;

	fd = open_file(l);
	if (fd < 0)
		return;
	pem = calloc(1, sizeof *pem);
	if (pem == NULL) {
		fail(l, "out of memory");
		goto out;
	}
	br_pem_decoder_init(&pem->d);
	while (!l->failed && (n = read(fd, some, sizeof some)) > 0)
		read_some(l, pem, some, strip(some, (size_t)n));
	if (n < 0)
		fail(l, "%s", strerror(errno));
	/* the last line need not end */
	read_some(l, pem, (const unsigned char *)"\n", 1);
	if (pem->inside)
		fail(l, "ends within a block: its -----END is missing");
	wipe(some, sizeof some);
	wipe(pem->o.p, pem->o.size);
	free(pem->o.p);
	wipe(pem, sizeof *pem);
out:
	close(fd);
	free(pem);
}

static void *
copy(struct load *l, struct arena **arena, const void *p, size_t n)
{
	void *q = arena_take(arena, n + 1);

	if (q == NULL)
		fail(l, "out of memory");
	else if (n > 0)
		memcpy(q, p, n);
	return q;
}

/* ---- certificates to show ---- */

static void
take_chain(struct load *l, const struct object *o)
{
	struct cred *c = l->cred;
	br_x509_certificate *cert = &c->chain[c->n_chain];

	if (c->n_chain == CRED_CHAIN) {
		fail(l, "holds more than %d certificates", CRED_CHAIN);
		return;
	}
	cert->data = copy(l, &c->arena, o->p, o->n);
	cert->data_len = o->n;
	if (!l->failed)
		c->n_chain++;
}

/* moves a number of a key to the secret, and adds it to *n */
static void
keep(struct cred *c, unsigned char **p, size_t len, size_t *n)
{
	if (c->secret != NULL) {
		memcpy(c->secret + *n, *p, len);
		*p = c->secret + *n;
	}
	*n += len;
}

/* once without memory, which counts it, once with */
static size_t
keep_all(struct cred *c)
{
	size_t n = 0;

	if (c->type == BR_KEYTYPE_RSA) {
		keep(c, &c->rsa.p, c->rsa.plen, &n);
		keep(c, &c->rsa.q, c->rsa.qlen, &n);
		keep(c, &c->rsa.dp, c->rsa.dplen, &n);
		keep(c, &c->rsa.dq, c->rsa.dqlen, &n);
		keep(c, &c->rsa.iq, c->rsa.iqlen, &n);
	} else {
		keep(c, &c->ec.x, c->ec.xlen, &n);
	}
	return n;
}

/* what d has decoded */
static void
copy_key(struct load *l, br_skey_decoder_context *d)
{
	struct cred *c = l->cred;

	c->type = br_skey_decoder_key_type(d);
	if (c->type == BR_KEYTYPE_RSA)
		c->rsa = *br_skey_decoder_get_rsa(d);
	else
		c->ec = *br_skey_decoder_get_ec(d);
	c->n_secret = keep_all(c);
	c->secret = malloc(c->n_secret);
	if (c->secret == NULL)
		fail(l, "out of memory");
	else
		keep_all(c);
}

/* the forms that a key comes in, by the names of their blocks */
static bool
known_form(const char *name)
{
	return strcmp(name, "PRIVATE KEY") == 0 ||
	    strcmp(name, "RSA PRIVATE KEY") == 0 ||
	    strcmp(name, "EC PRIVATE KEY") == 0;
}

static void
take_key(struct load *l, const char *name, const struct object *o)
{
	struct {
		br_skey_decoder_context d;
		unsigned char spare[CRED_SPARE];
	} x;

	if (l->cred->type != 0)
		return;
	if (strstr(name, "ENCRYPTED") != NULL) {
		fail(l, "the key is encrypted with a password, which is not "
		    "supported");
		return;
	}
	if (!known_form(name)) {
		fail(l, "this kind of key (%s) is not supported: RSA and "
		    "ECDSA with P-256, P-384, P-521 are", name);
		return;
	}
	if (o->n > KEY_MAX) {
		fail(l, "the key is too large: RSA may have 4096 bits");
		return;
	}
	br_skey_decoder_init(&x.d);
	br_skey_decoder_push(&x.d, o->p, o->n);
	switch (br_skey_decoder_last_error(&x.d)) {
	case 0:
		copy_key(l, &x.d);
		break;
	case BR_ERR_X509_UNSUPPORTED:
		fail(l, "this kind of key (Ed25519?) is not supported: RSA "
		    "and ECDSA with P-256, P-384, P-521 are");
		break;
	default:
		fail(l, "the key makes no sense");
	}
	wipe(&x, sizeof x);
}

/* RFC 8017 9.2: what the hashes of SHA-256, -384 and -512 are called */
static const unsigned char *
hash_oid(int hash)
{
	static const unsigned char oid[3][10] = {
		{9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01},
		{9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02},
		{9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}
	};

	return oid[hash - br_sha256_ID];
}

size_t
cred_sign(const struct cred *c, int hash, const unsigned char *hv,
    unsigned char *sig, size_t room)
{
	static const br_hash_class *const classes[] = {
		&br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable
	};
	static const size_t sizes[] = {32, 48, 64};
	size_t n = (c->rsa.n_bitlen + 7) / 8;
	int i = hash - br_sha256_ID;

	if (i < 0 || i > 2)
		return 0;
	if (c->type == BR_KEYTYPE_RSA)
		return n <= room && br_rsa_pkcs1_sign_get_default()(
		    hash_oid(hash), hv, sizes[i], &c->rsa, sig) ? n : 0;
	if (room < 139) /* two numbers of P-521 */
		return 0;
	return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(),
	    classes[i], hv, &c->ec, sig);
}

/* true if what c signs is good for the certificate's key */
static bool
key_fits(const struct cred *c, const br_x509_pkey *key)
{
	unsigned char sig[BR_X509_BUFSIZE_SIG], hv[32], got[32];
	size_t n;

	if (key->key_type != c->type)
		return false;
	memset(hv, 0x5a, sizeof hv);
	n = cred_sign(c, br_sha256_ID, hv, sig, sizeof sig);
	if (n == 0)
		return false;
	if (c->type == BR_KEYTYPE_RSA)
		return br_rsa_pkcs1_vrfy_get_default()(sig, n,
		    hash_oid(br_sha256_ID), sizeof got, &key->key.rsa, got) &&
		    memcmp(got, hv, sizeof hv) == 0;
	return key->key.ec.curve == c->ec.curve &&
	    br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), hv,
	    sizeof hv, &key->key.ec, sig, n);
}

/* the certificate's key, in d; NULL: d knows why */
static const br_x509_pkey *
decode(br_x509_decoder_context *d, const br_x509_certificate *cert)
{
	br_x509_decoder_init(d, NULL, NULL);
	br_x509_decoder_push(d, cert->data, cert->data_len);
	return br_x509_decoder_get_pkey(d);
}

static void
no_certificate(struct load *l, size_t i)
{
	fail(l, "certificate %zu makes no sense: what stands between BEGIN "
	    "and END is none", i + 1);
}

/* whether there are certificates in the blocks, and the first one is of use;
 * before the key is tried, which would be blamed for it */
static void
check_blocks(struct load *l)
{
	const struct cred *c = l->cred;
	br_x509_decoder_context decoder;
	struct der_cert d;
	int error = 0;
	size_t i;

	for (i = 0; i < c->n_chain; i++)
		if (!der_cert(&d, c->chain[i].data, c->chain[i].data_len))
			no_certificate(l, i);
	if (decode(&decoder, &c->chain[0]) == NULL)
		error = br_x509_decoder_last_error(&decoder);
	if (error == BR_ERR_X509_UNSUPPORTED ||
	    error == BR_ERR_X509_LIMIT_EXCEEDED)
		fail(l, "the certificate's kind of key (Ed25519?) is not "
		    "supported: RSA up to 4096 bits and ECDSA with P-256, "
		    "P-384, P-521 are");
	else if (error != 0)
		no_certificate(l, 0);
}

/* the certificates came from the file of that name */
static void
check_key(struct load *l, const char *file)
{
	const struct cred *c = l->cred;
	br_x509_decoder_context d;
	const br_x509_pkey *key;
	size_t i;

	for (i = 0; i < c->n_chain; i++) {
		key = decode(&d, &c->chain[i]);
		if (key != NULL && key_fits(c, key))
			break;
	}
	if (i == c->n_chain) {
		fail(l, "the key does not belong to the certificate%s%s",
		    l->file != file ? " in " : "", l->file != file ? file : "");
	} else if (i > 0) {
		l->file = file;
		fail(l, "the certificates are in the wrong order: the "
		    "server's own comes first, and is number %zu here", i + 1);
	}
}

static void
check_dates(struct load *l, const struct der_cert *d, int64_t now)
{
	if (now == 0)
		return;
	/* without a clock there is no more to be known, nor to be refused */
	if (d->not_after < now && tls_clock_unset())
		warn(l, "the certificate has expired: renew it");
	else if (d->not_after < now)
		fail(l, "the certificate has expired: renew it");
	else if (tls_clock_unset())
		return;
	else if (d->not_before > now)
		warn(l, "the certificate is not valid yet");
	else if (d->not_after - now < 14 * DAY_S)
		warn(l, "the certificate expires within %d days",
		    (int)((d->not_after - now + DAY_S - 1) / DAY_S));
}

/* true if cert is the one before it */
static bool
same_again(const br_x509_certificate *cert)
{
	return cert[-1].data_len == cert[0].data_len &&
	    memcmp(cert[-1].data, cert[0].data, cert[0].data_len) == 0;
}

/* each certificate was issued by the next one */
static void
check_chain(struct load *l, int64_t now)
{
	const struct cred *c = l->cred;
	struct der_cert d, last;
	size_t i;

	for (i = 0; i < c->n_chain && !l->failed; i++, last = d) {
		if (!der_cert(&d, c->chain[i].data, c->chain[i].data_len))
			break; /* check_blocks() has been here */
		if (i == 0)
			check_dates(l, &d, now);
		else if (same_again(&c->chain[i]))
			fail(l, "certificate %zu is number %zu once more: "
			    "leave it out", i + 1, i);
		else if (!der_equal(last.issuer, d.subject))
			fail(l, "certificate %zu has not issued certificate "
			    "%zu: the order is the server's own, its issuer, "
			    "that one's issuer", i + 1, i);
	}
}

/* a name as it is compared; NULL if it holds what no host name holds */
static char *
copy_name(struct load *l, struct der name)
{
	char *s = copy(l, &l->cred->arena, name.p, name.n), *p;

	for (p = s; p != NULL && p < s + name.n; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		if (*p <= ' ' || *p > '~')
			return NULL;
	}
	return name.n > 0 ? s : NULL;
}

static void
read_names(struct load *l)
{
	struct cred *c = l->cred;
	struct der_cert d;
	struct der name;
	size_t i, n = 0;

	if (!der_cert(&d, c->chain[0].data, c->chain[0].data_len))
		return;
	while (der_name(&d, n, &name))
		n++;
	c->names = arena_take(&c->arena, (n + 1) * sizeof c->names[0]);
	if (c->names == NULL) {
		fail(l, "out of memory");
		return;
	}
	for (i = n, n = 0; i-- > 0;) {
		der_name(&d, i, &name);
		c->names[n] = copy_name(l, name);
		n += c->names[n] != NULL;
	}
	if (n == 0)
		warn(l, "the certificate names no host");
}

static void
check_size(struct load *l)
{
	const struct cred *c = l->cred;

	if (c->type != BR_KEYTYPE_RSA)
		return;
	if (c->rsa.n_bitlen > 2048)
		warn(l, "RSA with %u bits is slow: a handshake holds up all "
		    "others meanwhile; ECDSA with P-256 is better",
		    (unsigned)c->rsa.n_bitlen);
	else if (c->rsa.n_bitlen < 2048)
		warn(l, "RSA with %u bits is too weak for most clients",
		    (unsigned)c->rsa.n_bitlen);
}

struct cred *
cred_load(const char *file, const char *key, int64_t now, char *err,
    char *warning, size_t size)
{
	struct load l = {0};
	struct cred *c;

	l.file = file;
	l.err = err;
	l.warn = warning;
	l.size = size;
	if (warning != NULL)
		warning[0] = '\0';
	l.cred = c = calloc(1, sizeof *c);
	if (c == NULL) {
		fail(&l, "out of memory");
		return NULL;
	}
	l.want_chain = true;
	l.want_key = key == NULL;
	read_pem(&l);
	if (!l.failed && c->n_chain == 0)
		fail(&l, "holds no certificate in PEM: no line is -----BEGIN "
		    "CERTIFICATE-----");
	if (!l.failed)
		check_blocks(&l);
	if (!l.failed && key != NULL) {
		l.file = key;
		l.want_chain = false;
		l.want_key = true;
		read_pem(&l);
	}
	if (!l.failed && c->type == 0)
		fail(&l, "holds no private key: no line is -----BEGIN PRIVATE "
		    "KEY-----, or with EC or RSA before PRIVATE");
	if (!l.failed)
		check_key(&l, file);
	l.file = file;
	if (!l.failed)
		check_chain(&l, now);
	if (!l.failed)
		check_size(&l);
	if (!l.failed)
		read_names(&l);
	if (!l.failed)
		return c;
	cred_free(c);
	return NULL;
}

void
cred_free(struct cred *c)
{
	if (c == NULL)
		return;
	if (c->secret != NULL)
		wipe(c->secret, c->n_secret);
	free(c->secret);
	arena_free(c->arena);
	free(c);
}

int
cred_fits(const struct cred *c, const char *host)
{
	const char *dot = strchr(host, '.');
	const char **name;
	int fits = 0;

	for (name = c->names; name != NULL && *name != NULL; name++) {
		if (strcmp(*name, host) == 0)
			return 2;
		/* the star stands for one label: RFC 6125 6.4.3 */
		if ((*name)[0] == '*' && dot != NULL && dot > host &&
		    strcmp(*name + 1, dot) == 0)
			fits = 1;
	}
	return fits;
}

/* ---- authorities ---- */

static bool
more_anchors(struct anchors *a)
{
	size_t size = a->size == 0 ? 16 : 2 * a->size;
	br_x509_trust_anchor *at;

	if (a->n < a->size)
		return true;
	at = realloc(a->at, size * sizeof *at);
	if (at == NULL)
		return false;
	a->at = at;
	a->size = size;
	return true;
}

/* copies what a decoded key points to */
static void
copy_public(struct load *l, br_x509_pkey *key)
{
	struct arena **arena = &l->anchors->arena;
	br_rsa_public_key *rsa = &key->key.rsa;

	if (key->key_type == BR_KEYTYPE_EC) {
		key->key.ec.q = copy(l, arena, key->key.ec.q,
		    key->key.ec.qlen);
		return;
	}
	rsa->n = copy(l, arena, rsa->n, rsa->nlen);
	rsa->e = copy(l, arena, rsa->e, rsa->elen);
}

static void
take_anchor(struct load *l, const struct object *o)
{
	struct anchors *a = l->anchors;
	br_x509_decoder_context d;
	br_x509_trust_anchor *t;
	struct object name = {0};
	const br_x509_pkey *key;

	br_x509_decoder_init(&d, gather, &name);
	br_x509_decoder_push(&d, o->p, o->n);
	key = br_x509_decoder_get_pkey(&d);
	/* one of a kind that is not supported is just not trusted */
	if (key != NULL && !name.lost) {
		if (!more_anchors(a)) {
			fail(l, "out of memory");
		} else {
			t = &a->at[a->n];
			t->dn.data = copy(l, &a->arena, name.p, name.n);
			t->dn.len = name.n;
			t->flags = br_x509_decoder_isCA(&d) ?
			    BR_X509_TA_CA : 0;
			t->pkey = *key;
			copy_public(l, &t->pkey);
			a->n_names += name.n + 2;
			a->n++;
		}
	}
	free(name.p);
}

struct anchors *
anchors_load(const char *file, char *err, size_t size)
{
	struct load l = {0};

	l.file = file;
	l.err = err;
	l.size = size;
	l.anchors = calloc(1, sizeof *l.anchors);
	if (l.anchors == NULL)
		fail(&l, "out of memory");
	else
		read_pem(&l);
	if (!l.failed && l.anchors->n == 0)
		fail(&l, "holds no certificate that can be used");
	if (!l.failed)
		return l.anchors;
	anchors_free(l.anchors);
	return NULL;
}

void
anchors_free(struct anchors *a)
{
	if (a == NULL)
		return;
	free(a->at);
	arena_free(a->arena);
	free(a);
}

const struct anchors *
anchors_system(void)
{
	static const char *const files[] = {
		"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
		"/etc/pki/tls/certs/ca-bundle.crt"
	};
	static struct anchors *system;
	const char *own = getenv("SSL_CERT_FILE");
	char err[256];
	size_t i;

	if (system != NULL)
		return system;
	if (own != NULL && *own != '\0')
		return system = anchors_load(own, err, sizeof err);
	for (i = 0; i < 3 && system == NULL; i++)
		system = anchors_load(files[i], err, sizeof err);
	return system;
}
