/* Tests tls.c: bytes and records, whatever their cuts, rests and sleep. */
#include "der.h"
#include "tlsends.h"

static struct far *
far_server(const char *cert, const char *key)
{
	struct far *f = calloc(1, sizeof *f);

	if (f == NULL || (f->cred = cred_load(cert, key, 0, err, NULL,
	    sizeof err)) == NULL)
		exit(1);
	if (f->cred->type == BR_KEYTYPE_RSA)
		br_ssl_server_init_full_rsa(&f->s, f->cred->chain,
		    f->cred->n_chain, &f->cred->rsa);
	else
		br_ssl_server_init_full_ec(&f->s, f->cred->chain,
		    f->cred->n_chain, BR_KEYTYPE_EC, &f->cred->ec);
	return far_begin(f, &f->s.eng);
}

static const struct {
	uint16_t id;
	int key; /* 1 RSA, 2 ECDSA */
	const char *name; /* NULL: not ours */
} suites[] = {
	{BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 2,
	    "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 1,
	    "ECDHE-RSA-AES128-GCM-SHA256"},
	{BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 2,
	    "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 1,
	    "ECDHE-RSA-AES256-GCM-SHA384"},
	{BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 2,
	    "ECDHE-ECDSA-CHACHA20-POLY1305"},
	{BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 1,
	    "ECDHE-RSA-CHACHA20-POLY1305"},
	{BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, 2, NULL},
	{BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, 1, NULL},
	{BR_TLS_RSA_WITH_AES_128_GCM_SHA256, 1, NULL},
};

/* each suite in both roles, with much data, rests and sleep */
static void
test_suites(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	size_t i;

	add_cert(s, "rsa.crt", "rsa.key");
	for (i = 0; i < sizeof suites / sizeof suites[0]; i++) {
		about = suites[i].name != NULL ? suites[i].name : "CBC, RSA";
		begin(s, NULL, 500000);
		b.far = far_client();
		br_ssl_engine_set_suites(b.far->e, &suites[i].id, 1);
		br_ssl_client_reset(&b.far->c, "localhost", 0);
		talk(&a, &b);
		expect(tls_fault(error_of(&a)) == (suites[i].name == NULL ?
		    TLS_F_SUITE : TLS_F_NONE), "the server's verdict");
		if (suites[i].name != NULL) {
			expect(strcmp(tls_suite(a.t), suites[i].name) == 0,
			    "the server's name of it");
			expect(done(&a, &b) && done(&b, &a), "all came");
			expect(a.sleeps > 5 || !sleepy(), "it has slept");
		}
		end_free(&a);
		end_free(&b);

		begin(NULL, c, 500000);
		a.far = suites[i].key == 1 ? far_server("rsa.crt", "rsa.key") :
		    far_server("leaf.pem", "leaf.key");
		br_ssl_engine_set_suites(a.far->e, &suites[i].id, 1);
		br_ssl_server_reset(&a.far->s);
		talk(&a, &b);
		expect(tls_fault(error_of(&b)) == (suites[i].name == NULL ?
		    TLS_F_SUITE : TLS_F_NONE), "the client's verdict");
		if (suites[i].name != NULL) {
			expect(strcmp(tls_suite(b.t), suites[i].name) == 0,
			    "the client's name of it");
			expect(done(&a, &b) && done(&b, &a), "all came");
			expect(b.sleeps > 5 || !sleepy(), "it has slept");
			part(&b, &a);
		}
		end_free(&a);
		end_free(&b);
	}
	about = "preference";
	begin(s, c, 10);
	talk(&a, &b);
	expect(strcmp(tls_suite(a.t), strstr(tls_about(), "hardware") != NULL ?
	    "ECDHE-ECDSA-AES128-GCM-SHA256" :
	    "ECDHE-ECDSA-CHACHA20-POLY1305") == 0, "ECDSA, and the fast one");
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

/* versions, and what is no TLS at all */
static void
test_others(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		int client, error;
		enum tls_fault fault;
		const char *why;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", 18, 0, 3, TLS_F_NOT_TLS,
		    "HTTP to the server"},
		{"HTTP/1.1 400 Bad Request\r\n", 26, 1, 3, TLS_F_NOT_TLS,
		    "HTTP from the upstream"},
		{"SSH-2.0-x\r\n", 11, 1, 3, TLS_F_NOT_TLS, "SSH"},
		{"\x15\3\3\0\2\2\x46", 7, 1, TLS_E_NEW, TLS_F_VERSION,
		    "TLS 1.3 only"},
		{"\x15\3\1\0\2\2\x28", 7, 1, 256 + 40, TLS_F_SUITE,
		    "handshake_failure"},
		{"\x15\3\3\0\2\2\x70", 7, 1, 256 + 112, TLS_F_NAME,
		    "unrecognized_name"},
		{"\x15\3\3\0\2\2\xfa", 7, 1, 256 + 250, TLS_F_OTHER,
		    "an alert that nobody knows"},
		{"\x15\3\3\0\2\2\x46", 7, 0, 256 + 70, TLS_F_VERSION,
		    "a client that wants 1.3 only"},
		{"\x16\3\2\0\x2a\2\0\0\x26\3\2" "01234567890123456789"
		    "012345678901\0\xc0\x13\0", 47, 1, TLS_E_OLD,
		    TLS_F_VERSION, "TLS 1.1 only"},
		{"\x16\3\1\x50\0", 5, 0, 5, TLS_F_OTHER, "20 KB of it"},
		{"\x16\3\1\0\4\x0b\0\0\0", 9, 0, 10, TLS_F_OTHER,
		    "a certificate instead of a hello"},
	};
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	unsigned char *p;
	size_t i, n;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		about = rows[i].why;
		begin(s, c, 0);
		if (rows[i].client)
			expect(wire_out(&b, &n) != NULL, "says hello");
		p = wire_in(rows[i].client ? &b : &a, &n);
		memcpy(p, rows[i].bytes, rows[i].n);
		wire_in_done(rows[i].client ? &b : &a, rows[i].n);
		expect(closed(rows[i].client ? &b : &a), "over");
		n = (size_t)error_of(rows[i].client ? &b : &a);
		if ((int)n != rows[i].error)
			fprintf(stderr, "error %zu\n", n);
		expect((int)n == rows[i].error, "error");
		expect(tls_fault((int)n) == rows[i].fault, "fault");
		end_free(&a);
		end_free(&b);
	}
	about = "a client of TLS 1.1";
	begin(s, NULL, 0);
	b.far = far_client();
	br_ssl_engine_set_versions(b.far->e, BR_TLS10, BR_TLS11);
	br_ssl_client_reset(&b.far->c, "localhost", 0);
	talk(&a, &b);
	expect(error_of(&a) == 512 + 70 &&
	    tls_fault(512 + 70) == TLS_F_VERSION, "is told so");
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

