/* SPDX-License-Identifier: MIT */
/*
 * The containers that futures are in which tasks wait for: self.pending of RpcClient. A container is
 * looked for in variables of the task's frames, in attributes of their values and in globals that their
 * code names; then in those of all other tasks and threads, as of the one that reads the answers. Each
 * is walked once, however many wait in it.
 *
 * This names things only: nothing is concluded from it.
 */
#include "waits/reading.h"

#include "base/array.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/str.h"

#include <stdio.h>
#include <string.h>

/* Attributes from a variable on: self.client.pending needs two. */
#define STEPS 3
#define SEEN_IN_PART ((uintptr_t)STEPS + 2)
#define OBJECTS_MAX 50000
/* Objects that are looked into in a container, in vain one after the other; and items of one that is in
 * another one: {host: [(future, request)]}. */
#define VAIN_MAX 64
#define NESTED_MOST 2
#define NESTED_ITEMS 1000
/* One with more entries, which are so many times as those that are looked for, is a cache. */
#define ENTRIES_MAX 100000
#define ENTRIES_FACTOR 4

/* Something that a frame leads to, by a variable and attributes. */
struct container_place {
	uint64_t addr;
	/* Str objects; and the objects that have the attributes, from names[1] on. */
	uint64_t names[STEPS + 1], holders[STEPS + 1];
	size_t count;
};
ARRAY(container_places, struct container_place);

struct containers {
	struct waiting *waiting;
	/* By future: struct primitive of the container, or waiting itself where it is not found. */
	struct addrmap wanted;
	/* Steps, from 1, at which an object was looked into; containers; codes whose globals were. */
	struct addrmap seen, walked, codes;
	struct container_places places;
	size_t missing, objects;
	/* The container that is walked, which is in that place, and how far inside of it. */
	struct container_place at;
	struct primitive *container;
	uint64_t addr;
	size_t nested, vain, attributes;
};

/* Objects of libraries that are containers for whoever uses them, whatever they have inside. */
static const char *const wrappers[] = {
	"WeakValueDictionary", "WeakKeyDictionary", "WeakSet", "UserDict", "UserList", "Queue",
	"LifoQueue",	       "PriorityQueue",
};

/* ---- names ---- */

static bool is_wrapper(const struct type *type)
{
	for (size_t i = 0; type->name && i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
		if (!strcmp(type->name, wrappers[i]))
			return true;
	}
	return false;
}

static int write_name(struct containers *containers, struct primitive *container)
{
	struct decoder *decoder = containers->waiting->decoder;
	struct container_place *at = &containers->at;
	const struct type *type = NULL;
	char text[256];
	size_t len = 0;
	int status = 0;
	if (at->count > 1)
		status = object_type(decoder, at->holders[at->count - 1], &type);
	if (!status && type && is_wrapper(type)) {
		at->count--;
		type = NULL;
		if (at->count > 1)
			status = object_type(decoder, at->holders[at->count - 1], &type);
	}
	for (size_t i = 0; !status && i < at->count; i++) {
		const char *name;
		status = str_read(decoder, at->names[i], &name);
		if (!status)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.60s",
						i ? "." : "", name);
	}
	if (status)
		return error_is_fatal(status) ? status : 0;
	container->expression = arena_string(decoder->arena, text, len);
	container->owner_type = type ? type->name : NULL;
	return container->expression ? 0 : waiting_no_memory(containers->waiting);
}

static int found(struct containers *containers, uint64_t future)
{
	struct waiting *waiting = containers->waiting;
	if (!containers->container) {
		struct primitive *container;
		int status = primitive_get_unknown(waiting, containers->addr, &container);
		if (!status && !container->expression)
			status = write_name(containers, container);
		if (status)
			return status;
		if (container->kind == PRIMITIVE_UNKNOWN)
			container->kind = PRIMITIVE_CONTAINER;
		containers->container = container;
	}
	containers->missing--;
	return addrmap_put(&containers->wanted, future, containers->container)
		       ? 0
		       : waiting_no_memory(waiting);
}

