/* SPDX-License-Identifier: MIT */
/* Settings, and the commands that show and change them. See command/settings.h. */
#include "command/settings.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/spell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind_of_setting {
	/* The second of two choices is true. */
	SETTING_CHOICE,
	SETTING_NUMBER,
	SETTING_PATTERNS,
};

struct setting {
	const char *name, *argument, *summary;
	enum kind_of_setting kind;
	const char *choices[3];
	/* Where it is: a bool, an int64_t or the text. */
	size_t field;
	int64_t min, max;
	/* The word for a negative number. */
	const char *otherwise;
};

#define FIELD(name) offsetof(struct aiodbg_settings, name)

static const struct setting settings[] = {
	{
		.name = "frames",
		.argument = "all|own",
		.summary = "Whether all frames are shown, or the program's own.",
		.choices = {"all", "own"},
		.field = FIELD(own_frames),
	},
	{
		.name = "own",
		.argument = "PATTERN[:PATTERN]",
		.summary = "Files that are the program's own, too: parts of paths, or globs.",
		.kind = SETTING_PATTERNS,
		.field = FIELD(own),
	},
	{
		.name = "compact",
		.argument = "on|off",
		.summary = "Whether pstree is compact.",
		.choices = {"off", "on"},
		.field = FIELD(compact),
	},
	{
		.name = "top",
		.argument = "N",
		.summary = "How many tasks, groups or lines are shown; 0: all.",
		.kind = SETTING_NUMBER,
		.field = FIELD(top),
		.max = INT32_MAX,
		.otherwise = "default",
	},
	{
		.name = "redact",
		.argument = "on|off",
		.summary = "Whether secrets are hidden in values.",
		.choices = {"off", "on"},
		.field = FIELD(hides_secrets),
	},
	{
		.name = "value-length",
		.argument = "N",
		.summary = "Characters of a local variable's value that are shown.",
		.kind = SETTING_NUMBER,
		.field = FIELD(value_length),
		.min = 10,
		.max = LIMIT_REPR,
	},
};
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

const struct aiodbg_settings settings_defaults = {
	.hides_secrets = true,
	.top = -1,
	.value_length = LIMIT_REPR_BRIEF,
};

const char *setting_name(unsigned int index)
{
	return index < SETTING_COUNT ? settings[index].name : NULL;
}

static const struct setting *setting_named(const char *name)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (!strcmp(settings[i].name, name))
			return &settings[i];
	}
	return NULL;
}

static int no_such_setting(const char *name, struct aiodbg_error *err)
{
	const char *names[SETTING_COUNT + 1] = {NULL};
	for (size_t i = 0; i < SETTING_COUNT; i++)
		names[i] = settings[i].name;
	const char *near = spell_nearest(names, name, strlen(name));
	if (near)
		return error_set(err, AIODBG_USAGE, "no setting is \"%.40s\": did you mean %s?",
				 name, near);
	error_set(err, AIODBG_USAGE, "no setting is \"%.40s\": try ", name);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		error_append(err, "%s%s", i ? ", " : "", settings[i].name);
	return AIODBG_USAGE;
}

/* ---- values ---- */

static void write_setting(const struct aiodbg_settings *from, const struct setting *setting,
			  char *buf, size_t size)
{
	const char *field = (const char *)from + setting->field;
	int64_t number;
	switch (setting->kind) {
	case SETTING_CHOICE:
		snprintf(buf, size, "%s", setting->choices[*(const bool *)field]);
		return;
	case SETTING_NUMBER:
		memcpy(&number, field, sizeof(number));
		if (number < 0)
			snprintf(buf, size, "%s", setting->otherwise);
		else
			snprintf(buf, size, "%" PRId64, number);
		return;
	default:
		snprintf(buf, size, "%s", field);
		return;
	}
}

static int set_choice(const struct setting *setting, const char *value, char *field,
		      struct aiodbg_error *err)
{
	for (int i = 0; i < 2; i++) {
		if (strcmp(value, setting->choices[i]) != 0)
			continue;
		*(bool *)field = i;
		return 0;
	}
	const char *const words[] = {setting->choices[0], setting->choices[1], NULL};
	const char *near = spell_nearest(words, value, strlen(value));
	return error_set(err, AIODBG_USAGE, "%s is %s or %s, not \"%.40s\"%s%s%s", setting->name,
			 words[0], words[1], value, near ? ": did you mean " : "", near ? near : "",
			 near ? "?" : "");
}

