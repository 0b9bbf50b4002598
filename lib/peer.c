/*
 * Clients' addresses, their census and their buckets.
 *
 * The census is a hash table with open addressing that doubles at three
 * quarters. Entries that fall to 0 go at once, and those behind them move up
 * (Knuth 6.4, algorithm R), so no tombstones gather.
 *
 * A bucket is the time at which it will be full again: one that is full needs
 * no entry. So an entry is of use for a second at the most, and a table of
 * fixed size does, in which an address has four places.
 */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "hint.h"

struct entry {
	uint64_t key[2];
	unsigned count; /* 0: free */
};

static struct {
	struct entry *at;
	size_t size, used; /* size is a power of two, or 0 */
} table;

#define BUCKETS 4096 /* a power of two: 96 KB, once there are limits */
#define WAYS 4
#define SECOND INT64_C(1000000000)

static struct bucket {
	uint64_t key[2];
	int64_t full_at; /* nanoseconds */
} *buckets;

void
peer_from(struct peer *p, const struct addr *a)
{
	memset(p, 0, sizeof *p);
	p->family = (uint8_t)a->u.sa.sa_family;
	if (p->family == AF_INET) {
		memcpy(p->ip, &a->u.in.sin_addr, 4);
		p->port = ntohs(a->u.in.sin_port);
	} else if (p->family == AF_INET6) {
		memcpy(p->ip, &a->u.in6.sin6_addr, 16);
		p->port = ntohs(a->u.in6.sin6_port);
	} else {
		p->family = AF_UNIX;
	}
}

/* inet_ntop() goes through snprintf(), and this is done for each request */
static char *
ipv4_text(const uint8_t ip[4], char *text)
{
	char *t = text;
	int i;

	for (i = 0; i < 4; i++) {
		if (i > 0)
			*t++ = '.';
		if (ip[i] >= 100)
			*t++ = (char)('0' + ip[i] / 100);
		if (ip[i] >= 10)
			*t++ = (char)('0' + ip[i] / 10 % 10);
		*t++ = (char)('0' + ip[i] % 10);
	}
	*t = '\0';
	return text;
}

char *
peer_text(const struct peer *p, char text[PEER_TEXT_MAX])
{
	if (USUAL(p->family == AF_INET))
		return ipv4_text(p->ip, text);
	if (p->family == AF_UNIX ||
	    inet_ntop(p->family, p->ip, text, PEER_TEXT_MAX) == NULL)
		strcpy(text, "unix:");
	return text;
}

static void
key_of(const struct peer *p, uint32_t what, uint64_t key[2])
{
	key[0] = 0;
	memcpy(&key[0], p->ip, p->family == AF_INET ? 4 : 8);
	key[1] = p->family | (uint64_t)what << 8;
}

static size_t
mix(const uint64_t key[2])
{
	uint64_t h = key[0] ^ key[1] * 0x9e3779b97f4a7c15u;

	/* the finish of splitmix64: where the bytes of an address stand in the
	 * word depends on the machine, so that all its bits have to count */
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	return (size_t)(h ^ h >> 31);
}

static size_t
home(const uint64_t key[2])
{
	return mix(key) & (table.size - 1);
}

/* the entry of key, or the free one where it would stand */
static struct entry *
find(const uint64_t key[2])
{
	size_t i = home(key);

	while (table.at[i].count > 0 && (table.at[i].key[0] != key[0] ||
	    table.at[i].key[1] != key[1]))
		i = (i + 1) & (table.size - 1);
	return &table.at[i];
}

static bool
grow(void)
{
	struct entry *old = table.at, *more;
	size_t i, n = table.size;

	more = calloc(n == 0 ? 64 : 2 * n, sizeof *more);
	if (more == NULL)
		return false;
	table.at = more;
	table.size = n == 0 ? 64 : 2 * n;
	for (i = 0; i < n; i++)
		if (old[i].count > 0)
			*find(old[i].key) = old[i];
	free(old);
	return true;
}

bool
peer_count(const struct peer *p, uint32_t what)
{
	struct entry *e;
	uint64_t key[2];

	if (4 * (table.used + 1) > 3 * table.size && !grow())
		return false;
	key_of(p, what, key);
	e = find(key);
	if (e->count == 0) {
		memcpy(e->key, key, sizeof e->key);
		table.used++;
	}
	e->count++;
	return true;
}

void
peer_uncount(const struct peer *p, uint32_t what)
{
	size_t i, j, k, mask = table.size - 1;
	struct entry *e;
	uint64_t key[2];

	key_of(p, what, key);
	e = find(key);
	if (e->count == 0 || --e->count > 0)
		return;
	table.used--;
	i = j = (size_t)(e - table.at);
	for (;;) {
		j = (j + 1) & mask;
		if (table.at[j].count == 0)
			break;
		k = home(table.at[j].key);
		/* an entry whose home lies behind the hole stays */
		if (((j - k) & mask) < ((j - i) & mask))
			continue;
		table.at[i] = table.at[j];
		i = j;
	}
	table.at[i].count = 0;
}

unsigned
peer_counted(const struct peer *p, uint32_t what)
{
	uint64_t key[2];

	if (table.size == 0)
		return 0;
	key_of(p, what, key);
	return find(key)->count;
}

/* the address's bucket, or the one that gives way to it */
static struct bucket *
bucket_of(const uint64_t key[2])
{
	struct bucket *set = &buckets[mix(key) & (BUCKETS - 1) &
	    ~(size_t)(WAYS - 1)], *b = set;
	int i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].key[0] == key[0] && set[i].key[1] == key[1])
			return &set[i];
		if (set[i].full_at < b->full_at)
			b = &set[i];
	}
	memcpy(b->key, key, sizeof b->key);
	b->full_at = INT64_MIN;
	return b;
}

bool
peer_take(const struct peer *p, uint32_t what, unsigned a_second, int64_t now)
{
	const int64_t drop = SECOND / a_second, ns = now * (SECOND / 1000);
	struct bucket *b;
	uint64_t key[2];

	if (buckets == NULL)
		buckets = calloc(BUCKETS, sizeof *buckets);
	/* without memory nobody is kept out */
	if (buckets == NULL)
		return true;
	key_of(p, what, key);
	b = bucket_of(key);
	if (b->full_at < ns)
		b->full_at = ns;
	if (b->full_at + drop > ns + SECOND)
		return false;
	b->full_at += drop;
	return true;
}

void
peer_give(const struct peer *p, uint32_t what, unsigned a_second, int n)
{
	uint64_t key[2];

	key_of(p, what, key);
	if (buckets != NULL)
		bucket_of(key)->full_at -= SECOND / a_second * n;
}
