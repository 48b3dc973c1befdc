/* SPDX-License-Identifier: MIT */
/* The public functions of commands: list, complete, run. */
#include "command/command.h"

#include "base/error.h"
#include "base/spell.h"
#include "base/text.h"
#include "command/settings.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_ENTRY(name) &command_##name,
static const struct command *const commands[] = {COMMANDS(COMMAND_ENTRY)};
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
	help_describe(commands[index], ret);
	return 0;
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

/* The candidate if it starts with word and is the index-th that does; *index counts down. */
static const char *complete_from(const char *candidate, const char *word, unsigned int *index)
{
	if (strncmp(candidate, word, strlen(word)) != 0)
		return NULL;
	return (*index)-- == 0 ? candidate : NULL;
}

static const char *complete_value(const struct option *option, const struct command *command,
				  const char *word, unsigned int index)
{
	const char *found = NULL;
	if (option->complete)
		return option->complete(option, word, index);
	/* A file or a number is for the user to know. */
	const char *const *choice = option_choices(option, command);
	for (; !found && choice && *choice; choice++)
		found = complete_from(*choice, word, &index);
	return found;
}

/* "--group=waits". What is returned lives until the next call. */
static const char *complete_with_option(const struct option *option, const struct command *command,
					const char *value, unsigned int index)
{
	static _Thread_local char text[256];
	const char *found = complete_value(option, command, value, index);
	if (!found)
		return NULL;
	snprintf(text, sizeof(text), "%s=%s", option->name, found);
	return text;
}

const char *aiodbg_command_complete(const char *name, const char *previous, const char *word,
				    unsigned int index)
{
	const char *found = NULL, *value;
	const struct command *command = command_named(name);
	if (!command)
		return NULL;
	const struct option *option = parse_option_name(command, previous, &value);
	if (option && parse_takes_next(option, value))
		return complete_value(option, command, word, index);
	option = parse_option_name(command, word, &value);
	if (option && value && option->argument)
		return complete_with_option(option, command, value, index);
	if (command->operands == OPERAND_SETTING && word[0] != '-')
		return setting_complete(previous[0] ? previous : NULL, word, index);
	for (size_t i = 0; !found && command->options[i]; i++)
		found = complete_from(command->options[i]->name, word, &index);
	return found;
}

int aiodbg_command_word(const char *name, int argc, const char *const *argv)
{
	const char *value;
	bool has_operand = false;
	const struct command *command = command_named(name);
	if (!command || argc < 1)
		return AIODBG_WORD_OTHER;
	for (int i = 0; i + 1 < argc; i++) {
		const struct option *option = parse_option_name(command, argv[i], &value);
		has_operand = has_operand || (!option && argv[i][0] != '-');
		if (!option || !parse_takes_next(option, value))
			continue;
		if (++i + 1 == argc)
			return option->word;
	}
	const char *word = argv[argc - 1];
	const struct option *option = parse_option_name(command, word, &value);
	if (option && value && option->word != AIODBG_WORD_CHOICE)
		return AIODBG_WORD_OTHER;
	if (word[0] == '-')
		return AIODBG_WORD_CHOICE;
	if (!has_operand && (command->operands & OPERAND_TASK))
		return AIODBG_WORD_TASK;
	return AIODBG_WORD_CHOICE;
}

static const struct command *find_command(const char *name, struct aiodbg_error *err)
{
	const char *names[COMMAND_COUNT + 1] = {NULL};
	char known[256];
	const struct command *found = command_named(name);
	if (found)
		return found;
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i]->name;
	text_list(names, known, sizeof(known));
	const char *near = spell_nearest(names, name, strlen(name));
	if (near)
		error_set(err, AIODBG_USAGE, "asyncio has no command \"%.40s\": did you mean %s?",
			  name, near);
	else
		error_set(err, AIODBG_USAGE, "asyncio has no command \"%.40s\": try %s", name,
			  known);
	return NULL;
}

int aiodbg_command_run(const struct aiodbg_target *target, int argc, const char *const *argv,
		       const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	struct run run = {.target = target, .sink = sink};
	error_clear(err);
	if (argc < 1)
		return error_set(err, AIODBG_INVALID, "no command");
	if (!sink || sink->size < sizeof(*sink) || !sink->write)
		return error_set(err, AIODBG_INVALID, "sink without its size or a write callback");
	run.command = find_command(argv[0], err);
	if (!run.command)
		return AIODBG_USAGE;
	int status = parse_arguments(run.command, argc, argv, err, &run.arguments);
	if (status)
		return status;
	if (run.arguments.help)
		return help_write(run.command, sink, err);
	settings_apply(sink->settings, run.command, &run.arguments);
	return run.command->run(&run, err);
}
