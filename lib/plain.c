/* What a listener without TLS answers by itself: see plain.h. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"
#include "field.h"
#include "fixed.h"
#include "log.h"

#define WELL_KNOWN "/.well-known/acme-challenge/"
#define TOKEN_MAX 200
#define PROOF_MAX 1000 /* bytes of a key authorization: some 90 in use */
#define HTTPS_PORT 443

/* base64url, and so no way out of the directory: RFC 8555 8.3 */
static bool
is_token(struct span s)
{
	size_t i;
	char c;

	for (i = 0; i < s.n; i++) {
		c = lower(s.p[i]);
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    c != '-' && c != '_')
			return false;
	}
	return s.n > 0 && s.n <= TOKEN_MAX;
}

/* a token's file, or -1; below the directory no link is followed, as others
 * may write there who may not read what weir can */
static int
open_proof(const char *webroot, const char *token)
{
	static const char *const below[] = {".well-known", "acme-challenge"};
	/* a pipe would hold up everybody */
	const int file = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
	int at, dir, err;
	size_t i;

	at = open(webroot, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i <= 2 && at >= 0; i++) {
		dir = at;
		at = openat(dir, i < 2 ? below[i] : token,
		    i < 2 ? file | O_DIRECTORY : file);
		err = errno;
		close(dir);
		errno = err;
	}
	return at;
}

/* reads a token's file whole: its bytes, or -1 with what is wrong, "" if it
 * is not there */
static ssize_t
read_proof(const char *webroot, const char *token, char *p, size_t size,
    const char **wrong)
{
	struct stat st;
	ssize_t n = -1;
	int fd = open_proof(webroot, token);

	if (fd < 0) {
		/* a link is no directory where one is asked for */
		*wrong = errno == ENOENT ? "" :
		    errno == ELOOP || errno == ENOTDIR ?
		    "is, or is behind, a symbolic link" : strerror(errno);
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		*wrong = "is no regular file";
	else if (st.st_size > (off_t)size)
		*wrong = "is too large for a challenge";
	else if ((n = read(fd, p, size)) < 0)
		*wrong = strerror(errno);
	close(fd);
	return n;
}

enum reason
plain_challenge(struct session *s, const struct http_request *q)
{
	const size_t prefix = sizeof WELL_KNOWN - 1;
	const char *webroot = s->conf->acme_webroot, *wrong;
	char token[TOKEN_MAX + 1], proof[PROOF_MAX];
	struct span name;
	struct text t;
	ssize_t n;

	if (s->tls || q->path.n < prefix ||
	    memcmp(q->path.p, WELL_KNOWN, prefix) != 0)
		return R_DONE;
	if (q->method_id != HTTP_M_GET && q->method_id != HTTP_M_HEAD)
		return R_CHALLENGE_METHOD;
	name.p = q->path.p + prefix;
	name.n = q->path.n - prefix;
	if (!is_token(name))
		return R_NO_CHALLENGE;
	snprintf(token, sizeof token, "%.*s", (int)name.n, name.p);
	n = read_proof(webroot, token, proof, sizeof proof, &wrong);
	if (n < 0 && *wrong != '\0')
		log_warn("acme_webroot: %s" WELL_KNOWN "%s: %s", webroot,
		    token, wrong);
	if (n < 0)
		return R_NO_CHALLENGE;
	text_init(&t, proof, sizeof proof);
	t.n = (size_t)n;
	return fixed_own(s->x, &t, R_CHALLENGE);
}

/* the port that https is to be had at: 443 if it is among them, or is
 * somebody else's business */
static unsigned
https_port(const struct conf *c)
{
	const struct conf_endpoint *e;
	unsigned port = 0;

	for (e = c->listens; e != NULL; e = e->next)
		if (e->tls && !e->tcp && e->path == NULL &&
		    (port == 0 || e->port == HTTPS_PORT))
			port = e->port;
	return port == 0 ? HTTPS_PORT : port;
}

enum reason
plain_redirect(struct session *s, const struct http_request *q)
{
	struct text *t = world_text();
	unsigned port;

	if (s->x->secure || q->path.p[0] != '/')
		return R_DONE;
	if (q->host.n == 0)
		return R_BAD_HOST;
	text_str(t, "https://");
	text_mem(t, q->host.p, (size_t)(field_host_end(q->host) - q->host.p));
	port = https_port(s->conf);
	if (port != HTTPS_PORT) {
		text_mem(t, ":", 1);
		text_uint(t, port);
	}
	text_span(t, q->path);
	text_span(t, q->query);
	return fixed_own(s->x, t, R_REDIRECT);
}
