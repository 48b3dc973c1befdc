/* SPDX-License-Identifier: MIT */
/*
 * Who may hold a lock that no with statement is seen to hold: taken by acquire(), which leaves no
 * trace. A task that can reach the lock from its frames and does not wait for it may have it.
 */
#include "snapshot/waiting.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/locals.h"

/* Attributes of an object that are looked at. */
#define ATTRIBUTES_SEARCHED 64

/* A lock that is looked for, among what an object has. */
struct reached {
	struct primitive *primitive;
	struct reached *next;
};

struct candidates {
	struct waiting *waiting;
	struct task *task;
	const struct frame *frame;
	/* Locks that are looked for, by address; lists of struct reached by the object that has
	 * them, or candidates itself for none. */
	struct addrmap wanted, objects;
	struct reached *list;
	size_t attributes;
};

static int add(struct candidates *candidates, struct primitive *primitive)
{
	struct task *task = candidates->task;
	struct holders *holders = &primitive->holders;
	if (candidates->waiting->waits->of_tasks[task->index].object == primitive)
		return 0;
	/* The frames of one task follow each other. */
	if (holders->count && holders->items[holders->count - 1].task == task)
		return 0;
	bool acquires = true;
	/* Who only releases a semaphore wakes those that wait for it. */
	int status = primitive->kind == PRIMITIVE_SEMAPHORE
			     ? code_mentions(candidates->waiting->decoder,
					     candidates->frame->location->code, "acquire",
					     &acquires)
			     : 0;
	if (status || !acquires)
		return error_is_fatal(status) ? status : 0;
	const struct holder holder = {
		.task = task,
		.thread = -1,
		.certainty = CERTAINTY_LIKELY,
		.site = {candidates->frame->location, candidates->frame->location->position.line,
			 NULL},
		.evidence = "refers to it",
	};
	return array_push(holders, holder) ? 0 : waiting_no_memory(candidates->waiting);
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct candidates *candidates = arg;
	struct reached *reached;
	(void)key;
	struct primitive *primitive = addrmap_get(&candidates->wanted, value);
	if (++candidates->attributes > ATTRIBUTES_SEARCHED)
		return AIODBG_LIMIT;
	if (!primitive)
		return 0;
	int status = decoder_alloc(decoder, sizeof(*reached), (void **)&reached);
	if (status)
		return status;
	*reached = (struct reached){primitive, candidates->list};
	candidates->list = reached;
	return 0;
}

static int reach_from(struct candidates *candidates, uint64_t object)
{
	void *known = addrmap_get(&candidates->objects, object);
	if (!known) {
		candidates->list = NULL;
		candidates->attributes = 0;
		int status = attrs_visit(candidates->waiting->decoder, object, visit_attribute,
					 candidates);
		if (error_is_fatal(status))
			return status;
		known = candidates->list ? (void *)candidates->list : (void *)candidates;
		if (!addrmap_put(&candidates->objects, object, known))
			return waiting_no_memory(candidates->waiting);
	}
	int status = 0;
	if (known == candidates)
		return 0;
	for (struct reached *reached = known; !status && reached; reached = reached->next)
		status = add(candidates, reached->primitive);
	return status;
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct candidates *candidates = arg;
	enum kind kind;
	if (!local->value)
		return 0;
	struct primitive *primitive = addrmap_get(&candidates->wanted, local->value);
	if (primitive)
		return add(candidates, primitive);
	int status = object_kind(decoder, local->value, &kind);
	if (!status && kind == KIND_OTHER)
		status = reach_from(candidates, local->value);
	return error_is_fatal(status) ? status : 0;
}

static int read_task(struct candidates *candidates, struct task *task)
{
	struct waiting *waiting = candidates->waiting;
	struct coro coro;
	candidates->task = task;
	waiting->chain.count = 0;
	int status = task->coro ? coro_walk_frames(waiting->decoder, task->coro, &waiting->chain,
						   &coro)
				: 0;
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (!frame->location || !own_is(&waiting->own, frame->location->code))
			continue;
		candidates->frame = frame;
		status = locals_visit(waiting->decoder, frame, visit_local, candidates);
	}
	return error_is_fatal(status) ? status : 0;
}

/* Whether somebody waits for it, and nobody is seen to hold it. */
static bool is_wanted(const struct primitive *primitive)
{
	bool is_taken = (primitive->kind == PRIMITIVE_LOCK && primitive->locked == 1) ||
			(primitive->kind == PRIMITIVE_SEMAPHORE && primitive->value == 0);
	return is_taken && primitive->waiter_count && !primitive->holders.count;
}

int candidates_read(struct waiting *waiting)
{
	struct candidates candidates = {.waiting = waiting};
	struct aiodbg_snapshot *snap = waiting->snap;
	int status = 0;
	for (size_t i = 0; !status && i < waiting->waits->primitives.count; i++) {
		struct primitive *primitive = waiting->waits->primitives.items[i];
		if (is_wanted(primitive) &&
		    !addrmap_put(&candidates.wanted, primitive->addr, primitive))
			status = waiting_no_memory(waiting);
	}
	for (size_t i = 0; !status && candidates.wanted.count && i < snap->tasks.count; i++) {
		status = work_step(&waiting->decoder->reader.work);
		if (!status && task_is_pending(snap->tasks.items[i]))
			status = read_task(&candidates, snap->tasks.items[i]);
	}
	addrmap_deinit(&candidates.wanted);
	addrmap_deinit(&candidates.objects);
	return status;
}
