/* SPDX-License-Identifier: MIT */
/* What waiting tasks lead to. See closure/references.h. */
#include "closure/references.h"

#include "asyncio/future.h"
#include "base/error.h"
#include "closure/closure.h"
#include "cpython/attr.h"
#include "cpython/dict.h"
#include "cpython/iterator.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/stack.h"
#include "cpython/traceback.h"

#include <stdlib.h>
#include <string.h>

/* Steps from a frame, and objects met over all frames: 300 a frame in the mean. */
#define DEPTH 6
#define OBJECTS_PER_FRAME 300
#define OBJECTS_LEAST 20000
#define OBJECTS_OF_GLOBALS 100000
/* Of these and of references there are numbers. */
#define OBJECTS_MOST (UINT32_MAX / 2)
#define NUMBERS_LEAST 256

/* ---- references ---- */

/* These lead to nothing that a task waits for, or to all of the program. */
static bool is_of_interest(enum kind kind)
{
	switch (kind) {
	case KIND_NONE:
	case KIND_TYPE:
	case KIND_STR:
	case KIND_INT:
	case KIND_FLOAT:
	case KIND_BYTES:
	case KIND_MODULE:
	case KIND_CODE:
	case KIND_MEMBER:
	case KIND_METHOD_DESCRIPTOR:
		return false;
	default:
		return true;
	}
}

/* Whether an object is of a type made in C that is not one of CPython's own built-in ones. */
static int is_extension(struct closure *closure, uint64_t addr, bool *ret)
{
	const struct type *type;
	int status = object_type(closure->waiting->decoder, addr, &type);
	*ret = !status && type->kind == KIND_OTHER && !type->cached_keys &&
	       (!type->full_name || strchr(type->full_name, '.'));
	return status;
}

/* ---- by address ---- */

/* Where the number of the thing at addr is, or would be. */
static uint32_t *number_place(const struct closure *closure, uint64_t addr)
{
	const struct thing *things = closure->things.items;
	size_t mask = closure->number_count - 1;
	size_t at = addrmap_place(closure->number_count, addr);
	while (closure->numbers[at] && things[closure->numbers[at] - 1].addr != addr)
		at = (at + 1) & mask;
	return &closure->numbers[at];
}

/* The number of the thing at addr, or 0. */
static size_t number_of(const struct closure *closure, uint64_t addr)
{
	return closure->number_count ? *number_place(closure, addr) : 0;
}

/* Room for one more. */
static bool reserve_number(struct closure *closure)
{
	size_t count = closure->number_count;
	if (2 * (closure->things.count + 1) <= count)
		return true;
	count = count ? 2 * count : NUMBERS_LEAST;
	uint32_t *numbers = calloc(count, sizeof(*numbers));
	if (!numbers)
		return false;
	free(closure->numbers);
	closure->numbers = numbers;
	closure->number_count = count;
	for (size_t i = 0; i < closure->things.count; i++)
		*number_place(closure, closure->things.items[i].addr) = (uint32_t)i + 1;
	return true;
}

/* ---- things and references ---- */

static int add_thing(struct closure *closure, uint64_t addr, enum kind kind, size_t *ret)
{
	struct thing *from = closure->from >= REFERENCE_OF_GLOBAL
				     ? NULL
				     : &closure->things.items[closure->from];
	const struct thing thing = {
		.addr = addr,
		.kind = kind,
		.depth = from ? from->depth + 1 : 0,
		.ended = (uint32_t)(uintptr_t)addrmap_get(&closure->waiting->ended, addr),
	};
	*ret = closure->things.count;
	if (!reserve_number(closure) || !array_push(&closure->things, thing))
		return waiting_no_memory(closure->waiting);
	*number_place(closure, addr) = (uint32_t)closure->things.count;
	return 0;
}

