/* SPDX-License-Identifier: MIT */
/* What the keys of views are of a thread. See view/threads.h. */
#include "base/ceilings.h"
#include "base/text.h"
#include "view/threads.h"

#include <string.h>

/* ---- frames: through all interpreters that the thread is in, innermost first ---- */

static const struct location *frame_at(const struct aiodbg_snapshot *snap,
				       const struct thread_row *row, size_t index)
{
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at]) {
		const struct thread_facts *facts = &snap->waits->threads[at];
		if (index < facts->depth)
			return facts->stack[index];
		index -= facts->depth;
	}
	return NULL;
}

static const char *function_of(const struct view_making *making, const struct thread_row *row,
			       size_t index, char number[TEXT_NUMBER_MAX])
{
	const struct location *location = frame_at(making->snap, row, index);
	(void)number;
	return location ? location->function : NULL;
}

static const char *file_of(const struct view_making *making, const struct thread_row *row,
			   size_t index, char number[TEXT_NUMBER_MAX])
{
	const struct location *location = frame_at(making->snap, row, index);
	(void)number;
	/* NULL would end them. */
	return !location ? NULL : location->code->filename ? location->code->filename : "";
}

static size_t depth_of(const struct aiodbg_snapshot *snap, const struct thread_row *row)
{
	size_t depth = 0;
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at])
		depth += snap->waits->threads[at].depth;
	return depth;
}

static bool is_own(const struct view_making *making, const struct location *location)
{
	return making->framing && own_is(&making->framing->own, location->code);
}

static const struct location *first_own(const struct view_making *making,
					const struct thread_row *row)
{
	for (size_t i = depth_of(making->snap, row); i > 0; i--) {
		const struct location *location = frame_at(making->snap, row, i - 1);
		if (is_own(making, location))
			return location;
	}
	return NULL;
}

static void write_function(const struct view_making *making, const struct thread_row *row,
			   struct output *words)
{
	const struct location *location = first_own(making, row);
	if (location)
		output_safe(words, location->function, LIMIT_NAME_SHOWN);
}

static void write_file(const struct view_making *making, const struct thread_row *row,
		       struct output *words)
{
	const struct location *location = first_own(making, row);
	if (location)
		output_safe(words, location->code->filename, LIMIT_FILE_SHOWN);
}

const struct location *view_thread_next_own(const struct view_making *making,
					    const struct thread_row *row, struct own_walk *walk)
{
	if (!walk->begun)
		walk->left = depth_of(making->snap, row);
	walk->begun = true;
	while (walk->left > 0 && walk->found < LIMIT_ROW_FRAMES) {
		const struct location *location = frame_at(making->snap, row, --walk->left);
		if (!is_own(making, location) && (walk->left || walk->found))
			continue;
		walk->found++;
		return location;
	}
	return NULL;
}

/* Their functions and lines. */
static void write_stack(const struct view_making *making, const struct thread_row *row,
			struct output *words)
{
	struct own_walk walk = {0};
	const struct location *location;
	while ((location = view_thread_next_own(making, row, &walk))) {
		output_text(words, walk.found > 1 ? " > " : "");
		output_safe(words, location->function, LIMIT_NAME_SHOWN);
		output_format(words, ":%d", location->position.line);
	}
}

/* ---- one value each ---- */

static const char *name_of(const struct view_making *making, const struct thread_row *row,
			   size_t index, char number[TEXT_NUMBER_MAX])
{
	(void)number;
	return index ? NULL : threads_name(making->snap, row);
}

static const char *const states[] = {"runs", "in C", "waits", "select", "idle worker", NULL};

const char *view_thread_state_name(const struct thread_row *row)
{
	static const char *const names[] = {
		[THREAD_UNKNOWN] = NULL,     [THREAD_RUNS] = "runs",
		[THREAD_SELECTS] = "select", [THREAD_WAITS] = "waits",
		[THREAD_IN_C] = "in C",	     [THREAD_IDLE_WORKER] = "idle worker",
	};
	return names[row->state];
}

static const char *state_of(const struct view_making *making, const struct thread_row *row,
			    size_t index, char number[TEXT_NUMBER_MAX])
{
	(void)making, (void)number;
	return index ? NULL : view_thread_state_name(row);
}

static const char *tid_of(const struct view_making *making, const struct thread_row *row,
			  size_t index, char number[TEXT_NUMBER_MAX])
{
	uint64_t tid = making->snap->threads.items[row->first].tid;
	if (index || !tid)
		return NULL;
	text_decimal(tid, number);
	return number;
}

