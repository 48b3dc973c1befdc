/* SPDX-License-Identifier: MIT */
/*
 * Tasks that have ended by an exception, or were cancelled. It keeps the variables of the functions
 * that it ended, and so what others may still wait for. Of a cancelled task that is so until
 * somebody asks how it ended; in 3.8 it leaves nothing.
 *
 * Where CPython lists tasks that have ended as well, they were found there. Since 3.14 it forgets
 * them, and only the program has them: in variables of its frames, attributes of what these have,
 * globals of its modules, and in containers of those.
 */
#include "closure/closure.h"

#include "asyncio/future.h"
#include "base/error.h"
#include "closure/deeds.h"
#include "closure/program.h"
#include "cpython/attr.h"
#include "cpython/locals.h"
#include "cpython/repr.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/traceback.h"
#include "snapshot/graph.h"

/* Ended tasks that are kept, items of a container and objects that are looked at. */
#define ENDED_MAX 100000
#define ITEMS_MAX 2000
#define OBJECTS_MAX 200000
/* Steps from a variable, and from a global: app.state.workers is four of an application of Starlette. */
#define DEPTH 3
#define DEPTH_OF_GLOBALS 5

struct ending {
	struct waiting *waiting;
	struct addrmap seen;
	size_t objects, items;
	unsigned int depth, most;
	/* The task whose exception is looked at. */
	struct ended_task *task;
};

/* ---- what a task has left ---- */

static int visit_frame(struct decoder *decoder, uint64_t object, const struct frame *frame,
		       void *arg)
{
	struct ending *ending = arg;
	struct waiting *waiting = ending->waiting;
	const struct location *location = frame->location;
	unsigned int deeds;
	(void)decoder, (void)object;
	if (!own_is(&waiting->own, location->code))
		return 0;
	/* The innermost comes last. */
	ending->task->site = (struct site){location, location->position.line, NULL};
	int status = deeds_of(waiting, location->code, &deeds);
	ending->task->deeds |= deeds;
	return status;
}

int ended_visit_frames(struct decoder *decoder, const struct ended_task *task,
		       traceback_visit_fn *visit, void *arg)
{
	return task->exception ? exception_visit_frames(decoder, task->exception, visit, arg)
			       : traceback_visit_frames(decoder, task->traceback, visit, arg);
}

static bool has_ended(const struct future *future)
{
	return future->state == FUTURE_FINISHED || future->state == FUTURE_CANCELLED;
}

static int add(struct ending *ending, const struct future *future, const char *name)
{
	struct waiting *waiting = ending->waiting;
	struct decoder *decoder = waiting->decoder;
	struct future_outcome outcome;
	struct ended_task task = {.id = future->addr, .name = name, .interp = waiting->interp};
	struct ended_tasks *ended = &waiting->waits->ended;
	if (!has_ended(future) || addrmap_get(&waiting->ended, future->addr) ||
	    ended->count == ENDED_MAX)
		return 0;
	int status = future_read_outcome(decoder, future, &outcome);
	if (status)
		return error_is_fatal(status) ? status : 0;
	task.is_cancelled = future->state == FUTURE_CANCELLED;
	task.exception = task.is_cancelled ? outcome.cancelled_exception : outcome.exception;
	task.traceback = task.is_cancelled ? outcome.cancelled_traceback : 0;
	task.is_unasked = outcome.is_unasked;
	if (!task.exception && !task.traceback)
		return 0;
	ending->task = &task;
	status = ended_visit_frames(decoder, &task, visit_frame, ending);
	if (!error_is_fatal(status) && !task.is_cancelled)
		status = repr_read(decoder, NULL, task.exception, &task.text);
	if (error_is_fatal(status))
		return status;
	bool added = array_push(ended, task) &&
		     addrmap_put(&waiting->ended, task.id, (void *)(uintptr_t)ended->count);
	return added ? 0 : waiting_no_memory(waiting);
}

/* ---- finding them ---- */

static int look_at(struct ending *ending, uint64_t addr);

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	struct ending *ending = arg;
	(void)decoder;
	return ending->items++ < ITEMS_MAX ? look_at(ending, item) : AIODBG_LIMIT;
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	int status = visit_item(decoder, value, arg);
	return status ? status : visit_item(decoder, key, arg);
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)key;
	return visit_item(decoder, value, arg);
}

