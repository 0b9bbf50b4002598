/* Refusals told in a WebSocket: see tell.h. */
#include "tell.h"
#include "redact.h"
#include "ws.h"

/* of the private codes, one for each status: RFC 6455 7.4.2 */
#define CODE_BASE 4000

/* RFC 6455 4.2.2 */
static void
put_head(struct text *t, const struct tell *how)
{
	char accept[WS_ACCEPT_LEN];
	struct span protocol;

	ws_accept(how->key, accept);
	text_str(t, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: ");
	text_mem(t, accept, sizeof accept);
	text_mem(t, "\r\n", 2);
	/* browsers that offered some fail if none is chosen */
	protocol = redact_open_protocol(how->protocols);
	if (protocol.n > 0) {
		text_str(t, "Sec-WebSocket-Protocol: ");
		text_span(t, protocol);
		text_mem(t, "\r\n", 2);
	}
	text_mem(t, "\r\n", 2);
}

static void
put_sentence(struct text *t, const struct tell *how)
{
	if (how->reason != R_UPSTREAM_STATUS) {
		text_str(t, reason_sentence(how->reason));
		return;
	}
	text_str(t, "The upstream answered ");
	text_uint(t, (uint64_t)how->status);
	text_str(t, ".");
}

static void
put_error(struct text *t, const struct tell *how)
{
	bool openai = how->format == CONF_ERRORS_OPENAI;
	int shift;

	text_str(t, "{");
	if (openai) {
		text_str(t, "\"event_id\":\"event_");
		/* as the log writes it */
		for (shift = 60; shift >= 0; shift -= 4)
			text_mem(t, &"0123456789abcdef"[how->id >> shift & 15],
			    1);
		text_str(t, "\",");
	}
	text_str(t, "\"type\":\"error\",\"error\":{\"type\":\"");
	text_str(t, how->status < 500 ? "invalid_request_error" :
	    "server_error");
	text_str(t, "\",\"code\":\"");
	text_str(t, reason_word(how->reason));
	text_str(t, "\",\"message\":\"");
	put_sentence(t, how);
	text_str(t, openai ? "\",\"param\":null,\"event_id\":null" : "\"");
	text_str(t, ",\"status\":");
	text_uint(t, (uint64_t)how->status);
	text_str(t, "}}");
}

void
tell_write(struct text *t, const struct tell *how)
{
	unsigned char head[WS_HEAD_MAX], frame[WS_CLOSE_FRAME_MAX];
	struct ws_head h = {.opcode = WS_TEXT, .fin = true};
	char memory[1024];
	struct text error;

	put_head(t, how);
	text_init(&error, memory, sizeof memory);
	put_error(&error, how);
	h.length = error.n;
	text_mem(t, head, ws_write_head(head, &h));
	text_mem(t, error.p, error.n);
	text_mem(t, frame, ws_write_close(frame,
	    CODE_BASE + (unsigned)how->status, reason_word(how->reason),
	    NULL));
}
