/* SPDX-License-Identifier: MIT */
/* Locks, queues and their like: their state, who waits at them, how they are called. */
#include "waits/waiting.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/lock.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/str.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum sync_class class;
	enum primitive_kind kind;
	/* Attributes; NULL: it has none. Those that have who waits. */
	const char *locked, *value, *bound, *unfinished, *waiters[2];
} classes[] = {
	{SYNC_LOCK, PRIMITIVE_LOCK, "_locked", NULL, NULL, NULL, {"_waiters", NULL}},
	{SYNC_SEMAPHORE,
	 PRIMITIVE_SEMAPHORE,
	 NULL,
	 "_value",
	 "_bound_value",
	 NULL,
	 {"_waiters", NULL}},
	{SYNC_CONDITION, PRIMITIVE_CONDITION, NULL, NULL, NULL, NULL, {"_waiters", NULL}},
	{SYNC_EVENT, PRIMITIVE_EVENT, NULL, "_value", NULL, NULL, {"_waiters", NULL}},
	{SYNC_BARRIER, PRIMITIVE_BARRIER, NULL, "_count", "_parties", NULL, {NULL, NULL}},
	{SYNC_QUEUE,
	 PRIMITIVE_QUEUE,
	 NULL,
	 "_queue",
	 "_maxsize",
	 "_unfinished_tasks",
	 {"_getters", "_putters"}},
	{SYNC_GROUP, PRIMITIVE_GROUP, NULL, NULL, NULL, NULL, {NULL, NULL}},
	{SYNC_THREAD_RLOCK, PRIMITIVE_THREAD_RLOCK, NULL, NULL, NULL, NULL, {NULL, NULL}},
	{SYNC_THREAD_CONDITION, PRIMITIVE_THREAD_CONDITION, NULL, NULL, NULL, NULL, {NULL, NULL}},
	{SYNC_THREAD_SEMAPHORE,
	 PRIMITIVE_THREAD_SEMAPHORE,
	 NULL,
	 "_value",
	 "_initial_value",
	 NULL,
	 {NULL, NULL}},
	{SYNC_THREAD_EVENT, PRIMITIVE_THREAD_EVENT, NULL, "_flag", NULL, NULL, {NULL, NULL}},
};
#define CLASS_COUNT (sizeof(classes) / sizeof(classes[0]))

int waiting_no_memory(struct waiting *waiting)
{
	return decoder_no_memory(waiting->decoder);
}

int waiting_class(struct waiting *waiting, size_t interp, uint64_t object, enum sync_class *ret)
{
	const struct type *type;
	*ret = SYNC_NONE;
	int status = object_type(waiting->decoder, object, &type);
	if (status)
		return status;
	void *known = addrmap_get(&waiting->types, type->addr);
	if (known) {
		*ret = (enum sync_class)((uintptr_t)known - 1);
		return 0;
	}
	status = sync_class_of(waiting->decoder, &waiting->classes[interp], type, ret);
	if (!status && !addrmap_put(&waiting->types, type->addr, (void *)((uintptr_t)*ret + 1)))
		status = waiting_no_memory(waiting);
	return status;
}

/* ---- who waits ---- */

struct container {
	struct waiting *waiting;
	struct primitive *primitive;
	size_t place;
};

static int keep(struct waiting *waiting, struct primitive *primitive, uint64_t future, size_t place)
{
	struct keeper *keeper;
	if (addrmap_get(&waiting->keepers, future))
		return 0;
	int status = decoder_alloc(waiting->decoder, sizeof(*keeper), (void **)&keeper);
	if (status)
		return status;
	*keeper = (struct keeper){primitive, place};
	return addrmap_put(&waiting->keepers, future, keeper) ? 0 : waiting_no_memory(waiting);
}

static int visit_waiter(struct decoder *decoder, uint64_t item, void *arg)
{
	struct container *container = arg;
	enum sync_class class = SYNC_NONE;
	enum kind kind;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, item, &kind);
	container->place++;
	/* Of the same class in Python. */
	if (!status && kind == KIND_OTHER)
		status = waiting_class(container->waiting, container->waiting->interp, item,
				       &class);
	if (status || (kind != KIND_FUTURE && kind != KIND_TASK && class != SYNC_FUTURE &&
		       class != SYNC_GATHERING))
		return error_is_fatal(status) ? status : 0;
	return keep(container->waiting, container->primitive, item, container->place);
}

int primitive_walk(struct waiting *waiting, struct primitive *primitive, uint64_t addr)
{
	struct container container = {waiting, primitive, 0};
	enum kind kind;
	if (addrmap_get(&waiting->walked, addr))
		return 0;
	if (!addrmap_put(&waiting->walked, addr, primitive))
		return waiting_no_memory(waiting);
	int status = object_kind(waiting->decoder, addr, &kind);
	if (status)
		return status;
	if (kind == KIND_DEQUE || kind == KIND_LIST || kind == KIND_TUPLE)
		status = sequence_visit(waiting->decoder, addr, visit_waiter, &container);
	else if (kind == KIND_SET)
		status = set_visit(waiting->decoder, addr, visit_waiter, &container);
	return status;
}

