/*
 * The client of the bench: WebSocket tunnels, and requests, through the proxy
 * that listens on 127.0.0.1:PORT. Each handshake is proved, each message is
 * masked with a mask of its own, and each byte is compared with what was sent,
 * or with what the origin has: a proxy that is fast and wrong ends the bench.
 *
 *	load PORT [CA]
 *
 * With a file of CAs the tunnels are TLS 1.2 with one suite, and the proxy's
 * certificate has to be theirs, for SECRET_NAME. It reads commands, one a line,
 * and answers each with one line of JSON:
 *
 *	tunnels N
 *		opens or closes tunnels until there are N.
 *	connections N
 *		the same, of connections that are for requests.
 *	echo SECONDS SIZE FLIGHT N
 *		the first N tunnels have FLIGHT messages of SIZE bytes under way
 *		each, as fast as the proxy goes.
 *	pace SECONDS SIZE RATE N [random]
 *		RATE messages a second over the first N tunnels, one after the
 *		other or at random. Latency counts from when a message was due.
 *	get SECONDS PATH N
 *		the first N connections have a request for PATH under way each.
 *	churn SECONDS N [resume]
 *		N at a time: connect, handshake, one message, Close, end. Over
 *		TLS each handshake is a full one, or, but for the first ones of
 *		this client, one that resumes: a proxy that refuses to ends it.
 *
 * A command ends when all that it sent came back, so what the proxy spent
 * between command and answer is what the messages of the answer cost. With
 * "more " before it, it goes on with the figures of the one before: the answer
 * is about both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "answer.h"
#include "die.h"
#include "latency.h"
#include "secret.h"
#include "ws.h"

#define FLIGHT_MAX 16
#define MESSAGE_MAX 65536        /* bytes of the largest message */
#define OPENING 64             /* handshakes under way at once */
#define CHURN_SIZE 64          /* bytes of a churned connection's message */
#define STUCK_MS 20000         /* nothing at all for so long is an error */

enum kind { REST, ECHO, PACE, GET, CHURN };
enum state { FREE, CONNECT, HELLO, SHAKE, OPEN, CLOSING };

struct tunnel {
	int fd;
	SSL *tls;              /* or NULL */
	bool resumes;          /* offers a session */
	enum state state;
	bool once;             /* of a churn: ends after its message */
	unsigned char *pend;   /* what the socket did not take */
	size_t pend_at, pend_n;
	struct answer answer;
	char accept[WS_ACCEPT_LEN];
	uint32_t sent, got;    /* messages */
	size_t sizes[FLIGHT_MAX];
	double times[FLIGHT_MAX];
	unsigned char frame[WS_HEAD_MAX]; /* head of the frame, as it comes */
	size_t frame_n;
	bool in_payload;
	struct ws_head in;
	uint64_t at;           /* of the payload */
};

static int poller, timer;
static struct sockaddr_in proxy;
static struct tunnel *tunnels;
static size_t room, opened, opening;
static unsigned char pattern[2 * MESSAGE_MAX];
static unsigned char scratch[MESSAGE_MAX + WS_HEAD_MAX];

/* the command under way */
static struct {
	enum kind what;
	double end;            /* when nothing new is sent any more */
	size_t size, count, flight, turn;
	bool random, resume;
	double began, gap;
	uint64_t due, sent, done;
	const char *path;
} job;

static bool requests;          /* connections are for them */

/* what was done since the last command without "more" */
static struct {
	uint64_t done;
	double seconds;
} total;

