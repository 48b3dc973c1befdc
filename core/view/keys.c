/* SPDX-License-Identifier: MIT */
/* What tasks can be filtered, grouped and sorted by. See view/view.h. */
#include "base/array.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/text.h"
#include "view/framing.h"
#include "view/threads.h"
#include "waits/waits.h"

#include <string.h>

static uint32_t wants_nothing(const char *pattern)
{
	(void)pattern;
	return 0;
}

static uint32_t wants_waits(const char *pattern)
{
	(void)pattern;
	return AIODBG_WANT_WAITS;
}

static const struct wait *wait_of(const struct view_making *making, const struct task *task)
{
	const struct waits *waits = making->snap->waits;
	return waits && task->state == AIODBG_TASK_PENDING ? &waits->of_tasks[task->index] : NULL;
}

/* A value, NULL being none, and a pattern, NULL fitting any value. */
int view_match_text(struct view_making *making, const char *value, const char *pattern, bool *ret)
{
	*ret = value && !pattern;
	if (!value || !pattern)
		return 0;
	if (!making->filter->key->whole || glob_is(pattern))
		return glob_match(making->work, pattern, value, ret);
	*ret = !strcmp(value, pattern);
	return 0;
}

/* 0 being none. */
static int match_address(struct view_making *making, uint64_t value, const char *pattern, bool *ret)
{
	char text[TEXT_NUMBER_MAX];
	text_hex(value, text);
	return view_match_text(making, value ? text : NULL, pattern, ret);
}

/* ---- name ---- */

static int match_name(struct view_making *making, const struct task *task, const char *pattern,
		      bool *ret)
{
	int status = view_match_text(making, task->name, pattern, ret);
	if (!status && !*ret)
		status = view_match_text(making, task->short_name, pattern, ret);
	return status;
}

void view_write_alike(const char *name, struct output *words)
{
	char alike[LIMIT_NAME_SHOWN * 4];
	size_t len = 0;
	while (name && *name && len + 1 < sizeof(alike)) {
		size_t digits = strspn(name, "0123456789");
		alike[len++] = digits ? '*' : *name;
		name += digits ? digits : 1;
	}
	alike[len] = '\0';
	if (name)
		output_safe(words, alike, LIMIT_NAME_SHOWN);
}

static void write_name(const struct view_making *making, const struct task *task,
		       struct output *words)
{
	(void)making;
	view_write_alike(task->name, words);
}

static void order_name(const struct view_making *making, const struct task *task,
		       struct view_order *ret)
{
	(void)making;
	ret->number = !task->name;
	ret->text = task->name;
}

/* ---- function, file ---- */

static int match_frames(struct view_making *making, const struct task *task, const char *pattern,
			bool file, bool *ret)
{
	*ret = false;
	int status = 0;
	for (size_t i = 0; !status && !*ret && i < task->depth; i++) {
		const struct location *location = task->stack[i];
		status = work_step(making->work);
		if (!status)
			status = view_match_text(
				making, file ? location->code->filename : location->function,
				pattern, ret);
	}
	return status;
}

static int match_function(struct view_making *making, const struct task *task, const char *pattern,
			  bool *ret)
{
	return match_frames(making, task, pattern, false, ret);
}

static int match_file(struct view_making *making, const struct task *task, const char *pattern,
		      bool *ret)
{
	return match_frames(making, task, pattern, true, ret);
}

/* The outermost of its own functions. */
static const struct location *first_own(const struct view_making *making, const struct task *task)
{
	for (size_t i = task->depth; making->framing && i > 0; i--) {
		if (own_is(&making->framing->own, task->stack[i - 1]->code))
			return task->stack[i - 1];
	}
	return NULL;
}

static void write_function(const struct view_making *making, const struct task *task,
			   struct output *words)
{
	const struct location *location = first_own(making, task);
	if (location)
		output_safe(words, location->function, LIMIT_NAME_SHOWN);
}

static void write_file(const struct view_making *making, const struct task *task,
		       struct output *words)
{
	const struct location *location = first_own(making, task);
	if (location)
		output_safe(words, location->code->filename, LIMIT_FILE_SHOWN);
}

/* ---- state ---- */

static const char *const states[] = {"damaged", "running",  "cancelling", "ready",
				     "pending", "finished", "cancelled",  NULL};

