/* SPDX-License-Identifier: MIT */
/*
 * Two looks at a process that runs. See verdicts/looks.h.
 *
 * All that is said of a task or in a verdict is brought down to one number, so that comparing two
 * snapshots of a million tasks takes one pass over each.
 */
#include "verdicts/looks.h"

#include "base/addrmap.h"
#include "base/error.h"
#include "snapshot/graph.h"

#include <string.h>

/* Whoever waits for somebody else runs for less. */
#define RAN_SECONDS 0.001
/* Whoever stands still for less is just slow. */
#define STILL_SECONDS 1.0
/* Whoever has what many wait for, and waits for an answer from outside, may be slow for that long. */
#define STANDING_SECONDS 6.0
/* A loop that does not come to its work for less is no case. */
#define WATCHED_SECONDS 0.3

/* ---- numbers for what is said ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return mix(hash, text != NULL);
}

static uint64_t mix_seconds(uint64_t hash, bool known, double seconds)
{
	uint64_t bits = 0;
	if (known)
		memcpy(&bits, &seconds, sizeof(bits));
	return mix(hash, bits);
}

static uint64_t mix_place(uint64_t hash, const struct location *location)
{
	if (!location)
		return mix(hash, 0);
	hash = mix(hash, location->unit);
	hash = mix(hash, (uint64_t)location->position.line);
	hash = mix_text(hash, location->function);
	return location->code ? mix_text(hash, location->code->name) : hash;
}

/* Threads have other indexes at every look. */
static uint64_t thread_id(const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	return thread < 0 ? 0 : snap->threads.items[thread].addr;
}

static uint64_t mix_wait(uint64_t hash, const struct aiodbg_snapshot *snap, const struct wait *wait)
{
	hash = mix(hash, wait->kind);
	hash = mix(hash, wait->blocked);
	hash = mix(hash, wait->object ? wait->object->addr : 0);
	hash = mix(hash, wait->future);
	hash = mix(hash, thread_id(snap, wait->thread));
	hash = mix(hash, wait->task ? wait->task->id : 0);
	hash = mix(hash, wait->queued);
	hash = mix(hash, wait->has_timeout);
	hash = mix(hash, (uint64_t)wait->unsent);
	hash = mix(hash, (uint64_t)wait->backlog);
	hash = mix(hash, wait->variables);
	hash = mix_seconds(hash, wait->has_deadline, wait->deadline_at);
	return mix_place(hash, wait->site.location);
}

static uint64_t hash_task(const struct aiodbg_snapshot *snap, const struct task *task)
{
	uint64_t hash = mix_text(task->id, task->name);
	hash = mix(hash, task->coro);
	hash = mix(hash, task->fut_waiter);
	hash = mix(hash, task->state);
	hash = mix(hash, (uint64_t)task->cancel_requests);
	hash = mix(hash, task->problems != NULL);
	/* The innermost ones are those that move. */
	for (size_t i = 0; i < task->depth && i < 4; i++)
		hash = mix_place(hash, task->stack[i]);
	hash = mix(hash, task->depth);
	return mix_wait(hash, snap, &snap->waits->of_tasks[task->index]);
}

static uint64_t hash_thread(const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	const struct thread_facts *facts = &snap->waits->threads[thread];
	uint64_t hash = mix(thread_id(snap, thread), snap->threads.items[thread].tid);
	for (size_t i = 0; i < facts->depth; i++)
		hash = mix_place(hash, facts->stack[i]);
	return mix_wait(hash, snap, &snap->waits->of_threads[thread]);
}

static uint64_t hash_holder(const struct aiodbg_snapshot *snap, const struct holder *holder)
{
	uint64_t hash = mix(holder->task ? holder->task->id : 1, thread_id(snap, holder->thread));
	hash = mix_text(hash, holder->evidence);
	hash = mix(hash, (uint64_t)holder->site.line);
	return mix_place(hash, holder->site.location);
}

static uint64_t hash_party(const struct aiodbg_snapshot *snap, const struct party *party)
{
	uint64_t hash = 0;
	if (party->task)
		hash = hash_task(snap, party->task);
	else if (party->thread >= 0)
		hash = hash_thread(snap, party->thread);
	for (size_t i = 0; i < party->held_count; i++) {
		const struct held *held = &party->held[i];
		hash = mix(hash, held->object ? held->object->addr : 0);
		hash = mix(hash, held->object ? (uint64_t)held->object->locked : 0);
		if (held->holder)
			hash = mix(hash, hash_holder(snap, held->holder));
	}
	return hash;
}

/* Which verdict it is: its kind and whom it names, in any order. */
static uint64_t verdict_identity(const struct aiodbg_snapshot *snap, const struct verdict *verdict)
{
	uint64_t parties = 0;
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct party *party = &verdict->parties[i];
		parties += mix(party->task ? party->task->id : 1, thread_id(snap, party->thread));
	}
	uint64_t hash = mix(verdict->kind + 1, verdict->loop ? verdict->loop->addr : 0);
	/* No key of a map is 0. */
	return mix(hash, parties) | 1;
}

