#ifndef TLSENDS_H
#define TLSENDS_H

/*
 * What tests of TLS stand on: certificates that openssl(1) makes in a
 * temporary directory, and servers and clients of tls.c joined in memory
 * through random cuts. Peers that do what weir never does are made of the
 * library.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"
#include "tlserror.h"
#include "tlskeys.h"
#include "tlspool.h"

#define DAY INT64_C(86400)
#define PAIRS 4

static int failed;
static const char *about = "start"; /* the case at hand */
static int64_t today;
static char dir[256];

static void
expect(bool ok, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL %s: %s\n", about, why);
	failed = 1;
}

/* the same numbers in each run */
static uint32_t
chance(uint32_t below)
{
	static uint64_t x = UINT64_C(88172645463325252);

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16) % below;
}

/* ---- certificates ---- */

static const char script[] =
"set -e\n"
"ec() { openssl ecparam -name ${2:-prime256v1} -genkey -noout -out $1.key; }\n"
"req() { openssl req -new -key $1.key -subj \"/CN=$2\" -out $1.csr; }\n"
/* sign NAME CN CA EXTENSIONS: NAME.crt for NAME.key */
"sign() {\n"
"	req $1 \"$2\"; printf '%b' \"$4\" >$1.ext\n"
"	openssl x509 -req -in $1.csr -CA $3.crt -CAkey $3.key -days 100 \\\n"
"	    -set_serial 0x1$SERIAL -sha256 -extfile $1.ext \\\n"
"	    -out $1.crt\n"
"	SERIAL=$((SERIAL + 1)); }\n"
"root() {\n"
"	openssl req -x509 -new -key $1.key -subj \"/CN=$2\" -days 100 \\\n"
"	    -sha256 -out $1.crt -addext keyUsage=critical,keyCertSign; }\n"
"SERIAL=1000\n"
"CA='basicConstraints=critical,CA:TRUE\\n'\n"
"ec root; root root 'Test Root'\n"
"ec other; root other 'Other Root'\n"
"ec mid; sign mid 'Test Mid' root \"$CA\"\n"
"ec leaf; sign leaf localhost mid \\\n"
"    'subjectAltName=DNS:localhost,DNS:*.wild.test,IP:127.0.0.1,IP:::1\\n'\n"
"cat leaf.crt mid.crt >leaf.pem; cat leaf.pem leaf.key >leaf.all\n"
"cat leaf.crt root.crt >gap.pem; cat mid.crt leaf.crt >swapped.pem\n"
"cat leaf.crt >short.pem\n"
"ec site; sign site site.test mid 'subjectAltName=DNS:site.test\\n'\n"
"cat site.crt mid.crt >site.pem\n"
"ec p384 secp384r1; sign p384 p384.test root \\\n"
"    'subjectAltName=DNS:p384.test\\n'\n"
"ec cn; sign cn cn.test root 'keyUsage=digitalSignature\\n'\n"
"openssl genrsa -out rsa.key 2048\n"
"sign rsa localhost root 'subjectAltName=DNS:localhost,DNS:rsa.test\\n'\n"
"openssl genrsa -out weak.key 1024\n"
"sign weak localhost root 'subjectAltName=DNS:localhost\\n'\n"
"openssl genrsa -out big.key 3072\n"
"sign big localhost root 'subjectAltName=DNS:localhost\\n'\n"
"ec self; openssl req -x509 -new -key self.key -subj /CN=localhost \\\n"
"    -days 100 -addext subjectAltName=DNS:localhost -out self.crt\n"
"ec eku; sign eku localhost root 'subjectAltName=DNS:localhost\\n"
"extendedKeyUsage=critical,serverAuth\\n'\n"
"ec soon; req soon localhost; printf 'subjectAltName=DNS:localhost\\n' >e\n"
"openssl x509 -req -in soon.csr -CA root.crt -CAkey root.key -days 10 \\\n"
"    -set_serial 77 -sha256 -extfile e -out soon.crt\n"
"ec clientca; root clientca 'Client Root'\n"
"ec client; sign client someone clientca 'keyUsage=digitalSignature\\n'\n"
"cat client.crt client.key >client.all\n"
"openssl genrsa -out clientrsa.key 2048\n"
"sign clientrsa someone clientca 'keyUsage=digitalSignature\\n'\n"
"ec stranger; sign stranger stranger other 'keyUsage=digitalSignature\\n'\n"
"cat stranger.crt stranger.key >stranger.all\n"
"openssl genpkey -algorithm ed25519 -out ed.key\n"
"openssl ec -in leaf.key -aes128 -passout pass:x -out locked1.key\n"
"openssl pkcs8 -topk8 -in leaf.key -passout pass:x -out locked2.key\n"
"openssl pkcs8 -topk8 -nocrypt -in leaf.key -out leaf8.key\n"
"(cat leaf.pem; printf %s \"$(cat leaf.key)\") >nonewline.all\n"
"sed 's/$/\r/' leaf.all >crlf.all\n"
"(echo -----BEGIN CERTIFICATE-----; openssl x509 -in leaf.crt -outform der |\n"
"openssl base64 -A; echo; echo -----END CERTIFICATE-----) >oneline.pem\n"
"(echo -----BEGIN PRIVATE KEY-----; head -c 3000 /dev/zero | openssl base64\n"
"echo -----END PRIVATE KEY-----) >huge.key\n"
"(head -n 5 leaf.crt) >cut.pem\n"
"(echo -----BEGIN CERTIFICATE-----; echo '!!!!') >bad.pem\n"
"(cat leaf.crt; echo -----BEGIN CERTIFICATE-----; echo AAAA;\n"
"echo -----END CERTIFICATE-----) >junk.pem\n"
"(sed '1,/END/d' junk.pem; cat leaf.crt) >first.pem\n"
"cat leaf.crt leaf.crt >twice.pem\n"
": >empty.pem\n"
"for i in 1 2 3 4 5 6 7 8 9; do cat leaf.crt; done >nine.pem\n"
"openssl x509 -in leaf.crt -noout -pubkey | \\\n"
"    openssl pkey -pubin -outform der | openssl dgst -sha256 -r | \\\n"
"    cut -c 1-64 >pin\n";

