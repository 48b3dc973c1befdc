/* SPDX-License-Identifier: MIT */
/*
 * What `asyncio set` changes: defaults of options, and how values are shown. One table, in
 * command/settings.c, which help, completion and messages come from. Documents for programs do not
 * depend on any of it.
 */
#ifndef COMMAND_SETTINGS_H
#define COMMAND_SETTINGS_H

#include "command/command.h"

#define SETTING_TEXT_MAX 512

struct aiodbg_settings {
	bool own_frames, compact, hides_secrets;
	/* Negative: what each command takes. */
	int64_t top;
	int64_t value_length;
	/* "PATTERN:PATTERN"; "" for none. */
	char own[SETTING_TEXT_MAX];
};

/* Those that hold if there are none. */
extern const struct aiodbg_settings settings_defaults;

/* Name of the index-th setting, or NULL behind the last. */
const char *setting_name(unsigned int index);

/* Fill in what the command line did not say. */
void settings_apply(const struct aiodbg_settings *from, const struct command *command,
		    struct arguments *arguments);

/* The index-th completion of a setting's name; of its value, if name is not NULL. */
const char *setting_complete(const char *name, const char *word, unsigned int index);

#endif
