/* Whether routes agree on health checks: see confhealth.h. */
#include <stdio.h>
#include <string.h>

#include "confhealth.h"
#include "way.h"

/* what upstream_ref() makes one of, which has one verdict */
static bool
same_upstream(const struct conf_route *a, const struct conf_endpoint *e,
    const struct conf_route *b, const struct conf_endpoint *f)
{
	char one[WAY_TEXT], two[WAY_TEXT];

	if (strcmp(e->text, f->text) != 0 || e->proxy != f->proxy)
		return false;
	way_text(a, e, one);
	way_text(b, f, two);
	return strcmp(one, two) == 0;
}

static bool
share(const struct conf_route *a, const struct conf_route *b)
{
	const struct conf_endpoint *e, *f;

	for (e = a->upstreams; e != NULL; e = e->next)
		for (f = b->upstreams; f != NULL; f = f->next)
			if (same_upstream(a, e, b, f))
				return true;
	return false;
}

static bool
same_statuses(const struct conf_statuses *a, const struct conf_statuses *b)
{
	return memcmp(a->bits, b->bits, sizeof a->bits) == 0;
}

/* the first key in which the checks differ, or NULL */
static const char *
difference(const struct conf_route *a, const struct conf_route *b)
{
	if (strcmp(a->health, b->health) != 0)
		return "health";
	if (!same_statuses(&a->health_status, &b->health_status))
		return "health_status";
	if (a->health_interval_ms != b->health_interval_ms)
		return "health_interval";
	if (a->health_timeout_ms != b->health_timeout_ms)
		return "health_timeout";
	if (a->health_rise != b->health_rise)
		return "health_rise";
	if (a->health_fall != b->health_fall)
		return "health_fall";
	return NULL;
}

int
confhealth_check(const struct conf *c, char *err, size_t size)
{
	const struct conf_route *r, *other;
	const char *key;

	for (r = c->routes; r != NULL; r = r->next) {
		for (other = c->routes; other != r; other = other->next) {
			if (r->health == NULL || other->health == NULL)
				continue;
			key = difference(r, other);
			if (key == NULL || !share(r, other))
				continue;
			snprintf(err, size, "%s: %s: not that of the route at "
			    "%s, which has the same upstream",
			    conf_where(c, r, key), key, other->where);
			return -1;
		}
	}
	return 0;
}
