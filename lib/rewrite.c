/* The heads that weir sends: see rewrite.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rewrite.h"
#include "allow.h"
#include "hint.h"

/* Forwarded at its longest: a name, and a node for each proxy */
#define ORIGIN_MAX (512 + (CLIENT_CHAIN_MAX + 1) * (PEER_TEXT_MAX + 16))

/* one look at the room for all of it: this is where heads spend their time;
 * inlined, as the length of a name of weir's own is known then */
static inline void
put_field(struct text *t, struct span name, struct span value)
{
	char *p = t->p + t->n;

	if (RARE(name.n + value.n + 4 > t->cap - t->n)) {
		t->full = true;
		return;
	}
	memcpy(p, name.p, name.n);
	p += name.n;
	memcpy(p, ": ", 2);
	p += 2;
	if (value.n > 0)
		memcpy(p, value.p, value.n);
	p += value.n;
	memcpy(p, "\r\n", 2);
	t->n += name.n + value.n + 4;
}

/*
 * Fields that stand in the message as they are to be written are put off: those
 * side by side are a run, and copied at once.
 */
static void
put_run(struct text *t, struct span *run)
{
	text_span(t, *run);
	run->n = 0;
}

/* a field that goes on as it came */
static void
put_as_is(struct text *t, struct span *run, const struct http_field *f)
{
	if (RARE(!f->plain)) {
		put_run(t, run);
		put_field(t, f->name, f->value);
		return;
	}
	if (RARE(run->p + run->n != f->name.p)) {
		put_run(t, run);
		run->p = f->name.p;
	}
	run->n += f->name.n + 2 + f->value.n + 2;
}

/* the field that an upstream may take it for, which reads "_" as "-" */
static enum http_field_id
read_as(const struct http_field *f)
{
	char memory[FIELD_DASHED];

	if (f->id != HTTP_F_OTHER ||
	    USUAL(memchr(f->name.p, '_', f->name.n) == NULL))
		return f->id;
	return field_id(field_dashed(f->name, memory));
}

/* whether the id alone tells a field's name */
static bool
names_one(int id)
{
	return id != HTTP_F_OTHER && id != HTTP_F_X_FORWARDED_OTHER;
}

/* true if one of the rules is about the field, or what it may be taken for */
static bool
ruled(const struct conf_rule *rules, const struct http_field *f)
{
	for (; rules != NULL; rules = rules->next) {
		if (names_one((int)f->id) && names_one(rules->id)) {
			if (rules->id == (int)f->id)
				return true;
		} else if (field_alike(rules->name, f->name)) {
			return true;
		}
	}
	return false;
}

/* true if set or del rules say that the field does not go on as it came */
static bool
ruled_out(const struct conf_rule *set, const struct conf_rule *del,
    const struct http_field *f)
{
	return (RARE(set != NULL) && ruled(set, f)) ||
	    (RARE(del != NULL) && ruled(del, f));
}

/* true if a rule is about a field of weir's own, which has one name only */
static bool
owned(const struct conf_rule *rules, enum http_field_id id)
{
	while (RARE(rules != NULL) && rules->id != (int)id)
		rules = rules->next;
	return rules != NULL;
}

void
rewrite_rules(struct text *t, const struct conf_rule *rules)
{
	for (; RARE(rules != NULL); rules = rules->next)
		put_field(t, rules->name, rules->value);
}

/* inlined, as the length of a literal is known then */
static inline struct span
span_of(const char *s)
{
	return (struct span){s, strlen(s)};
}

/* what a client says of its own origin is not believed, and what a trusted
 * proxy says is written anew, where weir knows what it is */
static bool
forged(const struct http_field *f, enum http_field_id as,
    const struct rewrite_request *how)
{
	switch (as) {
	case HTTP_F_FORWARDED:
	case HTTP_F_X_FORWARDED_FOR:
	case HTTP_F_X_FORWARDED_PROTO:
	case HTTP_F_X_FORWARDED_HOST:
	case HTTP_F_X_REQUEST_ID:
	/* by these very names they are of this hop */
	case HTTP_F_CONTENT_LENGTH:
	case HTTP_F_TRANSFER_ENCODING:
		return true;
	case HTTP_F_X_FORWARDED_OTHER:
		return how->from == NULL;
	default:
		return how->hidden != NULL &&
		    field_alike(f->name, span_of(how->hidden));
	}
}

