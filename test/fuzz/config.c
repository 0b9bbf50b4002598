/* weir.conf: what loads prints as a file that loads and prints the same. */
#include "fuzz.h"
#include "config.h"
#include "confprint.h"

static struct conf *
load(const void *p, size_t n, char *err, size_t size)
{
	struct conf_source s = {CONF_FILE, file_of(p, n)};

	return conf_load(&s, 1, err, size);
}

static char *
printed(const struct conf *c, size_t *n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	MUST(f != NULL);
	conf_print(c, f);
	fclose(f);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct conf *c, *d;
	char err[512] = "", *one, *two;
	size_t n1, n2;

	/* files that never end, or that somebody has to write first */
	if (memmem(p, n, "/dev", 4) != NULL || memmem(p, n, "/proc", 5) != NULL)
		return 0;
	c = load(p, n, err, sizeof err);
	MUST(c != NULL || err[0] != '\0');
	if (c == NULL)
		return 0;
	one = printed(c, &n1);
	d = load(one, n1, err, sizeof err);
	MUST(d != NULL);
	two = printed(d, &n2);
	MUST(n1 == n2 && memcmp(one, two, n1) == 0);
	conf_free(c), conf_free(d);
	free(one), free(two);
	return 0;
}