const char *view_state(const struct aiodbg_snapshot *snap, const struct task *task)
{
	if (task->problems || task->state == AIODBG_TASK_UNKNOWN)
		return "damaged";
	if (task->state != AIODBG_TASK_PENDING)
		return task_state_name(task->state);
	if (task->cancel_requests > 0)
		return "cancelling";
	if (snap->waits && snap->waits->of_tasks[task->index].kind == WAIT_READY)
		return "ready";
	return "pending";
}

/* Those that have ended are looked for only where they are asked for. */
static uint32_t wants_of_ended(const char *pattern)
{
	bool finished = false, cancelled = false;
	struct work work = {.left = UINT32_MAX};
	if (glob_match(&work, pattern, "finished", &finished) ||
	    glob_match(&work, pattern, "cancelled", &cancelled))
		return 0;
	return finished || cancelled ? AIODBG_WANT_FINISHED : 0;
}

/* Only what a task waits for tells those apart. */
static uint32_t wants_of_state(const char *pattern)
{
	bool ready = true, pending = true;
	struct work work = {.left = UINT32_MAX};
	if (!pattern)
		return 0;
	uint32_t wants = wants_of_ended(pattern);
	if (glob_match(&work, pattern, "ready", &ready) ||
	    glob_match(&work, pattern, "pending", &pending) || ready != pending)
		wants |= AIODBG_WANT_WAITS;
	return wants;
}

static int match_state(struct view_making *making, const struct task *task, const char *pattern,
		       bool *ret)
{
	return view_match_text(making, view_state(making->snap, task), pattern, ret);
}

static void write_state(const struct view_making *making, const struct task *task,
			struct output *words)
{
	output_text(words, view_state(making->snap, task));
}

static void order_state(const struct view_making *making, const struct task *task,
			struct view_order *ret)
{
	static const char *const order[] = {"running", "damaged",  "cancelling", "ready",
					    "pending", "finished", "cancelled"};
	const char *state = view_state(making->snap, task);
	while (strcmp(order[ret->number], state) != 0)
		ret->number++;
}

/* ---- thread, loop ---- */

static uint64_t tid_of(const struct view_making *making, const struct task *task)
{
	return task->thread >= 0 ? making->snap->threads.items[task->thread].tid : 0;
}

static int match_thread(struct view_making *making, const struct task *task, const char *pattern,
			bool *ret)
{
	char text[TEXT_NUMBER_MAX];
	uint64_t tid = tid_of(making, task);
	text_decimal(tid, text);
	return view_match_text(making, tid ? text : NULL, pattern, ret);
}

static void write_thread(const struct view_making *making, const struct task *task,
			 struct output *words)
{
	uint64_t tid = tid_of(making, task);
	if (tid)
		output_format(words, "%llu", (unsigned long long)tid);
}

static int match_loop(struct view_making *making, const struct task *task, const char *pattern,
		      bool *ret)
{
	return match_address(making, task->loop, pattern, ret);
}

static void write_loop(const struct view_making *making, const struct task *task,
		       struct output *words)
{
	(void)making;
	if (task->loop)
		output_format(words, "0x%llx", (unsigned long long)task->loop);
}

/* ---- waits, object ---- */

static int match_waits(struct view_making *making, const struct task *task, const char *pattern,
		       bool *ret)
{
	const struct wait *wait = wait_of(making, task);
	return view_match_text(making, wait ? wait_kind_name(wait->kind) : NULL, pattern, ret);
}

static void write_waits(const struct view_making *making, const struct task *task,
			struct output *words)
{
	const struct wait *wait = wait_of(making, task);
	if (wait)
		output_text(words, wait_kind_name(wait->kind));
}

static void order_waits(const struct view_making *making, const struct task *task,
			struct view_order *ret)
{
	const struct wait *wait = wait_of(making, task);
	ret->number = !wait;
	ret->text = wait ? wait_kind_name(wait->kind) : NULL;
}

static uint64_t object_of(const struct view_making *making, const struct task *task)
{
	const struct wait *wait = wait_of(making, task);
	if (!wait)
		return 0;
	if (wait->object || wait->kept_in)
		return wait->object ? wait->object->addr : wait->kept_in->addr;
	return wait->future;
}

