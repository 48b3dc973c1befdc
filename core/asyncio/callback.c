/* SPDX-License-Identifier: MIT */
/* Whom a callback wakes. See asyncio/callback.h. */
#include "asyncio/callback.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/code.h"
#include "cpython/object.h"

#include <string.h>

/* Where a callback keeps what it wakes. */
enum source {
	/* A variable of its closure. */
	FROM_CELL,
	/* An attribute of the object that it is a method of. */
	FROM_ATTR,
	/* The same, and that is a task group, which owns the task. */
	FROM_GROUP,
	/* The object that it is a method of. */
	FROM_SELF,
	/* The first argument of a functools.partial. */
	FROM_ARG,
};

/* What is found there. */
enum target {
	/* A task or future. */
	TO_FUTURE,
	/* An asyncio.Queue, whose getters are futures. */
	TO_QUEUE,
	/* One of anyio's task groups, whose cancel scope knows the task that is in it. */
	TO_HOST,
};

static const struct rule {
	/* co_name, end of co_filename. */
	const char *function, *file;
	enum source source;
	/* Name of the variable or attribute. */
	const char *name;
	enum target target;
} rules[] = {
	/* gather */
	{"_done_callback", "asyncio/tasks.py", FROM_CELL, "outer", TO_FUTURE},
	/* shield, on the inner future */
	{"_inner_done_callback", "asyncio/tasks.py", FROM_CELL, "outer", TO_FUTURE},
	/* wait */
	{"_on_completion", "asyncio/tasks.py", FROM_CELL, "waiter", TO_FUTURE},
	/* as_completed, up to 3.12 and from 3.13 on */
	{"_on_completion", "asyncio/tasks.py", FROM_CELL, "done", TO_QUEUE},
	{"_handle_completion", "asyncio/tasks.py", FROM_ATTR, "_done", TO_QUEUE},
	/* wait_for up to 3.11, and cancelling what is awaited */
	{"_release_waiter", "asyncio/tasks.py", FROM_ARG, NULL, TO_FUTURE},
	/* A task in Python is woken */
	{"__wakeup", "asyncio/tasks.py", FROM_SELF, NULL, TO_FUTURE},
	/* TaskGroup */
	{"_on_task_done", "asyncio/taskgroups.py", FROM_GROUP, "_parent_task", TO_FUTURE},
	/* staggered_race */
	{"task_done", "asyncio/staggered.py", FROM_CELL, "parent_task", TO_FUTURE},
	/* anyio's task group; it records no awaiter before 3.14 */
	{"task_done", "anyio/_backends/_asyncio.py", FROM_CELL, "self", TO_HOST},
};
#define RULE_COUNT ((int)(sizeof(rules) / sizeof(rules[0])))

/* The name of the C function that wakes a task. */
static const char wakeup_name[] = "task_wakeup";

struct callback {
	uint64_t function;
	/* Of a bound method. */
	uint64_t self;
	/* Of a partial. */
	uint64_t args;
};

/* Whether the path ends in these folders and file. */
static bool ends_with(const char *path, const char *end)
{
	size_t path_len = path ? strlen(path) : 0, end_len = strlen(end);
	if (path_len < end_len || strcmp(path + path_len - end_len, end) != 0)
		return false;
	return path_len == end_len || path[path_len - end_len - 1] == '/';
}

/*
 * What a function of this code means as a callback: the first rule that has its name and
 * file, and the variable of that rule if it needs one. A code is looked at once.
 */
static int find_rule(struct decoder *decoder, struct code *code)
{
	int found = 0;
	for (; found < RULE_COUNT; found++) {
		const struct rule *rule = &rules[found];
		if (!code->name || strcmp(code->name, rule->function) != 0 ||
		    !ends_with(code->filename, rule->file))
			continue;
		if (rule->source != FROM_CELL)
			break;
		int status = code_free_variable(decoder, code, rule->name, &code->callback_cell);
		if (status)
			return status;
		if (code->callback_cell >= 0)
			break;
	}
	code->callback_rule = found;
	return 0;
}

