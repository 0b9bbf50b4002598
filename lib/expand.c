/*
 * Values with variables in them. Messages show the names alone and never what
 * they stand for, which may be a secret.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"

static const char not_set[] = "is not set";

/* appends a file's content; returns NULL, or what is wrong */
static const char *
put_file(struct text *t, const char *path)
{
	char content[EXPAND_FILE + 1], *p = content;
	FILE *f = fopen(path, "r");
	size_t n;
	int error;

	if (f == NULL)
		return strerror(errno);
	n = fread(content, 1, sizeof content, f);
	error = ferror(f) ? errno : 0;
	fclose(f);
	if (error != 0)
		return strerror(error);
	if (n > EXPAND_FILE)
		return "longer than 65536 bytes";
	while (n > 0 && memchr(" \t\r\n", p[n - 1], 4) != NULL)
		n--;
	for (; n > 0 && memchr(" \t\r\n", *p, 4) != NULL; n--)
		p++;
	text_mem(t, p, n);
	return NULL;
}

/* appends what ${name} stands for; returns NULL, or what is wrong */
static const char *
put(struct text *t, const char *name)
{
	const char *value;

	if (strncmp(name, "file:", 5) == 0)
		return put_file(t, name + 5);
	if (*name == '\0' || (*name >= '0' && *name <= '9') ||
	    name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
		return "not the name of a variable";
	value = getenv(name);
	if (value == NULL)
		return not_set;
	text_str(t, value);
	return NULL;
}

int
expand_value(struct text *t, char *value, char *err, size_t err_size)
{
	char *p = value, *dollar, *end;
	const char *wrong;

	for (; (dollar = strstr(p, "${")) != NULL; p = end + 1) {
		end = dollar + 1;
		text_mem(t, p, (size_t)(dollar - p));
		if (dollar > p && dollar[-1] == '$') {
			text_mem(t, "{", 1);
			continue;
		}
		end = strchr(end, '}');
		if (end == NULL) {
			/* what stands around it may be a secret */
			snprintf(err, err_size, "${ without }, or $${ for ${");
			return -1;
		}
		*end = '\0';
		wrong = put(t, dollar + 2);
		if (wrong != NULL) {
			snprintf(err, err_size, "%s}%s %s", dollar,
			    wrong != not_set ? ":" : "", wrong);
			return -1;
		}
		*end = '}';
	}
	text_str(t, p);
	return 0;
}
