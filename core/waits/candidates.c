/* SPDX-License-Identifier: MIT */
/*
 * Who may hold a lock that was taken by acquire(), which leaves no trace. A task that can reach the
 * lock from its frames, in a function that names acquire or release, and does not wait for it may
 * have it. If it names release, it may even release a lock that somebody else is seen to hold,
 * which makes the holder that is seen no more than likely.
 */
#include "waits/waiting.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/locals.h"
#include "cpython/str.h"

#include <string.h>

/* Attributes of an object that are looked at. */
#define ATTRIBUTES_SEARCHED 64

const char holder_by_reference[] = "refers to it";

/* A lock that is looked for, among what an object has. */
struct reached {
	struct primitive *primitive;
	/* The name of the attribute, a str; 0: it is in a variable. */
	uint64_t attribute;
	struct reached *next;
};

/* What a function does with locks: values in an addrmap. */
enum use {
	USE_UNKNOWN,
	USE_NONE,
	USE_ACQUIRES,
	USE_RELEASES,
};

struct candidates {
	struct waiting *waiting;
	struct task *task;
	const struct frame *frame;
	/* Locks that are looked for, by address; lists of struct reached by the object that has
	 * them, or candidates itself for none. */
	struct addrmap wanted, objects;
	/* enum use, by code. */
	struct addrmap uses;
	struct reached *list;
	size_t attributes;
};

static int find_use(struct candidates *candidates, const struct code *code, enum use *ret)
{
	struct decoder *decoder = candidates->waiting->decoder;
	bool acquires = false, releases = false;
	*ret = (enum use)(uintptr_t)addrmap_get(&candidates->uses, code->addr);
	if (*ret != USE_UNKNOWN)
		return 0;
	int status = code_releases(decoder, code, &releases);
	if (!status && !releases)
		status = code_mentions(decoder, code, "acquire", &acquires);
	if (error_is_fatal(status))
		return status;
	*ret = releases ? USE_RELEASES : acquires ? USE_ACQUIRES : USE_NONE;
	return addrmap_put(&candidates->uses, code->addr, (void *)(uintptr_t)*ret)
		       ? 0
		       : waiting_no_memory(candidates->waiting);
}

/* Whether somebody else is seen to hold it, by a with statement. */
static bool has_others(const struct primitive *primitive)
{
	return primitive->holders.count &&
	       primitive->holders.items[0].evidence != holder_by_reference;
}

static int add_releaser(struct candidates *candidates, struct primitive *primitive)
{
	struct tasks *releasers = &primitive->releasers;
	if (releasers->count && releasers->items[releasers->count - 1] == candidates->task)
		return 0;
	return array_push(releasers, candidates->task) ? 0 : waiting_no_memory(candidates->waiting);
}

static int add(struct candidates *candidates, const struct reached *reached)
{
	struct task *task = candidates->task;
	struct primitive *primitive = reached->primitive;
	struct holders *holders = &primitive->holders;
	const struct code *code = candidates->frame->location->code;
	struct decoder *decoder = candidates->waiting->decoder;
	const char *attribute = NULL;
	bool names_it = true, acquires = true;
	enum use use;
	if (candidates->waiting->waits->of_tasks[task->index].object == primitive)
		return 0;
	for (size_t i = 0; i < holders->count; i++) {
		if (holders->items[i].task == task)
			return 0;
	}
	int status = find_use(candidates, code, &use);
	bool others = has_others(primitive);
	if (status || (others && use != USE_RELEASES))
		return status;
	if (reached->attribute)
		status = str_read(decoder, reached->attribute, &attribute);
	if (!status && attribute)
		status = code_mentions(decoder, code, attribute, &names_it);
	if (status || !names_it)
		return error_is_fatal(status) ? status : 0;
	/* It may be about to take the lock as well as to release it: only one task can have it. */
	if (others && primitive->kind == PRIMITIVE_LOCK)
		return add_releaser(candidates, primitive);
	/* Who only releases a semaphore wakes those that wait for it. */
	if (primitive->kind == PRIMITIVE_SEMAPHORE)
		status = code_mentions(decoder, code, "acquire", &acquires);
	if (status || !acquires)
		return error_is_fatal(status) ? status : 0;
	const struct holder holder = {
		.task = task,
		.thread = -1,
		.certainty = CERTAINTY_LIKELY,
		.site = {candidates->frame->location, candidates->frame->location->position.line,
			 NULL},
		.evidence = holder_by_reference,
	};
	return array_push(holders, holder) ? 0 : waiting_no_memory(candidates->waiting);
}

