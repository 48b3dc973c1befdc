/* SPDX-License-Identifier: MIT */
/* First lines of verdicts. See render/summaries.h. */
#include "render/summaries.h"

#include "base/ceilings.h"
#include "render/reason.h"

#include <inttypes.h>
#include <string.h>

static void write_tasks(struct output *out, size_t count, const char *one, const char *several)
{
	reason_write_count(out, count);
	output_text(out, count == 1 ? " task " : " tasks ");
	output_text(out, count == 1 ? one : several);
}

/* "a TCPConnector". */
static void write_kind(struct output *out, const struct primitive *object)
{
	const char *type = object->type ? object->type : "pool";
	output_text(out, strchr("AEIOUaeiou", type[0]) ? "an " : "a ");
	output_safe(out, type, LIMIT_C_STRING);
}

static bool has_own_name(const struct primitive *object)
{
	return object->is_pool || (object->type && !strstr(object->type, "Semaphore"));
}

const struct primitive *summary_shared(const struct verdict *verdict)
{
	const struct primitive *shared = NULL;
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct wait *wait = verdict->parties[i].wait;
		if (!wait || !wait->object || wait->kind != WAIT_SEMAPHORE ||
		    (shared && wait->object != shared))
			return NULL;
		shared = wait->object;
	}
	return verdict->party_count > 1 ? shared : NULL;
}

static void write_shared(struct output *out, const struct primitive *object)
{
	output_text(out, " have all of ");
	write_kind(out, object);
	output_text(out, ", and each waits for more of it");
}

/* Nobody is seen to have what those named wait for. */
static void write_used_up(struct output *out, const struct verdict *verdict)
{
	write_tasks(out, verdict->behind_count, "waits for ", "wait for ");
	const struct primitive *object = verdict->parties[0].wait->object;
	write_kind(out, object);
	output_text(out, object->users.count
				 ? " that is used up, and whoever may have some of it stands still"
				 : " that is used up, and no task is seen to have any of it");
}

/* Who has what all wait for: holders of permits, or the threads of an executor. */
static void write_exhausted(struct output *out, const struct verdict *verdict)
{
	const struct party *first = &verdict->parties[0];
	bool has_holders = first->held_count > 0;
	const char *what = has_holders ? "semaphore" : "executor";
	if (!has_holders && first->task && first->wait->object) {
		write_used_up(out, verdict);
		return;
	}
	const char *who = has_holders ? "holder" : "thread";
	write_tasks(out, verdict->behind_count, "waits for ", "wait for ");
	/* A pool has a name of its own, and so has what others call a limiter. */
	if (has_holders && has_own_name(first->held[0].object))
		write_kind(out, first->held[0].object);
	else
		output_format(out, "a%s %s", has_holders ? "" : "n", what);
	if (verdict->party_count == 1)
		output_format(out, " whose only %s stands still", who);
	else
		output_format(out, " whose %zu %ss stand still", verdict->party_count, who);
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Each client may have a dict of its own. */
static const struct primitive *container_of(const struct verdict *verdict)
{
	const struct primitive *first = NULL;
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct wait *wait = verdict->parties[i].wait;
		const struct primitive *container = wait ? wait->kept_in : NULL;
		if (!container || !container->expression)
			return NULL;
		first = first ? first : container;
		if (container != first &&
		    (!is_same_text(container->expression, first->expression) ||
		     !is_same_text(container->owner_type, first->owner_type)))
			return NULL;
	}
	return first;
}

static void write_container(struct output *out, const struct verdict *verdict,
			    const struct primitive *container)
{
	output_text(out, verdict->party_count == 1 ? " for a future in " : " for futures in ");
	reason_write_expression(out, container, REASON_ALL);
}

bool summary_counts_behind(const struct verdict *verdict)
{
	return verdict->kind == VERDICT_WONT_CANCEL || verdict->kind == VERDICT_EXHAUSTED ||
	       verdict->kind == VERDICT_CONVOY;
}

static void summarize_crowd(struct output *out, const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_WONT_CANCEL:
		write_tasks(out, verdict->party_count, "was cancelled and does not end; ",
			    "were cancelled and do not end; ");
		write_tasks(out, verdict->behind_count, "waits for that", "wait for that");
		break;
	case VERDICT_CONVOY:
		write_tasks(out, verdict->behind_count, "waits", "wait");
		output_text(out, " behind one that has not moved");
		break;
	default:
		write_exhausted(out, verdict);
		break;
	}
}

static void summarize_starved(struct output *out, const struct verdict *verdict)
{
	if (verdict->spinning) {
		output_format(out, "%zu %s keep loop 0x%" PRIx64 " busy for nothing",
			      verdict->spinning, verdict->party_count ? "tasks" : "callbacks",
			      verdict->loop->addr);
		return;
	}
	output_format(out, "loop 0x%" PRIx64 " waits for the GIL", verdict->loop->addr);
	if (!verdict->has_seconds)
		return;
	output_text(out, ", late by ");
	reason_write_seconds(out, verdict->seconds);
}

