/* SPDX-License-Identifier: MIT */
/* asyncio task: everything known of one task. */
#include "command/command.h"

const struct command command_task = {
	.name = "task",
	.operand = "TASK",
	.operands = OPERAND_TASK,
	.summary = "Show everything known of one task.",
	.help = "TASK is an id, as other commands print it, also of a finished task, or a name\n"
		"that only one task has. Shows its state, what it waits for, who has that and\n"
		"why it does not let go, its whole stack with source lines, who awaits it, its\n"
		"context variables, and how it ended.\n",
	.wants = AIODBG_WANT_DETAIL | AIODBG_WANT_WAITS,
	.shows = AIODBG_SHOW_TASK,
	.formats = (const char *const[]){"text", "json", NULL},
	.options = (const struct option *const[]){&option_format, &option_json, &option_locals,
						  &option_frames, &option_pid, &option_retries,
						  &option_output, &option_help, NULL},
	.run = run_snapshot,
};
