/* Files that are read whole: see slurp.h. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slurp.h"
#include "tlssign.h"

/* reads to the end or to max + 1 bytes: how many, or -1 */
static ssize_t
read_all(int fd, char *p, size_t max)
{
	size_t have = 0;
	ssize_t n = 1;

	while (have <= max && (n = read(fd, p + have, max + 1 - have)) > 0)
		have += (size_t)n;
	return n < 0 ? -1 : (ssize_t)have;
}

static char *
read_file(int fd, size_t max, size_t *n, const char **wrong)
{
	struct stat st;
	size_t size;
	ssize_t got;
	char *p;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		*wrong = "is no regular file";
		return NULL;
	}
	size = st.st_size < (off_t)max ? (size_t)st.st_size : max;
	p = malloc(size + 2);
	if (p == NULL) {
		*wrong = strerror(ENOMEM);
		return NULL;
	}
	got = read_all(fd, p, size);
	*wrong = got < 0 ? strerror(errno) : "is too large";
	if (got >= 0 && (size_t)got <= size) {
		p[got] = '\0';
		*n = (size_t)got;
		return p;
	}
	slurp_free(p, size + 1);
	return NULL;
}

char *
slurp(const char *path, size_t max, size_t *n, const char **wrong)
{
	char *p;
	int fd;

	*n = 0;
	/* a reload that waits for somebody to write to a pipe holds up all */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		*wrong = strerror(errno);
		return NULL;
	}
	p = read_file(fd, max, n, wrong);
	close(fd);
	return p;
}

void
slurp_free(char *p, size_t n)
{
	if (p != NULL)
		sign_wipe(p, n);
	free(p);
}

char *
slurp_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');

	if (*line == '\0')
		return NULL;
	*rest = end != NULL ? end + 1 : line + strlen(line);
	if (end == NULL)
		end = *rest;
	if (end > line && end[-1] == '\r')
		end--;
	*end = '\0';
	return line;
}
