/* SPDX-License-Identifier: MIT */
/*
 * Tasks that are on their way out: one of their coroutines handles a CancelledError now. The count of
 * cancellations alone does not tell, since workers survive them.
 */
#include "base/error.h"
#include "waits/waiting.h"

#include <string.h>

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

int cancelled_read(struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = 0;
	if (waiting->decoder->layout->gen.exc_value == LAYOUT_NONE)
		return 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct task *task = tasks->items[i];
		struct wait *wait = &waiting->waits->of_tasks[i];
		/* Where they are counted, one that was never cancelled handles none of its own. */
		if (!wait->blocked || !task->cancel_requests || !task->coro ||
		    !task_is_awaited(task))
			continue;
		status = work_step(&waiting->decoder->reader.work);
		if (!status)
			status = waiting_walk(waiting, task);
		if (!status)
			status = read_chain(waiting, wait);
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}
