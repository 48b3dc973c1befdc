/* SPDX-License-Identifier: MIT */
/* asyncio loops: what each event loop does. */
#include "command/command.h"

const struct command command_loops = {
	.name = "loops",
	.operand = "[PID | LOOP]",
	.operands = OPERAND_PID | OPERAND_LOOP,
	.summary = "Show what each event loop does, and what comes next.",
	.help = "A row for each loop: the thread that runs it, what it does and for how long,\n"
		"what is ready, its timers, the files that it watches, its tasks. Loops that no\n"
		"thread runs are there if pending tasks lead to them. With the address of a loop:\n"
		"what it runs and where, what is ready, timers by due time, files with who waits\n"
		"for each, its signal handlers and its executor.\n"
		"A PID alone is short for --pid PID.\n",
	.wants = AIODBG_WANT_WAITS | AIODBG_WANT_LOOPS,
	.shows = AIODBG_SHOW_LOOPS,
	.formats = (const char *const[]){"text", "json", NULL},
	.options = (const struct option *const[]){&option_format, &option_json, &option_top_lines,
						  &option_pid, &option_retries, &option_output,
						  &option_help, NULL},
	.run = run_snapshot,
};
