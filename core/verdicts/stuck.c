/* SPDX-License-Identifier: MIT */
/*
 * Circles of waiting. See verdicts/stuck.h.
 *
 * A greatest fixpoint: all that is blocked and whose wakers are known is taken for stuck, then
 * those are let go that somebody else can wake, one after the other, until nothing changes. What
 * remains can only wait for others that remain, so there is a circle among them: Tarjan's
 * strongly connected components.
 */
#include "verdicts/stuck.h"

#include "base/ceilings.h"
#include "base/error.h"

#include <stdlib.h>

ARRAY(actor_stack, size_t);

struct wait *stuck_wait(const struct stuck *stuck, size_t actor)
{
	if (actor < stuck->task_count)
		return &stuck->waits->of_tasks[actor];
	return actor < stuck->first_set ? &stuck->waits->of_threads[actor - stuck->task_count]
					: NULL;
}

static int add_waker(struct stuck *stuck, size_t actor, struct primitive *object,
		     struct holder *holder)
{
	const struct waker waker = {actor, object, holder};
	return array_push(&stuck->wakers, waker) ? 0 : error_no_memory(&stuck->reader->error);
}

static size_t thread_actor(const struct stuck *stuck, ptrdiff_t thread)
{
	return stuck->task_count + (size_t)thread;
}

/* Only what somebody holds can be waited for in a circle: that nobody is known to hold it, or too
 * few for all that may be held, leaves it open. */
static int add_holders(struct stuck *stuck, struct actor *actor, struct primitive *object,
		       enum certainty least)
{
	const struct holders *holders = &object->holders;
	size_t enough = 1, known = 0;
	if (object->kind == PRIMITIVE_SEMAPHORE || object->kind == PRIMITIVE_THREAD_SEMAPHORE) {
		/* How many permits there are is often not known. If all who are seen to have one
		 * wait, and none is on its way, nobody else has one, probably. */
		bool likely = least <= CERTAINTY_LIKELY && !stuck->waits->permits_move;
		if (object->value != 0 || (object->bound <= 0 && !likely)) {
			actor->open = true;
			return 0;
		}
		enough = object->bound > 0 ? (size_t)object->bound : 1;
	}
	int status = 0;
	if (stuck->wakers.count + holders->count + object->releasers.count > LIMIT_WAKERS) {
		actor->open = true;
		return 0;
	}
	for (size_t i = 0; !status && i < holders->count; i++) {
		struct holder *holder = &holders->items[i];
		bool is_doubtful = holder->evidence == holder_by_reference && object->has_others;
		if (holder->certainty < least || is_doubtful)
			continue;
		known++;
		size_t by = holder->task ? holder->task->index
					 : thread_actor(stuck, holder->thread);
		status = add_waker(stuck, by, object, holder);
	}
	for (size_t i = 0; !status && i < object->releasers.count; i++)
		status = add_waker(stuck, object->releasers.items[i]->index, NULL, NULL);
	actor->open = known < enough || object->handed_over || object->locked == 0;
	return status;
}

/* The tasks that a task waits for: those that it awaits and that have not ended. */
static int add_awaited(struct stuck *stuck, struct actor *actor, const struct task *task)
{
	int status = 0;
	size_t before = stuck->wakers.count;
	for (size_t i = 0; !status && i < task->awaited_count; i++) {
		const struct task *awaited = task->awaited[i]->task;
		if (edge_waits(task->awaited[i]) && task_is_pending(awaited) &&
		    awaited->index < stuck->task_count)
			status = add_waker(stuck, awaited->index, NULL, NULL);
	}
	/* All have ended: it was woken, or is about to be. */
	actor->open = stuck->wakers.count == before;
	return status;
}

/* Whoever can wake it is not known by what it does, but by the references to what is waited for. */
static int use_closed_set(struct stuck *stuck, struct actor *actor, const struct wait *wait,
			  enum certainty least)
{
	bool good = wait->blocked && !wait->has_timeout && wait->certainty >= least;
	if (!actor->open || !good || !wait->closed || wait->closed->certainty < least)
		return 0;
	stuck->wakers.count = actor->first;
	actor->open = false;
	actor->count = 1;
	return add_waker(stuck, stuck->first_set + wait->closed->index, wait->object, NULL);
}