/* ---- what is in a container ---- */

static bool is_container(enum kind kind)
{
	return kind == KIND_DICT || kind == KIND_DEQUE || kind == KIND_LIST || kind == KIND_SET ||
	       kind == KIND_TUPLE;
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg);

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct containers *containers = arg;
	int status = 0;
	if (key && addrmap_get(&containers->wanted, key) == containers->waiting)
		status = found(containers, key);
	return status || !value ? status : visit_item(decoder, value, containers);
}

static int visit_items(struct containers *containers, uint64_t addr, enum kind kind)
{
	struct decoder *decoder = containers->waiting->decoder;
	if (kind == KIND_DICT)
		return dict_visit(decoder, addr, visit_entry, containers);
	if (kind == KIND_SET)
		return set_visit(decoder, addr, visit_item, containers);
	return sequence_visit(decoder, addr, visit_item, containers);
}

/* A record that has the future: a tuple, an object, its set_result(). */
static int look_inside(struct containers *containers, uint64_t item)
{
	struct decoder *decoder = containers->waiting->decoder;
	uint64_t inner = 0, length = 0;
	enum kind kind;
	int status = object_kind(decoder, item, &kind);
	if (!status && kind == KIND_WEAKREF)
		status = weakref_get(decoder, item, &inner);
	else if (!status && kind == KIND_CFUNCTION)
		status = reader_word(&decoder->reader,
				     item + (uint64_t)decoder->layout->cfunction.self, &inner);
	if (!status && inner)
		return visit_entry(decoder, inner, 0, containers);
	if (status || (kind != KIND_OTHER && !is_container(kind)))
		return status;
	/* What an object keeps itself is not in the container around it. */
	size_t nested = containers->nested;
	containers->nested = kind == KIND_OTHER ? NESTED_MOST : nested + 1;
	if (kind == KIND_OTHER)
		status = attrs_visit(decoder, item, visit_entry, containers);
	else
		status = container_length(decoder, item, &length);
	if (!status && kind != KIND_OTHER && length <= NESTED_ITEMS)
		status = visit_items(containers, item, kind);
	containers->nested = nested;
	return status;
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	struct containers *containers = arg;
	size_t missing = containers->missing;
	int status = work_step(&decoder->reader.work);
	void *wanted = addrmap_get(&containers->wanted, item);
	if (status || wanted)
		return status || wanted != containers->waiting ? status : found(containers, item);
	if (containers->nested == NESTED_MOST || containers->vain > VAIN_MAX)
		return 0;
	status = look_inside(containers, item);
	containers->vain = missing == containers->missing ? containers->vain + 1 : 0;
	return error_is_fatal(status) ? status : 0;
}

static int walk(struct containers *containers, const struct container_place *place, enum kind kind)
{
	struct waiting *waiting = containers->waiting;
	uint64_t length;
	if (addrmap_get(&containers->walked, place->addr))
		return 0;
	if (!addrmap_put(&containers->walked, place->addr, waiting))
		return waiting_no_memory(waiting);
	int status = container_length(waiting->decoder, place->addr, &length);
	if (status || (length > ENTRIES_MAX && length / ENTRIES_FACTOR > containers->missing))
		return error_is_fatal(status) ? status : 0;
	containers->at = *place;
	containers->addr = place->addr;
	containers->container = NULL;
	containers->nested = containers->vain = 0;
	status = visit_items(containers, place->addr, kind);
	return error_is_fatal(status) ? status : 0;
}

/* ---- what frames lead to ---- */

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct containers *containers = arg;
	struct container_place place = containers->at;
	(void)decoder;
	if (!value || ++containers->attributes > LIMIT_ATTRIBUTES_ASKED)
		return value ? AIODBG_LIMIT : 0;
	place.names[place.count] = key;
	place.holders[place.count++] = place.addr;
	place.addr = value;
	return array_push(&containers->places, place) ? 0 : waiting_no_memory(containers->waiting);
}

