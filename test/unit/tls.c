/* Tests tls.c and its parts: certificates, names, trust, sessions. */
#include "tlsends.h"

static const char *
pin_of_leaf(void)
{
	static char pin[80] = "sha256:";
	FILE *f = fopen("pin", "r");

	if (f == NULL || fgets(pin + 7, sizeof pin - 7, f) == NULL)
		exit(1);
	fclose(f);
	pin[7 + 64] = '\0';
	return pin;
}

/* they meet, say a few bytes, and part if all went well; the error */
static int
meet(struct tls_server *s, struct tls_client *c)
{
	int error;

	begin(s, c, 1000);
	talk(&a, &b);
	error = error_of_both();
	if (error == 0) {
		part(&b, &a);
		return 0;
	}
	expect(closed(&a) || closed(&b), "closed with an error");
	end_free(&a);
	end_free(&b);
	expect(tlspool_used() == 0, "all buffers are back");
	return error;
}


static const struct {
	const char *cert, *key, *name, *ca, *why;
	int pin; /* 1: the right one, -1: a wrong one */
	int days; /* from today */
	enum tls_fault fault;
	bool lax; /* not verify */
} verdicts[] = {
	{"leaf.pem", "leaf.key", "localhost", "root.crt", "a chain",
	    0, 0, TLS_F_NONE, 0},
	{"leaf.pem", "leaf.key", "LOCALHOST", "root.crt", "in capitals",
	    0, 0, TLS_F_NONE, 0},
	{"leaf.pem", "leaf.key", "a.wild.test", "root.crt", "wildcard",
	    0, 0, TLS_F_NONE, 0},
	{"leaf.pem", "leaf.key", "a.b.wild.test", "root.crt", "two labels",
	    0, 0, TLS_F_NAME, 0},
	{"leaf.pem", "leaf.key", "wild.test", "root.crt", "no label",
	    0, 0, TLS_F_NAME, 0},
	{"leaf.pem", "leaf.key", "else.test", "root.crt", "another name",
	    0, 0, TLS_F_NAME, 0},
	{"leaf.pem", "leaf.key", "127.0.0.1", "root.crt", "IPv4",
	    0, 0, TLS_F_NONE, 0},
	{"leaf.pem", "leaf.key", "127.0.0.2", "root.crt", "another IPv4",
	    0, 0, TLS_F_NAME, 0},
	{"leaf.pem", "leaf.key", "::1", "root.crt", "IPv6",
	    0, 0, TLS_F_NONE, 0},
	{"leaf.pem", "leaf.key", "::2", "root.crt", "another IPv6",
	    0, 0, TLS_F_NAME, 0},
	{"rsa.crt", "rsa.key", "127.0.0.1", "root.crt", "no IP in it",
	    0, 0, TLS_F_NAME, 0},
	{"cn.crt", "cn.key", "cn.test", "root.crt", "common name",
	    0, 0, TLS_F_NONE, 0},
	{"rsa.crt", "rsa.key", "rsa.test", "root.crt", "RSA",
	    0, 0, TLS_F_NONE, 0},
	{"p384.crt", "p384.key", "p384.test", "root.crt", "P-384",
	    0, 0, TLS_F_NONE, 0},
	{"short.pem", "leaf.key", "localhost", "root.crt", "truncated chain",
	    0, 0, TLS_F_ISSUER, 0},
	{"short.pem", "leaf.key", "localhost", "mid.crt",
	    "an authority in the middle is trusted", 0, 0, TLS_F_NONE, 0},
	{"leaf.pem", "leaf.key", "localhost", "other.crt", "unknown issuer",
	    0, 0, TLS_F_ISSUER, 0},
	{"self.crt", "self.key", "localhost", "root.crt", "self-signed",
	    0, 0, TLS_F_ISSUER, 0},
	{"self.crt", "self.key", "localhost", "self.crt",
	    "self-signed and trusted", 0, 0, TLS_F_NONE, 0},
	{"eku.crt", "eku.key", "localhost", "root.crt", "critical extension",
	    0, 0, TLS_F_CERT, 0},
	{"weak.crt", "weak.key", "localhost", "root.crt", "RSA of 1024 bits",
	    0, 0, TLS_F_CERT, 0},
	{"leaf.pem", "leaf.key", "localhost", "root.crt", "expired",
	    0, 200, TLS_F_EXPIRED, 0},
	{"leaf.pem", "leaf.key", "localhost", "root.crt", "not yet valid",
	    0, -10, TLS_F_NOT_YET, 0},
	{"leaf.pem", "leaf.key", "localhost", "root.crt", "pin and chain",
	    1, 0, TLS_F_NONE, 0},
	{"leaf.pem", "leaf.key", "localhost", "root.crt", "wrong pin",
	    -1, 0, TLS_F_PIN, 0},
	{"leaf.pem", "leaf.key", "else.test", "root.crt", "pin, wrong name",
	    1, 0, TLS_F_NAME, 0},
	{"leaf.pem", "leaf.key", "localhost", "other.crt",
	    "pin, unknown issuer", 1, 0, TLS_F_ISSUER, 0},
	{"self.crt", "self.key", "else.test", NULL, "anything goes",
	    0, 200, TLS_F_NONE, 1},
	{"rsa.crt", "rsa.key", "else.test", NULL, "anything goes, RSA",
	    0, 0, TLS_F_NONE, 1},
	{"weak.crt", "weak.key", "else.test", NULL, "anything goes, weak RSA",
	    0, 0, TLS_F_NONE, 1},
	{"leaf.pem", "leaf.key", "else.test", NULL, "the pin alone",
	    1, 200, TLS_F_NONE, 1},
	{"self.crt", "self.key", "localhost", NULL, "the pin alone, wrong",
	    1, 0, TLS_F_PIN, 1},
};

