/* TLS handshakes of clients: see shake.h. */
#include <sys/socket.h>

#include <errno.h>

#include "shake.h"
#include "exchange.h"
#include "log.h"
#include "relay.h"
#include "secure.h"
#include "tls.h"

/*
 * Handshakes that go on in one turn. Each may take a private key's work, which
 * is a hundred messages' worth; the tunnels get their turn in between.
 */
#define SHAKES_PER_TURN 4

#define RECORD_HANDSHAKE 22 /* RFC 5246 6.2.1 */

void
shake_failed(struct session *s, enum reason why)
{
	const char *text = "";

	if (s->c->tls != NULL && tls_error(s->c->tls) != 0)
		text = tls_error_text(tls_error(s->c->tls));
	session_log_shake(s, why, text);
	session_end(s, why, why == R_TLS_TIMEOUT ? BY_WEIR : BY_CLIENT);
}

/* what was agreed upon begins */
static void
done(struct session *s)
{
	if (s->tcp)
		relay_begin(s);
	else
		session_phase(s, S_HEAD);
}

void
shake_begin(struct session *s)
{
	if (s->tls)
		session_phase(s, S_SHAKE);
	else
		done(s);
}

/* looks at the first byte: true if there is an engine now */
static bool
begin(struct session *s)
{
	unsigned char first;
	ssize_t n;

	n = recv(s->c->fd, &first, 1, MSG_PEEK);
	if (n < 0 && conn_passing(errno))
		return false;
	if (n <= 0) {
		session_end(s, n == 0 ? R_DONE : R_CLIENT_RESET, BY_CLIENT);
		return false;
	}
	if (first >= 'A' && first <= 'Z' && !s->tcp) {
		exchange_refuse_head(s, R_TLS_PLAIN);
		return false;
	}
	if (first != RECORD_HANDSHAKE) {
		shake_failed(s, R_TLS_FAILED);
		return false;
	}
	s->c->tls = tls_accept(s->conf->tls, s->c);
	if (s->c->tls != NULL)
		return true;
	shake_failed(s, R_NO_MEMORY);
	return false;
}

void
shake_client(struct session *s)
{
	static int64_t turn;
	static unsigned shakes;
	int r;

	if (turn != world.turn)
		shakes = 0;
	turn = world.turn;
	/* it is ready in the next turn too */
	if (shakes++ >= SHAKES_PER_TURN)
		return;
	if (s->c->tls == NULL && !begin(s))
		return;
	r = secure_handshake(s->c);
	if (r < 0)
		shake_failed(s, R_TLS_FAILED);
	if (r <= 0)
		return;
	done(s);
	/* the request, if it came with the client's last message */
	if (s->phase == S_HEAD && s->c->pending)
		exchange_head(s);
}
