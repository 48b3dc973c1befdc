/* SPDX-License-Identifier: MIT */
/* From memory to nodes. See snapshot/decode.h. */
#include "snapshot/decode.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "snapshot/builder.h"
#include "snapshot/identity.h"

#include <string.h>

/* ---- nodes ---- */

static int add_task(struct builder *builder, uint64_t addr, ptrdiff_t thread,
		    enum task_source source, struct node **ret)
{
	struct aiodbg_snapshot *snap = builder->snap;
	if (snap->tasks.count >= LIMIT_TASKS)
		return error_at(&builder->decoder->reader.error, AIODBG_LIMIT, addr,
				"more than %d tasks", LIMIT_TASKS);
	struct task *task = arena_alloc(&snap->arena, sizeof(*task));
	if (!task)
		return decoder_no_memory(builder->decoder);
	task->id = addr;
	task->index = snap->tasks.count;
	task->thread = thread;
	task->interp = (uint32_t)builder->interp;
	task->state = AIODBG_TASK_UNKNOWN;
	task->source = source;
	snap->sources[source].added++;
	*ret = graph_add(builder->graph, addr, task);
	if (!*ret || !array_push(&snap->tasks, task))
		return decoder_no_memory(builder->decoder);
	return 0;
}

int decode_task_found(void *arg, uint64_t addr, ptrdiff_t thread, enum task_source source)
{
	struct builder *builder = arg;
	struct node *node;
	builder->snap->sources[source].found++;
	if (graph_find(builder->graph, addr))
		return 0;
	return add_task(builder, addr, thread, source, &node);
}

/* A node for the task or future at addr. NULL if it is neither. */
int decode_add_future(struct builder *builder, uint64_t addr, bool is_task, struct node **ret)
{
	*ret = graph_find(builder->graph, addr);
	if (*ret)
		return 0;
	if (is_task) {
		builder->snap->sources[TASK_IN_NONE].found++;
		return add_task(builder, addr, -1, TASK_IN_NONE, ret);
	}
	*ret = graph_add(builder->graph, addr, NULL);
	return *ret ? 0 : decoder_no_memory(builder->decoder);
}

int decode_add_in_variable(struct builder *builder, uint64_t addr)
{
	struct node *node;
	builder->snap->sources[TASK_IN_VARIABLE].found++;
	if (graph_find(builder->graph, addr))
		return 0;
	return add_task(builder, addr, -1, TASK_IN_VARIABLE, &node);
}

/* ---- one task ---- */

/* The thread that runs a loop, or -1. */
ptrdiff_t decode_thread_of_loop(const struct builder *builder, uint64_t loop)
{
	return (ptrdiff_t)(uintptr_t)addrmap_get(&builder->loops, loop) - 1;
}

static bool is_running_task(const struct builder *builder, const struct task *task)
{
	if (task->thread < 0)
		return false;
	return builder->snap->threads.items[task->thread].running_task == task->id;
}

/* The thread has its frames; the places that were found are of compiled coroutines around them. */
static int add_executing(struct builder *builder, struct task *task, const struct coro *coro)
{
	struct executing executing = {.task = task, .frame = coro->frame};
	executing.outer_count = builder->stack.count;
	task->is_cut = coro->is_cut;
	if (executing.outer_count) {
		executing.outer = arena_copy(&builder->snap->arena, builder->stack.items,
					     executing.outer_count * sizeof(*executing.outer));
		if (!executing.outer)
			return decoder_no_memory(builder->decoder);
	}
	if (!array_push(&builder->executing, executing))
		return decoder_no_memory(builder->decoder);
	return 0;
}

