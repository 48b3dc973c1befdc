/* SPDX-License-Identifier: MIT */
/* Every option of every command. */
#include "base/ceilings.h"
#include "base/error.h"
#include "base/spell.h"
#include "base/text.h"
#include "command/command.h"
#include "snapshot/find.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number from min to max, and nothing else. */
static bool read_number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	size_t sign = text[0] == '-' && min < 0;
	size_t digits = strspn(text + sign, "0123456789");
	/* So many fit. */
	if (!digits || digits > 18 || text[sign + digits])
		return false;
	*ret = strtoll(text, NULL, 10);
	return *ret >= min && *ret <= max;
}

int option_set_pid(const char *text, struct arguments *ret, struct aiodbg_error *err)
{
	int64_t number;
	if (ret->pid)
		return error_set(err, AIODBG_USAGE, "two PIDs: %" PRIu32 " and \"%.40s\"", ret->pid,
				 text);
	if (!read_number(text, 1, PID_MAX, &number))
		return error_set(err, AIODBG_USAGE, "a PID is a number from 1 to %d, not \"%.40s\"",
				 PID_MAX, text);
	ret->pid = (uint32_t)number;
	return 0;
}

int option_set_loop(const char *text, struct arguments *ret, struct aiodbg_error *err)
{
	if (find_parse_id(text, &ret->loop) && ret->loop)
		return 0;
	return error_set(err, AIODBG_USAGE,
			 "a PID or the address of a loop (0x7f..) is needed, not \"%.40s\"", text);
}

int option_set_tid(const char *text, struct arguments *ret, struct aiodbg_error *err)
{
	int64_t number;
	if (!read_number(text, 1, PID_MAX, &number))
		return error_set(err, AIODBG_USAGE, "a TID is a number from 1 to %d, not \"%.40s\"",
				 PID_MAX, text);
	ret->tid = (uint64_t)number;
	return 0;
}

const char *const *option_choices(const struct option *option, const struct command *command)
{
	return option == &option_format ? command->formats : option->choices;
}

int option_parse_number(const struct option *option, const struct command *command,
			const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)command;
	if (read_number(value, option->min, option->max, (int64_t *)((char *)ret + option->field)))
		return 0;
	return error_set(err, AIODBG_USAGE,
			 "%s takes a number from %" PRId64 " to %" PRId64 ", not \"%.40s\"",
			 option->name, option->min, option->max, value);
}

static int parse_limit(const struct option *option, const struct command *command,
		       const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	ret->has_limit = true;
	return option_parse_number(option, command, value, ret, err);
}

/* Seconds, with up to three digits after the point. */
static int parse_seconds(const struct option *option, const struct command *command,
			 const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)command;
	char digits[24];
	size_t whole = strcspn(value, "."), part = value[whole] ? strlen(value + whole + 1) : 0;
	if (whole && whole < 10 && part <= 3 && (part || !value[whole])) {
		snprintf(digits, sizeof(digits), "%.*s%s%.*s", (int)whole, value,
			 part ? value + whole + 1 : "", (int)(3 - part), "000");
		if (read_number(digits, option->min, option->max,
				(int64_t *)((char *)ret + option->field)))
			return 0;
	}
	return error_set(err, AIODBG_USAGE, "%s takes seconds, up to %" PRId64 ", not \"%.40s\"",
			 option->name, option->max / 1000, value);
}

static int parse_format(const struct option *option, const struct command *command,
			const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	char known[128];
	(void)option;
	for (const char *const *format = command->formats; *format; format++) {
		if (!strcmp(*format, value)) {
			ret->format = *format;
			return 0;
		}
	}
	const char *near = spell_nearest(command->formats, value, strlen(value));
	if (near)
		return error_set(err, AIODBG_USAGE, "unknown format \"%.40s\": did you mean %s?",
				 value, near);
	text_list(command->formats, known, sizeof(known));
	return error_set(err, AIODBG_USAGE, "unknown format \"%.40s\": try %s", value, known);
}

static int parse_json(const struct option *option, const struct command *command, const char *value,
		      struct arguments *ret, struct aiodbg_error *err)
{
	(void)value;
	return parse_format(option, command, "json", ret, err);
}

static int parse_pid(const struct option *option, const struct command *command, const char *value,
		     struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command;
	return option_set_pid(value, ret, err);
}

static int parse_output(const struct option *option, const struct command *command,
			const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command, (void)err;
	ret->output = value;
	return 0;
}

static int parse_waits(const struct option *option, const struct command *command,
		       const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command, (void)value, (void)err;
	ret->wants |= AIODBG_WANT_WAITS;
	return 0;
}

