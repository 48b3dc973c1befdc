/* SPDX-License-Identifier: MIT */
/* The census. See render/census.h. */
#include "render/census.h"

#include "base/ceilings.h"
#include "render/party.h"
#include "render/reason.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A group of the census, for one, and for several. Kinds of the same label are one group. */
static const struct {
	const char *one, *several;
} labels[] = {
	[WAIT_UNKNOWN] = {"unknown", "unknown"},
	[WAIT_READY] = {"ready", "ready"},
	[WAIT_MOVING] = {"moving", "moving"},
	[WAIT_TIMER] = {"timer", "timers"},
	[WAIT_LOCK] = {"lock", "locks"},
	[WAIT_SEMAPHORE] = {"semaphore", "semaphores"},
	[WAIT_CONDITION] = {"condition", "conditions"},
	[WAIT_EVENT] = {"event", "events"},
	[WAIT_BARRIER] = {"barrier", "barriers"},
	[WAIT_QUEUE_GET] = {"queue", "queues"},
	[WAIT_QUEUE_PUT] = {"queue", "queues"},
	[WAIT_QUEUE_JOIN] = {"queue", "queues"},
	[WAIT_FUTURE] = {"future", "futures"},
	[WAIT_TASK] = {"task", "tasks"},
	[WAIT_GATHER] = {"gather", "gathers"},
	[WAIT_SHIELD] = {"shield", "shields"},
	[WAIT_GROUP] = {"group", "groups"},
	[WAIT_EXECUTOR] = {"executor", "executors"},
	[WAIT_THREAD] = {"thread", "threads"},
	[WAIT_PROCESS] = {"process", "processes"},
	[WAIT_READ] = {"read", "reads"},
	[WAIT_WRITE] = {"write", "writes"},
	[WAIT_CONNECT] = {"connect", "connects"},
	[WAIT_ACCEPT] = {"accept", "accepts"},
	[WAIT_SERVE] = {"server", "servers"},
	[WAIT_ASYNC_GENERATOR] = {"async generator", "async generators"},
};

/* Tasks that wait for the same kind of thing. */
struct group {
	enum wait_kind kind;
	size_t count, queued, not_started, overdue;
	/* Of queues, by what they wait for. */
	size_t gets, puts, joins;
	/* The objects that most of them wait for; there is none, or another one, or not known. */
	const struct primitive *first, *second;
	bool has_others;
	/* Deadlines: the next, and the last. */
	double next, last;
	const struct task *last_task;
	bool has_deadline;
};

struct census {
	const struct aiodbg_snapshot *snap;
	const struct waits *waits;
	/* Times can be told. */
	bool has_now;
	size_t pending, running, copies;
	struct group groups[WAIT_KIND_COUNT];
};

/* ---- counting ---- */

static void keep_object(struct group *group, const struct primitive *object)
{
	if (object && (object == group->first || object == group->second))
		return;
	if (!object || (group->first && group->second))
		group->has_others = true;
	if (!object)
		return;
	if (!group->first || object->waiter_count > group->first->waiter_count) {
		group->second = group->first;
		group->first = object;
	} else if (!group->second || object->waiter_count > group->second->waiter_count) {
		group->second = object;
	}
}

static void keep_deadline(struct census *census, struct group *group, const struct task *task,
			  const struct wait *wait)
{
	if (!wait->has_deadline)
		return;
	bool is_first = !group->has_deadline;
	group->has_deadline = true;
	group->overdue += census->has_now && wait->deadline_at < census->waits->now;
	if (is_first || wait->deadline_at < group->next)
		group->next = wait->deadline_at;
	if (!is_first && wait->deadline_at <= group->last)
		return;
	group->last = wait->deadline_at;
	group->last_task = task;
}

static enum wait_kind group_kind(enum wait_kind kind)
{
	return kind == WAIT_QUEUE_PUT || kind == WAIT_QUEUE_JOIN ? WAIT_QUEUE_GET : kind;
}

