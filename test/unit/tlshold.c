/* Tests lib/tlshold.c by tls.c: how a connection ends, and what it holds until
 * then; and that no peer holds secure.c up, however much it sends. */
#include <sys/socket.h>

#include <fcntl.h>

#include "tlsends.h"
#include "secure.h"

/* what comes in one read: data, and a record that nobody has made */
static void
test_fault(void)
{
	static const unsigned char head[5] = {23, 3, 3, 0, 48};
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	const unsigned char *p;
	unsigned char *to;
	size_t n, room;

	about = "a bad record behind data";
	shake(s, c);
	say(&a, 10);
	p = wire_out(&a, &n);
	to = wire_in(&b, &room);
	expect(p != NULL && to != NULL && n + 53 <= room, "there is room");
	memcpy(to, p, n);
	wire_out_done(&a, n);
	memcpy(to + n, head, sizeof head);
	memset(to + n + sizeof head, 0, 48);
	wire_in_done(&b, n + sizeof head + 48);
	expect(plain_in(&b, &n) != NULL && n == 10, "the data comes");
	plain_in_done(&b, n);
	expect(plain_in(&b, &n) == NULL && closed(&b) &&
	    error_of(&b) == BR_ERR_BAD_MAC, "and then its fault");
	a.sent = 0;
	end_free(&a);
	end_free(&b);
	tls_client_free(c);
	tls_server_free(s);
}

/* a record that nobody has made; its size, at most 105 */
static size_t
forge(unsigned char *p)
{
	static const unsigned char types[] = {20, 21, 22, 23, 23, 23, 24, 0};
	size_t i, n = chance(101);

	p[0] = types[chance(sizeof types)];
	p[1] = 3;
	p[2] = chance(8) == 0 ? 1 : 3;
	p[3] = (unsigned char)(chance(8) == 0 ? chance(256) : 0);
	p[4] = (unsigned char)n;
	for (i = 0; i < n; i++)
		p[5 + i] = (unsigned char)chance(256);
	return 5 + n;
}

/* some records of an end, and among them what a peer may do to it; their size,
 * which is below that of a buffer */
static size_t
spoil(struct end *from, unsigned char *p)
{
	const unsigned char *record;
	size_t n, size = 0;
	int i, bad = (int)chance(6);

	for (i = 0; i < 6; i++) {
		say(from, 1 + chance(chance(4) == 0 ? 1500 : 40));
		record = wire_out(from, &n);
		memcpy(p + size, record, n);
		wire_out_done(from, n);
		switch (i == bad ? chance(6) : 6) {
		case 0:
			p[size + chance((uint32_t)n)] ^=
			    (unsigned char)(1 << chance(8));
			break;
		case 1:
			n += forge(p + size + n);
			break;
		case 2:
			n = forge(p + size);
			break;
		case 3: /* twice */
			memcpy(p + size + n, p + size, n);
			n *= 2;
			break;
		case 4: /* cut off */
			n = chance((uint32_t)n);
			break;
		case 5: /* not at all */
			n = 0;
			break;
		}
		size += n;
	}
	return size;
}

/* what somebody may do with an end between two reads */
static void
meddle(struct end *e)
{
	switch (chance(12)) {
	case 0:
		say(e, 50);
		break;
	case 1:
		drain(e);
		break;
	case 2:
		rest(e);
		break;
	case 3:
		rest(e);
		tls_sleep(e->t);
		break;
	case 4:
		if (chance(8) == 0)
			tls_shut(e->t);
		break;
	case 5:
		if (chance(8) == 0)
			tls_close(e->t);
		break;
	default:
		take(e);
		break;
	}
}

/* good and bad records in reads of any size: what is taken is what was sent,
 * up to the first bad one, and nothing is left behind */
static void
test_mischief(void)
{
	struct tls_server *s = server("leaf.pem", "leaf.key");
	struct tls_client *c = client("localhost", "root.crt");
	static unsigned char records[30000];
	struct end *to;
	unsigned char *q;
	size_t n, at, k, room;
	int i, idle, over = 0;

	about = "mischief";
	for (i = 0; i < 400 && failed == 0; i++) {
		shake(s, c);
		to = i % 2 == 0 ? &a : &b;
		n = spoil(i % 2 == 0 ? &b : &a, records);
		for (at = 0, idle = 0; at < n && idle < 20; idle++) {
			meddle(to);
			q = wire_in(to, &room);
			if (q == NULL)
				continue;
			k = chance(2) == 0 ? n - at :
			    1 + chance((uint32_t)(n - at));
			if (k > room)
				k = room;
			memcpy(q, records + at, k);
			wire_in_done(to, k);
			at += k;
			idle = 0;
		}
		for (idle = 0; idle < 20; idle++)
			meddle(to);
		over += closed(to);
		end_free(&a);
		end_free(&b);
		expect(tlspool_used() == 0, "all buffers are back");
	}
	expect(over > 100 && over < 400, "some end, and some do not");
	tls_server_free(s);
	tls_client_free(c);
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
	test_fault();
	test_mischief();
	test_close();
	test_shut();
	test_starved();
	test_stalled();
	test_held();
	test_floods();
	return end_tests();
}