/* Something is ready, and its loop was not told. */
static void write_unwoken(struct output *out, const struct verdict *verdict)
{
	size_t count = verdict->loop->ready_count;
	output_format(out, "%zu callback%s ready, no call_soon_threadsafe() was made", count,
		      count == 1 ? " is" : "s are");
}

static void summarize_stalled(struct output *out, const struct verdict *verdict)
{
	size_t count = verdict->party_count + verdict->behind_count;
	const struct wait *wait = verdict->parties[0].wait;
	if (wait->kind == WAIT_WRITE)
		output_format(out, "%zu task%s to a %s", count, count == 1 ? " writes" : "s write",
			      wait->pid < 0 ? "peer that takes nothing"
					    : "process whose output nobody reads");
	else
		output_format(out, "%zu task%s for a process whose output nobody reads", count,
			      count == 1 ? " waits" : "s wait");
}

/* Of an empty queue all was taken, and it was not said of all of it that it is done. */
static bool is_join_of_empty(const struct verdict *verdict)
{
	const struct wait *wait = verdict->party_count ? verdict->parties[0].wait : NULL;
	return wait && wait->kind == WAIT_QUEUE_JOIN && wait->object && !wait->object->value;
}

static void write_unconsumed(struct output *out, const struct verdict *verdict)
{
	output_text(out, is_join_of_empty(verdict)
				 ? " at an empty queue: task_done() was not called for all of it"
				 : " at a queue that nobody takes from");
}

static void write_unproduced(struct output *out, const struct verdict *verdict)
{
	const struct wait *wait = verdict->party_count ? verdict->parties[0].wait : NULL;
	bool is_pool = wait && wait->object && wait->object->gives_back && !verdict->ended_count;
	output_text(out, is_pool ? " at an empty queue that only they put anything into"
				 : " at a queue that nobody puts anything into");
}

static void count_parties(const struct verdict *verdict, size_t *tasks, size_t *threads)
{
	*tasks = *threads = 0;
	for (size_t i = 0; i < verdict->party_count; i++) {
		if (verdict->parties[i].task)
			++*tasks;
		else
			++*threads;
	}
}

/* "2 tasks and 1 thread". */
static void write_actors(struct output *out, size_t tasks, size_t threads)
{
	if (tasks)
		output_format(out, "%zu task%s", tasks, tasks == 1 ? "" : "s");
	if (tasks && threads)
		output_text(out, " and ");
	if (threads)
		output_format(out, "%zu thread%s", threads, threads == 1 ? "" : "s");
}

bool summary_waits_for_locks(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct wait *wait = verdict->parties[i].wait;
		if (!wait || !wait->object || wait->for_tasks || !wait->object->holders.count)
			return false;
	}
	return true;
}

static void summarize_deadlock(struct output *out, const struct verdict *verdict)
{
	size_t tasks, threads;
	bool locks = summary_waits_for_locks(verdict);
	const struct primitive *shared = summary_shared(verdict);
	count_parties(verdict, &tasks, &threads);
	write_actors(out, tasks, threads);
	if (locks && shared)
		write_shared(out, shared);
	else if (tasks + threads == 1)
		output_text(out,
			    locks ? " waits for a lock that it holds itself" : " waits for itself");
	else if (tasks + threads == 2 && locks)
		output_text(out, " wait for a lock that the other holds");
	else
		output_text(out, locks ? " wait for locks that the next one holds"
				       : " wait for each other");
}

static void summarize_blocked(struct output *out, const struct aiodbg_snapshot *snap,
			      const struct verdict *verdict)
{
	const struct loop *loop = verdict->loop;
	output_format(out, "loop 0x%" PRIx64 " of ", loop->addr);
	reason_write_actor(out, snap, NULL, loop->thread);
	if (verdict->has_seconds && verdict->seconds > 0) {
		output_text(out, snap->waits->now_is_least ? " has not polled for at least "
							   : " has not polled for ");
		reason_write_seconds(out, verdict->seconds);
	} else {
		output_text(out, " runs a callback that seems to block");
	}
}

static void write_waiting(struct output *out, const struct verdict *verdict)
{
	size_t tasks, threads;
	count_parties(verdict, &tasks, &threads);
	write_actors(out, tasks, threads);
	output_text(out, tasks + threads == 1 ? " waits" : " wait");
}

/* Whether nobody has failed of those who were to end it. */
static bool is_cancelled(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->ended_count; i++) {
		if (!verdict->ended[i]->is_cancelled)
			return false;
	}
	return verdict->ended_count > 0;
}