static void
test_verdicts(void)
{
	static const char wrong[] = "sha256:00112233445566778899aabbccddeeff"
	    "00112233445566778899AABBCCDDEEFF";
	struct tls_client_how how = {0};
	struct tls_server *s;
	struct tls_client *c;
	int error, again;
	size_t i;

	for (i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
		about = verdicts[i].why;
		tls_clock(today);
		s = server(verdicts[i].cert, verdicts[i].key);
		how.name = verdicts[i].name;
		how.ca = verdicts[i].ca;
		how.verify = !verdicts[i].lax;
		how.pin = verdicts[i].pin == 0 ? NULL :
		    verdicts[i].pin > 0 ? pin_of_leaf() : wrong;
		c = client_how(&how);
		tls_clock(today + verdicts[i].days * DAY);
		error = meet(s, c);
		again = meet(s, c);
		if (tls_fault(error) != verdicts[i].fault)
			fprintf(stderr, "error %d: %s\n", error,
			    tls_error_text(error));
		expect(tls_fault(error) == verdicts[i].fault, "verdict");
		expect(again == error, "the same again");
		expect(error != BR_ERR_X509_NOT_TRUSTED ||
		    strcmp(about, "self-signed") != 0, "said of what kind");
		tls_server_free(s);
		tls_client_free(c);
	}
	tls_clock(today);
}