static int add_reference(struct closure *closure, uint64_t addr)
{
	size_t index = number_of(closure, addr);
	enum kind kind;
	bool extension;
	int status = work_step(&closure->waiting->decoder->reader.work);
	if (!status && !index) {
		status = object_kind(closure->waiting->decoder, addr, &kind);
		if (status || !is_of_interest(kind) || closure->things.count >= closure->limit)
			return error_is_fatal(status) ? status : 0;
		status = add_thing(closure, addr, kind, &index);
		index++;
	}
	if (status)
		return status;
	if (closure->references.count >= OBJECTS_MOST)
		return waiting_no_memory(closure->waiting);
	struct thing *thing = &closure->things.items[--index];
	const struct reference reference = {.from = closure->from,
					    .to = (uint32_t)index,
					    .next_in = thing->last_in,
					    .task = closure->task,
					    .by_library = closure->by_library};
	thing->in_count++;
	if (!array_push(&closure->references, reference))
		return waiting_no_memory(closure->waiting);
	thing->last_in = (uint32_t)closure->references.count;
	if (closure->from != REFERENCE_OF_FRAME || thing->kind != KIND_OTHER)
		return 0;
	status = is_extension(closure, addr, &extension);
	closure->foreign[closure->task] |= extension;
	return error_is_fatal(status) ? status : 0;
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	(void)decoder;
	return add_reference(arg, item);
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)decoder;
	int status = add_reference(arg, key);
	return status ? status : add_reference(arg, value);
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)decoder;
	(void)key;
	return add_reference(arg, value);
}

static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	uint64_t value = local->cell ? local->cell : local->value;
	(void)decoder;
	return value && !local->borrowed ? add_reference(arg, value) : 0;
}

static int visit_value(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	(void)decoder;
	return value->borrowed ? 0 : add_reference(arg, value->value);
}

static int follow_frame(struct closure *closure, const struct frame *frame)
{
	struct decoder *decoder = closure->waiting->decoder;
	bool exact;
	if (!frame->location)
		return 0;
	int status = locals_visit(decoder, frame, visit_local, closure);
	/* What is above the depth is stale. */
	if (!error_is_fatal(status) && frame->depth >= 0)
		status = stack_visit(decoder, frame, &exact, visit_value, closure);
	return error_is_fatal(status) ? status : 0;
}

/* ---- what objects refer to ---- */

static int follow_word(struct closure *closure, uint64_t addr, int32_t offset)
{
	uint64_t word;
	if (offset == LAYOUT_NONE)
		return 0;
	int status = reader_word(&closure->waiting->decoder->reader, addr + (uint64_t)offset,
				 &word);
	return status || !word ? status : add_reference(closure, word);
}

static int follow_callable(struct closure *closure, uint64_t addr, enum kind kind)
{
	const struct layout *l = closure->waiting->decoder->layout;
	int status;
	switch (kind) {
	case KIND_METHOD:
		status = follow_word(closure, addr, l->method.self);
		return status ? status : follow_word(closure, addr, l->method.function);
	case KIND_CFUNCTION:
		return follow_word(closure, addr, l->cfunction.self);
	case KIND_FUNCTION:
		return follow_word(closure, addr, l->function.closure);
	default:
		status = follow_word(closure, addr, l->partial.function);
		if (!status)
			status = follow_word(closure, addr, l->partial.args);
		return status ? status : follow_word(closure, addr, l->partial.keywords);
	}
}

/*
 * The exception that a suspended function handles: it has the variables of the functions that it
 * ended, which mostly worked at the same things.
 */
static int follow_handled(struct closure *closure, uint64_t addr)
{
	enum kind kind;
	int status = object_kind(closure->waiting->decoder, addr, &kind);
	if (status ||
	    (kind != KIND_COROUTINE && kind != KIND_GENERATOR && kind != KIND_ASYNC_GENERATOR))
		return error_is_fatal(status) ? status : 0;
	status = follow_word(closure, addr, closure->waiting->decoder->layout->gen.exc_value);
	return error_is_fatal(status) ? status : 0;
}

