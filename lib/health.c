/*
 * Health checks: see health.h.
 *
 * A check opens a connection, sends a request, and judges the head of the
 * answer; a WebSocket one goes on with a ping. It passes or fails once. What
 * weir lacks itself (descriptors, buffers) is no failure of the upstream: the
 * check is made another time.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "health.h"
#include "connect.h"
#include "introduce.h"
#include "log.h"
#include "secure.h"
#include "session.h"
#include "tls.h"
#include "tlserror.h"
#include "upgrade.h"

/* the first checks are not all made at once */
#define FIRST_MS 1000
#define PING_SIZE 4
#define REQUEST_MAX 4096

enum state {
	WAITING, /* for the time of the next check */
	QUEUING, /* for room in the queue of a unix socket */
	CONNECTING,
	SECURING, /* in the TLS handshake */
	ASKING, /* the request is on its way, or its answer */
	PINGING, /* the ping is on its way, or its pong */
	CLOSING /* it is decided; the other side gets time to close */
};

struct health {
	struct health *next;
	struct upstream *up;
	const struct conf_route *r; /* what to do, in the conf in force */
	struct conn *c; /* NULL while waiting */
	enum state state;
	unsigned next_addr; /* of the upstream's addresses */
	unsigned in_row; /* checks against the verdict in force */
	int64_t at; /* when the next check is due */
	int64_t again_at; /* QUEUING: when to connect again */
	int64_t began; /* this one */
	uint64_t skip; /* payload of a frame that is still to come */
	char key[WS_ACCEPT_LEN]; /* of the handshake, 24 characters */
	unsigned char ping[PING_SIZE];
};

static struct health *all;
int64_t health_at = INT64_MAX;

/* ---- which ---- */

static struct health *
find(const struct upstream *up)
{
	struct health *h = all;

	while (h != NULL && h->up != up)
		h = h->next;
	return h;
}

static bool
websocket(const struct health *h)
{
	return *h->r->health != '/';
}

static int64_t
deadline(const struct health *h)
{
	unsigned n = h->up->n_addrs > 0 ? h->up->n_addrs : 1;
	int64_t ms = h->r->health_timeout_ms;

	if (h->state == WAITING)
		return h->at;
	if (h->state == QUEUING && h->again_at < h->began + ms)
		return h->again_at;
	/* each address has its part of the time */
	if (h->state == CONNECTING && h->next_addr < n)
		ms = ms * h->next_addr / n;
	return h->began + ms;
}

static void
set_next(int64_t at)
{
	if (at < health_at)
		health_at = at;
}

/* the end of a check; the next one keeps to its time */
static void
rest(struct health *h)
{
	conn_close(h->c);
	h->c = NULL;
	h->state = WAITING;
	set_next(h->at);
}

/* a tenth more or less, so that many weirs do not ask at once */
static int64_t
spread(int64_t ms)
{
	return ms - ms / 10 + (int64_t)(world_random() %
	    (uint64_t)(ms / 5 + 1));
}

static void
add(struct upstream *up, const struct conf_route *r)
{
	int64_t ms = r->health_interval_ms;
	struct health *h = calloc(1, sizeof *h);

	if (h == NULL)
		fatal("out of memory for health checks");
	h->up = up;
	h->r = r;
	h->at = world.now + (int64_t)(world_random() %
	    (uint64_t)(ms < FIRST_MS ? ms : FIRST_MS));
	h->next = all;
	all = h;
	set_next(h->at);
}

/* takes up what the route of a new configuration wants */
static void
renew(struct health *h, const struct conf_route *r)
{
	h->r = r;
	if (h->at > world.now + r->health_interval_ms) {
		h->at = world.now + spread(r->health_interval_ms);
		set_next(h->at);
	}
}

/* ends the checks that no route has asked for */
static void
drop_unwanted(void)
{
	struct health **at = &all, *h;

	while ((h = *at) != NULL) {
		if (h->r != NULL) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		conn_close(h->c);
		upstream_judge(h->up, false, R_DONE, 0, world.now);
		free(h);
	}
}

