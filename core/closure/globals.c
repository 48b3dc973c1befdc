/* SPDX-License-Identifier: MIT */
/*
 * What a module's global leads to, or an object that somebody unseen has. An event that the program
 * keeps in a global has a reference besides those of the tasks that wait for it, and whoever names
 * the global may set it: a timer's function, a signal handler, a method of a protocol that is made
 * for the next connection. No reference leads from these to the event. The same is true of an event
 * that an instance has in an attribute, if somebody has the instance who was not met: a server, a
 * thread, a lambda that C code keeps. So all of the program's functions are asked: whether one of
 * them names such a global or attribute, and sets something, or calls one that does. Only those whom
 * an exception has ended do not count, and those of tasks that are stuck themselves, as long as
 * nothing else could call them. Whoever unseen has the event itself, or a container or function that
 * leads to it, needs no name.
 */
#include "base/error.h"
#include "closure/references.h"
#include "closure/successors.h"
#include "cpython/attr.h"
#include "cpython/locals.h"

#include <stdlib.h>
#include <string.h>

struct globals {
	struct abandoning *abandoning;
	struct program program;
	struct closure closure;
	/* Those that lead to the target that is looked at. */
	struct global_names names;
	/* Instances that somebody unseen has, and the names of what they have that leads to it. */
	struct indexes instances;
	/* Methods and functions that lead there, and what has these. */
	struct indexes called;
	struct name_numbers attributes;
	/* Somebody may have it whose code can't be asked. */
	bool is_doubtful;
};

static bool is_candidate(const struct target *target)
{
	const struct primitive *object = target->object;
	if (target->is_doubtful || (object && object->derived))
		return false;
	return target->kind != WAIT_LOCK || object->has_others;
}

/* ---- what leads there ---- */

/* Its methods are the program's functions. */
static int is_own_object(struct globals *globals, uint64_t addr, bool *ret)
{
	const struct own_modules *modules = &globals->program.modules;
	struct decoder *decoder = globals->abandoning->waiting->decoder;
	const struct type *type;
	const char *name = NULL;
	uint64_t module = 0;
	*ret = false;
	int status = object_type(decoder, addr, &type);
	if (!status && type->name && !strcmp(type->name, "SimpleNamespace"))
		*ret = true;
	if (!status && type_on_heap(type))
		status = class_attr_find(decoder, type->addr, "__module__", &module);
	if (!status && module)
		status = name_get(decoder, module, &name);
	for (size_t i = 0; !status && name && i < modules->count; i++)
		*ret |= !strcmp(modules->items[i].name, name);
	return error_is_fatal(status) ? status : 0;
}

static bool is_called(enum kind kind)
{
	return kind == KIND_METHOD || kind == KIND_CFUNCTION || kind == KIND_PARTIAL ||
	       kind == KIND_FUNCTION || kind == KIND_CELL;
}

/*
 * What is called names nothing, so that whoever has it may do anything by it. Only functions that run
 * were asked what they do with it: they have it in a variable, or on their stack while they are in a
 * with statement.
 */
static bool is_only_called(const struct thing *thing)
{
	return !thing->open && (is_called(thing->kind) || thing->kind == KIND_TUPLE);
}

/* Whether one can go on from what has it. */
static int is_followed(struct globals *globals, const struct thing *thing, bool *ret)
{
	switch (thing->kind) {
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_DEQUE:
	case KIND_DICT:
	case KIND_SET:
	case KIND_FUTUREITER:
		*ret = !thing->unseen;
		return 0;
	case KIND_OTHER:
		return is_own_object(globals, thing->addr, ret);
	default:
		*ret = is_called(thing->kind) && !thing->open;
		return 0;
	}
}

/* Where to go on from what has it. */
static struct indexes *next_ones(struct globals *globals, const struct thing *thing, bool by_call)
{
	if (by_call || is_called(thing->kind))
		return &globals->called;
	/* Whoever comes by an instance has to name what that has. */
	return thing->kind == KIND_OTHER && thing->open ? &globals->instances
							: &globals->closure.todo;
}

