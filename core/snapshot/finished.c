/* SPDX-License-Identifier: MIT */
/*
 * The search for tasks that have ended. See snapshot/finished.h.
 *
 * It goes from variables through containers, and through attributes of instances of Python classes.
 * Each object is looked into once, in the order in which they were met: those that are nearer come
 * first, and what is too far or too much is left out.
 */
#include "snapshot/finished.h"

#include "asyncio/future.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/locals.h"
#include "cpython/repr.h"
#include "cpython/set.h"
#include "snapshot/decode.h"

/* What is known of a type, by its address: its instances are tasks, or are not. */
#define IS_TASK ((void *)1)
#define IS_NO_TASK ((void *)2)

/* Something that may lead to a task. */
struct lead {
	uint64_t addr;
	enum kind kind;
	/* Steps from a frame. */
	unsigned int depth;
};

ARRAY(leads, struct lead);

struct search {
	struct builder *builder;
	struct leads leads;
	/* What was met, and the types of instances. */
	struct addrmap met, types;
	/* Of what is looked into. */
	unsigned int depth;
	/* Objects that may still be looked at. */
	uint64_t left;
};

/* Whether an instance of a class that is neither Task nor derived from it behaves like one. */
static int is_task_in_python(struct search *search, uint64_t addr, const struct type *type,
			     bool *ret)
{
	struct future future;
	void *known = addrmap_get(&search->types, type->addr);
	*ret = known == IS_TASK;
	/* Those have attributes. */
	if (known || !(type_on_heap(type) && type->cached_keys))
		return 0;
	int status = future_read(search->builder->decoder, addr, EXPECT_NOTHING, &future);
	*ret = !status && future.is_task;
	if (error_is_fatal(status))
		return status;
	if (!addrmap_put(&search->types, type->addr, *ret ? IS_TASK : IS_NO_TASK))
		return decoder_no_memory(search->builder->decoder);
	return 0;
}

static bool leads_on(enum kind kind)
{
	switch (kind) {
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_DICT:
	case KIND_SET:
	case KIND_DEQUE:
	case KIND_FUTURE:
	case KIND_OTHER:
		return true;
	default:
		return false;
	}
}

static int meet(struct search *search, uint64_t addr)
{
	struct decoder *decoder = search->builder->decoder;
	const struct type *type;
	bool is_task = false;
	int status = work_step(&decoder->reader.work);
	if (status || !addr || !search->left)
		return status;
	search->left--;
	status = object_type(decoder, addr, &type);
	if (status)
		return error_is_fatal(status) ? status : 0;
	if ((type->kind != KIND_TASK && !leads_on(type->kind)) || addrmap_get(&search->met, addr))
		return 0;
	if (!addrmap_put(&search->met, addr, search))
		return decoder_no_memory(decoder);
	if (type->kind == KIND_OTHER)
		status = is_task_in_python(search, addr, type, &is_task);
	if (!status && (is_task || type->kind == KIND_TASK))
		return decode_add_in_variable(search->builder, addr);
	const struct lead lead = {addr, type->kind, search->depth + 1};
	if (!status && lead.depth <= LIMIT_FINISHED_DEPTH && !array_push(&search->leads, lead))
		return decoder_no_memory(decoder);
	return status;
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	(void)decoder;
	return meet(arg, item);
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)decoder;
	int status = meet(arg, key);
	return status ? status : meet(arg, value);
}

static int visit_attribute(struct decoder *decoder, uint64_t name, uint64_t value, void *arg)
{
	(void)decoder, (void)name;
	return meet(arg, value);
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	(void)decoder;
	return meet(arg, local->value);
}

static int look_into(struct search *search, const struct lead *lead)
{
	struct decoder *decoder = search->builder->decoder;
	search->depth = lead->depth;
	switch (lead->kind) {
	case KIND_DICT:
		return dict_visit(decoder, lead->addr, visit_entry, search);
	case KIND_SET:
		return set_visit(decoder, lead->addr, visit_item, search);
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_DEQUE:
		return sequence_visit(decoder, lead->addr, visit_item, search);
	default:
		return attrs_visit(decoder, lead->addr, visit_attribute, search);
	}
}

