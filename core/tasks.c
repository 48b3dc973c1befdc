/* SPDX-License-Identifier: MIT */
/* Finding tasks. See tasks.h. */
#include "tasks.h"

#include "ceilings.h"
#include "error.h"
#include "py_dict.h"
#include "py_object.h"
#include "py_set.h"
#include "walk.h"

/* Turns an error that costs only a part into a note. */
static int noted(const struct task_search *search, int status, const char *where)
{
	struct aiodbg_error *error = &search->decoder->reader.error;
	if (!status || error_is_fatal(status))
		return status;
	error_prefix(error, "%s", where);
	return search->note(search->arg, error);
}

static enum task_source source_of_list(ptrdiff_t thread)
{
	return thread < 0 ? TASK_IN_INTERP : TASK_IN_THREAD;
}

/*
 * The rest of a list that is broken in the middle, from its other end. The task that is
 * being unlinked has no neighbours any more.
 */
static int walk_back(const struct task_search *search, uint64_t head, uint64_t stop,
		     ptrdiff_t thread)
{
	const struct layout *l = search->decoder->layout;
	struct reader *reader = &search->decoder->reader;
	struct walk walk = walk_begin("tasks of a list", LIMIT_TASKS);
	uint64_t node;
	int status = reader_word(reader, head + (uint64_t)l->node.prev, &node);
	while (!status && node && node != head && node != stop) {
		if (!decoder_plausible(search->decoder, node))
			return 0;
		status = walk_step(search->decoder, &walk, node);
		if (!status)
			status = search->found(search->arg, node - (uint64_t)l->task.node, thread,
					       source_of_list(thread));
		if (!status)
			status = reader_word(reader, node + (uint64_t)l->node.prev, &node);
	}
	return error_is_fatal(status) ? status : 0;
}

static int walk_list(const struct task_search *search, uint64_t head, ptrdiff_t thread)
{
	const struct layout *l = search->decoder->layout;
	struct reader *reader = &search->decoder->reader;
	struct walk walk = walk_begin("tasks of a list", LIMIT_TASKS);
	uint64_t node, last = head;
	int status = reader_word(reader, head + (uint64_t)l->node.next, &node);
	/* The words of a thread that is not yet set up are 0. */
	if (!status && !node)
		return 0;
	while (!status && node != head) {
		if (!decoder_plausible(search->decoder, node))
			status = reader_corrupt(reader, last, "list of tasks is broken");
		if (!status)
			status = walk_step(search->decoder, &walk, node);
		if (!status)
			status = search->found(search->arg, node - (uint64_t)l->task.node, thread,
					       source_of_list(thread));
		last = node;
		if (!status)
			status = reader_word(reader, node + (uint64_t)l->node.next, &node);
	}
	if (!status)
		return 0;
	status = noted(search, status, thread < 0 ? "tasks of ended threads" : "tasks of a thread");
	return status ? status : walk_back(search, head, last, thread);
}

int tasks_in_lists(const struct task_search *search, size_t interp)
{
	const struct layout *l = search->decoder->layout;
	int status = 0;
	if (l->task.node == LAYOUT_NONE)
		return 0;
	for (size_t i = 0; !status && i < search->threads->count; i++) {
		const struct thread *thread = &search->threads->items[i];
		if (thread->interp == interp)
			status = walk_list(search, thread->addr + (uint64_t)l->thread.tasks_head,
					   (ptrdiff_t)i);
	}
	if (status)
		return status;
	return walk_list(search,
			 search->interps->items[interp].addr + (uint64_t)l->interp.tasks_head, -1);
}

ARRAY(addresses, uint64_t);

static int collect(struct decoder *decoder, uint64_t item, void *arg)
{
	struct addresses *found = arg;
	return array_push(found, item) ? 0 : decoder_no_memory(decoder);
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* The tasks in a set or WeakSet, by address: sets have no order of their own. */
static int search_set(const struct task_search *search, uint64_t set, enum task_source source)
{
	struct addresses found = {0};
	enum kind kind;
	int status = object_kind(search->decoder, set, &kind);
	if (!status && kind == KIND_SET)
		status = set_visit(search->decoder, set, collect, &found);
	else if (!status && kind != KIND_NONE)
		status = weakset_visit(search->decoder, set, collect, &found);
	status = noted(search, status, "set of tasks");
	if (found.count)
		qsort(found.items, found.count, sizeof(found.items[0]), compare_addresses);
	for (size_t i = 0; !status && i < found.count; i++)
		status = search->found(search->arg, found.items[i], -1, source);
	array_deinit(&found);
	return status;
}

/* The sets of the C module: tasks that were registered with it and are none of its own. */
static int search_module_state(const struct task_search *search, uint64_t module)
{
	const struct layout *l = search->decoder->layout;
	struct reader *reader = &search->decoder->reader;
	const struct {
		int32_t offset;
		enum task_source source;
	} sets[] = {
		{l->asyncio.foreign_tasks, TASK_IN_FOREIGN},
		{l->asyncio.foreign_eager_tasks, TASK_IN_FOREIGN_EAGER},
	};
	uint64_t state = 0, set;
	int status = object_expect(search->decoder, module, KIND_MODULE, "_asyncio");
	if (!status)
		status = reader_word(reader, module + (uint64_t)l->module.state, &state);
	if (status || !state)
		return noted(search, status, "tasks of other classes");
	for (size_t i = 0; !status && i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (sets[i].offset == LAYOUT_NONE)
			continue;
		set = 0;
		status = reader_word(reader, state + (uint64_t)sets[i].offset, &set);
		status = noted(search, status, "tasks of other classes");
		if (!status && set)
			status = search_set(search, set, sets[i].source);
	}
	return status;
}

int tasks_in_sets(const struct task_search *search, const struct modules *modules)
{
	static const struct {
		const char *name;
		enum task_source source;
	} sets[] = {
		{"_scheduled_tasks", TASK_IN_SCHEDULED},
		{"_eager_tasks", TASK_IN_EAGER},
		{"_all_tasks", TASK_IN_ALL},
	};
	int status = 0;
	for (size_t i = 0; !status && modules->tasks && i < sizeof(sets) / sizeof(sets[0]); i++) {
		uint64_t set = 0;
		status = dict_get(search->decoder, modules->tasks, sets[i].name, &set);
		status = noted(search, status, "asyncio.tasks");
		if (!status && set)
			status = search_set(search, set, sets[i].source);
	}
	if (!status && modules->asyncio)
		status = search_module_state(search, modules->asyncio);
	return status;
}
