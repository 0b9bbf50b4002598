/* Tests redact.c, from memory that ends with the input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redact.h"

static int failed;

static const struct {
	const char *in, *out, *why;
} targets[] = {
{"", "", "empty"},
{"/", "/", "no query"},
{"*", "*", "asterisk"},
{"/token=x", "/token=x", "no query, but a path"},
{"/&token=x", "/&token=x", "an ampersand in the path"},
{"/?", "/?", "empty query"},
{"/?a=1&b=2", "/?a=1&b=2", "nothing secret"},
{"/?token=abc", "/?token=***", "token"},
{"/?key=abc", "/?key=***", "key"},
{"/?api_key=abc", "/?api_key=***", "api_key"},
{"/?access_token=abc", "/?access_token=***", "access_token"},
{"/?ticket=abc", "/?ticket=***", "ticket"},
{"/?TOKEN=abc", "/?TOKEN=***", "upper case"},
{"/?Api_Key=abc", "/?Api_Key=***", "mixed case"},
{"/?tokens=abc", "/?tokens=abc", "longer name"},
{"/?oken=abc", "/?oken=abc", "shorter name"},
{"/?xtoken=abc", "/?xtoken=abc", "another name"},
{"/?token", "/?token", "no value"},
{"/?token=", "/?token=***", "empty value"},
{"/?token&a=1", "/?token&a=1", "no value, but another's"},
{"/?=token", "/?=token", "empty name"},
{"/?a=token", "/?a=token", "a value is no name"},
{"/?a=token=x", "/?a=token=x", "a value is no name, with ="},
{"/?a=1&token=abc&b=2", "/?a=1&token=***&b=2", "in the middle"},
{"/?token=a&key=b", "/?token=***&key=***", "two"},
{"/?token=a&token=b", "/?token=***&token=***", "twice"},
{"/?token=a=b", "/?token=***", "= in the value"},
{"/?token=a;b", "/?token=***", "; in the value"},
{"/?token=a?b#c", "/?token=***", "? and # in the value"},
{"/?a=1;token=b", "/?a=1;token=***", "behind ;"},
{"/?a=/x?token=b", "/?a=/x?token=***", "behind a second ?"},
{"/?a#token=b&c=d", "/?a#token=***&c=d", "behind #"},
{"/#access_token=b", "/#access_token=***", "# alone"},
{"/?&&token=b", "/?&&token=***", "empty parameters"},
{"/?%74oken=b", "/?%74oken=***", "escaped"},
{"/?%54%4f%4B%45%4e=b", "/?%54%4f%4B%45%4e=***", "escaped, upper case"},
{"/?%61%63%63%65%73%73%5f%74%6f%6b%65%6e=b",
    "/?%61%63%63%65%73%73%5f%74%6f%6b%65%6e=***", "escaped, the longest"},
{"/?ke%79=b", "/?ke%79=***", "9 in an escape"},
{"/?a%70i_key=b", "/?a%70i_key=***", "0 in an escape"},
{"/?a%6gi_key=b", "/?a%6gi_key=b", "g in an escape"},
{"/?ke%7=b", "/?ke%7=b", "half an escape"},
{"/?%zzkey=b", "/?%zzkey=b", "no escape"},
{"/?key%=b", "/?key%=b", "percent alone"},
{"/?ke%79", "/?ke%79", "escape at the end"},
{"/?a_name_longer_than_all=b", "/?a_name_longer_than_all=b", "long name"},
{"http://h/?token=b", "http://h/?token=***", "absolute form"},
};

static const struct {
	const char *in, *out, *why;
} protocols[] = {
{"", "", "empty"},
{"chat", "chat", "one"},
{"a,b ,\tc", "a, b, c", "white space"},
{",a,, ,b,", "a, b", "empty items"},
{"realtime, openai-insecure-api-key.KEY, v1",
    "realtime, openai-insecure-api-key.***, v1", "key behind the dot"},
{"OpenAI-Insecure-Api-Key.KEY", "OpenAI-Insecure-Api-Key.***", "its case"},
{"openai-insecure-api-key.", "openai-insecure-api-key.***", "empty key"},
{"openai-insecure-api-key.a.b", "openai-insecure-api-key.***", "dots in it"},
{"openai-insecure-api-key, KEY, v1", "openai-insecure-api-key, ***, v1",
    "two items"},
{"openai-insecure-api-key", "openai-insecure-api-key", "its key is missing"},
{"openai-insecure-api-key, openai-insecure-api-key, KEY",
    "openai-insecure-api-key, ***, ***", "name twice"},
{"openai-insecure-api-key.A, B", "openai-insecure-api-key.***, B",
    "an item behind the one-item form"},
{"openai-insecure-api-keys, B", "openai-insecure-api-keys, B", "near it"},
{"sk-abc", "***", "sk-"},
{"SK-abc", "***", "SK-"},
{"ek_abc", "***", "ek_"},
{"ask-abc", "ask-abc", "sk- inside"},
{"Bearer", "***", "Bearer alone"},
{"bearer.abc", "***", "bearer"},
{"eyJhbGci.eyJz.c2ln", "***", "JWT"},
{"eyJhbGci.a.b.c.d", "***", "encrypted JWT"},
{"eyJhbGci.eyJz", "eyJhbGci.eyJz", "one dot"},
{"v1.json.chat", "v1.json.chat", "two dots"},
{"1234567890123456789012345678901234567890",
    "1234567890123456789012345678901234567890", "40 bytes"},
{"12345678901234567890123456789012345678901", "***", "41 bytes"},
};

static const struct {
	const char *in, *out, *why;
} open_ones[] = {
{"", "", "empty"},
{" , ,", "", "empty items"},
{"chat", "chat", "one"},
{"a, b", "a", "the first"},
{"openai-insecure-api-key.KEY, realtime", "realtime", "behind a key"},
{"openai-insecure-api-key, KEY, v1", "openai-insecure-api-key",
    "the name of a key"},
{"sk-1, openai-insecure-api-key, KEY, v1", "openai-insecure-api-key",
    "behind another"},
{"sk-a, ek_b, eyJhbGci.eyJz.c2ln", "", "keys alone"},
{"12345678901234567890123456789012345678901, a", "a", "a long one"},
{"a b, (c), d", "d", "no tokens"},
};

static void
open_protocol(struct text *t, struct span list)
{
	text_span(t, redact_open_protocol(list));
}

/* names of fields */
static const struct {
	const char *name;
	bool secret;
} fields[] = {
	{"Authorization", true}, {"authorization", true},
	{"Proxy-Authorization", true}, {"Cookie", true},
	{"X-Api-Key", true}, {"Api-Key", true}, {"X-Auth", true},
	{"X-Access-TOKEN", true}, {"X-Client-Secret", true},
	{"X-Session-Id", true}, {"Ticket", true}, {"Set-Cookie", true},
	{"Host", false}, {"User-Agent", false}, {"Origin", false},
	{"X-Ke", false}, {"Accept-Language", false}, {"", false},
};

