/* SPDX-License-Identifier: MIT */
/*
 * WON'T CANCEL: a task was told to end, is not out of its except or finally yet, and somebody waits
 * for its end.
 *
 * A task that has survived a cancellation, as workers do, looks the same by the count of its
 * cancellations, so that is not enough: one of its coroutines has to be in a handler of CancelledError
 * still. And a finally may take its time, so the task must not have moved, nor be woken soon.
 */
#include "verdicts/finding.h"

static size_t count_awaiters(const struct task *task)
{
	size_t count = 0;
	for (size_t i = 0; i < task->awaiter_count; i++)
		count += task->awaiters[i].awaiter && edge_waits(&task->awaiters[i]);
	return count;
}

static int judge(struct finder *finder, struct task *task)
{
	struct wait *wait = &finder->waits->of_tasks[task->index];
	struct verdict verdict = {
		.kind = VERDICT_WONT_CANCEL,
		.certainty = finder->snap->before ? CERTAINTY_LIKELY : CERTAINTY_POSSIBLE,
		.behind_count = count_awaiters(task),
		.settled = true,
	};
	bool going;
	int status = progress_find(finder, task, -1, &going);
	if (status || going)
		return status;
	status = finder_alloc_parties(finder, &verdict, 1);
	if (status)
		return status;
	verdict.parties[0] = (struct party){.task = task, .thread = -1, .wait = wait};
	verdict.party_count = 1;
	return finder_add(finder, &verdict);
}

int cancelling_find(struct finder *finder)
{
	const struct tasks *tasks = &finder->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && !finder->waits->stopped && i < tasks->count; i++) {
		const struct wait *wait = &finder->waits->of_tasks[i];
		/* Whoever is in a deadlock as well does not end because of that. */
		if (wait->is_cancelled && wait->blocked && !finder->named[i])
			status = judge(finder, tasks->items[i]);
	}
	return status;
}