void
health_apply(const struct conf *c)
{
	const struct conf_route *r;
	struct health *h;
	unsigned i;

	for (h = all; h != NULL; h = h->next) {
		/* what is under way follows the old configuration */
		rest(h);
		h->r = NULL;
	}
	for (r = c->routes; r != NULL; r = r->next) {
		for (i = 0; r->health != NULL && i < r->n_upstreams; i++) {
			h = find(r->targets[i].up);
			if (h == NULL)
				add(r->targets[i].up, r);
			else if (h->r == NULL)
				renew(h, r);
		}
	}
	drop_unwanted();
}

/* ---- verdicts ---- */

/* one check more for or against the upstream */
static void
count(struct health *h, bool passed, enum reason why, int status)
{
	unsigned enough = passed ? h->r->health_rise : h->r->health_fall;

	if (log_begin(LOG_MAIN, LOG_L_DEBUG, "health")) {
		log_pair("upstream", h->up->text);
		log_pair("reason", reason_word(why));
		log_end();
	}
	h->in_row = passed == h->up->down ? h->in_row + 1 : 0;
	if (h->in_row < enough)
		return;
	h->in_row = 0;
	upstream_judge(h->up, !passed, why, status, world.now);
}

static void
failed(struct health *h, enum reason why, int status)
{
	/* what weir itself lacks tells nothing */
	if (why != R_NO_MEMORY)
		count(h, false, why, status);
	rest(h);
}

/* the check is decided: what is still under way is read, so that the upstream
 * does not see its answer cut */
static void
decided(struct health *h, enum reason why, int status)
{
	count(h, why == R_DONE, why, status);
	h->state = CLOSING;
}

static enum reason
too_late(const struct health *h)
{
	switch (h->state) {
	case QUEUING:
		return R_CONNECT_TIMEOUT;
	case SECURING:
		return R_UPSTREAM_TLS_TIMEOUT;
	case PINGING:
		return R_HEALTH_NO_PONG;
	default:
		return R_HEALTH_TIMEOUT;
	}
}

/* ---- asking ---- */

static void
make_key(struct health *h)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = 0;
	int i;

	/* 16 bytes are 21 digits, one that has two bits, and two signs */
	for (i = 0; i < 21; i++, bits >>= 6) {
		if (i % 10 == 0)
			bits = world_random();
		h->key[i] = digits[bits & 63];
	}
	h->key[21] = digits[bits & 48];
	memcpy(h->key + 22, "==", 2);
}

static struct span
key_of(const struct health *h)
{
	return (struct span){h->key, 24};
}

static const char *
host_of(const struct health *h)
{
	const char *host = h->r->host_header;

	return host == NULL || strcmp(host, "upstream") == 0 ?
	    h->up->authority : host;
}

