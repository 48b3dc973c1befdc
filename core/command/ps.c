/* SPDX-License-Identifier: MIT */
/* asyncio ps: a table of tasks. */
#include "command/command.h"

const struct command command_ps = {
	.name = "ps",
	.operand = "[PID]",
	.operands = OPERAND_PID,
	.summary = "Show a table of the pending asyncio tasks.",
	.help = "A row for each task and awaiter: the thread, the task's id and name, where it\n"
		"stands (innermost coroutine first), and the task that waits for it. A task that\n"
		"nobody waits for has the awaiter id 0x0. A PID alone is short for --pid PID.\n",
	.shows = AIODBG_SHOW_TASKS,
	.formats = (const char *const[]){"table", "json", NULL},
	.options = (const struct option *const[]){&option_format, &option_json, &option_waits,
						  &option_with, &option_without, &option_sort,
						  &option_group, &option_top_tasks, &option_frames,
						  &option_pid, &option_retries, &option_output,
						  &option_help, NULL},
	.run = run_snapshot,
};
