/* Tests sse.c: where events end, whole and cut at every place; and in which
 * responses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sse.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int failed;

static const struct {
	const char *in;
	bool between;
	const char *why;
} streams[] = {
	{"", true, "nothing yet"},
	{"\n", true, "an empty line"},
	{"d", false, "in a line"},
	{":", false, "in a comment"},
	{"data: x\n", false, "a line"},
	{"data: x\n\n", true, "an event"},
	{"data: x\r\n", false, "a line, CRLF"},
	{"data: x\r\n\r", true, "half an end, which ends it too"},
	{"data: x\r\n\r\n", true, "an event, CRLF"},
	{"data: x\r", false, "a line, CR"},
	{"data: x\r\r", true, "an event, CR"},
	{"data: x\n\r", true, "LF, CR"},
	{"data: x\n\r\n", true, "LF, CRLF"},
	{"data: x\r\n\n", true, "CRLF, LF"},
	{"data: x\r\r\n", true, "CR, CRLF"},
	{"data: x\n\n\n\n", true, "more empty lines"},
	{"data: x\n\n\n:", false, "a comment behind them"},
	{"data: x\n\ndata: y", false, "the next one"},
	{"data: x\n\ndata: y\n", false, "the next one's line"},
	{"data: x\n\ndata: y\n\n", true, "two"},
	{": x\n", false, "a comment"},
	{": x\n\n", true, "a comment and an empty line"},
	{"\r\ndata: x\r\n", false, "an empty line in front"},
	{" \n", false, "a blank"},
	{"\xef\xbb\xbf", false, "a BOM"},
	{"data: \xe4\xb8\x96\n\n", true, "UTF-8"},
	{"data: x\n\n\v", false, "a VT"},
	{"data: x\n\n\f\n\n", true, "an FF"},
};

static bool
between(const char *p, size_t n, size_t cut, size_t step)
{
	char *copy = malloc(n + 1);
	struct sse e;
	size_t at, k;

	if (copy == NULL)
		exit(1);
	memcpy(copy, p, n);
	memset(&e, 0, sizeof e);
	sse_track(&e, copy, cut);
	for (at = cut; at < n; at += k) {
		k = n - at < step ? n - at : step;
		sse_track(&e, copy + at, k);
	}
	free(copy);
	return sse_due(&e, 1, 1) != INT64_MAX;
}

static void
test_streams(void)
{
	size_t i, n, cut;
	bool ok;

	for (i = 0; i < LEN(streams); i++) {
		n = strlen(streams[i].in);
		ok = between(streams[i].in, n, 0, 1) == streams[i].between;
		for (cut = 0; cut <= n; cut++)
			ok = ok && between(streams[i].in, n, cut, n) ==
			    streams[i].between;
		if (ok)
			continue;
		fprintf(stderr, "FAIL stream: %s\n", streams[i].why);
		failed = 1;
	}
}

static void
test_due(void)
{
	struct sse e;

	memset(&e, 0, sizeof e);
	if (sse_due(&e, 1000, 15) == 1015) {
		e.pinged = 1020;
		if (sse_due(&e, 1000, 15) == 1035 &&
		    sse_due(&e, 1030, 15) == 1045)
			return;
	}
	fprintf(stderr, "FAIL due\n");
	failed = 1;
}

#define OK "HTTP/1.1 200 OK\r\n"
#define TYPE "Content-Type: text/event-stream\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct {
	const char *in;
	bool fits;
	const char *why;
} responses[] = {
	{OK TYPE CHUNKED, true, "chunked"},
	{OK TYPE, true, "to the end"},
	{OK "content-type: Text/Event-Stream;charset=utf-8\r\n", true,
	    "parameter"},
	{OK "Content-Type: text/event-stream ; charset=utf-8\r\n", true,
	    "blank before it"},
	{OK TYPE "Cache-Control: no-cache, no-transform\r\n", true, "fields"},
	{OK TYPE "Content-Encoding: identity\r\n", true, "identity"},
	{OK TYPE "Content-Encoding: gzip\r\n", false, "gzip"},
	{OK TYPE "Content-Encoding: identity, br\r\n", false, "list"},
	{OK TYPE "Content-Encoding: identity\r\nContent-Encoding: br\r\n",
	    false, "two lines"},
	{OK TYPE "Content-Length: 100\r\n", false, "length"},
	{OK TYPE "Content-Length: 0\r\n", false, "empty"},
	{OK CHUNKED, false, "no type"},
	{OK CHUNKED "Content-Type: text/plain\r\n", false, "another type"},
	{OK CHUNKED "Content-Type: text/event-streams\r\n", false, "longer"},
	{OK CHUNKED TYPE TYPE, false, "two types"},
	{"HTTP/1.1 404 No\r\n" TYPE CHUNKED, false, "404"},
	{"HTTP/1.1 206 Partial\r\n" TYPE CHUNKED, false, "206"},
	{"HTTP/1.1 204 No\r\n" TYPE, false, "204"},
	{"HTTP/1.1 304 No\r\n" TYPE, false, "304"},
};

static void
test_responses(void)
{
	struct http_limits lim = {10000, 1000, 10};
	struct http_field fields[10];
	struct http_response r;
	char in[500];
	size_t i, n;

	for (i = 0; i < LEN(responses); i++) {
		n = (size_t)snprintf(in, sizeof in, "%s\r\n",
		    responses[i].in);
		r.h.fields = fields;
		if (http_parse_response(in, n, &lim, false, &r) == (int)n &&
		    sse_fits(&r) == responses[i].fits)
			continue;
		fprintf(stderr, "FAIL response: %s\n", responses[i].why);
		failed = 1;
	}
	/* to a HEAD */
	n = (size_t)snprintf(in, sizeof in, "%s\r\n", OK TYPE CHUNKED);
	if (http_parse_response(in, n, &lim, true, &r) != (int)n ||
	    sse_fits(&r)) {
		fprintf(stderr, "FAIL response: HEAD\n");
		failed = 1;
	}
}

int
main(void)
{
	test_streams();
	test_due();
	test_responses();
	return failed;
}
