/* SPDX-License-Identifier: MIT */
/* The executor of a loop: Lib/concurrent/futures/thread.py. */
#include "asyncio/sync.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/str.h"
#include "loops/detailing.h"

#include <string.h>

#define THREAD_PY "concurrent/futures/thread.py"

/* "load", of a function that a work item has; the one inside for asyncio.to_thread, which wraps it in
 * Context.run. */
static int name_work(struct decoder *decoder, uint64_t item, const char **ret)
{
	struct attr attrs[] = {{.name = "fn"}, {.name = "task"}};
	struct callable callable;
	enum kind kind = KIND_OTHER;
	uint64_t function, inner;
	int status = attrs_find(decoder, item, attrs, 2);
	function = attrs[0].value;
	/* Since 3.14 a tuple of the function and its arguments. */
	if (!status && !function && attrs[1].value)
		status = object_kind(decoder, attrs[1].value, &kind);
	if (!status && kind == KIND_TUPLE)
		status = tuple_item(decoder, attrs[1].value, 0, &function);
	if (!status && function)
		status = callable_read(decoder, function, &callable);
	if (status || !function)
		return status;
	*ret = callable.name;
	if (callable.kind != KIND_PARTIAL || !callable.name || strcmp(callable.name, "run") != 0)
		return 0;
	status = tuple_item(decoder, callable.args, 0, &inner);
	if (!status)
		status = callable_read(decoder, inner, &callable);
	if (!status && callable.name)
		*ret = callable.name;
	return error_is_fatal(status) ? status : 0;
}

/* ---- workers ---- */

static ptrdiff_t thread_with_ident(const struct aiodbg_snapshot *snap, uint64_t ident)
{
	for (size_t i = 0; ident && i < snap->threads.count; i++) {
		if (snap->threads.items[i].ident == ident)
			return (ptrdiff_t)i;
	}
	return -1;
}

/* The variable work_item of a worker has what it runs; it is deleted, or NULL, in between. */
static int read_work(struct detailing *detailing, struct loop_worker *worker)
{
	struct decoder *decoder = detailing->decoder;
	const struct thread *thread = &detailing->snap->threads.items[worker->thread];
	struct thread_frames frames = {0};
	int status = thread_frames_read(decoder, thread, &frames);
	for (size_t i = 0; !status && i < frames.count; i++) {
		const struct code *code = frames.items[i].location->code;
		struct frame frame;
		uint64_t item = 0;
		enum kind kind = KIND_NONE;
		if (!code->name || strcmp(code->name, "_worker") != 0 ||
		    !sync_is_file(code->filename, THREAD_PY))
			continue;
		worker->is_idle = i == 0;
		status = frame_read_any(decoder, frames.items[i].addr, &frame);
		if (!status && i)
			status = locals_get(decoder, &frame, "work_item", &item);
		if (!status && item)
			status = object_kind(decoder, item, &kind);
		if (!status && kind == KIND_OTHER)
			status = name_work(decoder, item, &worker->work);
		break;
	}
	array_deinit(&frames);
	return error_is_fatal(status) ? status : 0;
}

static int visit_thread(struct decoder *decoder, uint64_t object, void *arg)
{
	struct detailing *detailing = arg;
	const struct waits *waits = detailing->snap->waits;
	struct attr attrs[] = {{.name = "_ident"}, {.name = "_name"}};
	struct loop_worker worker = {.thread = -1};
	int64_t ident = 0;
	enum kind kind = KIND_OTHER;
	int status = attrs_find(decoder, object, attrs, 2);
	if (!status && attrs[0].value)
		status = object_kind(decoder, attrs[0].value, &kind);
	if (!status && kind == KIND_INT)
		status = int_read(decoder, attrs[0].value, &ident);
	if (!status && attrs[1].value)
		status = str_read_shown(decoder, attrs[1].value, &worker.name);
	if (error_is_fatal(status))
		return status;
	worker.thread = thread_with_ident(detailing->snap, (uint64_t)ident);
	if (worker.thread >= 0) {
		const struct thread_facts *facts = &waits->threads[worker.thread];
		worker.place = waits->of_threads[worker.thread].site.location;
		if (!worker.place && facts->depth)
			worker.place = facts->stack[0];
		status = read_work(detailing, &worker);
	}
	if (!status && !array_push(&detailing->detail->executor.workers, worker))
		status = decoder_no_memory(decoder);
	return status;
}

static int compare_workers(const void *a, const void *b)
{
	const struct loop_worker *x = a, *y = b;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* ---- the queue ---- */

static int visit_queued(struct decoder *decoder, uint64_t item, void *arg)
{
	struct loop_executor *executor = &((struct detailing *)arg)->detail->executor;
	const char *name = NULL;
	enum kind kind;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, item, &kind);
	/* None tells a worker to end. */
	if (status || kind == KIND_NONE)
		return status;
	if (executor->queued_count++ >= LIMIT_LOOP_ENTRIES)
		return 0;
	status = name_work(decoder, item, &name);
	if (error_is_fatal(status))
		return status;
	return array_push(&executor->queued, name) ? 0 : decoder_no_memory(decoder);
}

int loop_executor_read(struct detailing *detailing, uint64_t addr)
{
	struct decoder *decoder = detailing->decoder;
	struct loop_executor *executor = &detailing->detail->executor;
	struct attr attrs[] = {
		{.name = "_threads"},
		{.name = "_work_queue"},
		{.name = "_max_workers"},
		{.name = "_thread_name_prefix"},
	};
	const struct type *type;
	enum kind kind = KIND_OTHER;
	int status = object_type(decoder, addr, &type);
	if (status || type->kind == KIND_NONE)
		return status;
	executor->addr = addr;
	executor->type = type->name;
	executor->max_workers = -1;
	status = attrs_find(decoder, addr, attrs, 4);
	if (!status && attrs[2].value)
		status = int_read(decoder, attrs[2].value, &executor->max_workers);
	if (!status && attrs[3].value)
		status = str_read_shown(decoder, attrs[3].value, &executor->prefix);
	if (!status && attrs[0].value)
		status = set_visit(decoder, attrs[0].value, visit_thread, detailing);
	if (executor->workers.count)
		qsort(executor->workers.items, executor->workers.count,
		      sizeof(executor->workers.items[0]), compare_workers);
	if (!status && attrs[1].value)
		status = object_kind(decoder, attrs[1].value, &kind);
	if (!status && kind == KIND_SIMPLE_QUEUE)
		status = simple_queue_visit(decoder, attrs[1].value, visit_queued, detailing);
	return status;
}
