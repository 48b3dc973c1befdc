/* SPDX-License-Identifier: MIT */
/* Commands, from commands.h: description, completion, parsing, running. */
#include "aiodbg.h"

#include "commands.h"
#include "error.h"
#include "render.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OPTION_ID(id, name, argument, help) OPTION_##id,
#define OPTION_ENTRY(id, name, argument, help) {name, argument},
#define OPTION_HELP_TEXT(id, name, argument, help) "  " name argument "\n      " help "\n"

enum option_id { OPTIONS(OPTION_ID) OPTION_COUNT };

struct option {
	const char *name;
	/* With a space in front; empty if there is none. */
	const char *argument;
};

static const struct option options[] = {OPTIONS(OPTION_ENTRY)};

struct command {
	struct aiodbg_command described;
	const char *format;
};

#define COMMAND_ENTRY(name, format, summary, description)                                          \
	{{name, USAGE, summary, description "\nOptions:\n" OPTIONS(OPTION_HELP_TEXT)}, format},

static const struct command commands[] = {COMMANDS(COMMAND_ENTRY)};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct aiodbg_command prefix = {
	.name = "asyncio",
	.usage = "COMMAND [OPTION]...",
	.summary = "Show the asyncio tasks of a Python process or core file.",
	.help = "Works on the process or core that is selected, without running anything in it.\n"
		"Each command takes --help.\n",
};

/* Options of one command line. */
struct arguments {
	bool help;
	const char *format;
	const char *output;
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

const char *aiodbg_command_complete(const char *command, const char *previous, const char *word,
				    unsigned int index)
{
	const char *found = NULL;
	/* All commands have the same options so far. */
	(void)command;
	if (!strcmp(previous, options[OPTION_FORMAT].name)) {
		for (size_t i = 0; !found && renderers[i].name; i++)
			found = complete_from(renderers[i].name, word, &index);
		return found;
	}
	for (size_t i = 0; !found && i < OPTION_COUNT; i++)
		found = complete_from(options[i].name, word, &index);
	return found;
}

static const struct command *find_command(const char *name, struct aiodbg_error *err)
{
	char known[128] = "";
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		size_t used = strlen(known);
		if (!strcmp(commands[i].described.name, name))
			return &commands[i];
		snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
			 commands[i].described.name);
	}
	error_set(err, AIODBG_USAGE, "asyncio has no command \"%.40s\": try one of %s", name,
		  known);
	return NULL;
}

/*
 * The option that an argument names, exactly or up to "="; *value is then what follows,
 * or NULL. NULL if there is none.
 */
static const struct option *find_option(const char *argument, const char **value)
{
	size_t len = strcspn(argument, "=");
	*value = argument[len] ? argument + len + 1 : NULL;
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strlen(options[i].name) == len && !strncmp(options[i].name, argument, len))
			return &options[i];
	}
	return NULL;
}

static int parse_option(const struct option *option, const char *value, struct arguments *ret)
{
	switch ((enum option_id)(option - options)) {
	case OPTION_FORMAT:
		ret->format = value;
		break;
	case OPTION_JSON:
		ret->format = "json";
		break;
	case OPTION_OUTPUT:
		ret->output = value;
		break;
	default:
		ret->help = true;
	}
	return 0;
}

static int parse(const struct command *command, int argc, const char *const *argv,
		 struct aiodbg_error *err, struct arguments *ret)
{
	const char *name = command->described.name;
	*ret = (struct arguments){.format = command->format};
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct option *option = find_option(argv[i], &value);
		if (!option)
			return error_set(err, AIODBG_USAGE,
					 "asyncio %s does not take \"%.80s\": usage: asyncio %s %s",
					 name, argv[i], name, USAGE);
		if (!option->argument[0] && value)
			return error_set(err, AIODBG_USAGE, "%s takes no argument", option->name);
		if (option->argument[0] && !value) {
			if (i + 1 == argc)
				return error_set(err, AIODBG_USAGE, "%s needs an argument: %s%s",
						 option->name, option->name, option->argument);
			value = argv[++i];
		}
		parse_option(option, value, ret);
	}
	if (!renderer_find(ret->format))
		return error_set(err, AIODBG_USAGE,
				 "unknown format \"%.40s\": try table, tree or json", ret->format);
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
	if (output_flush(&out))
		return error_set(err, out.status, "output was refused");
	return 0;
}

static int write_file(void *ctx, const char *text, size_t len)
{
	return fwrite(text, 1, len, ctx) == len ? 0 : -AIODBG_IO;
}

static int render_to_file(const struct aiodbg_snapshot *snap, const struct arguments *arguments,
			  const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	FILE *file = fopen(arguments->output, "we");
	if (!file)
		return error_set(err, AIODBG_IO, "cannot write %.200s: %s", arguments->output,
				 strerror(errno));
	struct aiodbg_sink to_file = {
		.size = sizeof(to_file),
		.ctx = file,
		.write = write_file,
		.unicode = sink->unicode,
	};
	int status = aiodbg_render(snap, arguments->format, &to_file, err);
	bool failed = fclose(file) != 0 || status == -AIODBG_IO;
	if (failed)
		return error_set(err, AIODBG_IO, "cannot write %.200s: %s", arguments->output,
				 strerror(errno));
	return status;
}

static void warn_of_version(const struct aiodbg_snapshot *snap, const struct aiodbg_sink *sink)
{
	char line[160];
	if (!snap->borrowed_layout || !sink->warn)
		return;
	snprintf(line, sizeof(line),
		 "CPython %u.%u.%u is newer than this library, which reads it as if it were %s",
		 snap->version >> 24, snap->version >> 16 & 0xff, snap->version >> 8 & 0xff,
		 snap->borrowed_layout);
	sink->warn(sink->ctx, line);
}

static int run(const struct aiodbg_target *target, const struct arguments *arguments,
	       const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct aiodbg *dbg;
	struct aiodbg_snapshot *snap;
	int status = aiodbg_open(target, NULL, err, &dbg);
	if (status)
		return status;
	status = aiodbg_snapshot_create(dbg, err, &snap);
	aiodbg_close(dbg);
	if (status)
		return status;
	warn_of_version(snap, sink);
	status = arguments->output ? render_to_file(snap, arguments, sink, err)
				   : aiodbg_render(snap, arguments->format, sink, err);
	aiodbg_snapshot_destroy(snap);
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
	if (!target)
		return error_set(err, AIODBG_INVALID, "no process and no core to look at");
	return run(target, &arguments, sink, err);
}
