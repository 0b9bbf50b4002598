/* Heads of handshakes: see upgrade.h. */
#include "upgrade.h"

struct ws_offer
upgrade_offer(const struct http_request *q)
{
	const struct http_field *f = NULL;
	struct ws_offer o = {0};

	o.get = q->method_id == HTTP_M_GET && q->h.minor == 1;
	o.body = q->h.body != HTTP_BODY_NONE;
	o.conn_upgrade = q->h.conn_upgrade;
	while ((f = http_find(&q->h, HTTP_F_UPGRADE, f)) != NULL)
		ws_offer_upgrade(&o, f->value);
	o.version = http_value(&q->h, HTTP_F_SEC_WEBSOCKET_VERSION);
	o.versions = http_count(&q->h, HTTP_F_SEC_WEBSOCKET_VERSION);
	o.key = http_value(&q->h, HTTP_F_SEC_WEBSOCKET_KEY);
	o.keys = http_count(&q->h, HTTP_F_SEC_WEBSOCKET_KEY);
	return o;
}

struct ws_answer
upgrade_answer(const struct http_head *h)
{
	struct ws_answer a = {0};

	a.conn_upgrade = h->conn_upgrade;
	a.body = h->has_length || (h->seen &
	    1ull << HTTP_F_TRANSFER_ENCODING) != 0;
	a.upgrade = http_value(h, HTTP_F_UPGRADE);
	a.upgrades = http_count(h, HTTP_F_UPGRADE);
	a.accept = http_value(h, HTTP_F_SEC_WEBSOCKET_ACCEPT);
	a.accepts = http_count(h, HTTP_F_SEC_WEBSOCKET_ACCEPT);
	a.protocol = http_value(h, HTTP_F_SEC_WEBSOCKET_PROTOCOL);
	a.protocols = http_count(h, HTTP_F_SEC_WEBSOCKET_PROTOCOL);
	return a;
}

enum reason
upgrade_prove(const struct http_head *h, struct span key,
    struct span protocols, struct span extensions)
{
	const struct http_field *f = NULL;
	struct ws_answer a;
	int why;

	/* RFC 9110 7.8: HTTP/1.0 has no Upgrade */
	if (h->minor == 0)
		return R_PROOF_UPGRADE;
	a = upgrade_answer(h);
	why = ws_prove(&a, key, protocols);
	if (why < 0)
		return (enum reason)-why;
	while ((f = http_find(h, HTTP_F_SEC_WEBSOCKET_EXTENSIONS, f)) != NULL)
		if (!ws_extensions_offered(f->value, extensions))
			return R_PROOF_EXTENSION;
	return R_DONE;
}
