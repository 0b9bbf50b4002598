#ifndef TRACK_H
#define TRACK_H

#include "beat.h"
#include "ws.h"

/*
 * Follows the frame boundaries of one direction of a tunnel (RFC 6455 5.2) in
 * whatever pieces its bytes come, without looking at payload, but for the code
 * of a Close. Zero is the state before the first byte.
 */
struct track {
	uint64_t left;     /* payload bytes of the frame still to come */
	uint64_t messages; /* whole data messages seen */
	uint64_t size;     /* of the message so far; by track_sift() alone */
	uint16_t close_code; /* of the Close seen; WS_C_NONE for one without */
	uint8_t head[WS_HEAD_MAX]; /* of the frame, as far as it came */
	uint8_t head_n;    /* bytes in head; 0 between frames */
	uint8_t head_len;  /* bytes that head will have, 0 while not known */
	uint8_t opcode, fin;
	uint8_t code_n;    /* bytes of the close code seen */
	bool within;       /* a message has begun; by track_sift() alone */
	bool closed;       /* a Close frame has passed whole */
	bool blind;        /* the boundaries are lost: not followed any more */
};

/* follows n bytes; after a length that is none it is blind */
void track_feed(struct track *t, const unsigned char *p, size_t n);
/* true where a frame of our own may be put in: never once closed or blind */
bool track_boundary(const struct track *t);

/* what is asked of the frames of one direction */
struct track_rules {
	uint64_t frame_max, message_max; /* bytes of payload; 0: any */
	uint64_t tag;  /* of weir's own pings (beat.h), whose pongs are taken
	                * out; 0: there are none */
	uint8_t rsv;   /* bits that the extensions give a meaning to in the
	                * first frame of a message; 7: in any frame */
	bool strict;   /* RFC 6455 5: whatever it forbids is a fault */
	bool masked;   /* frames have to be: they come from a client */
};

enum track_fate {
	TRACK_PASS,  /* to be passed on */
	TRACK_HOLD,  /* to be kept until more has come */
	TRACK_OWN,   /* a pong to a ping of weir's own: to be dropped */
	TRACK_FAULT  /* a frame begins here that must not pass */
};

struct track_piece {
	size_t n;              /* its bytes; FAULT: 0 */
	enum track_fate fate;
	enum reason why;       /* of a FAULT */
	uint32_t number;       /* of the ping that an OWN answers */
};
/* bytes that may have to be kept at the most: a Close, to see its code */
#define TRACK_HOLD_MAX (WS_HEAD_MAX + WS_CONTROL_MAX)

/*
 * Follows a piece of n bytes, n > 0, under rules: as much of it as has one
 * fate. What is kept has not been followed: it is given again, with more. The
 * rules may begin to hold anywhere, but rules with limits or strict ones hold
 * from the first byte.
 */
void track_sift(struct track *t, const struct track_rules *r,
    const unsigned char *p, size_t n, struct track_piece *piece);

#endif
