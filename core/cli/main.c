/* SPDX-License-Identifier: MIT */
/*
 * aiodbg: the asyncio commands for a process or core file, without a debugger. On the public
 * interface of the library alone, whose table has the commands and their options.
 */
#include "aiodbg.h"
#include "cli/pages.h"
#include "cli/screen.h"
#include "cli/usage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum exit_status {
	EXIT_ANSWERED = 0,
	EXIT_NO_ANSWER = 1,
	EXIT_USAGE = 2,
	/* --fail-on. */
	EXIT_MATCHED = 5,
};

static bool find_command(const char *name, struct aiodbg_command *ret)
{
	unsigned int next = 0;
	while (usage_next(&next, ret)) {
		if (!strcmp(ret->name, name))
			return true;
	}
	return false;
}

/* ---- the command line ---- */

struct line {
	struct aiodbg_command command;
	/* A process id or the path of a core; NULL if there is none. */
	const char *target;
	const char *sysroot;
	bool has_pid, wants_help;
	/* For the library. */
	const char **words;
	int count;
};

/* Whether the value of an option is the next word: usage has "[--retries N]". */
static bool takes_value(const struct aiodbg_command *command, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = strchr(command->usage, '['); at; at = strchr(at + 1, '[')) {
		if (!strncmp(at + 1, word, len) && at[1 + len] == ' ')
			return true;
	}
	return false;
}

static bool is_pid(const char *word)
{
	return word[0] && !word[strspn(word, "0123456789")];
}

/* The value of --sysroot, or NULL if the word is another one. Moves *i to its last word. */
static const char *sysroot_of(int argc, char **argv, int *i)
{
	static const char name[] = "--sysroot";
	const char *word = argv[*i];
	if (strncmp(word, name, strlen(name)) != 0)
		return NULL;
	word += strlen(name);
	if (*word == '=')
		return word + 1;
	return !*word && *i + 1 < argc ? argv[++*i] : NULL;
}

/* line->words has room for argc words and two more. */
static void split(int argc, char **argv, struct line *line)
{
	for (int i = 2; i < argc; i++) {
		line->has_pid |= !strcmp(argv[i], "--pid") || !strncmp(argv[i], "--pid=", 6);
		line->wants_help |= !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
	}
	for (int i = 2; i < argc; i++) {
		const char *sysroot = sysroot_of(argc, argv, &i);
		if (sysroot) {
			line->sysroot = sysroot;
		} else if (argv[i][0] == '-') {
			line->words[line->count++] = argv[i];
			if (takes_value(&line->command, argv[i]) && i + 1 < argc)
				line->words[line->count++] = argv[++i];
		} else if (!line->target && !line->has_pid) {
			line->target = argv[i];
		} else {
			line->words[line->count++] = argv[i];
		}
	}
	if (line->target && is_pid(line->target)) {
		line->words[line->count++] = "--pid";
		line->words[line->count++] = line->target;
	}
}

/* ---- running ---- */

static int fail(int status, const struct aiodbg_error *err)
{
	/* What was written before is in front of it; end() looks whether it was. */
	(void)fflush(stdout);
	if (status == -AIODBG_IO)
		return EXIT_NO_ANSWER;
	fprintf(stderr, "aiodbg: %s\n", err->message);
	return status == AIODBG_USAGE	  ? EXIT_USAGE
	       : status == AIODBG_MATCHED ? EXIT_MATCHED
					  : EXIT_NO_ANSWER;
}

/* The status of the program, if all that it has written has arrived. */
static int end(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "aiodbg: cannot write: %s\n", strerror(errno));
	return EXIT_NO_ANSWER;
}

static int run(const struct line *line)
{
	struct aiodbg_error err;
	struct aiodbg_core *core = NULL;
	struct screen screen;
	screen_init(&screen, line->words[0]);
	const struct aiodbg_options options = {
		.size = sizeof(options),
		.interrupted = screen_step,
		.interrupted_ctx = &screen,
	};
	int status = 0;
	if (line->target && !is_pid(line->target))
		status = aiodbg_core_open(line->target, line->sysroot, &options, &err, &core);
	if (!status)
		status = aiodbg_command_run(core ? aiodbg_core_target(core) : NULL, line->count,
					    line->words, &screen.sink, &err);
	aiodbg_core_close(core);
	return status ? fail(status, &err) : EXIT_ANSWERED;
}

static int run_line(int argc, char **argv, struct line *line)
{
	line->words[line->count++] = argv[1];
	if (!find_command(argv[1], &line->command))
		return run(line);
	split(argc, argv, line);
	if (line->wants_help) {
		usage_show(&line->command);
		return EXIT_ANSWERED;
	}
	if (line->target || line->has_pid)
		return run(line);
	fprintf(stderr, "aiodbg: %s needs a process id or a core file: usage: ", argv[1]);
	usage_print(stderr, &line->command);
	return EXIT_USAGE;
}

static int print_about(const char *option)
{
	if (!strcmp(option, "--help") || !strcmp(option, "-h")) {
		usage_list(stdout);
	} else if (!strcmp(option, "--version")) {
		printf("aiodbg %s\n", aiodbg_version());
	} else if (!strcmp(option, "--print-man")) {
		pages_print_man();
	} else if (!strcmp(option, "--print-completion")) {
		pages_print_completion();
	} else {
		fprintf(stderr, "aiodbg: unknown option %s: a command comes first\n\n", option);
		usage_list(stderr);
		return EXIT_USAGE;
	}
	return end(EXIT_ANSWERED);
}

int main(int argc, char **argv)
{
	/* What is too large for a file that it is written to is an error, not the end. */
	signal(SIGXFSZ, SIG_IGN);
	if (argc < 2) {
		usage_list(stderr);
		return EXIT_USAGE;
	}
	if (argv[1][0] == '-')
		return print_about(argv[1]);
	struct line line = {.words = calloc((size_t)argc + 2, sizeof(*line.words))};
	if (!line.words) {
		fprintf(stderr, "aiodbg: out of memory\n");
		return EXIT_NO_ANSWER;
	}
	int status = run_line(argc, argv, &line);
	free(line.words);
	return end(status);
}