static int follow_generator(struct closure *closure, uint64_t addr)
{
	enum coro_state state;
	struct frame frame = {0};
	int status = coro_frame(closure->waiting->decoder, addr, &state, &frame);
	if (status || state != CORO_SUSPENDED)
		return status;
	status = follow_handled(closure, addr);
	return status ? status : follow_frame(closure, &frame);
}

static int follow_instance(struct closure *closure, uint64_t addr)
{
	uint64_t dict = 0;
	int status = attrs_visit_owned(closure->waiting->decoder, addr, &dict, visit_attribute,
				       closure);
	return status || !dict ? status : add_reference(closure, dict);
}

static int visit_called(struct decoder *decoder, uint64_t callback, void *arg)
{
	enum kind kind;
	int status = object_kind(decoder, callback, &kind);
	if (status || (kind != KIND_FUNCTION && kind != KIND_METHOD && kind != KIND_PARTIAL))
		return error_is_fatal(status) ? status : 0;
	return add_reference(arg, callback);
}

/* What it will call, which nobody else has: a shield ties a future to another one in this way. What wakes
 * a task is left out: it leads to nobody who could wake another one. */
static int follow_future(struct closure *closure, uint64_t addr)
{
	struct future future;
	int status = future_read(closure->waiting->decoder, addr, EXPECT_NOTHING, &future);
	return status ? status
		      : future_visit_callbacks(closure->waiting->decoder, &future, visit_called,
					       closure);
}

/* Bases that are looked at. */
#define BASES_MAX 8

static int visit_key(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)decoder, (void)value;
	return add_reference(arg, key);
}

/* An OrderedDict keeps the order of its keys in a list, which refers to them as well. */
static int follow_dict(struct closure *closure, uint64_t addr)
{
	struct decoder *decoder = closure->waiting->decoder;
	const struct type *type;
	bool is_ordered = false;
	int status = dict_visit(decoder, addr, visit_entry, closure);
	if (!status)
		status = object_type(decoder, addr, &type);
	for (size_t i = 0; !status && type && i < BASES_MAX; i++) {
		is_ordered |= type->full_name && !type_on_heap(type) &&
			      !strcmp(type->full_name, "collections.OrderedDict");
		if (!type->base || is_ordered)
			break;
		status = type_get(decoder, type->base, &type);
	}
	return status || !is_ordered ? status : dict_visit(decoder, addr, visit_key, closure);
}

/* Of an exception; several may have the same frame. */
static int visit_ended_frame(struct decoder *decoder, uint64_t object, const struct frame *frame,
			     void *arg)
{
	struct closure *closure = arg;
	if (addrmap_get(&closure->frames, object))
		return 0;
	if (!addrmap_put(&closure->frames, object, closure))
		return waiting_no_memory(closure->waiting);
	int status = locals_visit(decoder, frame, visit_local, closure);
	return error_is_fatal(status) ? status : 0;
}

static int follow(struct closure *closure, uint64_t addr, enum kind kind)
{
	struct decoder *decoder = closure->waiting->decoder;
	const struct layout *l = decoder->layout;
	switch (kind) {
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_DEQUE:
		return sequence_visit(decoder, addr, visit_item, closure);
	case KIND_ITERATOR:
		return iterator_visit(decoder, addr, visit_item, closure);
	case KIND_SET:
		return set_visit(decoder, addr, visit_item, closure);
	case KIND_DICT:
		return follow_dict(closure, addr);
	case KIND_METHOD:
	case KIND_CFUNCTION:
	case KIND_FUNCTION:
	case KIND_PARTIAL:
		return follow_callable(closure, addr, kind);
	case KIND_CELL:
		return follow_word(closure, addr, l->cell.object);
	case KIND_FUTUREITER:
		return follow_word(closure, addr, l->futureiter.future);
	case KIND_GENERATOR:
	case KIND_ASYNC_GENERATOR:
		return follow_generator(closure, addr);
	case KIND_FUTURE:
		return follow_future(closure, addr);
	case KIND_EXCEPTION:
		return exception_visit_frames(decoder, addr, visit_ended_frame, closure);
	case KIND_OTHER:
		return follow_instance(closure, addr);
	default:
		return 0;
	}
}

