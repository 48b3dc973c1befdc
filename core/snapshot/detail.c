/* SPDX-License-Identifier: MIT */
/* One task in detail. See snapshot/detail.h. */
#include "snapshot/detail.h"

#include "asyncio/future.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/context.h"
#include "cpython/int.h"
#include "cpython/repr.h"
#include "cpython/str.h"
#include "snapshot/graph.h"
#include "snapshot/source.h"

#include <stdlib.h>
#include <string.h>

struct detail_builder {
	struct decoder *decoder;
	const struct aiodbg_snapshot *snap;
	struct task_detail *detail;
	struct sources sources;
};

/* A part that cannot be read costs only itself. Passes fatal errors through. */
static int pass_over(struct detail_builder *builder, int status, const char *what)
{
	struct aiodbg_error *error = &builder->decoder->reader.error;
	if (!status || error_is_fatal(status))
		return status;
	error_prefix(error, "%s", what);
	struct aiodbg_problem *problem = problem_create(builder->decoder->arena, error);
	if (!problem)
		return decoder_no_memory(builder->decoder);
	problem->next = builder->detail->problems;
	builder->detail->problems = problem;
	return 0;
}

static int read_text(struct detail_builder *builder, uint64_t addr, const char **ret)
{
	return addr ? repr_read(builder->decoder, NULL, addr, ret) : 0;
}

/* The name of an object's type. */
static int read_type(struct detail_builder *builder, uint64_t addr, const char **ret)
{
	const struct type *type;
	if (!addr)
		return 0;
	int status = object_type(builder->decoder, addr, &type);
	if (!status)
		*ret = type->name;
	return status;
}

static int read_waits_for(struct detail_builder *builder, uint64_t addr)
{
	static const enum aiodbg_task_state states[] = {
		[FUTURE_PENDING] = AIODBG_TASK_PENDING,
		[FUTURE_CANCELLED] = AIODBG_TASK_CANCELLED,
		[FUTURE_FINISHED] = AIODBG_TASK_FINISHED,
		[FUTURE_STATE_UNKNOWN] = AIODBG_TASK_UNKNOWN,
	};
	struct task_detail *detail = builder->detail;
	struct future future;
	detail->waits_for = addr;
	detail->waits_for_state = AIODBG_TASK_UNKNOWN;
	if (!addr)
		return 0;
	const struct node *node = graph_find(builder->snap->graph, addr);
	detail->waits_for_task = node ? node->task : NULL;
	int status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
	if (status)
		return status;
	detail->waits_for_type = future.type->name;
	detail->waits_for_state = states[future.state];
	return 0;
}

static int visit_variable(struct decoder *decoder, const char *name, uint64_t value, void *arg)
{
	struct detail_builder *builder = arg;
	struct context_variable variable = {.name = name};
	int status = repr_read(decoder, name, value, &variable.value);
	if (!status && !array_push(&builder->detail->context, variable))
		status = decoder_no_memory(decoder);
	return status;
}

