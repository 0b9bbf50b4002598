/*
 * Addresses, hosts and paths from text.
 *
 * Nothing here asks DNS or opens a socket, so what is accepted does not
 * depend on the machine. Texts that getaddrinfo() or a browser would read in
 * a surprising way are refused.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "endpoint.h"
#include "buf.h"
#include "resolve.h"

#define NAME_SIZE 253 /* of a name in text: RFC 1035 2.3.4, less two */
#define LABEL_SIZE 63
#define DIGITS "0123456789"

static const char no_memory[] = "out of memory";

/* a host name of n bytes in lower case, in the form DNS and Host both take */
static bool
valid_name(const char *s, size_t n)
{
	const char *label = s, *end = s + n;
	size_t len;

	if (n > NAME_SIZE)
		return false;
	for (;; label += len + 1) {
		len = strspn(label, "abcdefghijklmnopqrstuvwxyz" DIGITS "-_");
		if (len == 0 || len > LABEL_SIZE)
			return false;
		if (label + len == end)
			break;
		if (label[len] != '.')
			return false;
	}
	/* 1.2.3 and 0x7f.1 are addresses to getaddrinfo(), with a surprise */
	return strspn(label, DIGITS) < len && strncmp(label, "0x", 2) != 0;
}

enum use { LISTEN, CONNECT, ROUTE };

/*
 * The host at *host in the form in which it is compared: a literal address is
 * put into text, a name becomes lower case. Text in brackets must be IPv6,
 * and text without must not.
 */
static const char *
parse_host(char **host, bool brackets, enum use use, char text[ADDR_TEXT_MAX])
{
	char *s = *host, *p;
	size_t n = strlen(s);
	struct addr a;

	if (addr_literal(s, 0, &a) &&
	    brackets == (a.u.sa.sa_family == AF_INET6)) {
		*host = addr_text_ip(&a, text);
		return NULL;
	}
	if (brackets)
		return "not an IPv6 address in the brackets";
	if (use != CONNECT && (n == 0 || strcmp(s, "*") == 0)) {
		*s = '\0';
		return NULL;
	}
	for (p = s; *p != '\0'; p++)
		*p = lower(*p);
	if (use == LISTEN && strcmp(s, "localhost") != 0)
		return "a listener's host is an IP address, localhost or *";
	if (use == LISTEN) {
		*host = strcpy(text, "127.0.0.1");
		return NULL;
	}
	if (use == ROUTE) {
		p = s + (strncmp(s, "*.", 2) == 0 ? 2 : 0);
		return valid_name(p, strlen(p)) ? NULL :
		    "not a host name, *.NAME or *";
	}
	if (n == 0)
		return "the host is missing";
	/* a name may end in a dot, which keeps search domains away */
	return valid_name(s, n > 1 && s[n - 1] == '.' ? n - 1 : n) ? NULL :
	    "not a host name or IP address";
}

static const char *
parse_port(const char *s, uint16_t *port)
{
	unsigned long n = strtoul(s, NULL, 10);

	if (s[strspn(s, DIGITS)] != '\0' || n < 1 || n > 65535)
		return "a port is 1 to 65535";
	*port = (uint16_t)n;
	return NULL;
}

/* cuts "host:port", "host", "[v6]:port" or "[v6]"; *port is NULL if missing */
static const char *
split(char *s, char **host, char **port)
{
	bool brackets = *s == '[';
	char *end = strchr(s, brackets ? ']' : ':');

	*host = s + brackets;
	*port = NULL;
	if (end == NULL)
		return brackets ? "[ without ]" : NULL;
	s = end + brackets;
	if (*s == ':')
		*port = s + 1;
	else if (*s != '\0')
		return "only :PORT may follow ]";
	*end = '\0';
	return *port != NULL && strchr(*port, ':') != NULL ?
	    "an IPv6 address stands in brackets" : NULL;
}

static const char *
scheme(const struct conf_endpoint *e)
{
	if (e->tcp)
		return e->tls ? "tls" : "tcp";
	return e->tls ? "https" : "http";
}

/* what stands behind http://, in s, which is changed */
static const char *
parse_authority(struct arena **a, char *s, bool bare, bool listener,
    struct conf_endpoint *e)
{
	bool brackets = *s == '[';
	char text[ADDR_TEXT_MAX], *host, *port;
	const char *left, *right, *wrong = split(s, &host, &port);
	const uint16_t usual = e->tcp ? 0 : e->tls ? 443 : 80;

	e->port = usual;
	if (wrong == NULL && port == NULL && bare && !listener)
		wrong = "without http:// it needs a port";
	if (wrong == NULL && port == NULL && e->tcp)
		wrong = "it needs a port";
	if (wrong == NULL && port != NULL)
		wrong = parse_port(port, &e->port);
	if (wrong == NULL)
		wrong = parse_host(&host, brackets, listener ? LISTEN : CONNECT,
		    text);
	if (wrong != NULL)
		return wrong;
	left = strchr(host, ':') != NULL ? "[" : "";
	right = *left != '\0' ? "]" : "";
	e->host = arena_printf(a, "%s", host);
	e->authority = arena_printf(a, "%s%s%s", left, host, right);
	e->text = arena_printf(a, "%s://%s%s%s:%u", scheme(e), left, host,
	    right, (unsigned)e->port);
	if (e->host == NULL || e->authority == NULL || e->text == NULL)
		return no_memory;
	if (e->port != usual)
		e->authority = strstr(e->text, "://") + 3;
	return NULL;
}

