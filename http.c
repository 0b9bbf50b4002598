/*
 * HTTP/1.1 messages (RFC 9110, RFC 9112): bytes to structs.
 *
 * A head is read from left to right, and each fault is reported at the first
 * byte that shows it. What is reported therefore never depends on how much
 * came behind that byte, and a head that is parsed again as it grows ends as
 * it would have ended whole. Only what takes all fields to know (framing, a
 * missing Host, Expect) is judged at the end of the head, in that order:
 * an expectation is refused by an answer after which a client may go on, so
 * its request has to be beyond doubt in everything else.
 *
 * Limits follow the same rule. The bytes beyond head_max are not looked at; a
 * head that is incomplete without them is too large.
 *
 * Functions that read a part return the bytes they took, 0 where the bytes
 * end too soon, or a reason negated. Reading never goes beyond end.
 */
#include <string.h>

#include "http.h"
#include "scan.h"

#define BIT(id) ((uint64_t)1 << (id))

/* always of this hop: RFC 9110 7.6.1, and what is in use besides */
static const uint64_t hop_ids = BIT(HTTP_F_CONNECTION) |
    BIT(HTTP_F_CONTENT_LENGTH) | BIT(HTTP_F_TRANSFER_ENCODING) |
    BIT(HTTP_F_TE) | BIT(HTTP_F_TRAILER) | BIT(HTTP_F_UPGRADE) |
    BIT(HTTP_F_KEEP_ALIVE) | BIT(HTTP_F_PROXY_CONNECTION) |
    BIT(HTTP_F_PROXY_AUTHENTICATE) | BIT(HTTP_F_PROXY_AUTHORIZATION) |
    BIT(HTTP_F_PROXY) | BIT(HTTP_F_HTTP2_SETTINGS);

/* what Connection may not take away */
static const uint64_t kept_ids = BIT(HTTP_F_HOST) |
    BIT(HTTP_F_CONTENT_LENGTH) | BIT(HTTP_F_COOKIE) |
    BIT(HTTP_F_SET_COOKIE) | BIT(HTTP_F_AUTHORIZATION) |
    BIT(HTTP_F_FORWARDED) | BIT(HTTP_F_X_FORWARDED_FOR) |
    BIT(HTTP_F_X_FORWARDED_PROTO) | BIT(HTTP_F_X_FORWARDED_HOST) |
    BIT(HTTP_F_X_FORWARDED_OTHER) | BIT(HTTP_F_X_REQUEST_ID) |
    BIT(HTTP_F_SEC_WEBSOCKET_KEY) | BIT(HTTP_F_SEC_WEBSOCKET_VERSION) |
    BIT(HTTP_F_SEC_WEBSOCKET_ACCEPT) | BIT(HTTP_F_SEC_WEBSOCKET_PROTOCOL) |
    BIT(HTTP_F_SEC_WEBSOCKET_EXTENSIONS);

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* a path that is not in the message */
static const struct span asterisk = {"*", 1};

/* what may be a CRLF begins at p, with its CR: RFC 9112 2.2 */
static int
crlf(const char *p, const char *end)
{
	if (end - p < 2)
		return 0;
	return p[1] == '\n' ? 2 : -R_BARE_CR;
}

/* the reason for a byte that may not stand where it does; never for a CR */
static int
fault(char c, enum reason why)
{
	return c == '\n' ? -R_BARE_LF : -(int)why;
}

