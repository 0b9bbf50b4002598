/* What handshakes offer: see offer.h. */
#include "offer.h"
#include "allow.h"
#include "auth.h"

/* writes all values of a field as one list; returns its length */
static size_t
put_list(struct text *t, const struct http_head *h, enum http_field_id id)
{
	const struct http_field *f = NULL;
	size_t start = t->n;

	while ((f = http_find(h, id, f)) != NULL) {
		if (t->n > start)
			text_mem(t, ",", 1);
		text_span(t, f->value);
	}
	return t->n - start;
}

void
offer_write(struct offer *o, struct text *t, const struct http_head *h,
    const struct conf_route *r)
{
	size_t start;

	o->key = put_list(t, h, HTTP_F_SEC_WEBSOCKET_KEY);
	start = t->n;
	if (r != NULL && (r->subprotocols != NULL || auth_hides(r) != NULL))
		allow_protocols(r, h, t);
	else
		put_list(t, h, HTTP_F_SEC_WEBSOCKET_PROTOCOL);
	o->protocols = t->n - start;
	o->extensions = put_list(t, h, HTTP_F_SEC_WEBSOCKET_EXTENSIONS);
	start = t->n;
	if (r != NULL)
		text_span(t, allow_choice(r, h));
	o->choice = t->n - start;
}

void
offer_place(struct exchange *x, const char *p, const struct offer *o)
{
	x->key = (struct span){p, o->key};
	p += o->key;
	x->protocols = (struct span){p, o->protocols};
	p += o->protocols;
	x->extensions = (struct span){p, o->extensions};
	p += o->extensions;
	x->choice = (struct span){p, o->choice};
}

enum reason
offer_keep(struct exchange *x, const struct http_head *h, enum reason why)
{
	struct text *t = world_text();
	struct offer o;

	/* what weir answers by itself is no refusal */
	if (reason_status(why) < 300)
		return why;
	offer_write(&o, t, h, NULL);
	buf_put(x->head);
	x->own.n = 0;
	x->head = t->full ? NULL : buf_get(t->n);
	if (x->head == NULL)
		return R_NO_MEMORY;
	/* it holds nothing that is to be sent */
	memcpy(x->head->data, t->p, t->n);
	offer_place(x, (char *)x->head->data, &o);
	return why;
}
