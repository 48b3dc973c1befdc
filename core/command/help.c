/* SPDX-License-Identifier: MIT */
/* Usage and help of a command, from its struct. */
#include "base/output.h"
#include "base/text.h"
#include "command/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that grows in a buffer. What does not fit is cut. */
struct text {
	char *buffer;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text->buffer + text->used, text->size - text->used, format, args);
	va_end(args);
	if (len > 0)
		text->used += (size_t)len;
	if (text->used >= text->size)
		text->used = text->size - 1;
}

/* "--retries N", "--group[=KEY]" */
static void add_option(struct text *text, const struct option *option)
{
	add(text, "%s", option->name);
	if (option->argument)
		add(text, option->is_optional ? "[=%s]" : " %s", option->argument);
}

static void add_usage(struct text *text, const struct command *command)
{
	const char *before = "";
	if (command->operand) {
		add(text, "%s", command->operand);
		before = " ";
	}
	for (size_t i = 0; command->options[i]; i++) {
		add(text, "%s[", before);
		add_option(text, command->options[i]);
		add(text, "]");
		before = " ";
	}
}

/* "name, function, file or state", in lines. */
static void add_keys(struct text *text, const struct option *option)
{
	size_t width = 0, left = 0;
	for (const struct view_key *key = view_keys; key->name; key++)
		left += option->takes_key(key);
	for (const struct view_key *key = view_keys; key->name; key++) {
		if (!option->takes_key(key))
			continue;
		bool is_open = key->name[strlen(key->name) - 1] == '.';
		const char *after = --left > 1 ? ", " : left ? " or " : "";
		width += strlen(key->name) + strlen(after);
		if (width > 60 && after[0]) {
			add(text, "\n      ");
			width = 0;
		}
		add(text, "%s%s%s", key->name, is_open ? "VAR" : "", after);
	}
}

static void add_option_help(struct text *text, const struct option *option,
			    const struct command *command)
{
	const char *const *choices = option_choices(option, command);
	add(text, "  ");
	add_option(text, option);
	add(text, "\n      ");
	for (const char *c = option->help; *c; c++) {
		if (option->takes_key && c[0] == '%' && c[1] == 's') {
			add_keys(text, option);
			c++;
		} else if (choices && c[0] == '%' && c[1] == 's') {
			char list[256];
			text_list(choices, list, sizeof(list));
			add(text, "%s", list);
			c++;
		} else {
			add(text, *c == '\n' ? "%c      " : "%c", *c);
		}
	}
	add(text, "\n");
}

void help_describe(const struct command *command, struct aiodbg_command *ret)
{
	struct text usage = {ret->usage, sizeof(ret->usage), 0};
	struct text help = {ret->help, sizeof(ret->help), 0};
	ret->name = command->name;
	ret->summary = command->summary;
	ret->usage[0] = '\0';
	add_usage(&usage, command);
	add(&help, "%s\nOptions:\n", command->help);
	for (size_t i = 0; command->options[i]; i++)
		add_option_help(&help, command->options[i], command);
}

int help_write(const struct command *command, const struct aiodbg_sink *sink,
	       struct aiodbg_error *err)
{
	struct output out;
	struct aiodbg_command described;
	help_describe(command, &described);
	output_init(&out, sink);
	output_format(&out, "%s\n\nUsage: asyncio %s %s\n\n", described.summary, described.name,
		      described.usage);
	output_text(&out, described.help);
	return output_finish(&out, err);
}
