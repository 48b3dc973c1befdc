/* SPDX-License-Identifier: MIT */
/*
 * Whether the one task that may hold a lock by acquire() is the only one that can: if the frames of
 * another one lead to the lock as well, which does not wait for it, a method that it has called may
 * have taken the lock, and nobody is named. Variables are followed, and two steps of attributes;
 * not what is in containers, which have things of everybody.
 */
#include "waits/waiting.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/locals.h"

/* Attributes of an object that are looked at. */
#define ATTRIBUTES_SEARCHED 64
#define STEPS 2

/* A lock that an object leads to. */
struct led {
	struct primitive *primitive;
	struct led *next;
};

/* What is known of an object: the locks it leads to. */
struct leads {
	struct led *list;
};

struct doubts {
	struct waiting *waiting;
	const struct task *task;
	/* Locks with one candidate, by address. */
	struct addrmap wanted;
	/* struct leads by the object that has them, by how many more steps are taken. */
	struct addrmap objects[STEPS];
	/* Of the object whose attributes are visited, and of the one that it is an attribute of. */
	struct leads *leads[STEPS];
	size_t attributes[STEPS];
	size_t step;
};

static int lead_to(struct doubts *doubts, struct leads *leads, struct primitive *primitive)
{
	struct led *led;
	int status = decoder_alloc(doubts->waiting->decoder, sizeof(*led), (void **)&led);
	if (status)
		return status;
	*led = (struct led){primitive, leads->list};
	leads->list = led;
	return 0;
}

static dict_visit_fn visit_attribute;

/* What an object leads to, in the steps that are left. */
static int find_leads(struct doubts *doubts, uint64_t object, struct leads **ret)
{
	size_t step = doubts->step;
	struct decoder *decoder = doubts->waiting->decoder;
	*ret = addrmap_get(&doubts->objects[step], object);
	if (*ret)
		return 0;
	int status = decoder_alloc(decoder, sizeof(**ret), (void **)ret);
	if (status)
		return status;
	if (!addrmap_put(&doubts->objects[step], object, *ret))
		return waiting_no_memory(doubts->waiting);
	doubts->leads[step] = *ret;
	doubts->attributes[step] = 0;
	status = attrs_visit(decoder, object, visit_attribute, doubts);
	return error_is_fatal(status) ? status : 0;
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct doubts *doubts = arg;
	struct leads *leads = doubts->leads[doubts->step], *more;
	struct primitive *primitive = addrmap_get(&doubts->wanted, value);
	enum kind kind;
	(void)key;
	if (++doubts->attributes[doubts->step] > ATTRIBUTES_SEARCHED)
		return AIODBG_LIMIT;
	if (primitive)
		return lead_to(doubts, leads, primitive);
	if (doubts->step + 1 == STEPS)
		return 0;
	int status = object_kind(decoder, value, &kind);
	if (status || kind != KIND_OTHER)
		return error_is_fatal(status) ? status : 0;
	doubts->step++;
	status = find_leads(doubts, value, &more);
	doubts->step--;
	for (const struct led *led = status ? NULL : more->list; !status && led; led = led->next)
		status = lead_to(doubts, leads, led->primitive);
	return status;
}

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
	struct leads *leads;
	enum kind kind;
	if (!local->value)
		return 0;
	struct primitive *primitive = addrmap_get(&doubts->wanted, local->value);
	if (primitive)
		doubt(doubts, primitive);
	int status = object_kind(decoder, local->value, &kind);
	if (status || kind != KIND_OTHER)
		return error_is_fatal(status) ? status : 0;
	doubts->step = 0;
	status = find_leads(doubts, local->value, &leads);
	for (const struct led *led = status ? NULL : leads->list; led; led = led->next)
		doubt(doubts, led->primitive);
	return status;
}

static int read_task(struct doubts *doubts, const struct task *task)
{
	struct waiting *waiting = doubts->waiting;
	struct coro coro;
	doubts->task = task;
	waiting->chain.count = 0;
	int status = task->coro ? coro_walk_frames(waiting->decoder, task->coro, &waiting->chain,
						   &coro)
				: 0;
	for (size_t i = 0; !error_is_fatal(status) && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		if (frame->location && own_is(&waiting->own, frame->location->code))
			status = locals_visit(waiting->decoder, frame, visit_local, doubts);
	}
	return error_is_fatal(status) ? status : 0;
}

int doubts_read(struct waiting *waiting)
{
	struct doubts doubts = {.waiting = waiting};
	const struct primitives *primitives = &waiting->waits->primitives;
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && i < primitives->count; i++) {
		struct primitive *primitive = primitives->items[i];
		if (primitive->kind != PRIMITIVE_LOCK || primitive->holders.count != 1 ||
		    primitive->holders.items[0].evidence != holder_by_reference)
			continue;
		if (!addrmap_put(&doubts.wanted, primitive->addr, primitive))
			status = waiting_no_memory(waiting);
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
	for (size_t i = 0; i < STEPS; i++)
		addrmap_deinit(&doubts.objects[i]);
	return status;
}
