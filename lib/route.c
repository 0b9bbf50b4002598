/* From a request to its route. */
#include <string.h>

#include "route.h"
#include "field.h"
#include "match.h"

/* RFC 3986 2.3 */
static bool
unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

/* the character at s[*i] as it compares; moves *i behind it */
static char
next_char(struct span s, size_t *i)
{
	char c = s.p[(*i)++];
	int hi, lo;

	if (c == '/') {
		while (*i < s.n && s.p[*i] == '/')
			(*i)++;
	} else if (c == '%' && *i + 1 < s.n) {
		hi = hex_digit(s.p[*i]);
		lo = hex_digit(s.p[*i + 1]);
		if (hi >= 0 && lo >= 0 && unreserved(16 * hi + lo)) {
			*i += 2;
			return (char)(16 * hi + lo);
		}
	}
	return c;
}

long
route_prefix(struct span path, const char *prefix)
{
	size_t i = 0, n = strlen(prefix);
	const char *end;

	if (n > 0 && prefix[n - 1] == '/')
		n--;
	for (end = prefix + n; prefix < end; prefix++)
		if (i == path.n || next_char(path, &i) != *prefix)
			return -1;
	return RARE(i < path.n && path.p[i] != '/') ? -1 : (long)i;
}

size_t
route_host(const char *host, struct span name)
{
	size_t n = strlen(host);
	struct span tail;

	if (n == 0)
		return 1;
	if (span_is(name, host))
		return 1000;
	if (host[0] != '*' || name.n < n)
		return 0;
	/* "*.example.com" takes one label or more, not none */
	tail.p = name.p + name.n - (n - 1);
	tail.n = n - 1;
	return span_is(tail, host + 1) ? 1 + n : 0;
}

/* true if a route that fits as well by its host is better by the rest */
static bool
better(const struct conf_route *r, size_t len, const struct conf_route *best,
    size_t best_len)
{
	return len != best_len ? len > best_len :
	    r->n_matches > best->n_matches;
}

struct conf_route *
route_find(const struct conf *c, const struct http_request *q)
{
	struct span name = field_host_only(q->host);
	struct conf_route *r, *best = NULL;
	size_t rank, len, best_rank = 0, best_len = 0;

	/* a dot at the end of a name changes nothing: RFC 3986 3.2.2 */
	if (RARE(name.n > 1 && name.p[name.n - 1] == '.'))
		name.n--;
	for (r = c->routes; r != NULL; r = r->next) {
		rank = route_host(r->host, name);
		if (rank == 0 || rank < best_rank ||
		    (route_prefix(q->path, r->path) < 0 &&
		    strcmp(r->path, "/") != 0))
			continue;
		len = strlen(r->path);
		if ((rank > best_rank || better(r, len, best, best_len)) &&
		    (r->n_matches == 0 || match_fits(r, q))) {
			best = r;
			best_rank = rank;
			best_len = len;
		}
	}
	return best;
}

struct conf_route *
route_again(const struct conf *c, const struct conf_route *r)
{
	struct conf_route *again = c->routes;

	while (again != NULL && !match_same(again, r))
		again = again->next;
	return again;
}