static void add_task(struct census *census, const struct task *task, const struct wait *wait,
		     bool has_moved)
{
	struct group *group = &census->groups[group_kind(wait->kind)];
	group->kind = group_kind(wait->kind);
	group->count++;
	group->queued += wait->queued;
	group->not_started += wait->not_started;
	group->gets += wait->kind == WAIT_QUEUE_GET;
	group->puts += wait->kind == WAIT_QUEUE_PUT;
	group->joins += wait->kind == WAIT_QUEUE_JOIN;
	keep_object(group, wait->kept_in ? wait->kept_in : wait->object);
	/* What was read while it changed says nothing of times. */
	if (!has_moved)
		keep_deadline(census, group, task, wait);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static void count_tasks(struct census *census, const struct view *view)
{
	size_t count = view_count(view);
	for (size_t i = 0; i < count; i++) {
		const struct task *task = view_task(view, i);
		if (!task_is_pending(task))
			continue;
		census->pending++;
		if (task->state == AIODBG_TASK_RUNNING)
			census->running++;
		else if (task->is_copy)
			census->copies++;
		else
			add_task(census, task, &census->waits->of_tasks[task->index],
				 census->waits->moved && census->waits->moved[task->index]);
	}
	qsort(census->groups, WAIT_KIND_COUNT, sizeof(census->groups[0]), compare_groups);
}

/* ---- remarks ---- */

/* Each writes a remark on a group, or nothing. They follow each other as long as they fit. */
typedef void remark_fn(struct output *out, const struct census *census, const struct group *group);

static void write_object(struct output *out, const struct primitive *object)
{
	const char *name = object->owner_type ? object->owner_type : object->expression;
	reason_write_count(out, object->waiter_count);
	if (object->kind == PRIMITIVE_CONTAINER && object->expression) {
		output_text(out, " in ");
		reason_write_expression(out, object, REASON_ALL);
		return;
	}
	output_format(out, " for 0x%" PRIx64, object->addr);
	if (!name)
		return;
	output_text(out, " (");
	output_safe(out, name, LIMIT_NAME_SHOWN);
	output_text(out, ")");
}

static bool is_queue(const struct group *group)
{
	return group->gets || group->puts || group->joins;
}

static void write_queues(struct output *out, const struct census *census, const struct group *group)
{
	static const char *const names[] = {"get", "put", "join"};
	const size_t counts[] = {group->gets, group->puts, group->joins};
	const char *before = "";
	(void)census;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (!counts[i])
			continue;
		output_format(out, "%s%s: %zu", before, names[i], counts[i]);
		before = ", ";
	}
}

/* All of them wait for one queue: which. */
static void write_one_queue(struct output *out, const struct census *census,
			    const struct group *group)
{
	const struct primitive *queue = group->first;
	(void)census;
	if (!is_queue(group) || !queue || group->second || group->has_others)
		return;
	output_text(out, group->count > 1 ? "all of one " : "of one ");
	if (queue->value == 0)
		output_text(out, "empty ");
	else if (queue->value > 0 && queue->value == queue->bound)
		output_text(out, "full ");
	output_safe(out, queue->type ? queue->type : "queue", LIMIT_C_STRING);
}

/* The objects that most wait for, up to two of them, and how many wait for others. */
static void write_objects(struct output *out, const struct group *group, bool both)
{
	bool is_one_queue = is_queue(group) && !group->second && !group->has_others;
	if (!group->first || is_one_queue ||
	    (group->count == 1 && group->first->kind == PRIMITIVE_EVENT))
		return;
	size_t named = group->first->waiter_count;
	write_object(out, group->first);
	if (group->second && both) {
		output_text(out, ", ");
		write_object(out, group->second);
		named += group->second->waiter_count;
	}
	if (group->count > named)
		output_format(out, ", %zu %sothers", group->count - named,
			      group->first->kind == PRIMITIVE_CONTAINER ? "" : "for ");
}

static void write_two(struct output *out, const struct census *census, const struct group *group)
{
	(void)census;
	write_objects(out, group, true);
}

static void write_one(struct output *out, const struct census *census, const struct group *group)
{
	(void)census;
	write_objects(out, group, false);
}

static void write_event(struct output *out, const struct census *census, const struct group *group)
{
	(void)census;
	if (group->kind == WAIT_EVENT && group->count)
		output_text(out, "not set");
}

static void write_timers(struct output *out, const struct census *census, const struct group *group)
{
	if (group->kind != WAIT_TIMER || !group->has_deadline || !census->has_now)
		return;
	double left = group->next - census->waits->now;
	if (left < 0) {
		output_format(out, "%zu overdue, first by ", group->overdue);
		reason_write_seconds(out, -left);
		return;
	}
	output_text(out, "next in ");
	reason_write_seconds(out, left);
	output_text(out, ", none overdue");
}

static void write_work(struct output *out, const struct census *census, const struct group *group)
{
	(void)census;
	if (group->kind == WAIT_EXECUTOR)
		output_format(out, "%zu run, %zu queued", group->count - group->queued,
			      group->queued);
	else if (group->not_started)
		output_format(out, "%zu not started", group->not_started);
}

/* The latest deadline of a wait. */
static void write_last(struct output *out, const struct census *census, const struct group *group)
{
	if (group->kind == WAIT_TIMER || !group->has_deadline || !census->has_now)
		return;
	double left = group->last - census->waits->now;
	output_text(out, "times out in ");
	reason_write_left(out, left);
	output_text(out, ": ");
	output_safe(out, group->last_task->name, LIMIT_NAME_SHOWN);
}

