/* SPDX-License-Identifier: MIT */
/*
 * Those who wait for what few have: EXHAUSTED, when all that there is of something is taken, and
 * CONVOY, when many wait behind one.
 *
 * Both are what a service under load looks like at any moment. What tells them apart is who has it: a
 * healthy holder has moved between two looks, or is to be woken by time, or waits for somebody of
 * whom that is true, or else the first in the queue is another one meanwhile. A holder that waits
 * for an answer has it after a few seconds, if it is healthy: before that, nothing is said of it.
 */
#include "base/error.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

/* As many behind one are a convoy. */
#define CONVOY_LEAST 10

/* Parties of one verdict; the others are counted. */
#define NAMED 64

/* ---- who waits ---- */

/* Tasks by the object that they wait for: a range of tasks for each primitive would be as long. */
static int list_waiters(struct finder *finder, const struct primitive *object,
			struct actor_list *ret)
{
	const struct tasks *tasks = &finder->snap->tasks;
	size_t left = object->waiter_count;
	int status = work_charge(&finder->reader->work, tasks->count / 16 + 1);
	ret->count = 0;
	for (size_t i = 0; !status && left && i < tasks->count; i++) {
		const struct wait *wait = &finder->waits->of_tasks[i];
		if (wait->object != object)
			continue;
		left--;
		if (wait->blocked && !array_push(ret, i))
			status = finder_no_memory(finder);
	}
	return status;
}

/* How many waited at the look before. */
static size_t count_before(const struct finder *finder, uint64_t object)
{
	const struct aiodbg_snapshot *before = finder->snap->before;
	size_t count = 0;
	for (size_t i = 0; i < before->tasks.count; i++) {
		const struct wait *wait = &before->waits->of_tasks[i];
		count += wait->blocked && wait->object && wait->object->addr == object;
	}
	return count;
}

/* Whether those who were in the queue are so still: nobody was given what they wait for. */
static bool is_queue_same(const struct finder *finder, const struct primitive *object,
			  const struct actor_list *waiters)
{
	size_t same = 0;
	for (size_t i = 0; i < waiters->count; i++) {
		const struct task *task = finder->snap->tasks.items[waiters->items[i]];
		const struct wait *wait = &finder->waits->of_tasks[waiters->items[i]];
		const struct wait *before = looks_wait_before(finder->snap, task);
		/* Newcomers are behind all others. */
		if (!before || !before->object || before->object->addr != object->addr)
			continue;
		if (before->place != wait->place || before->future != wait->future)
			return false;
		same++;
	}
	return same > 0 && same == count_before(finder, object->addr);
}

/* ---- who has it ---- */

/* Those who may have something of it, or give it back. */
static int progress_of_users(struct finder *finder, const struct primitive *object,
			     enum progress *ret)
{
	int status = 0;
	*ret = object->has_other_users ? PROGRESS_SOON : PROGRESS_NONE;
	for (size_t i = 0; !status && *ret != PROGRESS_SOON && i < object->users.count; i++) {
		enum progress found;
		status = progress_find(finder, object->users.items[i], -1, &found);
		*ret = found > *ret ? found : *ret;
	}
	return status;
}

/* That of those who have it. Who has something of a pool may be gone; whom a verdict names is no reason
 * for another one. */
static int progress_of_holders(struct finder *finder, const struct primitive *object,
			       enum progress *ret)
{
	bool may_be_gone = object->is_pool || (object->kind != PRIMITIVE_LOCK && !object->derived);
	int status = progress_of_users(finder, object, ret);
	if ((!object->holders.count && !may_be_gone) || object->releasers.count)
		*ret = PROGRESS_SOON;
	for (size_t i = 0; !status && *ret != PROGRESS_SOON && i < object->holders.count; i++) {
		const struct holder *holder = &object->holders.items[i];
		enum progress found = PROGRESS_SOON;
		if (!holder->task || !finder->named[holder->task->index])
			status = progress_find(finder, holder->task, holder->thread, &found);
		*ret = found > *ret ? found : *ret;
	}
	return status;
}

