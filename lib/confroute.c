/* Redirects, fixed answers and rewriting in text: see confroute.h. */
#include <stdlib.h>
#include <string.h>

#include "confroute.h"
#include "endpoint.h"
#include "field.h"

static const char no_memory[] = "out of memory";

/* a status of three digits at the start; 0: there is none */
static int
read_status(const char *s, const char **rest)
{
	if (strspn(s, "0123456789") != 3 ||
	    (s[3] != '\0' && s[3] != ' ' && s[3] != '\t'))
		return 0;
	*rest = s + 3 + strspn(s + 3, " \t");
	return (int)strtol(s, NULL, 10);
}

enum confroute_variable
confroute_variable(const char *url, size_t *n)
{
	size_t len = strspn(url + (*url == '$'), "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	*n = 1;
	if (*url != '$' || len != 4)
		return CONFROUTE_NONE;
	*n = 5;
	if (strncmp(url, "$host", 5) == 0)
		return CONFROUTE_HOST;
	if (strncmp(url, "$path", 5) == 0)
		return CONFROUTE_PATH;
	*n = 1;
	return CONFROUTE_NONE;
}

/* a $path that stands where it could name another host is none here */
static const char *
check_start(const char *url)
{
	static const char wrong[] =
	    "a URL begins with http://HOST, https://HOST or /PATH";
	const char *host;

	if (*url == '/')
		return url[1] == '/' || url[1] == '\\' ||
		    strncmp(url + 1, "$path", 5) == 0 ? wrong : NULL;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return wrong;
	host = strchr(url, ':') + 3;
	return *host == '\0' || strchr("/?#:@", *host) != NULL ||
	    strncmp(host, "$path", 5) == 0 ? wrong : NULL;
}

static const char *
check_url(const char *url)
{
	const char *wrong = check_start(url);
	size_t n;

	for (; wrong == NULL && *url != '\0'; url += n) {
		if (confroute_variable(url, &n) != CONFROUTE_NONE)
			continue;
		if (*url == '$')
			wrong = "a $ stands in $host and $path only; "
			    "itself it is %24";
		else if (*url <= ' ' || *url >= 0x7f ||
		    strchr("\"<>\\^`{|}", *url) != NULL)
			wrong = "not the characters of a URL";
	}
	return wrong;
}

static const char *
parse_redirect(const char *text, struct conf_redirect *r, struct arena **a)
{
	const char *url = text, *wrong;

	memset(r, 0, sizeof *r);
	r->https = strcmp(text, "https") == 0;
	if (r->https || strcmp(text, "off") == 0) {
		r->text = r->https ? "https" : "off";
		return NULL;
	}
	r->status = read_status(text, &url);
	if (r->status == 0)
		r->status = 302;
	if (*url != '/' && strncmp(url, "http", 4) != 0)
		return "not off, https or [STATUS] URL";
	if (r->status != 303 && (r->status < 301 || r->status > 302) &&
	    (r->status < 307 || r->status > 308))
		return "not the status 301, 302, 303, 307 or 308";
	wrong = check_url(url);
	if (wrong != NULL)
		return wrong;
	r->text = arena_printf(a, "%d %s", r->status, url);
	if (r->text == NULL)
		return no_memory;
	r->url = r->text + 4;
	return NULL;
}

static const char *
parse_respond(const char *text, struct conf_respond *r, struct arena **a)
{
	const char *body = text;

	memset(r, 0, sizeof *r);
	if (*text == '\0')
		return NULL;
	r->status = read_status(text, &body);
	/* RFC 9110 15.5.22: that one names a protocol */
	if (r->status < 200 || r->status > 599 || r->status == 426)
		return "not a status from 200 to 599 (426 excepted) and a text";
	/* RFC 9110 15.3.5, 15.3.6, 15.4.5 */
	if (*body != '\0' && (r->status == 204 || r->status == 205 ||
	    r->status == 304))
		return "an answer of this status has no text";
	r->text = arena_printf(a, "%d%s%s", r->status,
	    *body != '\0' ? " " : "", body);
	if (r->text == NULL)
		return no_memory;
	r->body = r->text + (*body != '\0' ? 4 : 3);
	return NULL;
}

static const char *
parse_rewrite(const char *text, struct conf_rewrite *r, struct arena **a)
{
	size_t n = strcspn(text, " \t");
	const char *to = text + n + strspn(text + n, " \t"), *wrong;
	char *from;

	memset(r, 0, sizeof *r);
	if (*text == '\0')
		return NULL;
	from = arena_printf(a, "%.*s", (int)n, text);
	if (from == NULL)
		return no_memory;
	if (*to == '\0' || to[strcspn(to, " \t")] != '\0')
		return "not two paths";
	wrong = endpoint_path(a, from, &r->from);
	if (wrong == NULL)
		wrong = endpoint_path(a, to, &r->to);
	if (wrong != NULL)
		return wrong;
	r->text = arena_printf(a, "%s %s", r->from, r->to);
	if (strcmp(r->to, "/") == 0)
		r->to = "";
	return r->text != NULL ? NULL : no_memory;
}

const char *
confroute_parse(enum value_type type, const char *text, void *field,
    struct arena **a)
{
	if (type == VALUE_REDIRECT)
		return parse_redirect(text, field, a);
	if (type == VALUE_RESPOND)
		return parse_respond(text, field, a);
	return parse_rewrite(text, field, a);
}