/* Whether a task waits for another one at the other end of its connection. If that one waits there, too,
 * both are idle, or what one writes the other is about to read; unless both want to get rid of something
 * first. */
static bool has_peer(const struct stuck *stuck, const struct wait *wait)
{
	const struct task *peer = wait->peer_task;
	if (!peer || wait->peer_is_doubtful || peer->index >= stuck->task_count)
		return false;
	bool both_write = wait->kind == WAIT_WRITE &&
			  stuck->waits->of_tasks[peer->index].kind == WAIT_WRITE;
	return !wait->peer_is_at_it || both_write;
}

static int add_wakers(struct stuck *stuck, size_t index, enum certainty wanted)
{
	/* What is only possible counts of peers alone. */
	enum certainty least = wanted < CERTAINTY_LIKELY ? CERTAINTY_LIKELY : wanted;
	struct actor *actor = &stuck->actors[index];
	const struct wait *wait = stuck_wait(stuck, index);
	int status = 0;
	actor->first = stuck->wakers.count;
	actor->needs_all = wait->for_all;
	/* A future among what is waited for may be done first, or fail, which ends gather(). */
	if (!wait->blocked || wait->has_timeout || wait->for_futures || wait->certainty < least)
		actor->open = true;
	else if (wait->for_tasks && index < stuck->task_count)
		status = add_awaited(stuck, actor, stuck->snap->tasks.items[index]);
	else if (wait->task)
		status = add_waker(stuck, wait->task->index, NULL, NULL);
	else if (wanted < CERTAINTY_LIKELY && has_peer(stuck, wait))
		status = add_waker(stuck, wait->peer_task->index, NULL, NULL);
	else if (wait->thread >= 0)
		status = add_waker(stuck, thread_actor(stuck, wait->thread), NULL, NULL);
	else if (wait->queued)
		for (size_t i = 0; !status && i < wait->worker_count; i++)
			status = add_waker(
				stuck,
				thread_actor(stuck, (ptrdiff_t)stuck->waits->workers
							    .items[wait->first_worker + i]),
				NULL, NULL);
	else if (wait->object && (wait->kind == WAIT_LOCK || wait->kind == WAIT_SEMAPHORE))
		status = add_holders(stuck, actor, wait->object, least);
	actor->count = stuck->wakers.count - actor->first;
	if (!actor->count)
		actor->open = true;
	return status ? status : use_closed_set(stuck, actor, wait, least);
}

static int add_owners(struct stuck *stuck, size_t index)
{
	struct actor *actor = &stuck->actors[index];
	const struct closed_set *set = stuck->waits->closed_sets.items[index - stuck->first_set];
	int status = 0;
	actor->first = stuck->wakers.count;
	for (size_t i = 0; !status && i < set->owner_count; i++)
		status = add_waker(stuck, set->owners[i], NULL, NULL);
	actor->count = set->owner_count;
	return status;
}

/* The thread that runs the task's loop, if it is blocked itself: as an actor, or SIZE_MAX. */
static size_t blocked_thread(const struct stuck *stuck, size_t index)
{
	if (index >= stuck->task_count)
		return SIZE_MAX;
	const struct aiodbg_snapshot *snap = stuck->snap;
	const struct task *task = snap->tasks.items[index];
	if (task->thread < 0 || !task_is_pending(task) ||
	    snap->threads.items[task->thread].running_loop != task->loop)
		return SIZE_MAX;
	size_t thread = thread_actor(stuck, task->thread);
	return stuck->actors[thread].open ? SIZE_MAX : thread;
}

/*
 * A task whose loop's thread is stuck can't run, whoever wakes it. So that thread comes after
 * its wakers, as one that is not counted among them.
 */
static int add_actors(struct stuck *stuck, enum certainty least)
{
	int status = 0;
	/* Threads first: it depends on them. */
	for (size_t i = stuck->task_count; !status && i < stuck->first_set; i++)
		status = add_wakers(stuck, i, least);
	for (size_t i = 0; !status && i < stuck->task_count; i++) {
		status = work_charge(&stuck->reader->work, 1);
		if (!status)
			status = add_wakers(stuck, i, least);
		size_t thread = blocked_thread(stuck, i);
		stuck->actors[i].by_thread = thread != SIZE_MAX;
		if (!status && thread != SIZE_MAX)
			status = add_waker(stuck, thread, NULL, NULL);
	}
	for (size_t i = stuck->first_set; !status && i < stuck->count; i++)
		status = add_owners(stuck, i);
	return status;
}