/* what loading says, in part; NULL: it loads */
static const struct {
	const char *cert, *key, *says, *warns;
} loads[] = {
	{"leaf.pem", "leaf.key", NULL, ""},
	{"leaf.all", NULL, NULL, ""},
	{"leaf.pem", "leaf8.key", NULL, ""},
	{"nonewline.all", NULL, NULL, ""},
	{"crlf.all", NULL, NULL, ""},
	{"oneline.pem", "leaf.key", NULL, ""},
	{"nonewline.all", "leaf8.key", NULL, ""},
	{"rsa.crt", "rsa.key", NULL, ""},
	{"p384.crt", "p384.key", NULL, ""},
	{"soon.crt", "soon.key", NULL, "soon.crt: the certificate expires "
	    "within 10 days"},
	{"big.crt", "big.key", NULL, "RSA with 3072 bits is slow"},
	{"weak.crt", "weak.key", NULL, "RSA with 1024 bits is too weak"},
	{"client.crt", "client.key", NULL, ""},
	{"none.pem", NULL, "none.pem: No such file", ""},
	{"leaf.pem", "none.key", "none.key: No such file", ""},
	{"leaf.pem", NULL, "leaf.pem: holds no private key", ""},
	{"leaf.key", NULL, "leaf.key: holds no certificate", ""},
	{"empty.pem", "leaf.key", "empty.pem: holds no certificate", ""},
	{"cut.pem", "leaf.key", "cut.pem: ends within", ""},
	{"first.pem", "leaf.key", "first.pem: certificate 1 makes no sense",
	    ""},
	{"twice.pem", "leaf.key", "twice.pem: certificate 2 is number 1 once",
	    ""},
	{".", "leaf.key", ".: Is a directory", ""},
	{"/dev/null", "leaf.key", "/dev/null: is no regular file", ""},
	{"bad.pem", "leaf.key", "bad.pem: is damaged", ""},
	{"junk.pem", "leaf.key", "certificate 2 makes no sense", ""},
	{"nine.pem", "leaf.key", "more than 8", ""},
	{"leaf.pem", "site.key", "site.key: the key does not belong to the "
	    "certificate in leaf.pem", ""},
	{"leaf.pem", "rsa.key", "does not belong", ""},
	{"rsa.crt", "weak.key", "does not belong", ""},
	{"rsa.crt", "leaf.key", "does not belong", ""},
	{"p384.crt", "leaf.key", "does not belong", ""},
	{"swapped.pem", "leaf.key", "swapped.pem: the certificates are in the "
	    "wrong order: the server's own comes first, and is number 2", ""},
	{"gap.pem", "leaf.key", "certificate 2 has not issued certificate 1",
	    ""},
	{"leaf.pem", "ed.key", "ed.key: this kind of key (Ed25519?)", ""},
	{"leaf.pem", "locked1.key", "locked1.key: the key is encrypted", ""},
	{"leaf.pem", "locked2.key", "locked2.key: the key is encrypted", ""},
	{"leaf.pem", "huge.key", "huge.key: the key is too large", ""},
};

static void
test_loads(void)
{
	char no_warning[512];
	struct tls_server *s;
	size_t i;
	int r;

	for (i = 0; i < sizeof loads / sizeof loads[0]; i++) {
		about = loads[i].says != NULL ? loads[i].says : loads[i].cert;
		s = tls_server_new(0, 0);
		memset(err, 0, sizeof err);
		r = tls_server_cert(s, loads[i].cert, loads[i].key, err,
		    warning, sizeof err);
		expect((r == 0) == (loads[i].says == NULL), "loads or not");
		if (r != 0 && (loads[i].says == NULL ||
		    strstr(err, loads[i].says) == NULL))
			expect(false, err);
		if (strstr(warning, loads[i].warns) == NULL ||
		    (warning[0] != '\0') != (loads[i].warns[0] != '\0'))
			expect(false, warning);
		/* a buffer that is too small is filled and ends */
		memset(no_warning, 'x', sizeof no_warning);
		tls_server_cert(s, loads[i].cert, loads[i].key, err,
		    no_warning, 20);
		expect(memchr(no_warning, '\0', 20) != NULL, "it ends");
		tls_server_free(s);
	}
	about = "expired";
	tls_clock(today + 200 * DAY);
	s = tls_server_new(0, 0);
	r = tls_server_cert(s, "leaf.pem", "leaf.key", err, warning,
	    sizeof err);
	expect(r == -1 && strstr(err, "leaf.pem: the certificate has expired")
	    != NULL, "is not shown");
	tls_clock(today - 10 * DAY);
	r = tls_server_cert(s, "leaf.pem", "leaf.key", err, warning,
	    sizeof err);
	expect(r == 0 && strstr(warning, "not valid yet") != NULL,
	    "not valid yet is a warning");
	about = "a clock that was never set";
	tls_clock(1000);
	expect(tls_clock_unset(), "is seen");
	r = tls_server_cert(s, "leaf.pem", "leaf.key", err, warning,
	    sizeof err);
	expect(r == 0, "and does not make certificates expire");
	tls_clock(today);
	expect(!tls_clock_unset(), "is set");
	tls_server_free(s);
}

