/* SPDX-License-Identifier: MIT */
/*
 * Whether somebody goes on. What has not moved between two looks may be just slow, so whoever is to
 * be woken by time counts as going on, and so does whoever waits for one who goes on, or for
 * somebody outside with a timeout, a thread that computes, and a child process that does or sleeps.
 * Who sleeps for days may be meant to: a leader among replicas keeps its lock for so long. Hours
 * are those of a retry or of a delay in the wrong unit; and it is another thing to wait for somebody
 * who sleeps, such as a server that does not answer.
 */
#include "base/error.h"
#include "process/syscall.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

/* A timer or timeout that is further away is no reason to be patient. */
#define SOON_SECONDS 60.0
/* Of an answer from outside. */
#define ANSWER_SECONDS 600.0
/* Who sleeps longer than that means to: retries and deadlines in the wrong unit are shorter. */
#define MEANT_SECONDS 86400.0

struct search {
	struct finder *finder;
	struct actor_list todo;
	size_t number;
};

static bool add(struct search *search, size_t actor)
{
	size_t *seen = &search->finder->seen[actor];
	if (*seen == search->number)
		return true;
	*seen = search->number;
	return array_push(&search->todo, actor);
}

static size_t thread_actor(const struct search *search, ptrdiff_t thread)
{
	return search->finder->snap->tasks.count + (size_t)thread;
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

static bool is_meant(const struct waits *waits, const struct wait *wait)
{
	return wait->kind == WAIT_TIMER && (!wait->has_deadline || !waits->has_now ||
					    wait->deadline_at - waits->now > MEANT_SECONDS);
}

static bool add_holders(struct search *search, const struct primitive *object)
{
	bool good = true;
	for (size_t i = 0; good && object && i < object->holders.count; i++) {
		const struct holder *holder = &object->holders.items[i];
		good = add(search, holder->task ? holder->task->index
						: thread_actor(search, holder->thread));
	}
	return good;
}

/* Those who can wake it, as far as they are known. */
static bool add_wakers(struct search *search, const struct task *task, const struct wait *wait)
{
	const struct waits *waits = search->finder->waits;
	bool good = true;
	for (size_t i = 0; good && task && i < task->awaited_count; i++) {
		const struct task *awaited = task->awaited[i]->task;
		if (edge_waits(task->awaited[i]) && task_is_pending(awaited) &&
		    awaited->index < search->finder->snap->tasks.count)
			good = add(search, awaited->index);
	}
	if (good && wait->task)
		good = add(search, wait->task->index);
	/* At the other end of its connection, in this process. */
	if (good && wait->peer_task)
		good = add(search, wait->peer_task->index);
	/* References lead to it from these alone. */
	for (size_t i = 0; good && wait->closed && i < wait->closed->owner_count; i++)
		good = add(search, wait->closed->owners[i]);
	if (good && wait->thread >= 0)
		good = add(search, thread_actor(search, wait->thread));
	for (size_t i = 0; good && wait->queued && i < wait->worker_count; i++) {
		size_t thread = waits->workers.items[wait->first_worker + i];
		good = add(search, thread_actor(search, (ptrdiff_t)thread));
	}
	return good && add_holders(search, wait->object);
}

/* It sleeps, and the system will wake it; or it computes. */
static bool is_busy(const struct finder *finder, ptrdiff_t thread)
{
	const struct aiodbg_target *target = finder->reader->cache.target;
	uint64_t tid = finder->snap->threads.items[thread].tid;
	struct syscall_state state;
	return syscall_read(target, tid, &state) && (state.has_timeout || state.is_running);
}

static enum progress progress_of_thread(const struct finder *finder, ptrdiff_t thread)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	bool goes_on = finder->waits->of_threads[thread].has_timeout ||
		       (snap->before && !looks_thread_did_nothing(snap, thread)) ||
		       is_busy(finder, thread);
	return goes_on ? PROGRESS_SOON : PROGRESS_NONE;
}

/* is_first: it is the one that is asked for. Whoever waits for another one did not mean to let that sleep. */
static enum progress progress_of(const struct finder *finder, size_t actor, bool is_first)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	if (actor >= snap->tasks.count)
		return progress_of_thread(finder, (ptrdiff_t)(actor - snap->tasks.count));
	const struct wait *wait = &finder->waits->of_tasks[actor];
	if (!wait->blocked || wait->child_goes_on || ends_soon(finder->waits, wait) ||
	    (snap->before && !looks_task_stood_still(snap, snap->tasks.items[actor])))
		return PROGRESS_SOON;
	return is_first && is_meant(finder->waits, wait) ? PROGRESS_LATE : PROGRESS_NONE;
}

int progress_find(struct finder *finder, const struct task *task, ptrdiff_t thread,
		  enum progress *ret)
{
	struct search search = {.finder = finder, .number = ++finder->search_count};
	const struct aiodbg_snapshot *snap = finder->snap;
	int status = 0;
	size_t first = task ? task->index : thread_actor(&search, thread);
	bool good = add(&search, first);
	*ret = PROGRESS_NONE;
	while (!status && good && *ret != PROGRESS_SOON && search.todo.count) {
		size_t actor = search.todo.items[--search.todo.count];
		bool is_task = actor < snap->tasks.count;
		enum progress found = progress_of(finder, actor, actor == first);
		*ret = found > *ret ? found : *ret;
		status = work_charge(&finder->reader->work, 1);
		good = add_wakers(&search, is_task ? snap->tasks.items[actor] : NULL,
				  is_task ? &finder->waits->of_tasks[actor]
					  : &finder->waits->of_threads[actor - snap->tasks.count]);
	}
	array_deinit(&search.todo);
	return good ? status : finder_no_memory(finder);
}