/* upper and lower case are different methods: RFC 9110 9.1 */
static enum http_method
method_id(struct span m)
{
	switch (m.n) {
	case 3:
		return memcmp(m.p, "GET", 3) == 0 ? HTTP_M_GET :
		    memcmp(m.p, "PUT", 3) == 0 ? HTTP_M_PUT : HTTP_M_OTHER;
	case 4:
		return memcmp(m.p, "POST", 4) == 0 ? HTTP_M_POST :
		    memcmp(m.p, "HEAD", 4) == 0 ? HTTP_M_HEAD : HTTP_M_OTHER;
	case 5:
		return memcmp(m.p, "PATCH", 5) == 0 ? HTTP_M_PATCH :
		    memcmp(m.p, "TRACE", 5) == 0 ? HTTP_M_TRACE : HTTP_M_OTHER;
	case 6:
		return memcmp(m.p, "DELETE", 6) == 0 ? HTTP_M_DELETE :
		    HTTP_M_OTHER;
	case 7:
		return memcmp(m.p, "OPTIONS", 7) == 0 ? HTTP_M_OPTIONS :
		    memcmp(m.p, "CONNECT", 7) == 0 ? HTTP_M_CONNECT :
		    HTTP_M_OTHER;
	default:
		return HTTP_M_OTHER;
	}
}

static enum http_method
method_of(struct span m)
{
	return USUAL(m.n == 3 && memcmp(m.p, "GET", 3) == 0) ? HTTP_M_GET :
	    method_id(m);
}

bool
http_idempotent(enum http_method m)
{
	return m == HTTP_M_GET || m == HTTP_M_HEAD || m == HTTP_M_PUT ||
	    m == HTTP_M_DELETE || m == HTTP_M_OPTIONS || m == HTTP_M_TRACE;
}

