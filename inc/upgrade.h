#ifndef UPGRADE_H
#define UPGRADE_H

#include "http.h"
#include "ws.h"

/* What heads say about WebSocket, as ws.h takes it. */

/* what a request offers: ws_judge() */
struct ws_offer upgrade_offer(const struct http_request *q);
/* what a 101 answers to it: ws_prove() */
struct ws_answer upgrade_answer(const struct http_head *h);

#endif