static int read_stack(struct builder *builder, struct task *task, uint64_t coro_addr)
{
	struct aiodbg_snapshot *snap = builder->snap;
	struct coro coro;
	builder->stack.count = 0;
	if (!coro_addr)
		return 0;
	int status = coro_walk(builder->decoder, coro_addr, &builder->stack, &coro);
	bool runs = coro.state == CORO_EXECUTING ||
		    (coro.state == CORO_FOREIGN && is_running_task(builder, task));
	if (!status && runs)
		return add_executing(builder, task, &coro);
	builder->frame_count += builder->stack.count;
	if (builder->frame_count > LIMIT_FRAMES_OF_ALL)
		return error_at(&builder->decoder->reader.error, AIODBG_TOO_MUCH, task->id,
				"more than %d frames of all tasks", LIMIT_FRAMES_OF_ALL);
	task->stack = stacks_get(&builder->stacks, &snap->arena, builder->stack.items,
				 builder->stack.count);
	if (!task->stack)
		return decoder_no_memory(builder->decoder);
	task->depth = builder->stack.count;
	task->coroutines = coro.coroutines;
	task->is_cut = coro.is_cut;
	return status;
}

static enum aiodbg_task_state state_of_task(const struct builder *builder, const struct task *task,
					    const struct future *future)
{
	switch (future->state) {
	case FUTURE_FINISHED:
		return AIODBG_TASK_FINISHED;
	case FUTURE_CANCELLED:
		return AIODBG_TASK_CANCELLED;
	case FUTURE_PENDING:
		return is_running_task(builder, task) ? AIODBG_TASK_RUNNING : AIODBG_TASK_PENDING;
	default:
		return AIODBG_TASK_UNKNOWN;
	}
}

/*
 * Whether a task that was in a list has left it. What is freed stays as it is for a while,
 * but not the links.
 */
static bool has_left_list(struct builder *builder, const struct task *task)
{
	uint64_t next;
	struct decoder *decoder = builder->decoder;
	return builder->changing && task_source_is_list(task->source) &&
	       !reader_word(&decoder->reader,
			    task->id + (uint64_t)decoder->layout->task.node +
				    (uint64_t)decoder->layout->node.next,
			    &next) &&
	       !next;
}

/* Each part that cannot be read costs only itself. */
static int decode_task(struct builder *builder, struct task *task)
{
	struct decoder *decoder = builder->decoder;
	struct future future;
	int status = future_read(
		decoder, task->id,
		task_source_is_list(task->source) ? EXPECT_NATIVE_TASK : EXPECT_TASK, &future);
	if (!status && has_left_list(builder, task))
		status = reader_corrupt(&decoder->reader, task->id, "has left its list");
	/* As it is before it is set up, and when it is taken apart. Of other classes nothing may
	 * be known. */
	if (!status && !future.name &&
	    (future.type->kind == KIND_TASK || (builder->changing && !future.coro)))
		status = reader_corrupt(&decoder->reader, task->id, "has no name yet, or no more");
	if (status)
		return builder_note_task(builder, task, status, "task");
	task->type = future.type->name;
	task->loop = future.loop;
	task->coro = future.coro;
	task->fut_waiter = future.fut_waiter;
	ptrdiff_t thread = decode_thread_of_loop(builder, task->loop);
	if (thread >= 0)
		task->thread = thread;
	task->state = state_of_task(builder, task, &future);
	task->cancel_requests = future.cancel_requests;
	status = future_name(decoder, &future, &task->name);
	status = builder_note_task(builder, task, status, "name");
	if (!status)
		status = identity_read(decoder, &future, task->name, &builder->node->identity);
	if (!status) {
		status = read_stack(builder, task, future.coro);
		status = builder_note_task(builder, task, status, "stack");
	}
	if (!status) {
		status = awaiters_read(builder, &future);
		status = builder_note_task(builder, task, status, "awaiters");
	}
	return status;
}

static int decode_future(struct builder *builder, uint64_t addr)
{
	struct future future;
	uint64_t missing_count = builder->decoder->missing_count;
	int status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
	if (!status)
		status = identity_read(builder->decoder, &future, NULL, &builder->node->identity);
	if (!status)
		status = awaiters_read(builder, &future);
	if (!status || error_is_fatal(status))
		return status;
	/* It has ended. Those who are awaited by it know it as something else. */
	if (builder->changing) {
		builder->node->identity = 0;
		builder->decoder->missing_count = missing_count;
		return 0;
	}
	error_prefix(&builder->decoder->reader.error, "awaiters of a future");
	return builder_note(builder, &builder->decoder->reader.error);
}

