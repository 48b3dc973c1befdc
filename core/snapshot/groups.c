/* SPDX-License-Identifier: MIT */
/*
 * Where the owners of task groups are. See snapshot/groups.h.
 *
 * A task group wakes its owner when its tasks have ended, which is recorded from the start. But
 * the owner waits for that in the group's __aexit__ only. Until then it does something else, inside
 * the async with that has the group: asyncio.TaskGroup, anyio's, and classes that wrap one of these.
 */
#include "snapshot/groups.h"

#include "base/addrmap.h"
#include "base/array.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "base/sort.h"
#include "cpython/coro.h"
#include "cpython/interp.h"
#include "cpython/locals.h"
#include "cpython/with.h"
#include "snapshot/builder.h"

#include <stdlib.h>
#include <string.h>

struct group {
	/* Its __aexit__ is one of the owner's frames. */
	bool ends;
	/* The outermost frame that is in it, and the outermost that has it in a variable. */
	bool is_entered, is_kept;
	size_t entered_at, kept_at;
};

ARRAY(groups, struct group *);

struct placing {
	struct builder *builder;
	struct decoder *decoder;
	/* The task that is looked at, its groups, also by address, its frames, outermost first, and
	 * the place of the current one in its stack. */
	const struct task *owner;
	struct groups groups;
	struct addrmap by_addr;
	struct coro_frames frames;
	size_t place;
	/* How many attributes of an object were looked at. */
	size_t asked;
};

static struct group *group_at(const struct placing *placing, uint64_t addr)
{
	return addr ? addrmap_get(&placing->by_addr, addr) : NULL;
}

/* ---- one frame ---- */

static void enter_group(struct placing *placing, uint64_t addr)
{
	struct group *group = group_at(placing, addr);
	if (!group || group->is_entered)
		return;
	group->is_entered = true;
	group->entered_at = placing->place;
}

static int visit_inner_with(struct decoder *decoder, const struct with *with, void *arg)
{
	(void)decoder;
	enter_group(arg, with->self);
	return 0;
}

/* An attribute of a context manager: the group that it wraps, or the generator that is in one. */
static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct placing *placing = arg;
	enum kind kind;
	enum coro_state state;
	struct frame frame;
	(void)key;
	if (++placing->asked > LIMIT_ATTRIBUTES_ASKED)
		return AIODBG_LIMIT;
	enter_group(placing, value);
	int status = object_kind(decoder, value, &kind);
	if (status || kind != KIND_ASYNC_GENERATOR)
		return error_is_fatal(status) ? status : 0;
	status = coro_frame(decoder, value, &state, &frame);
	if (!status && state == CORO_SUSPENDED)
		status = withs_visit(decoder, &frame, visit_inner_with, placing);
	return error_is_fatal(status) ? status : 0;
}

static int visit_with(struct decoder *decoder, const struct with *with, void *arg)
{
	struct placing *placing = arg;
	placing->asked = 0;
	if (!with->is_async || !with->self)
		return 0;
	enter_group(placing, with->self);
	int status = attrs_visit(decoder, with->self, visit_attribute, placing);
	return error_is_fatal(status) ? status : 0;
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct placing *placing = arg;
	struct group *group = group_at(placing, local->value);
	(void)decoder;
	if (!group || group->is_kept)
		return 0;
	group->is_kept = true;
	group->kept_at = placing->place;
	return 0;
}

static int read_exit(struct placing *placing, const struct frame *frame)
{
	const char *name = frame->location->code->name;
	uint64_t self;
	if (!name || strcmp(name, "__aexit__") != 0)
		return 0;
	int status = locals_get(placing->decoder, frame, "self", &self);
	struct group *group = status ? NULL : group_at(placing, self);
	if (group)
		group->ends = true;
	return status;
}

static int read_frame(struct placing *placing, const struct frame *frame)
{
	int status = withs_visit(placing->decoder, frame, visit_with, placing);
	if (!status)
		status = locals_visit(placing->decoder, frame, visit_local, placing);
	return status ? status : read_exit(placing, frame);
}

/* ---- one owner ---- */

/* The frames that its thread has on top of its coroutine's own one. */
static int collect_running(struct placing *placing, uint64_t own)
{
	const struct task *task = placing->owner;
	struct thread_frames frames = {0};
	struct coro_frame found = {0};
	size_t count = 0;
	if (task->thread < 0)
		return AIODBG_NOT_FOUND;
	int status = thread_frames_read(
		placing->decoder, &placing->builder->snap->threads.items[task->thread], &frames);
	while (!status && count < frames.count && frames.items[count].addr != own)
		count++;
	if (!status && count == frames.count)
		status = AIODBG_NOT_FOUND;
	for (size_t i = status ? 0 : count + 1; !status && i > 0; i--) {
		status = frame_read_any(placing->decoder, frames.items[i - 1].addr, &found.frame);
		if (!status && !array_push(&placing->frames, found))
			status = decoder_no_memory(placing->decoder);
	}
	array_deinit(&frames);
	return status;
}