static int follow_ended(struct closure *closure, size_t ended)
{
	const struct ended_task *task = &closure->waiting->waits->ended.items[ended - 1];
	return ended_visit_frames(closure->waiting->decoder, task, visit_ended_frame, closure);
}

/* ---- the walk ---- */

/* Whether a task waits for something that others do, not for time, threads or the system. */
bool closure_is_root(const struct waiting *waiting, const struct task *task)
{
	const struct wait *wait = &waiting->waits->of_tasks[task->index];
	return task_is_pending(task) && !task->problems && wait->blocked && !wait->has_deadline &&
	       wait->kind != WAIT_TIMER && task->fut_waiter && task->coro;
}

/* What is not to be followed: loops, which lead to all of the program and nobody has alone; and what
 * tasks await, whose frames are followed by themselves. */
static int leave_out(struct closure *closure, uint64_t addr)
{
	size_t index = number_of(closure, addr);
	if (index)
		closure->things.items[index - 1].kind = KIND_NONE;
	if (!addr || index)
		return 0;
	closure->from = REFERENCE_OF_FRAME;
	return add_thing(closure, addr, KIND_NONE, &index);
}

static int follow_task(struct closure *closure, const struct task *task)
{
	struct waiting *waiting = closure->waiting;
	struct coro coro = {0};
	closure->from = REFERENCE_OF_FRAME;
	closure->task = (uint32_t)task->index;
	waiting->chain.count = 0;
	int status = coro_walk_frames(waiting->decoder, task->coro, &waiting->chain, &coro);
	if (status)
		return error_is_fatal(status) ? status : 0;
	if (coro.state != CORO_SUSPENDED)
		return 0;
	for (size_t i = 0; !status && i < waiting->chain.count; i++) {
		const struct frame *frame = &waiting->chain.items[i].frame;
		closure->by_library = !frame->location ||
				      !own_is(&waiting->own, frame->location->code);
		status = leave_out(closure, waiting->chain.items[i].object);
		if (!status)
			status = follow_frame(closure, frame);
		if (!status)
			status = follow_handled(closure, waiting->chain.items[i].object);
	}
	closure->by_library = false;
	return status || !task->fut_waiter ? status : add_reference(closure, task->fut_waiter);
}

/* Things are looked into in the order in which they were met: those that are nearer come first. */
static int follow_things(struct closure *closure)
{
	for (size_t i = 0; i < closure->things.count; i++) {
		struct thing thing = closure->things.items[i];
		if (thing.depth >= DEPTH && !thing.ended)
			continue;
		/* What it leads to is as near as what frames do. */
		if (thing.ended)
			closure->things.items[i].depth = 0;
		closure->from = (uint32_t)i;
		thing.first_out = (uint32_t)closure->references.count;
		int status = thing.ended ? follow_ended(closure, thing.ended)
					 : follow(closure, thing.addr, thing.kind);
		if (error_is_fatal(status))
			return status;
		closure->things.items[i].first_out = thing.first_out;
		closure->things.items[i].out_count = (uint32_t)closure->references.count -
						     thing.first_out;
	}
	return 0;
}

/* They are there whether somebody leads to them or not. */
static int add_ended(struct closure *closure)
{
	const struct ended_tasks *ended = &closure->waiting->waits->ended;
	int status = 0;
	closure->from = REFERENCE_OF_FRAME;
	closure->limit += ended->count * OBJECTS_PER_FRAME;
	for (size_t i = 0; !status && i < ended->count; i++) {
		size_t index;
		if (!number_of(closure, ended->items[i].id))
			status = add_thing(closure, ended->items[i].id, KIND_TASK, &index);
	}
	return status;
}