static const struct {
	struct tls_client_how how;
	const char *says;
} clients[] = {
	{{"", NULL, NULL, NULL, NULL, true}, "no name"},
	{{NULL, NULL, NULL, NULL, NULL, true}, "no name"},
	{{"x", "none.pem", NULL, NULL, NULL, true}, "none.pem: No such file"},
	{{"x", "leaf.key", NULL, NULL, NULL, true},
	    "leaf.key: holds no certificate"},
	{{"x", NULL, "sha256:12", NULL, NULL, true}, "sha256:12: not sha256"},
	{{"x", NULL, "sha1:0011223344556677889900112233445566778899", NULL,
	    NULL, true}, "not sha256"},
	{{"x", NULL, "sha256:0011223344556677889900112233445566778899"
	    "00112233445566778899001g", NULL, NULL, true}, "not sha256"},
	{{"x", NULL, NULL, "leaf.pem", "site.key", false}, "does not belong"},
};

static void
test_clients(void)
{
	size_t i;

	for (i = 0; i < sizeof clients / sizeof clients[0]; i++) {
		about = clients[i].says;
		memset(err, 0, sizeof err);
		expect(tls_client_new(&clients[i].how, err, sizeof err) ==
		    NULL, "is refused");
		if (strstr(err, clients[i].says) == NULL)
			expect(false, err);
	}
}

/* SNI, and which of several certificates is shown */
static void
test_names(void)
{
	static const struct {
		const char *sni;
		int curve; /* of the certificate that is shown; 0: RSA */
	} rows[] = {
		{"localhost", BR_EC_secp256r1},
		{"LocalHost", BR_EC_secp256r1},
		{"localhost.", BR_EC_secp256r1},
		{"a_b-1.wild.test", BR_EC_secp256r1},
		{"rsa.test", 0},
		{"RSA.Test", 0},
		{"rsa.test.", 0},
		{"p384.test", BR_EC_secp384r1},
		{"P384.TEST.", BR_EC_secp384r1},
		{"nobody.test", BR_EC_secp256r1},
		{"p384.test ", BR_EC_secp256r1},
		{"p384.test/", BR_EC_secp256r1},
		{"p384.test\x80", BR_EC_secp256r1},
		{"", BR_EC_secp256r1},
	};
	struct tls_server *s = server("leaf.pem", "leaf.key");
	const br_x509_pkey *key;
	size_t i;

	add_cert(s, "rsa.crt", "rsa.key");
	add_cert(s, "p384.crt", "p384.key");
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		about = rows[i].sni;
		begin(s, NULL, 100);
		b.far = far_client();
		br_ssl_client_reset(&b.far->c, rows[i].sni, 0);
		talk(&a, &b);
		expect(error_of_both() == 0, "no error");
		key = br_x509_decoder_get_pkey(&b.far->decoder);
		expect(key != NULL && (key->key_type == BR_KEYTYPE_EC ?
		    key->key.ec.curve : 0) == rows[i].curve, "certificate");
		end_free(&a);
		end_free(&b);
	}
	tls_server_free(s);
}

/* a client that knows ECDSA, and not the certificate's curve */
static void
test_curves(void)
{
	struct tls_server *s = server("p384.crt", "p384.key");
	int i;

	for (i = 0; i < 2; i++) {
		about = i == 0 ? "an unknown curve" : "there is RSA, too";
		begin(s, NULL, 100);
		b.far = far_client();
		br_ssl_engine_set_ec(b.far->e, &br_ec_p256_m31);
		br_ssl_client_reset(&b.far->c, "localhost", 0);
		talk(&a, &b);
		expect(error_of(&a) == (i == 0 ? 512 + 40 : 0), "verdict");
		end_free(&a);
		end_free(&b);
		add_cert(s, "rsa.crt", "rsa.key");
	}
	tls_server_free(s);
}

