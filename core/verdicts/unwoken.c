/* SPDX-License-Identifier: MIT */
/*
 * LOST WAKE-UP by threads: a loop sleeps, though something is ready for it to run. Whoever made it
 * ready was not one of the loop's callbacks, and did not wake the loop.
 */
#include "base/array.h"
#include "base/error.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

#include <string.h>

/* A timer that is due sooner ends the sleep anyway. */
#define SOON_SECONDS 1.0
/* What stood still for so long, nobody is about to wake. */
#define CERTAIN_SECONDS 1.0

/* It went to sleep, and may do so for long: where the time is not known, since it began to. */
static bool sleeps_long(const struct waits *waits, const struct loop *loop)
{
	if (loop->state != LOOP_IDLE || loop->is_native || !loop->has_select_timeout)
		return false;
	if (loop->select_timeout < 0)
		return true;
	if (waits->has_now && !waits->now_is_least && loop->has_first_timer)
		return loop->first_timer_at - waits->now > SOON_SECONDS;
	return loop->select_timeout > SOON_SECONDS;
}

/* It has slept all the time: whatever was ready then still is. */
static bool is_same_sleep(const struct loop *a, const struct loop *b)
{
	return a->state == b->state && a->is_asleep && b->is_asleep && a->has_wait_count &&
	       b->has_wait_count && a->wait_count == b->wait_count;
}

/* A thread that is about to wake it has done everything else. */
static bool is_about_to_be_woken(const struct waits *waits, size_t thread_count)
{
	for (size_t i = 0; i < thread_count; i++) {
		const struct thread_facts *facts = &waits->threads[i];
		for (size_t k = 0; k < facts->depth && k < 4; k++) {
			const char *name = facts->stack[k]->code->name;
			if (name && (!strcmp(name, "call_soon_threadsafe") ||
				     !strcmp(name, "_write_to_self")))
				return true;
		}
	}
	return false;
}

static enum certainty certainty_of(const struct finder *finder, const struct verdict *verdict)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	const struct loop *before = looks_loop_before(snap, verdict->loop);
	if (!snap->runs_on)
		return verdict->party_count ? CERTAINTY_LIKELY : CERTAINTY_POSSIBLE;
	if (!snap->before || !before)
		return CERTAINTY_POSSIBLE;
	for (size_t i = 0; i < verdict->party_count; i++) {
		if (!looks_task_stood_still(snap, verdict->parties[i].task))
			return CERTAINTY_POSSIBLE;
	}
	if (finder->waits->apart >= CERTAIN_SECONDS && verdict->party_count)
		return CERTAINTY_CERTAIN;
	return CERTAINTY_LIKELY;
}

/* Tasks whose future was completed, and those that were made, without the loop being told. */
static int add_tasks(struct finder *finder, struct verdict *verdict)
{
	const struct tasks *tasks = &finder->snap->tasks;
	int status = work_charge(&finder->reader->work, tasks->count / 16 + 1);
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		struct wait *wait = &finder->waits->of_tasks[i];
		if (task->loop != verdict->loop->addr || wait->kind != WAIT_READY ||
		    task->state != AIODBG_TASK_PENDING || task->problems || task->is_copy)
			continue;
		verdict->parties[verdict->party_count++] = (struct party){
			.task = task, .thread = -1, .wait = wait};
	}
	return status;
}

/*
 * In a healthy program something is ready while a loop sleeps between two steps of another thread:
 * it appends to the queue, and writes a byte that wakes the loop. From then on the loop's thread is
 * not asleep for the system, even if it is given no processor; and a loop that only looks whether
 * something has happened does not mean to sleep.
 */
static int judge_loop(struct finder *finder, struct loop *loop)
{
	const struct waits *waits = finder->waits;
	const struct aiodbg_snapshot *snap = finder->snap;
	const struct loop *before = looks_loop_before(snap, loop);
	struct verdict verdict = {.kind = VERDICT_LOST_WAKEUP, .loop = loop, .settled = true};
	if (!loop->ready_count || !sleeps_long(waits, loop))
		return 0;
	if (snap->runs_on ? !loop->is_asleep : !loop->gil_known || loop->gil_thread >= 0)
		return 0;
	if (before && !is_same_sleep(before, loop))
		return 0;
	if (is_about_to_be_woken(waits, snap->threads.count))
		return 0;
	int status = finder_alloc_parties(finder, &verdict, snap->tasks.count);
	if (!status)
		status = add_tasks(finder, &verdict);
	if (status)
		return status;
	verdict.certainty = certainty_of(finder, &verdict);
	return finder_add(finder, &verdict);
}

int unwoken_find(struct finder *finder)
{
	int status = 0;
	for (size_t i = 0; !status && !finder->waits->stopped && i < finder->waits->loops.count;
	     i++) {
		struct loop *loop = &finder->waits->loops.items[i];
		if (loop->thread >= 0)
			status = judge_loop(finder, loop);
	}
	return status;
}
