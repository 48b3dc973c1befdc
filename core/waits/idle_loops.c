/* SPDX-License-Identifier: MIT */
/* Event loops that no thread runs: those that tasks lead to. */
#include "waits/waiting.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/dict.h"
#include "cpython/locals.h"
#include "cpython/modules.h"
#include "snapshot/model.h"

/* Whether a thread may be about to run a loop that it does not run now. */
struct at_hand {
	struct waiting *waiting;
	size_t first;
	/* Of those that do not run: index in waits.loops and 1, by address. */
	struct addrmap indexes;
	/* All of them are. */
	bool all;
};

static struct loop *find_loop(struct at_hand *at_hand, uint64_t addr)
{
	size_t index = addr ? (size_t)addrmap_get(&at_hand->indexes, addr) : 0;
	return index ? &at_hand->waiting->waits->loops.items[index - 1] : NULL;
}

static int visit_value(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct loop *loop = find_loop(arg, value);
	(void)key;
	if (loop)
		loop->in_reach = true;
	return work_step(&decoder->reader.work);
}

static int visit_variable(struct decoder *decoder, const struct local *local, void *arg)
{
	struct loop *loop = find_loop(arg, local->value);
	enum kind kind = KIND_NONE;
	if (loop)
		loop->at_hand = true;
	int status = local->value && !loop ? object_kind(decoder, local->value, &kind) : 0;
	if (!status && kind == KIND_OTHER)
		status = attrs_visit(decoder, local->value, visit_value, arg);
	return error_is_fatal(status) ? status : 0;
}

/* What a program has that runs its loop now and then. */
static int look_at_program(struct at_hand *at_hand)
{
	struct decoder *decoder = at_hand->waiting->decoder;
	const struct aiodbg_snapshot *snap = at_hand->waiting->snap;
	int status = 0;
	for (size_t i = 0; !error_is_fatal(status) && i < snap->interps.count; i++) {
		uint64_t dict = 0;
		status = modules_find(decoder, &snap->interps.items[i], "__main__", &dict);
		if (!status && dict)
			status = dict_visit(decoder, dict, visit_value, at_hand);
	}
	return error_is_fatal(status) ? status : 0;
}

static int look_at_thread(struct at_hand *at_hand, const struct thread *thread)
{
	struct decoder *decoder = at_hand->waiting->decoder;
	struct loops *loops = &at_hand->waiting->waits->loops;
	struct thread_frames frames = {0};
	int status = thread_frames_read(decoder, thread, &frames);
	for (size_t i = 0; !error_is_fatal(status) && i < frames.count; i++) {
		struct frame frame;
		const char *file = frames.items[i].location->code->filename;
		bool runs = !thread->running_loop && (sync_is_file(file, "asyncio/runners.py") ||
						      sync_is_file(file, "asyncio/base_events.py"));
		for (size_t k = at_hand->first; runs && !at_hand->all && k < loops->count; k++)
			loops->items[k].at_hand = true;
		at_hand->all |= runs;
		status = frame_read_any(decoder, frames.items[i].addr, &frame);
		if (!status)
			status = locals_visit(decoder, &frame, visit_variable, at_hand);
	}
	array_deinit(&frames);
	return error_is_fatal(status) ? status : 0;
}

/*
 * A loop that only tasks lead to. While one runs it has the ident of its thread, and a forked child
 * has it from its parent: only None says that it does not run. Of loops in C nothing is known.
 */
static int add_idle_loop(struct waiting *waiting, uint64_t addr)
{
	struct decoder *decoder = waiting->decoder;
	struct loop loop = {.addr = addr, .thread = -1};
	struct attr attr = {.name = "_thread_id"};
	enum kind kind = KIND_OTHER;
	int status = loops_read_queues(waiting, &loop);
	if (!status)
		status = attrs_find(decoder, addr, &attr, 1);
	if (!status && attr.value)
		status = object_kind(decoder, attr.value, &kind);
	if (error_is_fatal(status))
		return status;
	if (kind == KIND_INT)
		loop.state = LOOP_COPY;
	else if (loop.state != LOOP_CLOSED && kind == KIND_NONE)
		loop.state = LOOP_NOT_RUNNING;
	return array_push(&waiting->waits->loops, loop) ? 0 : waiting_no_memory(waiting);
}

static int add_known(struct waiting *waiting, struct addrmap *known)
{
	const struct loops *loops = &waiting->waits->loops;
	bool put = true;
	for (size_t i = 0; put && i < loops->count; i++)
		put = addrmap_put(known, loops->items[i].addr, waiting);
	return put ? 0 : waiting_no_memory(waiting);
}

/* There may be as many loops as tasks. */
static int read_loops_of_tasks(struct waiting *waiting, struct addrmap *known)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = add_known(waiting, known);
	for (size_t i = 0; !status && i < tasks->count; i++) {
		uint64_t addr = tasks->items[i]->loop;
		status = work_step(&waiting->decoder->reader.work);
		if (status || !addr || !task_is_pending(tasks->items[i]) ||
		    tasks->items[i]->is_copy || addrmap_get(known, addr))
			continue;
		status = add_idle_loop(waiting, addr);
		if (!status && !addrmap_put(known, addr, waiting))
			status = waiting_no_memory(waiting);
	}
	return status;
}

int loops_read_idle(struct waiting *waiting)
{
	const struct loops *loops = &waiting->waits->loops;
	struct at_hand at_hand = {.waiting = waiting, .first = loops->count};
	struct addrmap known = {0};
	int status = read_loops_of_tasks(waiting, &known);
	addrmap_deinit(&known);
	for (size_t i = at_hand.first; !status && i < loops->count; i++) {
		/* An index and 1. */
		if (!addrmap_put(&at_hand.indexes, loops->items[i].addr,
				 (void *)(uintptr_t)(i + 1)))
			status = waiting_no_memory(waiting);
	}
	for (size_t i = 0;
	     !status && at_hand.first < loops->count && i < waiting->snap->threads.count; i++)
		status = look_at_thread(&at_hand, &waiting->snap->threads.items[i]);
	if (!status && at_hand.first < loops->count)
		status = look_at_program(&at_hand);
	addrmap_deinit(&at_hand.indexes);
	return status;
}

/* The loops of copied tasks, each once. */
int loops_read_copied(struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	struct addrmap seen = {0};
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		if (!task->is_copy || addrmap_get(&seen, task->loop))
			continue;
		struct loop loop = {.addr = task->loop, .thread = -1};
		status = loops_read_queues(waiting, &loop);
		loop.state = LOOP_COPY;
		if (!status && (!addrmap_put(&seen, task->loop, task) ||
				!array_push(&waiting->waits->loops, loop)))
			status = waiting_no_memory(waiting);
	}
	addrmap_deinit(&seen);
	return status;
}
