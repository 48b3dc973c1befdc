/* SPDX-License-Identifier: MIT */
/* Terminals. See cli/screen.h. */
#include "cli/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Seconds. */
#define PROGRESS_INTERVAL 2.0

/* ---- what it can show ---- */

/* As the user's locale says, which need not be installed where this runs. */
static bool has_unicode(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *value = NULL;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		value = getenv(variables[i]);
		if (value && value[0])
			break;
	}
	const char *charset = value ? strchr(value, '.') : NULL;
	return charset && (!strncasecmp(charset, ".utf-8", 6) || !strncasecmp(charset, ".utf8", 5));
}

/* Of stdout, which is a terminal. https://no-color.org */
static bool has_colors(void)
{
	const char *refused = getenv("NO_COLOR"), *term = getenv("TERM");
	return !(refused && refused[0]) && term && term[0] && strcmp(term, "dumb") != 0;
}

/* Columns of stdout; 0 if it has none. */
static uint32_t width(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/* ---- styles ---- */

/* As the front-end for LLDB has them. */
static const char *const styles[] = {
	[AIODBG_ROLE_TASK] = "\033[36m",     [AIODBG_ROLE_ID] = "\033[34m",
	[AIODBG_ROLE_FUNCTION] = "\033[33m", [AIODBG_ROLE_FILE] = "\033[32m",
	[AIODBG_ROLE_LINE] = "\033[32m",     [AIODBG_ROLE_HEADING] = "\033[1m",
	[AIODBG_ROLE_LIBRARY] = "\033[2m",   [AIODBG_ROLE_VERDICT] = "\033[31m",
};

static bool put(const char *text, size_t len)
{
	return fwrite(text, 1, len, stdout) == len;
}

/* What a mark stands for: the byte behind AIODBG_STYLE_BEGIN, or AIODBG_STYLE_END. */
static bool put_mark(char mark)
{
	static const char end[] = "\033[0m";
	size_t role = (size_t)(unsigned char)mark - 'A';
	const char *style = mark == AIODBG_STYLE_END			? end
			    : role < sizeof(styles) / sizeof(styles[0]) ? styles[role]
									: "";
	return put(style, strlen(style));
}

/* Pieces may end anywhere, within a mark too. */
static bool put_styled(struct screen *screen, const char *text, size_t len)
{
	while (len) {
		size_t plain = 0;
		if (screen->in_mark) {
			screen->in_mark = false;
			if (!put_mark(*text))
				return false;
			plain = 1;
		} else if (*text == AIODBG_STYLE_BEGIN || *text == AIODBG_STYLE_END) {
			screen->in_mark = *text == AIODBG_STYLE_BEGIN;
			if (!screen->in_mark && !put_mark(*text))
				return false;
			plain = 1;
		} else {
			while (plain < len && text[plain] != AIODBG_STYLE_BEGIN &&
			       text[plain] != AIODBG_STYLE_END)
				plain++;
			if (!put(text, plain))
				return false;
		}
		text += plain;
		len -= plain;
	}
	return true;
}

static int write_text(void *ctx, const char *text, size_t len)
{
	struct screen *screen = ctx;
	screen->is_quiet = true;
	bool done = screen->sink.styled ? put_styled(screen, text, len) : put(text, len);
	return done ? 0 : -AIODBG_IO;
}

static void warn(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "aiodbg: warning: %s\n", line);
}

/* ---- progress ---- */

static double seconds_since(const struct timespec *begun)
{
	struct timespec now = *begun;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun->tv_sec) + 1e-9 * (double)(now.tv_nsec - begun->tv_nsec);
}

int screen_step(void *ctx)
{
	struct screen *screen = ctx;
	if (screen->is_quiet)
		return 0;
	double seconds = seconds_since(&screen->begun);
	if (seconds < screen->due)
		return 0;
	screen->due = seconds + PROGRESS_INTERVAL;
	fprintf(stderr, "aiodbg %s: reading for %.0f s; Ctrl-C ends it\n", screen->title, seconds);
	return 0;
}

void screen_init(struct screen *screen, const char *title)
{
	bool is_terminal = isatty(STDOUT_FILENO);
	*screen = (struct screen){
		.sink =
			{
				.size = sizeof(screen->sink),
				.ctx = screen,
				.write = write_text,
				.warn = warn,
				.unicode = has_unicode(),
				.interrupted = screen_step,
				.styled = is_terminal && has_colors(),
				.width = is_terminal ? width() : 0,
			},
		.title = title,
		.is_quiet = !isatty(STDERR_FILENO),
		.due = PROGRESS_INTERVAL,
	};
	clock_gettime(CLOCK_MONOTONIC, &screen->begun);
}
