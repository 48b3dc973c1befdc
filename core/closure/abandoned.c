/* SPDX-License-Identifier: MIT */
/*
 * What nobody is left to give back or to do: a lock that is locked, that tasks wait for and that nobody
 * is seen to have; and what tasks wait for that another one was to set, put or notify which an
 * exception has ended.
 *
 * Whoever may still do it is somebody that leads there and does such things: a task or thread with a
 * function that names release, set or the like, or a method that does; a callback of the loop.
 * Those that wait for it, and who waits for those, do nothing more; and the main task that waits for
 * the end of the process does nothing until then.
 */
#include "closure/closure.h"

#include "base/error.h"
#include "closure/successors.h"
#include "cpython/attr.h"
#include "cpython/locals.h"
#include "cpython/set.h"
#include "cpython/traceback.h"
#include "cpython/with.h"

#include <stdlib.h>

/* ---- generators that nobody goes on with ---- */

static int add_goal(struct abandoning *abandoning, uint64_t addr, struct target *target,
		    unsigned int deeds)
{
	struct goal *goal;
	if (addrmap_get(&abandoning->leads.wanted, addr))
		return 0;
	int status = decoder_alloc(abandoning->waiting->decoder, sizeof(*goal), (void **)&goal);
	if (status)
		return status;
	*goal = (struct goal){target, deeds};
	return addrmap_put(&abandoning->leads.wanted, addr, goal)
		       ? 0
		       : waiting_no_memory(abandoning->waiting);
}

static int visit_with(struct decoder *decoder, const struct with *with, void *arg)
{
	struct abandoning *abandoning = arg;
	const struct goal *goal = with->self ? addrmap_get(&abandoning->leads.wanted, with->self)
					     : NULL;
	(void)decoder;
	/* Whoever has the generator may go on with it. */
	return goal ? add_goal(abandoning, abandoning->generator, goal->target, DEED_ANY) : 0;
}

static int visit_generator(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct abandoning *abandoning = arg;
	enum coro_state state;
	struct frame frame;
	int status = coro_frame(decoder, addr, &state, &frame);
	abandoning->generator = addr;
	if (!status && state == CORO_SUSPENDED && frame.location)
		status = withs_visit(decoder, &frame, visit_with, abandoning);
	return error_is_fatal(status) ? status : 0;
}