static const struct {
	remark_fn *write;
	/* Instead, if that does not fit. */
	remark_fn *shorter;
} remarks[] = {
	{write_queues, NULL}, {write_one_queue, NULL}, {write_two, write_one}, {write_event, NULL},
	{write_timers, NULL}, {write_work, NULL},      {write_last, NULL},
};

/* Whether there was something to say that fits. */
static bool add_remark(struct draft *draft, const struct census *census, const struct group *group,
		       remark_fn *write, bool is_first)
{
	struct output *words = &draft->words;
	size_t before = words->used;
	output_text(words, is_first ? " " : ", ");
	size_t begun = words->used;
	write(words, census, group);
	bool fits = draft_width(draft) <= SCREEN_WIDTH;
	if (words->used > begun && fits)
		return true;
	words->used = before;
	return false;
}

/* "3 locks", "1 lock". */
static const char *label_of(const struct group *group)
{
	return group->count == 1 ? labels[group->kind].one : labels[group->kind].several;
}

static void write_group(struct output *out, const struct census *census, const struct group *group,
			size_t label_width, struct draft *draft)
{
	char count[24];
	struct output *words = &draft->words;
	bool is_first = true;
	snprintf(count, sizeof(count), "%zu", group->count);
	draft_begin(draft, out);
	output_format(words, "%6s  %-*s ", count, (int)label_width, label_of(group));
	for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
		bool done = add_remark(draft, census, group, remarks[i].write, is_first);
		if (!done && remarks[i].shorter)
			done = add_remark(draft, census, group, remarks[i].shorter, is_first);
		is_first = is_first && !done;
	}
	while (words->used && words->buffer[words->used - 1] == ' ')
		words->used--;
	output_bytes(out, words->buffer, words->used);
	output_text(out, "\n");
}

/* ---- the whole ---- */

/* At least; as wide as most kinds. */
#define LABEL_WIDTH 8

static void write_loops(struct output *out, const struct census *census)
{
	const struct loops *loops = &census->waits->loops;
	size_t busy = 0, idle = 0, own = 0;
	for (size_t i = 0; i < loops->count; i++) {
		busy += loops->items[i].state == LOOP_BUSY;
		idle += loops->items[i].state == LOOP_IDLE;
		own += loops->items[i].state != LOOP_COPY;
	}
	output_format(out, " in %zu loop%s", own, own == 1 ? "" : "s");
	if (census->running)
		output_format(out, ", %zu run%s", census->running, census->running == 1 ? "s" : "");
	else
		output_text(out, ", none runs");
	if (busy && own == 1)
		output_text(out, "; it runs a callback");
	else if (busy)
		output_format(out, "; %zu loop%s a callback", busy, busy == 1 ? " runs" : "s run");
	else if (idle && idle == own)
		output_text(out, idle == 1 ? "; it waits for events" : "; they wait for events");
}

static void write_groups(struct output *out, const struct census *census, struct draft *draft,
			 size_t top)
{
	size_t kinds = 0, tasks = 0, width = LABEL_WIDTH, shown;
	while (kinds < WAIT_KIND_COUNT && census->groups[kinds].count)
		kinds++;
	/* The heading is a line of the section; what does not fit is counted in the last one. */
	shown = top == SIZE_MAX || kinds + 1 <= top ? kinds : top > 2 ? top - 2 : 1;
	for (size_t i = 0; i < shown; i++) {
		size_t label = strlen(label_of(&census->groups[i]));
		width = label > width ? label : width;
	}
	for (size_t i = 0; i < shown; i++)
		write_group(out, census, &census->groups[i], width, draft);
	for (size_t i = shown; i < kinds; i++)
		tasks += census->groups[i].count;
	if (tasks)
		output_format(out, "%6zu  in %zu more kinds: --top 0 shows them\n", tasks,
			      kinds - shown);
}

void census_write(struct output *out, const struct view *view, struct draft *draft, size_t top)
{
	const struct aiodbg_snapshot *snap = view->snap;
	struct census census = {.snap = snap, .waits = snap->waits};
	census.has_now = snap->waits->has_now && !snap->waits->now_is_least;
	count_tasks(&census, view);
	if (!census.pending)
		return;
	reason_write_count(out, census.pending);
	output_text(out, census.pending == 1 ? " task" : " tasks");
	write_loops(out, &census);
	output_text(out, census.pending > census.running ? ". They wait for:\n" : ".\n");
	write_groups(out, &census, draft, top);
	if (census.copies)
		output_format(out, "%6zu  copied by fork, of the process that forked this one\n",
			      census.copies);
	if (!snap->waits->moved)
		return;
	if (snap->waits->moved_count)
		output_format(out, "%zu of them moved within ", snap->waits->moved_count);
	else
		output_text(out, "None of them moved within ");
	reason_write_seconds(out, snap->waits->apart);
	output_text(out, ".\n");
}