const char *
http_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{100, "Continue"}, {101, "Switching Protocols"},
		{200, "OK"}, {201, "Created"}, {202, "Accepted"},
		{204, "No Content"}, {205, "Reset Content"},
		{301, "Moved Permanently"}, {302, "Found"},
		{303, "See Other"}, {304, "Not Modified"}, {307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"}, {401, "Unauthorized"},
		{402, "Payment Required"},
		{403, "Forbidden"}, {404, "Not Found"},
		{405, "Method Not Allowed"}, {406, "Not Acceptable"},
		{408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"},
		{413, "Content Too Large"}, {414, "URI Too Long"},
		{417, "Expectation Failed"}, {421, "Misdirected Request"},
		{426, "Upgrade Required"}, {429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{451, "Unavailable For Legal Reasons"},
		{500, "Internal Server Error"}, {501, "Not Implemented"},
		{502, "Bad Gateway"}, {503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"}
	};
	size_t i;

	for (i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

const struct http_field *
http_find(const struct http_head *h, enum http_field_id id,
    const struct http_field *prev)
{
	const struct http_field *end = h->fields + h->n_fields, *f;

	if ((h->seen & BIT(id)) == 0)
		return NULL;
	for (f = prev == NULL ? h->fields : prev + 1; f < end; f++)
		if (f->id == id)
			return f;
	return NULL;
}

struct span
http_value(const struct http_head *h, enum http_field_id id)
{
	const struct http_field *f = http_find(h, id, NULL);

	return f != NULL ? f->value : (struct span){"", 0};
}

unsigned
http_count(const struct http_head *h, enum http_field_id id)
{
	const struct http_field *f = NULL;
	unsigned n = 0;

	while ((f = http_find(h, id, f)) != NULL)
		n++;
	return n;
}

bool
http_lists(const struct http_head *h, enum http_field_id id, const char *lit)
{
	const struct http_field *f = NULL;
	struct span list, element;

	while ((f = http_find(h, id, f)) != NULL) {
		list = f->value;
		while (span_next(&list, &element))
			if (span_is(element, lit))
				return true;
	}
	return false;
}

/* a request or status line, as far as it has come */
struct line {
	const char *p, *end; /* without its CRLF */
	int after; /* 2: its CRLF is there; 0: more is needed; or a fault */
};

static struct line
first_line(const char *p, const char *end, size_t max)
{
	size_t n = (size_t)(end - p);
	bool over = n > max;
	const char *cr = memchr(p, '\r', RARE(over) ? max + 1 : n);
	struct line l;

	l.p = p;
	if (USUAL(cr != NULL)) {
		l.end = cr;
		l.after = crlf(cr, end);
	} else {
		l.end = over ? p + max : end;
		l.after = over ? -R_LINE_TOO_LONG : 0;
	}
	return l;
}

/* the verdict where a line ends before all its parts were there */
static int
ends_early(const struct line *l)
{
	return l->after > 0 ? -R_BAD_REQUEST_LINE : l->after;
}

/* bytes that fit the form, in which a d is any digit */
static size_t
fits(const char *p, const char *end, const char *form)
{
	size_t i;

	for (i = 0; form[i] != '\0' && p + i < end; i++)
		if (form[i] == 'd' ? !digit(p[i]) : p[i] != form[i])
			break;
	return i;
}

/* a later minor version is understood as 1.1: RFC 9110 2.5 */
static uint8_t
minor_version(char c)
{
	return c == '0' ? 0 : 1;
}

/* HTTP-version, the rest of a request line: RFC 9112 2.3 */
static int
read_version(const struct line *l, const char *p, uint8_t *minor)
{
	static const char form[] = "HTTP/d.d", usual[] = "HTTP/1.1";
	const size_t whole = sizeof form - 1;
	size_t n = whole;

	if (RARE((size_t)(l->end - p) != whole ||
	    memcmp(p, usual, whole) != 0)) {
		n = fits(p, l->end, form);
		if (p + n < l->end)
			return fault(p[n], R_BAD_REQUEST_LINE);
		if (n < whole)
			return ends_early(l);
	}
	if (RARE(l->after <= 0))
		return l->after;
	*minor = minor_version(p[7]);
	return RARE(p[5] != '1') ? -R_BAD_VERSION : l->after;
}

/* a dot of a path segment, plain or as %2e: its bytes, or 0 */
static size_t
dot(const char *p, const char *end)
{
	if (p < end && *p == '.')
		return 1;
	return end - p >= 3 && p[0] == '%' && p[1] == '2' &&
	    lower(p[2]) == 'e' ? 3 : 0;
}

/*
 * True if a segment is "." or "..": RFC 3986 5.2.4. Some remove these before
 * they look where a request goes, and some after.
 */
static bool
has_dot_segment(struct span path)
{
	const char *p = path.p, *end = path.p + path.n, *next;

	while (p != NULL && p < end) {
		p++; /* its slash */
		p += dot(p, end);
		next = p + dot(p, end);
		if (p[-1] != '/' && (next == end || *next == '/'))
			return true;
		p = next == end ? NULL :
		    memchr(next, '/', (size_t)(end - next));
	}
	return false;
}

/* abs-path [ "?" query ]: RFC 9112 3.2.1; p[0] is a slash */
static int
read_path(const char *p, const char *end, struct http_request *q)
{
	const char *mark = memchr(p, '?', (size_t)(end - p));

	mark = mark == NULL ? end : mark;
	q->path = span_between(p, mark);
	q->query = span_between(mark, end);
	return has_dot_segment(q->path) ? -R_BAD_TARGET : 0;
}

/* the bytes of the scheme that a target begins with, "://" included, or 0 */
static size_t
scheme_len(struct span target)
{
	static const char *const schemes[] = {
		"http://", "https://", "ws://", "wss://"
	};
	size_t i;

	for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (field_begins(target, schemes[i]))
			return strlen(schemes[i]);
	return 0;
}

/* absolute-form: RFC 9112 3.2.2 */
static int
absolute_form(struct http_request *q)
{
	const char *p, *end = q->target.p + q->target.n, *from;
	size_t scheme = scheme_len(q->target);

	if (scheme == 0)
		return -R_BAD_TARGET;
	from = q->target.p + scheme;
	for (p = from; p < end && *p != '/' && *p != '?'; p++)
		;
	q->host = span_between(from, p);
	if (!field_is_authority(q->host))
		return -R_BAD_TARGET;
	if (p < end && *p == '/')
		return read_path(p, end, q);
	q->query = span_between(p, end);
	/* an empty path is "/" (RFC 9110 4.2.3); there is one in "://" */
	q->path = span_between(from - 1, from);
	/* but no path at all is the server as a whole: RFC 9112 3.2.4 */
	if (q->method_id == HTTP_M_OPTIONS && p == end)
		q->path = asterisk;
	return 0;
}

/* authority-form: RFC 9112 3.2.3; the port may not be left out */
static int
authority_form(struct http_request *q)
{
	const char *end = q->target.p + q->target.n;

	if (!field_is_authority(q->target) || field_host_end(q->target) == end)
		return -R_BAD_TARGET;
	q->host = q->target;
	q->path = q->query = span_between(end, end);
	return 0;
}

/* asterisk-form: RFC 9112 3.2.4 */
static int
asterisk_form(struct http_request *q)
{
	const char *end = q->target.p + q->target.n;

	if (q->method_id != HTTP_M_OPTIONS || q->target.n != 1)
		return -R_BAD_TARGET;
	q->path = q->target;
	q->query = span_between(end, end);
	return 0;
}

/* the four forms of a target, which is not empty: RFC 9112 3.2 */
static int
judge_target(struct http_request *q)
{
	if (RARE(q->method_id == HTTP_M_CONNECT))
		return authority_form(q);
	if (RARE(q->target.p[0] != '/'))
		return q->target.p[0] == '*' ? asterisk_form(q) :
		    absolute_form(q);
	return read_path(q->target.p, q->target.p + q->target.n, q);
}

/* method SP request-target SP HTTP-version: RFC 9112 3 */
static int
request_line(const struct line *l, struct http_request *q)
{
	const char *p, *from = l->p;
	int verdict;

	p = field_skip(from, l->end, FIELD_TCHAR);
	if (RARE(p == l->end))
		return ends_early(l);
	if (RARE(*p != ' ' || p == from))
		return fault(*p, R_BAD_METHOD);
	q->method = span_between(from, p);
	q->method_id = method_of(q->method);
	from = ++p;
	p = field_skip(from, l->end, FIELD_TARGET);
	if (RARE(p == l->end))
		return ends_early(l);
	if (RARE(*p != ' '))
		return fault(*p, R_BAD_TARGET);
	if (RARE(p == from))
		return -R_BAD_REQUEST_LINE;
	q->target = span_between(from, p);
	verdict = judge_target(q);
	return RARE(verdict < 0) ? verdict :
	    read_version(l, p + 1, &q->h.minor);
}

/* HTTP-version SP status-code SP [ reason-phrase ]: RFC 9112 4 */
static int
status_line(const struct line *l, struct http_response *r)
{
	static const char form[] = "HTTP/1.d ddd ", usual[] = "HTTP/1.1 200 ";
	const size_t whole = sizeof form - 1;
	const char *p = l->p + whole, *end;

	if (RARE((size_t)(l->end - l->p) < whole ||
	    memcmp(l->p, usual, whole) != 0)) {
		p = l->p + fits(l->p, l->end, form);
		if (p < l->p + whole)
			return p < l->end ? -R_BAD_RESPONSE : ends_early(l);
		if (l->p[9] == '0')
			return -R_BAD_RESPONSE;
	}
	end = field_skip_text(p, l->end);
	if (RARE(end < l->end))
		return -R_BAD_RESPONSE;
	r->h.minor = minor_version(l->p[7]);
	r->status = (l->p[9] - '0') * 100 + (l->p[10] - '0') * 10 +
	    (l->p[11] - '0');
	r->phrase = span_between(p, end);
	return l->after;
}

/* the verdict on the byte where a field name stops and has no colon */
static int
no_colon(const char *line, const char *p, const char *end)
{
	int n;

	/* obs-fold, or white space before the first: RFC 9112 5.2 */
	if (p == line && blank(*p))
		return -R_OBS_FOLD;
	if (*p != '\r')
		return fault(*p, R_BAD_FIELD_NAME);
	n = crlf(p, end);
	return n > 0 ? -R_BAD_FIELD : n;
}

/* takes the white space behind a value away: RFC 9112 5.1 */
static void
trim(struct http_field *f)
{
	struct span *v = &f->value;

	for (; v->n > 0 && blank(v->p[v->n - 1]); v->n--)
		f->plain = false;
}

/* field-name ":" OWS field-value OWS CRLF: RFC 9112 5 */
static inline int
field_line(const char *line, const char *end, struct http_field *f)
{
	const char *p = scan_name(line, end), *from;
	int n;

	if (RARE(p == end))
		return 0;
	if (RARE(*p != ':' || p == line))
		return no_colon(line, p, end);
	f->name = span_between(line, p);
	from = ++p;
	f->plain = end - p >= 2 && p[0] == ' ' && !blank(p[1]);
	if (USUAL(f->plain))
		from++;
	else
		while (from < end && blank(*from))
			from++;
	p = scan_text(from, end);
	if (RARE(p == end))
		return 0;
	if (RARE(*p != '\r'))
		return fault(*p, R_BAD_FIELD);
	n = crlf(p, end);
	if (RARE(n <= 0))
		return n;
	f->value = span_between(from, p);
	/* there is a byte before either, if only the colon */
	if (RARE(blank(p[-1])))
		trim(f);
	return (int)(p + n - line);
}

/* true if the field is of this hop, whatever Connection says */
static bool
hop_field(const struct http_field *f)
{
	if (RARE(lower(f->name.p[0]) == 'p') && f->id == HTTP_F_OTHER)
		return field_begins(f->name, "proxy-");
	return (hop_ids & BIT(f->id)) != 0;
}

/* Host: RFC 9112 3.2, RFC 9110 7.2; the value may be empty */
static bool
take_host(const struct http_field *f, uint64_t again, struct span *host)
{
	if ((again & BIT(HTTP_F_HOST)) != 0)
		return false;
	*host = f->value;
	return f->value.n == 0 || field_is_authority(f->value);
}

/*
 * Field lines and the empty line behind them: RFC 9112 5. With host, that of
 * a request is taken and judged; a second one ends it at once.
 */
static int
read_fields(const char *p, const char *end, unsigned max, struct http_head *h,
    struct span *host)
{
	const char *begin = p;
	struct http_field *f = h->fields, *last = f + max;
	uint64_t seen = 0, again = 0;
	int n;

	for (; p < end && *p != '\r'; p += n, f++) {
		if (RARE(f == last))
			return blank(*p) ? -R_OBS_FOLD :
			    fault(*p, R_TOO_MANY_FIELDS);
		n = field_line(p, end, f);
		if (RARE(n <= 0))
			return n;
		f->id = field_id(f->name);
		f->hop = hop_field(f);
		again |= seen & BIT(f->id);
		seen |= BIT(f->id);
		if (RARE(f->id == HTTP_F_HOST) && host != NULL &&
		    RARE(!take_host(f, again, host)))
			return -R_BAD_HOST;
	}
	h->n_fields = (unsigned)(f - h->fields);
	h->seen = seen;
	h->again = again;
	n = crlf(p, end);
	return RARE(n <= 0) ? n : (int)(p + n - begin);
}

/* marks the fields that Connection names: RFC 9110 7.6.1 */
static void
mark_named(struct http_head *h, struct span name)
{
	enum http_field_id id = field_id(name);
	unsigned i;

	if ((h->seen & BIT(id) & ~kept_ids) == 0 ||
	    field_begins(name, "sec-websocket-"))
		return;
	for (i = 0; i < h->n_fields; i++)
		if (h->fields[i].id == id &&
		    span_alike(h->fields[i].name, name))
			h->fields[i].hop = true;
}

/* all Connection lines as one list: RFC 9110 7.6.1 */
static void
read_options(struct http_head *h)
{
	const struct http_field *f = NULL;
	struct span list, option;
	bool closes = false, keeps = h->minor > 0;

	while ((f = http_find(h, HTTP_F_CONNECTION, f)) != NULL) {
		list = f->value;
		while (span_next(&list, &option)) {
			if (span_is(option, "close"))
				closes = true;
			else if (span_is(option, "keep-alive"))
				keeps = true;
			else if (span_is(option, "upgrade"))
				h->conn_upgrade = true;
			else
				mark_named(h, option);
		}
	}
	h->keep_alive = keeps && !closes;
}

/* Connection, and what goes without it: RFC 9112 9.3 */
static inline void
read_connection(struct http_head *h)
{
	h->keep_alive = h->minor > 0;
	if ((h->seen & BIT(HTTP_F_CONNECTION)) != 0)
		read_options(h);
}

/* Content-Length, once, with digits alone: RFC 9110 8.6, RFC 9112 6.3 */
static int
read_length(struct http_head *h)
{
	struct span s = http_find(h, HTTP_F_CONTENT_LENGTH, NULL)->value;
	uint64_t v = 0;
	size_t i;

	if (RARE((h->again & BIT(HTTP_F_CONTENT_LENGTH)) != 0))
		return -R_BAD_LENGTH;
	/* 19 digits cannot overflow 64 bits */
	if (RARE(s.n == 0 || s.n > 19))
		return -R_BAD_LENGTH;
	for (i = 0; i < s.n; i++) {
		if (RARE(!digit(s.p[i])))
			return -R_BAD_LENGTH;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (RARE(v > INT64_MAX))
		return -R_BAD_LENGTH;
	h->body = HTTP_BODY_LENGTH;
	h->has_length = true;
	h->length = v;
	return 0;
}

/* Transfer-Encoding, once, and nothing but chunked: RFC 9112 6.1, 7.1 */
static int
read_coding(struct http_head *h)
{
	struct span s = http_find(h, HTTP_F_TRANSFER_ENCODING, NULL)->value;

	/* HTTP/1.0 does not have it, so the framing is faulty: 6.1 */
	if (h->minor == 0 || !span_is(s, "chunked") ||
	    (h->again & BIT(HTTP_F_TRANSFER_ENCODING)) != 0)
		return -R_BAD_CODING;
	h->body = HTTP_BODY_CHUNKED;
	return 0;
}

/* how the body is delimited, if a field says so: RFC 9112 6.3 */
static int
read_framing(struct http_head *h)
{
	bool length = (h->seen & BIT(HTTP_F_CONTENT_LENGTH)) != 0;

	if (RARE((h->seen & BIT(HTTP_F_TRANSFER_ENCODING)) != 0))
		return length ? -R_LENGTH_AND_CODING : read_coding(h);
	return length ? read_length(h) : 0;
}

/* Expect, which occurs: RFC 9110 10.1.1 */
static int
read_expect(struct http_request *q)
{
	const struct http_field *f = NULL;

	while ((f = http_find(&q->h, HTTP_F_EXPECT, f)) != NULL) {
		if (!span_is(f->value, "100-continue"))
			return -R_BAD_EXPECT;
		/* one from HTTP/1.0 is to be ignored */
		q->expect_continue = q->h.minor > 0;
	}
	return 0;
}

/* what takes the whole head to know */
static int
judge_request(struct http_request *q, struct span host)
{
	int verdict = read_framing(&q->h);

	if (RARE(verdict < 0))
		return verdict;
	if (RARE(q->h.body == HTTP_BODY_LENGTH && q->h.length == 0))
		q->h.body = HTTP_BODY_NONE;
	/* RFC 9112 3.2 */
	if (RARE(q->h.minor > 0 && (q->h.seen & BIT(HTTP_F_HOST)) == 0))
		return -R_BAD_HOST;
	if (USUAL(q->host.n == 0))
		q->host = host;
	read_connection(&q->h);
	return RARE((q->h.seen & BIT(HTTP_F_EXPECT)) != 0) ? read_expect(q) : 0;
}

static int
read_request(const char *p, const char *end, const struct http_limits *lim,
    struct http_request *q)
{
	const char *begin = p;
	struct span host = {"", 0};
	struct line l;
	int n;

	if (RARE(p == end))
		return 0;
	/* one empty line, of a client that miscounted: RFC 9112 2.2 */
	if (RARE(*p == '\r')) {
		n = crlf(p, end);
		if (n <= 0 || p + n == end)
			return n < 0 ? n : 0;
		p += n;
	}
	l = first_line(p, end, lim->line_max);
	n = request_line(&l, q);
	if (RARE(n <= 0))
		return n;
	p = l.end + n;
	n = read_fields(p, end, lim->fields_max, &q->h, &host);
	if (RARE(n <= 0))
		return n;
	p += n;
	n = judge_request(q, host);
	return RARE(n < 0) ? n : (int)(p - begin);
}

/* the end of what is looked at */
static const char *
visible(const char *p, size_t n, const struct http_limits *lim)
{
	return p + (n < lim->head_max ? n : lim->head_max);
}

/* the verdict on a head whose visible bytes gave that one */
static int
limited(int verdict, size_t n, const struct http_limits *lim)
{
	return RARE(verdict == 0) && n >= lim->head_max ? -R_HEAD_TOO_LARGE :
	    verdict;
}

int
http_parse_request(const char *p, size_t n, const struct http_limits *lim,
    struct http_request *q)
{
	struct http_field *fields = q->h.fields;

	clear(q, sizeof *q);
	q->h.fields = fields;
	return limited(read_request(p, visible(p, n, lim), lim, q), n, lim);
}

/*
 * A response that never has a body although it may announce one: RFC 9112
 * 6.3. If it does, or a 205 does not say that it has none (RFC 9110 15.3.6),
 * what comes next on the connection cannot be trusted.
 */
static void
no_body(struct http_response *r)
{
	bool announced = r->h.body == HTTP_BODY_CHUNKED ||
	    (r->h.body == HTTP_BODY_LENGTH && r->h.length > 0) ||
	    (r->h.body == HTTP_BODY_NONE && r->status == 205);

	if (announced && r->status != 304)
		r->h.keep_alive = false;
	r->h.body = HTTP_BODY_NONE;
}

/* what takes the whole head to know: RFC 9112 6.3 */
static int
judge_response(struct http_response *r, bool head_request)
{
	int verdict = read_framing(&r->h);

	if (RARE(verdict < 0))
		return verdict;
	read_connection(&r->h);
	if (RARE(r->status < 200 || r->status == 204 || r->status == 205 ||
	    r->status == 304)) {
		no_body(r);
	} else if (RARE(head_request)) {
		r->h.body = HTTP_BODY_NONE;
	} else if (RARE(r->h.body == HTTP_BODY_NONE)) {
		r->h.body = HTTP_BODY_EOF;
		r->h.keep_alive = false;
	}
	return 0;
}

static int
read_response(const char *p, const char *end, const struct http_limits *lim,
    bool head_request, struct http_response *r)
{
	struct line l;
	int n, fields;

	if (p == end)
		return 0;
	l = first_line(p, end, lim->line_max);
	n = status_line(&l, r);
	if (RARE(n <= 0))
		return n;
	n += (int)(l.end - p);
	fields = read_fields(p + n, end, lim->fields_max, &r->h, NULL);
	if (RARE(fields <= 0))
		return fields;
	n += fields;
	fields = judge_response(r, head_request);
	return RARE(fields < 0) ? fields : n;
}

/* what is wrong with a response is the upstream's fault alone */
static int
response_verdict(int verdict)
{
	if (USUAL(verdict >= 0))
		return verdict;
	if (verdict == -R_LINE_TOO_LONG || verdict == -R_HEAD_TOO_LARGE ||
	    verdict == -R_TOO_MANY_FIELDS)
		return -R_RESPONSE_TOO_LARGE;
	return -R_BAD_RESPONSE;
}

int
http_parse_response(const char *p, size_t n, const struct http_limits *lim,
    bool head_request, struct http_response *r)
{
	struct http_field *fields = r->h.fields;
	int verdict;

	memset(r, 0, sizeof *r);
	r->h.fields = fields;
	verdict = read_response(p, visible(p, n, lim), lim, head_request, r);
	return response_verdict(limited(verdict, n, lim));
}

int
http_parse_fields(const char *p, size_t n, const struct http_limits *lim,
    struct http_head *h)
{
	struct http_field *fields = h->fields;

	memset(h, 0, sizeof *h);
	h->fields = fields;
	return limited(read_fields(p, visible(p, n, lim), lim->fields_max,
	    h, NULL), n, lim);
}