static uint64_t verdict_evidence(const struct aiodbg_snapshot *snap, const struct verdict *verdict)
{
	uint64_t hash = verdict->loop ? mix(verdict->loop->state, verdict->loop->handle) : 0;
	for (size_t i = 0; i < verdict->party_count; i++)
		hash += hash_party(snap, &verdict->parties[i]);
	return hash;
}

/* ---- the look before ---- */

static const struct task *task_at(const struct aiodbg_snapshot *snap, uint64_t id)
{
	const struct node *node = snap ? graph_find(snap->graph, id) : NULL;
	const struct task *found = node ? node->task : NULL;
	/* Some have a node and are not listed. */
	bool is_listed = found && found->index < snap->tasks.count &&
			 snap->tasks.items[found->index] == found;
	return is_listed ? found : NULL;
}

static const struct task *task_before(const struct aiodbg_snapshot *snap, const struct task *task)
{
	return task_at(snap->before, task->id);
}

/* At that look it had moved, or was not there. */
static bool had_moved(const struct aiodbg_snapshot *between, const struct task *task)
{
	const struct task *then = task_at(between, task->id);
	return !then || !looks_task_stood_still(between, then);
}

const struct wait *looks_wait_before(const struct aiodbg_snapshot *snap, const struct task *task)
{
	const struct task *before = task_before(snap, task);
	return before ? &snap->before->waits->of_tasks[before->index] : NULL;
}

const struct loop *looks_loop_before(const struct aiodbg_snapshot *snap, const struct loop *loop)
{
	const struct loops *loops = snap->before ? &snap->before->waits->loops : NULL;
	for (size_t i = 0; loops && i < loops->count; i++) {
		const struct loop *before = &loops->items[i];
		if (before->addr == loop->addr &&
		    thread_id(snap->before, before->thread) == thread_id(snap, loop->thread))
			return before;
	}
	return NULL;
}

static ptrdiff_t thread_at(const struct aiodbg_snapshot *snap, uint64_t addr)
{
	for (size_t i = 0; i < snap->threads.count; i++) {
		if (snap->threads.items[i].addr == addr)
			return (ptrdiff_t)i;
	}
	return -1;
}

/* Its index in the look before, or -1. */
static ptrdiff_t thread_before(const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	return snap->before && thread >= 0 ? thread_at(snap->before, thread_id(snap, thread)) : -1;
}

const struct thread_facts *looks_thread_before(const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	ptrdiff_t before = thread_before(snap, thread);
	return before < 0 ? NULL : &snap->before->waits->threads[before];
}

bool looks_thread_stood_still(const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	ptrdiff_t before = thread_before(snap, thread);
	if (before < 0 || hash_thread(snap, thread) != hash_thread(snap->before, before))
		return false;
	const struct aiodbg_snapshot *between = snap->before->between;
	ptrdiff_t then = between ? thread_at(between, thread_id(snap, thread)) : -1;
	return !between || (then >= 0 && hash_thread(snap, thread) == hash_thread(between, then));
}

bool looks_thread_did_nothing(const struct aiodbg_snapshot *snap, ptrdiff_t thread)
{
	const struct thread_facts *facts = &snap->waits->threads[thread];
	const struct thread_facts *before = looks_thread_before(snap, thread);
	if (!looks_thread_stood_still(snap, thread))
		return false;
	if (facts->has_wait_count && before->has_wait_count &&
	    facts->wait_count != before->wait_count)
		return false;
	return !facts->has_ran || !before->has_ran || facts->ran - before->ran < RAN_SECONDS;
}

bool looks_task_is_the_same(const struct aiodbg_snapshot *snap, const struct task *task)
{
	const struct task *before = task_before(snap, task);
	return before && task->state != AIODBG_TASK_RUNNING &&
	       hash_task(snap, task) == hash_task(snap->before, before);
}

bool looks_task_stood_still(const struct aiodbg_snapshot *snap, const struct task *task)
{
	return snap->waits->moved && !snap->waits->moved[task->index];
}

/* It is said because a loop did not come to its work for a while. */
static bool is_timed(const struct verdict *verdict)
{
	return (verdict->kind == VERDICT_LOOP_BLOCKED || verdict->kind == VERDICT_LOOP_STARVED) &&
	       verdict->has_seconds && verdict->seconds > WATCHED_SECONDS &&
	       !verdict->loop->is_native;
}

bool looks_want_loop_watched(const struct aiodbg_snapshot *first, double seconds)
{
	const struct verdict_list *list = first->verdicts ? &first->verdicts->list : NULL;
	for (size_t i = 0; list && i < list->count; i++) {
		if (is_timed(&list->items[i]) && list->items[i].loop->watched < seconds)
			return true;
	}
	return false;
}