/* sessions: with the same ALPN, another, another name, another client */
static void
test_sessions(void)
{
	static const struct {
		const char *first, *then, *alpn, *why;
		bool resumed;
		int error;
	} rows[] = {
		{"localhost", "localhost", "http/1.1", "the same ALPN", 1, 0},
		{"localhost", "localhost", "foo", "an unknown ALPN", 1, 0},
		{"localhost", "localhost", NULL, "no ALPN", 1, 0},
		{"localhost", "a.wild.test", "http/1.1",
		    "another name of the certificate", 1, 0},
		{"localhost", "site.test", "http/1.1", "another site", 0,
		    TLS_E_OTHER_NAME},
		{"site.test", "", "http/1.1", "no name", 0,
		    TLS_E_OTHER_NAME},
		{"", "localhost", "http/1.1", "no name, then the default's",
		    1, 0},
		{"localhost", "asked.test", "http/1.1", "one that asks", 0,
		    TLS_E_OTHER_NAME},
	};
	const char *usual[] = {"http/1.1"}, *alpn[1];
	br_ssl_session_parameters session;
	struct tls_server *s = server("leaf.pem", "leaf.key");
	size_t i;

	add_cert(s, "site.pem", "site.key");
	tls_server_client_ca(s, "asked.test", "clientca.crt", err, sizeof err);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		about = rows[i].why;
		begin(s, NULL, 100);
		b.far = far_client();
		br_ssl_engine_set_protocol_names(b.far->e, usual, 1);
		br_ssl_client_reset(&b.far->c, rows[i].first, 0);
		talk(&a, &b);
		expect(error_of_both() == 0 && !tls_resumed(a.t), "a full one");
		expect(br_ssl_engine_get_selected_protocol(b.far->e) != NULL,
		    "ALPN is answered");
		br_ssl_engine_get_session_parameters(b.far->e, &session);
		end_free(&a);
		end_free(&b);

		begin(s, NULL, 100);
		b.far = far_client();
		alpn[0] = rows[i].alpn;
		if (alpn[0] != NULL)
			br_ssl_engine_set_protocol_names(b.far->e, alpn, 1);
		br_ssl_engine_set_session_parameters(b.far->e, &session);
		br_ssl_client_reset(&b.far->c, rows[i].then, 1);
		talk(&a, &b);
		expect(error_of(&a) == rows[i].error, "the server's verdict");
		if (rows[i].error == 0)
			expect(done(&a, &b) && done(&b, &a), "all came");
		expect(tls_ready(a.t) == (rows[i].error == 0), "ready");
		expect(rows[i].error != 0 ||
		    tls_resumed(a.t) == rows[i].resumed, "resumed");
		end_free(&a);
		end_free(&b);
	}
	tls_server_free(s);
}

/* a client of ours: resumes, does not where it may not, and starts anew where
 * that fails */
static void
test_resume(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_server *other = server("rsa.crt", "rsa.key");
	struct tls_client *c = client("localhost", "root.crt");
	struct tls_client *d = client("localhost", "root.crt");
	static const struct {
		int other, second, resumed;
	} rows[] = {
		{0, 0, 0}, {0, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1},
		{1, 0, 0}, {1, 0, 1}, {0, 0, 0}, {0, 0, 1},
	};
	size_t i;

	about = "sessions of a client";
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin(rows[i].other ? other : s, rows[i].second ? d : c, 5000);
		talk(&a, &b);
		expect(error_of_both() == 0, "no error");
		expect(tls_resumed(a.t) == rows[i].resumed &&
		    tls_resumed(b.t) == rows[i].resumed, "resumed or not");
		part(&a, &b);
	}
	tls_server_free(s);
	tls_server_free(other);
	tls_client_free(d);
	about = "no sessions";
	s = tls_server_new(0, 3600);
	add_cert(s, "leaf.pem", "leaf.key");
	for (i = 0; i < 2; i++) {
		begin(s, c, 10);
		talk(&a, &b);
		expect(error_of_both() == 0 && !tls_resumed(b.t), "full");
		part(&a, &b);
	}
	tls_server_free(s);
	tls_client_free(c);
}

