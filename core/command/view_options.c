/* SPDX-License-Identifier: MIT */
/* Options that say which tasks are shown, and in which order: view/view.h. */
#include "base/error.h"
#include "base/glob.h"
#include "base/spell.h"
#include "command/command.h"
#include "view/threads.h"

#include <stdio.h>
#include <string.h>

/* ---- near misses ---- */

#define KEYS_MAX 32

/* Names of the keys that an option takes, ended by NULL. */
static void names_of_keys(bool (*takes)(const struct view_key *key), const char *names[KEYS_MAX])
{
	size_t count = 0;
	for (const struct view_key *key = view_keys; key->name && count + 1 < KEYS_MAX; key++) {
		if (takes(key))
			names[count++] = key->name;
	}
	names[count] = NULL;
}

static bool takes_filter(const struct view_key *key)
{
	return key->match != NULL;
}

static bool takes_group(const struct view_key *key)
{
	return key->write != NULL;
}

static bool takes_sort(const struct view_key *key)
{
	return key->order != NULL;
}

static bool takes_filter_of_threads(const struct view_key *key)
{
	return key->of_threads && key->of_threads->value;
}

/* Without a key they are grouped by "stack". */
static bool takes_group_of_threads(const struct view_key *key)
{
	return takes_filter_of_threads(key) && key->of_threads->write;
}

static bool takes_sort_of_threads(const struct view_key *key)
{
	return key->of_threads && (key->of_threads->order || !key->of_threads->value);
}

/* All values of a key, if they are few; else NULL. */
static const char *const *values_of(const struct option *option, const struct view_key *key)
{
	return option->of_threads ? key->of_threads->values : key->values;
}

static int no_such_key(const struct option *option, const char *word, size_t len,
		       struct aiodbg_error *err)
{
	const char *names[KEYS_MAX];
	names_of_keys(option->takes_key, names);
	/* The name of a variable is not compared. */
	const char *dot = memchr(word, '.', len);
	if (dot && (size_t)(dot + 1 - word) < len)
		len = (size_t)(dot + 1 - word);
	const char *near = spell_nearest(names, word, len);
	bool is_open = near && near[strlen(near) - 1] == '.';
	if (near)
		return error_set(err, AIODBG_USAGE,
				 "%s knows no \"%.*s\": did you mean %s%s%s%.80s?", option->name,
				 (int)(len < 40 ? len : 40), word, option->name,
				 option->is_optional ? "=" : " ", near,
				 word[len] ? word + len
				 : is_open ? "VAR"
					   : "");
	error_set(err, AIODBG_USAGE, "%s knows no \"%.*s\": try ", option->name,
		  (int)(len < 40 ? len : 40), word);
	for (size_t i = 0; names[i]; i++)
		error_append(err, "%s%s%s", i ? ", " : "", names[i],
			     names[i][strlen(names[i]) - 1] == '.' ? "VAR" : "");
	return AIODBG_USAGE;
}

/* Ask for a context variable, of a name of len bytes. */
static int add_variable(const char *name, size_t len, char variable[VIEW_VARIABLE_MAX],
			struct arguments *ret, struct aiodbg_error *err)
{
	size_t used = strlen(ret->context);
	if (len >= VIEW_VARIABLE_MAX || used + len + 2 > sizeof(ret->context) ||
	    memchr(name, ',', len))
		return error_set(err, AIODBG_USAGE, "no name of a context variable: \"%.*s\"",
				 (int)(len < 40 ? len : 40), name);
	memcpy(variable, name, len);
	variable[len] = '\0';
	snprintf(ret->context + used, sizeof(ret->context) - used, "%s%s", used ? "," : "",
		 variable);
	return 0;
}

static int find_key(const struct option *option, const char *word, size_t len,
		    char variable[VIEW_VARIABLE_MAX], const struct view_key **ret,
		    struct arguments *arguments, struct aiodbg_error *err)
{
	const char *name;
	*ret = view_key_find(word, len, &name);
	if (!*ret || !option->takes_key(*ret))
		return no_such_key(option, word, len, err);
	if (!name[0])
		return 0;
	return add_variable(name, len - (size_t)(name - word), variable, arguments, err);
}

/* A pattern for one of a few values that fits none of them. */
static int check_values(const struct option *option, const struct view_filter *filter,
			struct aiodbg_error *err)
{
	struct work work = {.left = UINT32_MAX};
	const char *const *values = values_of(option, filter->key);
	bool fits = !values || !filter->pattern;
	for (const char *const *value = values; !fits && *value; value++)
		glob_match(&work, filter->pattern, *value, &fits);
	if (fits)
		return 0;
	const char *near = spell_nearest(values, filter->pattern, strlen(filter->pattern));
	if (near)
		return error_set(err, AIODBG_USAGE, "no %s is \"%.40s\": did you mean %s %s=%s?",
				 filter->key->name, filter->pattern, option->name,
				 filter->key->name, near);
	error_set(err, AIODBG_USAGE, "no %s is \"%.40s\": try ", filter->key->name,
		  filter->pattern);
	for (size_t i = 0; values[i]; i++)
		error_append(err, "%s%s", i ? ", " : "", values[i]);
	return AIODBG_USAGE;
}