static int match_object(struct view_making *making, const struct task *task, const char *pattern,
			bool *ret)
{
	const struct waits *waits = making->snap->waits;
	const struct wait *wait = wait_of(making, task);
	int status = match_address(making, object_of(making, task), pattern, ret);
	if (!status && !*ret && wait && wait->kept_in)
		status = match_address(making, wait->future, pattern, ret);
	for (size_t i = waits->first_hold[task->index];
	     !status && !*ret && i < waits->first_hold[task->index + 1]; i++)
		status = match_address(making, waits->holds[i]->addr, pattern, ret);
	return status;
}

static void write_object(const struct view_making *making, const struct task *task,
			 struct output *words)
{
	uint64_t object = object_of(making, task);
	if (object)
		output_format(words, "0x%llx", (unsigned long long)object);
}

/* Those that most wait for come first. */
static void order_object(const struct view_making *making, const struct task *task,
			 struct view_order *ret)
{
	const struct wait *wait = wait_of(making, task);
	if (wait && (wait->object || wait->kept_in))
		ret->number = -(int64_t)(wait->object ? wait->object : wait->kept_in)->waiter_count;
}

/* ---- awaited-by ---- */

ARRAY(task_pile, const struct task *);

static bool pile_add(struct task_pile *pile, bool *marks, const struct task *task)
{
	if (marks[task->index])
		return true;
	marks[task->index] = true;
	return array_push(pile, task);
}

/* All that a task of the pile waits for, and so on. */
static int mark_awaited(struct view_making *making, struct task_pile *pile, bool *marks)
{
	while (pile->count) {
		const struct task *task = pile->items[--pile->count];
		int status = work_charge(making->work, 1 + task->awaited_count);
		if (status)
			return status;
		for (size_t i = 0; i < task->awaited_count; i++) {
			const struct edge *edge = task->awaited[i];
			if (edge_waits(edge) && !pile_add(pile, marks, edge->task))
				return error_no_memory(making->work->error);
		}
	}
	return 0;
}

/* What awaits something has to fit first: the pile holds those whose awaited ones are marked. */
static int find_awaited(struct view_making *making, const char *pattern, bool *marks)
{
	const struct tasks *tasks = &making->snap->tasks;
	struct task_pile pile = {0};
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct task *awaiter = tasks->items[i];
		bool fits = false;
		if (!awaiter->awaited_count)
			continue;
		if (pattern && (status = match_address(making, awaiter->id, pattern, &fits)) == 0 &&
		    !fits)
			status = match_name(making, awaiter, pattern, &fits);
		for (size_t k = 0; !status && (fits || !pattern) && k < awaiter->awaited_count;
		     k++) {
			const struct edge *edge = awaiter->awaited[k];
			if (edge_waits(edge) && !pile_add(&pile, marks, edge->task))
				status = error_no_memory(making->work->error);
		}
	}
	if (!status)
		status = mark_awaited(making, &pile, marks);
	array_deinit(&pile);
	return status;
}

static int match_awaited_by(struct view_making *making, const struct task *task,
			    const char *pattern, bool *ret)
{
	bool **marks = &making->awaited_by[making->place];
	if (!*marks) {
		*marks = calloc(making->snap->tasks.count + 1, sizeof(**marks));
		int status = *marks ? find_awaited(making, pattern, *marks)
				    : error_no_memory(making->work->error);
		if (status)
			return status;
	}
	*ret = (*marks)[task->index];
	return 0;
}

/* ---- context variables ---- */

/* The value of one, or NULL. */
static const char *variable_of(const struct task *task, const char *name)
{
	for (size_t i = 0; i < task->context_count; i++) {
		if (!strcmp(task->context[i].name, name))
			return task->context[i].value;
	}
	return NULL;
}

static uint32_t wants_context(const char *pattern)
{
	(void)pattern;
	return AIODBG_WANT_CONTEXT;
}

static int match_context(struct view_making *making, const struct task *task, const char *pattern,
			 bool *ret)
{
	return view_match_text(making, variable_of(task, making->filter->variable), pattern, ret);
}

static void write_context(const struct view_making *making, const struct task *task,
			  struct output *words)
{
	const char *value = variable_of(task, making->variable);
	if (value)
		output_safe(words, value, LIMIT_NAME_SHOWN);
}

static void order_context(const struct view_making *making, const struct task *task,
			  struct view_order *ret)
{
	ret->text = variable_of(task, making->variable);
	ret->number = !ret->text;
}