/* The variable that a function closes over, by its place in the closure. */
static int closure_get(struct decoder *decoder, uint64_t function, int index, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t closure, cell;
	int status = reader_word(&decoder->reader, function + (uint64_t)l->function.closure,
				 &closure);
	if (!status)
		status = tuple_item(decoder, closure, (uint64_t)index, &cell);
	if (!status)
		status = object_expect(decoder, cell, KIND_CELL, "closure");
	if (!status)
		status = reader_word(&decoder->reader, cell + (uint64_t)l->cell.object, ret);
	return status;
}

static bool is_remembered(const struct decoder *decoder, uint64_t self, const char *name)
{
	return decoder->last_self == self && decoder->last_attr == name;
}

static void remember(struct decoder *decoder, uint64_t self, const char *name, uint64_t value)
{
	decoder->last_self = self;
	decoder->last_attr = name;
	decoder->last_value = value;
}

/* An attribute of the object that the callback is a method of. All children of a TaskGroup
 * ask for the same, one after the other. */
static int self_attr_get(struct decoder *decoder, uint64_t self, const char *name, uint64_t *ret)
{
	struct attr attr = {.name = name};
	int status = 0;
	*ret = decoder->last_value;
	if (is_remembered(decoder, self, name))
		return 0;
	status = attrs_get(decoder, self, &attr, 1);
	if (status)
		return status;
	remember(decoder, self, name, attr.value);
	*ret = attr.value;
	return 0;
}

/* The task that is in a group of anyio's: so do these. */
static int host_task_get(struct decoder *decoder, uint64_t group, uint64_t *ret)
{
	static const char name[] = "_host_task";
	uint64_t scope;
	*ret = decoder->last_value;
	if (is_remembered(decoder, group, name))
		return 0;
	int status = attr_find(decoder, group, "cancel_scope", &scope);
	if (status)
		return status;
	*ret = 0;
	status = scope ? attr_find(decoder, scope, name, ret) : 0;
	if (!status)
		remember(decoder, group, name, *ret);
	return status;
}

/* What the rule finds for this callback; 0 if nothing is there (yet). */
static int rule_apply(struct decoder *decoder, const struct rule *rule,
		      const struct callback *callback, const struct code *code, uint64_t *ret)
{
	*ret = 0;
	switch (rule->source) {
	case FROM_CELL:
		return closure_get(decoder, callback->function, code->callback_cell, ret);
	case FROM_ATTR:
	case FROM_GROUP:
		return callback->self ? self_attr_get(decoder, callback->self, rule->name, ret) : 0;
	case FROM_SELF:
		*ret = callback->self;
		return 0;
	case FROM_ARG:
		return callback->args ? tuple_item(decoder, callback->args, 0, ret) : 0;
	}
	return 0;
}

static int visit_found(struct decoder *decoder, enum target target, uint64_t found,
		       sequence_visit_fn *visit, void *arg)
{
	enum kind kind;
	uint64_t getters;
	int status = target == TO_HOST ? host_task_get(decoder, found, &found) : 0;
	if (!status && !found)
		return 0;
	if (!status)
		status = object_kind(decoder, found, &kind);
	/* gather's closure has None until all is set up. */
	if (status || kind == KIND_NONE)
		return status;
	if (target != TO_QUEUE)
		return visit(decoder, found, arg);
	status = attr_get(decoder, found, "_getters", &getters);
	return status ? status : sequence_visit(decoder, getters, visit, arg);
}

/* The group that the callback says the task is of; 0: none. */
static uint64_t group_of(const struct rule *rule, const struct callback *callback, uint64_t found)
{
	if (rule->target == TO_HOST)
		return found;
	return rule->source == FROM_GROUP ? callback->self : 0;
}

