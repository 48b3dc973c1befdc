/* SPDX-License-Identifier: MIT */
/*
 * Tasks that wait in vain without a circle: NOTHING CAN WAKE, NEVER RELEASED, NO CONSUMER, NO
 * PRODUCER, FAILED. All who could wake them wait for the same, or have ended.
 */
#include "base/error.h"
#include "closure/deeds.h"
#include "verdicts/finding.h"

#include <stdlib.h>

/* ---- what a circle with a set in it means ---- */

/* The set, if all members wait for the same one and it has nobody else; NULL otherwise. *sets is
 * how many there are. */
static const struct actor *only_set(const struct circle *circle, size_t *sets)
{
	const struct stuck *stuck = circle->stuck;
	const struct actor *set = NULL;
	*sets = 0;
	for (size_t i = 0; i < circle->count; i++) {
		if (circle->members[i] < stuck->first_set)
			continue;
		set = &stuck->actors[circle->members[i]];
		++*sets;
	}
	for (size_t i = 0; set && i < circle->count; i++) {
		const struct actor *actor = &stuck->actors[circle->members[i]];
		bool other = actor->count != 1 ||
			     &stuck->actors[stuck->wakers.items[actor->first].actor] != set;
		if (circle->members[i] < stuck->first_set && other)
			return NULL;
	}
	return *sets == 1 ? set : NULL;
}

/* Whether one of the set's tasks is held up by something else: all others are behind that. */
static bool has_others(const struct circle *circle, const struct actor *set)
{
	const struct stuck *stuck = circle->stuck;
	for (size_t i = set->first; i < set->first + set->count; i++) {
		if (stuck->actors[stuck->wakers.items[i].actor].knot != circle->knot)
			return true;
	}
	return false;
}

/* Whether all others of the set wait for ever, as they are meant to. */
static bool has_idle_others(const struct circle *circle, const struct actor *set)
{
	const struct stuck *stuck = circle->stuck;
	for (size_t i = set->first; i < set->first + set->count; i++) {
		size_t by = stuck->wakers.items[i].actor;
		const struct wait *wait = stuck_wait(stuck, by);
		if (stuck->actors[by].knot != circle->knot && (!wait || !wait->for_ever))
			return false;
	}
	return true;
}

/*
 * A client that the main task has in a variable keeps futures in a container, and nobody else leads to
 * them. When that task is told to end it may still complete them.
 */
static bool are_kept_only(const struct circle *circle)
{
	const struct stuck *stuck = circle->stuck;
	bool is_kept = false;
	for (size_t i = 0; i < circle->count; i++) {
		const struct actor *actor = &stuck->actors[circle->members[i]];
		const struct wait *wait = stuck_wait(stuck, circle->members[i]);
		if (wait ? wait->kind != WAIT_FUTURE || wait->for_ever
			 : !has_idle_others(circle, actor))
			return false;
		is_kept |= !wait && has_others(circle, actor);
	}
	return is_kept;
}

static bool is_held_by_member(const struct circle *circle, const struct primitive *object)
{
	for (size_t i = 0; object && i < object->holders.count; i++) {
		const struct task *task = object->holders.items[i].task;
		if (task && circle->stuck->actors[task->index].knot == circle->knot)
			return true;
	}
	return false;
}

/* Whether an exception has ended one who did what the wait is for, or a cancellation. */
static bool has_ended(const struct waits *waits, const struct wait *wait)
{
	const struct closed_set *set = wait->closed;
	for (size_t i = 0; set && i < set->ended_count; i++) {
		if (waits->ended.items[set->ended[i]].deeds & deeds_that_end(wait->kind))
			return true;
	}
	return false;
}

/* Whether a producer is missing: not if it was told to end, and nobody waits for its readers. */
static bool lacks_producer(const struct circle *circle, const struct wait *wait)
{
	const struct waits *waits = circle->stuck->waits;
	const struct closed_set *set = wait->closed;
	if (!set)
		return false;
	if (task_is_awaited(circle->stuck->snap->tasks.items[wait - waits->of_tasks]))
		return has_ended(waits, wait);
	for (size_t i = 0; i < set->ended_count; i++) {
		const struct ended_task *ended = &waits->ended.items[set->ended[i]];
		if (!ended->is_cancelled && ended->deeds & deeds_that_end(wait->kind))
			return true;
	}
	return false;
}