/* ---- stack ---- */

/* Those that most others are like come first. */
static void order_stack(const struct view_making *making, const struct task *task,
			struct view_order *ret)
{
	const size_t *ranks = making->query->ranks;
	ret->number = ranks && ranks[task->index] < INT64_MAX ? (int64_t)ranks[task->index]
							      : INT64_MAX;
}

bool view_key_needs_ranks(const struct view_key *key)
{
	return key && key->order == order_stack;
}

/* ---- the table ---- */

const char *const view_wait_kinds[] = {
	"timer",
	"lock",
	"semaphore",
	"condition",
	"event",
	"barrier",
	"queue-get",
	"queue-put",
	"queue-join",
	"future",
	"task",
	"gather",
	"shield",
	"group",
	"executor",
	"thread",
	"process",
	"read",
	"write",
	"connect",
	"accept",
	"serve",
	"async-generator",
	"ready",
	"unknown",
	NULL,
};

const struct view_key view_keys[] = {
	{
		.name = "name",
		.help = "the task's name, whole or as it is shown",
		.wants = wants_nothing,
		.match = match_name,
		.write = write_name,
		.order = order_name,
		.of_threads = &view_thread_name,
	},
	{
		.name = "function",
		.help = "any function of its stack",
		.wants = wants_nothing,
		.group_wants = AIODBG_WANT_OWN,
		.match = match_function,
		.write = write_function,
		.of_threads = &view_thread_function,
	},
	{
		.name = "file",
		.help = "the file of any of them",
		.wants = wants_nothing,
		.group_wants = AIODBG_WANT_OWN,
		.match = match_file,
		.write = write_file,
		.of_threads = &view_thread_file,
	},
	{
		.name = "state",
		.help = "damaged, running, cancelling, ready, pending, finished or cancelled",
		.values = states,
		.wants = wants_of_state,
		.group_wants = AIODBG_WANT_WAITS,
		.match = match_state,
		.write = write_state,
		.order = order_state,
		.of_threads = &view_thread_state,
	},
	{
		.name = "thread",
		.help = "id of the thread that runs its loop",
		.wants = wants_nothing,
		.match = match_thread,
		.write = write_thread,
		.whole = true,
		.of_threads = &view_thread_thread,
	},
	{
		.name = "loop",
		.help = "address of its loop",
		.wants = wants_nothing,
		.match = match_loop,
		.write = write_loop,
		.whole = true,
		.of_threads = &view_thread_loop,
	},
	{
		.name = "waits",
		.help = "kind of what it waits for: timer, lock, queue-get, read, ...",
		.values = view_wait_kinds,
		.wants = wants_waits,
		.group_wants = AIODBG_WANT_WAITS,
		.match = match_waits,
		.write = write_waits,
		.order = order_waits,
		.of_threads = &view_thread_waits,
	},
	{
		.name = "object",
		.help = "address of what it waits for or holds",
		.wants = wants_waits,
		.group_wants = AIODBG_WANT_WAITS,
		.match = match_object,
		.write = write_object,
		.order = order_object,
		.whole = true,
		.of_threads = &view_thread_object,
	},
	{
		.name = "awaited-by",
		.help = "id or name of a task that waits for it, directly or not",
		.wants = wants_nothing,
		.match = match_awaited_by,
	},
	{
		.name = "context.",
		.help = "value of that context variable",
		.wants = wants_context,
		.group_wants = AIODBG_WANT_CONTEXT,
		.match = match_context,
		.write = write_context,
		.order = order_context,
	},
	{
		.name = "stack",
		.help = "how many tasks wait for the same in the same own functions",
		.wants = wants_nothing,
		.group_wants = AIODBG_WANT_OWN | AIODBG_WANT_WAITS,
		.order = order_stack,
		.of_threads = &view_thread_stack,
	},
	{.name = NULL},
};

const struct view_key *view_key_find(const char *word, size_t len, const char **variable)
{
	*variable = "";
	for (const struct view_key *key = view_keys; key->name; key++) {
		size_t of_key = strlen(key->name);
		bool is_open = key->name[of_key - 1] == '.';
		if (of_key > len || memcmp(word, key->name, of_key) != 0 ||
		    (is_open ? of_key == len : of_key != len))
			continue;
		if (is_open)
			*variable = word + of_key;
		return key;
	}
	return NULL;
}
