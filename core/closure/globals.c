/* SPDX-License-Identifier: MIT */
/*
 * What a module's global leads to. An event that the program keeps in a global has a reference besides
 * those of the tasks that wait for it, and whoever names the global may set it: a timer's function,
 * a signal handler, a method of a protocol that is made for the next connection. No reference
 * leads from these to the event. So if globals are all that has it besides, all of the program's
 * functions are asked: whether one of them names such a global, and sets something, or calls one
 * that does. Only those whom an exception has ended do not count, and those of tasks that are stuck
 * themselves, as long as nothing else could call them.
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
	/* Somebody may have it whose code can't be asked. */
	bool is_doubtful;
};

static bool is_candidate(const struct target *target)
{
	const struct primitive *object = target->object;
	return !target->is_doubtful && object && object->has_others && !object->derived;
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

/* Whether one can go on from what has it: not by what is called, which names nothing. */
static int is_followed(struct globals *globals, const struct thing *thing, bool *ret)
{
	switch (thing->kind) {
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_DEQUE:
	case KIND_DICT:
	case KIND_SET:
		*ret = true;
		return 0;
	case KIND_OTHER:
		return is_own_object(globals, thing->addr, ret);
	default:
		*ret = false;
		return 0;
	}
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

static int go_back(struct globals *globals, const struct target *target, struct thing *thing)
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
			if (!array_push(&globals->names, closure->globals.items[in->task]))
				return waiting_no_memory(closure->waiting);
			continue;
		}
		struct thing *from = &closure->things.items[in->from];
		if (from->seen == closure->search || from->ended)
			continue;
		from->seen = closure->search;
		int status = is_followed(globals, from, &is_good);
		globals->is_doubtful |= !is_good;
		if (status)
			return status;
		if (!array_push(&closure->todo, in->from))
			return waiting_no_memory(closure->waiting);
	}
	return 0;
}

/* All globals that lead to the target. */
static int find_names(struct globals *globals, const struct target *target)
{
	struct closure *closure = &globals->closure;
	struct thing *thing = closure_thing(closure, target->object->addr);
	globals->names.count = closure->todo.count = 0;
	globals->is_doubtful = !thing || thing->open;
	if (globals->is_doubtful)
		return 0;
	thing->seen = ++closure->search;
	int status = go_back(globals, target, thing);
	while (!status && !globals->is_doubtful && closure->todo.count) {
		size_t index = closure->todo.items[--closure->todo.count];
		status = work_step(&closure->waiting->decoder->reader.work);
		if (!status)
			status = go_back(globals, target, &closure->things.items[index]);
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
		.deeds = successors_wanted(target->kind),
		.excused = &abandoning->ended_codes,
	};
	bool may = false;
	int status = find_names(globals, target);
	if (status || globals->is_doubtful)
		return status;
	/* No names: it is those that wait who have it, if only for a while. */
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
	if (status || globals->program.is_cut)
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
	for (size_t i = 0; !status && !globals.program.is_cut && i < abandoning->targets.count;
	     i++) {
		if (is_candidate(abandoning->targets.items[i]))
			status = judge(&globals, abandoning->targets.items[i]);
	}
	program_deinit(&globals.program);
	closure_deinit(&globals.closure);
	array_deinit(&globals.names);
	return status;
}
