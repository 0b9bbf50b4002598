/* Ways of speaking to an upstream: see way.h. */
#include <stdio.h>
#include <string.h>

#include "way.h"

const char *
way_name(const struct conf_route *r, const struct conf_endpoint *e,
    char name[WAY_NAME])
{
	size_t n;

	n = (size_t)snprintf(name, WAY_NAME, "%s", r->upstream_name != NULL ?
	    r->upstream_name : e->host);
	if (n > 0 && n < WAY_NAME && name[n - 1] == '.')
		name[n - 1] = '\0';
	return name;
}

static const char *
or_none(const char *s)
{
	return s != NULL ? s : "-";
}

void
way_text(const struct conf_route *r, const struct conf_endpoint *e,
    char text[WAY_TEXT])
{
	char name[WAY_NAME];

	text[0] = '\0';
	if (e->tls)
		snprintf(text, WAY_TEXT, "%s %s %s %s %s %d",
		    way_name(r, e, name),
		    or_none(r->upstream_ca), or_none(r->upstream_pin),
		    or_none(r->upstream_cert), or_none(r->upstream_key),
		    r->upstream_verify);
}