/* What decoding a node adds to, besides the node. */
struct before {
	struct aiodbg_problem **problems_end;
	size_t problem_count, damaged_count, executing_count, ended_count;
	uint64_t missing_count;
};

static struct before before_decoding(struct builder *builder)
{
	struct decoder *decoder = builder->decoder;
	reader_begin(&decoder->reader);
	decoder->last_self = 0;
	builder->collector.awaiters.count = 0;
	return (struct before){
		.problems_end = builder->problems_end,
		.problem_count = builder->snap->problem_count,
		.damaged_count = builder->snap->damaged_count,
		.executing_count = builder->executing.count,
		.ended_count = builder->ended_count,
		.missing_count = decoder->missing_count,
	};
}

/* As if the current node had not been decoded. */
static void undo_decoding(struct builder *builder, const struct before *before)
{
	struct task *task = builder->node->task;
	builder->problems_end = before->problems_end;
	*builder->problems_end = NULL;
	builder->snap->problem_count = before->problem_count;
	builder->snap->damaged_count = before->damaged_count;
	builder->executing.count = before->executing_count;
	builder->ended_count = before->ended_count;
	builder->decoder->missing_count = before->missing_count;
	if (!task)
		return;
	task->name = task->type = NULL;
	task->stack = NULL;
	task->depth = task->coroutines = 0;
	task->is_cut = false;
	task->problems = NULL;
	task->ended = false;
}

/*
 * What cannot be read where a task was has ended since it was found, or since somebody was
 * awaited by it. So has what is no task any more; unless it is found once more.
 */
static void let_end(struct builder *builder, const struct before *before)
{
	struct task *task = builder->node->task;
	if (!builder->changing || !task || !task->problems || task->found_again)
		return;
	undo_decoding(builder, before);
	builder->collector.awaiters.count = 0;
	builder->ended_count++;
	task->ended = true;
}

/* A target that runs on may change it meanwhile: then once more. */
int decode_node(struct builder *builder, struct node *node)
{
	struct decoder *decoder = builder->decoder;
	int status = work_step(&decoder->reader.work);
	builder->node = node;
	for (int i = 1; !status; i++) {
		bool same;
		struct before before = before_decoding(builder);
		status = node->task ? decode_task(builder, node->task)
				    : decode_future(builder, node->addr);
		if (!status)
			status = reader_verify(&decoder->reader, &same);
		if (status)
			break;
		if (same) {
			let_end(builder, &before);
			break;
		}
		undo_decoding(builder, &before);
		if (i == LIMIT_TRIES) {
			/* Nothing is known of it that fits together. */
			builder->collector.awaiters.count = 0;
			status = error_at(&decoder->reader.error, AIODBG_CORRUPT, node->addr,
					  "changes all the time");
			status = node->task ? builder_note_task(builder, node->task, status, "task")
					    : builder_note(builder, &decoder->reader.error);
			break;
		}
	}
	return status ? status : awaiters_link(builder);
}

/* Nodes are appended while this runs. */
int decode_nodes(struct builder *builder, size_t from)
{
	int status = 0;
	for (size_t i = from; !status && i < builder->graph->nodes.count; i++) {
		status = decode_node(builder, builder->graph->nodes.items[i]);
		builder->decoded_count += !status;
	}
	return status;
}

/* Decodes a node that was decoded before. */
int decode_again(struct builder *builder, struct node *node)
{
	struct executings *executing = &builder->executing;
	struct before before = before_decoding(builder);
	size_t kept = 0;
	builder->node = node;
	int status = work_charge(&builder->decoder->reader.work, executing->count / 16);
	if (status)
		return status;
	for (size_t i = 0; i < executing->count; i++) {
		if (executing->items[i].task != node->task)
			executing->items[kept++] = executing->items[i];
	}
	before.executing_count = kept;
	if (node->task) {
		before.damaged_count -= node->task->problems != NULL;
		before.ended_count -= node->task->ended;
	}
	undo_decoding(builder, &before);
	return decode_node(builder, node);
}