static const char *
parse_unix(struct arena **a, const char *path, struct conf_endpoint *e)
{
	struct addr addr;

	if (*path != '/')
		return "the path of a unix socket begins with a slash";
	if (addr_unix(path, &addr) != 0)
		return "too long for the path of a unix socket";
	e->text = arena_printf(a, "%sunix:%s", e->tcp ? "tcp://" : "", path);
	if (e->text == NULL)
		return no_memory;
	e->path = strchr(e->text, '\0') - strlen(path);
	/* a unix socket has no name; this one is taken by every server */
	e->authority = "localhost";
	return NULL;
}

static bool
starts(const char *s, const char *prefix)
{
	return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

bool
endpoint_is_tcp(const char *v)
{
	return starts(v, "tcp://") || starts(v, "tls://");
}

const char *
endpoint_parse(struct arena **a, const char *v, bool listener,
    struct conf_endpoint *e)
{
	bool bare = strstr(v, "://") == NULL;
	size_t n;
	char *s;

	e->tcp = endpoint_is_tcp(v);
	e->tls = starts(v, "https://") || starts(v, "wss://") ||
	    starts(v, "tls://");
	if (e->tcp || e->tls || starts(v, "http://") || starts(v, "ws://"))
		v = strstr(v, "://") + 3;
	else if (!bare && !starts(v, "unix:"))
		return "not http://, https://, ws://, wss://, tcp://, "
		    "tls:// or unix:/PATH";
	if (starts(v, "unix:") && e->tls)
		return "TLS is not spoken over unix sockets";
	if (starts(v, "unix:"))
		return parse_unix(a, v + 5, e);
	n = strlen(v);
	if (n == 0)
		return "not an address";
	if (!listener && n > 1 && v[n - 1] == '/')
		n--;
	/* a listener may be a port alone */
	s = arena_printf(a, "%s%.*s",
	    listener && v[strspn(v, DIGITS)] == '\0' ? ":" : "", (int)n, v);
	if (s == NULL)
		return no_memory;
	if (strpbrk(s, "/?#@") != NULL)
		return listener ? "a listener has no path, query or user" :
		    "an upstream has no path, query or user";
	return parse_authority(a, s, bare, listener, e);
}

bool
endpoint_same(const struct conf_endpoint *a, const struct conf_endpoint *b)
{
	if (a->path != NULL || b->path != NULL)
		return a->path != NULL && b->path != NULL &&
		    strcmp(a->path, b->path) == 0;
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

const char *
endpoint_name(struct arena **a, const char *v, const char **name)
{
	size_t n = strlen(v);
	bool brackets = *v == '[' && n > 1 && v[n - 1] == ']';
	bool colon = strchr(v, ':') != NULL;
	char text[ADDR_TEXT_MAX], *s;
	const char *wrong;

	s = arena_printf(a, "%.*s", (int)n - 2 * brackets, v + brackets);
	if (s == NULL)
		return no_memory;
	/* the dot that keeps search domains away is in no certificate */
	if (v[n - 1] == '.')
		return "a server's name does not end in a dot";
	wrong = parse_host(&s, brackets || colon, CONNECT, text);
	if (wrong != NULL)
		return colon && !brackets ?
		    "not a host name or IP address" : wrong;
	*name = arena_printf(a, "%s", s);
	return *name != NULL ? NULL : no_memory;
}

/* the byte that %XX at v stands for, or -1 */
static int
escaped(const char *v)
{
	char xx[3] = { v[1], '\0', '\0' };

	if (!isxdigit((unsigned char)v[1]) || !isxdigit((unsigned char)v[2]))
		return -1;
	xx[1] = v[2];
	return (int)strtol(xx, NULL, 16);
}

const char *
endpoint_path(struct arena **a, const char *v, const char **path)
{
	char *p, *q;
	int c;

	if (*v != '/')
		return "a path begins with a slash";
	p = q = arena_take(a, strlen(v) + 2);
	if (p == NULL)
		return no_memory;
	for (; *v != '\0'; v++) {
		/* a char may have a sign, or not */
		if (*v <= ' ' || *v >= 0x7f || *v == '?' || *v == '#')
			return "a path holds only visible ASCII "
			    "without ? and #";
		c = *v == '%' ? escaped(v) : *v;
		if (c < 0)
			return "% stands before two hex digits only";
		/* unreserved: RFC 3986 2.3 */
		if (*v == '%' && c < 0x7f && (isalnum(c) || c == '-' ||
		    c == '.' || c == '_' || c == '~'))
			v += 2;
		else
			c = (unsigned char)*v;
		if (c != '/' || q == p || q[-1] != '/')
			*q++ = (char)c;
	}
	/* what is behind q is zero */
	if (q[-1] != '/')
		*q++ = '/';
	if (strstr(p, "/./") != NULL || strstr(p, "/../") != NULL)
		return "a path has no dot segments";
	/* elsewhere it is the way to write a prefix */
	if (strstr(p, "/*/") != NULL)
		return "a path is a prefix, and * is no wildcard in it";
	if (q - p > 1)
		q[-1] = '\0';
	*path = p;
	return NULL;
}

const char *
endpoint_route(struct arena **a, const char *v, const char **host,
    const char **path)
{
	size_t n = strcspn(v, "/");
	bool brackets = *v == '[' && n > 1 && v[n - 1] == ']';
	char text[ADDR_TEXT_MAX], *s;
	const char *wrong;

	if (strstr(v, "://") != NULL)
		return "a route has no scheme";
	s = arena_printf(a, "%.*s", (int)n - 2 * brackets, v + brackets);
	if (s == NULL)
		return no_memory;
	if (strchr(s, ':') != NULL && !brackets)
		return "a route's host has no port";
	wrong = parse_host(&s, brackets, ROUTE, text);
	if (wrong != NULL)
		return wrong;
	*host = arena_printf(a, "%s", s);
	if (*host == NULL)
		return no_memory;
	return endpoint_path(a, v[n] == '/' ? v + n : "/", path);
}