static int set_number(const struct setting *setting, const char *value, char *field,
		      struct aiodbg_error *err)
{
	size_t digits = strspn(value, "0123456789");
	int64_t number = -1;
	bool good = setting->otherwise && !strcmp(value, setting->otherwise);
	if (digits && digits <= 18 && !value[digits]) {
		number = strtoll(value, NULL, 10);
		good = number >= setting->min && number <= setting->max;
	}
	if (!good)
		return error_set(err, AIODBG_USAGE,
				 "%s is a number from %" PRId64 " to %" PRId64
				 "%s%s, not \"%.40s\"",
				 setting->name, setting->min, setting->max,
				 setting->otherwise ? ", or " : "",
				 setting->otherwise ? setting->otherwise : "", value);
	memcpy(field, &number, sizeof(number));
	return 0;
}

static int set_patterns(const struct setting *setting, const char *value, char *field,
			struct aiodbg_error *err)
{
	if (strlen(value) >= SETTING_TEXT_MAX)
		return error_set(err, AIODBG_USAGE, "%s has up to %d characters", setting->name,
				 SETTING_TEXT_MAX - 1);
	for (const char *part = value; *part; part += part[strcspn(part, ":")] == ':') {
		size_t len = strcspn(part, ":");
		if (len > GLOB_MAX)
			return error_set(err, AIODBG_USAGE,
					 "%s: a pattern of more than %d characters", setting->name,
					 GLOB_MAX);
		part += len;
	}
	memcpy(field, value, strlen(value) + 1);
	return 0;
}

static int change(struct aiodbg_settings *to, const char *name, const char *value,
		  struct aiodbg_error *err)
{
	const struct setting *setting = setting_named(name);
	if (!setting)
		return no_such_setting(name, err);
	char *field = (char *)to + setting->field;
	if (setting->kind == SETTING_CHOICE)
		return set_choice(setting, value, field, err);
	if (setting->kind == SETTING_NUMBER)
		return set_number(setting, value, field, err);
	return set_patterns(setting, value, field, err);
}

/* ---- the public functions ---- */

struct aiodbg_settings *aiodbg_settings_create(void)
{
	struct aiodbg_settings *made = malloc(sizeof(*made));
	if (made)
		*made = settings_defaults;
	return made;
}

void aiodbg_settings_destroy(struct aiodbg_settings *made)
{
	free(made);
}

int aiodbg_settings_set(struct aiodbg_settings *to, const char *name, const char *value,
			struct aiodbg_error *err)
{
	error_clear(err);
	return change(to, name, value, err);
}

int aiodbg_settings_describe(const struct aiodbg_settings *from, unsigned int index,
			     struct aiodbg_setting *ret)
{
	if (index >= SETTING_COUNT)
		return AIODBG_NOT_FOUND;
	const struct setting *setting = &settings[index];
	ret->name = setting->name;
	ret->argument = setting->argument;
	ret->summary = setting->summary;
	write_setting(from, setting, ret->value, sizeof(ret->value));
	return 0;
}

/* ---- what they do ---- */

static bool takes(const struct command *command, const struct option *option)
{
	for (size_t i = 0; command->options[i]; i++) {
		if (command->options[i] == option)
			return true;
	}
	return false;
}

static void apply_top(const struct aiodbg_settings *from, const struct command *command,
		      struct arguments *arguments)
{
	bool of_tasks = takes(command, &option_top_tasks) || takes(command, &option_top_threads);
	if (from->top < 0 || arguments->top >= 0)
		return;
	arguments->top = from->top;
	if (!of_tasks || !from->top)
		return;
	arguments->query.top = (size_t)from->top;
	arguments->query.is_cut = arguments->has_query = true;
}

