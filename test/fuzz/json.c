/* JSON: what is found good can be walked. */
#include "fuzz.h"
#include "json.h"

static void
walk(struct span v)
{
	struct span rest = v, value;
	char text[256];
	size_t n;
	int64_t number;

	MUST(json_type(v) != JSON_NONE);
	if (json_string(v, text, sizeof text, &n))
		MUST(n <= sizeof text && json_is(v, (struct span){text, n}));
	if (json_type(v) == JSON_NUMBER)
		MUST(json_number(v, &number));
	if (json_type(v) == JSON_OBJECT) {
		value = json_member(v, "keys");
		if (value.n > 0)
			walk(value);
	}
	if (json_type(v) == JSON_ARRAY)
		while (json_next(&rest, &value))
			walk(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span s = {(const char *)p, n};

	if (json_check(s))
		walk(json_trim(s));
	return 0;
}
