/* SPDX-License-Identifier: MIT */
/*
 * NEVER RELEASED and FAILED, by who is left: a lock that nobody is seen to have, and what a failed task
 * was to do, if nobody is seen who may give it back or do it.
 *
 * In a healthy program somebody has a lock that is locked, in a with statement or in a function that
 * releases it later; and a task that fails is taken notice of, or is made anew by one that has what
 * it worked on.
 */
#include "base/error.h"
#include "verdicts/finding.h"

static int add_parties(struct finder *finder, const struct primitive *object,
		       struct verdict *verdict, bool *is_named)
{
	const struct tasks *tasks = &finder->snap->tasks;
	int status = work_charge(&finder->reader->work, tasks->count / 16 + 1);
	*is_named = false;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct wait *wait = &finder->waits->of_tasks[i];
		if (wait->object != object || !wait->blocked ||
		    verdict->party_count == object->waiter_count)
			continue;
		*is_named |= finder->named[i];
		verdict->parties[verdict->party_count++] = (struct party){
			.task = tasks->items[i], .thread = -1, .wait = wait};
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

static int judge(struct finder *finder, struct primitive *object)
{
	struct verdict verdict = {.certainty = CERTAINTY_LIKELY};
	bool is_named;
	int status = finder_alloc_parties(finder, &verdict, object->waiter_count);
	if (!status)
		status = add_parties(finder, object, &verdict, &is_named);
	if (status || is_named || !verdict.party_count)
		return status;
	verdict.kind = object->kind == PRIMITIVE_LOCK ? VERDICT_NEVER_RELEASED : VERDICT_FAILED;
	find_deadline(&verdict);
	if (object->ended) {
		verdict.ended = arena_alloc(finder->verdicts->arena, sizeof(*verdict.ended));
		if (!verdict.ended)
			return finder_no_memory(finder);
		verdict.ended[verdict.ended_count++] =
			&finder->waits->ended.items[object->ended - 1];
	}
	for (size_t i = 0; i < verdict.party_count; i++)
		finder->named[verdict.parties[i].task->index] = true;
	return finder_add(finder, &verdict);
}

int abandoned_find(struct finder *finder)
{
	const struct primitives *primitives = &finder->waits->primitives;
	int status = 0;
	for (size_t i = 0; !status && !finder->waits->has_gaps && i < primitives->count; i++) {
		struct primitive *object = primitives->items[i];
		if (object->abandoned && object->waiter_count)
			status = judge(finder, object);
	}
	return status;
}