static enum verdict_kind kind_of(const struct circle *circle, const struct wait *wait)
{
	bool ended = has_ended(circle->stuck->waits, wait);
	/* Of a pool that is known by its names, EXHAUSTED tells who has what it has given out. */
	bool is_pool = wait->object && wait->object->gives_back && !wait->object->is_pool;
	switch (wait->kind) {
	case WAIT_LOCK:
	case WAIT_SEMAPHORE:
		return is_held_by_member(circle, wait->object) ? VERDICT_DEADLOCK
							       : VERDICT_NEVER_RELEASED;
	case WAIT_QUEUE_PUT:
	case WAIT_QUEUE_JOIN:
		return VERDICT_NO_CONSUMER;
	case WAIT_QUEUE_GET:
		return lacks_producer(circle, wait) || is_pool ? VERDICT_NO_PRODUCER
							       : VERDICT_NOTHING_CAN_WAKE;
	default:
		return ended ? VERDICT_FAILED : VERDICT_NOTHING_CAN_WAKE;
	}
}

/*
 * Workers that wait for what a task was to give that has failed, and who waits for the workers to have
 * done their work: all of them lead to each other, but one knows whose work is missing. Not so if one
 * of them is seen to have what another one waits for. Returns the first that waits for that work.
 */
static const struct wait *find_failed(const struct circle *circle)
{
	const struct wait *failed = NULL;
	for (size_t i = 0; i < circle->count; i++) {
		const struct wait *wait = stuck_wait(circle->stuck, circle->members[i]);
		if (!wait)
			continue;
		if (circle->members[i] >= circle->stuck->task_count ||
		    is_held_by_member(circle, wait->object))
			return NULL;
		if (!failed && wait->kind != WAIT_QUEUE_GET &&
		    has_ended(circle->stuck->waits, wait))
			failed = wait;
	}
	return failed;
}

/*
 * Requests whose futures are in one dict can all come to each other's, and only whoever reads the
 * replies would complete one. That is not what one calls a deadlock.
 */
static bool are_lost_futures(const struct circle *circle)
{
	const struct stuck *stuck = circle->stuck;
	const struct location *place = NULL;
	for (size_t i = 0; i < circle->count; i++) {
		const struct actor *actor = &stuck->actors[circle->members[i]];
		const struct wait *wait = stuck_wait(stuck, circle->members[i]);
		if (!wait && !has_idle_others(circle, actor))
			return false;
		if (!wait)
			continue;
		bool by_set = actor->count == 1 &&
			      stuck->wakers.items[actor->first].actor >= stuck->first_set;
		if (!by_set || wait->kind != WAIT_FUTURE || (place && wait->site.location != place))
			return false;
		place = wait->site.location;
	}
	return place != NULL;
}

/*
 * Workers that wait at an empty queue are healthy, also if the producer has gone, unless an exception
 * has ended that and nobody who has the queue is there to make another. So is a task
 * that waits for an event which is its alone, until somebody cancels it: that is how to wait for
 * ever, and the main task of asyncio.run() is cancelled by Control-C.
 */
enum verdict_kind vain_kind(const struct circle *circle)
{
	enum verdict_kind kind = VERDICT_KIND_COUNT;
	size_t sets;
	const struct actor *set = only_set(circle, &sets);
	bool idle = true, forever = false;
	if (!sets)
		return VERDICT_DEADLOCK;
	for (size_t i = 0; i < circle->count; i++) {
		const struct wait *wait = stuck_wait(circle->stuck, circle->members[i]);
		if (!wait)
			continue;
		/* Workers at an empty queue, and who waits for their end. */
		idle &= wait->kind == WAIT_QUEUE_GET || wait->for_tasks;
		forever |= wait->for_ever;
		if (kind == VERDICT_KIND_COUNT || wait->kind != WAIT_QUEUE_GET)
			kind = kind_of(circle, wait);
	}
	if (idle && kind != VERDICT_NO_PRODUCER)
		return VERDICT_KIND_COUNT;
	if (!set && kind != VERDICT_DEADLOCK && are_lost_futures(circle))
		return kind;
	const struct wait *failed = set ? NULL : find_failed(circle);
	if (failed && failed->kind == WAIT_SEMAPHORE)
		return VERDICT_FAILED;
	if (!set)
		return failed ? kind_of(circle, failed) : VERDICT_DEADLOCK;
	if (forever && kind == VERDICT_NOTHING_CAN_WAKE)
		return VERDICT_KIND_COUNT;
	return !has_others(circle, set) || are_kept_only(circle) ? kind : VERDICT_KIND_COUNT;
}