static void
make_files(void)
{
	const char *top = getenv("TMPDIR");
	FILE *f;

	snprintf(dir, sizeof dir, "%s/weir-tls-XXXXXX",
	    top != NULL ? top : "/tmp");
	if (mkdtemp(dir) == NULL || chdir(dir) != 0 ||
	    (f = fopen("make", "w")) == NULL) {
		perror(dir);
		exit(1);
	}
	fputs(script, f);
	fclose(f);
	if (system("sh make >make.log 2>&1") != 0) {
		fprintf(stderr, "openssl has not made the certificates:\n");
		if (system("tail -n 5 make.log >&2; rm -rf \"$PWD\"") != 0)
			perror("sh");
		exit(1);
	}
}

/* ---- ends ---- */

static char err[512], warning[512];

static struct tls_server *
server(const char *cert, const char *key)
{
	struct tls_server *s = tls_server_new(64, 3600);

	if (s == NULL || tls_server_cert(s, cert, key, err, warning,
	    sizeof err) != 0) {
		fprintf(stderr, "FAIL %s: %s\n", about, err);
		exit(1);
	}
	return s;
}

static inline void
add_cert(struct tls_server *s, const char *cert, const char *key)
{
	if (tls_server_cert(s, cert, key, err, warning, sizeof err) != 0)
		expect(false, err);
}

static struct tls_client *
client_how(const struct tls_client_how *how)
{
	struct tls_client *c = tls_client_new(how, err, sizeof err);

	if (c == NULL) {
		fprintf(stderr, "FAIL %s: %s\n", about, err);
		exit(1);
	}
	return c;
}

static struct tls_client *
client(const char *name, const char *ca)
{
	struct tls_client_how how = {0};

	how.name = name;
	how.ca = ca;
	how.verify = ca != NULL;
	return client_how(&how);
}

