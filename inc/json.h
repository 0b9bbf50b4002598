#ifndef JSON_H
#define JSON_H

#include "buf.h"

/*
 * JSON (RFC 8259), strictly and without memory of its own. json_check() looks
 * at all of a text; the others walk what it has found good, and only that.
 * A value is the span of its text.
 */

#define JSON_DEPTH 8    /* objects and arrays in one another */
#define JSON_MEMBERS 64 /* of one object */

/*
 * True if s is one value and nothing else but white space. Refused besides
 * what is no JSON: bytes that are not UTF-8, halves of surrogate pairs, NUL
 * even if escaped, a name that occurs twice in an object however it is
 * written, and what goes beyond the limits above.
 */
bool json_check(struct span s);
/* the value in s without the white space around it */
struct span json_trim(struct span s);

enum json_type { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER,
	JSON_TRUE, JSON_FALSE, JSON_NULL };
/* what a value is; JSON_NONE for an empty span */
enum json_type json_type(struct span v);
/* the member of an object with that name; empty: v is none, or has none */
struct span json_member(struct span v, const char *name);
/* takes the next value of an array off *rest, which is the array at first;
 * false at the end */
bool json_next(struct span *rest, struct span *value);
/* writes what a string stands for; false if v is no string or it is longer */
bool json_string(struct span v, char *out, size_t cap, size_t *n);
/* true if v is a string that stands for s */
bool json_is(struct span v, struct span s);
/* a number's whole part, as near as it goes; false if v is no number */
bool json_number(struct span v, int64_t *n);

#endif