static int parse_locals(const struct option *option, const struct command *command,
			const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command, (void)value, (void)err;
	ret->wants |= AIODBG_WANT_LOCALS;
	return 0;
}

static int parse_all(const struct option *option, const struct command *command, const char *value,
		     struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command, (void)value, (void)err;
	ret->all = true;
	return 0;
}

static int parse_fail_on(const struct option *option, const struct command *command,
			 const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command;
	ret->fail_on = value;
	return fail_on_check(value, err);
}

static int parse_help(const struct option *option, const struct command *command, const char *value,
		      struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command, (void)value, (void)err;
	ret->help = true;
	return 0;
}

const struct option option_format = {
	.name = "--format",
	.argument = "FORMAT",
	.help = "Write as %s.",
	.word = AIODBG_WORD_CHOICE,
	.parse = parse_format,
};

const struct option option_json = {
	.name = "--json",
	.help = "Short for --format json.",
	.parse = parse_json,
};

const struct option option_pid = {
	.name = "--pid",
	.argument = "PID",
	.help = "Look at that process of this machine, whatever the debugger works on.\n"
		"It is not attached to and runs on.",
	.parse = parse_pid,
};

/* How often a process that runs is looked at again, if nothing else was said. */
#define DEFAULT_RETRIES 3

uint32_t option_retries_of(const struct arguments *arguments)
{
	if (arguments->retries >= 0)
		return (uint32_t)arguments->retries;
	return arguments->pid ? DEFAULT_RETRIES : 0;
}

const struct option option_retries = {
	.name = "--retries",
	.argument = "N",
	.help = "Look again, up to N times, if the process ran on while it was read and the\n"
		"result does not fit together. The default is 3 for a PID, else 0.",
	.parse = option_parse_number,
	.field = offsetof(struct arguments, retries),
	.max = LIMIT_RETRIES,
};

const struct option option_after = {
	.name = "--after",
	.argument = "SECONDS",
	.help = "Look at the process again so long after the first time: what changed in\n"
		"between is not judged. The default, and the least, is 0.1.",
	.parse = parse_seconds,
	.field = offsetof(struct arguments, after),
	.max = LIMIT_SECONDS_BETWEEN * 1000,
};

const struct option option_depth = {
	.name = "--depth",
	.argument = "N",
	.help = "Leave out the N - 1 innermost frames of a running task.",
	.parse = option_parse_number,
	.field = offsetof(struct arguments, depth),
	.max = INT32_MAX,
};

const struct option option_limit = {
	.name = "--limit",
	.argument = "N",
	.help = "Keep N frames of each call stack: the outermost, or the innermost if N is\n"
		"negative; 0 shows none.",
	.parse = parse_limit,
	.field = offsetof(struct arguments, limit),
	.min = -INT32_MAX,
	.max = INT32_MAX,
};

const struct option option_waits = {
	.name = "--waits",
	.help = "Show what each task waits for, and who holds it.",
	.parse = parse_waits,
};

const struct option option_locals = {
	.name = "--locals",
	.help = "Show the local variables of each frame: 80 characters of a value, secrets\n"
		"hidden.",
	.parse = parse_locals,
};

const struct option option_all = {
	.name = "--all",
	.help = "Show verdicts that are only possible, too, and addresses as evidence.",
	.parse = parse_all,
};

const struct option option_top = {
	.name = "--top",
	.argument = "N",
	.help = "Show up to N lines of each section: 8 by default, 0 for all.",
	.parse = option_parse_number,
	.field = offsetof(struct arguments, top),
	.max = INT32_MAX,
};

const struct option option_top_lines = {
	.name = "--top",
	.argument = "N",
	.help = "Show up to N lines of each section: 20 by default, 0 for all.",
	.parse = option_parse_number,
	.field = offsetof(struct arguments, top),
	.max = INT32_MAX,
};

const struct option option_fail_on = {
	.name = "--fail-on",
	.argument = "WHAT",
	.help = "Fail, after the output, if there is a verdict of one of these kinds or\n"
		"levels, separated by commas: stopped, deadlock, loop-blocked, likely,\n"
		"certain; or cycle: tasks that await each other.",
	.parse = parse_fail_on,
};

const struct option option_output = {
	.name = "--output",
	.argument = "FILE",
	.help = "Write the result to FILE, free of the debugger's messages.",
	.word = AIODBG_WORD_FILE,
	.parse = parse_output,
};

const struct option option_help = {
	.name = "--help",
	.help = "Show this text.",
	.parse = parse_help,
};
