/* Tests tls.c: bytes, records, buffers, sleep, and how it ends; and that no
 * peer holds secure.c up, however much it sends. */
#include <sys/socket.h>

#include <fcntl.h>

#include "der.h"
#include "tlsends.h"
#include "secure.h"

/* false where sleep is compiled out, or its self-test fails */
static bool
sleepy(void)
{
	return strstr(tls_about(), "hibernation") != NULL;
}

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

/* what the peer answers is dropped: its engine takes it for an error */
static size_t
drain(struct end *e)
{
	size_t n, all = 0;

	while (wire_out(e, &n) != NULL) {
		wire_out_done(e, n);
		all += n;
	}
	return all;
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

/* a handshake, and then what is put in whole */
static void
shake(struct tls_server *s, struct tls_client *c)
{
	begin(s, c, 0);
	talk(&a, &b);
	settle(&a, &b);
	expect(tls_ready(a.t) && tls_ready(b.t), "shaken");
}

static void
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

static void
test_close(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	const unsigned char *p;
	size_t n;

	about = "close with unread data";
	shake(s, c);
	say(&a, 5000);
	while (carry(&a, &b))
		;
	expect(plain_in(&b, &n) != NULL && n > 0, "something waits");
	tls_close(b.t);
	expect(plain_in(&b, &n) == NULL, "and is gone");
	expect(wire_out(&b, &n) != NULL, "close_notify goes");
	settle(&a, &b);
	expect(closed(&a) && closed(&b) && error_of_both() == 0, "closed");
	end_free(&a);
	end_free(&b);

	about = "close with unread records";
	shake(s, c);
	b.calm = true;
	for (n = 0; n < 20; n++) {
		say(&a, 100);
		while (carry(&a, &b))
			;
	}
	tls_close(b.t);
	settle(&a, &b);
	expect(closed(&a) && closed(&b) && error_of_both() == 0, "closed");
	end_free(&a);
	end_free(&b);

	about = "close behind data";
	shake(s, c);
	say(&a, 3000);
	tls_close(a.t);
	expect(plain_out(&a, &n) == NULL, "no room behind it");
	settle(&a, &b);
	expect(b.got == 3000, "the data comes");
	expect(closed(&a) && closed(&b) && error_of_both() == 0, "closed");
	end_free(&a);
	end_free(&b);

	about = "close behind what was not flushed";
	shake(s, c);
	memset(plain_out(&a, &n), byte_at(0), 1);
	plain_out_done(&a, 1);
	tls_rest(a.t);
	tls_close(a.t);
	settle(&a, &b);
	expect(b.got == 1 && closed(&b) && error_of_both() == 0, "it comes");
	end_free(&a);
	end_free(&b);

	about = "data before the peer's close_notify";
	shake(s, c);
	say(&a, 10);
	drain(&a);
	a.sent = 0;
	end_free(&a);
	end_free(&b);
	shake(s, c);
	say(&a, 2000);
	tls_close(a.t);
	while (carry(&a, &b))
		;
	expect(!tls_ready(a.t) || !closed(&b) || b.got == 2000 ||
	    plain_in(&b, &n) != NULL, "closed only when it was taken");
	p = plain_in(&b, &n);
	expect(p != NULL, "data is there");
	settle(&a, &b);
	expect(b.got == 2000 && closed(&b), "then closed");
	end_free(&a);
	end_free(&b);

	about = "close asleep";
	shake(s, c);
	expect(tls_sleep(a.t) == sleepy() && tls_sleep(b.t) == sleepy(),
	    "asleep");
	part(&a, &b);

	about = "close before anything";
	begin(s, c, 0);
	tls_close(a.t);
	tls_close(b.t);
	expect(closed(&a) && closed(&b) && wire_out(&a, &n) == NULL &&
	    wire_out(&b, &n) == NULL && wire_in(&b, &n) == NULL, "silence");
	end_free(&a);
	end_free(&b);

	about = "close amid a handshake";
	begin(s, c, 0);
	carry(&b, &a);
	tls_close(b.t);
	settle(&a, &b);
	expect(closed(&a) && !tls_ready(a.t), "over");
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

/* our end is said, and what the peer still sends is taken */
static void
test_shut(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	size_t n;
	int how;

	for (how = 0; how < 3; how++) {
		about = how == 0 ? "shut" : how == 1 ? "shut behind data" :
		    "shut asleep";
		begin(s, NULL, 0);
		b.far = far_client();
		br_ssl_client_reset(&b.far->c, "localhost", 0);
		talk(&a, &b);
		settle(&a, &b);
		if (how == 1)
			say(&a, 40000);
		if (how == 2)
			expect(tls_sleep(a.t) == sleepy(), "asleep");
		/* the library's peer hears an end and ends: so what it says
		 * afterwards is on its way already */
		say(&b, 16000);
		tls_shut(a.t);
		expect(plain_out(&a, &n) == NULL, "no room behind it");
		while (carry(&b, &a))
			take(&a);
		settle(&a, &b);
		expect(a.got == 16000, "what came is taken");
		expect(b.got == a.sent, "what was put has left");
		expect(closed(&a) && closed(&b) && error_of_both() == 0,
		    "both are closed");
		end_free(&a);
		end_free(&b);
	}

	about = "shut by one who goes on to receive for long";
	shake(s, c);
	tls_shut(a.t);
	expect(drain(&a) > 20, "says it");
	for (n = 0; n < 20; n++) {
		say(&b, 16000);
		while (carry(&b, &a))
			take(&a);
		take(&a);
		expect(drain(&a) == 0, "and says nothing more");
		rest(&a);
		tls_sleep(a.t);
	}
	tls_close(b.t);
	settle(&b, &a);
	expect(a.got == b.sent && closed(&a) && error_of(&a) == 0, "all came");
	expect(drain(&a) == 0, "not even an answer to the end");
	end_free(&a);
	end_free(&b);

	about = "shut before anything";
	begin(s, c, 0);
	tls_shut(a.t);
	tls_shut(b.t);
	expect(closed(&a) && closed(&b), "silence");
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

/* half a record for many, and few buffers */
#define MANY 40

static void
test_starved(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	static struct end as[MANY], bs[MANY];
	struct tlspair *p[PAIRS];
	const unsigned char *from;
	size_t i, n, room;

	about = "half records";
	for (i = 0; i < MANY; i++) {
		shake(s, c);
		as[i] = a;
		bs[i] = b;
		say(&bs[i], 1000);
		from = wire_out(&bs[i], &n);
		memcpy(wire_in(&as[i], &room), from, n / 2);
		wire_in_done(&as[i], n / 2);
		wire_out_done(&bs[i], n / 2);
		rest(&as[i]);
		rest(&bs[i]);
		expect(tlspool_used() <= PAIRS / 2, "buffers are free");
		expect(tls_size(as[i].t) < 12000 || i < PAIRS, "and small");
	}
	for (i = 0; i < MANY; i++) {
		settle(&as[i], &bs[i]);
		expect(as[i].got == 1000, "all come");
	}
	about = "no buffer";
	for (i = 0; i < MANY; i++) {
		tls_rest(as[i].t);
		tls_rest(bs[i].t);
	}
	for (i = 0; i < PAIRS; i++)
		p[i] = tlspool_get();
	expect(p[PAIRS - 1] != NULL, "all are taken");
	begin(s, c, 500);
	expect(wire_out(&b, &n) == NULL && tls_starved(b.t), "no hello");
	expect(wire_in(&a, &n) == NULL && tls_starved(a.t), "nor takes one");
	expect(wire_in(&as[0], &n) == NULL && tls_starved(as[0].t),
	    "nor more");
	expect(plain_out(&as[0], &n) == NULL, "nor sends");
	expect(tls_sleep(as[0].t) == sleepy(), "it may sleep");
	tls_close(as[0].t);
	expect(wire_out(&as[0], &n) == NULL, "closes later");
	for (i = 0; i < PAIRS; i++)
		tlspool_put(p[i]);
	talk(&a, &b);
	expect(!tls_starved(a.t) && error_of_both() == 0, "then it works");
	part(&a, &b);
	settle(&as[0], &bs[0]);
	expect(closed(&as[0]) && closed(&bs[0]), "closed at last");
	for (i = 0; i < MANY; i++) {
		end_free(&as[i]);
		end_free(&bs[i]);
	}
	expect(tlspool_used() == 0, "all buffers are back");
	about = "one buffer for two";
	tlspool_init(1);
	prompt = true;
	begin(s, c, 300000);
	talk(&a, &b);
	prompt = false;
	expect(done(&a, &b) && done(&b, &a), "all came");
	part(&a, &b);
	tlspool_init(PAIRS);
	tls_server_free(s);
	tls_client_free(c);
}

static void *stalled[MANY];
static int n_stalled;

static void
note_stalled(void *owner)
{
	stalled[n_stalled++] = owner;
}

/* the rest of a record of n bytes stays out; it is put aside */
static void
hold_back(struct tls_server *s, struct tls_client *c, struct end *as,
    struct end *bs, size_t n)
{
	const unsigned char *from;
	size_t room;

	shake(s, c);
	*as = a;
	*bs = b;
	say(bs, 16000);
	from = wire_out(bs, &room);
	memcpy(wire_in(as, &room), from, n);
	wire_in_done(as, n);
	wire_out_done(bs, n);
	rest(as);
	rest(bs);
}

/* whose records are held up when there is no memory left for more of them */
static void
test_stalled(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	static struct end as[MANY], bs[MANY];
	const unsigned char *from;
	unsigned char *to;
	size_t n;
	int i;

	about = "stalled";
	tls_stalled(note_stalled);
	/* both ends hold their parts, 16 KB for each i; but those of the
	 * first stay in their buffers */
	for (i = 0; n_stalled < 6 && i < MANY; i++)
		hold_back(s, c, &as[i], &bs[i], 8000);
	expect(i > 8 && i < 14, "some stand");
	expect(closed(&as[1]) && error_of(&as[1]) == TLS_E_STALLED &&
	    stalled[0] == NULL, "the first goes first");
	expect(!closed(&as[i - 1]) && !closed(&bs[i - 1]), "the last stays");
	expect(tls_size(as[1].t) < 200, "nothing of it is left");
	expect(plain_in(&as[1], &n) == NULL && wire_in(&as[1], &n) == NULL &&
	    wire_out(&as[1], &n) == NULL && plain_out(&as[1], &n) == NULL,
	    "nothing moves there");
	rest(&as[1]);
	tls_close(as[1].t);
	expect(tls_sleep(as[1].t), "nor harms");
	settle(&as[i - 1], &bs[i - 1]);
	expect(as[i - 1].got == 16000, "the others' records come");

	about = "a byte now and then";
	n_stalled = 0;
	while (i > 0) {
		end_free(&as[--i]);
		end_free(&bs[i]);
	}
	hold_back(s, c, &as[0], &bs[0], 8000);
	hold_back(s, c, &as[1], &bs[1], 8000);
	for (i = 2; i < MANY && n_stalled == 0; i++) {
		hold_back(s, c, &as[i], &bs[i], 8000);
		from = wire_out(&bs[1], &n);
		to = wire_in(&as[1], &n);
		if (from == NULL || to == NULL)
			break;
		*to = *from;
		wire_in_done(&as[1], 1);
		wire_out_done(&bs[1], 1);
		rest(&as[1]);
		rest(&bs[1]);
	}
	expect(closed(&as[1]) || closed(&bs[1]), "does not help");

	about = "record after record";
	n_stalled = 0;
	while (i > 0) {
		end_free(&as[--i]);
		end_free(&bs[i]);
	}
	hold_back(s, c, &as[0], &bs[0], 8000);
	hold_back(s, c, &as[1], &bs[1], 8000);
	for (i = 2; i < MANY && n_stalled < 4; i++) {
		hold_back(s, c, &as[i], &bs[i], 8000);
		settle(&as[1], &bs[1]);
		say(&bs[1], 16000);
		from = wire_out(&bs[1], &n);
		memcpy(wire_in(&as[1], &n), from, 8000);
		wire_in_done(&as[1], 8000);
		wire_out_done(&bs[1], 8000);
		rest(&as[1]);
		rest(&bs[1]);
	}
	expect(!closed(&as[1]) && !closed(&bs[1]) && n_stalled >= 4,
	    "is never the oldest");
	while (i > 0) {
		end_free(&as[--i]);
		end_free(&bs[i]);
	}
	expect(tlspool_used() == 0 && tlspool_oldest() == NULL,
	    "all buffers are back");
	tls_stalled(NULL);
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

/* a server and a client are held by their connections */
static void
test_held(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");

	about = "held";
	begin(s, c, 1000);
	tls_server_free(s);
	tls_client_free(c);
	talk(&a, &b);
	expect(error_of_both() == 0, "by connections");
	part(&a, &b);
	tls_free(NULL);
	tls_server_free(NULL);
	tls_client_free(NULL);
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

/* ---- over a socket ---- */

static int wire; /* the far end's socket */
static struct far *far;
static struct conn *c;

static void
connected(struct tls *t)
{
	int fd[2], room = 1 << 20, i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0) {
		perror("socketpair");
		exit(1);
	}
	for (i = 0; i < 2; i++) {
		setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
		setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
		fcntl(fd[i], F_SETFL, O_NONBLOCK);
	}
	wire = fd[0];
	c = conn_open(fd[1], CONN_CLIENT, NULL);
	if (c == NULL || t == NULL)
		exit(1);
	c->tls = t;
}

static void
disconnected(void)
{
	close(wire);
	conn_close(c);
}

static bool
waiting(void)
{
	char byte;

	return recv(c->fd, &byte, 1, MSG_PEEK) == 1;
}

static void
tell(void)
{
	const unsigned char *p;
	ssize_t sent;
	size_t n;

	while ((p = br_ssl_engine_sendrec_buf(far->e, &n)) != NULL) {
		sent = send(wire, p, n, 0);
		if (sent < 0)
			return;
		br_ssl_engine_sendrec_ack(far->e, (size_t)sent);
	}
}

static void
hear(void)
{
	unsigned char *p;
	ssize_t got;
	size_t n;

	while ((p = br_ssl_engine_recvrec_buf(far->e, &n)) != NULL) {
		got = recv(wire, p, n, 0);
		if (got <= 0)
			return;
		br_ssl_engine_recvrec_ack(far->e, (size_t)got);
	}
}

/* a connection whose handshake is done */
static void
established(struct tls_server *s)
{
	int i;

	connected(tls_accept(s, NULL));
	far = far_client();
	br_ssl_client_reset(&far->c, "localhost", 0);
	for (i = 0; i < 10 && secure_handshake(c) == 0; i++) {
		tell();
		hear();
	}
	hear();
	expect(tls_ready(c->tls) && far->e->application_data == 1,
	    "the handshake");
}

/* the far end sends many records of that many bytes, in one go: the socket
 * would have less room for small pieces */
static void
send_records(size_t bytes)
{
	static unsigned char records[300000];
	const unsigned char *p;
	unsigned char *data;
	size_t used = 0, n;

	for (;;) {
		data = br_ssl_engine_sendapp_buf(far->e, &n);
		memset(data, 'x', bytes);
		if (bytes > 0)
			br_ssl_engine_sendapp_ack(far->e, bytes);
		br_ssl_engine_flush(far->e, 1);
		p = br_ssl_engine_sendrec_buf(far->e, &n);
		if (p == NULL || n > sizeof records - used)
			break;
		memcpy(records + used, p, n);
		used += n;
		br_ssl_engine_sendrec_ack(far->e, n);
	}
	expect(send(wire, records, used, 0) > 150000, "much is sent");
}

static void
nothing_comes(void)
{
	static unsigned char to[65536];
	int turns;

	for (turns = 0; waiting() && turns < 1000; turns++)
		if (secure_recv(c, to, sizeof to) != -1)
			break;
	expect(!waiting(), "all is read");
	expect(turns > 1, "not in one turn");
}

static void
test_alerts(struct tls_client *client)
{
	/* a warning, 90: user_canceled */
	static const unsigned char alert[] = {21, 3, 3, 0, 2, 1, 90};
	static unsigned char some[7 * 40000];
	size_t i;
	int turns;

	about = "alerts in a handshake";
	connected(tls_connect(client, NULL));
	for (i = 0; i < sizeof some; i++)
		some[i] = alert[i % sizeof alert];
	expect(send(wire, some, sizeof some, 0) > 150000, "much is sent");
	for (turns = 0; waiting() && turns < 1000; turns++)
		if (secure_handshake(c) != 0)
			break;
	expect(!waiting(), "all is read");
	expect(turns > 1, "not in one turn");
	disconnected();
}

static void
test_empty(struct tls_server *s)
{
	about = "empty records";
	established(s);
	send_records(0);
	nothing_comes();
	disconnected();
	far_free(far);
}

static void
test_closed(struct tls_server *s)
{
	about = "data after the end";
	established(s);
	tls_close(c->tls);
	send_records(16000);
	nothing_comes();
	disconnected();
	far_free(far);
}

static void
test_floods(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *to = client("localhost", "root.crt");

	conn_init(4);
	test_alerts(to);
	test_empty(s);
	test_closed(s);
	tls_server_free(s);
	tls_client_free(to);
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
	test_close();
	test_shut();
	test_starved();
	test_stalled();
	test_bulk();
	test_damage();
	test_held();
	test_texts();
	test_floods();
	return end_tests();
}