static const char *loop_of(const struct view_making *making, const struct thread_row *row,
			   size_t index, char number[TEXT_NUMBER_MAX])
{
	ptrdiff_t with_loop = threads_with_loop(making->snap, row);
	if (index || with_loop < 0 || !making->snap->threads.items[with_loop].running_loop)
		return NULL;
	text_hex(making->snap->threads.items[with_loop].running_loop, number);
	return number;
}

static const struct wait *wait_of(const struct view_making *making, const struct thread_row *row)
{
	return row->state == THREAD_WAITS ? &making->snap->waits->of_threads[row->first] : NULL;
}

static const char *kind_of(const struct view_making *making, const struct thread_row *row,
			   size_t index, char number[TEXT_NUMBER_MAX])
{
	const struct wait *wait = wait_of(making, row);
	(void)number;
	return index || !wait ? NULL : wait_kind_name(wait->kind);
}

/* What it waits for, then what it holds. */
static const struct primitive *object_at(const struct view_making *making,
					 const struct thread_row *row, size_t index)
{
	const struct aiodbg_snapshot *snap = making->snap;
	const struct waits *waits = snap->waits;
	const struct wait *wait = wait_of(making, row);
	if (wait && wait->object && index-- == 0)
		return wait->object;
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at]) {
		const size_t *first = &waits->first_hold[snap->tasks.count + (size_t)at];
		if (index < first[1] - first[0])
			return waits->holds[first[0] + index];
		index -= first[1] - first[0];
	}
	return NULL;
}

static const char *object_of(const struct view_making *making, const struct thread_row *row,
			     size_t index, char number[TEXT_NUMBER_MAX])
{
	const struct primitive *object = object_at(making, row, index);
	if (!object)
		return NULL;
	text_hex(object->addr, number);
	return number;
}

/* ---- order ---- */

static void order_name(const struct view_making *making, const struct thread_row *row,
		       struct view_order *ret)
{
	ret->text = threads_name(making->snap, row);
	ret->number = !ret->text;
}

static void order_state(const struct view_making *making, const struct thread_row *row,
			struct view_order *ret)
{
	const char *name = view_thread_state_name(row);
	(void)making;
	while (states[ret->number] && (!name || strcmp(states[ret->number], name) != 0))
		ret->number++;
}

static void order_waits(const struct view_making *making, const struct thread_row *row,
			struct view_order *ret)
{
	ret->text = kind_of(making, row, 0, NULL);
	ret->number = !ret->text;
}

static void order_object(const struct view_making *making, const struct thread_row *row,
			 struct view_order *ret)
{
	const struct wait *wait = wait_of(making, row);
	if (wait && wait->object)
		ret->number = -(int64_t)wait->object->waiter_count;
}

/* ---- the keys ---- */

/* Of keys whose only value tells all. */
static void write_value(const struct view_thread_key *key, const struct view_making *making,
			const struct thread_row *row, struct output *words)
{
	char number[TEXT_NUMBER_MAX];
	const char *value = key->value(making, row, 0, number);
	if (value)
		output_safe(words, value, LIMIT_NAME_SHOWN);
}

#define WRITES(key)                                                                                \
	static void write_##key(const struct view_making *making, const struct thread_row *row,    \
				struct output *words)                                              \
	{                                                                                          \
		write_value(&view_thread_##key, making, row, words);                               \
	}
WRITES(state)
WRITES(thread)
WRITES(loop)
WRITES(waits)

static void write_name(const struct view_making *making, const struct thread_row *row,
		       struct output *words)
{
	view_write_alike(threads_name(making->snap, row), words);
}

static void write_object(const struct view_making *making, const struct thread_row *row,
			 struct output *words)
{
	const struct wait *wait = wait_of(making, row);
	if (wait && wait->object)
		output_format(words, "0x%llx", (unsigned long long)wait->object->addr);
}

const struct view_thread_key view_thread_name = {NULL, name_of, write_name, order_name};
const struct view_thread_key view_thread_function = {NULL, function_of, write_function, NULL};
const struct view_thread_key view_thread_file = {NULL, file_of, write_file, NULL};
const struct view_thread_key view_thread_state = {states, state_of, write_state, order_state};
const struct view_thread_key view_thread_thread = {NULL, tid_of, write_thread, NULL};
const struct view_thread_key view_thread_loop = {NULL, loop_of, write_loop, NULL};
const struct view_thread_key view_thread_waits = {view_wait_kinds, kind_of, write_waits,
						  order_waits};
const struct view_thread_key view_thread_object = {NULL, object_of, write_object, order_object};
const struct view_thread_key view_thread_stack = {NULL, NULL, write_stack, NULL};