static struct {
	unsigned n;
	char names[2][64];
} seen;

static void
see(void *arg, unsigned i, const unsigned char *p, size_t n)
{
	struct der_cert c;
	struct der name;

	expect(arg == &seen && i == seen.n, "in order");
	expect(der_cert(&c, p, n) && der_who(c.subject, &name), "whole");
	if (i < 2)
		snprintf(seen.names[i], sizeof seen.names[i], "%.*s",
		    (int)name.n, (const char *)name.p);
	seen.n++;
}

/* what is shown is seen, whether it is believed or not */
static void
test_watch(void)
{
	static const struct {
		const char *ca;
		int error;
		const char *why;
	} rows[] = {
		{"root.crt", 0, "watched"},
		{"other.crt", 62, "watched, and not trusted"},
	};
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		about = rows[i].why;
		memset(&seen, 0, sizeof seen);
		c = client("localhost", rows[i].ca);
		begin(s, c, 0);
		tls_watch(see, &seen);
		talk(&a, &b);
		tls_watch(NULL, NULL);
		expect(error_of(&b) == rows[i].error, "error");
		expect(seen.n == 2 && strcmp(seen.names[0], "localhost") == 0 &&
		    strcmp(seen.names[1], "Test Mid") == 0, "both");
		end_free(&a);
		end_free(&b);
		tls_client_free(c);
	}
	tls_server_free(s);
}

/* a record of another type than data, when the handshake is done */
static bool
odd_record(struct end *far, struct end *to, const char *bytes, size_t n)
{
	br_ssl_engine_context *e = far->far->e;
	unsigned char *p;
	size_t room;

	e->record_type_out = 22;
	p = br_ssl_engine_sendapp_buf(e, &room);
	if (p == NULL)
		return false;
	memcpy(p, bytes, n);
	br_ssl_engine_sendapp_ack(e, n);
	br_ssl_engine_flush(e, 0);
	e->record_type_out = 23;
	while (carry(far, to))
		;
	return true;
}

