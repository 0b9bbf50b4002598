#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>

#include "config.h"
#include "resolve.h"

/* The sockets that connections come in by. */
struct listener {
	struct listener *next;
	char *address;   /* that of its endpoint, without http:// or https:// */
	char *unlink_at; /* path of a unix socket, or NULL */
	int fds[2];      /* IPv6 and IPv4, where any address was asked for */
	struct conn *ends[2]; /* of the descriptors, while the loop has them */
	unsigned n_fds;
	/* how it is spoken on what is accepted now; of the conf in force */
	const struct conf_endpoint *how;
};

/*
 * Opens the sockets for e: listening, not blocking, close-on-exec. NULL, with
 * errno, if one cannot be opened.
 */
struct listener *listener_open(const struct conf_endpoint *e);
/* whether l listens where e wants to, with TLS or without */
bool listener_is(const struct listener *l, const struct conf_endpoint *e);
/* closes the sockets, removes a unix socket's path, frees l */
void listener_close(struct listener *l);
/*
 * Accepts one connection: its descriptor, not blocking and close-on-exec, or
 * -1 with errno.
 */
int listener_accept(int fd, struct addr *from);

#endif
