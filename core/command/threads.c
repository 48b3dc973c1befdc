/* SPDX-License-Identifier: MIT */
/* asyncio threads: where each thread is. */
#include "command/command.h"

const struct command command_threads = {
	.name = "threads",
	.operand = "[TID]",
	.operands = OPERAND_TID,
	.summary = "Show where each Python thread is, and what it waits for.",
	.help = "A row for each thread: what it does or waits for, whether it has the global\n"
		"interpreter lock, the event loop and task that it runs, and its innermost own\n"
		"frame. With the kernel's id of a thread: its whole stack with source lines, and\n"
		"all else that is known of it.\n",
	.wants = AIODBG_WANT_WAITS | AIODBG_WANT_THREADS,
	.shows = AIODBG_SHOW_THREADS,
	.formats = (const char *const[]){"text", "json", NULL},
	.options = (const struct option *const[]){&option_format, &option_json,
						  &option_with_threads, &option_without_threads,
						  &option_sort_threads, &option_group_threads,
						  &option_top_threads, &option_locals,
						  &option_frames, &option_pid, &option_retries,
						  &option_output, &option_help, NULL},
	.run = run_snapshot,
};
