/* SPDX-License-Identifier: MIT */
/* Finding tasks. See asyncio/find_tasks.h. */
#include "asyncio/find_tasks.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/sort.h"
#include "cpython/dict.h"
#include "cpython/object.h"
#include "cpython/set.h"
#include "memory/walk.h"

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
		status = walk_step(&search->decoder->reader, &walk, node);
		if (!status)
			status = search->found(search->arg, node - (uint64_t)l->task.node, thread,
					       source_of_list(thread));
		if (!status)
			status = reader_word(reader, node + (uint64_t)l->node.prev, &node);
	}
	return error_is_fatal(status) ? status : 0;
}

ARRAY(addresses, uint64_t);

/* Both links of a list's node, as they are now. */
static int read_node(const struct task_search *search, uint64_t node, uint64_t *next,
		     uint64_t *prev)
{
	const struct layout *l = search->decoder->layout;
	struct reader *reader = &search->decoder->reader;
	struct window w;
	int32_t last = l->node.next > l->node.prev ? l->node.next : l->node.prev;
	*next = 0;
	if (!decoder_plausible(search->decoder, node))
		return AIODBG_CORRUPT;
	int status = window_read_now(reader, node, (size_t)last + reader->word_size, &w);
	if (status)
		return status;
	*next = window_word(&w, (size_t)l->node.next);
	*prev = window_word(&w, (size_t)l->node.prev);
	return 0;
}

/* Back to the last node that is still behind the one before it; the head is anyhow. */
static int step_back(const struct task_search *search, uint64_t head, struct addresses *path,
		     uint64_t *next)
{
	for (;; path->count--) {
		uint64_t last = path->count ? path->items[path->count - 1] : head, prev;
		uint64_t before = path->count > 1 ? path->items[path->count - 2] : head;
		int status = read_node(search, last, next, &prev);
		if (error_is_fatal(status) || !path->count || (!status && prev == before))
			return status;
	}
}

/*
 * A list of a target that runs on: a node may have left it when we come there, and may be
 * part of something else. So a step is one only if the next node leads back; if not, it is
 * taken again from where the list still holds. *done is false if that leads nowhere.
 */
static int walk_changing_list(const struct task_search *search, uint64_t head, ptrdiff_t thread,
			      bool *done)
{
	const struct layout *l = search->decoder->layout;
	struct reader *reader = &search->decoder->reader;
	struct addresses path = {0};
	uint64_t next, prev, after;
	unsigned int in_vain = 0, in_a_row = 0;
	int status = read_node(search, head, &next, &prev);
	/* The words of a thread that is not yet set up are 0. */
	*done = !status && !next;
	while (!status && !*done && in_vain < LIMIT_STEPS_IN_VAIN &&
	       in_a_row < LIMIT_STEPS_IN_A_ROW && path.count < LIMIT_TASKS) {
		uint64_t last = path.count ? path.items[path.count - 1] : head;
		status = work_step(&reader->work);
		if (status)
			break;
		*done = next == head;
		if (*done)
			break;
		status = read_node(search, next, &after, &prev);
		if (!status && prev == last && after) {
			if (!array_push(&path, next))
				status = decoder_no_memory(search->decoder);
			if (!status)
				status = search->found(search->arg, next - (uint64_t)l->task.node,
						       thread, source_of_list(thread));
			next = after;
			in_a_row = 0;
			continue;
		}
		in_vain++;
		in_a_row++;
		if (!error_is_fatal(status))
			status = step_back(search, head, &path, &next);
	}
	array_deinit(&path);
	return error_is_fatal(status) ? status : 0;
}

static int walk_list(const struct task_search *search, uint64_t head, ptrdiff_t thread)
{
	const struct layout *l = search->decoder->layout;
	struct reader *reader = &search->decoder->reader;
	struct walk walk = walk_begin("tasks of a list", LIMIT_TASKS);
	uint64_t node, last = head;
	bool done = false;
	int status = 0;
	if (reader->cache.changing)
		status = walk_changing_list(search, head, thread, &done);
	if (status || done)
		return status;
	status = reader_word(reader, head + (uint64_t)l->node.next, &node);
	/* The words of a thread that is not yet set up are 0. */
	if (!status && !node)
		return 0;
	while (!status && node != head) {
		if (!decoder_plausible(search->decoder, node))
			status = reader_corrupt(reader, last, "list of tasks is broken");
		if (!status)
			status = walk_step(&search->decoder->reader, &walk, node);
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

int find_tasks_in_lists(const struct task_search *search, size_t interp)
{
	const struct layout *l = search->decoder->layout;
	int status = 0;
	if (l->task.node == LAYOUT_NONE)
		return 0;
	for (size_t i = search->first_thread; !status && i < search->threads->count; i++) {
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
	int status = 0;
	/* A table that grows is another one, so it has to be the same all the time. */
	for (int i = 0; !error_is_fatal(status) && i < LIMIT_TRIES; i++) {
		bool same;
		uint64_t missing = search->decoder->missing_count;
		reader_begin(&search->decoder->reader);
		found.count = 0;
		status = object_kind(search->decoder, set, &kind);
		if (!status && kind == KIND_SET)
			status = set_visit(search->decoder, set, collect, &found);
		else if (!status && kind != KIND_NONE)
			status = weakset_visit(search->decoder, set, collect, &found);
		if (error_is_fatal(status))
			break;
		struct aiodbg_error error = search->decoder->reader.error;
		int verified = reader_verify(&search->decoder->reader, &same);
		if (verified) {
			status = verified;
			break;
		}
		search->decoder->reader.error = error;
		if (same)
			break;
		if (i + 1 < LIMIT_TRIES)
			search->decoder->missing_count = missing;
	}
	status = noted(search, status, "set of tasks");
	if (!status)
		status = sort_array(&search->decoder->reader.work, &found, compare_addresses);
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

int find_tasks_in_sets(const struct task_search *search, const struct modules *modules)
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
