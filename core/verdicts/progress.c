/* SPDX-License-Identifier: MIT */
/*
 * Whether somebody goes on. What has not moved between two looks may be just slow, so whoever is to
 * be woken by time counts as going on, and so does whoever waits for one who goes on, or for
 * somebody outside with a timeout, and a thread that computes.
 */
#include "base/error.h"
#include "process/syscall.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

/* A timer or timeout that is further away is no reason to be patient. */
#define SOON_SECONDS 60.0
/* Of an answer from outside. */
#define ANSWER_SECONDS 600.0

struct progress {
	struct finder *finder;
	struct actor_list todo;
	size_t search;
};

static bool add(struct progress *progress, size_t actor)
{
	size_t *seen = &progress->finder->seen[actor];
	if (*seen == progress->search)
		return true;
	*seen = progress->search;
	return array_push(&progress->todo, actor);
}

static size_t thread_actor(const struct progress *progress, ptrdiff_t thread)
{
	return progress->finder->snap->tasks.count + (size_t)thread;
}

static bool is_outside(const struct wait *wait)
{
	return wait->kind == WAIT_READ || wait->kind == WAIT_WRITE || wait->kind == WAIT_CONNECT ||
	       wait->kind == WAIT_PROCESS;
}

static bool ends_soon(const struct waits *waits, const struct wait *wait)
{
	if (!wait->has_deadline)
		return wait->kind == WAIT_TIMER;
	double soon = is_outside(wait) ? ANSWER_SECONDS : SOON_SECONDS;
	return !waits->has_now || wait->deadline_at - waits->now < soon;
}

static bool add_holders(struct progress *progress, const struct primitive *object)
{
	bool good = true;
	for (size_t i = 0; good && object && i < object->holders.count; i++) {
		const struct holder *holder = &object->holders.items[i];
		good = add(progress, holder->task ? holder->task->index
						  : thread_actor(progress, holder->thread));
	}
	return good;
}

/* Those who can wake it, as far as they are known. */
static bool add_wakers(struct progress *progress, const struct task *task, const struct wait *wait)
{
	const struct waits *waits = progress->finder->waits;
	bool good = true;
	for (size_t i = 0; good && task && i < task->awaited_count; i++) {
		const struct task *awaited = task->awaited[i]->task;
		if (edge_waits(task->awaited[i]) && task_is_pending(awaited) &&
		    awaited->index < progress->finder->snap->tasks.count)
			good = add(progress, awaited->index);
	}
	if (good && wait->task)
		good = add(progress, wait->task->index);
	/* At the other end of its connection, in this process. */
	if (good && wait->peer_task)
		good = add(progress, wait->peer_task->index);
	if (good && wait->thread >= 0)
		good = add(progress, thread_actor(progress, wait->thread));
	for (size_t i = 0; good && wait->queued && i < wait->worker_count; i++) {
		size_t thread = waits->workers.items[wait->first_worker + i];
		good = add(progress, thread_actor(progress, (ptrdiff_t)thread));
	}
	return good && add_holders(progress, wait->object);
}

/* It sleeps, and the system will wake it; or it computes. */
static bool is_busy(const struct finder *finder, ptrdiff_t thread)
{
	const struct aiodbg_target *target = finder->reader->cache.target;
	uint64_t tid = finder->snap->threads.items[thread].tid;
	struct syscall_state state;
	return syscall_read(target, tid, &state) && (state.has_timeout || state.is_running);
}

static bool goes_on(const struct finder *finder, size_t actor)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	if (actor >= snap->tasks.count) {
		ptrdiff_t thread = (ptrdiff_t)(actor - snap->tasks.count);
		return finder->waits->of_threads[thread].has_timeout ||
		       (snap->before && !looks_thread_did_nothing(snap, thread)) ||
		       is_busy(finder, thread);
	}
	const struct wait *wait = &finder->waits->of_tasks[actor];
	return !wait->blocked || ends_soon(finder->waits, wait) ||
	       (snap->before && !looks_task_stood_still(snap, snap->tasks.items[actor]));
}

int progress_find(struct finder *finder, const struct task *task, ptrdiff_t thread, bool *ret)
{
	struct progress progress = {.finder = finder, .search = ++finder->search_count};
	const struct aiodbg_snapshot *snap = finder->snap;
	int status = 0;
	bool good = add(&progress, task ? task->index : thread_actor(&progress, thread));
	*ret = false;
	while (!status && good && !*ret && progress.todo.count) {
		size_t actor = progress.todo.items[--progress.todo.count];
		bool is_task = actor < snap->tasks.count;
		*ret = goes_on(finder, actor);
		status = work_charge(&finder->reader->work, 1);
		good = add_wakers(&progress, is_task ? snap->tasks.items[actor] : NULL,
				  is_task ? &finder->waits->of_tasks[actor]
					  : &finder->waits->of_threads[actor - snap->tasks.count]);
	}
	array_deinit(&progress.todo);
	return good ? status : finder_no_memory(finder);
}
