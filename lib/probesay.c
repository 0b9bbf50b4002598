/* Lines of a probe, or its JSON: see probesay.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probesay.h"

#define TEXT_MAX 4096
#define SECRETS_MAX 64
/* shorter ones would take away half of the text */
#define SECRET_MIN 4
#define WIDTH 79
#define INDENT 9

static struct {
	bool json, colour, live, shown; /* shown: a progress is to be wiped */
	bool probes, steps; /* JSON: there was one before */
	struct span secrets[SECRETS_MAX];
	size_t n_secrets;
	/* the step at hand */
	const char *step;
	enum say_mark mark;
	int64_t us;
} out;

/* ---- bytes to text ---- */

/* the length of the secret that stands at s, the longest one; 0: none */
static size_t
secret_at(const char *s)
{
	size_t i, n, most = 0;

	for (i = 0; i < out.n_secrets; i++) {
		n = out.secrets[i].n;
		if (n > most && strncmp(s, out.secrets[i].p, n) == 0)
			most = n;
	}
	return most;
}

/* s without secrets, and nothing in it that moves a terminal's cursor */
static const char *
clean(const char *s, char *text, size_t size)
{
	struct text t;
	char hex[8];
	size_t n;

	text_init(&t, text, size - 1);
	for (; *s != '\0' && !t.full; s++) {
		n = secret_at(s);
		if (n > 0) {
			text_str(&t, "***");
			s += n - 1;
		} else if (*s >= ' ' && *s < 0x7f) {
			text_mem(&t, s, 1);
		} else {
			snprintf(hex, sizeof hex, "\\x%02x",
			    (unsigned)(unsigned char)*s);
			text_str(&t, hex);
		}
	}
	text[t.n] = '\0';
	return text;
}

static void
put_quoted(const char *s)
{
	char text[TEXT_MAX];

	putchar('"');
	for (s = clean(s, text, sizeof text); *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

/* ---- start ---- */

void
say_init(bool json, const char *url)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	out.json = json;
	out.live = !json && isatty(STDOUT_FILENO);
	out.colour = out.live && (no == NULL || *no == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
	if (json) {
		printf("{\"url\":");
		put_quoted(url);
		printf(",\"probes\":[");
	}
	fflush(stdout);
}

void
say_secret(struct span s)
{
	if (s.n >= SECRET_MIN && out.n_secrets < SECRETS_MAX)
		out.secrets[out.n_secrets++] = s;
}

/* ---- steps ---- */

static void
wipe_progress(void)
{
	if (out.shown)
		printf("\r\033[K");
	out.shown = false;
}

void
say_probe(const char *to, const char *title)
{
	char text[TEXT_MAX];

	if (out.json) {
		printf("%s{\"to\":", out.probes ? "," : "");
		put_quoted(to);
		printf(",\"steps\":[");
	} else {
		wipe_progress();
		printf("%s%s\n", out.probes ? "\n" : "",
		    clean(title, text, sizeof text));
	}
	fflush(stdout);
	out.probes = true;
	out.steps = false;
}

void
say_probe_end(const struct probe_verdict *v)
{
	if (out.json)
		printf("],\"class\":\"%s\",\"status\":%d}",
		    probe_word(v->class), (int)v->class);
}

void
say_begin(const char *step, enum say_mark mark, int64_t us)
{
	static const char *const marks[] = {"ok", "note", "fail"};

	out.step = step;
	out.mark = mark;
	out.us = us;
	if (!out.json)
		return;
	printf("%s{\"step\":\"%s\",\"mark\":\"%s\"", out.steps ? "," : "",
	    step, marks[mark]);
	out.steps = true;
	if (us >= 0)
		say_ms("ms", us);
}

void
say_str(const char *key, const char *value)
{
	if (!out.json)
		return;
	printf(",\"%s\":", key);
	put_quoted(value);
}

void
say_int(const char *key, int64_t value)
{
	if (out.json)
		printf(",\"%s\":%lld", key, (long long)value);
}

void
say_ms(const char *key, int64_t us)
{
	if (out.json)
		printf(",\"%s\":%lld.%03d", key, (long long)(us / 1000),
		    (int)(us % 1000));
}

static void
colour(const char *code)
{
	if (out.colour)
		printf("\033[%sm", code);
}

/* "0.12 ms", "12.3 ms", "61.0 s", or blanks */
static void
put_time(int64_t us)
{
	if (us < 0)
		printf("%11s", "");
	else if (us < 10000)
		printf("%8.2f ms", (double)us / 1000);
	else if (us < 10000000)
		printf("%8.1f ms", (double)us / 1000);
	else
		printf("%9.1f s", (double)us / 1000000);
}

void
say_end(const char *fmt, ...)
{
	static const char *const marks[] = {"ok  ", "--  ", "FAIL"};
	static const char *const colours[] = {"32", "33", "31"};
	char text[TEXT_MAX], printable[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (out.json) {
		say_str("text", text);
		putchar('}');
	} else {
		wipe_progress();
		colour(colours[out.mark]);
		printf("%s", marks[out.mark]);
		colour("0");
		printf(" %-9s", out.step);
		put_time(out.us);
		printf("  %s\n", clean(text, printable, sizeof printable));
	}
	fflush(stdout);
}

bool
say_live(void)
{
	return out.live;
}

void
say_progress(const char *fmt, ...)
{
	va_list ap;

	if (!out.live)
		return;
	wipe_progress();
	out.shown = true;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fflush(stdout);
}

void
say_wait(const char *step)
{
	say_progress("     %s ...", step);
}

/* ---- the verdict ---- */

/* words in lines of WIDTH, the later ones indented */
static void
put_words(const char *s)
{
	size_t at = INDENT, n;

	while (*s != '\0') {
		n = strcspn(s, " ");
		if (at > INDENT && at + 1 + n > WIDTH) {
			printf("\n%*s", INDENT, "");
			at = INDENT;
		} else if (at > INDENT) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)n, s);
		at += n;
		s += n;
		s += strspn(s, " ");
	}
	putchar('\n');
}

static void
say_verdict_text(const struct probe_verdict *v)
{
	char text[TEXT_MAX];

	wipe_progress();
	printf("\n");
	colour(v->class == PROBE_FINE ? "1;32" : "1;31");
	printf("verdict: ");
	colour("0");
	put_words(clean(v->text, text, sizeof text));
	if (*v->advice == '\0')
		return;
	colour("1");
	printf("advice:  ");
	colour("0");
	put_words(clean(v->advice, text, sizeof text));
}

void
say_verdict(const struct probe_verdict *v)
{
	if (!out.json) {
		say_verdict_text(v);
	} else {
		printf("],\"verdict\":{\"class\":\"%s\",\"status\":%d",
		    probe_word(v->class), (int)v->class);
		say_str("text", v->text);
		say_str("advice", v->advice);
		printf("}}\n");
	}
	fflush(stdout);
}
