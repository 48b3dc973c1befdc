/* SPDX-License-Identifier: MIT */
/* Reasons in words. See render/reason.h. */
#include "render/reason.h"

#include "base/ceilings.h"
#include "base/text.h"
#include "render/render.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Holders that are named; the others are counted. */
#define HOLDERS_NAMED 2

void reason_write_count(struct output *out, uint64_t count)
{
	char digits[TEXT_NUMBER_MAX];
	size_t len = text_decimal(count, digits), first = (len - 1) % 3 + 1;
	output_bytes(out, digits, first);
	for (size_t i = first; i < len; i += 3) {
		output_bytes(out, ",", 1);
		output_bytes(out, digits + i, 3);
	}
}

void reason_write_seconds(struct output *out, double seconds)
{
	/* As long as a century is not a time. */
	if (!isfinite(seconds) || fabs(seconds) > 3.2e9) {
		output_text(out, "? s");
		return;
	}
	if (seconds < 0) {
		output_text(out, "-");
		seconds = -seconds;
	}
	if (seconds < 10) {
		output_format(out, seconds < 1 ? "%.2f s" : "%.1f s", seconds);
		return;
	}
	if (seconds >= 2 * 86400) {
		reason_write_count(out, (uint64_t)(seconds / 86400));
		output_text(out, " days");
		return;
	}
	reason_write_count(out, (uint64_t)(seconds + 0.5));
	output_text(out, " s");
}

void reason_write_left(struct output *out, double seconds)
{
	reason_write_seconds(out, seconds > 0 ? seconds : 0);
}

void reason_write_actor(struct output *out, const struct aiodbg_snapshot *snap,
			const struct task *task, ptrdiff_t thread)
{
	if (task) {
		task_write_name(out, task, false);
		return;
	}
	if (thread < 0) {
		output_text(out, "nobody");
		return;
	}
	output_format(out, "thread %" PRIu64, snap->threads.items[thread].tid);
	const char *name = snap->waits ? snap->waits->threads[thread].name : NULL;
	if (!name)
		return;
	output_text(out, " ");
	output_safe(out, name, LIMIT_NAME_SHOWN);
}

void reason_write_expression(struct output *out, const struct primitive *object, unsigned int parts)
{
	output_safe(out, object->expression, LIMIT_NAME_SHOWN);
	if (!object->owner_type || !(parts & REASON_OWNER))
		return;
	output_text(out, " of ");
	output_safe(out, object->owner_type, LIMIT_NAME_SHOWN);
}

static void write_named(struct output *out, const struct primitive *object, unsigned int parts)
{
	output_safe(out, object->type ? object->type : "object", LIMIT_C_STRING);
	output_text(out, " ");
	output_id(out, object->addr);
	if (!object->expression)
		return;
	output_text(out, " (");
	reason_write_expression(out, object, parts);
	output_text(out, ")");
}

void reason_write_object(struct output *out, const struct primitive *object)
{
	write_named(out, object, REASON_ALL);
}

/* Its file, without the folder, and line. */
static void write_position(struct output *out, const struct location *location)
{
	const char *file = location->code->filename, *slash = file ? strrchr(file, '/') : NULL;
	output_place(out, slash ? slash + 1 : file, location->position.line);
}

void reason_write_location(struct output *out, const struct location *location)
{
	output_safe_as(out, AIODBG_ROLE_FUNCTION, location->function, LIMIT_NAME_SHOWN);
	output_text(out, " ");
	write_position(out, location);
}

bool reason_has_place(const struct wait *wait)
{
	switch (wait->kind) {
	case WAIT_UNKNOWN:
	case WAIT_LOCK:
	case WAIT_SEMAPHORE:
	case WAIT_CONDITION:
	case WAIT_EVENT:
	case WAIT_BARRIER:
	case WAIT_FUTURE:
	case WAIT_ASYNC_GENERATOR:
		return wait->object && !wait->kept_in && wait->place &&
		       wait->object->waiter_count >= 2;
	default:
		return false;
	}
}

void reason_write_place(struct output *out, const struct wait *wait)
{
	output_text(out, ", place ");
	reason_write_count(out, wait->place);
	output_text(out, " of ");
	reason_write_count(out, wait->object->waiter_count);
}

