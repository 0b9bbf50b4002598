#ifndef FIXED_H
#define FIXED_H

#include "session.h"

/*
 * Routes without an upstream: all of their requests are sent elsewhere
 * (redirect with a URL), or get the one answer that the route has (respond).
 */

/* what such a route answers with, and a Location in x->own */
enum reason fixed_judge(struct session *s, const struct http_request *q);
/* the status of an answer for that reason */
int fixed_status(const struct session *s, enum reason why);
/* writes the answer of a route that has one; how tells of the connection */
void fixed_write(struct text *t, const struct conf_route *r,
    const struct rewrite_answer *how);
/* keeps what t holds for the answer; why, or what is wrong */
enum reason fixed_own(struct exchange *x, const struct text *t,
    enum reason why);

#endif
