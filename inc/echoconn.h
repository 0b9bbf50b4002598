#ifndef ECHOCONN_H
#define ECHOCONN_H

#include "chunk.h"

/*
 * One connection of the echo server. It has one buffer, and only while bytes
 * wait in it. Everything is echoed in place: what is written never needs more
 * room than what was read, but for a few bytes in front of it (PAD) and
 * behind it (SLACK).
 *
 *	0    PAD    out_beg   out_end     beg       end    SLACK   buf_size()
 *	|     |        | unsent  |  gone   |  unread  |      |         |
 *
 * It is read into again only when nothing is unsent; that is the
 * backpressure, all of it, and it makes all before beg free for the next
 * step's output. A step takes from beg and puts out in front of it:
 * echohttp_step() one piece of a message at a time, echows_step() all frames
 * there are. Both are false if they need more input than there is.
 */
#define ECHOCONN_BUF 65536
#define ECHOCONN_PAD 1024  /* room for the head of a response */
#define ECHOCONN_SLACK 256 /* room for a Close frame or a last chunk */

enum echoconn_phase {
	E_HEAD,    /* a request, or the next one */
	E_BODY,    /* a body of left bytes */
	E_CHUNKS,  /* a chunked body */
	E_TRAILER, /* what follows its last chunk */
	E_TAIL,    /* the end of the response is still to be put out */
	E_WS,      /* frames */
	E_LAST,    /* what is unsent is the last */
	E_LINGER   /* waiting for the peer to close as well */
};

struct echoconn {
	int fd;         /* -1: it has ended and is to be reaped */
	enum echoconn_phase phase;
	int64_t due_ms; /* the end of its patience */
	struct buf *b;  /* beg and end are of what is unread */
	size_t out_beg, out_end;

	uint64_t left;  /* bytes of the body, or of the frame's payload */
	/* HTTP */
	struct chunk_state chunked;
	bool head;      /* it answers a HEAD: no body is sent */
	bool chunks;    /* the response is chunked */
	bool keep;      /* another request may follow */
	/* WebSocket */
	uint64_t at;    /* bytes of the payload that are done */
	uint8_t mask[4];
	bool in_message; /* between the fragments of a message */
};

/* reads the clock, by which all here goes until the next time; returns it */
int64_t echoconn_clock(void);
/* something happened: its patience is whole again */
void echoconn_wait(struct echoconn *c);

/* bytes that are put out and not sent */
size_t echoconn_unsent(const struct echoconn *c);
/* puts n bytes out, behind what is unsent or else right before the input */
void echoconn_put(struct echoconn *c, const void *p, size_t n);
/* puts n bytes of the buffer out where they are, with t before them */
void echoconn_put_piece(struct echoconn *c, const struct text *t,
    const char *p, size_t n);
/* sends what is unsent; true if all of it went and more may follow */
bool echoconn_flush(struct echoconn *c);

/* gives its buffer back */
void echoconn_put_back(struct echoconn *c);
/*
 * Ends in the middle of a response. A missing last chunk shows that; without
 * chunks only a reset does.
 */
void echoconn_cut(struct echoconn *c);
/* ends it at once */
void echoconn_end(struct echoconn *c);

#endif