static void write_holders(struct output *out, const struct aiodbg_snapshot *snap,
			  const struct primitive *object)
{
	const struct holders *holders = &object->holders;
	for (size_t i = 0; i < holders->count && i < HOLDERS_NAMED; i++) {
		const struct holder *holder = &holders->items[i];
		if (i)
			output_text(out, " and ");
		else
			output_text(out, holder->certainty == CERTAINTY_CERTAIN
						 ? ", held by "
						 : ", probably held by ");
		reason_write_actor(out, snap, holder->task, holder->thread);
	}
	if (holders->count > HOLDERS_NAMED) {
		output_text(out, " and ");
		reason_write_count(out, holders->count - HOLDERS_NAMED);
		output_text(out, " more");
	}
	if (!holders->count && object->handed_over)
		output_text(out, ", being handed over");
}

static void write_waiting(struct output *out, const struct primitive *object)
{
	output_text(out, ", ");
	reason_write_count(out, object->waiter_count);
	output_text(out, object->waiter_count == 1 ? " waits" : " wait");
}

static void write_queue(struct output *out, const struct wait *wait)
{
	const struct primitive *queue = wait->object;
	reason_write_object(out, queue);
	if (wait->kind == WAIT_QUEUE_JOIN) {
		output_text(out, " join");
		if (queue->unfinished >= 0)
			output_format(out, ": %" PRId64 " not done", queue->unfinished);
		return;
	}
	output_text(out, wait->kind == WAIT_QUEUE_GET ? " get" : " put");
	if (queue->value == 0)
		output_text(out, ": empty");
	else if (queue->value > 0 && queue->value == queue->bound)
		output_format(out, ": full (%" PRId64 ")", queue->bound);
	else if (queue->value > 0)
		output_format(out, ": %" PRId64 " in it", queue->value);
	write_waiting(out, queue);
}

static void write_timer(struct output *out, const struct aiodbg_snapshot *snap,
			const struct wait *wait)
{
	const struct waits *waits = snap->waits;
	output_text(out, "sleeps");
	if (wait->has_deadline && waits->has_now && !waits->now_is_least) {
		double left = wait->deadline_at - waits->now;
		output_text(out, left < 0 ? ", overdue by " : " ");
		reason_write_seconds(out, fabs(left));
		if (left >= 0)
			output_text(out, " more");
	}
	if (wait->delay < 0)
		return;
	output_text(out, " (of ");
	reason_write_seconds(out, wait->delay);
	output_text(out, ")");
}

/* Where it is: its own innermost frame, or else a library's. */
static void write_thread(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct wait *wait, unsigned int parts)
{
	const struct thread_facts *thread = &snap->waits->threads[wait->thread];
	const struct site *site = &snap->waits->of_threads[wait->thread].site;
	if (wait->for_loop == FOR_LOOP_TO_BEGIN)
		output_text(out, "a coroutine that its loop has not begun: ");
	else if (wait->for_loop == FOR_LOOP_TO_TELL)
		output_text(out, "its loop to say that a coroutine has ended: ");
	else if (wait->for_import)
		output_text(out, "a module that is being imported by ");
	reason_write_actor(out, snap, NULL, wait->thread);
	if (!(parts & REASON_PLACE) || (!site->location && !thread->depth))
		return;
	output_text(out, " at ");
	write_position(out, site->location ? site->location : thread->stack[0]);
}

static void write_executor(struct output *out, const struct aiodbg_snapshot *snap,
			   const struct wait *wait, unsigned int parts)
{
	output_text(out, "executor: ");
	if (wait->thread >= 0) {
		output_text(out, "runs in ");
		write_thread(out, snap, wait, parts);
		return;
	}
	if (!wait->queued) {
		output_text(out, "a thread or process that is not known");
		return;
	}
	output_text(out, "queued");
	if (wait->ahead >= 0)
		output_format(out, ", %" PRId64 " ahead", wait->ahead);
	if (wait->worker_count)
		output_format(out, ", %s%u thread%s busy",
			      wait->worker_count == 1 ? "the " : "all ", wait->worker_count,
			      wait->worker_count == 1 ? "" : "s");
}

/* "Task worker-3"; a default name says that itself. */
static void write_task(struct output *out, const struct task *task)
{
	if (!task->name || strncmp(task->name, "Task-", 5) != 0)
		output_text(out, "Task ");
	task_write_name(out, task, false);
}

/* The tasks that a task awaits. */
static void write_tasks(struct output *out, const struct task *task, const struct wait *wait)
{
	size_t count = 0;
	const struct task *first = NULL;
	for (size_t i = 0; task && i < task->awaited_count; i++) {
		if (!edge_waits(task->awaited[i]) || !task_is_pending(task->awaited[i]->task))
			continue;
		first = first ? first : task->awaited[i]->task;
		count++;
	}
	if (wait->kind == WAIT_GROUP && wait->object) {
		reason_write_object(out, wait->object);
		output_text(out, ": ");
	} else if (wait->kind == WAIT_GATHER) {
		output_text(out, "gather of ");
	} else if (wait->kind == WAIT_SHIELD) {
		output_text(out, "shield of ");
	}
	bool of_futures = !count && (wait->kind == WAIT_GATHER || wait->kind == WAIT_SHIELD);
	if (of_futures) {
		output_text(out, "futures");
	} else if (count != 1) {
		reason_write_count(out, count);
		output_text(out, " tasks");
	} else {
		write_task(out, first);
	}
}