/* ---- verdicts ---- */

int vain_add(struct finder *finder, const struct circle *circle, enum verdict_kind kind)
{
	const bool is_kept = are_kept_only(circle);
	size_t sets;
	bool is_one = only_set(circle, &sets) || are_lost_futures(circle);
	for (size_t i = 0; i < circle->count; i++) {
		const struct lone lone = {kind, circle->members[i], circle->members[0], is_kept};
		finder->named[lone.actor] = true;
		if (lone.actor >= circle->stuck->task_count)
			continue;
		/* The others are behind those that wait for what has failed. */
		const struct wait *wait = stuck_wait(circle->stuck, lone.actor);
		if ((is_one || has_ended(finder->waits, wait)) && !array_push(&finder->lone, lone))
			return finder_no_memory(finder);
	}
	return 0;
}

/* Those that wait at the same place have the same mistake. */
static bool is_alike(const struct stuck *stuck, const struct lone *a, const struct lone *b)
{
	const struct wait *x = stuck_wait(stuck, a->first), *y = stuck_wait(stuck, b->first);
	return a->kind == b->kind && a->is_kept == b->is_kept && x->kind == y->kind &&
	       x->site.location == y->site.location;
}

/* As many are named. */
#define ENDED_NAMED 8

/* Those who have ended and did what the members wait for. */
static int add_ended(struct finder *finder, const struct stuck *stuck,
		     const struct actor_list *members, struct verdict *verdict)
{
	const struct wait *wait = stuck_wait(stuck, members->items[0]);
	const struct closed_set *set = wait->closed;
	size_t count = set ? set->ended_count : 0;
	if (!count)
		return 0;
	verdict->ended = arena_alloc(finder->verdicts->arena,
				     ENDED_NAMED * sizeof(*verdict->ended));
	if (!verdict->ended)
		return finder_no_memory(finder);
	for (size_t i = 0; i < count && verdict->ended_count < ENDED_NAMED; i++) {
		struct ended_task *ended = &finder->waits->ended.items[set->ended[i]];
		bool is_known = !(ended->deeds & deeds_that_end(wait->kind));
		for (size_t k = 0; k < verdict->ended_count; k++)
			is_known |= verdict->ended[k] == ended;
		if (!is_known)
			verdict->ended[verdict->ended_count++] = ended;
	}
	return 0;
}

static int make_one(struct finder *finder, const struct stuck *stuck, enum verdict_kind kind,
		    enum certainty certainty, const struct actor_list *members)
{
	const struct circle circle = {stuck, 0, members->items, members->count};
	struct verdict verdict = {.kind = kind, .certainty = certainty};
	const struct wait *wait = stuck_wait(stuck, members->items[0]);
	verdict.is_garbage = wait->closed && wait->closed->is_garbage;
	/* A queue's consumer may be made later. */
	if (kind == VERDICT_NO_CONSUMER || kind == VERDICT_NO_PRODUCER || kind == VERDICT_FAILED)
		verdict.certainty = CERTAINTY_LIKELY;
	int status = finder_alloc_parties(finder, &verdict, members->count);
	if (!status)
		status = add_ended(finder, stuck, members, &verdict);
	for (size_t i = 0; !status && i < members->count; i++)
		verdict.parties[verdict.party_count++] = (struct party){
			.task = finder->snap->tasks.items[members->items[i]],
			.thread = -1,
			.wait = stuck_wait(stuck, members->items[i]),
		};
	if (!status)
		status = circle_deadlines(finder, &circle, &verdict);
	if (!status)
		status = circle_behind(finder, &circle, &verdict);
	return status ? status : finder_add(finder, &verdict);
}

/* Places that are compared with each other: more kinds of mistakes at a time are the same one. */
#define PLACES 64

int vain_make(struct finder *finder, const struct stuck *stuck, enum certainty certainty)
{
	struct actor_list members = {0};
	struct lone_list *lone = &finder->lone;
	int status = 0;
	/* That nobody else leads to it may be because the others were not read. */
	if (finder->waits->has_gaps)
		lone->count = 0;
	for (size_t n = 0; !status && n < PLACES && lone->count; n++) {
		const struct lone first = lone->items[0];
		size_t kept = 0;
		members.count = 0;
		for (size_t i = 0; !status && i < lone->count; i++) {
			if (!is_alike(stuck, &first, &lone->items[i]))
				lone->items[kept++] = lone->items[i];
			else if (!array_push(&members, lone->items[i].actor))
				status = finder_no_memory(finder);
		}
		lone->count = kept;
		if (!status)
			status = make_one(finder, stuck, first.kind,
					  first.is_kept ? CERTAINTY_POSSIBLE : certainty, &members);
	}
	lone->count = 0;
	array_deinit(&members);
	return status;
}