/* ---- parsing ---- */

static int parse_filter(const struct option *option, const struct command *command,
			const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	struct view_query *query = &ret->query;
	size_t len = strcspn(value, "=");
	struct view_filter filter = {
		.pattern = value[len] ? value + len + 1 : NULL,
		.text = value,
		.without = !strcmp(option->name, "--without"),
	};
	(void)command;
	int status = find_key(option, value, len, filter.variable, &filter.key, ret, err);
	if (!status && filter.pattern && strlen(filter.pattern) > GLOB_MAX)
		status = error_set(err, AIODBG_USAGE, "%s: a pattern of more than %d characters",
				   option->name, GLOB_MAX);
	if (!status)
		status = check_values(option, &filter, err);
	if (!status && query->filter_count == VIEW_FILTERS)
		status = error_set(err, AIODBG_USAGE, "more than %d times --with and --without",
				   VIEW_FILTERS);
	if (status)
		return status;
	query->filters[query->filter_count++] = filter;
	uint32_t wants = option->of_threads ? 0 : filter.key->wants(filter.pattern);
	/* What is to be left out need not be found. */
	ret->wants |= filter.without ? wants & ~(uint32_t)AIODBG_WANT_FINISHED : wants;
	ret->has_query = true;
	return 0;
}

static int parse_sort(const struct option *option, const struct command *command, const char *value,
		      struct arguments *ret, struct aiodbg_error *err)
{
	(void)command;
	int status = find_key(option, value, strlen(value), ret->query.sort_variable,
			      &ret->query.sort, ret, err);
	if (status)
		return status;
	ret->wants |= ret->query.sort->group_wants;
	ret->has_query = true;
	return 0;
}

static int parse_top(const struct option *option, const struct command *command, const char *value,
		     struct arguments *ret, struct aiodbg_error *err)
{
	int status = option_parse_number(option, command, value, ret, err);
	if (status)
		return status;
	ret->query.top = (size_t)ret->top;
	ret->query.is_cut = ret->top > 0;
	ret->has_query = true;
	return 0;
}

static const char *const frames_values[] = {"all", "own", NULL};

static int parse_frames(const struct option *option, const struct command *command,
			const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)command;
	const char *near = spell_nearest(frames_values, value, strlen(value));
	if (strcmp(value, "all") != 0 && strcmp(value, "own") != 0)
		return error_set(err, AIODBG_USAGE, "%s takes all or own, not \"%.40s\"%s%s%s",
				 option->name, value, near ? ": did you mean " : "",
				 near ? near : "", near ? "?" : "");
	ret->query.own_frames = value[0] == 'o';
	ret->has_frames = true;
	ret->wants |= ret->query.own_frames ? AIODBG_WANT_OWN : 0;
	return 0;
}

static int parse_group(const struct option *option, const struct command *command,
		       const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)command;
	int status = 0;
	ret->query.group = NULL;
	if (value && strcmp(value, "stack") != 0)
		status = find_key(option, value, strlen(value), ret->query.group_variable,
				  &ret->query.group, ret, err);
	if (status)
		return status;
	ret->wants |= AIODBG_WANT_OWN |
		      (ret->query.group ? ret->query.group->group_wants : AIODBG_WANT_WAITS);
	ret->query.is_grouped = ret->has_query = true;
	return 0;
}

static int parse_compact(const struct option *option, const struct command *command,
			 const char *value, struct arguments *ret, struct aiodbg_error *err)
{
	(void)option, (void)command, (void)value, (void)err;
	ret->query.compact = true;
	ret->wants |= AIODBG_WANT_OWN | AIODBG_WANT_WAITS;
	return 0;
}

/* ---- completion ---- */

/* Returned strings live until the next call. */
static const char *completed(const char *name, const char *value)
{
	static _Thread_local char text[128];
	snprintf(text, sizeof(text), value ? "%s=%s" : "%s", name, value);
	return text;
}

/* Keys; and behind "KEY=" its values. */
static const char *complete_filter(const struct option *option, const char *word,
				   unsigned int index)
{
	size_t len = strlen(word);
	for (const struct view_key *key = view_keys; key->name; key++) {
		size_t of_key = strlen(key->name);
		if (!option->takes_key(key))
			continue;
		if (!strncmp(key->name, word, len) && index-- == 0)
			return key->name;
		/* With its values a key is not complete, and a debugger puts no blank behind it. */
		bool begun = len && len <= of_key && !strncmp(key->name, word, len);
		bool typed = !strncmp(key->name, word, of_key) && word[of_key] == '=';
		const char *start = typed ? word + of_key + 1 : "";
		for (const char *const *value = values_of(option, key); value && *value; value++) {
			if ((begun || typed) && !strncmp(*value, start, strlen(start)) &&
			    index-- == 0)
				return completed(key->name, *value);
		}
	}
	return NULL;
}

