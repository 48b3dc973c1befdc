/* SPDX-License-Identifier: MIT */
/* Verdicts about event loops: LOOP BLOCKED, LOOP GONE. */
#include "base/array.h"
#include "base/error.h"
#include "process/syscall.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

/* A callback that runs for less is a busy program's. */
#define BLOCKED_SECONDS 1.0

/*
 * Whether it was seen to stay in one round for as long as it is said to block. What has passed
 * before the first look may be time in which the process was stopped or got no processor.
 */
static bool was_watched(const struct finder *finder, const struct loop *loop)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	const struct loop *before = looks_loop_before(snap, loop);
	if (!before || before->state != loop->state || before->since != loop->since ||
	    before->callback != loop->callback || before->handle != loop->handle ||
	    snap->before->waits->stopped || snap->waits->stopped)
		return false;
	return before->watched > BLOCKED_SECONDS;
}

/* Its thread got too little of a processor to tell. */
static bool was_kept_waiting(const struct finder *finder, const struct loop *loop)
{
	const struct loop *before = looks_loop_before(finder->snap, loop);
	return before && before->is_watched && before->watched < BLOCKED_SECONDS;
}

/* A thread sleeps or polls while it has the lock, or waits itself. One that computes, or waits for the
 * GIL, which is with a timeout, is about to give it back. */
static bool is_kept_long(const struct finder *finder, const struct primitive *lock)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	for (size_t i = 0; i < lock->holders.count; i++) {
		const struct holder *holder = &lock->holders.items[i];
		ptrdiff_t thread = holder->task ? -1 : holder->thread;
		struct syscall_state state;
		if (thread < 0)
			return true;
		if (finder->waits->of_threads[thread].blocked)
			return true;
		if (syscall_read(finder->reader->cache.target, snap->threads.items[thread].tid,
				 &state))
			return state.has_timeout && !state.is_futex;
	}
	return false;
}

/* In a core: it sleeps in the system, until something comes from outside. Locks, and the GIL, are asked
 * for elsewhere. */
static bool is_asleep(const struct finder *finder, const struct loop *loop)
{
	struct syscall_state state;
	return syscall_read(finder->reader->cache.target,
			    finder->snap->threads.items[loop->thread].tid, &state) &&
	       state.was_asleep && !state.is_futex && !state.has_timeout;
}

/* Threads that wait for something of a loop: more are not named. */
#define VICTIMS_NAMED 3

/* A thread waits, without a timeout, for a task of the loop, or for what that is to call. */
static bool is_behind(const struct finder *finder, const struct loop *loop, size_t thread)
{
	const struct wait *wait = &finder->waits->of_threads[thread];
	if (!wait->blocked || wait->has_timeout || (ptrdiff_t)thread == loop->thread)
		return false;
	return wait->task ? wait->task->loop == loop->addr
			  : wait->for_loop && wait->thread == loop->thread;
}

/* The loop's thread waits for what another one may have to do, which in turn waits for the loop. Most
 * have a lock for a moment only. */
static bool keeps_threads(const struct finder *finder, const struct loop *loop)
{
	const struct wait *wait = &finder->waits->of_threads[loop->thread];
	bool waits = wait->blocked && wait->object && !wait->has_timeout && wait->kind != WAIT_LOCK;
	for (size_t i = 0; waits && i < finder->snap->threads.count; i++) {
		if (is_behind(finder, loop, i))
			return true;
	}
	return false;
}

static void add_threads_behind(struct finder *finder, const struct loop *loop,
			       struct verdict *verdict)
{
	size_t count = finder->snap->threads.count;
	for (size_t i = 0; i < count && verdict->party_count <= VICTIMS_NAMED; i++) {
		if (is_behind(finder, loop, i))
			verdict->parties[verdict->party_count++] = (struct party){
				.thread = (ptrdiff_t)i, .wait = &finder->waits->of_threads[i]};
	}
}

/* It is where a thread may stay for long: in a function that is known to block, asleep in the system,
 * or at a lock that somebody keeps. */
static bool may_block(const struct finder *finder, const struct loop *loop)
{
	const struct wait *wait = &finder->waits->of_threads[loop->thread];
	bool sleeps = wait->kind == WAIT_LOCK && wait->blocked && !wait->has_timeout &&
		      wait->certainty == CERTAINTY_CERTAIN;
	return loop->calls_blocking || is_asleep(finder, loop) || keeps_threads(finder, loop) ||
	       (sleeps && wait->object && is_kept_long(finder, wait->object));
}

