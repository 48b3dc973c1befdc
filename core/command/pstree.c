/* SPDX-License-Identifier: MIT */
/* asyncio pstree: who waits for whom, as a tree. */
#include "command/command.h"

const struct command command_pstree = {
	.name = "pstree",
	.operand = "[PID]",
	.operands = OPERAND_PID,
	.summary = "Show the pending asyncio tasks as a tree.",
	.help = "Each task, marked (T), hangs under the innermost frame of the task that waits\n"
		"for it. Below a task are its own frames, with file and line. A task with several\n"
		"awaiters is drawn once; its other places refer to it. Tasks that wait for each\n"
		"other in a circle are listed at the end. A PID alone is short for --pid PID.\n",
	.with_awaiters = true,
	.shows = AIODBG_SHOW_TASKS,
	.formats = (const char *const[]){"tree", "json", NULL},
	.options = (const struct option *const[]){&option_format, &option_json, &option_waits,
						  &option_with, &option_without, &option_sort,
						  &option_top_tasks, &option_frames,
						  &option_compact, &option_pid, &option_retries,
						  &option_output, &option_help, NULL},
	.run = run_snapshot,
};
