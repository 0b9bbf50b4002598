/* The head of a response: cut anywhere it reads the same, and what weir writes
 * of it is one response. */
#include "fuzz.h"
#include "rewrite.h"

#define FIELDS 100

static const struct http_limits limits = {16384, 8192, FIELDS};
static struct http_field fields[FIELDS], again[FIELDS];

static void
test_cut(const uint8_t *p, size_t n, bool head, int want)
{
	static struct http_field cut[FIELDS];
	struct http_response q = {.h.fields = cut};
	size_t k = pick(p, n, n + 1);
	char *part = copy(p, k);
	int r = http_parse_response(part, k, &limits, head, &q);

	MUST(r == want || (r == 0 && (want <= 0 || k < (size_t)want)));
	free(part);
}

static void
test_forward(const struct http_response *q, bool head)
{
	static const enum rewrite_framing as[] = {REWRITE_NONE, REWRITE_LENGTH,
	    REWRITE_CHUNKED, REWRITE_EOF};
	static struct conf *c;
	static char memory[65536];
	struct http_response r = {.h.fields = again};
	struct rewrite_response how = {.framing = as[q->h.body]};
	struct http_limits wide = {sizeof memory, sizeof memory, FIELDS};
	struct text t;
	char err[100];

	c = c != NULL ? c : conf_simple(":1", "a:1", NULL, 0, err, sizeof err);
	if (q->status < 200 || q->h.n_fields > FIELDS - 10)
		return;
	how.route = c->routes;
	text_init(&t, memory, sizeof memory);
	rewrite_response(&t, q, &how);
	MUST(!t.full);
	MUST(http_parse_response(t.p, t.n, &wide, head, &r) == (int)t.n);
	MUST(r.status == q->status && r.h.body == q->h.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct http_response q = {.h.fields = fields};
	bool head = pick(p, n, 4) == 0;
	int r = http_parse_response((const char *)p, n, &limits, head, &q);

	MUST(r <= (int)n);
	test_cut(p, n, head, r);
	if (r > 0)
		test_forward(&q, head);
	return 0;
}
