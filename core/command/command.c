/* SPDX-License-Identifier: MIT */
/* Commands, from command/commands.h: description, completion, parsing, running. */
#include "aiodbg.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "command/commands.h"
#include "render/render.h"
#include "session/doctor.h"
#include "snapshot/find.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTION_ID(id, name, argument, help) OPTION_##id,
#define OPTION_ENTRY(id, name, argument, help) {name, argument},
#define OPTION_BIT(id, name, argument, help) 1u << OPTION_##id |
#define OPTION_USAGE(id, name, argument, help) " [" name argument "]"
#define OPTION_HELP_TEXT(id, name, argument, help) "  " name argument "\n      " help "\n"

enum option_id { OPTIONS(OPTION_ID) OPTION_COUNT };

struct option {
	const char *name;
	/* With a space in front; empty if there is none. */
	const char *argument;
};

static const struct option options[] = {OPTIONS(OPTION_ENTRY)};

/* What one command line asks for. */
struct arguments {
	bool help;
	const char *format;
	const char *output;
	/* NULL if there is none. */
	const char *operand;
	/* -1 if nothing was said. */
	int64_t retries;
	int64_t depth, limit;
	bool has_limit;
};

typedef int run_fn(const struct aiodbg_target *target, const struct arguments *arguments,
		   const struct aiodbg_sink *sink, struct aiodbg_error *err);

static run_fn run_listing, run_graph, run_task, run_doctor;

struct command {
	struct aiodbg_command described;
	run_fn *run;
	const char *format;
	/* "TASK", "[PID]", or empty if the command takes nothing but options. */
	const char *operand;
	/* A bit for each option that it takes. */
	unsigned int options;
};

/* Without the space in front, if there is no operand. */
#define COMMAND_USAGE(operand, options) (operand options(OPTION_USAGE)) + (sizeof(operand) == 1)

#define COMMAND_ENTRY(run, name, format, operand, options, summary, description)                   \
	{{name, COMMAND_USAGE(operand, options), summary,                                          \
	  description "\nOptions:\n" options(OPTION_HELP_TEXT)},                                   \
	 run,                                                                                      \
	 format,                                                                                   \
	 operand,                                                                                  \
	 options(OPTION_BIT) 0},

static const struct command commands[] = {COMMANDS(COMMAND_ENTRY)};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct aiodbg_command prefix = {
	.name = "asyncio",
	.usage = "COMMAND [OPTION]...",
	.summary = "Show the asyncio tasks of a Python process or core file.",
	.help = "Works on the process or core that is selected, without running anything in it.\n"
		"Each command takes --help.\n",
};

const struct aiodbg_command *aiodbg_command_prefix(void)
{
	return &prefix;
}

int aiodbg_command_describe(unsigned int index, struct aiodbg_command *ret)
{
	if (index >= COMMAND_COUNT)
		return AIODBG_NOT_FOUND;
	*ret = commands[index].described;
	return 0;
}

/* The index-th of the two lists that starts with word; *index counts down. */
static const char *complete_from(const char *candidate, const char *word, unsigned int *index)
{
	if (strncmp(candidate, word, strlen(word)) != 0)
		return NULL;
	return (*index)-- == 0 ? candidate : NULL;
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(commands[i].described.name, name))
			return &commands[i];
	}
	return NULL;
}

static bool takes(const struct command *command, size_t option)
{
	return command->options & 1u << option;
}

/*
 * The option of the command that an argument names, exactly or up to "="; *value is then
 * what follows, or NULL. NULL if there is none.
 */
static const struct option *find_option(const struct command *command, const char *argument,
					const char **value)
{
	size_t len = strcspn(argument, "=");
	*value = argument[len] ? argument + len + 1 : NULL;
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (takes(command, i) && strlen(options[i].name) == len &&
		    !strncmp(options[i].name, argument, len))
			return &options[i];
	}
	return NULL;
}

const char *aiodbg_command_complete(const char *name, const char *previous, const char *word,
				    unsigned int index)
{
	const char *found = NULL;
	const struct command *command = command_named(name);
	if (!command)
		return NULL;
	const char *value;
	const struct option *option = find_option(command, previous, &value);
	if (option == &options[OPTION_FORMAT] && !value) {
		for (size_t i = 0; !found && renderers[i].name; i++)
			found = complete_from(renderers[i].name, word, &index);
		return found;
	}
	/* A file or a number is for the user to know. */
	if (option && option->argument[0] && !value)
		return NULL;
	for (size_t i = 0; !found && i < OPTION_COUNT; i++) {
		if (takes(command, i))
			found = complete_from(options[i].name, word, &index);
	}
	return found;
}

