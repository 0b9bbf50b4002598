#ifndef REDACT_H
#define REDACT_H

#include "buf.h"

/* What peers sent, written without the secrets in it, for logs and status. */

/*
 * Writes a request target; the values of the query parameters token, key,
 * api_key, access_token and ticket become "***". Each may grow by 3 bytes.
 */
void redact_target(struct text *t, struct span target);
/*
 * Writes a Sec-WebSocket-Protocol list; what is a key, or looks like one,
 * becomes "***".
 */
void redact_protocols(struct text *t, struct span list);
/* the first item of such a list that may be written anywhere; or "" */
struct span redact_open_protocol(struct span list);
/* true if the value of a field of that name is a secret, as it looks */
bool redact_field(struct span name);

#endif
