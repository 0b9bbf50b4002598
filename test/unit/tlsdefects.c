/*
 * What is known to be wrong with BearSSL 0.6, each with the test that weir
 * does not suffer from it:
 *
 *	a session resumed with another ALPN is read out of bounds
 *	    tls.c test_sessions, e2e/tls_server resumption_alpn
 *	sessions know neither the client's certificate nor the name
 *	    tls.c test_sessions, test_client_certs, e2e/tls_certs
 *	br_ssl_engine_set_buffer() lays halves over one another
 *	    conf/fence: it is not called; here, both at once
 *	a reset hides that a buffer is too small
 *	    tls.c asserts the sizes; here, the largest records
 *	br_ssl_engine_close() waits for ever for what was not read
 *	    tlswire.c test_close
 *	the decoder of keys writes past its end
 *	    tls.c test_loads; here
 *	br_rsa_i31_compute_modulus() has too small a buffer
 *	    conf/fence: it is not called
 *	seeds come from RDRAND alone, or from a device
 *	    here: they are never asked for
 *	some letters make a name unreadable (U+FDD0 to U+FEDF)
 *	    here
 *	X25519 takes a point that makes every secret 0
 *	    here: it leads to nothing
 *	the full profiles have CBC, 3DES and RSA without forward secrecy
 *	    tlswire.c test_suites, e2e/tls_scan; conf/fence
 *	most failures send no alert
 *	    e2e/tls_server garbage: the connection ends at once
 *
 * P-256 in 62 and 64 bits was wrong between releases, never in one.
 */
#include "tlsends.h"

#include "bear.h"

static bool asked; /* the library, for seeds */

br_prng_seeder
br_prng_seeder_system(const char **name)
{
	asked = true;
	if (name != NULL)
		*name = "none";
	return 0;
}

/* two hellos, and their answers, have nothing random in common */
static void
test_seeds(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	unsigned char random[2][2][28], *to;
	const unsigned char *p;
	size_t n, room;
	int i;

	about = "seeds";
	for (i = 0; i < 2; i++) {
		begin(s, c, 0);
		p = wire_out(&b, &n);
		to = wire_in(&a, &room);
		expect(n > 43 && n <= room, "a hello in one piece");
		/* a record's head, a message's, the version, the time */
		memcpy(random[i][0], p + 15, 28);
		memcpy(to, p, n);
		wire_out_done(&b, n);
		wire_in_done(&a, n);
		p = wire_out(&a, &n);
		memcpy(random[i][1], p + 15, 28);
		end_free(&a);
		end_free(&b);
	}
	expect(memcmp(random[0][0], random[1][0], 28) != 0, "clients");
	expect(memcmp(random[0][1], random[1][1], 28) != 0, "servers");
	expect(memcmp(random[0][0], random[0][1], 28) != 0, "both");
	expect(!asked, "are ours");
	tls_server_free(s);
	tls_client_free(c);
}

/* puts a whole record's worth; the bytes that fitted */
static size_t
put_most(struct end *e)
{
	unsigned char *p;
	size_t n, i;

	p = plain_out(e, &n);
	for (i = 0; p != NULL && i < n; i++)
		p[i] = byte_at(e->sent++);
	if (p == NULL)
		return 0;
	plain_out_done(e, n);
	flush(e);
	return n;
}

/* the largest records there are, in both directions at the same time */
static void
test_buffers(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	int i;

	about = "the largest records";
	expect(TLSPOOL_IN >= BR_SSL_BUFSIZE_INPUT &&
	    TLSPOOL_OUT >= BR_SSL_BUFSIZE_OUTPUT, "have room");
	begin(s, c, 0);
	talk(&a, &b);
	settle(&a, &b);
	for (i = 0; i < 5; i++) {
		expect(put_most(&a) == 16384 && put_most(&b) == 16384,
		    "are 16 KB");
		settle(&a, &b);
	}
	expect(a.got == 5 * 16384 && b.got == 5 * 16384, "all came");
	part(&a, &b);

	about = "a client that wants small ones (RFC 6066 4)";
	begin(s, NULL, 100000);
	b.far = far_client();
	br_ssl_engine_set_buffers_bidi(b.far->e, b.far->in, 1024, b.far->out,
	    600);
	br_ssl_client_reset(&b.far->c, "localhost", 0);
	talk(&a, &b);
	expect(done(&a, &b) && done(&b, &a), "is served");
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

/* ---- keys ---- */

static size_t
put_number(unsigned char *p, size_t n)
{
	p[0] = 2;
	p[1] = 0x82;
	p[2] = (unsigned char)(n >> 8);
	p[3] = (unsigned char)n;
	memset(p + 4, 0x11, n);
	return 4 + n;
}

/* an RSA key whose first factor has n bytes, and the rest one (RFC 8017 A.1.2);
 * its length */
static size_t
odd_key(unsigned char *p, size_t n)
{
	size_t at = 4, i;

	at += put_number(p + at, 1);
	p[at - 1] = 0;
	for (i = 0; i < 8; i++)
		at += put_number(p + at, i == 3 ? n : i == 0 ? 64 : 1);
	p[0] = 0x30;
	p[1] = 0x82;
	p[2] = (unsigned char)((at - 4) >> 8);
	p[3] = (unsigned char)(at - 4);
	return at;
}

/* writes it in PEM */
static void
write_key(const unsigned char *p, size_t n)
{
	FILE *f = fopen("odd.der", "wb");

	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0 ||
	    system("(echo '-----BEGIN RSA PRIVATE KEY-----'\n"
	    "openssl base64 <odd.der\n"
	    "echo '-----END RSA PRIVATE KEY-----') >odd.key") != 0)
		exit(1);
}