static void
test_renegotiation(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	int i, answers = 0, asleep;

	for (asleep = 0; asleep < 2; asleep++) {
		about = asleep ? "a hello after sleep" : "a hello when done";
		begin(s, NULL, 1000);
		a.calm = !asleep;
		b.far = far_client();
		br_ssl_client_reset(&b.far->c, "localhost", 0);
		talk(&a, &b);
		settle(&a, &b);
		if (asleep)
			expect(tls_sleep(a.t) == sleepy(), "sleeps");
		odd_record(&b, &a, "\1\0\0\0", 4);
		expect(!closed(&a) && tls_ready(a.t), "it lives");
		expect(drain(&a) > 0, "and refuses");
		if (asleep)
			expect(tls_sleep(a.t) == sleepy(), "sleeps again");
		for (i = 0; i < 50 && !closed(&a); i++) {
			odd_record(&b, &a, "\1\0\0\0", 4);
			answers += drain(&a) > 0;
		}
		expect(error_of(&a) == TLS_E_RENEGOTIATION, "but not for ever");
		expect(answers >= 2 && answers < 20, "a few times");
		end_free(&a);
		end_free(&b);
	}
	about = "HelloRequest";
	begin(NULL, c, 1000);
	a.far = far_server("leaf.pem", "leaf.key");
	br_ssl_server_reset(&a.far->s);
	talk(&a, &b);
	settle(&a, &b);
	tls_sleep(b.t);
	odd_record(&a, &b, "\0\0\0\0", 4);
	expect(!closed(&b) && drain(&b) > 0, "is refused");
	for (i = 0; i < 50 && !closed(&b); i++) {
		odd_record(&a, &b, "\0\0\0\0", 4);
		drain(&b);
	}
	expect(error_of(&b) == TLS_E_RENEGOTIATION, "not for ever");
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

/* moves what from has to say, whole records; notes each by its type and
 * whether more follows */
static void
note_flight(struct end *from, struct end *to, char *note)
{
	const unsigned char *p;
	unsigned char *q;
	size_t n, room;
	bool more;

	while ((p = tls_wire_out(from->t, &n, &more)) != NULL) {
		*note++ = "CAHD"[(p[0] - 20) & 3];
		*note++ = more ? '+' : '.';
		q = tls_wire_in(to->t, &room);
		if (q == NULL || n > room) {
			expect(false, "there is room");
			break;
		}
		memcpy(q, p, n);
		tls_wire_out_done(from->t, n);
		tls_wire_in_done(to->t, n);
	}
	*note = '\0';
}

static void
test_flights(void)
{
	static const char *const flights[2][4] = {
		{"H.", "H.", "H+C+H.", "C+H."}, {"H.", "H+C+H.", "C+H.", ""}
	};
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	int resumed, i;
	char note[32];

	about = "flights of a handshake";
	for (resumed = 0; resumed < 2; resumed++) {
		begin(s, c, 0);
		for (i = 0; i < 4; i++) {
			note_flight(i % 2 == 0 ? &b : &a,
			    i % 2 == 0 ? &a : &b, note);
			expect(strcmp(note, flights[resumed][i]) == 0,
			    "each leaves at once");
		}
		expect(tls_ready(a.t) && tls_ready(b.t), "they are ready");
		expect(tls_resumed(a.t) == resumed, "as it was meant");
		end_free(&a);
		end_free(&b);
	}
	tls_server_free(s);
	tls_client_free(c);
}

#define HELLOS 6
static unsigned char hellos[HELLOS][32];

/* moves a first flight, and keeps the random bytes in it (RFC 5246 7.4.1.2) */
static void
note_hello(struct end *from, struct end *to, unsigned char *random)
{
	const unsigned char *p;
	size_t n;

	p = wire_out(from, &n);
	if (p == NULL || n < 43)
		exit(1);
	memcpy(random, p + 11, 32);
	while (carry(from, to))
		;
}

static void
test_random(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	int i, j;

	about = "random bytes";
	for (i = 0; i < HELLOS; i += 2) {
		begin(s, c, 0);
		note_hello(&b, &a, hellos[i]);
		note_hello(&a, &b, hellos[i + 1]);
		end_free(&a);
		end_free(&b);
	}
	for (i = 0; i < HELLOS; i++)
		for (j = 0; j < i; j++)
			expect(memcmp(hellos[i], hellos[j], 32) != 0,
			    "nobody has another one's");
	tls_server_free(s);
	tls_client_free(c);
}

/* much of it, with and without rests, in both roles */
static void
test_bulk(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	struct tlspair *taken[2] = {NULL, NULL};
	int calm;

	for (calm = 0; calm < 4; calm++) {
		about = calm < 3 ? "bulk" : "bulk, and few buffers";
		if (calm == 3) {
			taken[0] = tlspool_get();
			taken[1] = tlspool_get();
		}
		begin(s, c, 3000000);
		a.calm = calm == 1;
		b.calm = calm == 2;
		talk(&a, &b);
		expect(done(&a, &b) && done(&b, &a), "all came");
		expect(a.calm || a.sleeps > 50 || !sleepy(),
		    "the server slept");
		expect(b.calm || b.sleeps > 50 || !sleepy(),
		    "the client slept");
		tlspool_put(taken[0]);
		tlspool_put(taken[1]);
		part(&a, &b);
	}
	tls_server_free(s);
	tls_client_free(c);
}

/* bytes that change on their way: whatever comes of it, it ends */
static void
test_damage(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c;
	int i, errors = 0;

	about = "damage";
	tls_server_client_ca(s, "localhost", "clientca.crt", err, sizeof err);
	damage = true;
	for (i = 0; i < 120; i++) {
		struct tls_client_how how = {"localhost", "root.crt", NULL,
		    "client.crt", "client.key", true};

		if (i % 2 == 1)
			how.name = "a.wild.test";
		c = client_how(&how);
		begin(s, c, 20000);
		talk(&a, &b);
		errors += error_of(&a) != 0 || error_of(&b) != 0;
		end_free(&a);
		end_free(&b);
		tls_client_free(c);
	}
	damage = false;
	printf("%d of 120 were damaged\n", errors);
	expect(errors > 60, "it is noticed");
	expect(tlspool_used() == 0, "all buffers are back");
	tls_server_free(s);
}

/* what is told of each error, and what connections take */
static void
test_texts(void)
{
	static struct tls_server *s;
	struct tls_client *c;
	size_t n;
	int i;

	about = "texts";
	for (i = -1; i < 1100; i++)
		expect(tls_error_text(i) != NULL &&
		    strlen(tls_error_text(i)) > 5 &&
		    tls_fault(i) <= TLS_F_OTHER, "there is one");
	expect(tls_fault(0) == TLS_F_NONE, "none");
	about = "sizes";
	s = server("leaf.pem", "leaf.key");
	c = client("localhost", "root.crt");
	begin(s, c, 0);
	printf("new %zu", tls_size(a.t));
	expect(tls_size(a.t) < 200, "new");
	end_free(&a);
	end_free(&b);
	shake(s, c);
	/* they may be asleep */
	plain_out(&a, &n);
	plain_out(&b, &n);
	printf(", up %zu", tls_size(a.t));
	tls_rest(a.t);
	tls_rest(b.t);
	printf(", rested %zu server %zu client", tls_size(a.t), tls_size(b.t));
	expect(tls_size(a.t) < 4000, "rested");
	if (tls_sleep(a.t) && tls_sleep(b.t))
		printf(", asleep %zu server %zu client",
		    tls_size(a.t), tls_size(b.t));
	expect(!sleepy() || tls_size(a.t) < 900, "asleep");
	part(&a, &b);
	begin(s, NULL, 0);
	b.far = far_client();
	br_ssl_engine_set_suites(b.far->e, &suites[4].id, 1);
	br_ssl_client_reset(&b.far->c, "localhost", 0);
	talk(&a, &b);
	settle(&a, &b);
	if (tls_sleep(a.t))
		printf(" (%zu with ChaCha20)", tls_size(a.t));
	printf("\n%s\n", tls_about());
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

int
main(void)
{
	begin_tests();
	test_suites();
	test_others();
	test_watch();
	test_renegotiation();
	test_flights();
	test_random();
	test_bulk();
	test_damage();
	test_texts();
	return end_tests();
}
