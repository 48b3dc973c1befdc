/* SPDX-License-Identifier: MIT */
/*
 * WON'T CANCEL: a task was told to end, is not out of its except or finally yet, and somebody waits
 * for its end.
 *
 * A task that has survived a cancellation, as workers do, looks the same by the count of its
 * cancellations, so that is not enough: one of its coroutines has to be in a handler of CancelledError
 * still. And a finally may take its time, so the task must not have moved, nor be woken soon.
 */
#include "base/error.h"
#include "snapshot/finding.h"
#include "snapshot/waiting.h"

#include <string.h>

/* ---- what a coroutine handles ---- */

static int is_cancellation(struct waiting *waiting, uint64_t exception, bool *ret)
{
	const struct type *type;
	int status = object_type(waiting->decoder, exception, &type);
	*ret = !status && type->kind == KIND_EXCEPTION && type->name &&
	       !strcmp(type->name, "CancelledError");
	return status;
}

static int read_chain(struct waiting *waiting, struct wait *wait)
{
	struct decoder *decoder = waiting->decoder;
	int32_t offset = decoder->layout->gen.exc_value;
	for (size_t i = 0; i < waiting->chain.count && !wait->is_cancelled; i++) {
		uint64_t object = waiting->chain.items[i].object, exception;
		enum kind kind;
		int status = object ? object_kind(decoder, object, &kind) : AIODBG_NOT_FOUND;
		if (status || (kind != KIND_COROUTINE && kind != KIND_GENERATOR))
			continue;
		status = reader_word(&decoder->reader, object + (uint64_t)offset, &exception);
		if (!status && exception)
			status = is_cancellation(waiting, exception, &wait->is_cancelled);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

static bool is_awaited(const struct task *task)
{
	for (size_t i = 0; i < task->awaiter_count; i++) {
		if (task->awaiters[i].awaiter && edge_waits(&task->awaiters[i]))
			return true;
	}
	return false;
}

int cancelling_read(struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = 0;
	if (waiting->decoder->layout->gen.exc_value == LAYOUT_NONE)
		return 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct task *task = tasks->items[i];
		struct wait *wait = &waiting->waits->of_tasks[i];
		struct coro coro = {0};
		/* Where they are counted, one that was never cancelled handles none of its own. */
		if (!wait->blocked || !task->cancel_requests || !task->coro || !is_awaited(task))
			continue;
		waiting->chain.count = 0;
		status = work_step(&waiting->decoder->reader.work);
		if (!status)
			status = coro_walk_frames(waiting->decoder, task->coro, &waiting->chain,
						  &coro);
		if (!status)
			status = read_chain(waiting, wait);
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

/* ---- the verdict ---- */

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
