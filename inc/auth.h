#ifndef AUTH_H
#define AUTH_H

#include "config.h"
#include "http.h"
#include "keyuse.h"
#include "peer.h"
#include "shown.h"

/*
 * Who may come in: the keys, tokens and passwords that routes ask for
 * (route->auth, NULL for those that ask for none).
 */

/* reads what the routes name: 0, or -1 with what is wrong in err; warnings
 * are logged */
int auth_load(struct conf *c, char *err, size_t size);
void auth_free(struct conf *c);

/* what a request is let in with */
struct auth_pass {
	struct keyuse *use; /* held, its name; NULL: it has none */
	struct keyuse_limits limits;
};

/*
 * Judges what a request on the route, which has r->auth, shows: R_DONE and
 * *p, or why it is refused. All that it shows has to be right, and to be of one name. A
 * preflight (CORS) that shows nothing is let in where the route says so.
 */
enum reason auth_judge(const struct conf_route *r,
    const struct http_request *q, const struct asker *by,
    struct auth_pass *p);
/* what must not go upstream, or NULL: everything may */
const struct shown_from *auth_hides(const struct conf_route *r);
/* true if the route asks for keys or tokens */
bool auth_keyed(const struct conf_route *r);
/* false if the route knows the name of a tunnel's key no more */
bool auth_knows(const struct conf_route *r, const struct keyuse *key);

/* writes a line on what was done under each name there is */
void auth_log_books(void);

#endif
