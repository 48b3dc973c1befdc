/* SPDX-License-Identifier: MIT */
/* From the words of a command line to struct arguments. */
#include "base/error.h"
#include "base/spell.h"
#include "command/command.h"

#include <string.h>

/* Fewer letters may be the beginning of anything. */
#define ABBREVIATION_MIN 3

const struct option *parse_option_name(const struct command *command, const char *word,
				       const char **value)
{
	size_t len = strcspn(word, "=");
	*value = word[len] ? word + len + 1 : NULL;
	for (size_t i = 0; command->options[i]; i++) {
		const struct option *option = command->options[i];
		if (strlen(option->name) == len && !strncmp(option->name, word, len))
			return option;
	}
	return NULL;
}

bool parse_takes_next(const struct option *option, const char *value)
{
	return option->argument && !option->is_optional && !value;
}

/* The option that a wrong word was likely meant to be, or NULL. */
static const struct option *nearest_option(const struct command *command, const char *word)
{
	const struct option *found = NULL;
	size_t len = strcspn(word, "="), least = SPELL_MAX;
	for (size_t i = 0; command->options[i]; i++) {
		const char *name = command->options[i]->name;
		size_t name_len = strlen(name), max = name_len / 3;
		size_t distance = spell_distance(word, len, name, name_len, max);
		const char *letters = word + strspn(word, "-");
		size_t typed = len - (size_t)(letters - word);
		/* Options are not abbreviated, but we know what was meant. */
		if (typed >= ABBREVIATION_MIN && !strncmp(name + 2, letters, typed))
			distance = 1;
		else if (distance > max)
			continue;
		if (distance < least) {
			found = command->options[i];
			least = distance;
		}
	}
	return found;
}

static int no_such_argument(const struct command *command, const char *word,
			    struct aiodbg_error *err)
{
	const struct option *option = word[0] == '-' ? nearest_option(command, word) : NULL;
	if (option)
		return error_set(err, AIODBG_USAGE,
				 "asyncio %s does not take \"%.80s\": did you mean %s?",
				 command->name, word, option->name);
	struct aiodbg_command described;
	help_describe(command, &described);
	return error_set(err, AIODBG_USAGE,
			 "asyncio %s does not take \"%.80s\": usage: asyncio %s %s", command->name,
			 word, command->name, described.usage);
}

/* "--group waits": the value of an option that may go without is part of its word. */
static int check_not_a_value(const struct option *option, const struct command *command,
			     const char *word, struct aiodbg_error *err)
{
	const char *const *choice = option ? option_choices(option, command) : NULL;
	const char *found = NULL;
	for (unsigned int i = 0; option && option->complete; i++) {
		found = option->complete(option, word, i);
		if (!found || !strcmp(found, word))
			break;
	}
	if (found)
		return error_set(err, AIODBG_USAGE, "did you mean %s=%s?", option->name, word);
	for (; choice && *choice; choice++) {
		if (!strcmp(*choice, word))
			return error_set(err, AIODBG_USAGE, "did you mean %s=%s?", option->name,
					 word);
	}
	return 0;
}

static bool is_number(const char *word)
{
	return word[0] && !word[strspn(word, "0123456789")];
}

static int parse_operand(const struct command *command, const char *word, struct arguments *ret,
			 struct aiodbg_error *err)
{
	if (command->operands == OPERAND_SETTING && ret->operand && !ret->value) {
		ret->value = word;
		return 0;
	}
	if (word[0] == '-' || !word[0] || !command->operands || ret->operand)
		return no_such_argument(command, word, err);
	ret->operand = word;
	if (command->operands == OPERAND_SETTING)
		return 0;
	if (command->operands & OPERAND_TID)
		return option_set_tid(word, ret, err);
	if ((command->operands & OPERAND_PID) &&
	    (command->operands == OPERAND_PID || is_number(word)))
		return option_set_pid(word, ret, err);
	if (command->operands & OPERAND_LOOP)
		return option_set_loop(word, ret, err);
	ret->task = word;
	return 0;
}

/* Moves *i to the option's last word. */
static int parse_option(const struct option *option, const struct command *command,
			const char *value, int argc, const char *const *argv, int *i,
			struct arguments *ret, struct aiodbg_error *err)
{
	if (!option->argument && value)
		return error_set(err, AIODBG_USAGE, "%s takes no argument", option->name);
	if (parse_takes_next(option, value)) {
		if (*i + 1 == argc)
			return error_set(err, AIODBG_USAGE, "%s needs an argument: %s %s",
					 option->name, option->name, option->argument);
		value = argv[++*i];
	}
	return option->parse(option, command, value, ret, err);
}

static int check_operand(const struct command *command, const struct arguments *arguments,
			 struct aiodbg_error *err)
{
	bool is_needed = command->operand && command->operand[0] != '[';
	if (!is_needed || arguments->operand || arguments->help)
		return 0;
	struct aiodbg_command described;
	help_describe(command, &described);
	return error_set(err, AIODBG_USAGE, "asyncio %s needs a %s: usage: asyncio %s %s",
			 command->name, command->operand, command->name, described.usage);
}

int parse_arguments(const struct command *command, int argc, const char *const *argv,
		    struct aiodbg_error *err, struct arguments *ret)
{
	const struct option *before = NULL;
	*ret = (struct arguments){
		.format = command->formats[0],
		.retries = -1,
		.after = -1,
		.top = -1,
	};
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct option *option = parse_option_name(command, argv[i], &value);
		int status;
		if (option) {
			status = parse_option(option, command, value, argc, argv, &i, ret, err);
			before = option->is_optional && !value ? option : NULL;
		} else {
			status = check_not_a_value(before, command, argv[i], err);
			if (!status)
				status = parse_operand(command, argv[i], ret, err);
			before = NULL;
		}
		if (status)
			return status;
	}
	return check_operand(command, ret, err);
}