/* A task whose own functions were asked, or that does no more. */
static bool was_asked(const struct globals *globals, const struct target *target,
		      const struct reference *in)
{
	const struct abandoning *abandoning = globals->abandoning;
	const struct wait *wait = &abandoning->waiting->waits->of_tasks[in->task];
	return !in->by_library || abandoning->stuck_at[in->task] == target ||
	       wait->object == target->object ||
	       abandoning->waiting->snap->tasks.items[in->task] == abandoning->main;
}

static int go_back(struct globals *globals, const struct target *target, const struct thing *thing,
		   bool by_call)
{
	struct closure *closure = &globals->closure;
	for (size_t next = thing->last_in; next;) {
		const struct reference *in = &closure->references.items[next - 1];
		bool is_good = true;
		next = in->next_in;
		if (in->from == REFERENCE_OF_FRAME) {
			globals->is_doubtful |= !was_asked(globals, target, in);
			continue;
		}
		if (in->from == REFERENCE_OF_GLOBAL) {
			globals->is_doubtful |= by_call;
			if (!array_push(&globals->names, closure->globals.items[in->task]))
				return waiting_no_memory(closure->waiting);
			continue;
		}
		struct thing *from = &closure->things.items[in->from];
		if (from->seen == closure->search || from->ended)
			continue;
		from->seen = closure->search;
		int status = is_followed(globals, from, &is_good);
		globals->is_doubtful |= !is_good || (by_call && !is_only_called(from));
		if (status)
			return status;
		if (!array_push(next_ones(globals, from, by_call), in->from))
			return waiting_no_memory(closure->waiting);
	}
	return 0;
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct globals *globals = arg;
	const struct thing *thing = closure_thing(&globals->closure, value);
	uint64_t number;
	int status = work_step(&decoder->reader.work);
	if (status || !thing || thing->seen != globals->closure.search)
		return status;
	status = program_number_at(decoder, key, &number);
	return status || array_push(&globals->attributes, number) ? status
								  : decoder_no_memory(decoder);
}

static int name_attributes(struct globals *globals)
{
	const struct closure *closure = &globals->closure;
	int status = 0;
	for (size_t i = 0; !status && i < globals->instances.count; i++) {
		const struct thing *thing = &closure->things.items[globals->instances.items[i]];
		status = attrs_visit(closure->waiting->decoder, thing->addr, visit_attribute,
				     globals);
		globals->is_doubtful |= status != 0;
		status = error_is_fatal(status) ? status : 0;
	}
	return status;
}

/* All globals that lead to the object or future that is waited for, and attributes of instances. */
static int find_names(struct globals *globals, const struct target *target, uint64_t addr)
{
	struct closure *closure = &globals->closure;
	struct thing *thing = closure_thing(closure, addr);
	globals->instances.count = globals->called.count = closure->todo.count = 0;
	globals->is_doubtful |= !thing || thing->unseen;
	if (globals->is_doubtful)
		return 0;
	thing->seen = ++closure->search;
	int status = go_back(globals, target, thing, false);
	while (!status && !globals->is_doubtful && closure->todo.count + globals->called.count) {
		bool by_call = globals->called.count;
		struct indexes *todo = by_call ? &globals->called : &closure->todo;
		size_t index = todo->items[--todo->count];
		status = work_step(&closure->waiting->decoder->reader.work);
		if (!status)
			status = go_back(globals, target, &closure->things.items[index], by_call);
	}
	return status ? status : name_attributes(globals);
}

/* Of a place where futures are waited for: of all of them. */
static int find_all_names(struct globals *globals, const struct target *target)
{
	const struct abandoning *abandoning = globals->abandoning;
	const struct waiting *waiting = abandoning->waiting;
	int status = 0;
	globals->names.count = globals->attributes.count = 0;
	globals->is_doubtful = false;
	if (target->object)
		return find_names(globals, target, target->object->addr);
	for (size_t i = 0; !status && !globals->is_doubtful && i < waiting->snap->tasks.count;
	     i++) {
		const struct wait *wait = &waiting->waits->of_tasks[i];
		const struct goal *goal = wait->blocked && wait->kind == WAIT_FUTURE
						  ? addrmap_get(&abandoning->leads.wanted,
								wait->future)
						  : NULL;
		if (goal && goal->target == target)
			status = find_names(globals, target, wait->future);
	}
	return status;
}

