/* SPDX-License-Identifier: MIT */
/* STUCK AT EXIT: the end of a process waits for threads or tasks that do not end. */
#include "base/array.h"
#include "base/error.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

#include <string.h>

/* Those that are named; others are counted. */
#define STUCK_NAMED 16
/* A timer that is due sooner lets it go on. */
#define SOON_SECONDS 60.0
/* What somebody outside may end, or is computed, is given so long. */
#define PATIENCE_SECONDS 1.0

/* It waits for something that only this process can do, and does not give up. */
static bool waits_inside(const struct wait *wait)
{
	if (!wait->blocked || wait->has_timeout)
		return false;
	switch (wait->kind) {
	case WAIT_TIMER:
	case WAIT_LOCK:
	case WAIT_SEMAPHORE:
	case WAIT_CONDITION:
	case WAIT_EVENT:
	case WAIT_BARRIER:
	case WAIT_QUEUE_GET:
	case WAIT_QUEUE_PUT:
	case WAIT_QUEUE_JOIN:
	case WAIT_FUTURE:
		return true;
	default:
		return false;
	}
}

static bool ends_soon(const struct waits *waits, const struct wait *wait)
{
	return wait->has_deadline && waits->has_now &&
	       wait->deadline_at - waits->now < SOON_SECONDS;
}

/* How sure that one does not end which stood still between two looks, or was looked at once. */
static enum certainty certainty_of(const struct finder *finder, const struct party *party)
{
	const struct wait *wait = party->wait;
	bool inside = waits_inside(wait);
	if (finder->snap->before)
		return inside || finder->waits->apart >= PATIENCE_SECONDS ? CERTAINTY_LIKELY
									  : CERTAINTY_POSSIBLE;
	/* A task has been cancelled, and may be about to clean up; a thread knows of nothing. */
	return inside && !party->task && !finder->snap->runs_on ? CERTAINTY_LIKELY
								: CERTAINTY_POSSIBLE;
}

/* Whether a thread has done nothing since the look before. */
static bool stood_still(const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	const struct thread_facts *facts = &snap->waits->threads[thread];
	const struct thread_facts *before = looks_thread_before(snap, thread);
	return before && looks_thread_stood_still(snap, thread) && before->has_wait_count &&
	       facts->has_wait_count && before->wait_count == facts->wait_count;
}

static bool is_idle_worker(const struct thread_facts *facts)
{
	const char *name = facts->depth ? facts->stack[0]->code->name : NULL;
	return name && !strcmp(name, "_worker");
}

/* Whether some other thread that has work to do goes on with it: it may be what the ones that stand
 * still wait for. */
static bool is_at_work(const struct finder *finder)
{
	const struct waits *waits = finder->waits;
	for (size_t i = 1; i < finder->snap->threads.count; i++) {
		const struct thread_facts *facts = &waits->threads[i];
		if ((ptrdiff_t)i == waits->leaving_thread || facts->is_daemon == 1)
			continue;
		if (finder->snap->before
			    ? !stood_still(finder->snap, (ptrdiff_t)i)
			    : !waits_inside(&waits->of_threads[i]) && !is_idle_worker(facts))
			return true;
	}
	return false;
}

static void add(struct finder *finder, struct verdict *verdict, const struct party *party)
{
	enum certainty certainty = certainty_of(finder, party);
	if (certainty > verdict->certainty)
		verdict->certainty = certainty;
	if (verdict->party_count == STUCK_NAMED)
		verdict->behind_count++;
	else
		verdict->parties[verdict->party_count++] = *party;
}

static void add_thread(struct finder *finder, struct verdict *verdict, ptrdiff_t thread)
{
	const struct party party = {.thread = thread, .wait = &finder->waits->of_threads[thread]};
	if (finder->snap->before && !stood_still(finder->snap, thread))
		return;
	add(finder, verdict, &party);
}

/* Threads that are no daemons, but for the one that waits for them. */
static void add_threads(struct finder *finder, struct verdict *verdict)
{
	const struct waits *waits = finder->waits;
	for (size_t i = 0; i < finder->snap->threads.count; i++) {
		if ((ptrdiff_t)i != waits->leaving_thread && waits->threads[i].is_daemon == 0)
			add_thread(finder, verdict, (ptrdiff_t)i);
	}
}

/* Whom the thread joins that ends the pool. */
static void add_joined(struct finder *finder, struct verdict *verdict)
{
	const struct wait *wait = &finder->waits->of_threads[finder->waits->leaving_thread];
	if (wait->kind == WAIT_THREAD && wait->thread >= 0 && !wait->has_timeout)
		add_thread(finder, verdict, wait->thread);
}

/* Tasks of the loop that wait again after they were cancelled; those that wait for one of these
 * are behind it. */
static int add_tasks(struct finder *finder, struct verdict *verdict, bool *at_work)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	uint64_t loop = snap->threads.items[finder->waits->leaving_thread].running_loop;
	int status = work_charge(&finder->reader->work, snap->tasks.count / 16 + 1);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		struct wait *wait = &finder->waits->of_tasks[i];
		const struct party party = {.task = task, .thread = -1, .wait = wait};
		if (task->loop != loop || task->problems || task->is_copy || !task_is_pending(task))
			continue;
		if (!wait->blocked || ends_soon(finder->waits, wait) ||
		    (snap->before && !looks_task_stood_still(snap, task)))
			*at_work = true;
		else if (!wait->for_tasks)
			add(finder, verdict, &party);
	}
	return status;
}

/*
 * The end of a healthy program waits for the same things, until the last job is done and the last
 * connection closed. So whatever moved between two looks is let go; and while anything moves, or
 * may be ended from outside, what stands still is no more than possible.
 */
int exits_find(struct finder *finder)
{
	struct verdict verdict = {
		.kind = VERDICT_STUCK_AT_EXIT,
		.certainty = CERTAINTY_POSSIBLE,
		.settled = true,
	};
	enum leaving leaving = finder->waits->leaving;
	if (leaving == LEAVING_NOTHING || finder->waits->stopped)
		return 0;
	bool at_work = is_at_work(finder);
	int status = finder_alloc_parties(finder, &verdict, STUCK_NAMED);
	if (status)
		return status;
	if (leaving == LEAVING_TASKS)
		status = add_tasks(finder, &verdict, &at_work);
	else if (leaving == LEAVING_THREADS)
		add_threads(finder, &verdict);
	else
		add_joined(finder, &verdict);
	if (at_work)
		verdict.certainty = CERTAINTY_POSSIBLE;
	return status || !verdict.party_count ? status : finder_add(finder, &verdict);
}
