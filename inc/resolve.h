#ifndef RESOLVE_H
#define RESOLVE_H

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Socket addresses, and names turned into them by a child process, so that
 * the loop never waits for getaddrinfo().
 */
struct addr {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} u;
};

#define ADDR_TEXT_MAX 128
/* writes "192.0.2.1:80", "[::1]:80" or "unix:/path"; returns text */
char *addr_text(const struct addr *a, char text[ADDR_TEXT_MAX]);
/* writes the address alone: "192.0.2.1", "::1" or "unix:" */
char *addr_text_ip(const struct addr *a, char text[ADDR_TEXT_MAX]);
/* true and *a filled if host is an IPv4 or IPv6 literal (no brackets) */
bool addr_literal(const char *host, uint16_t port, struct addr *a);
/* 0, or -1 with errno if the path is empty or too long */
int addr_unix(const char *path, struct addr *a);
/* true if both are the same address, port included */
bool addr_equal(const struct addr *a, const struct addr *b);

#define RESOLVE_MAX 16 /* addresses kept for one name */

/* an answer of the child */
struct resolve_answer {
	uint64_t tag; /* the asker's */
	int error; /* 0, or a getaddrinfo() error for gai_strerror() */
	unsigned n;
	/* IPv6 and IPv4 in turn, in getaddrinfo()'s order (RFC 8305 4) */
	struct addr addrs[RESOLVE_MAX];
};

/*
 * Starts the child; it ends by itself when this process does. Returns the
 * descriptor that becomes readable when answers wait (close-on-exec, not
 * blocking), or -1 with errno. Call before there are many descriptors.
 */
int resolve_start(void);
/*
 * Asks; -1 if the child is gone or its queue full: ask again later. Answers
 * come in the order of the questions.
 */
int resolve_ask(uint64_t tag, const char *host, uint16_t port);
/*
 * Takes one answer: 1, 0 if none waits, -1 if the child is gone: then call
 * resolve_start() or resolve_stop(), since the descriptor stays readable.
 */
int resolve_take(struct resolve_answer *a);
/* ends the child and closes the descriptor */
void resolve_stop(void);

#endif
