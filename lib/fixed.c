/* Routes without an upstream: see fixed.h. */
#include <string.h>

#include "fixed.h"
#include "confroute.h"

#define HEAD_ROOM 2048 /* see confcheck.c */

enum reason
fixed_own(struct exchange *x, const struct text *t, enum reason why)
{
	if (t->full)
		return R_BAD_TARGET;
	x->head = buf_get(t->n);
	if (x->head == NULL)
		return R_NO_MEMORY;
	buf_append(x->head, t->p, t->n);
	x->own = (struct span){(char *)x->head->data, t->n};
	return why;
}

static void
put_escaped(struct text *t, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	const char escape[3] = {'%', hex[(unsigned char)c >> 4],
	    hex[c & 15]};

	text_mem(t, escape, sizeof escape);
}

/* RFC 3986 2.3, and what may stand in a query for itself */
static bool
plain_in_query(char c)
{
	char l = lower(c);

	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
	    strchr("-._~/:", c) != NULL;
}

/* a piece of the request, which may be laxer than a URL is */
static void
put_piece(struct text *t, struct span s, bool in_query)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (in_query ? plain_in_query(s.p[i]) : s.p[i] > ' ' &&
		    s.p[i] < 0x7f && strchr("\"<>\\^`{|}", s.p[i]) == NULL)
			text_mem(t, &s.p[i], 1);
		else
			put_escaped(t, s.p[i]);
}

static void
put_location(struct text *t, const char *url, const struct http_request *q)
{
	struct span host = q->host;
	bool in_query = false;
	size_t n;

	if (host.n > 0)
		host.n = (size_t)(field_host_end(host) - host.p);
	for (; *url != '\0'; url += n) {
		switch (confroute_variable(url, &n)) {
		case CONFROUTE_HOST:
			put_piece(t, host, in_query);
			break;
		case CONFROUTE_PATH:
			/* the server as a whole has none */
			if (q->path.p[0] == '/')
				put_piece(t, q->path, in_query);
			put_piece(t, q->query, in_query);
			break;
		case CONFROUTE_NONE:
			in_query = in_query || *url == '?';
			text_mem(t, url, 1);
			break;
		}
	}
}

/* whether what a slow client leaves of the answer can be kept for it */
static bool
room_for(const struct conf_route *r)
{
	return strlen(r->respond.body) + r->added + HEAD_ROOM <= buf_left();
}

enum reason
fixed_judge(struct session *s, const struct http_request *q)
{
	const char *url = s->route->redirect.url;
	struct text *t;

	if (s->route->respond.status != 0)
		return room_for(s->route) ? R_RESPOND : R_NO_MEMORY;
	if (q->host.n == 0 && strstr(url, "$host") != NULL)
		return R_BAD_HOST;
	t = world_text();
	put_location(t, url, q);
	return fixed_own(s->x, t, R_MOVED);
}

int
fixed_status(const struct session *s, enum reason why)
{
	if (why == R_RESPOND)
		return s->route->respond.status;
	if (why == R_MOVED)
		return s->route->redirect.status;
	return reason_status(why);
}

/* whether the route itself says what that field is */
static bool
ruled(const struct conf_route *r, int id)
{
	const struct conf_rule *rule;

	for (rule = r->set_response_header; rule != NULL; rule = rule->next)
		if (rule->id == id)
			return true;
	for (rule = r->del_response_header; rule != NULL; rule = rule->next)
		if (rule->id == id)
			return true;
	return false;
}

static void
put_content(struct text *t, const struct conf_route *r, size_t n)
{
	if (n > 0 && !ruled(r, HTTP_F_CONTENT_TYPE))
		text_str(t, *r->respond.body == '{' ?
		    "Content-Type: application/json\r\n" :
		    "Content-Type: text/plain; charset=utf-8\r\n");
	/* RFC 9110 8.6, 15.4.5 */
	if (r->respond.status == 204 || r->respond.status == 304)
		return;
	text_str(t, "Content-Length: ");
	text_uint(t, n);
	text_mem(t, "\r\n", 2);
}

void
fixed_write(struct text *t, const struct conf_route *r,
    const struct rewrite_answer *how)
{
	size_t n = strlen(r->respond.body);

	rewrite_status(t, r->respond.status);
	put_content(t, r, n);
	if (!ruled(r, HTTP_F_DATE))
		rewrite_date(t, how->wall_s);
	if (how->close)
		text_str(t, "Connection: close\r\n");
	else if (how->keep_10)
		text_str(t, "Connection: keep-alive\r\n");
	rewrite_rules(t, r->set_response_header);
	rewrite_rules(t, r->add_response_header);
	text_mem(t, "\r\n", 2);
	if (!how->head)
		text_mem(t, r->respond.body, n);
}