void settings_apply(const struct aiodbg_settings *from, const struct command *command,
		    struct arguments *arguments)
{
	struct view_query *query = &arguments->query;
	/* Documents for programs are the same for everybody. */
	if (!from || !strcmp(arguments->format, "json"))
		return;
	if (!arguments->has_frames && from->own_frames && takes(command, &option_frames)) {
		query->own_frames = true;
		arguments->wants |= AIODBG_WANT_OWN;
	}
	if (!arguments->has_frames && from->compact && takes(command, &option_compact)) {
		query->compact = true;
		arguments->wants |= AIODBG_WANT_OWN | AIODBG_WANT_WAITS;
	}
	apply_top(from, command, arguments);
	if (!from->hides_secrets)
		arguments->wants |= AIODBG_WANT_SECRETS;
	arguments->value_length = (uint32_t)from->value_length;
	if (from->own[0])
		query->own_patterns = from->own;
}

/* ---- the commands ---- */

static int need_settings(const struct run *run, struct aiodbg_error *err)
{
	if (run->sink->settings)
		return 0;
	return error_set(err, AIODBG_INVALID, "settings are for debuggers: give options instead");
}

static int run_set(const struct run *run, struct aiodbg_error *err)
{
	const char *name = run->arguments.operand, *value = run->arguments.value;
	int status = need_settings(run, err);
	if (status)
		return status;
	const struct setting *setting = setting_named(name);
	if (setting && !value && setting->kind != SETTING_PATTERNS)
		return error_set(err, AIODBG_USAGE, "a value is needed: asyncio set %s %s", name,
				 setting->argument);
	return change(run->sink->settings, name, value ? value : "", err);
}

static int run_show(const struct run *run, struct aiodbg_error *err)
{
	struct output out;
	char value[SETTING_TEXT_MAX];
	const char *name = run->arguments.operand;
	int status = need_settings(run, err);
	if (!status && name && !setting_named(name))
		status = no_such_setting(name, err);
	if (status)
		return status;
	output_init(&out, run->sink);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		if (name && strcmp(setting->name, name) != 0)
			continue;
		write_setting(run->sink->settings, setting, value, sizeof(value));
		output_format(&out, "%-13s ", setting->name);
		size_t width = output_safe(&out, value[0] ? value : "(none)", SETTING_TEXT_MAX);
		output_fill(&out, ' ', width < 8 ? 8 - width : 0);
		output_format(&out, " %s\n", setting->summary);
	}
	return output_finish(&out, err);
}

static const char *completed_from(const char *candidate, const char *word, unsigned int *index)
{
	if (!candidate || strncmp(candidate, word, strlen(word)) != 0)
		return NULL;
	return (*index)-- == 0 ? candidate : NULL;
}

const char *setting_complete(const char *name, const char *word, unsigned int index)
{
	const char *found = NULL;
	const struct setting *setting = name ? setting_named(name) : NULL;
	for (size_t i = 0; !name && !found && i < SETTING_COUNT; i++)
		found = completed_from(settings[i].name, word, &index);
	for (size_t i = 0; setting && !found && setting->choices[i]; i++)
		found = completed_from(setting->choices[i], word, &index);
	if (setting && !found)
		found = completed_from(setting->otherwise, word, &index);
	return found;
}

const struct command command_set = {
	.name = "set",
	.operand = "NAME [VALUE]",
	.operands = OPERAND_SETTING,
	.summary = "Change a setting of the asyncio commands.",
	.help = "  frames all|own           what --frames is if it is not given\n"
		"  own PATTERN[:PATTERN]    files that are the program's own, too; none: empty\n"
		"  compact on|off           whether pstree is --compact without --frames\n"
		"  top N|default            what --top is if it is not given\n"
		"  redact on|off            whether secrets are hidden in values\n"
		"  value-length N           characters of a variable's value\n"
		"\n"
		"JSON is the same whatever is set. `asyncio show` tells what holds.\n",
	.formats = (const char *const[]){"text", NULL},
	.options = (const struct option *const[]){&option_help, NULL},
	.run = run_set,
};

const struct command command_show = {
	.name = "show",
	.operand = "[NAME]",
	.operands = OPERAND_SETTING,
	.summary = "Show the settings of the asyncio commands.",
	.help = "Of one setting, or of all. `asyncio set` changes them.\n",
	.formats = (const char *const[]){"text", NULL},
	.options = (const struct option *const[]){&option_help, NULL},
	.run = run_show,
};
