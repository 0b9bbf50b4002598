/* Tests tlscache.c. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tlscache.h"

static int failed;

static void
expect(bool ok, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "FAIL %s\n", why);
	failed = 1;
}

/* the i-th session of many; those with the same i % sets share a set */
static struct tlsession
session(uint32_t i)
{
	struct tlsession s;

	memset(&s, 0x5a, sizeof s);
	memcpy(s.id, &i, sizeof i);
	s.secret[47] = (unsigned char)i;
	s.version = 0x303;
	s.suite = (uint16_t)i;
	s.tag = i + 7;
	return s;
}

static bool
has(const struct tlscache *c, uint32_t i, int64_t now)
{
	struct tlsession s = session(i);
	const struct tlsession *found = tlscache_get(c, s.id, now);

	if (found == NULL)
		return false;
	expect(memcmp(found->secret, s.secret, 48) == 0 &&
	    found->version == s.version && found->suite == s.suite &&
	    found->tag == s.tag, "it is as it was put");
	return true;
}

static void
put(struct tlscache *c, uint32_t i, int64_t now)
{
	struct tlsession s = session(i);

	tlscache_put(c, &s, now);
}

int
main(void)
{
	struct tlscache *c = tlscache_new(16, 100); /* 4 sets of 4 */
	unsigned char id[32] = {0};
	uint32_t i;

	expect(tlscache_get(c, id, 0) == NULL, "an empty one, id of zeros");
	for (i = 0; i < 16; i++)
		put(c, i, 1000 + i);
	for (i = 0; i < 16; i++)
		expect(has(c, i, 1050), "as many as there are places");
	put(c, 16, 1060); /* in the set of 0, 4, 8, 12 */
	expect(has(c, 16, 1060) && !has(c, 0, 1060), "the oldest gives way");
	expect(has(c, 4, 1060) && has(c, 12, 1060) && has(c, 1, 1060),
	    "and no other");
	expect(has(c, 1, 1100) && !has(c, 1, 1101), "until its time is over");
	expect(!has(c, 16, 1160) && !has(c, 16, 9999), "all of them");
	expect(!has(c, 17, 1060), "one that never was");
	tlscache_free(c);

	c = tlscache_new(5, 100);
	for (i = 0; i < 8; i++)
		put(c, i, 0);
	for (i = 0; i < 8; i++)
		expect(has(c, i, 0), "rounded up");
	tlscache_free(c);

	c = tlscache_new(0, 100);
	put(c, 1, 1);
	expect(!has(c, 1, 1), "no places");
	tlscache_free(c);
	c = tlscache_new(4, 0);
	put(c, 1, 1);
	expect(!has(c, 1, 1), "no time");
	tlscache_free(c);
	c = tlscache_new(4, INT64_MAX);
	put(c, 1, 1);
	expect(has(c, 1, 86400) && !has(c, 1, 86400 * 8), "a week at most");
	tlscache_free(c);
	expect(tlscache_new(SIZE_MAX, 1) == NULL, "more than there is");
	tlscache_free(NULL);
	return failed;
}
