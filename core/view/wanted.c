/* SPDX-License-Identifier: MIT */
/* What views ask for. See view/wanted.h. */
#include "view/wanted.h"

#include "asyncio/future.h"
#include "base/addrmap.h"
#include "base/error.h"
#include "cpython/context.h"
#include "cpython/coro.h"
#include "cpython/dict.h"
#include "cpython/locals.h"
#include "cpython/object.h"
#include "cpython/repr.h"
#include "cpython/str.h"
#include "snapshot/detail.h"
#include "snapshot/stacks.h"
#include "verdicts/verdicts.h"
#include "view/chains.h"

#include <stdio.h>
#include <string.h>

/* ---- requests ---- */

#define HAS_NO_SCOPE ((void *)1)
#define HAS_SCOPE ((void *)2)

struct scopes {
	struct decoder *decoder;
	struct aiodbg_snapshot *snap;
	/* By code: whether it has a variable that may be a request. */
	struct addrmap codes;
	/* Stacks of codes that have none. */
	struct stack_facts without;
	struct coro_frames frames;
	bool found;
};

static void *known_of(const struct scopes *scopes, const struct code *code)
{
	return addrmap_get(&scopes->codes, (uint64_t)(uintptr_t)code);
}

static int visit_name(struct decoder *decoder, const struct local *local, void *arg)
{
	struct scopes *scopes = arg;
	bool equal;
	int status = scopes->found ? 0 : str_equals(decoder, local->name, "scope", &equal);
	if (!status && !scopes->found)
		scopes->found = equal;
	return status;
}

static int learn(struct scopes *scopes, const struct frame *frame)
{
	const struct code *code = frame->location->code;
	scopes->found = false;
	int status = locals_visit(scopes->decoder, frame, visit_name, scopes);
	if (error_is_fatal(status))
		return status;
	void *known = scopes->found ? HAS_SCOPE : HAS_NO_SCOPE;
	return addrmap_put(&scopes->codes, (uint64_t)(uintptr_t)code, known)
		       ? 0
		       : decoder_no_memory(scopes->decoder);
}

/* Text of a str in a dict. */
static int read_item(struct decoder *decoder, uint64_t dict, const char *key, const char **ret)
{
	uint64_t value = 0;
	*ret = NULL;
	int status = dict_get(decoder, dict, key, &value);
	return status || !value ? status : str_read(decoder, value, ret);
}

/* "GET /orders/7": what an ASGI server has told its application. */
static int read_scope(struct scopes *scopes, uint64_t scope, struct task *task)
{
	struct decoder *decoder = scopes->decoder;
	const char *type, *method, *path;
	enum kind kind;
	int status = object_kind(decoder, scope, &kind);
	if (status || kind != KIND_DICT)
		return status;
	status = read_item(decoder, scope, "type", &type);
	if (status || !type || (strcmp(type, "http") != 0 && strcmp(type, "websocket") != 0))
		return status;
	status = read_item(decoder, scope, "method", &method);
	if (!status)
		status = read_item(decoder, scope, "path", &path);
	if (status || !path)
		return status;
	const char *verb = method ? method : type;
	size_t size = strlen(verb) + 1 + strlen(path) + 1;
	char *text = arena_alloc(decoder->arena, size);
	if (!text)
		return decoder_no_memory(decoder);
	snprintf(text, size, "%s %s", verb, path);
	task->request = text;
	return 0;
}

static bool may_have_scope(struct scopes *scopes, const struct task *task)
{
	struct stack_fact *fact = stack_facts_at(&scopes->without, task->stack);
	if (task->depth && fact->stack == task->stack)
		return false;
	for (size_t i = 0; i < task->depth; i++) {
		const struct code *code = task->stack[i]->code;
		if (!code->is_compiled && known_of(scopes, code) != HAS_NO_SCOPE)
			return true;
	}
	fact->stack = task->stack;
	return false;
}

static int read_request(struct scopes *scopes, struct task *task)
{
	struct coro coro;
	scopes->frames.count = 0;
	int status = coro_walk_frames(scopes->decoder, task->coro, &scopes->frames, &coro);
	for (size_t i = 0; !error_is_fatal(status) && !task->request && i < scopes->frames.count;
	     i++) {
		const struct frame *frame = &scopes->frames.items[i].frame;
		uint64_t scope = 0;
		status = work_step(&scopes->decoder->reader.work);
		if (status || !frame->location || frame->location->code->is_compiled)
			continue;
		if (!known_of(scopes, frame->location->code))
			status = learn(scopes, frame);
		if (!status && known_of(scopes, frame->location->code) == HAS_SCOPE)
			status = locals_get(scopes->decoder, frame, "scope", &scope);
		if (!status && scope)
			status = read_scope(scopes, scope, task);
	}
	return error_is_fatal(status) ? status : 0;
}

