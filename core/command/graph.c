/* SPDX-License-Identifier: MIT */
/* asyncio graph: the call graph of one task or future. */
#include "command/command.h"
#include "snapshot/find.h"
#include "snapshot/model.h"

struct graph_request {
	const struct aiodbg_snapshot *snap;
	uint64_t id;
	struct aiodbg_graph_options options;
};

static int write_graph(void *arg, const struct aiodbg_sink *sink, struct aiodbg_error *err)
{
	const struct graph_request *request = arg;
	return aiodbg_render_graph(request->snap, request->id, &request->options, sink, err);
}

static int run_graph(const struct run *run, struct aiodbg_error *err)
{
	struct aiodbg_snapshot *snap;
	struct task *task;
	const struct arguments *arguments = &run->arguments;
	struct graph_request request = {
		.options =
			{
				.size = sizeof(request.options),
				.depth = (uint32_t)arguments->depth,
				.limit = (int32_t)arguments->limit,
				.has_limit = arguments->has_limit,
				/* What is selected is not in another process. */
				.tid = run->target && !arguments->pid ? run->target->tid : 0,
			},
	};
	bool by_name = arguments->task && !find_parse_id(arguments->task, &request.id);
	const struct subject subject = {.future = request.id};
	int status = run_take_snapshot(run, &subject, err, &snap);
	if (status)
		return status;
	if (by_name) {
		status = find_task(snap, arguments->task, run->sink->interrupted, run->sink->ctx,
				   err, &task);
		request.id = status ? 0 : task->id;
	}
	request.snap = snap;
	if (!status)
		status = run_write(run, write_graph, &request, err);
	aiodbg_snapshot_destroy(snap);
	return status;
}

const struct command command_graph = {
	.name = "graph",
	.operand = "[TASK]",
	.operands = OPERAND_TASK,
	.summary = "Show the call graph of a task or future, as asyncio.print_call_graph() does.",
	.help = "TASK is an id, as other commands print it, the address of any future, or a name\n"
		"that only one task has. Without it: the task that runs in the selected thread,\n"
		"or else in any. Below its call stack are those who wait for it, and who wait for\n"
		"them, as CPython recorded it (3.14 and later), or as callbacks tell.\n",
	.formats = (const char *const[]){"graph", NULL},
	.options = (const struct option *const[]){&option_depth, &option_limit, &option_pid,
						  &option_retries, &option_output, &option_help,
						  NULL},
	.run = run_graph,
};