static int read_generators(struct abandoning *abandoning)
{
	struct waiting *waiting = abandoning->waiting;
	const struct threads *threads = &waiting->snap->threads;
	for (size_t i = 0; i < threads->count; i++) {
		struct attr attr = {.name = "_asyncgens"};
		uint64_t loop = threads->items[i].running_loop;
		int status = loop ? attrs_find(waiting->decoder, loop, &attr, 1) : 0;
		if (!status && attr.value)
			status = weakset_visit(waiting->decoder, attr.value, visit_generator,
					       abandoning);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

/* ---- what is looked for ---- */

static bool is_lost(const struct primitive *object)
{
	return object->kind == PRIMITIVE_LOCK && object->locked == 1 && !object->derived &&
	       !object->holders.count && !object->releasers.count && !object->handed_over;
}

/* A future is waited for by one task, as a rule. */
static uint64_t address_of(const struct wait *wait)
{
	if (wait->kind == WAIT_FUTURE)
		return wait->future;
	return wait->object ? wait->object->addr : 0;
}

static struct target *find_target(const struct abandoning *abandoning, const struct wait *wait)
{
	for (size_t i = 0; wait->kind == WAIT_FUTURE && i < abandoning->targets.count; i++) {
		struct target *target = abandoning->targets.items[i];
		if (target->kind == wait->kind && target->location == wait->site.location)
			return target;
	}
	return NULL;
}

/* As many places are told apart. */
#define TARGETS_MAX 1000

static int add_target(struct abandoning *abandoning, const struct wait *wait)
{
	struct waiting *waiting = abandoning->waiting;
	struct target *target = find_target(abandoning, wait);
	int status = 0;
	if (!target && abandoning->targets.count == TARGETS_MAX)
		return 0;
	if (!target) {
		status = decoder_alloc(waiting->decoder, sizeof(*target), (void **)&target);
		if (status)
			return status;
		*target = (struct target){wait->object, wait->site.location, wait->kind, 0, false,
					  false};
		if (!array_push(&abandoning->targets, target))
			return waiting_no_memory(waiting);
	}
	return add_goal(abandoning, address_of(wait), target, successors_wanted(wait->kind));
}

/* Workers at an empty queue are idle, whoever has once put something into it. */
static bool has_failed(const struct abandoning *abandoning, enum wait_kind kind)
{
	const struct ended_tasks *ended = &abandoning->waiting->waits->ended;
	if (kind == WAIT_QUEUE_GET)
		return false;
	for (size_t i = 0; i < ended->count; i++) {
		if (ended->items[i].is_unasked && ended->items[i].deeds & deeds_that_end(kind))
			return true;
	}
	return false;
}

/* Whoever waits for the object, and who awaits them, is stuck there. */
static void mark_stuck(struct abandoning *abandoning, const struct task *task,
		       struct target *target)
{
	const struct waits *waits = abandoning->waiting->waits;
	while (task && !abandoning->stuck_at[task->index]) {
		if (waits->of_tasks[task->index].has_deadline)
			return;
		abandoning->stuck_at[task->index] = target;
		task = task->awaiter_count == 1 && edge_waits(&task->awaiters[0])
			       ? task->awaiters[0].awaiter
			       : NULL;
		if (task && (task->index >= abandoning->waiting->snap->tasks.count ||
			     abandoning->waiting->snap->tasks.items[task->index] != task))
			return;
	}
}

static int list_targets(struct abandoning *abandoning)
{
	const struct waiting *waiting = abandoning->waiting;
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct wait *wait = &waiting->waits->of_tasks[i];
		uint64_t addr = wait->blocked ? address_of(wait) : 0;
		if (!addr)
			continue;
		bool is_wanted = wait->kind == WAIT_LOCK ? is_lost(wait->object)
							 : has_failed(abandoning, wait->kind);
		if (is_wanted && !addrmap_get(&abandoning->leads.wanted, addr))
			status = add_target(abandoning, wait);
		const struct goal *goal = addrmap_get(&abandoning->leads.wanted, addr);
		if (!status && goal)
			mark_stuck(abandoning, tasks->items[i], goal->target);
	}
	return status;
}

/* ---- what ended tasks did ---- */

static int look_at_ended(struct abandoning *abandoning, uint64_t object)
{
	const struct ended_tasks *ended = &abandoning->waiting->waits->ended;
	unsigned int deeds = ended->items[abandoning->ended - 1].deeds;
	const struct led *led = NULL;
	int status = leads_find(&abandoning->leads, object, &led);
	for (; !status && led; led = led->next) {
		struct target *target = ((struct goal *)led->wanted)->target;
		if (deeds & deeds_that_end(target->kind))
			target->ended = abandoning->ended;
	}
	return status;
}

static int visit_ended_local(struct decoder *decoder, const struct local *local, void *arg)
{
	(void)decoder;
	return local->value ? look_at_ended(arg, local->value) : 0;
}

static int visit_ended_frame(struct decoder *decoder, uint64_t object, const struct frame *frame,
			     void *arg)
{
	struct abandoning *abandoning = arg;
	(void)object;
	const struct code *code = frame->location->code;
	if (!own_is(&abandoning->waiting->own, code))
		return 0;
	if (!addrmap_put(&abandoning->ended_codes, code->addr, abandoning))
		return waiting_no_memory(abandoning->waiting);
	abandoning->look = look_at_ended;
	int status = successors_visit_globals(abandoning, frame);
	if (!status)
		status = locals_visit(decoder, frame, visit_ended_local, abandoning);
	return error_is_fatal(status) ? status : 0;
}

static int read_ended(struct abandoning *abandoning)
{
	const struct waiting *waiting = abandoning->waiting;
	const struct ended_tasks *ended = &waiting->waits->ended;
	int status = 0;
	for (size_t i = 0; !status && i < ended->count; i++) {
		if (!ended->items[i].is_unasked || !ended->items[i].deeds)
			continue;
		abandoning->ended = i + 1;
		status = ended_visit_frames(waiting->decoder, &ended->items[i], visit_ended_frame,
					    abandoning);
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

/* ---- the whole ---- */

static int read_all(struct abandoning *abandoning)
{
	struct waiting *waiting = abandoning->waiting;
	const size_t count = waiting->snap->tasks.count;
	abandoning->stuck_at = calloc(count + 1, sizeof(*abandoning->stuck_at));
	int status = abandoning->stuck_at ? list_targets(abandoning) : waiting_no_memory(waiting);
	if (status || !abandoning->targets.count)
		return status;
	status = read_ended(abandoning);
	for (size_t i = 0; i < abandoning->targets.count; i++) {
		struct target *target = abandoning->targets.items[i];
		target->is_doubtful = target->kind != WAIT_LOCK && !target->ended;
	}
	if (!status)
		status = read_generators(abandoning);
	if (!status)
		status = successors_read_tasks(abandoning);
	if (!status)
		status = successors_read_threads(abandoning);
	if (!status)
		status = successors_read_loops(abandoning);
	return status ? status : globals_read(abandoning);
}

static void use(struct abandoning *abandoning)
{
	const struct waiting *waiting = abandoning->waiting;
	for (size_t i = 0; i < waiting->snap->tasks.count; i++) {
		struct wait *wait = &waiting->waits->of_tasks[i];
		uint64_t addr = wait->blocked ? address_of(wait) : 0;
		const struct goal *goal = addr ? addrmap_get(&abandoning->leads.wanted, addr)
					       : NULL;
		if (!goal)
			continue;
		/* Or else somebody unseen may, a timer that gives it back, say. */
		bool is_alone = wait->kind == WAIT_LOCK && !wait->object->has_others;
		wait->is_abandoned = !goal->target->is_doubtful &&
				     (is_alone || goal->target->by_globals);
		wait->ended = (uint32_t)goal->target->ended;
	}
}

int abandoned_read(struct waiting *waiting)
{
	struct abandoning abandoning = {.waiting = waiting, .leads.waiting = waiting};
	const struct reader *reader = &waiting->decoder->reader;
	uint64_t faults = reader->fault_count;
	int status = read_all(&abandoning);
	/* What can't be read may lead there. */
	bool has_gaps = !reader->cache.changing && reader->fault_count != faults;
	waiting->waits->is_cut = abandoning.targets.count && abandoning.leads.is_cut;
	if (!status && !has_gaps && !abandoning.leads.is_cut)
		use(&abandoning);
	leads_deinit(&abandoning.leads);
	addrmap_deinit(&abandoning.ended_codes);
	addrmap_deinit(&abandoning.named);
	array_deinit(&abandoning.targets);
	free(abandoning.stuck_at);
	return status;
}