/* a peer that is the library's own; it believes any certificate */
struct far {
	const br_x509_class *judge; /* first */
	br_x509_decoder_context decoder;
	bool first;
	br_ssl_engine_context *e;
	br_ssl_client_context c;
	br_ssl_server_context s;
	br_x509_minimal_context unused;
	struct cred *cred;
	unsigned char in[TLSPOOL_IN], out[TLSPOOL_OUT];
};

#define FAR(x) ((struct far *)(void *)(x))

static void
judge_start(const br_x509_class **x, const char *name)
{
	(void)name;
	br_x509_decoder_init(&FAR(x)->decoder, NULL, NULL);
	FAR(x)->first = true;
}

static void
judge_cert(const br_x509_class **x, uint32_t n)
{
	(void)x;
	(void)n;
}

static void
judge_more(const br_x509_class **x, const unsigned char *p, size_t n)
{
	if (FAR(x)->first)
		br_x509_decoder_push(&FAR(x)->decoder, p, n);
}

static void
judge_next(const br_x509_class **x)
{
	FAR(x)->first = false;
}

static unsigned
judge_end(const br_x509_class **x)
{
	(void)x;
	return 0;
}

static const br_x509_pkey *
judge_key(const br_x509_class *const *x, unsigned *usages)
{
	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return br_x509_decoder_get_pkey(&FAR((uintptr_t)x)->decoder);
}

static const br_x509_class judge = {
	sizeof(struct far), judge_start, judge_cert, judge_more, judge_next,
	judge_end, judge_key
};

static struct far *
far_begin(struct far *f, br_ssl_engine_context *e)
{
	unsigned char r[32];

	f->e = e;
	br_ssl_engine_set_buffers_bidi(e, f->in, sizeof f->in, f->out,
	    sizeof f->out);
	tls_entropy(r, sizeof r);
	br_ssl_engine_inject_entropy(e, r, sizeof r);
	e->rng_os_rand_done = 1;
	return f;
}

/* a client; to be reset when it is as it should be */
static struct far *
far_client(void)
{
	struct far *f = calloc(1, sizeof *f);

	if (f == NULL)
		exit(1);
	br_ssl_client_init_full(&f->c, &f->unused, NULL, 0);
	f->judge = &judge;
	br_ssl_engine_set_x509(&f->c.eng, &f->judge);
	return far_begin(f, &f->c.eng);
}

static void
far_free(struct far *f)
{
	cred_free(f->cred);
	free(f);
}

/* all buffers that nobody has are filled with rubbish */
static void
poison(void)
{
	struct tlspair *p[PAIRS];
	int n = 0;

	while (n < PAIRS && (p[n] = tlspool_get()) != NULL)
		memset(p[n++], 0xee, sizeof *p[0]);
	while (n > 0)
		tlspool_put(p[--n]);
}

struct end {
	struct tls *t; /* or */
	struct far *far;
	uint32_t sent, got, goal;
	bool calm; /* neither rests nor sleeps */
	unsigned rests, sleeps;
};

static const unsigned char *
wire_out(struct end *e, size_t *n)
{
	bool more;

	return e->t != NULL ? tls_wire_out(e->t, n, &more) :
	    br_ssl_engine_sendrec_buf(e->far->e, n);
}

static void
wire_out_done(struct end *e, size_t n)
{
	if (e->t != NULL)
		tls_wire_out_done(e->t, n);
	else if (n > 0)
		br_ssl_engine_sendrec_ack(e->far->e, n);
}

static unsigned char *
wire_in(struct end *e, size_t *n)
{
	return e->t != NULL ? tls_wire_in(e->t, n) :
	    br_ssl_engine_recvrec_buf(e->far->e, n);
}

static void
wire_in_done(struct end *e, size_t n)
{
	if (e->t != NULL)
		tls_wire_in_done(e->t, n);
	else
		br_ssl_engine_recvrec_ack(e->far->e, n);
}

