/* SPDX-License-Identifier: MIT */
/* asyncio why: what is wrong. */
#include "command/command.h"

const struct command command_why = {
	.name = "why",
	.operand = "[PID | TASK | OBJECT]",
	.operands = OPERAND_PID | OPERAND_TASK,
	.summary = "Say what is wrong: who waits for what, who holds it, which loop is blocked.",
	.help = "The verdicts about the process, worst first, each with how sure it is; then what\n"
		"its tasks wait for, counted. A verdict that is certain holds until a task is\n"
		"cancelled from outside. A PID alone is short for --pid PID.\n"
		"\n"
		"Of a task, by its id or name: why it waits, who has what it waits for, why\n"
		"that one waits, and so on. Of the address of a lock, queue, event or other\n"
		"object: who has it, and who waits for it.\n",
	.wants = AIODBG_WANT_WAITS | AIODBG_WANT_VERDICTS,
	.looks_twice = true,
	.shows = AIODBG_SHOW_WHY,
	.formats = (const char *const[]){"text", "json", NULL},
	.options = (const struct option *const[]){&option_format, &option_json, &option_all,
						  &option_with, &option_without,
						  &option_sort_verdicts, &option_top,
						  &option_frames, &option_fail_on, &option_pid,
						  &option_retries, &option_after, &option_output,
						  &option_help, NULL},
	.run = run_snapshot,
};