/* A function of Python, alone, bound to self, or with arguments. */
static int visit_function(struct decoder *decoder, const struct callback *callback, uint64_t *group,
			  sequence_visit_fn *visit, void *arg)
{
	uint64_t code_addr, found = 0;
	struct code *code;
	int status = object_expect(decoder, callback->function, KIND_FUNCTION, "callback");
	if (!status)
		status = reader_word(&decoder->reader,
				     callback->function + (uint64_t)decoder->layout->function.code,
				     &code_addr);
	if (!status)
		status = code_get(decoder, code_addr, &code);
	if (status)
		return status;
	if (code->callback_rule == CALLBACK_RULE_UNKNOWN)
		status = find_rule(decoder, code);
	if (status || code->callback_rule >= RULE_COUNT)
		return status;
	const struct rule *rule = &rules[code->callback_rule];
	status = rule_apply(decoder, rule, callback, code, &found);
	if (status || !found)
		return status;
	*group = group_of(rule, callback, found);
	return visit_found(decoder, rule->target, found, visit, arg);
}

/*
 * A method of a C class. Task's own wakeup is one since 3.10; without the executable its
 * name cannot be read, and any method of a Task is taken for it.
 */
static int visit_cfunction(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit,
			   void *arg)
{
	const struct layout *l = decoder->layout;
	uint64_t def, name_addr, self;
	char name[sizeof(wakeup_name) + 1];
	enum kind kind;
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->cfunction.self, &self);
	if (status || !self)
		return status;
	status = object_kind(decoder, self, &kind);
	if (status || kind != KIND_TASK)
		return status;
	status = reader_word(&decoder->reader, addr + (uint64_t)l->cfunction.def, &def);
	if (!status)
		status = reader_word(&decoder->reader, def, &name_addr);
	if (!status)
		status = reader_c_string(&decoder->reader, name_addr, name, sizeof(name));
	if (error_is_fatal(status))
		return status;
	if (!status && strcmp(name, wakeup_name) != 0)
		return 0;
	return visit(decoder, self, arg);
}

/* Without its name nobody knows whom a callback would wake. */
static int unknown_callback(struct decoder *decoder, uint64_t addr)
{
	return error_at(&decoder->reader.error, AIODBG_FAULT, addr,
			"callback of a type whose name cannot be read");
}

/*
 * What wakes a task in 3.8 and 3.9 is of a static type that nothing exports; without the
 * executable it is known by the task that it holds.
 */
static int visit_wakeup(struct decoder *decoder, uint64_t addr, const struct type *type,
			sequence_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	uint64_t task;
	enum kind kind = KIND_TASK;
	if (type->kind != KIND_WAKEUP && type->name)
		return 0;
	if (type->kind != KIND_WAKEUP && type->basicsize != l->wakeup.size)
		return unknown_callback(decoder, addr);
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->wakeup.task, &task);
	if (!status && !type->name)
		status = object_kind(decoder, task, &kind);
	if (!status && kind != KIND_TASK)
		status = unknown_callback(decoder, addr);
	return status ? status : visit(decoder, task, arg);
}

int callback_visit(struct decoder *decoder, uint64_t addr, uint64_t *group,
		   sequence_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	struct callback callback = {0};
	const struct type *type;
	*group = 0;
	int status = object_type(decoder, addr, &type);
	if (status)
		return status;
	switch (type->kind) {
	case KIND_CFUNCTION:
		return visit_cfunction(decoder, addr, visit, arg);
	case KIND_WAKEUP:
	case KIND_OTHER:
		return visit_wakeup(decoder, addr, type, visit, arg);
	case KIND_FUNCTION:
		callback.function = addr;
		break;
	case KIND_METHOD:
		status = reader_word(&decoder->reader, addr + (uint64_t)l->method.function,
				     &callback.function);
		if (!status)
			status = reader_word(&decoder->reader, addr + (uint64_t)l->method.self,
					     &callback.self);
		break;
	case KIND_PARTIAL:
		status = reader_word(&decoder->reader, addr + (uint64_t)l->partial.function,
				     &callback.function);
		if (!status)
			status = reader_word(&decoder->reader, addr + (uint64_t)l->partial.args,
					     &callback.args);
		break;
	default:
		return 0;
	}
	enum kind kind;
	if (!status)
		status = object_kind(decoder, callback.function, &kind);
	/* A partial or a method of anything else is the user's. */
	if (status || kind != KIND_FUNCTION)
		return status;
	return visit_function(decoder, &callback, group, visit, arg);
}
