/* SPDX-License-Identifier: MIT */
/* asyncio graph: the call graph of one task or future. */
#include "command/command.h"

const struct command command_graph = {
	.name = "graph",
	.operand = "[TASK]",
	.operands = OPERAND_TASK,
	.summary = "Show the call graph of a task or future, as asyncio.print_call_graph() does.",
	.help = "TASK is an id, as other commands print it, the address of any future, or a name\n"
		"that only one task has. Without it: the task that runs in the selected thread,\n"
		"or else in any. Below its call stack are those who wait for it, and who wait for\n"
		"them, as CPython recorded it (3.14 and later), or as callbacks tell.\n",
	.shows = AIODBG_SHOW_GRAPH,
	.formats = (const char *const[]){"text", NULL},
	.options = (const struct option *const[]){&option_depth, &option_limit, &option_frames,
						  &option_pid, &option_retries, &option_output,
						  &option_help, NULL},
	.run = run_snapshot,
};