/* ---- state ---- */

/* A number, a bool, or what is in a container; -1 if it is none of these. */
static int read_number(struct waiting *waiting, uint64_t object, int64_t *ret)
{
	enum kind kind;
	uint64_t length;
	*ret = -1;
	if (!object)
		return 0;
	int status = object_kind(waiting->decoder, object, &kind);
	if (!status && kind == KIND_INT)
		return int_read(waiting->decoder, object, ret);
	if (!status && (kind == KIND_DEQUE || kind == KIND_LIST)) {
		status = container_length(waiting->decoder, object, &length);
		if (!status)
			*ret = (int64_t)length;
	}
	return status;
}

static int read_state(struct waiting *waiting, struct primitive *primitive, size_t row)
{
	struct attr attrs[] = {
		{.name = classes[row].locked},	   {.name = classes[row].value},
		{.name = classes[row].bound},	   {.name = classes[row].unfinished},
		{.name = classes[row].waiters[0]}, {.name = classes[row].waiters[1]},
	};
	int64_t numbers[4] = {-1, -1, -1, -1};
	uint64_t values[6] = {0};
	for (size_t i = 0; i < 6; i++) {
		if (!attrs[i].name)
			continue;
		struct attr attr = {.name = attrs[i].name};
		int status = attrs_find(waiting->decoder, primitive->addr, &attr, 1);
		if (status)
			return status;
		values[i] = attr.value;
	}
	for (size_t i = 0; i < 4; i++) {
		int status = read_number(waiting, values[i], &numbers[i]);
		if (status)
			return status;
	}
	primitive->locked = (int)numbers[0];
	primitive->value = numbers[1];
	primitive->bound = numbers[2];
	primitive->unfinished = numbers[3];
	for (size_t i = 4; i < 6; i++) {
		int status = values[i] ? primitive_walk(waiting, primitive, values[i]) : 0;
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

static int read_thread_lock(struct waiting *waiting, struct primitive *primitive, enum kind kind)
{
	struct lock lock;
	primitive->kind = kind == KIND_LOCK ? PRIMITIVE_THREAD_LOCK : PRIMITIVE_THREAD_RLOCK;
	int status = lock_read(waiting->decoder, primitive->addr, &lock);
	if (!status)
		primitive->locked = lock.locked;
	return status;
}

static int add_primitive(struct waiting *waiting, uint64_t addr, struct primitive **ret)
{
	struct primitive *primitive;
	const struct type *type;
	int status = object_type(waiting->decoder, addr, &type);
	if (!status)
		status = decoder_alloc(waiting->decoder, sizeof(*primitive), (void **)&primitive);
	if (status)
		return status;
	*primitive = (struct primitive){
		.addr = addr,
		.type = type->name,
		.locked = -1,
		.value = -1,
		.bound = -1,
		.unfinished = -1,
	};
	if (!addrmap_put(&waiting->primitives, addr, primitive) ||
	    !array_push(&waiting->waits->primitives, primitive))
		return waiting_no_memory(waiting);
	*ret = primitive;
	return 0;
}

int primitive_get_unknown(struct waiting *waiting, uint64_t addr, struct primitive **ret)
{
	*ret = addrmap_get(&waiting->primitives, addr);
	return *ret ? 0 : add_primitive(waiting, addr, ret);
}

int primitive_get(struct waiting *waiting, size_t interp, uint64_t addr, struct primitive **ret)
{
	enum sync_class class = SYNC_NONE;
	enum kind kind;
	*ret = addrmap_get(&waiting->primitives, addr);
	if (*ret)
		return 0;
	waiting->interp = interp;
	int status = object_kind(waiting->decoder, addr, &kind);
	if (status || kind == KIND_NONE)
		return status;
	bool is_lock = kind == KIND_LOCK || kind == KIND_RLOCK;
	if (!is_lock)
		status = waiting_class(waiting, interp, addr, &class);
	size_t row = 0;
	while (row < CLASS_COUNT && classes[row].class != class)
		row++;
	if (status || (!is_lock && row == CLASS_COUNT))
		return status;
	status = add_primitive(waiting, addr, ret);
	if (status)
		return status;
	if (is_lock)
		return read_thread_lock(waiting, *ret, kind);
	(*ret)->kind = classes[row].kind;
	const struct type *type;
	status = object_type(waiting->decoder, addr, &type);
	(*ret)->derived = !status && !sync_class_is(&waiting->classes[interp], type);
	return status ? status : read_state(waiting, *ret, row);
}

/* ---- names ---- */

#define ATTRIBUTES_SEARCHED 256
#define VARIABLES_SEARCHED 64
/* Objects of so many may be globals: each of them costs a search of a dict for each name. */
#define GLOBALS_ASKED 1000

struct naming {
	struct waiting *waiting;
	uint64_t wanted;
	/* The variable, and the attribute of its value if it is that. */
	uint64_t variable, attribute, holder;
	/* The variable that is looked into. */
	uint64_t current, object;
	size_t variables, attributes;
};

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct naming *naming = arg;
	(void)decoder;
	if (value == naming->wanted) {
		naming->variable = naming->current;
		naming->attribute = key;
		naming->holder = naming->object;
		return AIODBG_LIMIT;
	}
	return ++naming->attributes > ATTRIBUTES_SEARCHED ? AIODBG_LIMIT : 0;
}

static int visit_variable(struct decoder *decoder, const struct local *local, void *arg)
{
	struct naming *naming = arg;
	enum kind kind;
	if (!local->value || ++naming->variables > VARIABLES_SEARCHED)
		return 0;
	if (local->value == naming->wanted) {
		naming->variable = local->name;
		naming->attribute = 0;
		return AIODBG_LIMIT;
	}
	/* The first that has it as an attribute; a variable that is it would be better. */
	if (naming->variable)
		return 0;
	int status = object_kind(decoder, local->value, &kind);
	if (status || kind != KIND_OTHER)
		return error_is_fatal(status) ? status : 0;
	naming->current = local->name;
	naming->object = local->value;
	naming->attributes = 0;
	status = attrs_visit(decoder, local->value, visit_attribute, naming);
	return error_is_fatal(status) ? status : 0;
}

struct globals_visit {
	/* The dict of the frame's globals. */
	uint64_t globals;
	local_visit_fn *visit;
	void *arg;
};

/* A global, as a variable that the code names. */
static int visit_global(struct decoder *decoder, uint64_t item, void *arg)
{
	const struct globals_visit *visit = arg;
	struct local local = {.name = item};
	const char *name;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = name_get(decoder, item, &name);
	if (!status && name)
		status = dict_get(decoder, visit->globals, name, &local.value);
	if (!status && local.value)
		return visit->visit(decoder, &local, visit->arg);
	return error_is_fatal(status) ? status : 0;
}

int globals_visit(struct waiting *waiting, const struct frame *frame, local_visit_fn *visit,
		  void *arg)
{
	struct decoder *decoder = waiting->decoder;
	const struct layout *l = decoder->layout;
	const struct code *code = frame->location->code;
	int32_t offset = l->frame.globals != LAYOUT_NONE ? l->frame.globals : l->pyframe.globals;
	struct globals_visit visiting = {.visit = visit, .arg = arg};
	uint64_t names;
	if (code->is_compiled)
		return 0;
	int status = reader_word(&decoder->reader, frame->addr + (uint64_t)offset,
				 &visiting.globals);
	if (!status)
		status = reader_word(&decoder->reader, code->addr + (uint64_t)l->code.names,
				     &names);
	if (!status)
		status = sequence_visit(decoder, names, visit_global, &visiting);
	return error_is_fatal(status) ? status : 0;
}

static int write_name(struct waiting *waiting, struct primitive *primitive,
		      const struct naming *naming)
{
	struct decoder *decoder = waiting->decoder;
	const char *variable, *attribute = NULL;
	const struct type *type;
	char text[256];
	int status = str_read(decoder, naming->variable, &variable);
	if (!status && naming->attribute)
		status = str_read(decoder, naming->attribute, &attribute);
	if (!status && naming->attribute)
		status = object_type(decoder, naming->holder, &type);
	if (status)
		return status;
	int len = attribute ? snprintf(text, sizeof(text), "%.100s.%.100s", variable, attribute)
			    : snprintf(text, sizeof(text), "%.200s", variable);
	primitive->expression = arena_string(decoder->arena, text, (size_t)len);
	if (naming->attribute)
		primitive->owner_type = type->name;
	return primitive->expression ? 0 : waiting_no_memory(waiting);
}

int primitive_name(struct waiting *waiting, struct primitive *primitive, const struct frame *frame)
{
	struct naming naming = {.waiting = waiting, .wanted = primitive->addr};
	if (primitive->expression)
		return 0;
	int status = locals_visit(waiting->decoder, frame, visit_variable, &naming);
	if (error_is_fatal(status))
		return status;
	/* What only its name is missing for is not missing. */
	uint64_t faults = waiting->decoder->reader.fault_count;
	status = 0;
	if (!naming.variable && !primitive->was_asked_for && frame->location &&
	    waiting->globals_asked++ < GLOBALS_ASKED)
		status = globals_visit(waiting, frame, visit_variable, &naming);
	waiting->decoder->reader.fault_count = faults;
	primitive->was_asked_for = true;
	if (!status && naming.variable)
		status = write_name(waiting, primitive, &naming);
	return error_is_fatal(status) ? status : 0;
}