/* certificates of clients */
static void
test_client_certs(void)
{
	static const struct {
		const char *cert, *key, *name, *ca, *why;
		enum tls_fault fault;
		int known; /* to hosts that ask for the same CAs */
		int days;
	} rows[] = {
		{"client.crt", "client.key", "asked.test", "", "shown",
		    TLS_F_NONE, 1, 0},
		{"client.all", NULL, "asked.test", "", "from one file",
		    TLS_F_NONE, 1, 0},
		{"clientrsa.crt", "clientrsa.key", "asked.test", "", "RSA",
		    TLS_F_NONE, 1, 0},
		{NULL, NULL, "asked.test", "", "none",
		    TLS_F_CLIENT_CERT, 0, 0},
		{"stranger.crt", "stranger.key", "asked.test", "",
		    "a stranger's", TLS_F_ISSUER, 0, 0},
		{"client.crt", "client.key", "asked.test", "", "expired",
		    TLS_F_EXPIRED, 0, 200},
		{"client.crt", "client.key", "x.asked.test", "", "of a pattern",
		    TLS_F_NONE, 1, 0},
		{"client.crt", "client.key", "x.y.asked.test", "",
		    "of a pattern, deeper", TLS_F_NONE, 1, 0},
		{NULL, NULL, "x.asked.test", "", "of a pattern, none",
		    TLS_F_CLIENT_CERT, 0, 0},
		{"client.crt", "client.key", "localhost", "", "not asked for",
		    TLS_F_NONE, 0, 0},
		{NULL, NULL, "localhost", "", "not asked for, none",
		    TLS_F_NONE, 0, 0},
		{NULL, NULL, "free.asked.test", "", "exempt from the pattern",
		    TLS_F_NONE, 0, 0},
	};
	struct tls_client_how how = {0};
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c;
	size_t i, j;

	about = "client_ca";
	expect(tls_server_client_ca(s, "Asked.test", "clientca.crt", err,
	    sizeof err) == 0, "loads");
	expect(tls_server_client_ca(s, "*.asked.test", "clientca.crt", err,
	    sizeof err) == 0, "loads for a pattern");
	expect(tls_server_client_ca(s, "other.test", "root.crt", err,
	    sizeof err) == 0, "loads others");
	expect(tls_server_client_ca(s, "free.asked.test", NULL, err,
	    sizeof err) == 0, "nothing for one of these");
	expect(tls_server_client_ca(s, "free.asked.test", NULL, err,
	    sizeof err) == 0, "twice");
	expect(tls_server_client_ca(s, "FREE.asked.test", "root.crt", err,
	    sizeof err) != 0 && strstr(err, "root.crt: this host") != NULL,
	    "but not both");
	expect(tls_server_client_ca(s, "asked.tesT", "clientca.crt", err,
	    sizeof err) == 0, "the same again");
	expect(tls_server_client_ca(s, "asked.test", "root.crt", err,
	    sizeof err) != 0, "not another");
	expect(tls_server_client_ca(s, "x", "leaf.key", err, sizeof err) != 0,
	    "no certificate");
	expect(tls_server_client_ca(s, "x", "none", err, sizeof err) != 0 &&
	    strncmp(err, "none: ", 6) == 0, "no file");
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		about = rows[i].why;
		how.name = rows[i].name;
		how.cert = rows[i].cert;
		how.key = rows[i].key;
		c = client_how(&how);
		tls_clock(today + rows[i].days * DAY);
		/* a session would not tell who it is */
		for (j = 0; j < 2; j++) {
			begin(s, c, 1000);
			talk(&a, &b);
			expect(tls_fault(error_of(&a)) == rows[i].fault,
			    "the server's verdict");
			expect(tls_client_known(a.t, "asked.test") ==
			    rows[i].known, "known");
			expect(tls_client_known(a.t, "z.asked.test") ==
			    rows[i].known, "known to the pattern");
			expect(tls_client_known(a.t, "*.asked.test") ==
			    rows[i].known, "known to the pattern itself");
			expect(tls_client_known(a.t, "Asked.TEST.") ==
			    rows[i].known, "in another spelling");
			expect(!tls_client_known(a.t, "localhost"),
			    "not known elsewhere");
			expect(!tls_client_known(a.t, "other.test"),
			    "not known where other CAs are asked for");
			expect(!tls_resumed(a.t) || rows[i].name[0] == 'l' ||
			    rows[i].name[0] == 'f', "not resumed");
			end_free(&a);
			end_free(&b);
		}
		tls_client_free(c);
		tls_clock(today);
	}
	about = "all are asked";
	expect(tls_server_client_ca(s, "", "clientca.crt", err,
	    sizeof err) == 0, "loads for all");
	how.name = "localhost";
	how.cert = "client.all";
	how.key = NULL;
	c = client_how(&how);
	begin(s, c, 10);
	talk(&a, &b);
	expect(tls_client_known(a.t, "localhost") &&
	    tls_client_known(a.t, "") && tls_client_known(a.t, "asked.test") &&
	    !tls_client_known(a.t, "other.test"),
	    "known to all that have no CAs of their own");
	end_free(&a);
	end_free(&b);
	tls_client_free(c);
	c = client("localhost", NULL);
	begin(s, c, 10);
	talk(&a, &b);
	expect(error_of(&a) == 29, "no certificate");
	end_free(&a);
	end_free(&b);
	tls_client_free(c);
	tls_server_free(s);
}

