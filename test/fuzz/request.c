/* The head of a request: cut anywhere it reads the same, and what weir writes
 * of it is one request, with the same body. */
#include "fuzz.h"
#include "rewrite.h"

#define FIELDS 100

static const struct http_limits limits = {16384, 8192, FIELDS};
static struct http_field fields[FIELDS], again[FIELDS];

static void
test_cut(const uint8_t *p, size_t n, int want)
{
	static struct http_field cut[FIELDS];
	struct http_request q = {.h.fields = cut};
	size_t k = pick(p, n, n + 1);
	char *part = copy(p, k);
	int r = http_parse_request(part, k, &limits, &q);

	MUST(r == want || (r == 0 && (want <= 0 || k < (size_t)want)));
	free(part);
}

static void
test_forward(const struct http_request *q)
{
	static struct conf *c;
	static char memory[65536];
	struct http_request r = {.h.fields = again};
	struct rewrite_request how = {.client = "192.0.2.7", .id = 7};
	struct http_limits wide = {sizeof memory, sizeof memory, FIELDS};
	struct text t;
	char err[100];

	if (c == NULL)
		c = conf_simple(":1", "a:1", NULL, 0, err, sizeof err);
	if (q->method_id == HTTP_M_CONNECT || q->h.n_fields > FIELDS - 10)
		return;
	how.route = c->routes;
	how.path = (struct location_path){"", "", 0};
	text_init(&t, memory, sizeof memory);
	rewrite_request(&t, q, &how);
	MUST(!t.full && http_parse_request(t.p, t.n, &wide, &r) == (int)t.n);
	MUST(r.h.body == q->h.body && r.h.length == q->h.length);
	MUST(r.method_id == q->method_id && !r.h.conn_upgrade);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct http_request q = {.h.fields = fields};
	int r = http_parse_request((const char *)p, n, &limits, &q);

	MUST(r <= (int)n);
	test_cut(p, n, r);
	if (r > 0)
		test_forward(&q);
	return 0;
}
