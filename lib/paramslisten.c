/* What follows a listener's address: see params.h. */
#include <string.h>

#include "params.h"
#include "cidr.h"

#define BLANKS " \t"

static const char no_memory[] = "out of memory";

/* takes the next word off *s, which is changed; NULL: there is none */
static char *
next_word(char **s)
{
	char *word = *s + strspn(*s, BLANKS), *end = word + strcspn(word, BLANKS);

	*s = end + (*end != '\0');
	*end = '\0';
	return *word != '\0' ? word : NULL;
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool
is_listen_word(const char *s)
{
	return begins(s, "allow=") || begins(s, "deny=") || begins(s, "proxy");
}

/* where the words begin, which may be at the end; a unix socket's path may
 * hold blanks */
static char *
words_of(char *s)
{
	bool path = strstr(s, "unix:") != NULL;

	for (s += strcspn(s, BLANKS); *s != '\0'; s += strcspn(s, BLANKS)) {
		if (!path || is_listen_word(s + strspn(s, BLANKS)))
			break;
		s += strspn(s, BLANKS);
	}
	return s;
}

/* "allow=" or "deny=" and networks, without blanks: they would end the word */
static const char *
take_nets(struct arena **a, const char *word, struct conf_endpoint *e,
    const char **shown)
{
	const char *nets = strchr(word, '=') + 1, *wrong, *list;
	char *s, *to;

	wrong = cidr_add(a, nets, *word == 'a', &e->access, &list);
	if (wrong != NULL)
		return wrong;
	s = arena_printf(a, "%.*s%s", (int)(nets - word), word, list);
	if (s == NULL)
		return no_memory;
	for (*shown = to = s; *s != '\0'; s++)
		if (*s != ' ')
			*to++ = *s;
	*to = '\0';
	return NULL;
}

static const char *
listen_word(struct arena **a, const char *word, struct conf_endpoint *e,
    const char **shown)
{
	if (begins(word, "allow=") || begins(word, "deny="))
		return take_nets(a, word, e, shown);
	if (strcmp(word, "proxy") != 0)
		return "only proxy, allow=NETWORKS and deny=NETWORKS may "
		    "follow the address";
	if (e->proxy != 0)
		return "a word behind the address stands twice";
	e->proxy = 2;
	*shown = "proxy";
	return NULL;
}

const char *
params_listen(struct arena **a, const char *text, struct conf_endpoint *e,
    const char **shown)
{
	char *s = arena_printf(a, "%s", text), *words, *word;
	const char *wrong, *more;

	if (s == NULL)
		return no_memory;
	words = words_of(s);
	if (*words != '\0')
		*words++ = '\0';
	wrong = endpoint_parse(a, s, true, e);
	*shown = e->text;
	while (wrong == NULL && (word = next_word(&words)) != NULL) {
		wrong = listen_word(a, word, e, &more);
		if (wrong != NULL)
			break;
		*shown = arena_printf(a, "%s %s", *shown, more);
		if (*shown == NULL)
			return no_memory;
	}
	return wrong;
}
