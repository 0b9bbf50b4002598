#ifndef WS_H
#define WS_H

#include "buf.h"
#include "reason.h"

/*
 * The WebSocket protocol (RFC 6455): handshake values, frame heads, masking,
 * close codes. Bytes to structs and back; no I/O, no memory, no log.
 */

/* what a request says about WebSocket; spans are empty where not sent */
struct ws_offer {
	bool get;            /* method GET over HTTP/1.1 */
	bool body;           /* it has a body */
	bool conn_upgrade;   /* Connection lists upgrade */
	struct span upgrade; /* the Upgrade value: ws_offer_upgrade() */
	struct span version; /* Sec-WebSocket-Version */
	struct span key;     /* Sec-WebSocket-Key */
	unsigned upgrades, versions, keys; /* lines of each */
};

/* takes an Upgrade line in; of several, one that names websocket is kept */
void ws_offer_upgrade(struct ws_offer *o, struct span value);

enum ws_verdict { WS_PLAIN, WS_HANDSHAKE };

/*
 * Judges a request: WS_PLAIN (no handshake is meant: an Upgrade to something
 * else is dropped and the request served), WS_HANDSHAKE (RFC 6455 4.2.1), or
 * a reason negated for what is almost a handshake: R_WS_UPGRADE,
 * R_WS_CONNECTION, R_WS_METHOD, R_WS_BODY, R_WS_VERSION, R_WS_KEY, looked at
 * in this order. A handshake is meant if Upgrade names websocket, or if a
 * Sec-WebSocket-Key came.
 */
int ws_judge(const struct ws_offer *o);

/* true if key is the base64 of 16 bytes: 24 characters in canonical form */
bool ws_key_valid(struct span key);
#define WS_ACCEPT_LEN 28
/* writes the Sec-WebSocket-Accept for key: RFC 6455 4.2.2 */
void ws_accept(struct span key, char accept[WS_ACCEPT_LEN]);

/* what an upstream's 101 says; values as in struct ws_offer */
struct ws_answer {
	bool conn_upgrade, body;
	struct span upgrade, accept, protocol;
	unsigned upgrades, accepts, protocols;
};

/*
 * Proves a 101 against the key that was sent: 0, or a reason negated
 * (R_PROOF_*). offered is the Sec-WebSocket-Protocol list that was sent.
 * Extensions are looked at with ws_extensions_offered().
 */
int ws_prove(const struct ws_answer *a, struct span key, struct span offered);
/* true if token stands in the comma list, compared exactly */
bool ws_list_has(struct span list, struct span token);
/*
 * True if each extension of the chosen list has its name in the offered list
 * (RFC 6455 9.1); parameters are the endpoints' business.
 */
bool ws_extensions_offered(struct span chosen, struct span offered);

/* opcodes: RFC 6455 5.2 */
enum {
	WS_CONT = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xa
};

/* close codes: RFC 6455 7.4 */
enum {
	WS_C_NORMAL = 1000,
	WS_C_AWAY = 1001,
	WS_C_PROTOCOL = 1002,
	WS_C_NONE = 1005, /* never on the wire: a Close without a code */
	WS_C_ABNORMAL = 1006, /* never on the wire: no Close at all */
	WS_C_POLICY = 1008,
	WS_C_TOO_BIG = 1009,
	WS_C_ERROR = 1011,
	WS_C_RESTART = 1012,
	WS_C_TRY_LATER = 1013
};

#define WS_HEAD_MAX 14      /* bytes of the longest frame head */
#define WS_CONTROL_MAX 125  /* bytes of a control frame's payload */

/* a frame head: RFC 6455 5.2 */
struct ws_head {
	uint64_t length;
	uint8_t opcode;
	uint8_t rsv; /* the three bits, 0..7 */
	bool fin, masked;
	uint8_t mask[4];
};

/* bytes of a head that begins with p[0] and p[1] */
static inline size_t
ws_head_len(const unsigned char *p)
{
	size_t n = (p[1] & 0x80) != 0 ? 6 : 2;

	if ((p[1] & 0x7f) == 126)
		n += 2;
	if ((p[1] & 0x7f) == 127)
		n += 8;
	return n;
}

/* the payload length in a whole head, as it stands there */
static inline uint64_t
ws_head_length(const unsigned char *p)
{
	uint64_t v = 0;
	int i;

	if ((p[1] & 0x7f) < 126)
		return p[1] & 0x7f;
	if ((p[1] & 0x7f) == 126)
		return (uint64_t)p[2] << 8 | p[3];
	for (i = 2; i < 10; i++)
		v = v << 8 | p[i];
	return v;
}

/* bytes of the head, 0 if n bytes do not hold it whole, -1 for a length
 * that is not minimal or has its top bit set */
int ws_read_head(const unsigned char *p, size_t n, struct ws_head *h);
/* writes the head to p[0..WS_HEAD_MAX); returns its bytes */
size_t ws_write_head(unsigned char *p, const struct ws_head *h);
/* masks or unmasks n bytes that begin at_byte bytes into the payload */
void ws_mask(unsigned char *p, size_t n, const uint8_t mask[4],
    uint64_t at_byte);
/* true for the codes that may stand in a Close frame */
bool ws_close_code_valid(unsigned code);
/*
 * Writes a whole Close frame with code and text (cut to what fits); mask is
 * NULL for a server's frame. WS_C_NONE writes an empty one. p has room for
 * 131 bytes; returns its bytes.
 */
#define WS_CLOSE_FRAME_MAX 131
size_t ws_write_close(unsigned char *p, unsigned code, const char *text,
    const uint8_t *mask);

#endif