/*
 * A loop that has not polled for long, while a callback runs. A loop under load polls between the
 * rounds of its ready queue, so that the time since it did is that of one round. Where the time is
 * not known, only a function that is known to block tells a callback that hangs from one that was
 * just called.
 */
static int judge_loop(struct finder *finder, struct loop *loop)
{
	const struct waits *waits = finder->waits;
	struct verdict verdict = {
		.kind = VERDICT_LOOP_BLOCKED,
		.loop = loop,
		.has_seconds = waits->has_now && loop->has_since,
		.seconds = waits->now - loop->since,
	};
	if (loop->state != LOOP_BUSY || loop->thread < 0)
		return 0;
	bool is_timed = verdict.has_seconds && !waits->now_is_least;
	if (is_timed && verdict.seconds <= BLOCKED_SECONDS)
		return 0;
	if (is_timed && !loop->is_native && was_watched(finder, loop))
		verdict.certainty = CERTAINTY_CERTAIN;
	else if (is_timed ? loop->is_native || !was_kept_waiting(finder, loop)
			  : may_block(finder, loop))
		verdict.certainty = CERTAINTY_LIKELY;
	else
		verdict.certainty = CERTAINTY_POSSIBLE;
	bool is_culprit = loop->callback == 1 ||
			  (loop->has_callback_since &&
			   waits->now - loop->callback_since > BLOCKED_SECONDS);
	verdict.culprit = is_culprit && verdict.certainty == CERTAINTY_CERTAIN ? CERTAINTY_CERTAIN
									       : CERTAINTY_LIKELY;
	int status = finder_alloc_parties(finder, &verdict, 1 + VICTIMS_NAMED);
	if (status)
		return status;
	struct wait *wait = &finder->waits->of_threads[loop->thread];
	verdict.parties[0] = (struct party){
		.task = loop->task,
		.thread = loop->thread,
		.wait = wait->blocked && wait->object ? wait : NULL,
	};
	verdict.party_count = 1;
	/* Perhaps it waits for one of these. */
	if (verdict.certainty > CERTAINTY_POSSIBLE && verdict.parties[0].wait)
		add_threads_behind(finder, loop, &verdict);
	return finder_add(finder, &verdict);
}

int loops_find_blocked(struct finder *finder)
{
	int status = 0;
	/* Nothing of a process that somebody has stopped says for how long it would have run. */
	if (finder->waits->stopped)
		return 0;
	for (size_t i = 0; !status && i < finder->waits->loops.count; i++)
		status = judge_loop(finder, &finder->waits->loops.items[i]);
	return status;
}

/* ---- LOOP GONE ---- */

/* Tasks of one loop that are named; the others are counted. */
#define GONE_NAMED 64

/*
 * Tasks whose loop is closed, or that no thread runs. Between two calls that run it a loop runs as
 * little: so who has it in a variable, or runs a Runner, may run it again; and whoever leads to it in
 * other ways, unless nothing of it was seen to move for a while.
 */
static int judge_gone(struct finder *finder, struct loop *loop)
{
	const struct tasks *tasks = &finder->snap->tasks;
	struct verdict verdict = {.kind = VERDICT_LOOP_GONE, .loop = loop};
	bool may_run = loop->at_hand || (loop->in_reach && !finder->snap->runs_on);
	verdict.certainty = loop->state == LOOP_CLOSED ? CERTAINTY_CERTAIN
			    : may_run		       ? CERTAINTY_POSSIBLE
						       : CERTAINTY_LIKELY;
	int status = finder_alloc_parties(finder, &verdict, GONE_NAMED);
	if (!status)
		status = work_charge(&finder->reader->work, tasks->count / 16 + 1);
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		if (task->loop != loop->addr || !task_is_pending(task) || task->problems ||
		    task->is_copy)
			continue;
		if (verdict.party_count == GONE_NAMED) {
			verdict.behind_count++;
			continue;
		}
		verdict.parties[verdict.party_count++] = (struct party){
			.task = task, .thread = -1, .wait = &finder->waits->of_tasks[i]};
	}
	return status || !verdict.party_count ? status : finder_add(finder, &verdict);
}

int loops_find_gone(struct finder *finder)
{
	const struct loops *loops = &finder->waits->loops;
	int status = 0;
	for (size_t i = 0; !status && i < loops->count; i++) {
		struct loop *loop = &loops->items[i];
		bool gone = loop->state == LOOP_CLOSED || loop->state == LOOP_NOT_RUNNING;
		if (loop->thread < 0 && gone)
			status = judge_gone(finder, loop);
	}
	return status;
}
