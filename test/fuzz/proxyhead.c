/* Heads of the PROXY protocol: cut anywhere they read the same, and so does
 * what weir makes of them. */
#include <sys/socket.h>

#include "fuzz.h"
#include "proxyhead.h"

static void
test_write(const struct proxyhead *h, unsigned version)
{
	unsigned char out[PROXYHEAD_OWN_MAX];
	size_t n = proxyhead_write(out, version, &h->src, &h->dst);
	struct proxyhead again;

	MUST(proxyhead_parse(out, n, &again) == (int)n && !again.local);
	MUST(memcmp(&again.src, &h->src, sizeof h->src) == 0);
	MUST(memcmp(&again.dst, &h->dst, sizeof h->dst) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct proxyhead h = {0}, cut = {0};
	int r = proxyhead_parse(p, n, &h), s;
	size_t k = pick(p, n, n + 1);
	void *part = copy(p, k);

	MUST(r <= (int)n && r <= PROXYHEAD_MAX && r >= -1);
	s = proxyhead_parse(part, k, &cut);
	MUST(s == r || (s == 0 && (r <= 0 || k < (size_t)r)));
	/* of a unix socket nothing is said */
	if (r > 0 && !h.local && h.src.family != AF_UNIX) {
		test_write(&h, 1);
		test_write(&h, 2);
	}
	free(part);
	return 0;
}