/* Those of whom nobody is left who could end their waiting. */
static void summarize_vain(struct output *out, const struct verdict *verdict)
{
	if (verdict->loop) {
		write_unwoken(out, verdict);
		return;
	}
	bool is_semaphore = verdict->party_count &&
			    verdict->parties[0].wait->kind == WAIT_SEMAPHORE;
	const char *lock = is_semaphore ? "semaphore" : "lock";
	const struct primitive *container = container_of(verdict);
	write_waiting(out, verdict);
	if (container)
		write_container(out, verdict, container);
	else if (verdict->kind == VERDICT_NEVER_RELEASED)
		output_format(out, " for a %s that nobody is left to release", lock);
	else if (verdict->kind == VERDICT_LOST_WAKEUP)
		output_format(out, " for a %s that is free, and nobody was woken to take it", lock);
	else if (verdict->kind == VERDICT_NO_CONSUMER)
		write_unconsumed(out, verdict);
	else if (verdict->kind == VERDICT_NO_PRODUCER)
		write_unproduced(out, verdict);
	else if (verdict->kind == VERDICT_FAILED)
		output_text(out, is_cancelled(verdict)
					 ? " for what a task was to do that was cancelled"
					 : " for what a task was to do that has failed");
	else
		output_text(out, verdict->party_count == 1 ? " for what only it leads to"
							   : " for what only they lead to");
}

static void summarize_gone(struct output *out, const struct verdict *verdict)
{
	write_waiting(out, verdict);
	output_format(out, " in loop 0x%" PRIx64 ", which %s", verdict->loop->addr,
		      verdict->loop->state == LOOP_CLOSED ? "is closed" : "no thread runs");
}

static void summarize_exit(struct output *out, const struct waits *waits,
			   const struct verdict *verdict)
{
	size_t count = verdict->party_count + verdict->behind_count;
	const char *ending = count == 1 ? "does" : "do";
	if (waits->leaving == LEAVING_TASKS)
		output_format(out, "asyncio.run() has cancelled %zu task%s that %s not end", count,
			      count == 1 ? "" : "s", ending);
	else if (waits->leaving == LEAVING_THREADS)
		output_format(out, "the process waits for %zu thread%s that %s not end", count,
			      count == 1 ? "" : "s", ending);
	else
		output_format(out, "%s waits for a thread of a pool that does not end",
			      waits->leaving == LEAVING_POOL ? "the process" : "asyncio.run()");
}

void summary_write(struct output *out, const struct aiodbg_snapshot *snap,
		   const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_DEADLOCK:
		summarize_deadlock(out, verdict);
		break;
	case VERDICT_LOOP_BLOCKED:
		summarize_blocked(out, snap, verdict);
		break;
	case VERDICT_LOOP_STARVED:
		summarize_starved(out, verdict);
		break;
	case VERDICT_LOOP_GONE:
		summarize_gone(out, verdict);
		break;
	case VERDICT_STUCK_AT_EXIT:
		summarize_exit(out, snap->waits, verdict);
		break;
	case VERDICT_STALLED:
		summarize_stalled(out, verdict);
		break;
	case VERDICT_LOST_WAKEUP:
	case VERDICT_NEVER_RELEASED:
	case VERDICT_NOTHING_CAN_WAKE:
	case VERDICT_NO_CONSUMER:
	case VERDICT_NO_PRODUCER:
	case VERDICT_FAILED:
		summarize_vain(out, verdict);
		break;
	case VERDICT_WONT_CANCEL:
	case VERDICT_EXHAUSTED:
	case VERDICT_CONVOY:
		summarize_crowd(out, verdict);
		break;
	case VERDICT_STOPPED:
		output_format(out,
			      "process %" PRIu32 " is stopped by a signal or its control group",
			      snap->pid);
		break;
	default:
		break;
	}
}

bool summary_has_limits(const struct verdict *verdict)
{
	return (verdict->has_until && verdict->until_task) || verdict->unless;
}

void summary_write_limits(struct output *out, const struct aiodbg_snapshot *snap,
			  const struct verdict *verdict, const char *before)
{
	if (verdict->has_until && verdict->until_task) {
		output_format(out, "%suntil ", before);
		task_write_name(out, verdict->until_task, false);
		output_text(out, " times out");
		if (snap->waits->has_now && !snap->waits->now_is_least) {
			output_text(out, " in ");
			reason_write_left(out, verdict->until - snap->waits->now);
		}
		before = ", ";
	}
	if (verdict->unless) {
		output_format(out, "%sunless ", before);
		task_write_name(out, verdict->unless, false);
		if (verdict->unless_count > 1)
			output_format(out, " or one of %zu others", verdict->unless_count - 1);
		output_text(out, " fails");
	}
}

void summary_write_all(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct verdict *verdict)
{
	summary_write(out, snap, verdict);
	summary_write_limits(out, snap, verdict, ", ");
	output_text(out, verdict->is_garbage ? "; a collection will destroy them" : "");
}