static void
run_fields(void)
{
	struct span name;
	size_t i;

	for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		name.p = fields[i].name;
		name.n = strlen(name.p);
		if (redact_field(name) == fields[i].secret)
			continue;
		fprintf(stderr, "FAIL redact field %s\n", fields[i].name);
		failed = 1;
	}
}

static void
run(void (*redact)(struct text *, struct span), const char *in,
    const char *out, const char *why)
{
	size_t n = strlen(in);
	/* exactly as long, so that a checker sees what is read behind it */
	char *copy = n == 0 ? NULL : malloc(n), got[200];
	struct span s;
	struct text t;

	if (n > 0 && copy == NULL)
		exit(1);
	if (n > 0)
		memcpy(copy, in, n);
	s.p = copy;
	s.n = n;
	text_init(&t, got, sizeof got);
	redact(&t, s);
	if (t.full || t.n != strlen(out) || memcmp(got, out, t.n) != 0) {
		fprintf(stderr, "FAIL redact %s: %s: %.*s\n", why, in,
		    (int)t.n, got);
		failed = 1;
	}
	free(copy);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof targets / sizeof targets[0]; i++)
		run(redact_target, targets[i].in, targets[i].out,
		    targets[i].why);
	for (i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
		run(redact_protocols, protocols[i].in, protocols[i].out,
		    protocols[i].why);
	for (i = 0; i < sizeof open_ones / sizeof open_ones[0]; i++)
		run(open_protocol, open_ones[i].in, open_ones[i].out,
		    open_ones[i].why);
	run_fields();
	return failed;
}
