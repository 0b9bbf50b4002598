/* Tests rewrite.c: answers of weir's own, and who prefers which. */
#include "rewritten.h"

static void
write_answer(struct text *t, const void *what, const void *how)
{
	(void)what;
	rewrite_answer(t, how);
}

/*
 * JSON, as much as answers need: objects, strings, numbers and null. The
 * leaves are kept with their paths, "/error/status".
 */

static struct leaf {
	char path[64], value[256];
	char type; /* s, n or 0 */
} leaves[16];
static size_t n_leaves;

static const char *json_value(const char *p, const char *path);

/* the end of a string, whose text goes to value; NULL: it is none */
static const char *
json_string(const char *p, char *value, size_t size)
{
	size_t n = 0;

	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		/* escapes have no business in what weir says */
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~' ||
		    *p == '\\' || n + 1 == size)
			return NULL;
		value[n++] = *p;
	}
	value[n] = '\0';
	return p + 1;
}

static const char *
json_object(const char *p, const char *path)
{
	char key[32], below[64];

	do {
		p = json_string(p + 1, key, sizeof key);
		if (p == NULL || *p++ != ':')
			return NULL;
		snprintf(below, sizeof below, "%.24s/%s", path, key);
		p = json_value(p, below);
	} while (p != NULL && *p == ',');
	return p != NULL && *p == '}' ? p + 1 : NULL;
}

static const char *
json_value(const char *p, const char *path)
{
	struct leaf *l = &leaves[n_leaves];
	size_t n;

	if (*p == '{')
		return json_object(p, path);
	if (n_leaves == LEN(leaves))
		return NULL;
	n_leaves++;
	snprintf(l->path, sizeof l->path, "%s", path);
	l->value[0] = '\0';
	l->type = '0';
	if (strncmp(p, "null", 4) == 0)
		return p + 4;
	l->type = 's';
	if (*p == '"')
		return json_string(p, l->value, sizeof l->value);
	l->type = 'n';
	n = strspn(p, "0123456789");
	snprintf(l->value, sizeof l->value, "%.*s", (int)n, p);
	return n > 0 && n < 10 && *p != '0' ? p + n : NULL;
}

static bool
json_has(const char *path, char type, const char *value)
{
	size_t i, found = 0;

	for (i = 0; i < n_leaves; i++)
		if (strcmp(leaves[i].path, path) == 0 &&
		    leaves[i].type == type &&
		    strcmp(leaves[i].value, value) == 0)
			found++;
	return found == 1;
}

/* answers of weir's own */

static int
status_of(const struct rewrite_answer *a)
{
	return a->status != 0 ? a->status : reason_status(a->reason);
}

static bool
is_json(const struct rewrite_answer *a)
{
	/* content of its own is what it is */
	if (status_of(a) == 200)
		return false;
	return a->format == CONF_ERRORS_JSON ||
	    a->format == CONF_ERRORS_OPENAI ||
	    (a->format == CONF_ERRORS_AUTO && a->prefers_json);
}

static void
check_json(const struct rewrite_answer *a, const char *body)
{
	const char *word = reason_word(a->reason), *end;
	int status = status_of(a);
	char digits[16];

	snprintf(digits, sizeof digits, "%d", status);
	n_leaves = 0;
	end = json_value(body, "");
	expect(end != NULL && strcmp(end, "\n") == 0, "json", word);
	expect(json_has("/error/message", 's', reason_sentence(a->reason)),
	    "json message", word);
	if (a->format != CONF_ERRORS_OPENAI) {
		expect(n_leaves == 3, "json number of values", word);
		expect(json_has("/error/status", 'n', digits), "json status",
		    word);
		expect(json_has("/error/reason", 's', word), "json reason",
		    word);
		return;
	}
	expect(n_leaves == 4, "openai number of values", word);
	expect(json_has("/error/code", 's', word), "openai code", word);
	expect(json_has("/error/param", '0', ""), "openai param", word);
	expect(json_has("/error/type", 's', status >= 500 ? "server_error" :
	    "invalid_request_error"), "openai type", word);
}

