/* SPDX-License-Identifier: MIT */
/* From the frames of threads to the stacks of running tasks. See snapshot/running.h. */
#include "snapshot/running.h"

#include "base/error.h"
#include "base/sort.h"
#include "cpython/interp.h"
#include "snapshot/builder.h"

static int compare_executing(const void *a, const void *b)
{
	const struct executing *x = a, *y = b;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static int give_stack(struct builder *builder, struct task *task, const struct thread_frame *frames,
		      size_t count)
{
	task->stack = arena_alloc(&builder->snap->arena, count * sizeof(*task->stack));
	if (!task->stack)
		return decoder_no_memory(builder->decoder);
	for (size_t i = 0; i < count; i++)
		task->stack[i] = frames[i].location;
	task->depth = count;
	task->coroutines = count;
	return 0;
}

/*
 * Cuts a thread's frames into those of the tasks that run there. Usually there is one;
 * an eager task in its first step runs on top of the task that created it.
 */
static int cut_thread(struct builder *builder, size_t thread)
{
	struct thread_frames frames = {0};
	size_t start = 0;
	int status = thread_frames_read(builder->decoder, &builder->snap->threads.items[thread],
					&frames);
	/* What runs is seen as far as it keeps still. */
	if (status && !error_is_fatal(status) && builder->changing)
		status = 0;
	if (status && !error_is_fatal(status)) {
		error_prefix(&builder->decoder->reader.error, "stack of a thread");
		status = builder_note(builder, &builder->decoder->reader.error);
	}
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
		found->task->thread = (ptrdiff_t)thread;
		if (found->task->state == AIODBG_TASK_PENDING)
			found->task->state = AIODBG_TASK_RUNNING;
		status = give_stack(builder, found->task, frames.items + start, i + 1 - start);
		start = i + 1;
	}
	array_deinit(&frames);
	return status;
}

/* A coroutine that claims to run, but on no thread: the target was stopped in between. */
static int give_own_frame(struct builder *builder, const struct executing *executing)
{
	struct frame frame;
	struct task *task = executing->task;
	int status = frame_read_any(builder->decoder, executing->frame, &frame);
	if (!status && frame.location) {
		struct thread_frame found = {frame.addr, frame.location};
		status = give_stack(builder, task, &found, 1);
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
			status = give_own_frame(builder, &executing->items[i]);
	}
	return status;
}
