/* SPDX-License-Identifier: MIT */
/*
 * NEVER RELEASED and FAILED, by who is left: a lock that nobody is seen to have, and what a failed task
 * was to do, if nobody is seen who may give it back or do it.
 *
 * In a healthy program somebody has a lock that is locked, in a with statement or in a function that
 * releases it later; and a task that fails is taken notice of, or is made anew by one that has what
 * it worked on. At a stop, a task that runs or was just woken may be between the two.
 */
#include "base/error.h"
#include "verdicts/finding.h"

/* They wait for the same, or for futures at the same place. */
static bool is_alike(const struct wait *a, const struct wait *b)
{
	return b->is_abandoned && a->kind == b->kind && a->ended == b->ended &&
	       (a->kind == WAIT_FUTURE ? a->site.location == b->site.location
				       : a->object == b->object);
}

static int add_parties(struct finder *finder, size_t first, struct verdict *verdict, bool *is_named)
{
	const struct tasks *tasks = &finder->snap->tasks;
	struct wait *waits = finder->waits->of_tasks;
	size_t count = 0;
	int status = work_charge(&finder->reader->work, tasks->count / 8 + 1);
	for (size_t i = first; i < tasks->count; i++)
		count += is_alike(&waits[first], &waits[i]);
	if (!status)
		status = finder_alloc_parties(finder, verdict, count);
	*is_named = false;
	for (size_t i = first; !status && i < tasks->count; i++) {
		if (!is_alike(&waits[first], &waits[i]))
			continue;
		*is_named |= finder->named[i];
		finder->named[i] = true;
		verdict->parties[verdict->party_count++] = (struct party){
			.task = tasks->items[i], .thread = -1, .wait = &waits[i]};
	}
	return status;
}

/* Whoever waits with a timeout goes on. */
static void find_deadline(struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct wait *wait = verdict->parties[i].wait;
		if (!wait->has_deadline ||
		    (verdict->has_until && verdict->until <= wait->deadline_at))
			continue;
		verdict->has_until = true;
		verdict->until = wait->deadline_at;
		verdict->until_task = verdict->parties[i].task;
	}
}

static int judge(struct finder *finder, size_t first)
{
	const struct wait *wait = &finder->waits->of_tasks[first];
	struct verdict verdict = {
		.kind = wait->kind == WAIT_LOCK ? VERDICT_NEVER_RELEASED : VERDICT_FAILED,
		.certainty = CERTAINTY_LIKELY,
	};
	bool is_named;
	int status = add_parties(finder, first, &verdict, &is_named);
	if (status || is_named)
		return status;
	find_deadline(&verdict);
	if (wait->ended) {
		verdict.ended = arena_alloc(finder->verdicts->arena, sizeof(*verdict.ended));
		if (!verdict.ended)
			return finder_no_memory(finder);
		verdict.ended[verdict.ended_count++] = &finder->waits->ended.items[wait->ended - 1];
	}
	return finder_add(finder, &verdict);
}

int abandoned_find(struct finder *finder)
{
	const struct tasks *tasks = &finder->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && !finder->waits->has_gaps && i < tasks->count; i++) {
		const struct wait *wait = &finder->waits->of_tasks[i];
		bool may_move = wait->kind == WAIT_LOCK && !finder->snap->before &&
				finder->waits->permits_move;
		if (wait->is_abandoned && !finder->named[i] && !may_move)
			status = judge(finder, i);
	}
	return status;
}