static int look_into(struct ending *ending, uint64_t addr, enum kind kind)
{
	struct decoder *decoder = ending->waiting->decoder;
	ending->items = 0;
	switch (kind) {
	case KIND_LIST:
	case KIND_TUPLE:
	case KIND_DEQUE:
		return sequence_visit(decoder, addr, visit_item, ending);
	case KIND_SET:
		return set_visit(decoder, addr, visit_item, ending);
	case KIND_DICT:
		return dict_visit(decoder, addr, visit_entry, ending);
	case KIND_OTHER:
		return attrs_visit(decoder, addr, visit_attribute, ending);
	default:
		return 0;
	}
}

static int look_at_task(struct ending *ending, uint64_t addr)
{
	struct decoder *decoder = ending->waiting->decoder;
	struct future future;
	const char *name;
	int status = future_read(decoder, addr, EXPECT_NOTHING, &future);
	if (!status && has_ended(&future))
		status = future_name(decoder, &future, &name);
	if (!status && has_ended(&future))
		status = add(ending, &future, name);
	return error_is_fatal(status) ? status : 0;
}

static int look_at(struct ending *ending, uint64_t addr)
{
	struct waiting *waiting = ending->waiting;
	enum kind kind;
	int status = work_step(&waiting->decoder->reader.work);
	if (!status)
		status = object_kind(waiting->decoder, addr, &kind);
	if (status || ending->objects == OBJECTS_MAX || addrmap_get(&ending->seen, addr))
		return status;
	if (kind == KIND_TASK)
		return look_at_task(ending, addr);
	bool leads_on = kind == KIND_LIST || kind == KIND_TUPLE || kind == KIND_DEQUE ||
			kind == KIND_SET || kind == KIND_DICT || kind == KIND_OTHER;
	if (!leads_on || ending->depth == ending->most)
		return 0;
	ending->objects++;
	if (!addrmap_put(&ending->seen, addr, ending))
		return waiting_no_memory(waiting);
	size_t items = ending->items;
	ending->depth++;
	status = look_into(ending, addr, kind);
	ending->depth--;
	ending->items = items;
	return error_is_fatal(status) ? status : 0;
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct ending *ending = arg;
	(void)decoder;
	ending->items = 0;
	return local->value ? look_at(ending, local->value) : 0;
}

static int search_task(struct ending *ending, const struct task *task)
{
	struct waiting *waiting = ending->waiting;
	waiting->interp = task->interp;
	int status = waiting_walk(waiting, task);
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (frame->location && own_is(&waiting->own, frame->location->code))
			status = locals_visit(waiting->decoder, frame, visit_local, ending);
	}
	return error_is_fatal(status) ? status : 0;
}

/* Of the modules of the program: what serves it may have imported it. */
static int search_globals(struct ending *ending)
{
	struct waiting *waiting = ending->waiting;
	struct program program = {.waiting = waiting};
	int status = program_read_modules(&program);
	waiting->interp = 0;
	ending->most = DEPTH_OF_GLOBALS;
	for (size_t i = 0; !status && i < program.modules.count; i++) {
		ending->items = 0;
		status = dict_visit(waiting->decoder, program.modules.items[i].dict,
				    visit_attribute, ending);
		status = error_is_fatal(status) ? status : 0;
	}
	program_deinit(&program);
	ending->most = DEPTH;
	return status;
}

static int search(struct ending *ending)
{
	const struct aiodbg_snapshot *snap = ending->waiting->snap;
	/* Further than from variables, and so before them. */
	int status = search_globals(ending);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		if (task_is_pending(task) && task->coro && !task->is_copy)
			status = search_task(ending, task);
	}
	return status;
}

static int add_known(struct ending *ending)
{
	struct waiting *waiting = ending->waiting;
	const struct nodes *nodes = &waiting->snap->graph->nodes;
	int status = 0;
	for (size_t i = 0; !status && i < nodes->count; i++) {
		const struct task *task = nodes->items[i]->task;
		struct future future;
		bool is_ended = task && (task->state == AIODBG_TASK_FINISHED ||
					 task->state == AIODBG_TASK_CANCELLED);
		if (!is_ended || task->problems)
			continue;
		waiting->interp = task->interp;
		status = work_step(&waiting->decoder->reader.work);
		if (!status)
			status = future_read(waiting->decoder, task->id, EXPECT_TASK, &future);
		if (!status)
			status = add(ending, &future, task->name);
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

int ended_read(struct waiting *waiting)
{
	struct ending ending = {.waiting = waiting};
	int status = add_known(&ending);
	if (!status && waiting->decoder->layout->task.node != LAYOUT_NONE)
		status = search(&ending);
	addrmap_deinit(&ending.seen);
	return status;
}