static void write_command(struct output *out, const struct wait *wait)
{
	output_text(out, "process");
	if (wait->pid >= 0)
		output_format(out, " %" PRId64, wait->pid);
	if (wait->command) {
		output_text(out, " (");
		output_safe(out, wait->command, LIMIT_NAME_SHOWN);
		output_text(out, ")");
	}
}

/* "(this process: Task-12 at its place)": which task, and where it is. */
static void write_peer(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct wait *wait, unsigned int parts)
{
	const struct task *task = wait->peer_task;
	output_text(out, " (this process");
	if (task) {
		const struct wait *other = &snap->waits->of_tasks[task->index];
		output_text(out, ": ");
		task_write_name(out, task, false);
		if (other->site.location && (parts & REASON_PLACE)) {
			output_text(out, " at ");
			write_position(out, other->site.location);
		}
	}
	output_text(out, ")");
}

/* "reads fd 22". */
static void write_transport(struct output *out, const struct aiodbg_snapshot *snap,
			    const struct wait *wait, unsigned int parts)
{
	static const char *const verbs[] = {
		[WAIT_READ] = "reads",	     [WAIT_WRITE] = "writes", [WAIT_ACCEPT] = "accepts",
		[WAIT_CONNECT] = "connects", [WAIT_SERVE] = "serves",
	};
	output_text(out, verbs[wait->kind]);
	if (wait->fd >= 0)
		output_format(out, " fd %" PRId64, wait->fd);
	if (wait->unsent >= 0) {
		output_text(out, ": ");
		reason_write_count(out, (uint64_t)wait->unsent);
		output_text(out, wait->unsent == 1 ? " byte unsent" : " bytes unsent");
		if (wait->paused)
			output_text(out, ", paused");
	}
	if (wait->kind == WAIT_WRITE && wait->pid >= 0) {
		output_text(out, ", to ");
		write_command(out, wait);
		if (wait->pipe >= 0)
			output_format(out, ", fd %" PRId64 " not read", wait->pipe);
	}
	if (!wait->peer)
		return;
	output_text(out, wait->kind == WAIT_READ ? ", from " : ", to ");
	output_safe(out, wait->peer, LIMIT_NAME_SHOWN);
	if (wait->peer_is_here)
		write_peer(out, snap, wait, parts);
}

static void write_process(struct output *out, const struct wait *wait)
{
	write_command(out, wait);
	if (wait->pipe >= 0)
		output_format(out, ", fd %" PRId64 " not read", wait->pipe);
	else
		output_text(out, ", runs");
}

static void write_ready(struct output *out, const struct wait *wait)
{
	output_text(out, wait->not_started ? "ready to run, not started" : "ready to run");
	if (wait->ready_place)
		output_format(out, ", number %u in the queue", wait->ready_place);
}

void reason_write_before_place(struct output *out, const struct wait *wait, unsigned int parts)
{
	const struct primitive *object = wait->object;
	write_named(out, object, parts);
	if (wait->kind == WAIT_SEMAPHORE && object->value > 0)
		output_format(out, ", %" PRId64 " free", object->value);
	else if (wait->kind == WAIT_SEMAPHORE && object->bound > 0)
		output_format(out, ", all %" PRId64 " taken", object->bound);
	if (wait->kind == WAIT_EVENT)
		output_text(out, ", not set");
	if (wait->kind == WAIT_BARRIER && object->value >= 0 && object->bound > 0)
		output_format(out, ", %" PRId64 " of %" PRId64 " are there", object->value,
			      object->bound);
}

static void write_deadline(struct output *out, const struct aiodbg_snapshot *snap,
			   const struct wait *wait)
{
	const struct waits *waits = snap->waits;
	if (!wait->has_deadline || wait->kind == WAIT_TIMER)
		return;
	if (!waits->has_now || waits->now_is_least) {
		output_text(out, ", has a timeout");
		return;
	}
	double left = wait->deadline_at - waits->now;
	output_text(out, left < 0 ? ", timed out " : ", times out in ");
	reason_write_seconds(out, fabs(left));
	if (left < 0)
		output_text(out, " ago");
}

