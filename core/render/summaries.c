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

void summary_write_shared(struct output *out, const struct primitive *object)
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
const struct primitive *summary_container(const struct verdict *verdict)
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

void summary_write_container(struct output *out, const struct verdict *verdict,
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

void summary_write_crowd(struct output *out, const struct verdict *verdict)
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

void summary_write_starved(struct output *out, const struct verdict *verdict)
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
void summary_write_unwoken(struct output *out, const struct verdict *verdict)
{
	size_t count = verdict->loop->ready_count;
	output_format(out, "%zu callback%s ready, no call_soon_threadsafe() was made", count,
		      count == 1 ? " is" : "s are");
}

void summary_write_stalled(struct output *out, const struct verdict *verdict)
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

void summary_write_unconsumed(struct output *out, const struct verdict *verdict)
{
	output_text(out, is_join_of_empty(verdict)
				 ? " at an empty queue: task_done() was not called for all of it"
				 : " at a queue that nobody takes from");
}

void summary_write_unproduced(struct output *out, const struct verdict *verdict)
{
	const struct wait *wait = verdict->party_count ? verdict->parties[0].wait : NULL;
	bool is_pool = wait && wait->object && wait->object->gives_back && !verdict->ended_count;
	output_text(out, is_pool ? " at an empty queue that only they put anything into"
				 : " at a queue that nobody puts anything into");
}