/* For how long nobody may have moved whom it names: it is said because they did not. */
static double patience(const struct verdict *verdict)
{
	/* An answer takes its time. */
	if (verdict->by_peers)
		return STANDING_SECONDS;
	switch (verdict->kind) {
	case VERDICT_EXHAUSTED:
	case VERDICT_CONVOY:
	case VERDICT_WONT_CANCEL:
	case VERDICT_STALLED:
	case VERDICT_STUCK_AT_EXIT:
	case VERDICT_FAILED:
		return STANDING_SECONDS;
	/* Unless that is proven. */
	case VERDICT_NEVER_RELEASED:
		return verdict->certainty == CERTAINTY_CERTAIN ? 0 : STANDING_SECONDS;
	case VERDICT_LOOP_STARVED:
		return verdict->spinning ? STILL_SECONDS : 0;
	case VERDICT_LOOP_GONE:
		return verdict->loop->state != LOOP_CLOSED ? STANDING_SECONDS : 0;
	default:
		return 0;
	}
}

double looks_wanted(const struct aiodbg_snapshot *second)
{
	const struct verdict_list *list = second->verdicts ? &second->verdicts->list : NULL;
	double most = 0;
	for (size_t i = 0; list && i < list->count; i++) {
		double seconds = is_timed(&list->items[i]) ? STILL_SECONDS
				 : list->items[i].hasty	   ? patience(&list->items[i])
							   : 0;
		most = seconds > most ? seconds : most;
	}
	return most;
}

int looks_compare(struct aiodbg_snapshot *snap, struct reader *reader)
{
	struct waits *waits = snap->waits;
	const struct aiodbg_snapshot *between = snap->before ? snap->before->between : NULL;
	if (!snap->before)
		return 0;
	waits->moved = arena_alloc(&snap->arena, (snap->tasks.count + 1) * sizeof(bool));
	if (!waits->moved)
		return error_no_memory(&reader->error);
	if (snap->has_began && snap->before->has_began)
		waits->apart = snap->began - snap->before->began;
	for (size_t i = 0; i < snap->tasks.count; i++) {
		int status = work_step(&reader->work);
		if (status)
			return status;
		const struct task *task = snap->tasks.items[i];
		waits->moved[i] = !looks_task_is_the_same(snap, task);
		if (between && !waits->moved[i])
			waits->moved[i] = had_moved(between, task);
		waits->moved_count += waits->moved[i] && task_is_pending(task);
	}
	return 0;
}

/* ---- verdicts ---- */

/*
 * The loop was in the same round at both looks. One that was stopped or frozen meanwhile could not
 * have polled. Which callback it is, is known if it was the same as well.
 */
static bool judge_blocked(const struct aiodbg_snapshot *snap, struct verdict *verdict)
{
	const struct loop *loop = verdict->loop, *before = looks_loop_before(snap, loop);
	if (!before || before->state != loop->state || snap->before->waits->stopped)
		return false;
	bool same_callback = before->handle == loop->handle && before->callback == loop->callback;
	if (!loop->has_since || !before->has_since)
		return same_callback && loop->handle &&
		       hash_thread(snap, loop->thread) == hash_thread(snap->before, before->thread);
	if (loop->since != before->since)
		return false;
	if (same_callback && loop->handle && verdict->certainty == CERTAINTY_CERTAIN)
		verdict->culprit = CERTAINTY_CERTAIN;
	else if (!same_callback && verdict->culprit == CERTAINTY_CERTAIN)
		verdict->culprit = CERTAINTY_LIKELY;
	return true;
}

/* The value of an entry is the verdict in the list of the look before. */
static bool judge(const struct aiodbg_snapshot *snap, const struct addrmap *known,
		  struct verdict *verdict)
{
	if (verdict->certainty > CERTAINTY_POSSIBLE &&
	    snap->before->waits->watched < patience(verdict)) {
		verdict->certainty = CERTAINTY_POSSIBLE;
		verdict->hasty = true;
	}
	if (verdict->settled)
		return true;
	if (verdict->kind == VERDICT_LOOP_BLOCKED)
		return judge_blocked(snap, verdict);
	const struct verdict *before = addrmap_get(known, verdict_identity(snap, verdict));
	if (!before)
		return false;
	if (before->certainty < verdict->certainty)
		verdict->certainty = before->certainty;
	if (verdict_evidence(snap, verdict) == verdict_evidence(snap->before, before))
		return true;
	/* A circle whose members move is none, and a loop whose tasks move is there. */
	verdict->certainty = CERTAINTY_POSSIBLE;
	return verdict->kind != VERDICT_DEADLOCK &&
	       (verdict->kind != VERDICT_LOOP_GONE || verdict->loop->state == LOOP_CLOSED);
}

int looks_judge(struct aiodbg_snapshot *snap, struct reader *reader)
{
	struct verdict_list *list = &snap->verdicts->list;
	struct addrmap known = {0};
	size_t kept = 0;
	int status = 0;
	if (!snap->before)
		return 0;
	const struct verdict_list *before = &snap->before->verdicts->list;
	for (size_t i = 0; !status && i < before->count; i++) {
		uint64_t identity = verdict_identity(snap->before, &before->items[i]);
		if (!addrmap_put(&known, identity, &before->items[i]))
			status = error_no_memory(&reader->error);
	}
	for (size_t i = 0; !status && i < list->count; i++) {
		if (judge(snap, &known, &list->items[i]))
			list->items[kept++] = list->items[i];
	}
	if (!status)
		list->count = kept;
	addrmap_deinit(&known);
	return status;
}