/* a field of weir's own, unless a rule is about it */
static inline void
put_own(struct text *t, const struct conf_route *r, struct span name,
    enum http_field_id id, struct span value)
{
	if (!owned(r->set_header, id) && !owned(r->del_header, id))
		put_field(t, name, value);
}

/* whether trusted proxies tell of the client */
static bool
is_told(const struct rewrite_request *how)
{
	return RARE(how->from != NULL) && how->from->told;
}

/* an element's node: RFC 7239 6 */
static void
put_node(struct text *t, struct span address)
{
	bool v6 = memchr(address.p, ':', address.n) != NULL;

	if (span_is(address, "unix:")) {
		text_str(t, "for=_unix");
		return;
	}
	text_str(t, v6 ? "for=\"[" : "for=");
	text_span(t, address);
	text_str(t, v6 ? "]\"" : "");
}

/* the value of Forwarded: RFC 7239 4 */
static void
put_forwarded(struct text *t, struct span host,
    const struct rewrite_request *how)
{
	struct span chain = { how->client, strlen(how->client) }, node;
	bool first = true;

	if (is_told(how))
		chain = how->from->chain;
	while (span_next(&chain, &node)) {
		text_str(t, first ? "" : ", ");
		put_node(t, node);
		/* what is known is so of the client's own request */
		if (first && host.n > 0) {
			text_str(t, ";host=\"");
			text_span(t, host);
			text_str(t, "\"");
		}
		if (first)
			text_str(t, how->tls ? ";proto=https" : ";proto=http");
		first = false;
	}
	if (!is_told(how))
		return;
	text_str(t, ", ");
	put_node(t, span_of(how->via));
}

/* the value of X-Forwarded-For: the client, and the proxies that it came by;
 * put together in t if there are any */
static struct span
chain(struct text *t, const struct rewrite_request *how)
{
	if (!is_told(how))
		return span_of(how->client);
	text_span(t, how->from->chain);
	if (strcmp(how->via, "unix:") != 0) {
		text_str(t, ", ");
		text_str(t, how->via);
	}
	return (struct span){t->p, t->n};
}

/* id in hexadecimal digits, and all of them */
static struct span
id_text(uint64_t id, char digits[16])
{
	int i;

	for (i = 15; i >= 0; i--, id >>= 4)
		digits[i] = "0123456789abcdef"[id & 15];
	return (struct span){digits, 16};
}

/* the fields that tell the upstream where the request came from */
static void
put_origin(struct text *t, const struct http_request *q,
    const struct rewrite_request *how)
{
	const struct conf_route *r = how->route;
	char digits[16], memory[ORIGIN_MAX];
	struct span host = q->host, id;
	struct text text;

	if (RARE(how->from != NULL) && how->from->host.n > 0)
		host = how->from->host;
	text_init(&text, memory, sizeof memory);
	put_own(t, r, span_of("X-Forwarded-For"), HTTP_F_X_FORWARDED_FOR,
	    chain(&text, how));
	put_own(t, r, span_of("X-Forwarded-Proto"), HTTP_F_X_FORWARDED_PROTO,
	    how->tls ? span_of("https") : span_of("http"));
	if (host.n > 0)
		put_own(t, r, span_of("X-Forwarded-Host"),
		    HTTP_F_X_FORWARDED_HOST, host);
	if (RARE(how->from != NULL) && how->from->id.n > 0)
		id = how->from->id;
	else
		id = id_text(how->id, digits);
	put_own(t, r, span_of("X-Request-Id"), HTTP_F_X_REQUEST_ID, id);
	if (USUAL(!r->forwarded))
		return;
	text_init(&text, memory, sizeof memory);
	put_forwarded(&text, host, how);
	put_own(t, r, span_of("Forwarded"), HTTP_F_FORWARDED,
	    (struct span){memory, text.n});
}

static void
put_target(struct text *t, const struct http_request *q,
    const struct rewrite_request *how)
{
	const struct location_path *change = &how->path;
	struct span path = q->path;
	bool longer = RARE(*change->add != '\0' || *change->to != '\0');

	if (RARE(longer)) {
		text_str(t, change->add);
		text_str(t, change->to);
	}
	path.p += change->strip;
	path.n -= change->strip;
	if (RARE(change->strip > 0 || path.n == 0) &&
	    (path.n == 0 ? !longer : *path.p != '/'))
		text_mem(t, "/", 1);
	text_span(t, path);
	if (RARE(how->hide != NULL) && how->hide->query != NULL)
		shown_put_query(t, q->query, how->hide->query);
	else
		text_span(t, q->query);
}