static void
check_text(const struct rewrite_answer *a, const char *body)
{
	int status = status_of(a);
	char want[512];

	snprintf(want, sizeof want, "%d %s: %s: %s\n", status,
	    http_phrase(status), reason_word(a->reason),
	    reason_sentence(a->reason));
	if (status == 200)
		snprintf(want, sizeof want, "%.*s", (int)a->own.n, a->own.p);
	expect(strcmp(body, want) == 0, "text", reason_word(a->reason));
}

/* the whole head, literally */
static void
expected_head(const struct rewrite_answer *a, size_t length, char *p,
    size_t size)
{
	int status = status_of(a);
	const char *connection = a->close ? "Connection: close\r\n" :
	    a->keep_10 ? "Connection: keep-alive\r\n" : "";
	char retry[40] = "";

	if (status == 426)
		connection = a->close ? "Connection: upgrade, close\r\n" :
		    "Connection: upgrade\r\n";
	if (a->retry_after > 0)
		snprintf(retry, sizeof retry, "Retry-After: %u\r\n",
		    a->retry_after);
	snprintf(p, size, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %u\r\n%s" DATE "%s%s%s%s%s\r\n",
	    status, http_phrase(status), is_json(a) ? "application/json" :
	    "text/plain; charset=utf-8", (unsigned)length,
	    a->reason != R_MOVED ? "Cache-Control: no-store\r\n" : "",
	    a->reason == R_REDIRECT || a->reason == R_MOVED ?
	    "Location: https://a.b/c\r\n" : "",
	    a->reason == R_CHALLENGE_METHOD ? "Allow: GET, HEAD\r\n" :
	    status == 405 ?
	    "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" : "",
	    status == 426 ?
	    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : "",
	    retry, connection);
}

/* the answer without a body, and the same as a response that is read */
static void
check_answer(struct rewrite_answer *a)
{
	const char *word = reason_word(a->reason), *body;
	static char whole[OUT_MAX], head[OUT_MAX], want[OUT_MAX];
	struct http_response r;
	struct text t;
	size_t n;

	memset(&r, 0, sizeof r);
	a->head = false;
	text_init(&t, whole, sizeof whole - 1);
	rewrite_answer(&t, a);
	whole[t.n] = '\0';
	body = strstr(whole, "\r\n\r\n");
	if (t.full || body == NULL) {
		fail("answer", word);
		return;
	}
	body += 4;
	n = (size_t)(body - whole);
	expected_head(a, t.n - n, want, sizeof want);
	expect(strlen(want) == n && memcmp(whole, want, n) == 0,
	    "head of an answer", word);
	if (is_json(a))
		check_json(a, body);
	else
		check_text(a, body);
	r.h.fields = fields;
	expect(http_parse_response(whole, t.n, &limits, false, &r) ==
	    (int)n && r.status == status_of(a) &&
	    r.h.has_length && r.h.length == t.n - n &&
	    r.h.keep_alive == !a->close, "answer read again", word);
	a->head = true;
	text_init(&t, head, sizeof head);
	rewrite_answer(&t, a);
	expect(!t.full && t.n == n && memcmp(head, whole, n) == 0,
	    "answer to HEAD", word);
}

static void
test_answers(void)
{
	struct rewrite_answer a;
	int reason, format, bits;

	for (reason = 0; reason < R_COUNT; reason++) {
		if (reason_status((enum reason)reason) == 0)
			continue;
		expect(*http_phrase(reason_status((enum reason)reason)) !=
		    '\0', "phrase", reason_word((enum reason)reason));
		for (format = 0; format <= CONF_ERRORS_OPENAI; format++) {
			for (bits = 0; bits < 16; bits++) {
				memset(&a, 0, sizeof a);
				a.reason = (enum reason)reason;
				/* the one whose status is a route's */
				if (a.reason == R_MOVED && (bits & 8))
					a.status = 301;
				a.own.p = "https://a.b/c";
				a.own.n = strlen(a.own.p);
				a.format = (enum conf_error_format)format;
				a.prefers_json = bits & 1;
				a.close = bits & 2;
				a.keep_10 = bits & 4;
				a.retry_after = bits & 8 ? 1 : 0;
				check_answer(&a);
			}
		}
	}
}

