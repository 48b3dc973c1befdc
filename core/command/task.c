/* SPDX-License-Identifier: MIT */
/* asyncio task: everything known of one task. */
#include "command/command.h"

static int write_task(void *arg, const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	return aiodbg_render_task(arg, sink, err);
}

static int run_task(const struct run *run, struct aiodbg_error *err)
{
	struct aiodbg_snapshot *snap;
	const struct subject subject = {.task = run->arguments.task};
	int status = run_take_snapshot(run, &subject, err, &snap);
	if (status)
		return status;
	status = run_write(run, write_task, snap, err);
	aiodbg_snapshot_destroy(snap);
	return status;
}

const struct command command_task = {
	.name = "task",
	.operand = "TASK",
	.operands = OPERAND_TASK,
	.summary = "Show everything known of one task.",
	.help = "TASK is an id, as other commands print it, also of a finished task, or a name\n"
		"that only one task has. Shows its state, what it waits for, its whole stack with\n"
		"source lines, who awaits it, its context variables, and how it ended.\n",
	.formats = (const char *const[]){"task", NULL},
	.options = (const struct option *const[]){&option_pid, &option_retries, &option_output,
						  &option_help, NULL},
	.run = run_task,
};
