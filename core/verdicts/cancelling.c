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

/* Awaiters that no earlier member of the same verdict has. */
static size_t count_awaiters(struct finder *finder, const struct task *task)
{
	size_t count = 0;
	for (size_t i = 0; i < task->awaiter_count; i++) {
		const struct task *awaiter = task->awaiters[i].awaiter;
		if (!awaiter || !edge_waits(&task->awaiters[i]) ||
		    finder->seen[awaiter->index] == finder->search_count)
			continue;
		finder->seen[awaiter->index] = finder->search_count;
		count++;
	}
	return count;
}

/* Those that do not end, in the order of tasks. */
static int list_those(struct finder *finder, struct actor_list *ret)
{
	const struct tasks *tasks = &finder->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct wait *wait = &finder->waits->of_tasks[i];
		enum progress found = PROGRESS_SOON;
		/* Whoever is in a deadlock as well does not end because of that. */
		if (wait->is_cancelled && wait->blocked && !finder->named[i])
			status = progress_find(finder, tasks->items[i], -1, &found);
		if (!status && found != PROGRESS_SOON && !array_push(ret, i))
			status = finder_no_memory(finder);
	}
	return status;
}

/* Those that wait at the place of the first are one verdict, and leave the list. */
static int make_one(struct finder *finder, struct actor_list *those)
{
	struct verdict verdict = {
		.kind = VERDICT_WONT_CANCEL,
		.certainty = finder->snap->before ? CERTAINTY_LIKELY : CERTAINTY_POSSIBLE,
		.settled = true,
	};
	struct wait *waits = finder->waits->of_tasks;
	const struct location *place = waits[those->items[0]].site.location;
	size_t kept = 0;
	int status = finder_alloc_parties(finder, &verdict, those->count);
	finder->search_count++;
	for (size_t i = 0; !status && i < those->count; i++) {
		size_t index = those->items[i];
		struct task *task = finder->snap->tasks.items[index];
		if (i && waits[index].site.location != place) {
			those->items[kept++] = index;
			continue;
		}
		verdict.behind_count += count_awaiters(finder, task);
		verdict.parties[verdict.party_count++] = (struct party){
			.task = task, .thread = -1, .wait = &waits[index]};
	}
	those->count = kept;
	return status ? status : finder_add(finder, &verdict);
}

/* Places that are told apart: more kinds of mistakes at a time are the same one. */
#define PLACES 64

int cancelling_find(struct finder *finder)
{
	struct actor_list those = {0};
	int status = finder->waits->stopped ? 0 : list_those(finder, &those);
	for (size_t i = 0; !status && those.count && i < PLACES; i++)
		status = make_one(finder, &those);
	array_deinit(&those);
	return status;
}
