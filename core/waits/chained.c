/* SPDX-License-Identifier: MIT */
/*
 * Futures of concurrent.futures that stand for a task: run_coroutine_threadsafe() gives them to
 * threads that ask for their result, and asyncio wraps them for tasks of another loop. And asyncio's own
 * that stand for another one.
 */
#include "asyncio/future.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/sequence.h"
#include "snapshot/graph.h"
#include "waits/waiting.h"

#include <string.h>

struct chained {
	struct waiting *waiting;
	struct wait *wait;
};

static int visit_done_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct chained *chained = arg;
	struct callable callable;
	uint64_t source = 0;
	int status = callable_read(decoder, addr, &callable);
	if (status || !callable.code || !callable.code->name ||
	    strcmp(callable.code->name, "_call_check_cancel") != 0)
		return error_is_fatal(status) ? status : 0;
	status = closure_get(decoder, callable.function, "source", &source);
	if (!status && source) {
		struct node *node = graph_find(chained->waiting->snap->graph, source);
		if (node && node->task) {
			chained->wait->kind = WAIT_TASK;
			chained->wait->task = node->task;
			chained->wait->blocked = task_is_pending(node->task);
		}
	}
	return error_is_fatal(status) ? status : 0;
}

struct promising {
	struct waiting *waiting;
	/* The index, plus one, of the thread whose loop it is. */
	uintptr_t thread;
};

/* Of those whose task has ended. */
#define PROMISE_ENDED ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))

/*
 * A callback that a loop has not run yet, and that is to set a future: that of run_coroutine_threadsafe(),
 * which makes the task, and the one that tells its future that the task has ended.
 */
static int visit_handle(struct decoder *decoder, uint64_t handle, void *arg)
{
	const struct promising *promising = arg;
	struct waiting *waiting = promising->waiting;
	struct attr attr = {.name = "_callback"};
	struct callable callable;
	uint64_t future = 0;
	uintptr_t ended = 0;
	int status = attrs_find(decoder, handle, &attr, 1);
	if (!status && attr.value)
		status = callable_read(decoder, attr.value, &callable);
	if (!status && attr.value && callable.kind == KIND_FUNCTION)
		status = closure_get(decoder, callable.function, "future", &future);
	if (!status && callable.kind == KIND_FUNCTION && !future) {
		ended = PROMISE_ENDED;
		status = closure_get(decoder, callable.function, "destination", &future);
	}
	if (!status && future && !addrmap_get(&waiting->promises, future) &&
	    !addrmap_put(&waiting->promises, future, (void *)(promising->thread | ended)))
		return waiting_no_memory(waiting);
	return error_is_fatal(status) ? status : 0;
}

/* The futures that callbacks in the queues of loops are to set: all of them at once, when the first
 * thread asks. */
static int read_promises(struct waiting *waiting)
{
	const struct threads *threads = &waiting->snap->threads;
	struct decoder *decoder = waiting->decoder;
	waiting->has_promises = true;
	for (size_t i = 0; i < threads->count; i++) {
		struct promising promising = {waiting, (uintptr_t)i + 1};
		struct attr attr = {.name = "_ready"};
		uint64_t loop = threads->items[i].running_loop;
		int status = loop ? attrs_find(decoder, loop, &attr, 1) : 0;
		if (!status && attr.value)
			status = sequence_visit(decoder, attr.value, visit_handle, &promising);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

/* Before the loop has made the task, and after that has ended, it is known to a callback in the loop's
 * queue alone, and the loop's thread is who is waited for. */
static int read_promise(struct waiting *waiting, uint64_t future, struct wait *wait)
{
	int status = waiting->has_promises ? 0 : read_promises(waiting);
	uintptr_t promise = (uintptr_t)addrmap_get(&waiting->promises, future);
	uintptr_t thread = promise & ~PROMISE_ENDED;
	if (status || !thread)
		return status;
	wait->kind = WAIT_THREAD;
	wait->task = NULL;
	wait->blocked = true;
	wait->thread = (ptrdiff_t)(thread - 1);
	wait->for_loop = promise & PROMISE_ENDED ? FOR_LOOP_TO_TELL : FOR_LOOP_TO_BEGIN;
	return 0;
}

int chained_read(struct waiting *waiting, uint64_t future, struct wait *wait)
{
	struct attr attr = {.name = "_done_callbacks"};
	struct chained chained = {waiting, wait};
	int status = attrs_find(waiting->decoder, future, &attr, 1);
	if (!status && attr.value)
		status = sequence_visit(waiting->decoder, attr.value, visit_done_callback,
					&chained);
	if (error_is_fatal(status) || (wait->task && task_is_pending(wait->task)))
		return status;
	return read_promise(waiting, future, wait);
}

/* ---- shields ---- */

int shield_read(struct waiting *waiting, uint64_t function, struct wait *wait)
{
	struct future inner;
	uint64_t value = 0;
	int status = closure_get(waiting->decoder, function, "inner", &value);
	if (!status && value)
		status = future_read(waiting->decoder, value, EXPECT_NOTHING, &inner);
	if (!status && value && !inner.is_task) {
		wait->kind = WAIT_FUTURE;
		wait->future = value;
		wait->future_type = inner.type->name;
		return 0;
	}
	wait->kind = WAIT_SHIELD;
	wait->for_tasks = true;
	return error_is_fatal(status) ? status : 0;
}