static const struct command *find_command(const char *name, struct aiodbg_error *err)
{
	char known[128] = "";
	const struct command *found = command_named(name);
	if (found)
		return found;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		size_t used = strlen(known);
		snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
			 commands[i].described.name);
	}
	error_set(err, AIODBG_USAGE, "asyncio has no command \"%.40s\": try one of %s", name,
		  known);
	return NULL;
}

/* A decimal number from min to max, and nothing else. */
static bool parse_number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	size_t sign = text[0] == '-' && min < 0;
	size_t digits = strspn(text + sign, "0123456789");
	/* So many fit. */
	if (!digits || digits > 18 || text[sign + digits])
		return false;
	*ret = strtoll(text, NULL, 10);
	return *ret >= min && *ret <= max;
}

/* What the argument of an option is. */
static int argument_kind(const struct option *option)
{
	if (option == &options[OPTION_FORMAT])
		return AIODBG_WORD_CHOICE;
	return strcmp(option->argument, " FILE") ? AIODBG_WORD_OTHER : AIODBG_WORD_FILE;
}

int aiodbg_command_word(const char *name, int argc, const char *const *argv)
{
	const char *value;
	bool has_operand = false;
	const struct command *command = command_named(name);
	if (!command || argc < 1)
		return AIODBG_WORD_OTHER;
	for (int i = 0; i + 1 < argc; i++) {
		const struct option *option = find_option(command, argv[i], &value);
		has_operand = has_operand || (!option && argv[i][0] != '-');
		if (!option || !option->argument[0] || value)
			continue;
		if (++i + 1 == argc)
			return argument_kind(option);
	}
	const char *word = argv[argc - 1];
	if (word[0] == '-')
		return strchr(word, '=') ? AIODBG_WORD_OTHER : AIODBG_WORD_CHOICE;
	if (!has_operand && strstr(command->operand, "TASK"))
		return AIODBG_WORD_TASK;
	return AIODBG_WORD_CHOICE;
}

static int number_option(const struct option *option, const char *value, int64_t min, int64_t max,
			 int64_t *ret, struct aiodbg_error *err)
{
	if (parse_number(value, min, max, ret))
		return 0;
	return error_set(err, AIODBG_USAGE,
			 "%s takes a number from %" PRId64 " to %" PRId64 ", not \"%.40s\"",
			 option->name, min, max, value);
}

static int parse_option(const struct option *option, const char *value, struct arguments *ret,
			struct aiodbg_error *err)
{
	switch ((enum option_id)(option - options)) {
	case OPTION_FORMAT:
		if (!renderer_find(value))
			return error_set(err, AIODBG_USAGE,
					 "unknown format \"%.40s\": try table, tree or json",
					 value);
		ret->format = value;
		break;
	case OPTION_JSON:
		ret->format = "json";
		break;
	case OPTION_OUTPUT:
		ret->output = value;
		break;
	case OPTION_RETRIES:
		return number_option(option, value, 0, LIMIT_RETRIES, &ret->retries, err);
	case OPTION_DEPTH:
		return number_option(option, value, 0, INT32_MAX, &ret->depth, err);
	case OPTION_LIMIT:
		ret->has_limit = true;
		return number_option(option, value, -INT32_MAX, INT32_MAX, &ret->limit, err);
	default:
		ret->help = true;
	}
	return 0;
}

static int no_such_argument(const struct command *command, const char *word,
			    struct aiodbg_error *err)
{
	const struct aiodbg_command *described = &command->described;
	return error_set(err, AIODBG_USAGE,
			 "asyncio %s does not take \"%.80s\": usage: asyncio %s %s",
			 described->name, word, described->name, described->usage);
}

static int parse(const struct command *command, int argc, const char *const *argv,
		 struct aiodbg_error *err, struct arguments *ret)
{
	*ret = (struct arguments){.format = command->format, .retries = -1};
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct option *option = find_option(command, argv[i], &value);
		if (!option) {
			if (argv[i][0] == '-' || !argv[i][0] || !command->operand[0] ||
			    ret->operand)
				return no_such_argument(command, argv[i], err);
			ret->operand = argv[i];
			continue;
		}
		if (!option->argument[0] && value)
			return error_set(err, AIODBG_USAGE, "%s takes no argument", option->name);
		if (option->argument[0] && !value) {
			if (i + 1 == argc)
				return error_set(err, AIODBG_USAGE, "%s needs an argument: %s%s",
						 option->name, option->name, option->argument);
			value = argv[++i];
		}
		int status = parse_option(option, value, ret, err);
		if (status)
			return status;
	}
	bool is_needed = command->operand[0] && command->operand[0] != '[';
	if (is_needed && !ret->operand && !ret->help)
		return error_set(err, AIODBG_USAGE, "asyncio %s needs a %s: usage: asyncio %s %s",
				 command->described.name, command->operand, command->described.name,
				 command->described.usage);
	return 0;
}

