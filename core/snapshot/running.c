/* SPDX-License-Identifier: MIT */
/* From the frames of threads to the stacks of running tasks. See snapshot/running.h. */
#include "snapshot/running.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/sort.h"
#include "cpython/greenlet.h"
#include "cpython/interp.h"
#include "cpython/resumed.h"
#include "memory/walk.h"
#include "snapshot/builder.h"

#include <string.h>

static int compare_executing(const void *a, const void *b)
{
	const struct executing *x = a, *y = b;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* What the coroutine in this frame has resumed that is not among the thread's frames. */
static int add_resumed(struct builder *builder, const struct thread_frame *item)
{
	struct decoder *decoder = builder->decoder;
	struct stack compiled = {0};
	struct coro_frames greenlet = {0};
	struct frame frame;
	uint64_t next, addr;
	if (item->location->code->kind == AIODBG_FRAME_FUNCTION)
		return 0;
	int status = frame_read_any(decoder, item->addr, &frame);
	if (!status)
		status = resumed_read(decoder, &frame, &compiled, &next);
	if (!status && item->location->code->is_greenlet_spawn)
		status = greenlet_frames(decoder, &frame, &greenlet, &addr);
	bool pushed = true;
	for (size_t i = 0; i < greenlet.count; i++)
		pushed &= array_push(&builder->stack, greenlet.items[i].frame.location);
	for (size_t i = compiled.count; i > 0; i--)
		pushed &= array_push(&builder->stack, compiled.items[i - 1]);
	array_deinit(&compiled);
	array_deinit(&greenlet);
	if (!pushed)
		return decoder_no_memory(decoder);
	return error_is_fatal(status) ? status : 0;
}

/* Frames are innermost first; the places around them follow. */
static int give_stack(struct builder *builder, const struct executing *executing,
		      const struct thread_frame *frames, size_t count)
{
	struct task *task = executing->task;
	struct stack *stack = &builder->stack;
	stack->count = 0;
	for (size_t i = 0; i < count; i++) {
		int status = add_resumed(builder, &frames[i]);
		if (status)
			return status;
		if (!array_push(stack, frames[i].location))
			return decoder_no_memory(builder->decoder);
	}
	for (size_t i = executing->outer_count; i > 0; i--) {
		if (!array_push(stack, executing->outer[i - 1]))
			return decoder_no_memory(builder->decoder);
	}
	task->stack = arena_alloc(&builder->snap->arena, stack->count * sizeof(*task->stack));
	if (!task->stack)
		return decoder_no_memory(builder->decoder);
	for (size_t i = 0; i < stack->count; i++) {
		task->stack[i] = stack->items[i];
		task->is_cut |= stack->items[i]->code->kind == AIODBG_FRAME_FOREIGN;
	}
	task->depth = task->coroutines = stack->count;
	return 0;
}

static void set_running(struct task *task, size_t thread)
{
	task->thread = (ptrdiff_t)thread;
	if (task->state == AIODBG_TASK_PENDING)
		task->state = AIODBG_TASK_RUNNING;
}

/* The frames of a thread. What runs is seen as far as it keeps still. */
static int read_thread(struct builder *builder, size_t thread, struct thread_frames *ret)
{
	int status = thread_frames_read(builder->decoder, &builder->snap->threads.items[thread],
					ret);
	if (!status || error_is_fatal(status) || builder->changing)
		return error_is_fatal(status) ? status : 0;
	error_prefix(&builder->decoder->reader.error, "stack of a thread");
	return builder_note(builder, &builder->decoder->reader.error);
}

/*
 * Cuts a thread's frames into those of the tasks that run there. Usually there is one;
 * an eager task in its first step runs on top of the task that created it.
 */
static int cut_thread(struct builder *builder, size_t thread)
{
	struct thread_frames frames = {0};
	size_t start = 0;
	int status = read_thread(builder, thread, &frames);
	for (size_t i = 0; !status && i < frames.count; i++) {
		struct executing key = {.frame = frames.items[i].addr};
		struct executing *found = bsearch(&key, builder->executing.items,
						  builder->executing.count, sizeof(key),
						  compare_executing);
		if (!found)
			continue;
		/* Frames in a circle lead to where we were before. */
		if (found->task->stack)
			break;
		set_running(found->task, thread);
		status = give_stack(builder, found, frames.items + start, i + 1 - start);
		start = i + 1;
	}
	array_deinit(&frames);
	return status;
}

/* Whether the task is the one that the thread of its loop is running. */
static bool is_current(const struct builder *builder, const struct task *task)
{
	const struct threads *threads = &builder->snap->threads;
	return task->thread >= 0 && threads->items[task->thread].running_task == task->id;
}

/* The coroutines that run, from this frame on inwards, outermost first. */
static int read_chain(struct builder *builder, uint64_t addr, struct thread_frames *ret)
{
	struct decoder *decoder = builder->decoder;
	struct stack compiled = {0};
	struct walk walk = walk_begin("coroutines that run", LIMIT_FRAMES);
	int status = 0;
	while (!status && addr) {
		struct frame frame;
		uint64_t next = 0;
		status = walk_step(&decoder->reader, &walk, addr);
		if (!status)
			status = frame_read_any(decoder, addr, &frame);
		struct thread_frame item = {addr, status ? NULL : frame.location};
		if (!item.location)
			break;
		if (!array_push(ret, item))
			status = decoder_no_memory(decoder);
		compiled.count = 0;
		if (!status)
			status = resumed_read(decoder, &frame, &compiled, &next);
		addr = next;
	}
	array_deinit(&compiled);
	return error_is_fatal(status) ? status : 0;
}

/*
 * A greenlet that runs has the thread's frames to itself, up to the function that it was begun
 * with. The coroutine that runs it, greenlet_spawn, and those that await that are found from the
 * task on. Nothing is given if that is not what it is.
 */
static int give_greenlet(struct builder *builder, const struct executing *executing)
{
	struct thread_frames frames = {0}, chain = {0};
	struct task *task = executing->task;
	int status = read_chain(builder, executing->frame, &chain);
	bool is_spawn = !status && chain.count &&
			chain.items[chain.count - 1].location->code->is_greenlet_spawn;
	if (is_spawn)
		status = read_thread(builder, (size_t)task->thread, &frames);
	for (size_t i = chain.count; !status && is_spawn && i > 0; i--) {
		if (!array_push(&frames, chain.items[i - 1]))
			status = decoder_no_memory(builder->decoder);
	}
	if (!status && is_spawn) {
		set_running(task, (size_t)task->thread);
		status = give_stack(builder, executing, frames.items, frames.count);
	}
	array_deinit(&frames);
	array_deinit(&chain);
	return status;
}

/* Functions that run callbacks: what they call is the task. */
static bool is_of_loop(const struct location *location)
{
	static const struct {
		const char *function, *file;
	} functions[] = {
		{"_run", "/asyncio/events.py"},
		{"_run_once", "/asyncio/base_events.py"},
		{"run_forever", "/asyncio/base_events.py"},
		{"run", "/asyncio/runners.py"},
		{"run", "/uvloop/__init__.py"},
	};
	const struct code *code = location->code;
	if (!code->name || !code->filename)
		return false;
	size_t len = strlen(code->filename);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		size_t end = strlen(functions[i].file);
		if (!strcmp(code->name, functions[i].function) && len >= end &&
		    !strcmp(code->filename + len - end, functions[i].file))
			return true;
	}
	return false;
}

