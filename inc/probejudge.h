#ifndef PROBEJUDGE_H
#define PROBEJUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "reason.h"

/*
 * What a probe has found, and what that means: facts to words. No I/O, no
 * memory, no clock.
 */

/* what is wrong, as the exit status tells it; weir(8) explains them */
enum probe_class {
	PROBE_FINE = 0,
	PROBE_NAME = 10,  /* the name has no address */
	PROBE_TCP,        /* no address takes a connection */
	PROBE_TLS,        /* the TLS handshake failed */
	PROBE_CERT,       /* the certificate is not good */
	PROBE_NOT_HTTP,   /* another protocol than expected is spoken */
	PROBE_UPGRADE,    /* the Upgrade was lost, or ignored */
	PROBE_DENIED,     /* 401, 403, 407 */
	PROBE_REFUSED,    /* any other answer but a 101 */
	PROBE_GATEWAY,    /* 5xx */
	PROBE_HANDSHAKE,  /* a 101 or frames that break RFC 6455 */
	PROBE_NO_ANSWER,  /* silence, or an end, where an answer was due */
	PROBE_CLOSED,     /* ended soon after the handshake */
	PROBE_NO_PONG,    /* a ping stayed without a pong */
	PROBE_IDLE,       /* cut while it was held open */
	PROBE_ECHO,       /* what was sent did not come back */
	PROBE_CLASSES
};

/* how a connection ended */
enum probe_ending {
	CUT_NONE,   /* it has not */
	CUT_FIN,    /* the end of the stream, no Close */
	CUT_RST,    /* a reset, or another error of the system */
	CUT_CLOSE,  /* a Close frame */
	CUT_SILENT, /* nothing comes any more, though something was due */
	CUT_BAD     /* a frame that breaks RFC 6455 */
};

struct probe_cut {
	enum probe_ending how;
	unsigned code;  /* of CUT_CLOSE */
	char text[128]; /* of CUT_CLOSE; what is wrong with CUT_BAD */
};

/* one time of being held open */
struct probe_hold {
	bool done;
	int64_t ping_ms;  /* between pings; 0: silent */
	int64_t ms;       /* how long it was watched */
	int64_t quiet_ms; /* without a byte in either direction, at the end */
	bool late;        /* the cut was seen only by the ping at the end */
	unsigned heard;   /* frames that the other side sent by itself */
	struct probe_cut cut;
};

/* whether the same request without Upgrade got the same answer */
enum probe_same { SAME_UNKNOWN, SAME_YES, SAME_NO };

struct probe_facts {
	/* what was asked for */
	const char *host; /* the name or address that was gone to */
	const char *name; /* the public one, which certificates are for */
	unsigned port;
	bool tls, secret, origin; /* secret: -H or the URL hold one */
	bool offered;     /* subprotocols */

	/* name, TCP */
	char name_error[128]; /* "" for none */
	unsigned addrs, opened;
	int tcp_error;        /* errno of the last one that did not open */

	/* TLS */
	bool secure;      /* the handshake is done */
	int tls_error;    /* of tls.h */
	enum probe_ending tls_cut;
	bool cert;        /* a certificate was seen */
	char cert_names[256], cert_issuer[128];
	int64_t cert_days; /* left; negative once it has expired */

	/* the answer */
	enum probe_ending answer_cut; /* instead of one */
	bool malformed;   /* it begins as HTTP/1 and goes on otherwise */
	unsigned char first[16]; /* what came, if it is no HTTP */
	unsigned n_first;
	int status;       /* 0: none */
	bool old;         /* HTTP/1.0 */
	char hops[512];   /* fields that tell who answered, or "" */
	char location[256], versions[64], retry[64], challenge[64];
	char body[2048];  /* as text, as far as it fits */
	enum probe_same same;
	int plain_status; /* of the request without Upgrade */

	/* the handshake: status is 101 */
	enum reason proof; /* R_DONE, or what does not hold */
	char accept[64], protocol[128], extensions[128];

	/* what followed; cut is where it ended before its time */
	struct probe_cut cut;
	unsigned pings, pongs;
	bool echo, echoed;
	char echo_got[128]; /* another message, "" for none */
	struct probe_hold silent, pinged;
};

struct probe_verdict {
	enum probe_class class;
	char text[1024], advice[1024]; /* sentences; advice may be "" */
};

void probe_judge(const struct probe_facts *f, struct probe_verdict *v);
/* true if it was not for silence that it was cut: the other side had sent
 * something by itself not long before */
bool probe_was_busy(const struct probe_hold *h);
/*
 * What two verdicts say together: on the public way, and directly at the
 * address at. The class is that of the public way unless that is fine.
 */
void probe_compare(const struct probe_verdict *public,
    const struct probe_verdict *direct, const char *at,
    struct probe_verdict *v);

/* the word of a class: "upgrade_lost" */
const char *probe_word(enum probe_class c);
/* how it ended, in words that follow "it ended with": "a reset" */
const char *probe_cut_text(const struct probe_cut *cut, char text[192]);
/* milliseconds as people say them: "60 s", "1.5 s", "12 ms" */
#define PROBE_TIME_TEXT 32
const char *probe_time_text(int64_t ms, char text[PROBE_TIME_TEXT]);

#endif