static int read_requests(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	struct scopes scopes = {.decoder = decoder, .snap = snap};
	int status = 0;
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		status = work_step(&decoder->reader.work);
		if (!status && task->coro && task_is_pending(task) && may_have_scope(&scopes, task))
			status = read_request(&scopes, task);
	}
	addrmap_deinit(&scopes.codes);
	array_deinit(&scopes.frames);
	return status;
}

/* So many of those who wait for a task are asked for the request that all of them serve. */
#define CALLERS_ASKED 64
/* Parties of one verdict. */
#define PARTIES_ASKED 100

/* Its own, or else that of those who wait for it. */
static int read_request_of(struct scopes *scopes, const struct task *task)
{
	const struct tasks *tasks = &scopes->snap->tasks;
	int status = 0;
	for (int i = 0; !status && task && !task->request && i < CALLERS_ASKED; i++) {
		struct task *one = tasks->items[task->index];
		status = work_step(&scopes->decoder->reader.work);
		if (!status && one->coro && task_is_pending(one) && may_have_scope(scopes, one))
			status = read_request(scopes, one);
		task = one->request ? NULL : chains_parent(one);
	}
	return status;
}

/* Of the tasks that verdicts name: without it nobody would ask for all. */
static int read_named_requests(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	struct scopes scopes = {.decoder = decoder, .snap = snap};
	const struct verdict_list *list = &snap->verdicts->list;
	int status = 0;
	for (size_t i = 0; !status && i < list->count; i++) {
		const struct verdict *verdict = &list->items[i];
		for (size_t k = 0; !status && k < verdict->party_count && k < PARTIES_ASKED; k++)
			status = read_request_of(&scopes, verdict->parties[k].task);
	}
	addrmap_deinit(&scopes.codes);
	array_deinit(&scopes.frames);
	return status;
}

/* ---- context variables ---- */

struct variables {
	struct decoder *decoder;
	/* Names, separated by commas. */
	const char *wanted;
	struct context_variables found;
};

static bool is_wanted(const char *wanted, const char *name)
{
	size_t len = strlen(name);
	while (*wanted) {
		size_t end = strcspn(wanted, ",");
		if (end == len && !memcmp(wanted, name, len))
			return true;
		wanted += end + (wanted[end] == ',');
	}
	return false;
}

/* A str is shown without quotes: it is to be compared with what somebody types. */
static int read_variable(struct decoder *decoder, const char *name, uint64_t value,
			 const char **ret)
{
	enum kind kind;
	int status = object_kind(decoder, value, &kind);
	if (!status)
		status = repr_read_brief(decoder, name, value, ret);
	size_t len = status ? 0 : strlen(*ret);
	if (status || kind != KIND_STR || len < 2 || (*ret)[0] != (*ret)[len - 1])
		return status;
	*ret = arena_string(decoder->arena, *ret + 1, len - 2);
	return *ret ? 0 : decoder_no_memory(decoder);
}

static int visit_variable(struct decoder *decoder, const char *name, uint64_t value, void *arg)
{
	struct variables *variables = arg;
	struct context_variable variable = {.name = name};
	if (!is_wanted(variables->wanted, name))
		return 0;
	int status = read_variable(decoder, name, value, &variable.value);
	if (!status && !array_push(&variables->found, variable))
		status = decoder_no_memory(decoder);
	return status;
}

static int read_context(struct variables *variables, struct task *task)
{
	struct decoder *decoder = variables->decoder;
	struct context_variables *found = &variables->found;
	struct future future;
	struct future_outcome outcome;
	found->count = 0;
	int status = future_read(decoder, task->id, EXPECT_TASK, &future);
	if (!status)
		status = future_read_outcome(decoder, &future, &outcome);
	if (!status && outcome.context)
		status = context_visit(decoder, outcome.context, visit_variable, variables);
	if (error_is_fatal(status) || !found->count)
		return error_is_fatal(status) ? status : 0;
	task->context_count = found->count;
	task->context = arena_copy(decoder->arena, found->items,
				   found->count * sizeof(*found->items));
	return task->context ? 0 : decoder_no_memory(decoder);
}

static int read_contexts(struct decoder *decoder, struct aiodbg_snapshot *snap, const char *wanted)
{
	struct variables variables = {.decoder = decoder, .wanted = wanted};
	int status = 0;
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		status = work_step(&decoder->reader.work);
		if (!status && !task->problems)
			status = read_context(&variables, task);
	}
	array_deinit(&variables.found);
	return status;
}

/* ---- the whole ---- */

int wanted_decode(struct decoder *decoder, struct aiodbg_snapshot *snap,
		  const struct aiodbg_request *request)
{
	int status = 0;
	if (request->wants & AIODBG_WANT_OWN)
		status = read_requests(decoder, snap);
	else if (snap->verdicts)
		status = read_named_requests(decoder, snap);
	if (!status && request->wants & AIODBG_WANT_CONTEXT && request->context)
		status = read_contexts(decoder, snap, request->context);
	return status;
}
