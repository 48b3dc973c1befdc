/* SPDX-License-Identifier: MIT */
/*
 * What runs and what is to be called, of the program: functions that no module has any more may be there,
 * such as a lambda that a timer got when the program began.
 */
#include "asyncio/future.h"
#include "asyncio/handle.h"
#include "asyncio/native_loop.h"
#include "base/error.h"
#include "closure/program.h"
#include "cpython/attr.h"
#include "cpython/locals.h"
#include "cpython/stack.h"
#include "waits/reading.h"

#include <string.h>

/* ---- frames ---- */

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	(void)decoder;
	return local->value ? program_push(arg, local->value, 0, true) : 0;
}

static int visit_value(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	(void)decoder;
	return program_push(arg, value->value, 0, true);
}

static int read_frame(struct program *program, const struct frame *frame)
{
	struct waiting *waiting = program->waiting;
	const struct code *code = frame->location ? frame->location->code : NULL;
	bool exact;
	if (!code || code->is_compiled)
		return 0;
	int status = own_is(&waiting->own, code) ? program_add(program, code, 0, 0, false) : 0;
	if (!status)
		status = locals_visit(waiting->decoder, frame, visit_local, program);
	if (!status && frame->depth >= 0)
		status = stack_visit(waiting->decoder, frame, &exact, visit_value, program);
	return error_is_fatal(status) ? status : 0;
}

static int read_task(struct program *program, const struct task *task)
{
	struct waiting *waiting = program->waiting;
	int status = waiting_walk(waiting, task);
	for (size_t i = 0; !status && i < waiting->chain.count; i++)
		status = read_frame(program, &waiting->chain.items[i].frame);
	return error_is_fatal(status) ? status : 0;
}

static int visit_frame(void *arg, const struct frame *frame)
{
	return read_frame(arg, frame);
}

static int read_thread(struct program *program, size_t index)
{
	int status = reading_visit_inner(program->waiting, index, visit_frame, program);
	program->is_cut |= status && !program->waiting->decoder->reader.cache.changing;
	return error_is_fatal(status) ? status : 0;
}

/* ---- callbacks ---- */

static int visit_native(struct decoder *decoder, uint64_t object, void *arg)
{
	struct program *program = arg;
	struct handle handle;
	int status = handle_read(decoder, object, &handle);
	if (!status)
		status = program_push(program, handle.callback, 0, true);
	if (!status)
		status = program_push(program, handle.args, 0, true);
	return error_is_fatal(status) ? status : program_push(program, object, 0, true);
}

/* What is to be called, and whose methods are. */
static int add_callbacks(struct program *program, uint64_t loop)
{
	struct decoder *decoder = program->waiting->decoder;
	struct loop_handles handles;
	int status = loop_handles_find(decoder, loop, &handles);
	const uint64_t found[] = {handles.timers, handles.ready, handles.signals, handles.files};
	bool is_known = handles.timers && handles.ready && handles.files;
	if (!status && !handles.timers)
		status = native_loop_visit(decoder, loop, visit_native, program, &is_known);
	/* Of another kind, it may have callbacks that are not seen. */
	program->is_cut |= status || !is_known;
	for (int i = 0; !status && i < 4; i++)
		status = program_push(program, found[i], 0, true);
	return error_is_fatal(status) ? status : 0;
}

static int visit_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	(void)decoder;
	return program_push(arg, addr, 0, true);
}

static int read_callbacks(struct program *program, const struct task *task)
{
	struct decoder *decoder = program->waiting->decoder;
	struct future future;
	int status = future_read(decoder, task->id, EXPECT_TASK, &future);
	if (!status)
		status = future_visit_callbacks(decoder, &future, visit_callback, program);
	program->is_cut |= status && !program->waiting->decoder->reader.cache.changing;
	return error_is_fatal(status) ? status : 0;
}

static int read_loops(struct program *program)
{
	const struct aiodbg_snapshot *snap = program->waiting->snap;
	int status = 0;
	for (size_t i = 0; !status && i < snap->threads.count; i++) {
		uint64_t loop = snap->threads.items[i].running_loop;
		if (loop)
			status = add_callbacks(program, loop);
	}
	/* Loops lead to everything. */
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		uint64_t loop = snap->tasks.items[i]->loop;
		if (loop && !addrmap_put(&program->seen, loop, program))
			status = waiting_no_memory(program->waiting);
	}
	return status;
}

int running_read(struct program *program, const bool *is_over)
{
	const struct aiodbg_snapshot *snap = program->waiting->snap;
	int status = read_loops(program);
	program->at = (struct program_place){0};
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		if (!task_is_pending(task) || task->is_copy)
			continue;
		status = read_callbacks(program, task);
		if (!status && !is_over[i])
			status = read_task(program, task);
	}
	for (size_t i = 0; !status && i < snap->threads.count; i++)
		status = read_thread(program, i);
	return status;
}
