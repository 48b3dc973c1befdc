/* SPDX-License-Identifier: MIT */
/*
 * Commands: each is a file with one struct command, and a line of the table COMMANDS.
 * Usage, help, completion and parsing all come from these structs.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "aiodbg.h"
#include "render/render.h"

/* PID_MAX_LIMIT of Linux: include/linux/threads.h. */
#define PID_MAX (1 << 22)

struct command;
struct option;

/* What one command line asks for. Strings are those of the caller. */
struct arguments {
	bool help;
	/* One of the command's. */
	const char *format;
	/* NULL: the sink. */
	const char *output;
	/* NULL if there is none. */
	const char *operand;
	/* The operand, if it is a thread: the kernel's id. */
	uint64_t tid;
	/* If it is a loop: its address. */
	uint64_t loop;
	/* The operand, if it is a task: an id or a name. */
	const char *task;
	/* What follows the name of a setting, or NULL. */
	const char *value;
	/* 0: the target. */
	uint32_t pid;
	/* -1: the default. */
	int64_t retries;
	/* Milliseconds between two looks; -1: the default. */
	int64_t after;
	int64_t depth, limit;
	bool has_limit;
	/* Besides what the command wants: bits of enum aiodbg_want. */
	uint32_t wants;
	/* Verdicts that are only possible are shown as well. */
	bool all;
	/* Lines of a section; 0: all of them; negative: the default. */
	int64_t top;
	/* What makes the command fail, as it was given, or NULL. */
	const char *fail_on;
	/* Which tasks are shown, and how. */
	struct view_query query;
	/* Something of that was asked for; and --frames was given. */
	bool has_query, has_frames;
	/* As in struct aiodbg_request. */
	uint32_t value_length;
	char context[4 * VIEW_VARIABLE_MAX];
};

/* ---- options: options.c ---- */

/* Takes the value of an option, NULL if it has none. */
typedef int parse_option_fn(const struct option *option, const struct command *command,
			    const char *value, struct arguments *ret, struct aiodbg_error *err);

struct option {
	/* "--retries" */
	const char *name;
	/* "N"; NULL if it takes no value. */
	const char *argument;
	/* The value may be left out; then it comes after "=" only. */
	bool is_optional;
	/* Sentences; lines of up to 74 characters. "%s" stands for the choices. */
	const char *help;
	/* The values that it takes, ended by NULL; NULL if there are too many to list.
	 * --format has those of the command. */
	const char *const *choices;
	/* enum aiodbg_word_kind of its value, for completion. */
	int word;
	parse_option_fn *parse;
	/* Which keys it takes, if it takes any; in help, "%s" stands for them. */
	bool (*takes_key)(const struct view_key *key);
	/* Those are keys of threads, not of tasks. */
	bool of_threads;
	/* Instead of choices: completions of a value that has many. As aiodbg_command_complete(). */
	const char *(*complete)(const struct option *option, const char *word, unsigned int index);
	/* For option_parse_number(): where the value goes, an int64_t, and its range. */
	size_t field;
	int64_t min, max;
};

/* Every option: a declaration here, its entry in options.c. */
extern const struct option option_format, option_json, option_pid, option_retries, option_after,
	option_depth, option_limit, option_waits, option_locals, option_all, option_top,
	option_top_lines, option_fail_on, option_output, option_help;
/* view_options.c. */
extern const struct option option_with, option_without, option_sort, option_top_tasks,
	option_frames, option_compact, option_group, option_with_threads, option_without_threads,
	option_sort_threads, option_group_threads, option_top_threads, option_sort_verdicts;

/* What it can be set to by this command, or NULL. */
const char *const *option_choices(const struct option *option, const struct command *command);

/* What --retries says, or its default. */
uint32_t option_retries_of(const struct arguments *arguments);

/* Parse a number into the field of the option, and fail for others. */
parse_option_fn option_parse_number;

/* Parse a PID, of --pid or of an operand. */
int option_set_pid(const char *text, struct arguments *ret, struct aiodbg_error *err);