static int compare_variables(const void *a, const void *b)
{
	const struct context_variable *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static int read_context(struct detail_builder *builder, uint64_t addr)
{
	struct context_variables *context = &builder->detail->context;
	int status = addr ? context_visit(builder->decoder, addr, visit_variable, builder) : 0;
	if (context->count)
		qsort(context->items, context->count, sizeof(context->items[0]), compare_variables);
	return status;
}

static int read_sources(struct detail_builder *builder)
{
	const struct task *task = builder->detail->task;
	int status = decoder_alloc(builder->decoder, task->depth * sizeof(const char *),
				   (void **)&builder->detail->source);
	return status ? status
		      : source_read_stack(&builder->sources, task->stack, task->depth,
					  builder->detail->source);
}

/* A traceback.FrameSummary. */
static int visit_created(struct decoder *decoder, uint64_t item, void *arg)
{
	struct detail_builder *builder = arg;
	struct source_places *created = &builder->detail->created;
	struct attr attrs[] = {{.name = "filename"}, {.name = "lineno"}, {.name = "name"}};
	struct source_place place = {.line = -1};
	if (created->count == LIMIT_CREATION_FRAMES)
		return error_at(&decoder->reader.error, AIODBG_LIMIT, item, "more than %d frames",
				LIMIT_CREATION_FRAMES);
	int status = slots_get(decoder, item, attrs, sizeof(attrs) / sizeof(attrs[0]));
	if (!status)
		status = str_read(decoder, attrs[0].value, &place.file);
	if (!status)
		status = int_read(decoder, attrs[1].value, &place.line);
	if (!status)
		status = str_read(decoder, attrs[2].value, &place.function);
	if (!status)
		status = source_read(&builder->sources, place.file, NULL, place.line, &place.text);
	if (!status && !array_push(created, place))
		status = decoder_no_memory(decoder);
	return status;
}

static int read_created(struct detail_builder *builder, uint64_t addr)
{
	return addr ? sequence_visit(builder->decoder, addr, visit_created, builder) : 0;
}

static int read_parts(struct detail_builder *builder)
{
	struct task_detail *ret = builder->detail;
	const struct task *task = ret->task;
	struct future future;
	struct future_outcome outcome = {0};
	int status = read_sources(builder);
	if (status)
		return status;
	status = future_read(builder->decoder, task->id,
			     task_source_is_list(task->source) ? EXPECT_NATIVE_TASK : EXPECT_TASK,
			     &future);
	if (!status)
		status = future_read_outcome(builder->decoder, &future, &outcome);
	/* What is wrong with the task itself the snapshot has said. */
	if (status)
		return error_is_fatal(status) ? status : 0;
	ret->must_cancel = future.must_cancel;
	status = pass_over(builder, read_type(builder, task->loop, &ret->loop_type), "loop");
	if (!status)
		status = pass_over(builder, read_waits_for(builder, future.fut_waiter),
				   "what it waits for");
	if (!status)
		status = read_text(builder, outcome.cancel_message, &ret->cancel_message);
	if (!status && task->state == AIODBG_TASK_FINISHED)
		status = read_text(builder, outcome.exception, &ret->exception);
	if (!status && task->state == AIODBG_TASK_FINISHED && !outcome.exception)
		status = read_text(builder, outcome.result, &ret->result);
	if (!status)
		status = pass_over(builder, read_context(builder, outcome.context), "context");
	if (!status)
		status = pass_over(builder, read_created(builder, outcome.source_traceback),
				   "where it was created");
	return status;
}

static int decode_task(struct decoder *decoder, const struct aiodbg_snapshot *snap,
		       const struct task *task, struct task_detail *ret)
{
	struct detail_builder builder = {.decoder = decoder, .snap = snap, .detail = ret};
	*ret = (struct task_detail){.task = task};
	sources_init(&builder.sources, decoder, snap);
	int status = read_parts(&builder);
	sources_deinit(&builder.sources);
	return status;
}

/* The frames of its coroutines, innermost first; of one that runs those of its thread. */
static int find_frames(struct decoder *decoder, const struct aiodbg_snapshot *snap,
		       const struct task *task, struct thread_frames *ret)
{
	struct coro_frames chain = {0};
	struct coro coro = {0};
	int status = task->coro ? coro_walk_frames(decoder, task->coro, &chain, &coro) : 0;
	bool runs = coro.state == CORO_EXECUTING && task->thread >= 0;
	for (size_t i = chain.count; !error_is_fatal(status) && !runs && i > 0; i--) {
		const struct frame *frame = &chain.items[i - 1].frame;
		const struct thread_frame found = {frame->addr, frame->location};
		if (frame->location && !array_push(ret, found))
			status = decoder_no_memory(decoder);
	}
	array_deinit(&chain);
	if (!error_is_fatal(status) && runs)
		status = thread_frames_read(decoder, &snap->threads.items[task->thread], ret);
	return error_is_fatal(status) ? status : 0;
}

static int read_locals(struct decoder *decoder, const struct aiodbg_snapshot *snap)
{
	struct task_detail *detail = snap->detail;
	const struct task *task = detail->task;
	struct thread_frames frames = {0};
	int status = decoder_alloc(decoder, task->depth * sizeof(*detail->locals),
				   (void **)&detail->locals);
	if (!status)
		status = find_frames(decoder, snap, task, &frames);
	if (!status)
		status = frame_locals_read(decoder, &frames, task->stack, task->depth,
					   detail->locals);
	array_deinit(&frames);
	return status;
}

int detail_decode(struct decoder *decoder, struct aiodbg_snapshot *snap, uint32_t wants)
{
	struct aiodbg_error *error = &decoder->reader.error;
	/* Finished tasks are in no list of the snapshot. */
	const struct node *node = graph_find(snap->graph, snap->subject);
	if (!node)
		return error_at(error, AIODBG_TOO_MUCH, snap->subject,
				"there was too much to read before the task");
	if (!node->task)
		return error_at(error, AIODBG_NOT_FOUND, snap->subject,
				"a future, which `asyncio graph` shows, but no task");
	int status = decoder_alloc(decoder, sizeof(*snap->detail), (void **)&snap->detail);
	if (!status)
		status = decode_task(decoder, snap, node->task, snap->detail);
	return status || !(wants & AIODBG_WANT_LOCALS) ? status : read_locals(decoder, snap);
}

void detail_deinit(struct task_detail *detail)
{
	array_deinit(&detail->context);
	array_deinit(&detail->created);
}