/* Whether the loop has polled between the looks. */
static bool has_polled(const struct finder *finder, const struct loop *loop)
{
	const struct loop *before = looks_loop_before(finder->snap, loop);
	return before && before->has_since && loop->has_since && before->since != loop->since;
}

/* Nobody goes on whose loop does not. What is said of a loop that has polled is about a moment. */
static bool is_loop_at_fault(const struct finder *finder, uint64_t loop)
{
	const struct verdict_list *list = &finder->verdicts->list;
	for (size_t i = 0; i < list->count; i++) {
		const struct loop *known = list->items[i].loop;
		if (known && known->addr == loop && !has_polled(finder, known))
			return true;
	}
	return false;
}

static bool has_faulty_loop(const struct finder *finder, const struct actor_list *waiters)
{
	for (size_t i = 0; i < waiters->count; i++) {
		if (is_loop_at_fault(finder, finder->snap->tasks.items[waiters->items[i]]->loop))
			return true;
	}
	return false;
}

/* ---- locks and semaphores ---- */

static void add_holder_party(struct finder *finder, struct primitive *object, struct holder *holder,
			     struct verdict *verdict)
{
	struct party *party = &verdict->parties[verdict->party_count];
	struct held *held = arena_alloc(finder->verdicts->arena, sizeof(*held));
	if (!held)
		return;
	*held = (struct held){object, holder};
	*party = (struct party){
		.task = holder->task,
		.thread = holder->task ? -1 : holder->thread,
		.wait = holder->task ? &finder->waits->of_tasks[holder->task->index]
				     : &finder->waits->of_threads[holder->thread],
		.held = held,
		.held_count = 1,
	};
	verdict->party_count++;
}

/* Where nobody is seen to have it, those are named who want it. */
static void add_waiters(struct finder *finder, const struct actor_list *waiters,
			struct verdict *verdict)
{
	for (size_t i = 0; i < waiters->count && i < NAMED; i++) {
		size_t index = waiters->items[i];
		verdict->parties[verdict->party_count++] = (struct party){
			.task = finder->snap->tasks.items[index],
			.thread = -1,
			.wait = &finder->waits->of_tasks[index],
		};
	}
}

/* Up to most of those who have it. */
static int add_holders(struct finder *finder, struct primitive *object, size_t most,
		       struct verdict *verdict)
{
	int status = finder_alloc_parties(finder, verdict, NAMED);
	for (size_t i = 0; !status && i < object->holders.count && i < most; i++)
		add_holder_party(finder, object, &object->holders.items[i], verdict);
	return status;
}

/* What there is a crowd at, if at anything: CONVOY, EXHAUSTED, or VERDICT_KIND_COUNT. */
static enum verdict_kind kind_of_crowd(const struct primitive *object)
{
	if (object->kind == PRIMITIVE_LOCK && object->locked == 1 &&
	    object->waiter_count >= CONVOY_LEAST)
		return VERDICT_CONVOY;
	bool is_used_up = object->is_pool ||
			  (object->kind == PRIMITIVE_SEMAPHORE && object->value == 0);
	return is_used_up && object->waiter_count ? VERDICT_EXHAUSTED : VERDICT_KIND_COUNT;
}

static int add_crowd(struct finder *finder, struct primitive *object, enum certainty certainty,
		     const struct actor_list *waiters)
{
	struct verdict verdict = {
		.kind = kind_of_crowd(object),
		.certainty = certainty,
		.behind_count = waiters->count,
		.settled = true,
	};
	int status = add_holders(finder, object, NAMED, &verdict);
	if (!status && !object->holders.count)
		add_waiters(finder, waiters, &verdict);
	return status || !verdict.party_count ? status : finder_add(finder, &verdict);
}

/* Those of whom it has been said already that nobody gives it back. */
static bool are_named(const struct finder *finder, const struct actor_list *waiters)
{
	return waiters->count && finder->named[waiters->items[0]];
}

