/*
 * Keys are kept and looked for by the tag (tlssign.h) of their SHA-256. Where
 * a tag stands among the others nobody outside can tell, and so the time of a
 * search tells nothing of a key that is nearly right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "apikey.h"
#include "slurp.h"
#include "tlssign.h"

#define FILE_MAX 4194304
#define BLANKS " \t"

static void
tag_hash(const unsigned char hash[SIGN_HASH], unsigned char tag[SIGN_HASH])
{
	sign_tag(hash, SIGN_HASH, tag);
}

/* the hash that a line gives, or that of the secret that it gives */
static const char *
read_key(struct apikeys *k, struct apikey *a, const char *text)
{
	static const char prefix[] = "sha256:";
	unsigned char hash[SIGN_HASH];
	size_t i, n = strlen(text);
	int high, low;

	if (strncasecmp(text, prefix, sizeof prefix - 1) != 0) {
		if (n < APIKEY_GOOD && k->weak == 0)
			k->weak = a->line;
		sign_sha256(text, n, hash);
		tag_hash(hash, a->tag);
		return NULL;
	}
	text += sizeof prefix - 1;
	if (n != sizeof prefix - 1 + 2 * SIGN_HASH)
		return "not sha256: and 64 hex digits";
	for (i = 0; i < SIGN_HASH; i++) {
		high = hex_digit(text[2 * i]);
		low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return "not sha256: and 64 hex digits";
		hash[i] = (unsigned char)(high * 16 + low);
	}
	tag_hash(hash, a->tag);
	return NULL;
}

/* a number of 1 to a million, and what is behind it */
static bool
read_number(const char *text, unsigned *v, char **end)
{
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoul(text, end, 10);
	*v = (unsigned)n;
	return n >= 1 && n <= 1000000;
}

static const char *
read_limit(struct keyuse_limits *l, const char *text)
{
	static const char tunnels[] = "max_tunnels=", requests[] = "requests=";
	char *end;

	if (strncmp(text, tunnels, sizeof tunnels - 1) == 0) {
		if (l->max_tunnels != 0)
			return "max_tunnels is given twice";
		return read_number(text + sizeof tunnels - 1, &l->max_tunnels,
		    &end) && *end == '\0' ? NULL :
		    "max_tunnels is not a number of 1 to 1000000";
	}
	if (strncmp(text, requests, sizeof requests - 1) != 0)
		return "behind the key only max_tunnels=N and requests=N/s, /m "
		    "or /h may stand";
	if (l->requests != 0)
		return "requests is given twice";
	if (!read_number(text + sizeof requests - 1, &l->requests, &end) ||
	    end[0] != '/' || strchr("smh", end[1]) == NULL ||
	    end[1] == '\0' || end[2] != '\0')
		return "requests is not N/s, N/m or N/h with N of 1 to 1000000";
	l->period_ms = end[1] == 's' ? 1000 : end[1] == 'm' ? 60000 : 3600000;
	return NULL;
}

bool
apikey_name_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= KEYUSE_NAME && strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._-@") == n;
}

/* takes the next word of a line; NULL: there is none */
static char *
word(char **line)
{
	char *w = *line + strspn(*line, BLANKS);
	size_t n = strcspn(w, BLANKS);

	if (n == 0)
		return NULL;
	*line = w + n + (w[n] != '\0');
	w[n] = '\0';
	return w;
}

/* "NAME = KEY ..." */
static const char *
read_line(struct apikeys *k, struct apikey *a, char *line)
{
	char *eq = strchr(line, '='), *name, *text;
	const char *wrong;

	if (eq == NULL)
		return "not \"name = key\"";
	*eq++ = '\0';
	name = word(&line);
	if (name == NULL || word(&line) != NULL || !apikey_name_valid(name))
		return "the name is not 1 to 64 letters, digits, . _ - or @";
	text = word(&eq);
	if (text == NULL)
		return "there is no key behind the =";
	for (line = text; *line != '\0'; line++)
		if (*line < '!' || *line > '~')
			return "the key holds what is not printable ASCII";
	wrong = read_key(k, a, text);
	while (wrong == NULL && (text = word(&eq)) != NULL)
		wrong = read_limit(&a->limits, text);
	if (wrong != NULL)
		return wrong;
	a->use = keyuse_get(KEYUSE_KEY, (struct span){name, strlen(name)});
	return a->use != NULL ? NULL : "out of memory";
}