static int look_at_frame(struct search *search, const struct frame *frame)
{
	if (!frame->location)
		return 0;
	search->depth = 0;
	int status = locals_visit(search->builder->decoder, frame, visit_local, search);
	for (size_t i = 0; !error_is_fatal(status) && i < search->leads.count; i++) {
		const struct lead lead = search->leads.items[i];
		status = look_into(search, &lead);
	}
	search->leads.count = 0;
	return error_is_fatal(status) ? status : 0;
}

static int look_at_task(struct search *search, const struct task *task, struct coro_frames *chain)
{
	struct decoder *decoder = search->builder->decoder;
	struct coro coro;
	chain->count = 0;
	if (!task->coro || task->problems)
		return 0;
	reader_begin(&decoder->reader);
	int status = coro_walk_frames(decoder, task->coro, chain, &coro);
	for (size_t i = 0; !error_is_fatal(status) && i < chain->count; i++)
		status = look_at_frame(search, &chain->items[i].frame);
	/* gather() keeps those that it waits for. */
	search->depth = 0;
	if (!error_is_fatal(status) && task->fut_waiter)
		status = meet(search, task->fut_waiter);
	return error_is_fatal(status) ? status : 0;
}

static int look_at_thread(struct search *search, const struct thread *thread)
{
	struct decoder *decoder = search->builder->decoder;
	struct thread_frames frames = {0};
	struct frame frame;
	reader_begin(&decoder->reader);
	int status = thread_frames_read(decoder, thread, &frames);
	for (size_t i = 0; !error_is_fatal(status) && i < frames.count; i++) {
		status = frame_read_any(decoder, frames.items[i].addr, &frame);
		if (!status)
			status = look_at_frame(search, &frame);
	}
	array_deinit(&frames);
	return error_is_fatal(status) ? status : 0;
}

static int look_at_all(struct search *search, size_t first_thread, size_t first_task)
{
	const struct aiodbg_snapshot *snap = search->builder->snap;
	struct coro_frames chain = {0};
	size_t task_count = snap->tasks.count;
	int status = 0;
	for (size_t i = first_thread; !status && i < snap->threads.count; i++)
		status = look_at_thread(search, &snap->threads.items[i]);
	/* Those that are found meanwhile have no frames, or are known by now. */
	for (size_t i = first_task; !status && i < task_count; i++)
		status = look_at_task(search, snap->tasks.items[i], &chain);
	array_deinit(&chain);
	return status;
}

int finished_find(struct builder *builder, size_t first_thread, size_t first_task)
{
	struct search search = {.builder = builder, .left = LIMIT_FINISHED_OBJECTS};
	struct decoder *decoder = builder->decoder;
	/* What is not there leads nowhere, and is no gap in what is known of tasks. */
	uint64_t missing_count = decoder->missing_count;
	int status = look_at_all(&search, first_thread, first_task);
	decoder->missing_count = missing_count;
	if (!status && !search.left) {
		error_set(&decoder->reader.error, AIODBG_LIMIT,
			  "more than %d objects to search for tasks that have ended",
			  LIMIT_FINISHED_OBJECTS);
		status = builder_note(builder, &decoder->reader.error);
	}
	addrmap_deinit(&search.met);
	addrmap_deinit(&search.types);
	array_deinit(&search.leads);
	return status;
}

/* ---- how they ended ---- */

static int read_outcome(struct decoder *decoder, struct task *task)
{
	struct future future;
	struct future_outcome outcome;
	int status = future_read(decoder, task->id, EXPECT_TASK, &future);
	if (!status)
		status = future_read_outcome(decoder, &future, &outcome);
	if (status)
		return status;
	if (outcome.exception)
		return repr_read(decoder, NULL, outcome.exception, &task->exception);
	return outcome.result ? repr_read_brief(decoder, NULL, outcome.result, &task->result) : 0;
}

int finished_read_outcomes(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	for (size_t i = 0; i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		int status = work_step(&decoder->reader.work);
		if (!status && task->state == AIODBG_TASK_FINISHED && !task->problems)
			status = read_outcome(decoder, task);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}
