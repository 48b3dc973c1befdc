/* SPDX-License-Identifier: MIT */
/* --fail-on: verdicts that make a command fail after its output. */
#include "base/error.h"
#include "base/spell.h"
#include "command/command.h"
#include "verdicts/verdicts.h"

#include <stdio.h>
#include <string.h>

/* Tasks that await each other in a circle. */
static const char cycle[] = "cycle";

static bool is_word(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(word, name, len);
}

/* The level that a word names, or -1. */
static int level_of(const char *word, size_t len)
{
	for (int level = CERTAINTY_LIKELY; level <= CERTAINTY_CERTAIN; level++) {
		if (is_word(word, len, certainty_name((enum certainty)level)))
			return level;
	}
	return -1;
}

static int kind_of(const char *word, size_t len)
{
	for (int kind = 0; kind < VERDICT_KIND_COUNT; kind++) {
		if (is_word(word, len, verdict_name((enum verdict_kind)kind)))
			return kind;
	}
	return -1;
}

static int no_such_word(const char *word, size_t len, struct aiodbg_error *err)
{
	const char *names[VERDICT_KIND_COUNT + 4] = {NULL};
	size_t count = 0;
	for (int kind = 0; kind < VERDICT_KIND_COUNT; kind++)
		names[count++] = verdict_name((enum verdict_kind)kind);
	names[count++] = cycle;
	for (int level = CERTAINTY_LIKELY; level <= CERTAINTY_CERTAIN; level++)
		names[count++] = certainty_name((enum certainty)level);
	error_set(err, AIODBG_USAGE, "--fail-on knows no \"%.*s\"", (int)(len < 40 ? len : 40),
		  word);
	const char *near = spell_nearest(names, word, len);
	if (near)
		error_append(err, ": did you mean %s?", near);
	for (size_t i = 0; !near && i < count; i++)
		error_append(err, "%s%s", !i ? ": try " : i + 1 == count ? " or " : ", ", names[i]);
	return AIODBG_USAGE;
}

int fail_on_check(const char *text, struct aiodbg_error *err)
{
	for (const char *word = text;; word++) {
		size_t len = strcspn(word, ",");
		if (level_of(word, len) < 0 && kind_of(word, len) < 0 && !is_word(word, len, cycle))
			return no_such_word(word, len, err);
		word += len;
		if (!*word)
			return 0;
	}
}

static size_t count_matches(const char *word, size_t len, const struct aiodbg_snapshot *snap,
			    bool all)
{
	size_t count = 0;
	int level = level_of(word, len), kind = kind_of(word, len);
	enum certainty least = all ? CERTAINTY_POSSIBLE : CERTAINTY_LIKELY;
	if (level >= 0)
		least = (enum certainty)level;
	for (size_t i = 0; is_word(word, len, cycle) && i < snap->cycles.count; i++)
		count += snap->cycles.items[i].deadlock;
	for (size_t i = 0; (level >= 0 || kind >= 0) && i < snap->verdicts->list.count; i++) {
		const struct verdict *verdict = &snap->verdicts->list.items[i];
		count += verdict->certainty >= least &&
			 (kind < 0 || verdict->kind == (enum verdict_kind)kind);
	}
	return count;
}

int fail_on_match(const char *text, const struct aiodbg_snapshot *snap, bool all,
		  struct aiodbg_error *err)
{
	for (const char *word = text;; word++) {
		size_t len = strcspn(word, ",");
		size_t count = count_matches(word, len, snap, all);
		if (count)
			return error_set(err, AIODBG_MATCHED, "--fail-on %.*s: there %s %zu",
					 (int)len, word, count == 1 ? "is" : "are", count);
		word += len;
		if (!*word)
			return 0;
	}
}