/* the connection is there: sends the request */
static void
ask(struct health *h)
{
	char memory[REQUEST_MAX];
	struct text t;

	text_init(&t, memory, sizeof memory);
	text_str(&t, "GET ");
	text_str(&t, strchr(h->r->health, '/'));
	text_str(&t, " HTTP/1.1\r\nHost: ");
	text_str(&t, host_of(h));
	text_str(&t, "\r\nUser-Agent: weir\r\n");
	if (websocket(h)) {
		make_key(h);
		text_str(&t, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
		text_span(&t, key_of(h));
		text_str(&t, "\r\n\r\n");
	} else {
		text_str(&t, "Accept: */*\r\nConnection: close\r\n\r\n");
	}
	h->state = ASKING;
	if (t.full || !conn_send_mem(h->c, t.p, t.n))
		failed(h, R_UPSTREAM_RESET, 0);
}

/* what TLS had to give up for want of memory tells nothing */
static enum reason
or_stalled(const struct health *h, enum reason why)
{
	return h->c->tls != NULL && tls_error(h->c->tls) == TLS_E_STALLED ?
	    R_NO_MEMORY : why;
}

static void
secure(struct health *h)
{
	int r = secure_handshake(h->c);

	if (r > 0)
		ask(h);
	else if (r < 0)
		failed(h, or_stalled(h, R_UPSTREAM_TLS), 0);
}

/* a busy upstream gets the time of the check, as it gets that of a request */
static void
queue(struct health *h)
{
	h->state = QUEUING;
	h->next_addr--;
	h->again_at = world.now + CONNECT_AGAIN_MS;
	set_next(h->again_at);
}

/* connects to the next address; an error of the last one is the check's */
static void
attempt(struct health *h, enum reason why)
{
	int fd = -1;

	conn_close(h->c);
	h->c = NULL;
	while (fd < 0 && h->next_addr < h->up->n_addrs) {
		fd = connect_begin(&h->up->addrs[h->next_addr++]);
		if (fd < 0 && errno == EAGAIN) {
			queue(h);
			return;
		}
		if (fd < 0)
			why = connect_reason(errno);
	}
	if (fd < 0) {
		failed(h, why, 0);
		return;
	}
	h->state = CONNECTING;
	h->c = upstream_conn_open(fd, CONN_HEALTH, h);
	if (h->c == NULL) {
		close(fd);
		failed(h, R_NO_MEMORY, 0);
	}
}

static void
connected(struct health *h)
{
	int err = connect_error(h->c->fd);

	if (err == EINPROGRESS)
		return;
	if (err != 0) {
		attempt(h, connect_reason(err));
	} else if (introduce_weir(h->up, h->c) <= 0) {
		failed(h, R_UPSTREAM_RESET, 0);
	} else if (h->up->tls == NULL) {
		ask(h);
	} else {
		h->c->tls = tls_connect(h->up->tls, h->c);
		h->state = SECURING;
		if (h->c->tls == NULL)
			failed(h, R_NO_MEMORY, 0);
		else
			secure(h);
	}
}

static void
begin(struct health *h)
{
	h->began = world.now;
	h->at = world.now + spread(h->r->health_interval_ms);
	h->next_addr = 0;
	h->skip = 0;
	attempt(h, R_UNRESOLVED);
}

/* ---- answers ---- */

static void
send_frame(struct health *h, unsigned opcode)
{
	unsigned char frame[WS_CLOSE_FRAME_MAX];
	uint64_t bits = world_random();
	struct ws_head head;
	size_t n;

	if (opcode == WS_CLOSE) {
		n = ws_write_close(frame, WS_C_NORMAL, "",
		    (const uint8_t *)&bits);
		conn_send_mem(h->c, frame, n);
		return;
	}
	memset(&head, 0, sizeof head);
	head.fin = head.masked = true;
	head.opcode = (uint8_t)opcode;
	head.length = PING_SIZE;
	memcpy(head.mask, &bits, sizeof head.mask);
	memcpy(h->ping, (unsigned char *)&bits + 4, PING_SIZE);
	n = ws_write_head(frame, &head);
	memcpy(frame + n, h->ping, PING_SIZE);
	ws_mask(frame + n, PING_SIZE, head.mask, 0);
	conn_send_mem(h->c, frame, n + PING_SIZE);
}

/* a final answer */
static void
judge(struct health *h, const struct http_response *r)
{
	static const struct span none = {"", 0};
	enum reason why;

	if (!websocket(h)) {
		why = statuses_have(&h->r->health_status, r->status) ?
		    R_DONE : R_HEALTH_STATUS;
		decided(h, why, r->status);
		return;
	}
	why = r->status == 101 ? upgrade_prove(&r->h, key_of(h), none, none) :
	    R_HEALTH_STATUS;
	if (why != R_DONE) {
		decided(h, why, r->status);
		return;
	}
	h->state = PINGING;
	send_frame(h, WS_PING);
}

/*
 * These take what they can of the start of v, and return the bytes: 0 if they
 * need more, -1 if the check is over.
 */
static long
take_head(struct health *h, const struct view *v)
{
	struct http_response r;
	int used;

	r.h.fields = world.fields;
	used = http_parse_response(v->p, v->n, &world.limits, false, &r);
	if (used < 0) {
		failed(h, (enum reason)-used, 0);
		return -1;
	}
	/* interim ones are passed over */
	if (used > 0 && (r.status >= 200 || r.status == 101))
		judge(h, &r);
	return used;
}

/* the pong is there: the rest is courtesy */
static void
say_goodbye(struct health *h)
{
	send_frame(h, WS_CLOSE);
	if (!conn_unsent(h->c))
		conn_shut(h->c);
	decided(h, R_DONE, 0);
}

static long
take_frame(struct health *h, const struct view *v)
{
	const unsigned char *p = (const unsigned char *)v->p;
	struct ws_head head;
	int n;

	if (h->skip > 0) {
		n = v->n < h->skip && v->n < 65536 ? (int)v->n :
		    h->skip < 65536 ? (int)h->skip : 65536;
		h->skip -= (uint64_t)n;
		return n;
	}
	n = ws_read_head(p, v->n, &head);
	if (n < 0) {
		failed(h, R_UPSTREAM_CUT, 0);
		return -1;
	}
	if (n == 0)
		return 0;
	if (head.opcode != WS_PONG || head.length != PING_SIZE || head.masked) {
		h->skip = head.length;
		return n;
	}
	if (v->n < (size_t)n + PING_SIZE)
		return 0;
	if (memcmp(p + n, h->ping, PING_SIZE) == 0)
		say_goodbye(h);
	return n + PING_SIZE;
}

/* false: the check is over */
static bool
take(struct health *h, struct view *v)
{
	long used = 1;

	while (used > 0 && v->n > 0 && h->state != CLOSING) {
		used = h->state == ASKING ? take_head(h, v) :
		    take_frame(h, v);
		if (used < 0)
			return false;
		v->p += used;
		v->n -= (size_t)used;
	}
	return true;
}

static enum reason
why_ended(ssize_t n, size_t had)
{
	if (n == -3)
		return R_RESPONSE_TOO_LARGE;
	if (n == -2)
		return R_UPSTREAM_RESET;
	return had > 0 ? R_UPSTREAM_CUT : R_UPSTREAM_NO_ANSWER;
}

static void
read_answer(struct health *h)
{
	struct view v, rest_of;
	ssize_t n;
	bool full;

	if (h->state == CLOSING)
		conn_forget(h->c);
	n = view_read(h->c, &v, &full);
	if (n == -1)
		return;
	if (h->state == CLOSING) {
		if (n <= 0)
			rest(h);
		return;
	}
	if (n <= 0) {
		failed(h, or_stalled(h, why_ended(n, v.n)), 0);
		return;
	}
	rest_of = v;
	if (take(h, &rest_of) &&
	    !view_done(h->c, &v, (size_t)(rest_of.p - v.p)))
		failed(h, R_NO_MEMORY, 0);
}

/* ---- for the loop ---- */

int
health_events(const struct conn *c)
{
	const struct health *h = c->owner;

	if (h->state == CONNECTING)
		return POLLOUT;
	return POLLIN | (conn_unsent(c) ? POLLOUT : 0);
}

void
health_serve(struct conn *c, int revents)
{
	struct health *h = c->owner;

	if (h->state == CONNECTING) {
		connected(h);
	} else if (h->state == SECURING) {
		secure(h);
	} else {
		/* that sending failed is seen by reading, with its cause */
		if (revents & POLLOUT)
			conn_flush(c);
		if (revents & POLLIN)
			read_answer(h);
	}
	if (h->c != NULL)
		conn_wants(h->c, health_events(h->c));
}

static void
expire(struct health *h)
{
	if (h->state == WAITING)
		begin(h);
	else if (h->state == CLOSING)
		rest(h);
	else if (h->state == CONNECTING || (h->state == QUEUING &&
	    world.now < h->began + h->r->health_timeout_ms))
		attempt(h, R_CONNECT_TIMEOUT);
	else
		failed(h, too_late(h), 0);
}

void
health_expire(void)
{
	struct health *h;

	health_at = INT64_MAX;
	for (h = all; h != NULL; h = h->next) {
		if (deadline(h) <= world.now)
			expire(h);
		set_next(deadline(h));
	}
}
