/* What is held for each idle tunnel: who adds to it does so knowingly. */
#include "../../inc/session.h"
#include "guard.h"

/* bytes, where pointers have eight of them */
#define TUNNEL_MAX 448

static void
test_size(void)
{
	size_t n = sizeof(struct session) + 2 * sizeof(struct conn) +
	    sizeof(struct heap_item);

	if (sizeof(void *) > 8 || n <= TUNNEL_MAX)
		return;
	fprintf(stderr, "an idle tunnel takes %zu bytes\n", n);
	expect(false, "size", "has grown");
}

int
main(void)
{
	test_size();
	return failed;
}