static double
clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t
chance(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

/* Sockets */

static void
watch(const struct tunnel *t, int how, uint32_t events)
{
	struct epoll_event e = {.events = events};

	e.data.u64 = (uint64_t)(t - tunnels);
	if (epoll_ctl(poller, how, t->fd, &e) < 0)
		die("epoll_ctl: %s", strerror(errno));
}

static void
hang_up(struct tunnel *t)
{
	if (t->tls != NULL)
		secret_close(t->tls);
	close(t->fd);
	free(t->pend);
	answer_free(&t->answer);
	memset(t, 0, sizeof *t);
}

/* as send() and recv() */
static ssize_t
put(struct tunnel *t, const void *p, size_t n)
{
	return t->tls != NULL ? secret_send(t->tls, p, n) :
	    send(t->fd, p, n, MSG_NOSIGNAL);
}

static ssize_t
get(struct tunnel *t, void *p, size_t n)
{
	return t->tls != NULL ? secret_recv(t->tls, p, n) :
	    recv(t->fd, p, n, 0);
}

static void
transmit(struct tunnel *t, const unsigned char *p, size_t n)
{
	ssize_t done = t->pend != NULL ? 0 : put(t, p, n);

	if (done < 0 && errno != EAGAIN)
		die("send: %s", strerror(errno));
	if (done < 0)
		done = 0;
	if ((size_t)done == n)
		return;
	if (t->pend != NULL)
		die("sent while something was pending");
	n -= (size_t)done;
	t->pend = malloc(n);
	if (t->pend == NULL)
		die("out of memory");
	memcpy(t->pend, p + done, n);
	t->pend_n = n;
	t->pend_at = 0;
	watch(t, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void
flush_pending(struct tunnel *t)
{
	ssize_t n = put(t, t->pend + t->pend_at, t->pend_n - t->pend_at);

	if (n < 0 && errno != EAGAIN)
		die("send: %s", strerror(errno));
	if (n > 0)
		t->pend_at += (size_t)n;
	if (t->pend_at < t->pend_n)
		return;
	free(t->pend);
	t->pend = NULL;
	watch(t, EPOLL_CTL_MOD, EPOLLIN);
}

/* Messages */

/* what message number of a tunnel holds: a window of the pattern */
static const unsigned char *
payload(const struct tunnel *t, uint32_t number)
{
	uint64_t i = (uint64_t)(t - tunnels);

	return pattern + (i * 7919 + (uint64_t)number * 104729) % MESSAGE_MAX;
}

static void
put_frame(struct tunnel *t, uint8_t opcode, const unsigned char *p, size_t n)
{
	struct ws_head h = {.length = n, .opcode = opcode};
	uint32_t mask = chance();
	size_t at;

	h.fin = h.masked = true;
	memcpy(h.mask, &mask, 4);
	at = ws_write_head(scratch, &h);
	memcpy(scratch + at, p, n);
	ws_mask(scratch + at, n, h.mask, 0);
	transmit(t, scratch, at + n);
}

static void
put_message(struct tunnel *t, size_t size, double due)
{
	size_t slot = t->sent % FLIGHT_MAX;

	if (t->sent - t->got >= FLIGHT_MAX)
		die("%d messages are under way in one tunnel", FLIGHT_MAX);
	t->times[slot] = due;
	t->sizes[slot] = size;
	put_frame(t, WS_BINARY, payload(t, t->sent), size);
	t->sent++;
	job.sent++;
}

/* keeps an echoing tunnel at its number of messages under way */
static void
fill_flight(struct tunnel *t, double now)
{
	if (job.what != ECHO || (size_t)(t - tunnels) >= job.count)
		return;
	while (now < job.end && t->sent - t->got < job.flight &&
	    t->pend == NULL)
		put_message(t, job.size, now);
}

static void
message_done(struct tunnel *t, double now)
{
	static const unsigned char normal[] = {1000 >> 8, 1000 & 255};

	if (!t->once)
		latency_note(now - t->times[t->got % FLIGHT_MAX]);
	t->got++;
	if (t->once) {
		put_frame(t, WS_CLOSE, normal, sizeof normal);
		t->state = CLOSING;
		return;
	}
	job.done++;
	fill_flight(t, now);
}

static void
begin_frame(struct tunnel *t)
{
	const struct ws_head *h = &t->in;

	if (h->masked || !h->fin || h->rsv != 0)
		die("a frame came that nobody sent");
	if (h->opcode == WS_CLOSE && t->state == CLOSING)
		return;
	if (h->opcode == WS_PING)
		return;
	if (h->opcode != WS_BINARY || t->got == t->sent ||
	    h->length != t->sizes[t->got % FLIGHT_MAX])
		die("opcode %u with %llu bytes is no echo", h->opcode,
		    (unsigned long long)h->length);
}

/* takes bytes of a frame's payload; all of it is there at the end */
static void
take_payload(struct tunnel *t, const unsigned char *p, size_t n, double now)
{
	static unsigned char ping[WS_CONTROL_MAX];

	if (t->in.opcode == WS_BINARY &&
	    memcmp(p, payload(t, t->got) + t->at, n) != 0)
		die("the echo differs from what was sent");
	if (t->in.opcode == WS_PING)
		memcpy(ping + t->at, p, n);
	t->at += n;
	if (t->at < t->in.length)
		return;
	t->in_payload = false;
	if (t->in.opcode == WS_PING && t->pend == NULL)
		put_frame(t, WS_PONG, ping, (size_t)t->in.length);
	if (t->in.opcode == WS_BINARY)
		message_done(t, now);
}

static void
take_frames(struct tunnel *t, const unsigned char *p, size_t n, double now)
{
	while (n > 0) {
		size_t part;

		if (t->in_payload) {
			uint64_t left = t->in.length - t->at;
			part = n < left ? n : (size_t)left;
			take_payload(t, p, part, now);
			p += part;
			n -= part;
			continue;
		}
		t->frame[t->frame_n++] = *p++;
		n--;
		if (ws_read_head(t->frame, t->frame_n, &t->in) == 0)
			continue;
		t->frame_n = 0;
		t->at = 0;
		t->in_payload = true;
		begin_frame(t);
		if (t->in.length == 0)
			take_payload(t, p, 0, now);
	}
}

/* Handshakes */

static void
dial(struct tunnel *t, bool once, double now)
{
	memset(t, 0, sizeof *t);
	t->once = once;
	t->times[0] = now;
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (connect(t->fd, (struct sockaddr *)&proxy, sizeof proxy) < 0 &&
	    errno != EINPROGRESS)
		die("connect: %s", strerror(errno));
	t->state = CONNECT;
	watch(t, EPOLL_CTL_ADD, EPOLLOUT);
}

static void
shake(struct tunnel *t)
{
	char request[512], key[25];
	unsigned char nonce[16];
	int n;

	for (size_t i = 0; i < sizeof nonce; i++)
		nonce[i] = (unsigned char)chance();
	EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
	ws_accept((struct span){key, 24}, t->accept);
	n = snprintf(request, sizeof request, "GET /ws HTTP/1.1\r\n"
	    "Host: " SECRET_NAME "\r\n"
	    "Connection: Upgrade\r\n"
	    "Upgrade: websocket\r\n"
	    "Origin: https://" SECRET_NAME "\r\n"
	    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: %s\r\n\r\n", key);
	watch(t, EPOLL_CTL_MOD, EPOLLIN);
	t->state = SHAKE;
	transmit(t, (unsigned char *)request, (size_t)n);
}

/* as answer_head(), which may not fail */
static const char *
take_head(struct tunnel *t, const char *p, size_t n, size_t *used)
{
	const char *head = answer_head(&t->answer, p, n, used);

	if (head == NULL && *used == 0)
		die("an answer's head is too large, or there is no memory");
	return head;
}

/* takes bytes of the answer; what follows its head are frames */
static void
take_answer(struct tunnel *t, const char *p, size_t n, double now)
{
	const char *head, *accept;
	size_t used;

	head = take_head(t, p, n, &used);
	if (head == NULL)
		return;
	accept = answer_field(head, "Sec-WebSocket-Accept");
	if (strncmp(head, "HTTP/1.1 101 ", 13) != 0 || accept == NULL ||
	    memcmp(accept, t->accept, WS_ACCEPT_LEN) != 0)
		die("no handshake: %s", head);
	answer_free(&t->answer);
	t->state = OPEN;
	opening--;
	if (t->once) {
		double began = t->times[0];
		put_message(t, CHURN_SIZE, now);
		t->times[0] = began;
	}
	take_frames(t, (const unsigned char *)p + used, n - used, now);
}

static void
connected(struct tunnel *t)
{
	int failed = 0;

	if (t->state == CONNECT) {
		getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &failed,
		    &(socklen_t){sizeof failed});
		if (failed != 0)
			die("connect: %s", strerror(failed));
		if (secret_wanted()) {
			t->tls = secret_open(t->fd, job.resume, &t->resumes);
			watch(t, EPOLL_CTL_MOD, EPOLLIN);
			t->state = HELLO;
		}
	}
	if (t->tls != NULL && !secret_shake(t->tls, job.resume, t->resumes))
		return;
	if (requests) {
		watch(t, EPOLL_CTL_MOD, EPOLLIN);
		t->state = OPEN;
		opening--;
	} else {
		shake(t);
	}
}

/* Requests */

static void
put_request(struct tunnel *t, double now)
{
	char request[128];
	int n;

	n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n"
	    "Host: 127.0.0.1:%u\r\n\r\n", job.path, ntohs(proxy.sin_port));
	t->times[0] = now;
	t->sent++;
	job.sent++;
	transmit(t, (unsigned char *)request, (size_t)n);
}

/* takes bytes of a response's head; how many of them it had */
static size_t
take_response(struct tunnel *t, const char *p, size_t n)
{
	const char *head, *length;
	size_t used;

	if (t->got == t->sent)
		die("a response that nobody asked for");
	head = take_head(t, p, n, &used);
	if (head == NULL)
		return used;
	length = answer_field(head, "Content-Length");
	if (strncmp(head, "HTTP/1.1 200 ", 13) != 0 || length == NULL)
		die("no response: %s", head);
	t->answer.left = strtoull(length, NULL, 10);
	t->answer.at = 0;
	if (t->answer.left == 0)
		die("an empty response");
	return used;
}

/* takes bytes of a response's content; how many of them it had */
static size_t
take_content(struct tunnel *t, const char *p, size_t n, double now)
{
	if (n > t->answer.left)
		n = (size_t)t->answer.left;
	if (!answer_content(&t->answer, p, n))
		die("the response differs from what the origin has");
	if (t->answer.left > 0)
		return n;
	latency_note(now - t->times[0]);
	t->got++;
	job.done++;
	if (now < job.end)
		put_request(t, now);
	return n;
}

static void
take_responses(struct tunnel *t, const char *p, size_t n, double now)
{
	size_t part;

	for (; n > 0; p += part, n -= part)
		part = t->answer.left == 0 ? take_response(t, p, n) :
		    take_content(t, p, n, now);
}

/* The loop */

static void
ended(struct tunnel *t, double now)
{
	double began = t->times[0];

	if (t->state != CLOSING)
		die("a tunnel was ended in state %d after %u messages",
		    t->state, t->got);
	hang_up(t);
	job.done++;
	latency_note(now - began);
	if (now < job.end) {
		dial(t, true, now);
		opening++;
	}
}

static void
readable(struct tunnel *t, double now)
{
	static char in[MESSAGE_MAX];
	ssize_t n;

	do {
		n = get(t, in, sizeof in);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die("recv: %s", strerror(errno));
		if (n == 0)
			ended(t, now);
		else if (requests)
			take_responses(t, in, (size_t)n, now);
		else if (t->state == SHAKE)
			take_answer(t, in, (size_t)n, now);
		else
			take_frames(t, (unsigned char *)in, (size_t)n, now);
		/* what else came with it nobody will call again for */
	} while (n > 0 && t->tls != NULL && SSL_has_pending(t->tls));
}

static void
send_due(double now)
{
	uint64_t ticks;

	if (read(timer, &ticks, sizeof ticks) != sizeof ticks)
		return;
	for (; ticks > 0 && now < job.end; ticks--) {
		size_t i = job.turn++ % job.count;
		if (job.random)
			i = chance() % job.count;
		job.due++;
		if (tunnels[i].pend != NULL)
			die("a tunnel does not keep up");
		put_message(&tunnels[i], job.size,
		    job.began + (double)job.due * job.gap);
	}
}

#define TIMER (~(uint64_t)0)
#define INPUT (~(uint64_t)1)

/* waits once and serves what is ready; true if there is input */
static bool
turn(void)
{
	struct epoll_event e[256];
	int n = epoll_wait(poller, e, 256, job.what == REST ? -1 : STUCK_MS);
	double now = clock_s();
	bool input = false;

	if (n < 0 && errno != EINTR)
		die("epoll_wait: %s", strerror(errno));
	if (n == 0)
		die("nothing came back for %d s", STUCK_MS / 1000);
	for (int i = 0; i < n; i++) {
		struct tunnel *t;

		if (e[i].data.u64 == TIMER) {
			send_due(now);
			continue;
		}
		if (e[i].data.u64 == INPUT) {
			input = true;
			continue;
		}
		t = &tunnels[e[i].data.u64];
		if (t->state == CONNECT || t->state == HELLO) {
			connected(t);
			continue;
		}
		if (t->pend != NULL && e[i].events & EPOLLOUT) {
			flush_pending(t);
			fill_flight(t, now);
		}
		if (e[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			readable(t, now);
	}
	return input;
}

/* Commands */

static void
answer(double began)
{
	total.done += job.done;
	total.seconds += clock_s() - began;
	printf("{\"messages\": %llu, \"seconds\": %.6f, \"rate\": %.1f, "
	    "\"p50\": %.0f, \"p99\": %.0f, \"p999\": %.0f}\n",
	    (unsigned long long)total.done, total.seconds,
	    (double)total.done / total.seconds,
	    latency_percentile(0.5), latency_percentile(0.99), latency_percentile(0.999));
	fflush(stdout);
	memset(&job, 0, sizeof job);
}

static void
begin(enum kind what, double seconds, size_t count)
{
	if (count == 0 || (what != CHURN && count > opened))
		die("%zu tunnels are open, %zu are asked for", opened, count);
	memset(&job, 0, sizeof job);
	job.what = what;
	job.count = count;
	job.began = clock_s();
	job.end = job.began + seconds;
}

/* until its time is over and all that was sent came back */
static void
work(void)
{
	while (job.done < job.sent || clock_s() < job.end)
		turn();
}

static void
set_timer(double gap)
{
	struct itimerspec s = {.it_interval.tv_sec = (time_t)gap};

	s.it_interval.tv_nsec = (long)((gap - (double)(time_t)gap) * 1e9);
	s.it_value = s.it_interval;
	timerfd_settime(timer, 0, &s, NULL);
}

static void
set_tunnels(size_t want, bool for_requests)
{
	if (opened > 0 && for_requests != requests)
		die("tunnels and connections do not mix");
	requests = for_requests;
	if (want > room)
		die("%zu tunnels are more than descriptors allow", want);
	job.what = ECHO; /* with a count of 0: nothing is sent */
	for (size_t i = want; i < opened; i++)
		hang_up(&tunnels[i]);
	if (opened > want)
		opened = want;
	while (opened < want || opening > 0) {
		while (opened < want && opening < OPENING) {
			dial(&tunnels[opened++], false, 0);
			opening++;
		}
		turn();
	}
	memset(&job, 0, sizeof job);
	printf("{\"tunnels\": %zu}\n", opened);
	fflush(stdout);
}

static void
run_echo(double seconds, size_t size, size_t flight, size_t count)
{
	begin(ECHO, seconds, count);
	job.size = size;
	job.flight = flight;
	for (size_t i = 0; i < count; i++)
		fill_flight(&tunnels[i], job.began);
	work();
	answer(job.began);
}

static void
run_pace(double seconds, size_t size, double rate, size_t count, bool random)
{
	begin(PACE, seconds, count);
	job.size = size;
	job.gap = 1 / rate;
	job.random = random;
	set_timer(job.gap);
	work();
	set_timer(0);
	answer(job.began);
}

static void
run_get(double seconds, const char *path, size_t count)
{
	begin(GET, seconds, count);
	if (!requests)
		die("tunnels take no requests");
	job.path = path;
	for (size_t i = 0; i < count; i++)
		put_request(&tunnels[i], job.began);
	work();
	answer(job.began);
}

static void
run_churn(double seconds, size_t count, bool resume)
{
	begin(CHURN, seconds, count);
	job.resume = resume;
	if (opened + count > room)
		die("%zu connections are more than descriptors allow", count);
	for (size_t i = 0; i < count; i++) {
		dial(&tunnels[opened + i], true, job.began);
		opening++;
	}
	while (opening > 0 || job.done < job.sent)
		turn();
	answer(job.began);
}

static bool
obey(const char *line)
{
	double seconds, rate;
	size_t size, flight, n;
	char how[8] = "", path[64];

	if (strncmp(line, "more ", 5) == 0) {
		line += 5;
	} else {
		latency_reset();
		memset(&total, 0, sizeof total);
	}
	if (sscanf(line, "tunnels %zu", &n) == 1)
		set_tunnels(n, false);
	else if (sscanf(line, "connections %zu", &n) == 1)
		set_tunnels(n, true);
	else if (sscanf(line, "echo %lf %zu %zu %zu", &seconds, &size,
	    &flight, &n) == 4 && size <= MESSAGE_MAX && flight <= FLIGHT_MAX)
		run_echo(seconds, size, flight, n);
	else if (sscanf(line, "pace %lf %zu %lf %zu %7s", &seconds, &size,
	    &rate, &n, how) >= 4 && size <= MESSAGE_MAX && rate > 0)
		run_pace(seconds, size, rate, n, strcmp(how, "random") == 0);
	else if (sscanf(line, "get %lf %63s %zu", &seconds, path, &n) == 3)
		run_get(seconds, path, n);
	else if (sscanf(line, "churn %lf %zu %7s", &seconds, &n, how) >= 2)
		run_churn(seconds, n, strcmp(how, "resume") == 0);
	else
		return false;
	return true;
}

static void
set_up(const char *port)
{
	struct rlimit limit;
	struct epoll_event e = {.events = EPOLLIN};

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	room = (size_t)limit.rlim_cur - 16;
	tunnels = calloc(room, sizeof *tunnels);
	poller = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (tunnels == NULL || poller < 0 || timer < 0)
		die("set up: %s", strerror(errno));
	e.data.u64 = TIMER;
	epoll_ctl(poller, EPOLL_CTL_ADD, timer, &e);
	e.data.u64 = INPUT;
	epoll_ctl(poller, EPOLL_CTL_ADD, 0, &e);
	proxy.sin_family = AF_INET;
	proxy.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	proxy.sin_port = htons((uint16_t)atoi(port));
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (unsigned char)chance();
}

int
main(int argc, char **argv)
{
	char line[256];
	ssize_t n;

	if (argc != 2 && argc != 3) {
		fputs("usage: load PORT [CA]\n", stderr);
		return 2;
	}
	set_up(argv[1]);
	if (argc == 3)
		secret_begin(argv[2]);
	for (;;) {
		while (!turn())
			;
		n = read(0, line, sizeof line - 1);
		if (n <= 0)
			return 0;
		line[n] = '\0';
		if (!obey(line))
			die("no command: %s", line);
	}
}
