#ifndef JUDGE_H
#define JUDGE_H

#include "session.h"

/*
 * Whose the request is, where proxies are trusted: the peer's, or whom one of
 * them tells of. The session's peer, x->secure and x->from are changed then.
 */
void judge_client(struct session *s, const struct http_request *q);
/*
 * What can be said of a request before anything of it is passed on: R_DONE,
 * and s->route, x->handshake and x->balance are set; or why it is refused.
 */
enum reason judge_request(struct session *s, const struct http_request *q);

#endif