/* Only one task can have a lock: of several that may, none is more likely than the others. */
static void drop_ambiguous(struct primitive *primitive)
{
	if (primitive->kind == PRIMITIVE_LOCK && primitive->holders.count > 1 &&
	    !has_others(primitive))
		primitive->holders.count = 0;
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct candidates *candidates = arg;
	struct reached *reached;
	struct primitive *primitive = addrmap_get(&candidates->wanted, value);
	if (++candidates->attributes > ATTRIBUTES_SEARCHED)
		return AIODBG_LIMIT;
	if (!primitive)
		return 0;
	int status = decoder_alloc(decoder, sizeof(*reached), (void **)&reached);
	if (status)
		return status;
	*reached = (struct reached){primitive, key, candidates->list};
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
		status = add(candidates, reached);
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
		return add(candidates, &(struct reached){primitive, 0, NULL});
	int status = object_kind(decoder, local->value, &kind);
	if (!status && kind == KIND_OTHER)
		status = reach_from(candidates, local->value);
	return error_is_fatal(status) ? status : 0;
}

/* Whether any of its own frames is of a function that does anything with locks. */
static int uses_locks(struct candidates *candidates, const struct task *task, bool *ret)
{
	enum use use = USE_NONE;
	int status = 0;
	for (size_t i = 0; !status && use <= USE_NONE && i < task->depth; i++) {
		if (own_is(&candidates->waiting->own, task->stack[i]->code))
			status = find_use(candidates, task->stack[i]->code, &use);
	}
	*ret = use > USE_NONE;
	return status;
}

static int read_task(struct candidates *candidates, struct task *task)
{
	struct waiting *waiting = candidates->waiting;
	bool uses;
	enum use use;
	int found = uses_locks(candidates, task, &uses);
	if (found || !uses)
		return found;
	candidates->task = task;
	int status = waiting_walk(waiting, task);
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (!frame->location || !own_is(&waiting->own, frame->location->code))
			continue;
		candidates->frame = frame;
		status = find_use(candidates, frame->location->code, &use);
		if (!status && use != USE_NONE)
			status = locals_visit(waiting->decoder, frame, visit_local, candidates);
	}
	return error_is_fatal(status) ? status : 0;
}

/* Whether somebody waits for it. */
static bool is_wanted(const struct primitive *primitive)
{
	bool is_taken = (primitive->kind == PRIMITIVE_LOCK && primitive->locked == 1) ||
			(primitive->kind == PRIMITIVE_SEMAPHORE && primitive->value == 0);
	return is_taken && primitive->waiter_count;
}

int candidates_read(struct waiting *waiting)
{
	struct candidates candidates = {.waiting = waiting};
	struct aiodbg_snapshot *snap = waiting->snap;
	int status = 0;
	/* What can't be read may be the with statement that has it. */
	if (waiting_has_gaps(waiting))
		return 0;
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
	for (size_t i = 0; i < waiting->waits->primitives.count; i++)
		drop_ambiguous(waiting->waits->primitives.items[i]);
	if (!status)
		status = doubts_read(waiting);
	addrmap_deinit(&candidates.wanted);
	addrmap_deinit(&candidates.objects);
	addrmap_deinit(&candidates.uses);
	return status;
}
