/* The words that may follow an address: see params.h. */
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

/* where one of an address's own words stands, which may be at the end; a unix
 * socket's path may hold blanks */
static char *
words_of(char *s, bool is_own(const char *))
{
	bool path = strstr(s, "unix:") != NULL;

	for (s += strcspn(s, BLANKS); *s != '\0'; s += strcspn(s, BLANKS)) {
		if (!path || is_own(s + strspn(s, BLANKS)))
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

static bool
is_listen_word(const char *s)
{
	return begins(s, "allow=") || begins(s, "deny=") || begins(s, "proxy");
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

static bool
is_upstream_word(const char *s)
{
	return begins(s, "proxy");
}

static const char *
upstream_word(struct arena **a, const char *word, struct conf_endpoint *e,
    const char **shown)
{
	(void)a;
	if (strcmp(word, "proxy") == 0)
		word = "proxy=2";
	if (strcmp(word, "proxy=1") != 0 && strcmp(word, "proxy=2") != 0)
		return "only proxy, proxy=1 or proxy=2 may follow the address";
	if (e->proxy != 0)
		return "a word behind the address stands twice";
	e->proxy = (uint8_t)(word[strlen("proxy=")] - '0');
	*shown = e->proxy == 1 ? "proxy=1" : "proxy=2";
	return NULL;
}

typedef const char *word_fn(struct arena **a, const char *word,
    struct conf_endpoint *e, const char **shown);

static const char *
parse(struct arena **a, const char *text, bool listener,
    struct conf_endpoint *e, const char **shown)
{
	word_fn *take = listener ? listen_word : upstream_word;
	char *s = arena_printf(a, "%s", text), *words, *word;
	const char *wrong, *more;

	if (s == NULL)
		return no_memory;
	words = words_of(s, listener ? is_listen_word : is_upstream_word);
	if (*words != '\0')
		*words++ = '\0';
	wrong = endpoint_parse(a, s, listener, e);
	*shown = e->text;
	while (wrong == NULL && (word = next_word(&words)) != NULL) {
		wrong = take(a, word, e, &more);
		if (wrong != NULL)
			break;
		*shown = arena_printf(a, "%s %s", *shown, more);
		if (*shown == NULL)
			return no_memory;
	}
	return wrong;
}

const char *
params_listen(struct arena **a, const char *text, struct conf_endpoint *e,
    const char **shown)
{
	return parse(a, text, true, e, shown);
}

const char *
params_upstream(struct arena **a, const char *text, struct conf_endpoint *e,
    const char **shown)
{
	return parse(a, text, false, e, shown);
}