/* The range of all wakers, its thread included. */
static size_t end_of_wakers(const struct actor *actor)
{
	return actor->first + actor->count + actor->by_thread;
}

/* ---- letting go ---- */

/* Whom each can wake: a counting sort of the wakers. */
static int reverse(struct stuck *stuck)
{
	stuck->woken_first = calloc(stuck->count + 2, sizeof(size_t));
	stuck->woken = calloc(stuck->wakers.count + 1, sizeof(size_t));
	if (!stuck->woken_first || !stuck->woken)
		return error_no_memory(&stuck->reader->error);
	for (size_t i = 0; i < stuck->wakers.count; i++)
		stuck->woken_first[stuck->wakers.items[i].actor + 2]++;
	for (size_t i = 2; i < stuck->count + 2; i++)
		stuck->woken_first[i] += stuck->woken_first[i - 1];
	for (size_t i = 0; i < stuck->count; i++) {
		const struct actor *actor = &stuck->actors[i];
		for (size_t k = actor->first; k < end_of_wakers(actor); k++)
			stuck->woken[stuck->woken_first[stuck->wakers.items[k].actor + 1]++] = i;
	}
	return 0;
}

/* One of those that an actor depends on goes on. Returns whether the actor does, too. */
static bool lose(struct stuck *stuck, struct actor *actor, size_t by)
{
	bool is_thread = by >= stuck->task_count && actor->by_thread &&
			 stuck->wakers.items[actor->first + actor->count].actor == by;
	if (is_thread)
		actor->by_thread = false;
	else
		actor->free_wakers++;
	return actor->is_stuck && !actor->by_thread && !actor_waits_in_vain(actor);
}

static int let_go(struct stuck *stuck, struct actor_stack *going)
{
	while (going->count) {
		size_t index = going->items[--going->count];
		size_t first = stuck->woken_first[index], end = stuck->woken_first[index + 1];
		int status = work_charge(&stuck->reader->work, 1 + (end - first) / 16);
		for (size_t i = first; !status && i < end; i++) {
			struct actor *actor = &stuck->actors[stuck->woken[i]];
			if (!lose(stuck, actor, index))
				continue;
			actor->is_stuck = false;
			if (!array_push(going, stuck->woken[i]))
				status = error_no_memory(&stuck->reader->error);
		}
		if (status)
			return status;
	}
	return 0;
}

static int find_stuck(struct stuck *stuck)
{
	struct actor_stack going = {0};
	int status = 0;
	for (size_t i = 0; !status && i < stuck->count; i++) {
		struct actor *actor = &stuck->actors[i];
		actor->is_stuck = !actor->open || actor->by_thread;
		if (!actor->is_stuck && !array_push(&going, i))
			status = error_no_memory(&stuck->reader->error);
	}
	if (!status)
		status = let_go(stuck, &going);
	array_deinit(&going);
	return status;
}

int stuck_find(struct stuck *stuck, const struct aiodbg_snapshot *snap, const struct waits *waits,
	       enum certainty least, struct reader *reader)
{
	*stuck = (struct stuck){
		.snap = snap,
		.waits = waits,
		.reader = reader,
		.task_count = snap->tasks.count,
		.first_set = snap->tasks.count + snap->threads.count,
		.count = snap->tasks.count + snap->threads.count + waits->closed_sets.count,
	};
	stuck->actors = calloc(stuck->count + 1, sizeof(*stuck->actors));
	int status = stuck->actors ? add_actors(stuck, least) : error_no_memory(&reader->error);
	if (!status)
		status = reverse(stuck);
	if (!status)
		status = find_stuck(stuck);
	return status ? status : circles_find(stuck);
}

void stuck_deinit(struct stuck *stuck)
{
	free(stuck->actors);
	free(stuck->woken_first);
	free(stuck->woken);
	array_deinit(&stuck->wakers);
}
