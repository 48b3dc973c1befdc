/* SPDX-License-Identifier: MIT */
/*
 * NOTHING CAN WAKE, possibly: futures in a container of some object to which nobody leads but the tasks that
 * wait for these, and the main task, which waits for the end of the process.
 *
 * In a healthy program whoever completes them is a task, or leads there from a timer, a file or a
 * thread. The main task may do it when it is told to end: more than possible it is not.
 */
#include "base/error.h"
#include "verdicts/finding.h"

/* It waits for a future of its own, and is in no verdict yet. Those of a pool are waited for until
 * somebody puts back what he has. */
static bool is_candidate(const struct finder *finder, size_t index)
{
	const struct wait *wait = &finder->waits->of_tasks[index];
	bool is_of_pool = wait->object && wait->object->is_pool;
	return !is_of_pool && wait->blocked && wait->kind == WAIT_FUTURE && !wait->has_deadline &&
	       !wait->for_ever && wait->closed && wait->closed->owner_count > 1 &&
	       !finder->named[index];
}

/* Whether none of those that lead to it does anything before the process ends. */
static bool is_kept(const struct finder *finder, size_t index)
{
	const struct waits *waits = finder->waits;
	const struct closed_set *set = waits->of_tasks[index].closed;
	bool has_main = false;
	for (size_t i = 0; i < set->owner_count; i++) {
		const struct wait *wait = &waits->of_tasks[set->owners[i]];
		bool is_alike = wait->kind == WAIT_FUTURE &&
				wait->site.location == waits->of_tasks[index].site.location;
		if (!wait->for_ever && !is_alike)
			return false;
		has_main |= wait->for_ever;
	}
	return has_main && !set->ended_count;
}

static int make(struct finder *finder, const size_t *members, size_t count)
{
	const struct tasks *tasks = &finder->snap->tasks;
	struct verdict verdict = {.kind = VERDICT_NOTHING_CAN_WAKE,
				  .certainty = CERTAINTY_POSSIBLE};
	int status = finder_alloc_parties(finder, &verdict, count);
	for (size_t i = 0; !status && i < count; i++) {
		finder->named[members[i]] = true;
		verdict.parties[verdict.party_count++] = (struct party){
			.task = tasks->items[members[i]],
			.thread = -1,
			.wait = &finder->waits->of_tasks[members[i]],
		};
	}
	return status ? status : finder_add(finder, &verdict);
}

int kept_find(struct finder *finder)
{
	const struct waits *waits = finder->waits;
	const struct tasks *tasks = &finder->snap->tasks;
	struct actor_list members = {0};
	int status = 0;
	for (size_t i = 0; !status && !waits->has_gaps && i < tasks->count; i++) {
		const struct wait *first = &waits->of_tasks[i];
		if (!is_candidate(finder, i))
			continue;
		status = work_charge(&finder->reader->work,
				     first->closed->owner_count + tasks->count / 16 + 1);
		members.count = 0;
		/* All that wait at the place, or none. */
		bool is_good = is_kept(finder, i);
		for (size_t k = i; !status && is_good && k < tasks->count; k++) {
			if (is_candidate(finder, k) &&
			    waits->of_tasks[k].site.location == first->site.location &&
			    is_kept(finder, k) && !array_push(&members, k))
				status = finder_no_memory(finder);
		}
		if (!status && members.count)
			status = make(finder, members.items, members.count);
	}
	array_deinit(&members);
	return status;
}