void reason_write_behind_place(struct output *out, const struct aiodbg_snapshot *snap,
			       const struct wait *wait, unsigned int parts)
{
	if (parts & REASON_HOLDERS)
		write_holders(out, snap, wait->object);
	if (parts & REASON_DEADLINE)
		write_deadline(out, snap, wait);
}

static void write_object(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct wait *wait, unsigned int parts)
{
	if (!wait->object && !wait->future) {
		output_text(out, "unknown");
		return;
	}
	if (!wait->object || wait->kept_in) {
		output_safe(out, wait->future_type ? wait->future_type : "Future", LIMIT_C_STRING);
		output_text(out, " ");
		output_id(out, wait->future);
		if (!wait->kept_in || !wait->kept_in->expression)
			return;
		output_text(out, ", in ");
		reason_write_expression(out, wait->kept_in, parts);
		if (parts & REASON_PLACE && wait->place && wait->object->waiter_count >= 2)
			reason_write_place(out, wait);
		return;
	}
	reason_write_before_place(out, wait, parts);
	if (parts & REASON_PLACE && reason_has_place(wait))
		reason_write_place(out, wait);
	/* A deadline follows for all kinds. */
	reason_write_behind_place(out, snap, wait, parts & ~(unsigned int)REASON_DEADLINE);
}

static const struct task *task_of(const struct aiodbg_snapshot *snap, const struct wait *wait)
{
	size_t index = (size_t)(wait - snap->waits->of_tasks);
	return wait >= snap->waits->of_tasks && index < snap->tasks.count ? snap->tasks.items[index]
									  : NULL;
}

bool reason_needs_verb(const struct wait *wait)
{
	switch (wait->kind) {
	case WAIT_READY:
	case WAIT_MOVING:
	case WAIT_TIMER:
	case WAIT_READ:
	case WAIT_WRITE:
	case WAIT_CONNECT:
	case WAIT_ACCEPT:
	case WAIT_SERVE:
		return false;
	default:
		return true;
	}
}

void reason_write(struct output *out, const struct aiodbg_snapshot *snap, const struct wait *wait)
{
	reason_write_parts(out, snap, wait, REASON_ALL);
}

void reason_write_parts(struct output *out, const struct aiodbg_snapshot *snap,
			const struct wait *wait, unsigned int parts)
{
	switch (wait->kind) {
	case WAIT_READY:
		write_ready(out, wait);
		break;
	case WAIT_MOVING:
		output_text(out, "moved while it was read");
		break;
	case WAIT_TIMER:
		write_timer(out, snap, wait);
		break;
	case WAIT_QUEUE_GET:
	case WAIT_QUEUE_PUT:
	case WAIT_QUEUE_JOIN:
		/* Of which the queue itself may not be readable. */
		if (wait->object)
			write_queue(out, wait);
		else
			write_object(out, snap, wait, parts);
		break;
	case WAIT_TASK:
	case WAIT_GATHER:
	case WAIT_SHIELD:
	case WAIT_GROUP:
		if (wait->task)
			write_task(out, wait->task);
		else
			write_tasks(out, task_of(snap, wait), wait);
		break;
	case WAIT_READ:
	case WAIT_WRITE:
	case WAIT_ACCEPT:
	case WAIT_CONNECT:
	case WAIT_SERVE:
		write_transport(out, snap, wait, parts);
		break;
	case WAIT_PROCESS:
		write_process(out, wait);
		break;
	case WAIT_EXECUTOR:
		write_executor(out, snap, wait, parts);
		break;
	case WAIT_THREAD:
		if (wait->thread >= 0)
			write_thread(out, snap, wait, parts);
		else
			output_text(out, "a thread that is not known");
		break;
	default:
		write_object(out, snap, wait, parts);
		break;
	}
	if (parts & REASON_DEADLINE)
		write_deadline(out, snap, wait);
}

/* "returned 42", "raised ValueError('no')". */
static void write_outcome(struct output *out, const struct task *task)
{
	output_text(out, task->exception ? "raised " : "returned ");
	output_safe(out, task->exception ? task->exception : task->result, LIMIT_REPR);
}

void reason_write_task(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct task *task)
{
	if (task->state == AIODBG_TASK_RUNNING)
		output_text(out, "runs");
	else if (task->exception || task->result)
		write_outcome(out, task);
	else if (task->state == AIODBG_TASK_CANCELLED && snap->has_finished)
		output_text(out, "cancelled");
	else if (task->state == AIODBG_TASK_PENDING)
		reason_write(out, snap, &snap->waits->of_tasks[task->index]);
	else if (task->state == AIODBG_TASK_UNKNOWN)
		output_text(out, "unknown");
}