/* a few of them, to read */
static const struct {
	struct rewrite_answer how;
	const char *out, *why;
} answers[] = {
	{{.reason = R_NO_ROUTE, .format = CONF_ERRORS_AUTO},
	 "HTTP/1.1 404 Not Found\r\n"
	 "Content-Type: text/plain; charset=utf-8\r\n"
	 "Content-Length: 61\r\nCache-Control: no-store\r\n" DATE "\r\n"
	 "404 Not Found: no_route: No route serves this host and path.\n",
	 "text"},
	{{.reason = R_TOO_MANY_ADDRESS, .format = CONF_ERRORS_JSON,
	  .close = true, .retry_after = 3},
	 "HTTP/1.1 429 Too Many Requests\r\n"
	 "Content-Type: application/json\r\nContent-Length: 105\r\n"
	 "Cache-Control: no-store\r\n" DATE "Retry-After: 3\r\nConnection: close\r\n"
	 "\r\n{\"error\":{\"status\":429,\"reason\":\"too_many_address\","
	 "\"message\":\"Too many connections from this address.\"}}\n",
	 "json"},
	{{.reason = R_UNRESOLVED, .format = CONF_ERRORS_OPENAI, .keep_10 = true},
	 "HTTP/1.1 503 Service Unavailable\r\n"
	 "Content-Type: application/json\r\nContent-Length: 119\r\n"
	 "Cache-Control: no-store\r\n" DATE "Connection: keep-alive\r\n\r\n"
	 "{\"error\":{\"message\":\"The upstream's name has no address yet."
	 "\",\"type\":\"server_error\",\"param\":null,"
	 "\"code\":\"unresolved\"}}\n",
	 "openai"},
};

static void
test_some_answers(void)
{
	size_t i;

	for (i = 0; i < LEN(answers); i++)
		compare(write_answer, NULL, &answers[i].how, answers[i].out,
		    "answer", answers[i].why);
}

/* Accept */

static const struct {
	const char *accept; /* field lines */
	bool json;
	const char *why;
} prefers[] = {
	{"", false, "none"},
	{"Accept: */*\r\n", false, "anything"},
	{"Accept:\r\n", false, "empty"},
	{"Accept: application/json\r\n", true, "json"},
	{"accept: APPLICATION/Json\r\n", true, "case"},
	{"Accept: application/problem+json\r\n", true, "problem"},
	{"Accept: application/json;q=0.9, */*\r\n", true, "parameter"},
	{"Accept: application/json ; q=0.9\r\n", true, "space"},
	{"Accept: application/json\t;q=0.9\r\n", true, "tab"},
	{"Accept: text/plain\r\n", false, "text"},
	{"Accept: text/html, application/json\r\n", false, "html before"},
	{"Accept: application/json, text/html\r\n", true, "html behind"},
	{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,"
	 "image/avif,*/*;q=0.8\r\n", false, "a browser"},
	{"Accept: application/json, text/plain, */*\r\n", true, "a library"},
	{"Accept: image/png\r\nAccept: application/json\r\n", true,
	 "second line"},
	{"Accept: text/html\r\nAccept: application/json\r\n", false,
	 "html in the first line"},
	{"Accept: , ,application/json\r\n", true, "empty items"},
	{"Accept: application/jsonx\r\n", false, "longer"},
	{"Accept: application/jso\r\n", false, "shorter"},
	{"Accept: text/event-stream, application/json\r\n", true,
	 "events before"},
	{"Accept: text/event-stream\r\n", false, "events alone"},
	{"X-Accept: application/json\r\n", false, "another field"},
};

static void
test_prefers(void)
{
	struct http_request q;
	char in[512];
	size_t i;
	int n;

	for (i = 0; i < LEN(prefers); i++) {
		n = snprintf(in, sizeof in, GET "%s\r\n", prefers[i].accept);
		memset(&q, 0, sizeof q);
		q.h.fields = fields;
		if (http_parse_request(in, (size_t)n, &limits, &q) != n)
			fail("accept is not parsed", prefers[i].why);
		else
			expect(rewrite_prefers_json(&q.h) == prefers[i].json,
			    "accept", prefers[i].why);
	}
}

int
main(void)
{
	test_answers();
	test_some_answers();
	test_prefers();
	return failed;
}