static int write_help(const struct command *command, const struct aiodbg_sink *sink,
		      struct aiodbg_error *err)
{
	struct output out;
	output_init(&out, sink);
	output_format(&out, "%s\n\nUsage: asyncio %s %s\n\n", command->described.summary,
		      command->described.name, command->described.usage);
	output_text(&out, command->described.help);
	return output_finish(&out, err);
}

static int write_file(void *ctx, const char *text, size_t len)
{
	return fwrite(text, 1, len, ctx) == len ? 0 : -AIODBG_IO;
}

/* What writes a result. arg is its own. */
typedef int write_result_fn(void *arg, const struct aiodbg_sink *sink, struct aiodbg_error *err);

static int write_to_file(const char *path, const struct aiodbg_sink *sink, write_result_fn *write,
			 void *arg, struct aiodbg_error *err)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return error_set(err, AIODBG_IO, "cannot write %.200s: %s", path, strerror(errno));
	struct aiodbg_sink to_file = {
		.size = sizeof(to_file),
		.ctx = file,
		.write = write_file,
		.unicode = sink->unicode,
	};
	int status = write(arg, &to_file, err);
	bool failed = fclose(file) != 0 || status == -AIODBG_IO;
	if (failed)
		return error_set(err, AIODBG_IO, "cannot write %.200s: %s", path, strerror(errno));
	return status;
}

/* To where the user wants to have it. */
static int write_result(const struct arguments *arguments, const struct aiodbg_sink *sink,
			write_result_fn *write, void *arg, struct aiodbg_error *err)
{
	return arguments->output ? write_to_file(arguments->output, sink, write, arg, err)
				 : write(arg, sink, err);
}

static void warn_of_version(const struct aiodbg_snapshot *snap, const struct aiodbg_sink *sink)
{
	char line[160], version[32];
	if (!snap->borrowed_layout || !sink->warn)
		return;
	snprintf(line, sizeof(line),
		 "CPython %s is newer than this library, which reads it as if it were %s",
		 layout_version_text(snap->version, version, sizeof(version)),
		 snap->borrowed_layout);
	sink->warn(sink->ctx, line);
}

struct listing {
	const struct aiodbg_snapshot *snap;
	const char *format;
};

static int write_listing(void *arg, const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	const struct listing *listing = arg;
	return aiodbg_render(listing->snap, listing->format, sink, err);
}

static int no_target(struct aiodbg_error *err)
{
	return error_set(err, AIODBG_INVALID, "no process and no core to look at");
}

#define DEFAULT_RETRIES 3
/* PID_MAX_LIMIT of Linux: include/linux/threads.h. */
#define PID_MAX (1 << 22)

/* What to look at: the process with that PID or, if it is NULL, the target; then *pid is 0. And
 * how. */
static int choose_target(const struct aiodbg_target *target, const struct arguments *arguments,
			 const char *pid_text, const struct aiodbg_sink *sink,
			 struct aiodbg_error *err, struct aiodbg_options *how, uint32_t *pid)
{
	int64_t number = 0;
	*how = (struct aiodbg_options){
		.size = sizeof(*how),
		.interrupted = sink->interrupted,
		.interrupted_ctx = sink->ctx,
	};
	if (arguments->retries >= 0)
		how->retries = (uint32_t)arguments->retries;
	else if (pid_text)
		how->retries = DEFAULT_RETRIES;
	if (!pid_text && !target)
		return no_target(err);
	if (pid_text && !parse_number(pid_text, 1, PID_MAX, &number))
		return error_set(err, AIODBG_USAGE, "a PID is a number from 1 to %d, not \"%.40s\"",
				 PID_MAX, pid_text);
	*pid = (uint32_t)number;
	return 0;
}

static int open_target(const struct aiodbg_target *target, const struct arguments *arguments,
		       const char *pid_text, const struct aiodbg_sink *sink,
		       struct aiodbg_error *err, struct aiodbg **ret)
{
	struct aiodbg_options how;
	uint32_t pid;
	int status = choose_target(target, arguments, pid_text, sink, err, &how, &pid);
	if (status)
		return status;
	status = pid ? aiodbg_open_process(pid, &how, err, ret)
		     : aiodbg_open(target, &how, err, ret);
	if (status == AIODBG_FAULT || status == AIODBG_CORRUPT || status == AIODBG_NOT_FOUND ||
	    status == AIODBG_UNSUPPORTED)
		error_append(err, "; `asyncio doctor` tells more");
	return status;
}

