/* SPDX-License-Identifier: MIT */
/* LOOP STARVED: a loop that could go on and does not come to it. */
#include "base/array.h"
#include "base/error.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

/* By as much a timer may be late if the machine is busy. */
#define LATE_SECONDS 0.05
/* A call that keeps the lock for less is a slow one; and for less than that, it is nothing to speak of. */
#define STARVED_SECONDS 1.0
#define SLOW_SECONDS 0.3
#define WAITS_LEAST 3

/* For how long at least it has had something to do; negative: not that is known. */
static double late_by(const struct waits *waits, const struct loop *loop)
{
	if (!waits->has_now || waits->now_is_least || !loop->has_first_timer)
		return -1;
	return waits->now - loop->first_timer_at;
}

/* It is in select, has something to do, and another thread has the lock that it needs. */
static bool wants_lock(const struct waits *waits, const struct loop *loop)
{
	if (loop->state != LOOP_IDLE || loop->is_native || loop->is_asleep)
		return false;
	if (!loop->gil_known || loop->gil_thread < 0 || loop->gil_thread == loop->thread)
		return false;
	return late_by(waits, loop) > LATE_SECONDS || loop->ready_count;
}

/* At the look before it was the same call of select, and the same call of the other thread that
 * keeps the lock. */
static bool was_the_same(const struct finder *finder, const struct loop *loop)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	const struct loop *before = looks_loop_before(snap, loop);
	if (!before || !wants_lock(snap->before->waits, before) || snap->before->waits->stopped)
		return false;
	if (snap->before->threads.items[before->gil_thread].addr !=
	    snap->threads.items[loop->gil_thread].addr)
		return false;
	/* It would have had to wait for the lock after giving it back. */
	if (!before->has_gil_waits || !loop->has_gil_waits || before->gil_waits != loop->gil_waits)
		return false;
	return before->ready_count == loop->ready_count &&
	       before->has_first_timer == loop->has_first_timer &&
	       (!loop->has_first_timer || before->first_timer_at == loop->first_timer_at) &&
	       looks_thread_stood_still(snap, loop->gil_thread);
}

/* It was seen to wait for the lock, or has waited several times and got no further: that is for 5 ms
 * each, and in between it is not seen to. */
static bool has_asked(const struct loop *before, const struct loop *loop)
{
	if (loop->wants_gil || (before && before->wants_gil))
		return true;
	return before && before->has_wait_count && loop->has_wait_count &&
	       loop->wait_count - before->wait_count >= WAITS_LEAST &&
	       loop->wait_count > before->wait_count;
}

static enum certainty certainty_of(const struct finder *finder, const struct loop *loop)
{
	const struct loop *before = looks_loop_before(finder->snap, loop);
	if (!has_asked(before, loop))
		return CERTAINTY_POSSIBLE;
	/* What has passed before the first look may be time in which the process was stopped. */
	if (before)
		return before->watched > STARVED_SECONDS ? CERTAINTY_CERTAIN : CERTAINTY_POSSIBLE;
	return late_by(finder->waits, loop) > STARVED_SECONDS ? CERTAINTY_LIKELY
							      : CERTAINTY_POSSIBLE;
}

/*
 * A thread that computes gives the lock back when another one has asked for it for 5 ms, and has
 * to wait for it itself then. So one that has not waited for anything, and is at the same place as
 * before, is in one call of C that keeps it. Without processors enough all is late: then the loop's
 * thread does not ask.
 */
static int judge_gil(struct finder *finder, struct loop *loop)
{
	const struct waits *waits = finder->waits;
	struct verdict verdict = {
		.kind = VERDICT_LOOP_STARVED,
		.certainty = certainty_of(finder, loop),
		.loop = loop,
		.seconds = late_by(waits, loop),
		.settled = true,
	};
	if (!wants_lock(waits, loop))
		return 0;
	verdict.has_seconds = verdict.seconds > 0;
	if (finder->snap->before && (!was_the_same(finder, loop) ||
				     (verdict.has_seconds && verdict.seconds < SLOW_SECONDS)))
		return 0;
	int status = finder_alloc_parties(finder, &verdict, 1);
	if (status)
		return status;
	verdict.parties[verdict.party_count++] = (struct party){
		.thread = loop->gil_thread,
		.wait = &waits->of_threads[loop->gil_thread],
	};
	return finder_add(finder, &verdict);
}

int starved_find(struct finder *finder)
{
	const struct loops *loops = &finder->waits->loops;
	int status = 0;
	/* Whoever does not run asks for nothing. */
	for (size_t i = 0; !status && !finder->waits->stopped && i < loops->count; i++) {
		if (loops->items[i].thread >= 0)
			status = judge_gil(finder, &loops->items[i]);
	}
	return status;
}
