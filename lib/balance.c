/*
 * Choosing an upstream: see balance.h.
 *
 * Turns are smooth and weighted: each time every candidate gets its weight to
 * its credit, and the one with the most pays for all. Hashing is by the
 * highest random weight: each upstream draws a number from the hashes of key
 * and upstream, so that one that goes moves only what it had, and all weirs
 * agree whatever the order of their files. No floating point, whose last bits
 * may differ between machines.
 */
#include <string.h>

#include "balance.h"

#define FINE 1024 /* of a weight, for slow starts */
#define LOG_BITS 32 /* behind the point of a logarithm */

enum class { READY, BACKUP, LEFT_OUT, USELESS };

static bool
has(const struct balance_set *set, unsigned place)
{
	return set->bits[place / 64] >> place % 64 & 1;
}

static enum class
class_of(const struct target *t, int64_t now)
{
	const struct upstream *up = t->up;

	if (RARE(up->down || up->n_addrs == 0) ||
	    (RARE(t->e->max > 0) && up->open >= t->e->max))
		return USELESS;
	if (RARE(up->out_until > now))
		return LEFT_OUT;
	return t->e->backup ? BACKUP : READY;
}

/* who may be chosen: those of one class that were not tried */
struct field {
	const struct conf_route *r;
	const struct balance_set *tried;
	enum class class;
	int64_t now;
};

static bool
stands(const struct field *f, unsigned i)
{
	return !has(f->tried, i) &&
	    class_of(&f->r->targets[i], f->now) == f->class;
}

/* the weight, less while the upstream has not been back for long */
static int64_t
weight(const struct field *f, const struct target *t)
{
	int64_t full = (int64_t)t->e->weight * FINE, slow, back;

	slow = f->r->slow_start_ms;
	back = f->now - t->up->up_since;
	if (t->up->up_since == 0 || back >= slow)
		return full;
	full = full * back / slow;
	return full > 0 ? full : 1;
}

/* open work by weight: of a less than of b (-1), as much (0), or more (1) */
static int
compare_work(const struct field *f, const struct target *a,
    const struct target *b)
{
	int64_t work_a = a->up->open * weight(f, b);
	int64_t work_b = b->up->open * weight(f, a);

	return work_a < work_b ? -1 : work_a > work_b;
}

/* the one with the least work, or NULL where all are the same */
static const struct target *
least_of(const struct field *f)
{
	const struct target *best = NULL;
	unsigned i;

	if (f->r->balance.by != BALANCE_LEAST)
		return NULL;
	for (i = 0; i < f->r->n_upstreams; i++)
		if (stands(f, i) && (best == NULL ||
		    compare_work(f, &f->r->targets[i], best) < 0))
			best = &f->r->targets[i];
	return best;
}

/* in turn, among those that have as little work as least */
static int
choose_turn(const struct field *f, const struct target *least)
{
	int64_t total = 0, w;
	struct target *t;
	int best = -1;
	unsigned i;

	for (i = 0; i < f->r->n_upstreams; i++) {
		t = &f->r->targets[i];
		if (!stands(f, i) ||
		    (least != NULL && compare_work(f, t, least) > 0))
			continue;
		w = weight(f, t);
		t->turn += w;
		total += w;
		if (best < 0 || t->turn > f->r->targets[best].turn)
			best = (int)i;
	}
	if (best >= 0)
		f->r->targets[best].turn -= total;
	return best;
}

