/* Names and what is done under them: see keyuse.h. */
#include <stdlib.h>
#include <string.h>

#include "keyuse.h"

#define BUCKETS 1024 /* a power of two */

static struct keyuse *buckets[BUCKETS];

/* FNV-1a; names come from the operator's files, or out of signed tokens */
static struct keyuse **
bucket(enum keyuse_kind kind, struct span name)
{
	uint32_t h = 2166136261u ^ (uint32_t)kind;
	size_t i;

	for (i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * 16777619u;
	return &buckets[(h ^ h >> 16) & (BUCKETS - 1)];
}

struct keyuse *
keyuse_get(enum keyuse_kind kind, struct span name)
{
	struct keyuse **at = bucket(kind, name), *u;

	for (u = *at; u != NULL; u = u->next)
		if (u->kind == kind && span_is_exact(name, u->name))
			break;
	if (u == NULL) {
		u = name.n <= KEYUSE_NAME ? calloc(1, sizeof *u) : NULL;
		if (u == NULL)
			return NULL;
		u->kind = kind;
		memcpy(u->name, name.p, name.n);
		u->next = *at;
		*at = u;
	}
	u->refs++;
	return u;
}

void
keyuse_hold(struct keyuse *u)
{
	u->refs++;
}

void
keyuse_drop(struct keyuse *u)
{
	struct keyuse **at;

	if (u == NULL || --u->refs > 0)
		return;
	at = bucket(u->kind, (struct span){u->name, strlen(u->name)});
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	free(u);
}

int64_t
keyuse_take(struct keyuse *u, const struct keyuse_limits *l, int64_t now_ms)
{
	int64_t now = now_ms * 1000, period = l->period_ms * 1000, at;

	if (l->requests == 0)
		return 0;
	at = (u->rate_at > now ? u->rate_at : now) + period / l->requests;
	/* the rest of the division is the client's */
	if (at - now > period)
		return (at - now - period + 999) / 1000;
	u->rate_at = at;
	return 0;
}

void
keyuse_request_done(struct keyuse *u, uint64_t in, uint64_t out)
{
	if (u == NULL)
		return;
	u->requests++;
	u->sums.bytes_in += in;
	u->sums.bytes_out += out;
	keyuse_drop(u);
}

void
keyuse_tunnel_done(struct keyuse *u, const struct keyuse_sums *sums)
{
	if (u == NULL)
		return;
	u->tunnels--;
	u->sums.bytes_in += sums->bytes_in;
	u->sums.bytes_out += sums->bytes_out;
	u->sums.messages_in += sums->messages_in;
	u->sums.messages_out += sums->messages_out;
	u->sums.ms += sums->ms;
	keyuse_drop(u);
}

void
keyuse_each(void (*fn)(const struct keyuse *u, void *arg), void *arg)
{
	const struct keyuse *u;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (u = buckets[i]; u != NULL; u = u->next)
			fn(u, arg);
}