static const char *complete_key(const struct option *option, const char *word, unsigned int index)
{
	for (const struct view_key *key = view_keys; key->name; key++) {
		if (option->takes_key(key) && !strncmp(key->name, word, strlen(word)) &&
		    index-- == 0)
			return key->name;
	}
	return NULL;
}

/* ---- the options ---- */

const struct option option_with = {
	.name = "--with",
	.argument = "KEY[=PATTERN]",
	.help = "Only tasks that fit; any of several patterns of one key, all of different\n"
		"keys. A pattern is a part of the value or, with * ? [, all of it. KEY is\n%s.",
	.takes_key = takes_filter,
	.parse = parse_filter,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_filter,
};

const struct option option_without = {
	.name = "--without",
	.argument = "KEY[=PATTERN]",
	.help = "Only tasks that do not fit.",
	.takes_key = takes_filter,
	.parse = parse_filter,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_filter,
};

const struct option option_sort = {
	.name = "--sort",
	.argument = "KEY",
	.help = "Sort by %s.",
	.takes_key = takes_sort,
	.parse = parse_sort,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_key,
};

const struct option option_top_tasks = {
	.name = "--top",
	.argument = "N",
	.help = "Show the first N tasks, and all that run or are damaged; 0: all, which is\n"
		"the default.",
	.parse = parse_top,
	.field = offsetof(struct arguments, top),
	.max = INT32_MAX,
};

const struct option option_frames = {
	.name = "--frames",
	.argument = "all|own",
	.help = "Show all frames, or the program's own and how many are between them. Own\n"
		"is what is in neither the standard library nor site-packages.",
	.choices = frames_values,
	.parse = parse_frames,
	.word = AIODBG_WORD_CHOICE,
};

const struct option option_compact = {
	.name = "--compact",
	.help = "A level for each task, own frames only, what each waits for, and equal\n"
		"parts once with their number: made for a screen, and to be pasted.",
	.parse = parse_compact,
};

const struct option option_group = {
	.name = "--group",
	.argument = "KEY",
	.is_optional = true,
	.help = "A row for each group of tasks, the largest first: 10, or as --top says.\n"
		"Without a KEY those are one group that wait for the same in the same own\n"
		"functions, from the root of the tree on. KEY is\n%s.",
	.takes_key = takes_group,
	.parse = parse_group,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_key,
};

/* ---- of threads ---- */

const struct option option_with_threads = {
	.name = "--with",
	.argument = "KEY[=PATTERN]",
	.help = "Only threads that fit; any of several patterns of a key, all of different\n"
		"keys. A pattern is a part of the value or, with * ? [, all of it. KEY is\n%s.",
	.takes_key = takes_filter_of_threads,
	.of_threads = true,
	.parse = parse_filter,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_filter,
};

const struct option option_without_threads = {
	.name = "--without",
	.argument = "KEY[=PATTERN]",
	.help = "Only threads that do not fit.",
	.takes_key = takes_filter_of_threads,
	.of_threads = true,
	.parse = parse_filter,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_filter,
};

const struct option option_sort_threads = {
	.name = "--sort",
	.argument = "KEY",
	.help = "Sort by %s.",
	.takes_key = takes_sort_of_threads,
	.of_threads = true,
	.parse = parse_sort,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_key,
};

const struct option option_group_threads = {
	.name = "--group",
	.argument = "KEY",
	.is_optional = true,
	.help = "A row for each group of threads, the largest first: 10, or as --top says.\n"
		"Without a KEY those are one group that do the same in the same own\n"
		"functions. KEY is\n%s.",
	.takes_key = takes_group_of_threads,
	.of_threads = true,
	.parse = parse_group,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_key,
};

const struct option option_top_threads = {
	.name = "--top",
	.argument = "N",
	.help = "Show the first N threads, and all that run; 0: all, which is the default.",
	.parse = parse_top,
	.field = offsetof(struct arguments, top),
	.max = INT32_MAX,
};

/* ---- of verdicts ---- */

const struct option option_sort_verdicts = {
	.name = "--sort",
	.argument = "KEY",
	.help = "Show verdicts that are equally bad, and tasks in JSON, in the order of\n"
		"their tasks by %s.",
	.takes_key = takes_sort,
	.parse = parse_sort,
	.word = AIODBG_WORD_CHOICE,
	.complete = complete_key,
};