/* spreads every bit over all others: the finisher of MurmurHash3 */
static uint64_t
mix(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

uint64_t
balance_hash(const void *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const unsigned char *s = p;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* 64 minus the binary logarithm of h, in units of 2^-LOG_BITS: falls as h
 * rises, from 64 to 0 */
static uint64_t
cost(uint64_t h)
{
	uint64_t log = 63, m, i;

	if (h == 0)
		return UINT64_C(64) << LOG_BITS;
	for (; h >> 63 == 0; h <<= 1)
		log--;
	/* bits of the logarithm of m, 1 <= m < 2, by squaring */
	m = h >> 32;
	for (i = 0; i < LOG_BITS; i++) {
		m = m * m >> 31;
		log = log << 1 | m >> 32;
		m >>= m >> 32;
	}
	return (UINT64_C(64) << LOG_BITS) - log;
}

/* the smallest cost by weight wins */
static int
choose_hash(const struct field *f, uint64_t key)
{
	uint64_t h, c, best_h = 0, best_c = 0;
	const struct target *t, *best = NULL;
	unsigned i;

	for (i = 0; i < f->r->n_upstreams; i++) {
		t = &f->r->targets[i];
		if (!stands(f, i))
			continue;
		h = mix(t->seed ^ mix(key));
		c = cost(h);
		/* 39 bits by 10 */
		if (best == NULL || c * best->e->weight <
		    best_c * t->e->weight || (c * best->e->weight ==
		    best_c * t->e->weight && h > best_h)) {
			best = t;
			best_h = h;
			best_c = c;
		}
	}
	return best != NULL ? (int)(best - f->r->targets) : -1;
}

/* of those that were left out, the one whose time is nearest */
static int
choose_soonest(const struct field *f)
{
	const struct target *t = f->r->targets;
	int best = -1;
	unsigned i;

	for (i = 0; i < f->r->n_upstreams; i++)
		if (stands(f, i) && (best < 0 ||
		    t[i].up->out_until < t[best].up->out_until))
			best = (int)i;
	return best;
}

/* the best class that there is */
static enum class
best_class(const struct field *f)
{
	enum class best = USELESS, c;
	unsigned i;

	for (i = 0; i < f->r->n_upstreams && best != READY; i++) {
		if (has(f->tried, i))
			continue;
		c = class_of(&f->r->targets[i], f->now);
		if (c < best)
			best = c;
	}
	return best;
}

/* why none is of use: what may pass soonest is told first */
static enum reason
why_none(const struct field *f)
{
	enum reason why = R_NO_UPSTREAM;
	const struct upstream *up;
	unsigned i;

	for (i = 0; i < f->r->n_upstreams; i++) {
		up = f->r->targets[i].up;
		if (has(f->tried, i) || up->down)
			continue;
		if (up->n_addrs > 0)
			why = R_TOO_MANY;
		else if (up->asked)
			return R_DONE;
		else if (why == R_NO_UPSTREAM)
			why = R_UNRESOLVED;
	}
	return why;
}

static int
choose(const struct conf_route *r, uint64_t key,
    const struct balance_set *tried, int64_t now, enum reason *why)
{
	struct field f = {r, tried, READY, now};

	f.class = best_class(&f);
	if (f.class == USELESS) {
		*why = why_none(&f);
		return -1;
	}
	if (f.class == LEFT_OUT)
		return choose_soonest(&f);
	if (r->balance.by >= BALANCE_ADDRESS)
		return choose_hash(&f, key);
	return choose_turn(&f, least_of(&f));
}

int
balance_choose(const struct conf_route *r, uint64_t key,
    const struct balance_set *tried, int64_t now, enum reason *why)
{
	if (r->n_upstreams == 1 && !has(tried, 0) &&
	    class_of(r->targets, now) != USELESS)
		return 0;
	return choose(r, key, tried, now, why);
}

/* the value of the first field of that name, or "" */
static struct span
header(const struct http_request *q, const char *name)
{
	unsigned i;

	for (i = 0; i < q->h.n_fields; i++)
		if (span_is(q->h.fields[i].name, name))
			return q->h.fields[i].value;
	return (struct span){"", 0};
}

/* takes the next piece of *list off, which ends at a separator */
static struct span
piece(struct span *list, char separator)
{
	struct span s = *list;

	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t')) {
		s.p++;
		s.n--;
	}
	list->p = memchr(s.p, separator, s.n);
	if (list->p == NULL)
		list->p = s.p + s.n;
	list->n = s.n - (size_t)(list->p - s.p);
	s.n -= list->n;
	if (list->n > 0) {
		list->p++;
		list->n--;
	}
	return s;
}

/* the value of name=value in a list of such, or "" */
static struct span
argument(struct span list, char separator, const char *name)
{
	size_t n = strlen(name);
	struct span s;

	while (list.n > 0) {
		s = piece(&list, separator);
		if (s.n <= n + 1 || s.p[n] != '=' || memcmp(s.p, name, n) != 0)
			continue;
		return (struct span){s.p + n + 1, s.n - n - 1};
	}
	return (struct span){"", 0};
}

static struct span
cookie(const struct http_request *q, const char *name)
{
	const struct http_field *f = NULL;
	struct span value = {"", 0};

	/* they may come in several lines: RFC 9113 8.2.3 */
	while (value.n == 0 &&
	    (f = http_find(&q->h, HTTP_F_COOKIE, f)) != NULL)
		value = argument(f->value, ';', name);
	return value;
}

static struct span
query(const struct http_request *q, const char *name)
{
	struct span list = q->query;

	if (list.n == 0)
		return list;
	list.p++;
	list.n--;
	return argument(list, '&', name);
}

static uint64_t
address_key(const struct peer *from)
{
	char text[PEER_TEXT_MAX];

	peer_text(from, text);
	return balance_hash(text, strlen(text));
}

/* path and query as one text */
static uint64_t
uri_key(const struct http_request *q)
{
	return balance_hash(q->path.p, q->path.n) ^
	    mix(balance_hash(q->query.p, q->query.n));
}

uint64_t
balance_key(const struct conf_balance *b, const struct http_request *q,
    const struct peer *from)
{
	struct span s = {"", 0};

	if (b->by < BALANCE_ADDRESS)
		return 0;
	if (q == NULL)
		return address_key(from);
	if (b->by == BALANCE_URI)
		return uri_key(q);
	if (b->by == BALANCE_HEADER)
		s = header(q, b->name);
	else if (b->by == BALANCE_COOKIE)
		s = cookie(q, b->name);
	else if (b->by == BALANCE_QUERY)
		s = query(q, b->name);
	return s.n > 0 ? balance_hash(s.p, s.n) : address_key(from);
}
