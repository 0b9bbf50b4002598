#ifndef TELL_H
#define TELL_H

#include "config.h"
#include "reason.h"

/*
 * A refusal told in a WebSocket: browsers hide the status of a handshake that
 * fails, and show the messages and the code of one that does not.
 */
struct tell {
	enum conf_error_format format;
	enum reason reason;
	int status;            /* that is refused with */
	uint64_t id;           /* of the event, where the format has one */
	struct span key;       /* Sec-WebSocket-Key */
	struct span protocols; /* offered */
};

/*
 * Writes all of it: the 101, a text message with the error as JSON, and a
 * Close with the code 4000 + status and the word of the reason.
 */
void tell_write(struct text *t, const struct tell *how);

#endif