static unsigned char *
plain_out(struct end *e, size_t *n)
{
	return e->t != NULL ? tls_plain_out(e->t, n) :
	    br_ssl_engine_sendapp_buf(e->far->e, n);
}

static void
plain_out_done(struct end *e, size_t n)
{
	if (e->t != NULL)
		tls_plain_out_done(e->t, n);
	else
		br_ssl_engine_sendapp_ack(e->far->e, n);
}

static const unsigned char *
plain_in(struct end *e, size_t *n)
{
	return e->t != NULL ? tls_plain_in(e->t, n) :
	    br_ssl_engine_recvapp_buf(e->far->e, n);
}

static void
plain_in_done(struct end *e, size_t n)
{
	if (e->t != NULL)
		tls_plain_in_done(e->t, n);
	else
		br_ssl_engine_recvapp_ack(e->far->e, n);
}

static void
flush(struct end *e)
{
	if (e->t != NULL)
		tls_flush(e->t);
	else
		br_ssl_engine_flush(e->far->e, 0);
}

static bool
ready(const struct end *e)
{
	return e->t != NULL ? tls_ready(e->t) :
	    e->far->e->application_data == 1;
}

static bool
closed(const struct end *e)
{
	return e->t != NULL ? tls_closed(e->t) :
	    br_ssl_engine_current_state(e->far->e) == BR_SSL_CLOSED;
}

static int
error_of(const struct end *e)
{
	return e->t != NULL ? tls_error(e->t) :
	    br_ssl_engine_last_error(e->far->e);
}

static void
rest(struct end *e)
{
	if (e->t == NULL || e->calm)
		return;
	tls_rest(e->t);
	e->rests++;
	poison();
}

/* ---- what they do ---- */

static unsigned char
byte_at(uint32_t i)
{
	return (unsigned char)(i * 2654435761u >> 13);
}

static bool damage; /* sometimes a bit falls over on its way */
static bool prompt; /* small pieces, and nothing left to be flushed */

/* moves some bytes of the network; false: there are none, or nobody reads */
static bool
carry(struct end *from, struct end *to)
{
	static unsigned char some[20000];
	const unsigned char *p;
	unsigned char *q;
	size_t n, room;

	p = wire_out(from, &n);
	if (p == NULL)
		return false;
	if (chance(3) == 0)
		n = 1 + chance(n < 40 ? (uint32_t)n : 40);
	memcpy(some, p, n);
	wire_out_done(from, 0);
	rest(from);
	q = wire_in(to, &room);
	if (q == NULL && !closed(to))
		return false;
	if (q != NULL) {
		if (n > room)
			n = room;
		memcpy(q, some, n);
		if (damage && chance(20) == 0)
			q[chance((uint32_t)n)] ^= (unsigned char)(1 <<
			    chance(8));
		wire_in_done(to, n);
		rest(to);
	}
	p = wire_out(from, &room);
	if (p == NULL || room < n || memcmp(p, some, n) != 0) {
		expect(false, "what leaves has changed");
		return false;
	}
	wire_out_done(from, n);
	return true;
}

static void
put(struct end *e)
{
	unsigned char *p;
	size_t n, i;

	if (e->sent >= e->goal)
		return;
	p = plain_out(e, &n);
	if (p == NULL)
		return;
	i = 1 + chance(!prompt && chance(4) == 0 ? 16384 : 300);
	if (n > i)
		n = i;
	for (i = 0; i < n; i++)
		p[i] = byte_at(e->sent++);
	plain_out_done(e, n);
	if (prompt || chance(3) != 0)
		flush(e);
}

static void
take(struct end *e)
{
	const unsigned char *p;
	size_t n, i;

	while (chance(4) != 0 && (p = plain_in(e, &n)) != NULL) {
		if (chance(2) == 0)
			n = 1 + chance((uint32_t)n);
		for (i = 0; i < n; i++)
			if (p[i] != byte_at(e->got++)) {
				expect(false, "a byte is wrong");
				exit(1);
			}
		plain_in_done(e, n);
	}
}

