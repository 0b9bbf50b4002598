#ifndef UPGRADE_H
#define UPGRADE_H

#include "http.h"
#include "ws.h"

/* What heads say about WebSocket, as ws.h takes it. */

/* what a request offers: ws_judge() */
struct ws_offer upgrade_offer(const struct http_request *q);
/* what a 101 answers to it: ws_prove() */
struct ws_answer upgrade_answer(const struct http_head *h);
/*
 * Whether the head of a 101 answers a WebSocket handshake, the client's part
 * of RFC 6455 4.1: R_DONE, or R_PROOF_* for the first thing that does not hold.
 * The spans are what the handshake had, subprotocols and extensions as lists.
 */
enum reason upgrade_prove(const struct http_head *h, struct span key,
    struct span protocols, struct span extensions);

#endif
