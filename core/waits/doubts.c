/* SPDX-License-Identifier: MIT */
/*
 * Whether the one task that may hold a lock by acquire() is the only one that can: if the frames of
 * another one lead to the lock as well, which does not wait for it, a method that it has called may
 * have taken the lock, and nobody is named. Variables are followed, and two steps of attributes;
 * not what is in containers, which have things of everybody.
 */
#include "base/error.h"
#include "cpython/locals.h"
#include "waits/trails.h"

#define STEPS 2

struct doubts {
	struct waiting *waiting;
	const struct task *task;
	/* struct wanted of locks with one candidate, by address. */
	struct addrmap wanted;
	struct trails trails;
};

/* Another task than the one that may have it, and that does not wait for it. */
static void doubt(struct doubts *doubts, struct primitive *primitive)
{
	const struct task *task = doubts->task;
	if (primitive->holders.count && primitive->holders.items[0].task != task &&
	    doubts->waiting->waits->of_tasks[task->index].object != primitive)
		primitive->holders.count = 0;
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct doubts *doubts = arg;
	const struct trail *trail;
	enum kind kind;
	if (!local->value)
		return 0;
	const struct wanted *wanted = addrmap_get(&doubts->wanted, local->value);
	if (wanted)
		doubt(doubts, wanted->primitive);
	int status = object_kind(decoder, local->value, &kind);
	if (status || kind != KIND_OTHER)
		return error_is_fatal(status) ? status : 0;
	status = trails_of(&doubts->trails, local->value, &trail);
	for (; !status && trail; trail = trail->next)
		doubt(doubts, trail->wanted->primitive);
	return status;
}

static int read_task(struct doubts *doubts, const struct task *task)
{
	struct waiting *waiting = doubts->waiting;
	doubts->task = task;
	int status = waiting_walk(waiting, task);
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (frame->location && own_is(&waiting->own, frame->location->code))
			status = locals_visit(waiting->decoder, frame, visit_local, doubts);
	}
	return error_is_fatal(status) ? status : 0;
}

static int want(struct doubts *doubts, struct primitive *primitive)
{
	struct wanted *wanted;
	int status = decoder_alloc(doubts->waiting->decoder, sizeof(*wanted), (void **)&wanted);
	if (status)
		return status;
	*wanted = (struct wanted){.primitive = primitive};
	return addrmap_put(&doubts->wanted, primitive->addr, wanted)
		       ? 0
		       : waiting_no_memory(doubts->waiting);
}

int doubts_read(struct waiting *waiting)
{
	struct doubts doubts = {.waiting = waiting};
	const struct primitives *primitives = &waiting->waits->primitives;
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = 0;
	/* As many as there are: each task's variables are looked into once. */
	doubts.trails = (struct trails){
		.waiting = waiting, .wanted = &doubts.wanted, .steps = STEPS, .limit = SIZE_MAX};
	for (size_t i = 0; !status && i < primitives->count; i++) {
		struct primitive *primitive = primitives->items[i];
		if (primitive->kind == PRIMITIVE_LOCK && primitive->holders.count == 1 &&
		    primitive->holders.items[0].evidence == holder_by_reference)
			status = want(&doubts, primitive);
	}
	for (size_t i = 0; !status && doubts.wanted.count && i < tasks->count; i++) {
		status = work_step(&waiting->decoder->reader.work);
		if (!status && task_is_pending(tasks->items[i]))
			status = read_task(&doubts, tasks->items[i]);
	}
	/* Who else may have it is perhaps in what can't be read. */
	bool has_gaps = waiting_has_gaps(waiting) && !waiting->decoder->reader.cache.changing;
	for (size_t i = 0; has_gaps && i < primitives->count; i++) {
		if (addrmap_get(&doubts.wanted, primitives->items[i]->addr))
			primitives->items[i]->holders.count = 0;
	}
	addrmap_deinit(&doubts.wanted);
	trails_deinit(&doubts.trails);
	return status;
}
