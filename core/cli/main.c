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
#include <unistd.h>

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
	/* A word too many, or NULL. */
	const char *surplus;
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

/* A word behind the target; the usage of some commands has "[PID]" alone. */
static void add_word(struct line *line, const char *word)
{
	if (!strncmp(line->command.usage, "[PID] ", 6))
		line->surplus = word;
	line->words[line->count++] = word;
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
		} else if (!line->target && !line->has_pid && argv[i][0]) {
			line->target = argv[i];
		} else {
			add_word(line, argv[i]);
		}
	}
	if (line->target && is_pid(line->target)) {
		line->words[line->count++] = "--pid";
		line->words[line->count++] = line->target;
	}
}

/* ---- errors ---- */

/* The library tells of commands as debuggers have them: "`asyncio doctor`". */
static void print_advice(const char *message, const char *target)
{
	static const char before[] = "`asyncio ";
	for (const char *at; (at = strstr(message, before)); message = at) {
		int len = (int)(at - message);
		at += strlen(before);
		int name = (int)strcspn(at, " `");
		fprintf(stderr, "%.*s`aiodbg %.*s %s", len, message, name, at,
			target ? target : "PID");
		at += name;
	}
	fprintf(stderr, "%s", message);
}

/* "asyncio ps does not take "--x": usage: asyncio ps ...": the usage is another one here. */
static void print_misuse(const struct line *line, const char *message)
{
	static const char name[] = "asyncio ", before[] = ": usage: asyncio ";
	const char *usage = strstr(message, before);
	if (!strncmp(message, name, strlen(name)))
		message += strlen(name);
	fprintf(stderr, "aiodbg: ");
	if (!usage) {
		fprintf(stderr, "%s\n", message);
		return;
	}
	fprintf(stderr, "%.*s: usage: ", (int)(usage - message), message);
	usage_print(stderr, &line->command);
}

static int fail(int status, const struct line *line, const struct aiodbg_error *err)
{
	/* What was written before is in front of it; end() looks whether it was. */
	(void)fflush(stdout);
	if (status == -AIODBG_IO)
		return EXIT_NO_ANSWER;
	if (status == AIODBG_USAGE) {
		print_misuse(line, err->message);
		return EXIT_USAGE;
	}
	fprintf(stderr, "aiodbg: ");
	print_advice(err->message, line->target);
	fprintf(stderr, "\n");
	return status == AIODBG_MATCHED ? EXIT_MATCHED : EXIT_NO_ANSWER;
}

static int misused(const struct line *line, const char *what, const char *word)
{
	fprintf(stderr, "aiodbg: %s %s", line->command.name, what);
	if (word)
		fprintf(stderr, " \"%.200s\"", word);
	fprintf(stderr, ": usage: ");
	usage_print(stderr, &line->command);
	return EXIT_USAGE;
}

/* There is no such command: what its user may have meant. */
static int no_command(const char *word)
{
	struct aiodbg_command command;
	bool is_setting = false;
	for (unsigned int i = 0; !aiodbg_command_describe(i, &command); i++)
		is_setting |= !strcmp(command.name, word);
	if (is_setting) {
		fprintf(stderr, "aiodbg: settings are for debuggers: give options instead\n");
	} else if (is_pid(word) || !access(word, F_OK)) {
		fprintf(stderr, "aiodbg: a command comes first: aiodbg why %.200s\n", word);
	} else {
		fprintf(stderr, "aiodbg: no command \"%.40s\": try", word);
		for (unsigned int i = 0; usage_next(&i, &command);)
			fprintf(stderr, " %s,", command.name);
		fprintf(stderr, " or --help\n");
	}
	return EXIT_USAGE;
}

/* ---- running ---- */

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
	return status ? fail(status, line, &err) : EXIT_ANSWERED;
}

static int run_line(int argc, char **argv, struct line *line)
{
	line->words[line->count++] = argv[1];
	if (!find_command(argv[1], &line->command))
		return no_command(argv[1]);
	split(argc, argv, line);
	if (line->wants_help) {
		usage_show(&line->command);
		return EXIT_ANSWERED;
	}
	if (!line->target && !line->has_pid)
		return misused(line, "needs a process id or a core file", NULL);
	return line->surplus
		       ? misused(line, "takes one process or core: too many is", line->surplus)
		       : run(line);
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

/* `aiodbg help`, of one command or all. */
static int help(const char *name)
{
	struct aiodbg_command command;
	if (!name)
		usage_list(stdout);
	else if (find_command(name, &command))
		usage_show(&command);
	else
		return no_command(name);
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
	if (!strcmp(argv[1], "help"))
		return help(argc > 2 ? argv[2] : NULL);
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