/* a field that goes on as it came; but the address of the page, in Referer,
 * may hold the key that the page was got with */
static void
put_kept(struct text *t, struct span *run, const struct http_field *f,
    const struct shown_from *hide)
{
	const char *query, *end = f->value.p + f->value.n;

	if (USUAL(hide == NULL) || hide->query == NULL ||
	    !span_is(f->name, "referer")) {
		put_as_is(t, run, f);
		return;
	}
	put_run(t, run);
	query = f->value.n > 0 ? memchr(f->value.p, '?', f->value.n) : NULL;
	if (query == NULL)
		query = end;
	text_span(t, f->name);
	text_mem(t, ": ", 2);
	text_span(t, span_between(f->value.p, query));
	shown_put_query(t, span_between(query, end), hide->query);
	text_mem(t, "\r\n", 2);
}

static void
put_framing(struct text *t, const struct http_head *h)
{
	if (RARE(h->body == HTTP_BODY_CHUNKED)) {
		text_str(t, "Transfer-Encoding: chunked\r\n");
	} else if (RARE(h->has_length)) {
		text_str(t, "Content-Length: ");
		text_uint(t, h->length);
		text_mem(t, "\r\n", 2);
	}
}

/* the subprotocols that the route lets through, in place of the client's */
static void
put_protocols(struct text *t, const struct conf_route *r,
    const struct http_head *h)
{
	const struct http_field *f;

	f = http_find(h, HTTP_F_SEC_WEBSOCKET_PROTOCOL, NULL);
	if (f == NULL || ruled_out(r->set_header, r->del_header, f) ||
	    allow_protocols(r, h, NULL) <= 0)
		return;
	text_str(t, "Sec-WebSocket-Protocol: ");
	allow_protocols(r, h, t);
	text_mem(t, "\r\n", 2);
}