static int collect_frames(struct placing *placing)
{
	struct coro coro;
	placing->frames.count = 0;
	int status = coro_walk_frames(placing->decoder, placing->owner->coro, &placing->frames,
				      &coro);
	if (!status && coro.state == CORO_EXECUTING && coro.frame) {
		placing->frames.count = 0;
		status = collect_running(placing, coro.frame);
	}
	return status;
}

/* The task's stack has places of what has no frame in between, too. What does not fit into it has
 * gone on since the stack was read. */
static int read_frames(struct placing *placing)
{
	const struct task *task = placing->owner;
	int status = collect_frames(placing);
	size_t end = task->depth;
	for (size_t i = 0; !status && i < placing->frames.count; i++) {
		const struct frame *frame = &placing->frames.items[i].frame;
		status = work_step(&placing->decoder->reader.work);
		if (status || !frame->location)
			continue;
		while (end && task->stack[end - 1] != frame->location)
			end--;
		if (!end)
			return AIODBG_NOT_FOUND;
		placing->place = --end;
		status = read_frame(placing, frame);
	}
	return status;
}

/* An owner whose frames cannot be read is drawn as one that waits. */
static int read_owner(struct placing *placing, bool *known)
{
	struct reader *reader = &placing->decoder->reader;
	uint64_t faults = 0;
	bool same = false;
	int status = 0;
	for (int i = 0; !same && i < LIMIT_TRIES; i++) {
		faults = reader->fault_count;
		for (size_t k = 0; k < placing->groups.count; k++)
			*placing->groups.items[k] = (struct group){0};
		reader_begin(reader);
		status = read_frames(placing);
		if (error_is_fatal(status))
			return status;
		int verified = reader_verify(reader, &same);
		if (verified)
			return verified;
	}
	*known = same && !status && reader->fault_count == faults;
	return 0;
}

/* ---- edges ---- */

/* What the owner awaits comes first, then what it has started, from the innermost frame on. */
struct place {
	size_t frame, index;
	struct edge *edge;
};

ARRAY(places, struct place);

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int sort_awaited(struct placing *placing, struct task *task)
{
	struct places places = {0};
	int status = 0;
	for (size_t i = 0; !status && i < task->awaited_count; i++) {
		struct edge *edge = task->awaited[i];
		struct place place = {edge_waits(edge) ? 0 : edge->frame + 1, i, edge};
		if (!array_push(&places, place))
			status = decoder_no_memory(placing->decoder);
	}
	if (!status)
		status = sort_array(&placing->decoder->reader.work, &places, compare_places);
	for (size_t i = 0; !status && i < places.count; i++)
		task->awaited[i] = places.items[i].edge;
	array_deinit(&places);
	return status;
}

static void place_edge(const struct placing *placing, struct edge *edge)
{
	const struct group *group = addrmap_get(&placing->by_addr, edge->group);
	if (!group)
		return;
	bool waits = group->ends || placing->owner->fut_waiter == edge->task->id;
	edge->in_group = waits ? EDGE_GROUP_ENDS : EDGE_STARTED;
	edge->frame = group->is_entered ? group->entered_at
		      : group->is_kept	? group->kept_at
					: placing->owner->depth;
}

static int place_edges(struct placing *placing, struct task *owner)
{
	bool is_known = false;
	placing->owner = owner;
	int status = read_owner(placing, &is_known);
	if (status || !is_known)
		return status;
	for (size_t i = 0; i < owner->awaited_count; i++)
		place_edge(placing, owner->awaited[i]);
	return sort_awaited(placing, owner);
}

static int add_group(struct placing *placing, struct edge *edge)
{
	edge->in_group = EDGE_IN_GROUP;
	if (addrmap_get(&placing->by_addr, edge->group))
		return 0;
	struct group *group = arena_alloc(placing->decoder->arena, sizeof(*group));
	if (!group || !addrmap_put(&placing->by_addr, edge->group, group) ||
	    !array_push(&placing->groups, group))
		return decoder_no_memory(placing->decoder);
	return 0;
}

static int place_task(struct placing *placing, struct task *task)
{
	int status = work_charge(&placing->decoder->reader.work, 1 + task->awaited_count / 16);
	placing->groups.count = 0;
	for (size_t i = 0; !status && i < task->awaited_count; i++) {
		if (task->awaited[i]->group)
			status = add_group(placing, task->awaited[i]);
	}
	if (!status && placing->groups.count && task_is_pending(task) && task->coro)
		status = place_edges(placing, task);
	if (placing->groups.count)
		addrmap_deinit(&placing->by_addr);
	return status;
}

int groups_place(struct builder *builder)
{
	struct placing placing = {.builder = builder, .decoder = builder->decoder};
	const struct tasks *tasks = &builder->snap->tasks;
	uint64_t missing_count = builder->decoder->missing_count;
	int status = 0;
	if (!builder->graph->has_groups)
		return 0;
	for (size_t i = 0; !status && i < tasks->count; i++)
		status = place_task(&placing, tasks->items[i]);
	addrmap_deinit(&placing.by_addr);
	array_deinit(&placing.groups);
	array_deinit(&placing.frames);
	builder->decoder->missing_count = missing_count;
	return status;
}
