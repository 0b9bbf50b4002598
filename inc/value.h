#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

/* The types of keys.h: text to a C value, and back to the shortest text. */

enum value_type {
	VALUE_MSEC, VALUE_SIZE, VALUE_UINT, /* numbers */
	VALUE_BOOL, VALUE_LEVEL, VALUE_FORMAT, VALUE_ERRORS, /* words */
	VALUE_CLOCK, VALUE_CHECK, VALUE_EXCESS,
	VALUE_MSEC_OR, /* a duration or "same" */
	VALUE_STR, VALUE_PATH, VALUE_HOST, VALUE_FILE, /* text */
	VALUE_NAME, VALUE_PIN, VALUE_ANY, VALUE_SECRET, VALUE_PARAM, VALUE_FIELD,
	VALUE_BALANCE, VALUE_HEALTH, VALUE_STATUSES,
	VALUE_REDIRECT, VALUE_RESPOND, VALUE_REWRITE, /* confroute.h */
	/* lists, which are config.c's own and not for the functions here */
	VALUE_LISTENS, VALUE_UPSTREAMS, VALUE_CERTS, VALUE_CERT_KEYS,
	VALUE_ORIGINS, VALUE_PROTOCOLS, VALUE_MATCH_HEADER, VALUE_MATCH_QUERY,
	VALUE_NETS, VALUE_ALLOW, VALUE_DENY,
	VALUE_RULE_SET, VALUE_RULE_ADD, VALUE_RULE_DEL
};

enum conf_error_format {
	CONF_ERRORS_AUTO,
	CONF_ERRORS_TEXT,
	CONF_ERRORS_JSON,
	CONF_ERRORS_OPENAI
};

enum conf_check {
	CONF_CHECK_OFF,
	CONF_CHECK_RELAXED,
	CONF_CHECK_STRICT
};

enum conf_excess {
	CONF_EXCESS_SLOW,
	CONF_EXCESS_CLOSE
};

/* these begin with their text, as it is printed */
struct conf_redirect {
	const char *text;
	const char *url; /* with its variables, or NULL: it is no redirect */
	int status; /* of that */
	bool https; /* what comes without TLS is sent there */
};

struct conf_respond {
	const char *text;
	const char *body;
	int status; /* 0: there is no fixed answer */
};

struct conf_rewrite {
	const char *text;
	const char *from, *to; /* or NULL; "/" is "" in the latter */
};

/* how an upstream is chosen; from BALANCE_ADDRESS on by a hash of that */
enum conf_balance_by {
	BALANCE_ROUND_ROBIN,
	BALANCE_LEAST,
	BALANCE_ADDRESS,
	BALANCE_URI,
	BALANCE_HEADER,
	BALANCE_COOKIE,
	BALANCE_QUERY
};

struct conf_balance {
	const char *text;
	const char *name; /* of the header, cookie or argument */
	enum conf_balance_by by;
};

/* some of the statuses 100 to 599 */
struct conf_statuses {
	const char *text; /* or NULL: none */
	uint64_t bits[8];
};

static inline bool
statuses_have(const struct conf_statuses *s, int status)
{
	unsigned i = (unsigned)(status - 100);

	return s->text != NULL && i < 500 && (s->bits[i / 64] >> i % 64 & 1);
}

/* the C type behind each TYPE; the lists have theirs in config.h */
#define CONF_T_MSEC int64_t
#define CONF_T_SIZE uint64_t
#define CONF_T_UINT unsigned
#define CONF_T_BOOL bool
#define CONF_T_LEVEL int
#define CONF_T_FORMAT bool /* true: json */
#define CONF_T_ERRORS enum conf_error_format
#define CONF_T_CLOCK bool /* true: relaxed */
#define CONF_T_CHECK enum conf_check
#define CONF_T_EXCESS enum conf_excess
#define CONF_T_MSEC_OR int64_t /* -1: same */
#define CONF_T_STR const char * /* never "" */
#define CONF_T_PATH const char * /* never "" but NULL */
#define CONF_T_HOST const char * /* never "" but NULL: the client's */
#define CONF_T_FILE const char * /* never "" but NULL */
/* a name in lower case or an IP address without brackets, or NULL */
#define CONF_T_NAME const char *
#define CONF_T_REDIRECT struct conf_redirect
#define CONF_T_RESPOND struct conf_respond
#define CONF_T_REWRITE struct conf_rewrite
#define CONF_T_FIELD const char * /* a field's name, never "" */
#define CONF_T_PIN const char * /* "sha256:" and 64 digits, or NULL */
#define CONF_T_BALANCE struct conf_balance
#define CONF_T_HEALTH const char * /* "/...", "websocket /...", or NULL */
#define CONF_T_STATUSES struct conf_statuses
#define CONF_T_ANY const char * /* never "" but NULL */
#define CONF_T_SECRET const char * /* the same; maybe "hs256 SECRET" */
#define CONF_T_PARAM const char * /* a parameter's name, or NULL */

#define VALUE_TEXT 32 /* of a number at the most */

/*
 * Sets the field to what text says; a number must be min to max. Strings lie
 * in the arena. Returns NULL, or what is wrong with the text.
 */
const char *value_parse(enum value_type type, const char *text, uint64_t min,
    uint64_t max, void *field, struct arena **a);
/* the field as value_parse() takes it, kept in buf if need be */
const char *value_text(enum value_type type, const void *field,
    char buf[VALUE_TEXT]);

#endif