/* What a snapshot is to be of, and is to have besides all tasks: each may be none. */
struct subject {
	const char *pid;
	uint64_t future;
	const char *task;
};

static int take_snapshot(const struct aiodbg_target *target, const struct arguments *arguments,
			 const struct subject *subject, const struct aiodbg_sink *sink,
			 struct aiodbg_error *err, struct aiodbg_snapshot **ret)
{
	struct aiodbg *dbg;
	int status = open_target(target, arguments, subject->pid, sink, err, &dbg);
	if (status)
		return status;
	if (subject->task)
		status = aiodbg_snapshot_create_for(dbg, subject->task, err, ret);
	else
		status = aiodbg_snapshot_create_with(dbg, subject->future, err, ret);
	aiodbg_close(dbg);
	if (!status)
		warn_of_version(*ret, sink);
	return status;
}

static int run_listing(const struct aiodbg_target *target, const struct arguments *arguments,
		       const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct aiodbg_snapshot *snap;
	const struct subject subject = {.pid = arguments->operand};
	int status = take_snapshot(target, arguments, &subject, sink, err, &snap);
	if (status)
		return status;
	struct listing listing = {snap, arguments->format};
	status = write_result(arguments, sink, write_listing, &listing, err);
	aiodbg_snapshot_destroy(snap);
	return status;
}

struct graph_request {
	const struct aiodbg_snapshot *snap;
	uint64_t id;
	struct aiodbg_graph_options options;
};

static int write_graph(void *arg, const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	const struct graph_request *request = arg;
	return aiodbg_render_graph(request->snap, request->id, &request->options, sink, err);
}

static int run_graph(const struct aiodbg_target *target, const struct arguments *arguments,
		     const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct aiodbg_snapshot *snap;
	struct task *task;
	struct graph_request request = {
		.options =
			{
				.size = sizeof(request.options),
				.depth = (uint32_t)arguments->depth,
				.limit = (int32_t)arguments->limit,
				.has_limit = arguments->has_limit,
				.tid = target ? target->tid : 0,
			},
	};
	bool by_name = arguments->operand && !find_parse_id(arguments->operand, &request.id);
	const struct subject subject = {.future = request.id};
	int status = take_snapshot(target, arguments, &subject, sink, err, &snap);
	if (status)
		return status;
	if (by_name) {
		status = find_task(snap, arguments->operand, sink->interrupted, sink->ctx, err,
				   &task);
		request.id = status ? 0 : task->id;
	}
	request.snap = snap;
	if (!status)
		status = write_result(arguments, sink, write_graph, &request, err);
	aiodbg_snapshot_destroy(snap);
	return status;
}

static int write_task(void *arg, const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	return aiodbg_render_task(arg, sink, err);
}

static int run_task(const struct aiodbg_target *target, const struct arguments *arguments,
		    const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct aiodbg_snapshot *snap;
	const struct subject subject = {.task = arguments->operand};
	int status = take_snapshot(target, arguments, &subject, sink, err, &snap);
	if (status)
		return status;
	status = write_result(arguments, sink, write_task, snap, err);
	aiodbg_snapshot_destroy(snap);
	return status;
}

static int write_doctor(void *arg, const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct output out;
	output_init(&out, sink);
	render_doctor(arg, &out);
	return output_finish(&out, err);
}

/* What others refuse to do for a reason, this one answers with the reason. */
static int run_doctor(const struct aiodbg_target *target, const struct arguments *arguments,
		      const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct aiodbg_options how;
	struct doctor doctor;
	uint32_t pid;
	int status = choose_target(target, arguments, arguments->operand, sink, err, &how, &pid);
	if (status)
		return status;
	status = doctor_init(&doctor, target, pid, &how, err);
	if (!status)
		status = write_result(arguments, sink, write_doctor, &doctor, err);
	doctor_deinit(&doctor);
	return status;
}

int aiodbg_command_run(const struct aiodbg_target *target, int argc, const char *const *argv,
		       const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct arguments arguments;
	error_clear(err);
	if (argc < 1)
		return error_set(err, AIODBG_INVALID, "no command");
	if (!sink || sink->size < sizeof(*sink) || !sink->write)
		return error_set(err, AIODBG_INVALID, "sink without its size or a write callback");
	const struct command *command = find_command(argv[0], err);
	if (!command)
		return AIODBG_USAGE;
	int status = parse(command, argc, argv, err, &arguments);
	if (status)
		return status;
	if (arguments.help)
		return write_help(command, sink, err);
	return command->run(target, &arguments, sink, err);
}
