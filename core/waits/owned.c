/* SPDX-License-Identifier: MIT */
/*
 * Locks that know who has them: anyio's Lock names its task, its CapacityLimiter those that have
 * tokens, in the module of the backend for asyncio, and up to anyio 3 for the former in that of the
 * primitives. A release hands them on at once, so whoever is named has it.
 */
#include "waits/waiting.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/float.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/set.h"
#include "snapshot/graph.h"
#include "snapshot/stacks.h"

#include <string.h>

/* Frames next to the innermost in which acquire() may be. */
#define FRAMES_ASKED 6

static bool is_acquire(const struct location *location)
{
	const char *name = location->code->name, *file = location->code->filename;
	return name && !strncmp(name, "acquire", 7) &&
	       (sync_is_file(file, "anyio/_backends/_asyncio.py") ||
		sync_is_file(file, "anyio/_core/_synchronization.py"));
}

static bool has_acquire(struct waiting *waiting, const struct task *task)
{
	for (size_t i = 0; i < task->depth && i < FRAMES_ASKED; i++) {
		if (waiting_place_is(waiting, task->stack[i], PLACE_IN_ACQUIRE, is_acquire))
			return true;
	}
	return false;
}

static bool may_wait(struct waiting *waiting, struct stack_facts *facts, const struct task *task)
{
	struct stack_fact *fact = stack_facts_at(facts, task->stack);
	if (!task->depth)
		return false;
	if (fact->stack != task->stack)
		*fact = (struct stack_fact){task->stack, has_acquire(waiting, task)};
	return fact->value;
}

struct owners {
	struct waiting *waiting;
	struct primitive *primitive;
	bool unknown;
};

/* A task, or what anyio tells of one. */
static int visit_owner(struct decoder *decoder, uint64_t owner, void *arg)
{
	struct owners *owners = arg;
	const struct node *node = graph_find(owners->waiting->snap->graph, owner);
	struct attr attr = {.name = "id"};
	int64_t id = 0;
	int status = 0;
	if (!node)
		status = attrs_find(decoder, owner, &attr, 1);
	if (!status && attr.value)
		status = int_read(decoder, attr.value, &id);
	if (!status && id)
		node = graph_find(owners->waiting->snap->graph, (uint64_t)id);
	if (error_is_fatal(status))
		return status;
	if (!node || !node->task) {
		owners->unknown = true;
		return 0;
	}
	const struct holder holder = {
		.task = node->task,
		.thread = -1,
		.certainty = CERTAINTY_CERTAIN,
		.site = {NULL, -1, NULL},
		.evidence = "owner",
	};
	return array_push(&owners->primitive->holders, holder) ? 0
							       : waiting_no_memory(owners->waiting);
}

static int read_owners(struct waiting *waiting, struct primitive *primitive)
{
	struct decoder *decoder = waiting->decoder;
	struct attr attrs[] = {
		{.name = "_owner_task"}, {.name = "_borrowers"}, {.name = "_total_tokens"}};
	struct owners owners = {.waiting = waiting, .primitive = primitive};
	enum kind kind = KIND_NONE;
	double tokens = 0;
	int status = attrs_find(decoder, primitive->addr, attrs, 3);
	if (!status && attrs[0].value)
		status = object_kind(decoder, attrs[0].value, &kind);
	if (!status && kind != KIND_NONE) {
		primitive->kind = PRIMITIVE_LOCK;
		primitive->locked = 1;
		status = visit_owner(decoder, attrs[0].value, &owners);
	} else if (!status && attrs[1].value && attrs[2].value) {
		status = set_visit(decoder, attrs[1].value, visit_owner, &owners);
		if (!status)
			status = float_read(decoder, attrs[2].value, &tokens);
		if (!status && tokens >= 1 && tokens < 1e6) {
			primitive->kind = PRIMITIVE_SEMAPHORE;
			primitive->bound = (int64_t)tokens;
			/* Those that nobody is known to have may come back. */
			bool all = (double)primitive->holders.count >= tokens && !owners.unknown;
			primitive->value = all ? 0 : -1;
		}
	}
	return error_is_fatal(status) ? status : 0;
}

static int use_object(struct waiting *waiting, uint64_t self, struct wait *wait)
{
	struct primitive *primitive;
	int status = primitive_get_unknown(waiting, self, &primitive);
	if (!status && primitive->kind == PRIMITIVE_UNKNOWN && !primitive->holders.count)
		status = read_owners(waiting, primitive);
	if (status || !primitive->holders.count)
		return status;
	if (wait->object != primitive) {
		if (wait->object)
			wait->object->waiter_count--;
		primitive->waiter_count++;
		wait->object = primitive;
	}
	wait->kind = primitive->kind == PRIMITIVE_LOCK ? WAIT_LOCK : WAIT_SEMAPHORE;
	wait->for_tasks = false;
	return 0;
}

static int read_task(struct waiting *waiting, const struct task *task, struct wait *wait)
{
	uint64_t self = 0;
	int status = waiting_walk(waiting, task);
	size_t count = waiting->chain.count;
	for (size_t i = 0; !status && !self && i < count && i < FRAMES_ASKED; i++) {
		const struct frame *frame = &waiting->chain.items[count - 1 - i].frame;
		if (frame->location && is_acquire(frame->location))
			status = locals_get(waiting->decoder, frame, "self", &self);
	}
	if (!status && self)
		status = use_object(waiting, self, wait);
	return error_is_fatal(status) ? status : 0;
}

int owned_read(struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	struct stack_facts facts = {0};
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct wait *wait = &waiting->waits->of_tasks[i];
		const struct task *task = tasks->items[i];
		status = work_step(&waiting->decoder->reader.work);
		if (!status && wait->blocked && task->coro && !task->is_copy &&
		    may_wait(waiting, &facts, task))
			status = read_task(waiting, task, wait);
	}
	return status;
}