static int judge_object(struct finder *finder, struct primitive *object, struct actor_list *waiters)
{
	enum verdict_kind kind = kind_of_crowd(object);
	bool is_lock = kind == VERDICT_CONVOY;
	enum progress found;
	if (kind == VERDICT_KIND_COUNT)
		return 0;
	int status = progress_of_holders(finder, object, &found);
	if (status || found == PROGRESS_SOON)
		return status;
	status = list_waiters(finder, object, waiters);
	if (status || !is_queue_same(finder, object, waiters) || has_faulty_loop(finder, waiters) ||
	    (is_lock && waiters->count < CONVOY_LEAST) ||
	    (!object->holders.count && are_named(finder, waiters)))
		return status;
	return add_crowd(finder, object, found ? CERTAINTY_POSSIBLE : CERTAINTY_LIKELY, waiters);
}

/* ---- executors ---- */

/* Whether each of the executor's threads does the same work as before, and none of them goes on.
 * Whose work it is has to be known: a thread looks the same whatever it is at. */
static int do_workers_stand(struct finder *finder, const struct wait *queued, bool *ret)
{
	const struct tasks *tasks = &finder->snap->tasks;
	size_t busy = 0;
	int status = work_charge(&finder->reader->work, tasks->count / 16 + 1);
	*ret = queued->worker_count > 0;
	for (size_t i = 0; !status && *ret && i < queued->worker_count; i++) {
		size_t thread = finder->waits->workers.items[queued->first_worker + i];
		enum progress found;
		status = progress_find(finder, NULL, (ptrdiff_t)thread, &found);
		*ret = found != PROGRESS_SOON;
	}
	for (size_t i = 0; !status && *ret && i < tasks->count; i++) {
		const struct wait *wait = &finder->waits->of_tasks[i];
		bool is_worker = false;
		for (size_t k = 0; wait->thread >= 0 && !wait->queued && k < queued->worker_count;
		     k++)
			is_worker |= finder->waits->workers.items[queued->first_worker + k] ==
				     (size_t)wait->thread;
		busy += is_worker && wait->blocked;
		*ret &= !is_worker || (looks_task_stood_still(finder->snap, tasks->items[i]) &&
				       !finder->named[i]);
	}
	*ret &= busy >= queued->worker_count;
	return status;
}

/* Its threads, up to most of them, and how many wait for one. */
static int describe_executor(struct finder *finder, const struct wait *queued, size_t most,
			     struct verdict *verdict)
{
	const struct tasks *tasks = &finder->snap->tasks;
	size_t count = queued->worker_count < most ? queued->worker_count : most;
	int status = finder_alloc_parties(finder, verdict, count);
	for (size_t i = 0; !status && i < count; i++) {
		size_t thread = finder->waits->workers.items[queued->first_worker + i];
		verdict->parties[verdict->party_count++] = (struct party){
			.thread = (ptrdiff_t)thread,
			.wait = &finder->waits->of_threads[thread],
		};
	}
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct wait *wait = &finder->waits->of_tasks[i];
		verdict->behind_count += wait->queued && wait->blocked &&
					 wait->first_worker == queued->first_worker;
	}
	return status;
}

static int judge_executor(struct finder *finder, const struct wait *queued)
{
	struct verdict verdict = {
		.kind = VERDICT_EXHAUSTED,
		.certainty = CERTAINTY_LIKELY,
		.settled = true,
	};
	bool stand;
	int status = do_workers_stand(finder, queued, &stand);
	if (status || !stand)
		return status;
	status = describe_executor(finder, queued, NAMED, &verdict);
	return status ? status : finder_add(finder, &verdict);
}

/* Call judge() for each executor that has work queued, once. */
static int visit_executors(struct finder *finder,
			   int (*judge)(struct finder *finder, const struct wait *queued))
{
	const struct tasks *tasks = &finder->snap->tasks;
	struct actor_list known = {0};
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct wait *wait = &finder->waits->of_tasks[i];
		bool is_known = !wait->queued || !wait->blocked || !wait->worker_count;
		for (size_t k = 0; !is_known && k < known.count; k++)
			is_known = known.items[k] == wait->first_worker;
		if (is_known)
			continue;
		if (!array_push(&known, wait->first_worker))
			status = finder_no_memory(finder);
		else
			status = judge(finder, wait);
	}
	array_deinit(&known);
	return status;
}

/* ---- the whole ---- */