static int
compare(const void *a, const void *b)
{
	return memcmp(((const struct apikey *)a)->tag,
	    ((const struct apikey *)b)->tag, SIGN_HASH);
}

/* sorts them; the line of a key that was there before, or 0 */
static unsigned
sort(struct apikeys *k, unsigned *first)
{
	const struct apikey *a;

	if (k->n > 1)
		qsort(k->at, k->n, sizeof *k->at, compare);
	for (a = k->at; k->n > 1 && a + 1 < k->at + k->n; a++)
		if (compare(a, a + 1) == 0) {
			*first = a[a->line > a[1].line].line;
			return a[a->line < a[1].line].line;
		}
	return 0;
}

static struct apikey *
new_entry(struct apikeys *k, unsigned line)
{
	struct apikey *more;

	/* doubled at each power of two */
	if ((k->n & (k->n - 1)) == 0) {
		more = realloc(k->at, (k->n == 0 ? 1 : 2 * k->n) *
		    sizeof *more);
		if (more == NULL)
			return NULL;
		k->at = more;
	}
	memset(&k->at[k->n], 0, sizeof *k->at);
	k->at[k->n].line = line;
	return &k->at[k->n++];
}

/* all lines: NULL, or what is wrong with *line */
static const char *
read_lines(struct apikeys *k, char *text, unsigned *line)
{
	const char *wrong = NULL;
	struct apikey *a;
	char *p;

	for (*line = 1; (p = slurp_line(&text)) != NULL; (*line)++) {
		p += strspn(p, BLANKS);
		if (*p == '\0' || *p == '#')
			continue;
		a = new_entry(k, *line);
		wrong = a != NULL ? read_line(k, a, p) : "out of memory";
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static int
read_file(struct apikeys *k, const char *file, char *err, size_t size)
{
	unsigned line = 0, first;
	const char *wrong;
	char *text;
	size_t n;

	text = slurp(file, FILE_MAX, &n, &wrong);
	if (text == NULL) {
		snprintf(err, size, "%s: %s", file, wrong);
		return -1;
	}
	wrong = strlen(text) < n ? "holds a NUL" :
	    read_lines(k, text, &line);
	slurp_free(text, n);
	if (wrong != NULL) {
		snprintf(err, size, "%s:%u: %s", file, line, wrong);
		return -1;
	}
	line = sort(k, &first);
	if (line == 0)
		return 0;
	snprintf(err, size, "%s:%u: the same key as in line %u", file, line,
	    first);
	return -1;
}

struct apikeys *
apikeys_load(const char *file, char *err, size_t size)
{
	struct apikeys *k = calloc(1, sizeof *k);

	if (k == NULL) {
		snprintf(err, size, "out of memory");
		return NULL;
	}
	k->refs = 1;
	if (read_file(k, file, err, size) == 0)
		return k;
	apikeys_drop(k);
	return NULL;
}

void
apikeys_drop(struct apikeys *k)
{
	size_t i;

	if (k == NULL || --k->refs > 0)
		return;
	for (i = 0; i < k->n; i++)
		keyuse_drop(k->at[i].use);
	free(k->at);
	free(k);
}

const struct apikey *
apikeys_find(const struct apikeys *k, struct span key)
{
	unsigned char hash[SIGN_HASH];
	struct apikey wanted;

	memset(&wanted, 0, sizeof wanted);
	sign_sha256(key.p, key.n, hash);
	tag_hash(hash, wanted.tag);
	return k->n == 0 ? NULL :
	    bsearch(&wanted, k->at, k->n, sizeof *k->at, compare);
}

bool
apikeys_has(const struct apikeys *k, const struct keyuse *use)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (k->at[i].use == use)
			return true;
	return false;
}