static int look_at(struct containers *containers, const struct container_place *place)
{
	struct waiting *waiting = containers->waiting;
	size_t steps = (size_t)(uintptr_t)addrmap_get(&containers->seen, place->addr);
	enum kind kind;
	if (steps && steps <= place->count)
		return 0;
	int status = work_step(&waiting->decoder->reader.work);
	if (!status)
		status = object_kind(waiting->decoder, place->addr, &kind);
	if (!status && is_container(kind))
		return walk(containers, place, kind);
	if (status || kind != KIND_OTHER || place->count > STEPS ||
	    containers->objects >= OBJECTS_MAX)
		return error_is_fatal(status) ? status : 0;
	containers->objects++;
	if (!addrmap_put(&containers->seen, place->addr, (void *)(uintptr_t)place->count))
		return waiting_no_memory(waiting);
	containers->at = *place;
	containers->attributes = 0;
	status = attrs_visit(waiting->decoder, place->addr, visit_attribute, containers);
	return error_is_fatal(status) ? status : 0;
}

/* That future is still to be found, or any if it is 0. */
static bool is_left(const struct containers *containers, uint64_t future)
{
	return containers->missing &&
	       (!future || addrmap_get(&containers->wanted, future) == containers->waiting);
}

/* What was not looked at for that long is left to others that lead to the same objects. */
static int leave(struct containers *containers, size_t from)
{
	for (size_t i = from; i < containers->places.count; i++) {
		const struct container_place *place = &containers->places.items[i];
		for (size_t k = 1; k < place->count; k++) {
			if (!addrmap_put(&containers->seen, place->holders[k],
					 (void *)SEEN_IN_PART))
				return waiting_no_memory(containers->waiting);
		}
	}
	containers->places.count = 0;
	return 0;
}

/* The nearest first. */
static int look_at_all(struct containers *containers, uint64_t future)
{
	size_t i = 0;
	int status = 0;
	for (; !status && is_left(containers, future) && i < containers->places.count; i++) {
		const struct container_place place = containers->places.items[i];
		status = look_at(containers, &place);
	}
	return status ? status : leave(containers, i);
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct containers *containers = arg;
	const struct container_place place = {
		.addr = local->value, .names = {local->name}, .count = 1};
	(void)decoder;
	if (!local->value || addrmap_get(&containers->seen, local->value) == (void *)1)
		return 0;
	return array_push(&containers->places, place) ? 0 : waiting_no_memory(containers->waiting);
}

static int visit_variables(void *arg, const struct frame *frame)
{
	struct containers *containers = arg;
	int status = 0;
	if (frame->location)
		status = locals_visit(containers->waiting->decoder, frame, visit_local, containers);
	return error_is_fatal(status) ? status : 0;
}

/* Of each function once, as they are the same each time. */
static int visit_globals(void *arg, const struct frame *frame)
{
	struct containers *containers = arg;
	struct waiting *waiting = containers->waiting;
	const struct code *code = frame->location ? frame->location->code : NULL;
	if (!code || !own_is(&waiting->own, code) || addrmap_get(&containers->codes, code->addr))
		return 0;
	if (!addrmap_put(&containers->codes, code->addr, containers))
		return waiting_no_memory(waiting);
	int status = globals_visit(waiting, frame, visit_local, containers);
	return error_is_fatal(status) ? status : 0;
}

static int visit_frames(struct containers *containers, bool own, frame_visit_fn *visit)
{
	struct waiting *waiting = containers->waiting;
	size_t count = waiting->chain.count;
	int status = 0;
	for (size_t i = 0; !status && i < count; i++) {
		const struct frame *frame = &waiting->chain.items[count - 1 - i].frame;
		bool is_own = frame->location && own_is(&waiting->own, frame->location->code);
		status = is_own == own ? visit(containers, frame) : 0;
	}
	return status;
}