int crowds_find(struct finder *finder)
{
	const struct primitives *primitives = &finder->waits->primitives;
	struct actor_list waiters = {0};
	int status = 0;
	/* After one look anybody may be about to go on. */
	if (!finder->snap->before || finder->waits->stopped)
		return 0;
	for (size_t i = 0; !status && i < primitives->count; i++)
		status = judge_object(finder, primitives->items[i], &waiters);
	array_deinit(&waiters);
	return status ? status : visit_executors(finder, judge_executor);
}

/* ---- what there is, whether anything is wrong or not ---- */

/* Crowds that are noted, and how many of those who have what they wait for. */
#define CROWDS_NOTED 4
#define HOLDERS_NOTED 2
/* Fewer are not worth a line. */
#define CROWD_LEAST 3

/* Keeps the most crowded ones, in that order. */
static int keep_crowd(struct finder *finder, const struct verdict *crowd)
{
	struct verdict_list *list = &finder->verdicts->crowds;
	size_t at = list->count;
	while (at && list->items[at - 1].behind_count < crowd->behind_count)
		at--;
	if (at == CROWDS_NOTED)
		return 0;
	if (list->count < CROWDS_NOTED && !array_push(list, *crowd))
		return finder_no_memory(finder);
	for (size_t i = list->count - 1; i > at; i--)
		list->items[i] = list->items[i - 1];
	list->items[at] = *crowd;
	return 0;
}

static int note_executor(struct finder *finder, const struct wait *queued)
{
	struct verdict crowd = {.kind = VERDICT_EXHAUSTED};
	int status = describe_executor(finder, queued, HOLDERS_NOTED, &crowd);
	return status || crowd.behind_count < CROWD_LEAST ? status : keep_crowd(finder, &crowd);
}

/* A full queue: all who wait want to put. */
static bool is_full(const struct primitive *object)
{
	return object->kind == PRIMITIVE_QUEUE && object->bound > 0 &&
	       object->value >= object->bound;
}

static int note_object(struct finder *finder, struct primitive *object)
{
	struct actor_list waiters = {0};
	struct verdict crowd = {
		.kind = kind_of_crowd(object),
		.object = object,
		.behind_count = object->waiter_count,
	};
	if (object->waiter_count < CROWD_LEAST)
		return 0;
	if ((object->kind == PRIMITIVE_LOCK && object->locked == 1) || is_full(object))
		crowd.kind = VERDICT_CONVOY;
	if (crowd.kind == VERDICT_KIND_COUNT)
		return 0;
	int status = add_holders(finder, object, HOLDERS_NOTED, &crowd);
	if (!status && is_full(object))
		status = list_waiters(finder, object, &waiters);
	if (!status && waiters.count) {
		waiters.count = 1;
		add_waiters(finder, &waiters, &crowd);
	}
	array_deinit(&waiters);
	return status ? status : keep_crowd(finder, &crowd);
}

/* Exceptions that nobody has asked for, of the program's own functions: a task that worked in the background may
 * be missed by nobody who is seen. */
static int note_ended(struct finder *finder)
{
	const struct ended_tasks *ended = &finder->waits->ended;
	struct verdict crowd = {.kind = VERDICT_FAILED};
	crowd.ended = arena_alloc(finder->verdicts->arena, NAMED * sizeof(*crowd.ended));
	if (!crowd.ended)
		return finder_no_memory(finder);
	for (size_t i = 0; i < ended->count && crowd.ended_count < NAMED; i++) {
		if (ended->items[i].is_unasked && !ended->items[i].is_cancelled &&
		    ended->items[i].site.location)
			crowd.ended[crowd.ended_count++] = &ended->items[i];
	}
	if (!crowd.ended_count || array_push(&finder->verdicts->crowds, crowd))
		return 0;
	return finder_no_memory(finder);
}

int crowds_note(struct finder *finder)
{
	const struct primitives *primitives = &finder->waits->primitives;
	int status = 0;
	for (size_t i = 0; !status && i < primitives->count; i++)
		status = note_object(finder, primitives->items[i]);
	if (!status)
		status = visit_executors(finder, note_executor);
	return status ? status : note_ended(finder);
}
