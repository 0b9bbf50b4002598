#ifndef OFFER_H
#define OFFER_H

#include "session.h"

/*
 * What a client's handshake offers: its key, subprotocols and extensions. They
 * stand behind one another in the exchange's head, where the proof of a 101
 * finds them, and a refusal that is told in a WebSocket.
 */
struct offer {
	size_t key, protocols, extensions, choice; /* bytes of each */
};

/* writes them to t; of the subprotocols those that r lets through, or, if that
 * is NULL, all */
void offer_write(struct offer *o, struct text *t, const struct http_head *h,
    const struct conf_route *r);
/* sets x's spans to where they stand now */
void offer_place(struct exchange *x, const char *p, const struct offer *o);
/*
 * Puts what is needed to refuse the handshake in h into x->head, in place of
 * what was there. Returns why, or R_NO_MEMORY.
 */
enum reason offer_keep(struct exchange *x, const struct http_head *h,
    enum reason why);

#endif