/* A task whose coroutine has no frame: those that its thread has on top of the loop are the
 * task's. */
static int give_frames_of_loop(struct builder *builder, const struct executing *executing)
{
	struct thread_frames frames = {0};
	struct task *task = executing->task;
	size_t count = 0;
	int status = is_current(builder, task) ? read_thread(builder, (size_t)task->thread, &frames)
					       : 0;
	while (count < frames.count && !is_of_loop(frames.items[count].location))
		count++;
	if (count == frames.count)
		count = 0;
	if (!status)
		status = give_stack(builder, executing, frames.items, count);
	array_deinit(&frames);
	return status;
}

/* A coroutine that runs without a frame on a thread. If none of what that may be fits, the target
 * was stopped in between. */
static int give_rest(struct builder *builder, const struct executing *executing)
{
	struct frame frame;
	struct task *task = executing->task;
	if (!executing->frame)
		return give_frames_of_loop(builder, executing);
	int status = is_current(builder, task) ? give_greenlet(builder, executing) : 0;
	if (status || task->stack)
		return status;
	status = frame_read_any(builder->decoder, executing->frame, &frame);
	if (!status && frame.location) {
		struct thread_frame found = {frame.addr, frame.location};
		status = give_stack(builder, executing, &found, 1);
	}
	/* It has gone on since it was decoded. */
	if (!status && builder->changing)
		return 0;
	if (!status)
		status = error_at(&builder->decoder->reader.error, AIODBG_CORRUPT, executing->frame,
				  "coroutine is executing but on the stack of no thread");
	return builder_note_task(builder, task, status, "stack");
}

int running_decode(struct builder *builder)
{
	struct executings *executing = &builder->executing;
	int status = 0;
	if (!executing->count)
		return 0;
	status = sort_array(&builder->decoder->reader.work, executing, compare_executing);
	for (size_t i = 0; !status && i < builder->snap->threads.count; i++)
		status = cut_thread(builder, i);
	for (size_t i = 0; !status && i < executing->count; i++) {
		if (!executing->items[i].task->stack)
			status = give_rest(builder, &executing->items[i]);
	}
	return status;
}