/* a clock that was never set */
static void
test_clock(void)
{
	static const struct {
		const char *name, *ca, *cert, *why;
		bool set, relaxed;
		enum tls_fault server, client; /* whose verdict */
	} rows[] = {
		{"localhost", "root.crt", NULL, "strict",
		    0, 0, TLS_F_NONE, TLS_F_NOT_YET},
		{"localhost", "root.crt", NULL, "relaxed",
		    0, 1, TLS_F_NONE, TLS_F_NONE},
		{"127.0.0.1", "root.crt", NULL, "relaxed, an address",
		    0, 1, TLS_F_NONE, TLS_F_NONE},
		{"else.test", "root.crt", NULL, "relaxed, another name",
		    0, 1, TLS_F_NONE, TLS_F_NAME},
		{"localhost", "other.crt", NULL, "relaxed, unknown issuer",
		    0, 1, TLS_F_NONE, TLS_F_ISSUER},
		{"localhost", NULL, NULL, "strict, not verified",
		    0, 0, TLS_F_NONE, TLS_F_NONE},
		{"localhost", "root.crt", NULL, "relaxed, but set and early",
		    1, 1, TLS_F_NONE, TLS_F_NOT_YET},
		{"asked.test", NULL, "client.all", "strict, a client's",
		    0, 0, TLS_F_NOT_YET, TLS_F_NONE},
		{"asked.test", NULL, "client.all", "relaxed, a client's",
		    0, 1, TLS_F_NONE, TLS_F_NONE},
		{"asked.test", NULL, "stranger.all", "relaxed, a stranger's",
		    0, 1, TLS_F_ISSUER, TLS_F_NONE},
		{"asked.test", NULL, "client.all", "relaxed, set, a client's",
		    1, 1, TLS_F_NOT_YET, TLS_F_NONE},
	};
	struct tls_client_how how = {0};
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c;
	size_t i;

	about = "the clock";
	expect(tls_now() == today, "as it is");
	expect(tls_clock(0) && tls_clock_unset(), "is not set any more");
	expect(!tls_clock(1000), "nor a while later");
	expect(tls_now() > 1000 && tls_now() < today, "another day");
	expect(tls_clock(today) && !tls_clock_unset(), "is set");
	expect(!tls_clock(today + 1), "and stays so");
	tls_server_client_ca(s, "asked.test", "clientca.crt", err, sizeof err);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		about = rows[i].why;
		how.name = rows[i].name;
		how.ca = rows[i].ca;
		how.verify = rows[i].ca != NULL;
		how.cert = rows[i].cert;
		tls_clock(rows[i].set ? today - 10 * DAY : 1000);
		tls_clock_relax(rows[i].relaxed);
		c = client_how(&how);
		begin(s, c, 1000);
		talk(&a, &b);
		expect(tls_fault(error_of(&a)) == rows[i].server,
		    "the server's verdict");
		expect(tls_fault(error_of(&b)) == rows[i].client,
		    "the client's verdict");
		end_free(&a);
		end_free(&b);
		tls_client_free(c);
	}
	tls_clock(today);
	tls_clock_relax(false);
	tls_server_free(s);
}

/* the system's authorities are read when they are needed */
static void
test_system(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client_how how = {"localhost", NULL, NULL, NULL, NULL,
	    true};
	struct tls_client *c;

	about = "SSL_CERT_FILE";
	setenv("SSL_CERT_FILE", "none.crt", 1);
	c = client_how(&how);
	expect(meet(s, c) == TLS_E_BUNDLE, "is not there");
	setenv("SSL_CERT_FILE", "root.crt", 1);
	expect(meet(s, c) == 0, "is read");
	setenv("SSL_CERT_FILE", "other.crt", 1);
	expect(meet(s, c) == 0, "once");
	tls_client_free(c);
	tls_server_free(s);
}

int
main(void)
{
	begin_tests();
	test_system();
	test_verdicts();
	test_loads();
	test_clients();
	test_names();
	test_curves();
	test_sessions();
	test_resume();
	test_client_certs();
	test_clock();
	return end_tests();
}