/* The program's own variables come first, then those of libraries, then globals. */
static int visit_task(struct containers *containers, const struct task *task, uint64_t future)
{
	int status = waiting_walk(containers->waiting, task);
	if (!error_is_fatal(status))
		status = visit_frames(containers, true, visit_variables);
	if (!status)
		status = visit_frames(containers, false, visit_variables);
	if (!status)
		status = look_at_all(containers, future);
	if (!status && is_left(containers, future))
		status = visit_frames(containers, true, visit_globals);
	return status ? status : look_at_all(containers, future);
}

/* ---- the whole ---- */

/* What a library's function waits for has a name of its own, as has a pool. */
static bool is_wanted(const struct waiting *waiting, const struct task *task)
{
	const struct wait *wait = &waiting->waits->of_tasks[task->index];
	const struct primitive *object = wait->object;
	if (wait->kind != WAIT_FUTURE || !wait->blocked || !wait->future)
		return false;
	return !object ||
	       (object->kind == PRIMITIVE_UNKNOWN && !object->is_pool && !object->holders.count &&
		task->depth && task->stack[0] == wait->site.location);
}

static int want(struct containers *containers, const struct task *task)
{
	struct waiting *waiting = containers->waiting;
	uint64_t future = waiting->waits->of_tasks[task->index].future;
	/* Loops lead to everything. */
	if (task->loop && !addrmap_put(&containers->seen, task->loop, (void *)1))
		return waiting_no_memory(waiting);
	if (!is_wanted(waiting, task) || addrmap_get(&containers->wanted, future))
		return 0;
	containers->missing++;
	return addrmap_put(&containers->wanted, future, waiting) ? 0 : waiting_no_memory(waiting);
}

static bool is_missing(const struct containers *containers, const struct task *task)
{
	struct waiting *waiting = containers->waiting;
	uint64_t future = waiting->waits->of_tasks[task->index].future;
	return is_wanted(waiting, task) && addrmap_get(&containers->wanted, future) == waiting;
}

/* What those that wait lead to. */
static int find_near(struct containers *containers)
{
	struct waiting *waiting = containers->waiting;
	const struct tasks *tasks = &waiting->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && containers->missing && i < tasks->count; i++) {
		if (is_missing(containers, tasks->items[i]))
			status = visit_task(containers, tasks->items[i],
					    waiting->waits->of_tasks[i].future);
	}
	return status;
}

/* And whoever else there is. */
static int find_far(struct containers *containers)
{
	struct waiting *waiting = containers->waiting;
	struct aiodbg_snapshot *snap = waiting->snap;
	int status = 0;
	for (size_t i = 0; !status && containers->missing && i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		if (task_is_pending(task) && !task->problems && !task->is_copy &&
		    !is_missing(containers, task))
			status = visit_task(containers, task, 0);
	}
	for (size_t i = 0; !status && containers->missing && i < snap->threads.count; i++) {
		status = reading_visit_inner(waiting, i, visit_variables, containers);
		if (!error_is_fatal(status))
			status = look_at_all(containers, 0);
	}
	return status;
}

int containers_read(struct waiting *waiting)
{
	struct containers containers = {.waiting = waiting};
	const struct tasks *tasks = &waiting->snap->tasks;
	/* What only its name is missing for is not missing. */
	uint64_t faults = waiting->decoder->reader.fault_count;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++)
		status = want(&containers, tasks->items[i]);
	if (!status)
		status = find_near(&containers);
	if (!status)
		status = find_far(&containers);
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct wait *wait = &waiting->waits->of_tasks[i];
		void *known = is_wanted(waiting, tasks->items[i])
				      ? addrmap_get(&containers.wanted, wait->future)
				      : NULL;
		if (!known || known == waiting)
			continue;
		wait->kept_in = known;
		wait->kept_in->waiter_count++;
	}
	waiting->decoder->reader.fault_count = faults;
	addrmap_deinit(&containers.wanted);
	addrmap_deinit(&containers.seen);
	addrmap_deinit(&containers.walked);
	addrmap_deinit(&containers.codes);
	array_deinit(&containers.places);
	return status;
}
