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

/* a word behind a listener's address; shown is its canonical form */
static const char *
listen_word(struct arena **a, const char *word, struct conf_endpoint *e,
    const char **shown)
{
	bool allow = begins(word, "allow=");
	const char *wrong, *nets;

	if (!allow && !begins(word, "deny="))
		return "only allow=NETWORKS and deny=NETWORKS may follow the "
		    "address";
	wrong = cidr_add(a, strchr(word, '=') + 1, allow, &e->access, &nets);
	if (wrong != NULL)
		return wrong;
	/* a blank would end the word */
	*shown = arena_printf(a, "%s", allow ? "allow=" : "deny=");
	for (; *shown != NULL && *nets != '\0'; nets += strspn(nets, ", ")) {
		size_t n = strcspn(nets, ",");

		*shown = arena_printf(a, "%s%.*s%s", *shown, (int)n, nets,
		    nets[n] != '\0' ? "," : "");
		nets += n;
	}
	return *shown != NULL ? NULL : no_memory;
}

static bool
is_listen_word(const char *s)
{
	return begins(s, "allow=") || begins(s, "deny=");
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