static void
refused(const char *says)
{
	struct tls_server *s = tls_server_new(0, 0);

	err[0] = '\0';
	expect(tls_server_cert(s, "leaf.pem", "odd.key", err, warning,
	    sizeof err) != 0, "is refused");
	if (strstr(err, says) == NULL)
		expect(false, err);
	tls_server_free(s);
}

/* how far the decoder writes past its end at most, and that this is taken
 * into account */
static void
test_keys(void)
{
	static struct {
		br_skey_decoder_context d;
		unsigned char spare[256];
	} x;
	unsigned char der[4096];
	size_t n, i, most = 0, len;

	about = "keys of any length";
	for (n = 1400; n < 1700; n++) {
		memset(x.spare, 0xee, sizeof x.spare);
		br_skey_decoder_init(&x.d);
		len = odd_key(der, n);
		br_skey_decoder_push(&x.d, der, len);
		for (i = 0; i < sizeof x.spare; i++)
			if (x.spare[i] != 0xee && i + 1 > most)
				most = i + 1;
	}
	printf("the decoder writes %zu bytes past its end\n", most);
	expect(most <= CRED_SPARE, "there is room for what it writes");
	for (n = 1530; n < 1570; n += 3) {
		len = odd_key(der, n);
		write_key(der, len);
		refused("odd.key: the key ");
	}
	memset(der, 0, sizeof der);
	write_key(der, 2400);
	refused("makes no sense");
	write_key(der, 2401);
	refused("too large");
}

/* ---- names, points ---- */

static void
test_names(void)
{
	struct tls_server *s;
	struct tls_client *c;

	about = "letters that the library does not read";
	if (system("exec >>make.log 2>&1\n"
	    "openssl ecparam -name prime256v1 -genkey -noout -out utf8.key &&\n"
	    "openssl req -new -utf8 -key utf8.key -out utf8.csr \\\n"
	    "    -subj \"/O=$(printf '\\357\\267\\220\\357\\272\\215')/CN=x\" &&\n"
	    "openssl x509 -req -in utf8.csr -CA root.crt -CAkey root.key \\\n"
	    "    -days 100 -set_serial 78 -sha256 -extfile e -out utf8.crt")
	    != 0)
		exit(1);
	tls_clock(today + DAY); /* it was made just now */
	s = tls_server_new(0, 0);
	add_cert(s, "utf8.crt", "utf8.key");
	c = client("localhost", "root.crt");
	begin(s, c, 100);
	talk(&a, &b);
	expect(error_of_both() == 0 && done(&a, &b), "do not matter");
	part(&a, &b);
	tls_clock(today);
	tls_server_free(s);
	tls_client_free(c);
}

/* moves what b has to a, the client's point made 0; true if it was there */
static bool
carry_zero(void)
{
	static const unsigned char head[] = {22, 3, 3, 0, 0x25, 16, 0, 0, 0x21,
	    0x20};
	unsigned char some[20000], *to;
	const unsigned char *p;
	size_t n, room;
	bool point;

	p = wire_out(&b, &n);
	if (p == NULL || n > sizeof some)
		return false;
	memcpy(some, p, n);
	wire_out_done(&b, n);
	point = n >= sizeof head + 32 && memcmp(some, head, sizeof head) == 0;
	if (point)
		memset(some + sizeof head, 0, 32);
	to = wire_in(&a, &room);
	if (to == NULL || room < n)
		return false;
	memcpy(to, some, n);
	wire_in_done(&a, n);
	return point;
}

static void
test_point(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	bool zero = false;
	int i;

	about = "a point that is 0";
	begin(s, c, 0);
	a.calm = b.calm = true;
	for (i = 0; i < 50 && !closed(&a); i++) {
		zero |= carry_zero();
		carry(&a, &b);
	}
	expect(zero, "is sent");
	expect(closed(&a) && !tls_ready(a.t) && error_of(&a) != 0,
	    "and leads to nothing");
	expect(!tls_ready(b.t), "on either side");
	end_free(&a);
	end_free(&b);
	tls_server_free(s);
	tls_client_free(c);
}

int
main(void)
{
	begin_tests();
	test_seeds();
	test_buffers();
	test_keys();
	test_names();
	test_point();
	return end_tests();
}