static int visit_global(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct closure *closure = arg;
	const struct global_name global = {closure->dict, key};
	enum kind kind;
	int status = object_kind(decoder, value, &kind);
	if (status || !is_of_interest(kind))
		return error_is_fatal(status) ? status : 0;
	closure->from = REFERENCE_OF_GLOBAL;
	closure->task = (uint32_t)closure->globals.count;
	return array_push(&closure->globals, global) ? add_reference(closure, value)
						     : waiting_no_memory(closure->waiting);
}

static int follow_globals(struct closure *closure, const struct program *program)
{
	int status = 0;
	closure->limit += OBJECTS_OF_GLOBALS;
	for (size_t i = 0; !status && i < program->modules.count; i++) {
		closure->dict = program->modules.items[i].dict;
		status = dict_visit(closure->waiting->decoder, closure->dict, visit_global,
				    closure);
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

/* Whether the task's frames are where the search begins. */
static bool is_begun_at(const struct closure *closure, const struct task *task)
{
	if (!closure->is_wide)
		return closure_is_root(closure->waiting, task);
	return task_is_pending(task) && !task->problems && task->coro && !task->is_copy;
}

int closure_walk(struct closure *closure, const struct program *program)
{
	struct aiodbg_snapshot *snap = closure->waiting->snap;
	closure->limit = OBJECTS_LEAST;
	int status = add_ended(closure);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		status = leave_out(closure, task->loop);
		closure->limit += task->depth * OBJECTS_PER_FRAME;
	}
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		if (is_begun_at(closure, snap->tasks.items[i]))
			status = follow_task(closure, snap->tasks.items[i]);
	}
	if (!status && program)
		status = follow_globals(closure, program);
	if (closure->limit > OBJECTS_MOST)
		closure->limit = OBJECTS_MOST;
	return status ? status : follow_things(closure);
}

/* ---- who else has it ---- */

struct thing *closure_thing(const struct closure *closure, uint64_t addr)
{
	size_t index = number_of(closure, addr);
	return index ? &closure->things.items[index - 1] : NULL;
}

void closure_deinit(struct closure *closure)
{
	array_deinit(&closure->things);
	array_deinit(&closure->references);
	array_deinit(&closure->found);
	array_deinit(&closure->todo);
	array_deinit(&closure->found_ended);
	array_deinit(&closure->globals);
	addrmap_deinit(&closure->frames);
	free(closure->numbers);
	addrmap_deinit(&closure->sets);
	free(closure->foreign);
}

static int is_open(struct closure *closure, const struct thing *thing, bool *ret)
{
	struct decoder *decoder = closure->waiting->decoder;
	struct refcount refs;
	bool weak = false;
	*ret = !thing->ended;
	if (thing->ended)
		return 0;
	int status = object_refcount(decoder, thing->addr, &refs);
	/* The loop has weak references to all generators. */
	if (!status && thing->kind != KIND_ASYNC_GENERATOR)
		status = object_has_weakrefs(decoder, thing->addr, &weak);
	if (!status)
		*ret = refs.immortal || refs.partial || weak || refs.count != thing->in_count;
	return error_is_fatal(status) ? status : 0;
}

/* What somebody else has leads them on to all that it refers to. */
int closure_open(struct closure *closure)
{
	struct things *things = &closure->things;
	closure->todo.count = 0;
	for (size_t i = 0; i < things->count; i++) {
		struct thing *thing = &things->items[i];
		int status = work_step(&closure->waiting->decoder->reader.work);
		if (!status)
			status = is_open(closure, thing, &thing->unseen);
		thing->open = thing->unseen;
		if (status)
			return status;
		if (thing->open && !array_push(&closure->todo, i))
			return waiting_no_memory(closure->waiting);
	}
	while (closure->todo.count) {
		const struct thing *thing =
			&things->items[closure->todo.items[--closure->todo.count]];
		for (size_t i = 0; i < thing->out_count; i++) {
			size_t to = closure->references.items[thing->first_out + i].to;
			if (things->items[to].open || things->items[to].ended)
				continue;
			things->items[to].open = true;
			if (!array_push(&closure->todo, to))
				return waiting_no_memory(closure->waiting);
		}
	}
	return 0;
}