void
rewrite_request(struct text *t, const struct http_request *q,
    const struct rewrite_request *how)
{
	const struct conf_route *r = how->route;
	bool choose = (RARE(how->handshake) && r->subprotocols != NULL) ||
	    (RARE(how->hide != NULL) && how->hide->keys);
	struct span run = {"", 0};
	const struct http_field *f;
	enum http_field_id as;
	unsigned i;

	text_span(t, q->method);
	text_mem(t, " ", 1);
	put_target(t, q, how);
	text_str(t, " HTTP/1.1\r\nHost: ");
	if (RARE(how->authority != NULL))
		text_str(t, how->authority);
	else
		text_span(t, q->host);
	text_mem(t, "\r\n", 2);
	for (i = 0; i < q->h.n_fields; i++) {
		f = &q->h.fields[i];
		as = read_as(f);
		if (f->hop || as == HTTP_F_HOST || forged(f, as, how) ||
		    (as == HTTP_F_EXPECT && !q->expect_continue) ||
		    (as == HTTP_F_SEC_WEBSOCKET_PROTOCOL && choose) ||
		    (RARE(how->hide != NULL) && shown_hides(how->hide, as)) ||
		    ruled_out(r->set_header, r->del_header, f))
			continue;
		put_kept(t, &run, f, how->hide);
	}
	put_run(t, &run);
	put_framing(t, &q->h);
	if (RARE(choose))
		put_protocols(t, r, &q->h);
	if (RARE(how->handshake))
		text_str(t, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	put_origin(t, q, how);
	rewrite_rules(t, r->set_header);
	rewrite_rules(t, r->add_header);
	text_mem(t, "\r\n", 2);
}

static void
put_status(struct text *t, int status, struct span phrase)
{
	char line[] = "HTTP/1.1 ddd ";

	line[9] = (char)('0' + status / 100);
	line[10] = (char)('0' + status / 10 % 10);
	line[11] = (char)('0' + status % 10);
	text_mem(t, line, sizeof line - 1);
	text_span(t, phrase);
	text_mem(t, "\r\n", 2);
}

static void
put_connection(struct text *t, bool close, bool keep_10)
{
	if (RARE(close))
		text_str(t, "Connection: close\r\n");
	else if (RARE(keep_10))
		text_str(t, "Connection: keep-alive\r\n");
}

void
rewrite_status(struct text *t, int status)
{
	put_status(t, status, span_of(http_phrase(status)));
}

static void
put_location(struct text *t, const struct rewrite_response *how,
    const struct http_field *f)
{
	text_span(t, f->name);
	text_mem(t, ": ", 2);
	location_put(t, how->location, f->value);
	text_mem(t, "\r\n", 2);
}

void
rewrite_response(struct text *t, const struct http_response *r,
    const struct rewrite_response *how)
{
	const struct conf_route *route = how->route;
	struct span run = {"", 0};
	const struct http_field *f;
	unsigned i;

	put_status(t, r->status, r->phrase);
	for (i = 0; i < r->h.n_fields; i++) {
		f = &r->h.fields[i];
		if (RARE(f->hop) || ruled_out(route->set_response_header,
		    route->del_response_header, f))
			continue;
		if (RARE(f->id == HTTP_F_LOCATION) && how->location != NULL) {
			put_run(t, &run);
			put_location(t, how, f);
		} else {
			put_as_is(t, &run, f);
		}
	}
	put_run(t, &run);
	if (RARE(how->framing == REWRITE_CHUNKED)) {
		text_str(t, "Transfer-Encoding: chunked\r\n");
	} else if (USUAL(how->framing == REWRITE_LENGTH)) {
		text_str(t, "Content-Length: ");
		text_uint(t, r->h.length);
		text_mem(t, "\r\n", 2);
	}
	if (RARE(how->handshake))
		text_str(t, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	else
		put_connection(t, how->close, how->keep_10);
	if (RARE(how->protocol.n > 0))
		put_field(t, span_of("Sec-WebSocket-Protocol"), how->protocol);
	rewrite_rules(t, route->set_response_header);
	rewrite_rules(t, route->add_response_header);
	text_mem(t, "\r\n", 2);
}

void
rewrite_interim(struct text *t, const struct http_response *r)
{
	put_status(t, r->status, r->phrase);
	rewrite_trailers(t, &r->h, NULL, NULL, NULL);
}

void
rewrite_trailers(struct text *t, const struct http_head *h,
    const struct conf_rule *set, const struct conf_rule *del,
    const char *hidden)
{
	struct span run = {"", 0};
	const struct http_field *f;
	unsigned i;

	for (i = 0; i < h->n_fields; i++) {
		f = &h->fields[i];
		if (!f->hop && !ruled_out(set, del, f) &&
		    (hidden == NULL ||
		    !field_alike(f->name, span_of(hidden))))
			put_as_is(t, &run, f);
	}
	put_run(t, &run);
	text_mem(t, "\r\n", 2);
}

static int
status_of(const struct rewrite_answer *how)
{
	return how->status != 0 ? how->status : reason_status(how->reason);
}

/* the body of an answer of weir's own */
static void
put_body(struct text *t, const struct rewrite_answer *how, bool json)
{
	int status = status_of(how);

	if (json && how->format == CONF_ERRORS_OPENAI) {
		text_str(t, "{\"error\":{\"message\":\"");
		text_str(t, reason_sentence(how->reason));
		text_str(t, "\",\"type\":\"");
		text_str(t, status < 500 ? "invalid_request_error" :
		    "server_error");
		text_str(t, "\",\"param\":null,\"code\":\"");
		text_str(t, reason_word(how->reason));
		text_str(t, "\"}}\n");
		return;
	}
	if (json) {
		text_str(t, "{\"error\":{\"status\":");
		text_uint(t, (uint64_t)status);
		text_str(t, ",\"reason\":\"");
		text_str(t, reason_word(how->reason));
		text_str(t, "\",\"message\":\"");
		text_str(t, reason_sentence(how->reason));
		text_str(t, "\"}}\n");
		return;
	}
	text_uint(t, (uint64_t)status);
	text_mem(t, " ", 1);
	text_str(t, http_phrase(status));
	text_mem(t, ": ", 2);
	text_str(t, reason_word(how->reason));
	text_mem(t, ": ", 2);
	text_str(t, reason_sentence(how->reason));
	text_mem(t, "\n", 1);
}

/* Date, which an origin server with a clock sends: RFC 9110 6.6.1 */
void
rewrite_date(struct text *t, int64_t wall_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t when = (time_t)wall_s;
	char date[40];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL)
		return;
	/* not by strftime(), which speaks the locale's language */
	snprintf(date, sizeof date, "%.3s, %02d %.3s %d %02d:%02d:%02d GMT",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	text_str(t, "Date: ");
	text_str(t, date);
	text_mem(t, "\r\n", 2);
}

/* RFC 9110 11.6.1, RFC 6750 3, where Bearer never stands alone */
static void
put_challenge(struct text *t, const struct rewrite_answer *how)
{
	if (how->bearer) {
		text_str(t, "WWW-Authenticate: Bearer realm=\"weir\"");
		if (how->reason != R_NO_KEY) {
			text_str(t, ", error=\"invalid_token\", "
			    "error_description=\"");
			text_str(t, reason_sentence(how->reason));
			text_str(t, "\"");
		}
		text_mem(t, "\r\n", 2);
	}
	if (how->basic)
		text_str(t, "WWW-Authenticate: Basic realm=\"weir\", "
		    "charset=\"UTF-8\"\r\n");
}

/* the fields that an answer of this status or reason has beyond others */
static void
put_special(struct text *t, const struct rewrite_answer *how, int status)
{
	if (how->reason == R_REDIRECT || how->reason == R_MOVED)
		put_field(t, span_of("Location"), how->own);
	if (how->reason == R_CHALLENGE_METHOD)
		text_str(t, "Allow: GET, HEAD\r\n");
	else if (status == 405)
		text_str(t, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, "
		    "OPTIONS\r\n");
	if (status == 426)
		text_str(t, "Upgrade: websocket\r\n"
		    "Sec-WebSocket-Version: 13\r\n");
	if (status == 401)
		put_challenge(t, how);
	if (how->retry_after > 0) {
		text_str(t, "Retry-After: ");
		text_uint(t, how->retry_after);
		text_mem(t, "\r\n", 2);
	}
}

void
rewrite_answer(struct text *t, const struct rewrite_answer *how)
{
	int status = status_of(how);
	char memory[1024];
	struct text body;
	bool json;

	json = how->format == CONF_ERRORS_JSON ||
	    how->format == CONF_ERRORS_OPENAI ||
	    (how->format == CONF_ERRORS_AUTO && how->prefers_json);
	text_init(&body, memory, sizeof memory);
	if (status == 200) {
		json = false;
		text_span(&body, how->own);
	} else {
		put_body(&body, how, json);
	}
	rewrite_status(t, status);
	text_str(t, json ? "Content-Type: application/json\r\n" :
	    "Content-Type: text/plain; charset=utf-8\r\n");
	text_str(t, "Content-Length: ");
	text_uint(t, body.n);
	/* where a route points to may be remembered, as its status says */
	text_str(t, how->reason == R_MOVED ? "\r\n" :
	    "\r\nCache-Control: no-store\r\n");
	rewrite_date(t, how->wall_s);
	put_special(t, how, status);
	/* RFC 9110 7.8: who sends Upgrade lists it in Connection */
	if (status == 426)
		text_str(t, how->close ? "Connection: upgrade, close\r\n" :
		    "Connection: upgrade\r\n");
	else
		put_connection(t, how->close, how->keep_10);
	text_mem(t, "\r\n", 2);
	if (!how->head)
		text_mem(t, body.p, body.n);
}

bool
rewrite_prefers_json(const struct http_head *h)
{
	const struct http_field *f;
	struct span list, item, type;
	size_t i;

	/* the first of the three that is named decides; q values are ignored,
	 * since whoever wants JSON names it first or alone */
	f = NULL;
	while ((f = http_find(h, HTTP_F_ACCEPT, f)) != NULL) {
		list = f->value;
		while (span_next(&list, &item)) {
			for (i = 0; i < item.n && item.p[i] != ';' &&
			    item.p[i] != ' ' && item.p[i] != '\t'; i++)
				;
			type.p = item.p;
			type.n = i;
			if (span_is(type, "application/json") ||
			    span_is(type, "application/problem+json"))
				return true;
			if (span_is(type, "text/plain") ||
			    span_is(type, "text/html"))
				return false;
		}
	}
	return false;
}