/* ---- who does no more ---- */

static int excuse(struct abandoning *abandoning, const struct task *task)
{
	for (size_t i = 0; i < task->depth; i++) {
		uint64_t code = task->stack[i]->code->addr;
		if (code && !addrmap_put(&abandoning->ended_codes, code, abandoning))
			return waiting_no_memory(abandoning->waiting);
	}
	return 0;
}

/* The main task, which waits for the end of others, and those that wait for who is stuck. */
static int excuse_all(struct abandoning *abandoning)
{
	const struct waiting *waiting = abandoning->waiting;
	int status = abandoning->main ? excuse(abandoning, abandoning->main) : 0;
	for (size_t i = 0; !status && i < waiting->snap->tasks.count; i++) {
		const struct wait *wait = &waiting->waits->of_tasks[i];
		if (abandoning->stuck_at[i] && wait->for_tasks)
			status = excuse(abandoning, waiting->snap->tasks.items[i]);
	}
	return status;
}

/* ---- the whole ---- */

static int judge(struct globals *globals, struct target *target)
{
	struct abandoning *abandoning = globals->abandoning;
	const struct program_question question = {
		.globals = &globals->names,
		.attributes = &globals->attributes,
		.deeds = successors_wanted(target->kind),
		.excused = &abandoning->ended_codes,
	};
	bool may = false;
	int status = find_all_names(globals, target);
	if (status || globals->is_doubtful)
		return status;
	/* Or else it is those that wait who have it, and who was asked. */
	if (globals->names.count + globals->attributes.count)
		status = program_ask(&globals->program, &question, &may);
	target->by_globals = !status && !may;
	return status;
}

/* What they have in variables they don't use any more. */
static int read_program(struct globals *globals)
{
	const struct abandoning *abandoning = globals->abandoning;
	const struct tasks *tasks = &abandoning->waiting->snap->tasks;
	bool *is_over;
	int status = decoder_alloc(abandoning->waiting->decoder, tasks->count * sizeof(bool),
				   (void **)&is_over);
	for (size_t i = 0; !status && i < tasks->count; i++)
		is_over[i] = abandoning->stuck_at[i] || tasks->items[i] == abandoning->main;
	return status ? status : program_read(abandoning->waiting, is_over, &globals->program);
}

static int read_all(struct globals *globals)
{
	struct waiting *waiting = globals->abandoning->waiting;
	struct closure *closure = &globals->closure;
	int status = read_program(globals);
	if (status || globals->program.misses_modules)
		return status;
	closure->foreign = calloc(waiting->snap->tasks.count + 1, sizeof(bool));
	status = closure->foreign ? closure_walk(closure, &globals->program)
				  : waiting_no_memory(waiting);
	if (!status)
		status = closure_open(closure);
	return status ? status : excuse_all(globals->abandoning);
}

int globals_read(struct abandoning *abandoning)
{
	struct waiting *waiting = abandoning->waiting;
	struct globals globals = {.abandoning = abandoning,
				  .program.waiting = waiting,
				  .closure = {.waiting = waiting, .is_wide = true}};
	bool is_wanted = false;
	for (size_t i = 0; i < abandoning->targets.count; i++)
		is_wanted |= is_candidate(abandoning->targets.items[i]);
	if (!is_wanted || waiting->snap->free_threaded)
		return 0;
	int status = read_all(&globals);
	for (size_t i = 0;
	     !status && !globals.program.misses_modules && i < abandoning->targets.count; i++) {
		if (is_candidate(abandoning->targets.items[i]))
			status = judge(&globals, abandoning->targets.items[i]);
	}
	program_deinit(&globals.program);
	closure_deinit(&globals.closure);
	array_deinit(&globals.names);
	array_deinit(&globals.instances);
	array_deinit(&globals.called);
	array_deinit(&globals.attributes);
	return status;
}
