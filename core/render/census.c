/* SPDX-License-Identifier: MIT */
/* The census. See render/census.h. */
#include "render/census.h"

#include "base/ceilings.h"
#include "render/reason.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const labels[] = {
	[WAIT_UNKNOWN] = "unknown",
	[WAIT_READY] = "ready",
	[WAIT_TIMER] = "timers",
	[WAIT_LOCK] = "locks",
	[WAIT_SEMAPHORE] = "semaphores",
	[WAIT_CONDITION] = "conditions",
	[WAIT_EVENT] = "events",
	[WAIT_BARRIER] = "barriers",
	[WAIT_QUEUE_GET] = "queues, get",
	[WAIT_QUEUE_PUT] = "queues, put",
	[WAIT_QUEUE_JOIN] = "queues, join",
	[WAIT_FUTURE] = "futures",
	[WAIT_TASK] = "tasks",
	[WAIT_GATHER] = "gathers",
	[WAIT_SHIELD] = "shields",
	[WAIT_GROUP] = "task groups",
	[WAIT_EXECUTOR] = "executors",
	[WAIT_THREAD] = "threads",
	[WAIT_PROCESS] = "processes",
	[WAIT_READ] = "reads",
	[WAIT_WRITE] = "writes",
	[WAIT_CONNECT] = "connects",
	[WAIT_ACCEPT] = "accepts",
	[WAIT_SERVE] = "servers",
	[WAIT_ASYNC_GENERATOR] = "async generators",
};

/* Tasks that wait for the same kind of thing. */
struct group {
	enum wait_kind kind;
	size_t count, queued, not_started;
	/* The objects that most of them wait for. */
	const struct primitive *first, *second;
	/* Deadlines: of timers the next, of others the last. */
	double next, last;
	const struct task *last_task;
	bool has_next, has_last;
};

static void keep_object(struct group *group, const struct primitive *object)
{
	if (!object || object == group->first || object == group->second)
		return;
	if (!group->first || object->waiter_count > group->first->waiter_count) {
		group->second = group->first;
		group->first = object;
	} else if (!group->second || object->waiter_count > group->second->waiter_count) {
		group->second = object;
	}
}

static void keep_deadline(struct group *group, const struct task *task, const struct wait *wait)
{
	if (!wait->has_deadline)
		return;
	if (!group->has_next || wait->deadline_at < group->next)
		group->next = wait->deadline_at;
	group->has_next = true;
	if (!group->has_last || wait->deadline_at > group->last) {
		group->last = wait->deadline_at;
		group->last_task = task;
	}
	group->has_last = true;
}

static void add_task(struct group *groups, const struct task *task, const struct wait *wait)
{
	struct group *group = &groups[wait->kind];
	group->kind = wait->kind;
	group->count++;
	group->queued += wait->queued;
	group->not_started += wait->not_started;
	keep_object(group, wait->object);
	keep_deadline(group, task, wait);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static void write_objects(struct output *out, const struct group *group)
{
	const struct primitive *objects[] = {group->first, group->second};
	for (size_t i = 0; i < 2 && objects[i]; i++) {
		output_text(out, i ? ", " : "  ");
		reason_write_count(out, objects[i]->waiter_count);
		output_text(out, " for ");
		reason_write_object(out, objects[i]);
	}
}

static void write_times(struct output *out, const struct aiodbg_snapshot *snap,
			const struct group *group)
{
	const struct waits *waits = snap->waits;
	if (!waits->has_now || waits->now_is_least || !group->has_next)
		return;
	if (group->kind == WAIT_TIMER) {
		double left = group->next - waits->now;
		output_text(out, left < 0 ? "  first overdue by " : "  next in ");
		reason_write_seconds(out, fabs(left));
		return;
	}
	output_text(out, "; times out in ");
	reason_write_left(out, group->last - waits->now);
	output_text(out, " at the latest");
}

static void write_group(struct output *out, const struct aiodbg_snapshot *snap,
			const struct group *group)
{
	char count[24];
	const char *label = labels[group->kind];
	snprintf(count, sizeof(count), "%zu", group->count);
	output_format(out, "%6s  %-16s", count, label);
	if (group->first)
		write_objects(out, group);
	if (group->kind == WAIT_READY && group->not_started)
		output_format(out, "  %zu not started", group->not_started);
	if (group->queued)
		output_format(out, "  %zu queued", group->queued);
	write_times(out, snap, group);
	output_text(out, "\n");
}

static void write_loops(struct output *out, const struct aiodbg_snapshot *snap, size_t running)
{
	const struct loops *loops = &snap->waits->loops;
	size_t busy = 0, copies = 0;
	for (size_t i = 0; i < loops->count; i++) {
		busy += loops->items[i].state == LOOP_BUSY;
		copies += loops->items[i].state == LOOP_COPY;
	}
	size_t own = loops->count - copies;
	output_format(out, " in %zu loop%s", own, own == 1 ? "" : "s");
	if (running)
		output_format(out, ", %zu run%s", running, running == 1 ? "s" : "");
	else
		output_text(out, ", none runs");
	if (busy)
		output_format(out, "; %zu loop%s a callback", busy, busy == 1 ? " runs" : "s run");
}

void census_write(struct output *out, const struct aiodbg_snapshot *snap)
{
	struct group groups[WAIT_KIND_COUNT] = {{0}};
	size_t pending = 0, running = 0, copies = 0;
	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		if (!task_is_pending(task))
			continue;
		pending++;
		if (task->state == AIODBG_TASK_RUNNING)
			running++;
		else if (task->is_copy)
			copies++;
		else
			add_task(groups, task, &snap->waits->of_tasks[i]);
	}
	if (!pending)
		return;
	reason_write_count(out, pending);
	output_text(out, pending == 1 ? " task" : " tasks");
	write_loops(out, snap, running);
	output_text(out, pending > running ? ". They wait for:\n" : ".\n");
	qsort(groups, WAIT_KIND_COUNT, sizeof(groups[0]), compare_groups);
	for (size_t i = 0; i < WAIT_KIND_COUNT && groups[i].count; i++)
		write_group(out, snap, &groups[i]);
	if (copies)
		output_format(out, "%6zu  copied by fork    of the process that forked this one\n",
			      copies);
}