/* Parse the kernel's id of a thread, of an operand. */
int option_set_tid(const char *text, struct arguments *ret, struct aiodbg_error *err);

/* Parse the address of an event loop, of an operand. */
int option_set_loop(const char *text, struct arguments *ret, struct aiodbg_error *err);

/* ---- commands ---- */

/* One run of a command. */
struct run {
	const struct command *command;
	/* NULL: there is none. */
	const struct aiodbg_target *target;
	struct arguments arguments;
	const struct aiodbg_sink *sink;
};

typedef int run_fn(const struct run *run, struct aiodbg_error *err);

/* What an operand may be. If both, digits are a PID. */
enum operand_kind {
	OPERAND_PID = 1,
	OPERAND_TASK = 2,
	OPERAND_TID = 4,
	/* An address. */
	OPERAND_LOOP = 8,
	/* The name of a setting; its value may follow. */
	OPERAND_SETTING = 16,
};

struct command {
	const char *name;
	/* As usage shows it: "TASK", "[PID]"; NULL if there is none. In brackets: may be left
	 * out. */
	const char *operand;
	/* Bits of enum operand_kind. */
	unsigned int operands;
	/* One sentence. */
	const char *summary;
	/* Paragraphs, with newlines. */
	const char *help;
	/* What it asks of a snapshot: bits of enum aiodbg_want. */
	uint32_t wants;
	/* It looks twice at a process that runs. */
	bool looks_twice;
	/* It shows those who wait for a task with it, as a tree has to. */
	bool with_awaiters;
	/* What it shows: enum aiodbg_show, or SHOW_DOCTOR. */
	uint32_t shows;
	/* Names of renderers of that, of which the first is the default. Ended by NULL. */
	const char *const *formats;
	/* In the order in which help lists them. Ended by NULL. */
	const struct option *const *options;
	run_fn *run;
};

/* Every command, in the order in which help lists them: ps is command_ps, which ps.c defines. */
#define COMMANDS(X)                                                                                \
	X(why)                                                                                     \
	X(ps)                                                                                      \
	X(pstree)                                                                                  \
	X(graph)                                                                                   \
	X(task)                                                                                    \
	X(loops)                                                                                   \
	X(threads)                                                                                 \
	X(doctor)                                                                                  \
	X(set)                                                                                     \
	X(show)

#define COMMAND_DECLARATION(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARATION)

/* ---- parse.c ---- */

/*
 * The option of the command that a word names, exactly or up to "="; *value is then what
 * follows, or NULL. NULL if there is none.
 */
const struct option *parse_option_name(const struct command *command, const char *word,
				       const char **value);

/* Whether the option's value is the next word. */
bool parse_takes_next(const struct option *option, const char *value);

/* Parse a command line, argv[0] being the command's name. */
int parse_arguments(const struct command *command, int argc, const char *const *argv,
		    struct aiodbg_error *err, struct arguments *ret);

/* ---- help.c ---- */

/* The command as users see it. */
void help_describe(const struct command *command, struct aiodbg_command *ret);

/* What --help prints. */
int help_write(const struct command *command, const struct aiodbg_sink *sink,
	       struct aiodbg_error *err);

/* ---- run.c: what the commands share ---- */

/* What to look at and how: *pid is 0 for the target. */
int run_choose_target(const struct run *run, struct aiodbg_error *err, struct aiodbg_options *how,
		      uint32_t *pid);

/* Write a view in the format that was asked for: to the file of --output, or else to the sink. */
int run_write(const struct run *run, const struct view *view, struct aiodbg_error *err);

/* Check what --fail-on was given; and whether the snapshot has any of it, which is an error. */
int fail_on_check(const char *text, struct aiodbg_error *err);
int fail_on_match(const char *text, const struct aiodbg_snapshot *snap, bool all,
		  struct aiodbg_error *err);

/* A whole command: what the struct says it wants is read, and what it shows is written. */
run_fn run_snapshot;

#endif
