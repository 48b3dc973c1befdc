/* SPDX-License-Identifier: MIT */
/* Copies of a parent's tasks. See snapshot/copies.h. */
#include "snapshot/copies.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "process/family.h"
#include "snapshot/decode.h"

#include <string.h>

/* ---- up to 3.11: the pid beside the loop ---- */

/*
 * Whether that is this process's id. The debugger's may be that of another PID namespace; but the
 * id that a process has for itself is also that of its main thread.
 */
static bool is_own_pid(const struct builder *builder, uint64_t pid, bool *known)
{
	const struct aiodbg_target *target = builder->decoder->reader.cache.target;
	const struct threads *threads = &builder->snap->threads;
	bool own = pid == target->pid;
	*known = false;
	for (size_t i = 0; !own && i < threads->count; i++) {
		own = threads->items[i].tid == pid;
		*known = *known || threads->items[i].tid;
	}
	return own || (target->local_pid && family_inner_pid(target->local_pid) == pid);
}

void copies_drop_loops(struct builder *builder, size_t first)
{
	struct threads *threads = &builder->snap->threads;
	for (size_t i = first; i < threads->count; i++) {
		struct thread *thread = &threads->items[i];
		bool known;
		if (!thread->running_loop || !thread->loop_pid ||
		    is_own_pid(builder, thread->loop_pid, &known) || !known)
			continue;
		thread->copied_loop = thread->running_loop;
		thread->running_loop = 0;
	}
}

/* ---- any version: a loop that says that a thread runs it, where none does ---- */

struct finder {
	struct builder *builder;
	/* One of the two below by the address of a loop. */
	struct addrmap judged;
	/* What the last task had: usually all have the same. */
	uint64_t last_loop;
	bool last_copied;
};

static char copied, not_copied;

/*
 * In a child only the thread that forked is left, as its main thread, whose id is that of the
 * process. If the debugger knows the process by another id, or none, one thread alone will do.
 */
static bool may_have_forked(const struct builder *builder, size_t thread)
{
	const struct aiodbg_target *target = builder->decoder->reader.cache.target;
	const struct threads *threads = &builder->snap->threads;
	uint64_t tid = threads->items[thread].tid;
	if (threads->count == 1 || !tid)
		return threads->count == 1;
	return tid == target->pid ||
	       (target->local_pid && tid == family_inner_pid(target->local_pid));
}

static bool is_run_once(const struct location *location)
{
	static const char file[] = "/asyncio/base_events.py";
	const struct code *code = location->code;
	size_t len = code->filename ? strlen(code->filename) : 0;
	return code->name && !strcmp(code->name, "_run_once") && len >= sizeof(file) - 1 &&
	       !strcmp(code->filename + len - (sizeof(file) - 1), file);
}

/* A loop says so shortly before its thread does, but then has not yet begun to run callbacks. */
static int has_begun(struct builder *builder, size_t thread, bool *ret)
{
	struct thread_frames frames = {0};
	int status = thread_frames_read(builder->decoder, &builder->snap->threads.items[thread],
					&frames);
	*ret = false;
	for (size_t i = 0; i < frames.count; i++)
		*ret = *ret || is_run_once(frames.items[i].location);
	array_deinit(&frames);
	return error_is_fatal(status) ? status : 0;
}

static int judge_loop(struct builder *builder, uint64_t loop, bool *ret)
{
	const struct threads *threads = &builder->snap->threads;
	uint64_t object = 0;
	int64_t ident = 0;
	for (size_t i = 0; i < threads->count; i++) {
		if (threads->items[i].copied_loop == loop) {
			*ret = true;
			return 0;
		}
	}
	int status = attr_find(builder->decoder, loop, "_thread_id", &object);
	if (!status && object)
		status = int_read(builder->decoder, object, &ident);
	if (status || !ident)
		return error_is_fatal(status) ? status : 0;
	for (size_t i = 0; i < threads->count; i++) {
		if (threads->items[i].ident != (uint64_t)ident)
			continue;
		if (builder->loops_unrecorded || !may_have_forked(builder, i))
			return 0;
		return has_begun(builder, i, ret);
	}
	/* Its thread is gone, which ends no loop otherwise; unless it could not be read. */
	*ret = builder->snap->problem_count == 0;
	return 0;
}

static int is_copied(struct finder *finder, uint64_t loop, bool *ret)
{
	const void *found = addrmap_get(&finder->judged, loop);
	*ret = found == &copied;
	if (found || decode_thread_of_loop(finder->builder, loop) >= 0)
		return 0;
	int status = judge_loop(finder->builder, loop, ret);
	if (!status && !addrmap_put(&finder->judged, loop, *ret ? &copied : &not_copied))
		status = decoder_no_memory(finder->builder->decoder);
	return status;
}

/*
 * Loops in C say nothing of a thread. A task whose frames a thread has is nevertheless not run by
 * it if that runs another loop, or none.
 */
static int find_executing(struct finder *finder)
{
	struct builder *builder = finder->builder;
	for (size_t i = 0; i < builder->executing.count; i++) {
		const struct task *task = builder->executing.items[i].task;
		if (task->state != AIODBG_TASK_RUNNING || task->thread < 0 || !task->loop ||
		    builder->snap->threads.items[task->thread].running_loop == task->loop ||
		    !may_have_forked(builder, (size_t)task->thread))
			continue;
		if (!addrmap_put(&finder->judged, task->loop, &copied))
			return decoder_no_memory(builder->decoder);
	}
	return 0;
}

static int look_at(struct finder *finder, struct task *task)
{
	int status = work_step(&finder->builder->decoder->reader.work);
	if (status || !task->loop)
		return status;
	if (task->loop != finder->last_loop) {
		status = is_copied(finder, task->loop, &finder->last_copied);
		finder->last_loop = status ? 0 : task->loop;
	}
	if (status || !finder->last_copied)
		return status;
	task->is_copy = true;
	task->thread = -1;
	if (task->state == AIODBG_TASK_RUNNING)
		task->state = AIODBG_TASK_PENDING;
	return 0;
}

int copies_find(struct builder *builder)
{
	struct finder finder = {.builder = builder};
	const struct aiodbg_target *target = builder->decoder->reader.cache.target;
	struct tasks *tasks = &builder->snap->tasks;
	int status = 0, forked = target->local_pid ? family_is_forked(target->local_pid) : -1;
	if (!forked)
		return 0;
	if (forked > 0)
		status = find_executing(&finder);
	for (size_t i = 0; !status && i < tasks->count; i++)
		status = look_at(&finder, tasks->items[i]);
	addrmap_deinit(&finder.judged);
	return status;
}
