/* Heads and contents of responses: see answer.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"

#define HEAD_ROOM 4096

const char *
answer_head(struct answer *a, const char *p, size_t n, size_t *used)
{
	size_t had = a->head_n;
	char *end;

	*used = 0;
	if (a->head == NULL)
		a->head = malloc(HEAD_ROOM);
	if (a->head == NULL)
		return NULL;
	if (n > HEAD_ROOM - 1 - had)
		n = HEAD_ROOM - 1 - had;
	memcpy(a->head + had, p, n);
	a->head_n += n;
	a->head[a->head_n] = '\0';
	*used = n;
	end = strstr(a->head, "\r\n\r\n");
	if (end == NULL)
		return NULL;
	end[4] = '\0';
	*used = (size_t)(end + 4 - a->head) - had;
	a->head_n = 0;
	return a->head;
}

const char *
answer_field(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p != NULL;
	    p = strstr(p, "\r\n")) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " ");
	}
	return NULL;
}

/* what origin.c answers with, over and over */
bool
answer_content(struct answer *a, const char *p, size_t n)
{
	enum { PERIOD = 251, BLOCK = 64 * PERIOD };
	static unsigned char want[BLOCK + PERIOD];

	if (want[1] == 0)
		for (size_t i = 0; i < sizeof want; i++)
			want[i] = (unsigned char)(i * 7 % PERIOD);
	for (size_t i = 0; i < n; i += BLOCK)
		if (memcmp(p + i, want + (a->at + i) % PERIOD,
		    n - i < BLOCK ? n - i : BLOCK) != 0)
			return false;
	a->at += n;
	a->left -= n;
	return true;
}

void
answer_free(struct answer *a)
{
	free(a->head);
	memset(a, 0, sizeof *a);
}