/* one of the things that may happen at an end */
static void
step(struct end *e, struct end *peer)
{
	put(e);
	if (chance(2) == 0)
		flush(e);
	if (chance(3) != 0)
		carry(e, peer);
	take(e);
	rest(e);
	if (e->t != NULL && !e->calm && chance(3) == 0 && tls_sleep(e->t) &&
	    tls_ready(e->t))
		e->sleeps++;
	poison();
}

static bool
done(const struct end *e, const struct end *peer)
{
	return ready(e) && e->sent >= e->goal && e->got >= peer->goal;
}

/* lets them talk until all goals are met, or nothing moves for long */
static void
talk(struct end *a, struct end *b)
{
	uint32_t sum, was = 0, same = 0, most;

	do {
		step(a, b);
		step(b, a);
		sum = a->sent + a->got + b->sent + b->got;
		same = sum == was ? same + 1 : 0;
		was = sum;
		most = closed(a) || closed(b) || damage ? 500 : 50000;
	} while (!(done(a, b) && done(b, a)) && same < most);
	expect(damage || same < 50000, "it stands still");
}

/* until nothing moves */
static void
settle(struct end *a, struct end *b)
{
	int idle = 0;

	while (idle < 40) {
		idle++;
		if (carry(a, b) || carry(b, a))
			idle = 0;
		take(a);
		take(b);
		rest(a);
		rest(b);
	}
}

static void
end_free(struct end *e)
{
	tls_free(e->t);
	if (e->far != NULL)
		far_free(e->far);
	memset(e, 0, sizeof *e);
}

/* both close: nobody has an error, and all is over */
static void
part(struct end *a, struct end *b)
{
	tls_close(a->t);
	settle(a, b);
	expect(closed(a) && closed(b), "closed");
	expect(error_of(a) == 0 && error_of(b) == 0, "without an error");
	expect(ready(a) == false, "not ready when closed");
	end_free(a);
	end_free(b);
	expect(tlspool_used() == 0, "all buffers are back");
}

static struct end a, b; /* usually: server, client */

static void
begin(struct tls_server *s, struct tls_client *c, uint32_t bytes)
{
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	if (s != NULL)
		a.t = tls_accept(s, NULL);
	if (c != NULL)
		b.t = tls_connect(c, NULL);
	a.goal = b.goal = bytes;
}

/* what the peer answers is dropped: its engine takes it for an error */
static inline size_t
drain(struct end *e)
{
	size_t n, all = 0;

	while (wire_out(e, &n) != NULL) {
		wire_out_done(e, n);
		all += n;
	}
	return all;
}

/* a handshake, and then what is put in whole */
static inline void
shake(struct tls_server *s, struct tls_client *c)
{
	begin(s, c, 0);
	talk(&a, &b);
	settle(&a, &b);
	expect(tls_ready(a.t) && tls_ready(b.t), "shaken");
}

static inline void
say(struct end *e, size_t n)
{
	unsigned char *p;
	size_t room, i;

	while (n > 0 && (p = plain_out(e, &room)) != NULL) {
		if (room > n)
			room = n;
		for (i = 0; i < room; i++)
			p[i] = byte_at(e->sent++);
		plain_out_done(e, room);
		n -= room;
	}
	flush(e);
}

/* the first error of two ends, the client's first */
static inline int
error_of_both(void)
{
	return error_of(&b) != 0 ? error_of(&b) : error_of(&a);
}

/* false where sleep is compiled out, or its self-test fails */
static inline bool
sleepy(void)
{
	return strstr(tls_about(), "hibernation") != NULL;
}

static void
begin_tests(void)
{
	make_files();
	today = time(NULL);
	tls_clock(today);
	if (tls_init(PAIRS) != 0) {
		perror("tls_init");
		exit(1);
	}
}

static int
end_tests(void)
{
	if (system("rm -rf \"$PWD\"") != 0)
		perror(dir);
	return failed;
}

#endif
