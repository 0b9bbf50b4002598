#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A list that is a ring through its head: each member embeds a link, and since
 * none has an end for a neighbour, putting in and taking out decide nothing.
 */
struct ring {
	struct ring *next, *prev; /* of the head: the first, the last */
};

/* the initial value of a head */
#define RING(head) {&(head), &(head)}
/* what embeds the link that p points to, as that member */
#define RING_OWNER(p, type, member) \
	((type *)(void *)((char *)(p) - offsetof(type, member)))

static inline void
ring_init(struct ring *head)
{
	head->next = head->prev = head;
}

static inline bool
ring_empty(const struct ring *head)
{
	return head->next == head;
}

/* puts p in front of at; in front of the head, that is at the end */
static inline void
ring_add(struct ring *at, struct ring *p)
{
	p->next = at;
	p->prev = at->prev;
	at->prev->next = p;
	at->prev = p;
}

static inline void
ring_remove(struct ring *p)
{
	p->next->prev = p->prev;
	p->prev->next = p->next;
}

#endif