/* ---- a lock whose owner is gone ---- */

/* Threads that wait for the lock; and tasks that wait for these threads, if they are asked for. */
static int list_waiters(struct finder *finder, const struct primitive *lock, struct party *parties,
			size_t *count)
{
	const struct waits *waits = finder->waits;
	*count = 0;
	for (size_t i = 0; i < finder->snap->threads.count; i++) {
		struct wait *wait = &waits->of_threads[i];
		if (wait->object != lock || !wait->blocked || wait->has_timeout)
			continue;
		if (parties)
			parties[*count] = (struct party){.thread = (ptrdiff_t)i, .wait = wait};
		++*count;
	}
	for (size_t i = 0; *count && i < finder->snap->tasks.count; i++) {
		struct wait *wait = &waits->of_tasks[i];
		if (!wait->blocked || wait->queued || wait->thread < 0 ||
		    waits->of_threads[wait->thread].object != lock)
			continue;
		if (parties)
			parties[*count] = (struct party){
				.task = finder->snap->tasks.items[i], .thread = -1, .wait = wait};
		++*count;
	}
	return work_charge(&finder->reader->work, finder->snap->tasks.count / 16 + 1);
}

/*
 * A recursive lock names its owner. A thread that has ended, or that a fork has not taken along,
 * gives nothing back. A thread of a healthy program that has a lock is there.
 */
int vain_find_unreleased(struct finder *finder)
{
	const struct primitives *primitives = &finder->waits->primitives;
	int status = 0;
	for (size_t i = 0; !status && i < primitives->count; i++) {
		struct verdict verdict = {.kind = VERDICT_NEVER_RELEASED};
		const struct primitive *lock = primitives->items[i];
		size_t count;
		if (!lock->owner_gone)
			continue;
		status = list_waiters(finder, lock, NULL, &count);
		if (status || !count)
			continue;
		status = finder_alloc_parties(finder, &verdict, count);
		if (!status)
			status = list_waiters(finder, lock, verdict.parties, &verdict.party_count);
		if (status)
			return status;
		verdict.certainty = verdict.parties[0].wait->certainty;
		/* A lock that names no owner may be given back by a handler of a signal. */
		if (lock->kind != PRIMITIVE_THREAD_RLOCK && verdict.certainty > CERTAINTY_LIKELY)
			verdict.certainty = CERTAINTY_LIKELY;
		status = finder_add(finder, &verdict);
	}
	return status;
}

/* ---- a lock that nobody has ---- */

static bool is_free(const struct primitive *object)
{
	if (!object->waiter_count || object->holders.count)
		return false;
	return object->kind == PRIMITIVE_LOCK
		       ? object->locked == 0
		       : object->kind == PRIMITIVE_SEMAPHORE && object->value > 0;
}

/*
 * Tasks that wait for a lock which nobody has and nobody was woken to take: up to 3.11 a task that
 * was cancelled in acquire() could forget to wake the next one. In a healthy program the lock is
 * free while one of its tasks runs, or was woken and is about to.
 */
int vain_find_lost(struct finder *finder)
{
	const struct waits *waits = finder->waits;
	const struct tasks *tasks = &finder->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && !waits->permits_move && i < waits->primitives.count; i++) {
		struct verdict verdict = {
			.kind = VERDICT_LOST_WAKEUP,
			.certainty = CERTAINTY_LIKELY,
		};
		const struct primitive *object = waits->primitives.items[i];
		if (!is_free(object))
			continue;
		status = finder_alloc_parties(finder, &verdict, object->waiter_count);
		if (!status)
			status = work_charge(&finder->reader->work, tasks->count / 16 + 1);
		for (size_t k = 0; !status && k < tasks->count; k++) {
			struct wait *wait = &waits->of_tasks[k];
			if (wait->object == object && wait->blocked &&
			    verdict.party_count < object->waiter_count)
				verdict.parties[verdict.party_count++] = (struct party){
					.task = tasks->items[k], .thread = -1, .wait = wait};
		}
		if (!status && verdict.party_count)
			status = finder_add(finder, &verdict);
	}
	return status;
}
