/* SPDX-License-Identifier: MIT */
/* See view/chains.h. */
#include "view/chains.h"

#include <string.h>

/* They may go round in a circle. */
#define CALLERS_MAX 64

const struct task *chains_parent(const struct task *task)
{
	const struct task *starter = NULL;
	for (size_t i = 0; i < task->awaiter_count; i++) {
		const struct edge *edge = &task->awaiters[i];
		if (edge->awaiter && edge_waits(edge))
			return edge->awaiter;
		starter = starter ? starter : edge->awaiter;
	}
	return starter;
}

const char *chains_request(const struct task *task)
{
	for (int i = 0; task && i < CALLERS_MAX; i++) {
		if (task->request)
			return task->request;
		task = chains_parent(task);
	}
	return NULL;
}

static const struct wait *wait_of(const struct aiodbg_snapshot *snap, const struct task *task)
{
	return snap->waits && task->state == AIODBG_TASK_PENDING
		       ? &snap->waits->of_tasks[task->index]
		       : NULL;
}

ptrdiff_t chains_thread(const struct aiodbg_snapshot *snap, const struct task *task)
{
	const struct wait *wait = wait_of(snap, task);
	bool is_worker = wait && (wait->kind == WAIT_EXECUTOR || wait->kind == WAIT_THREAD);
	return is_worker && !wait->queued ? wait->thread : -1;
}

const struct primitive *chains_shared(const struct aiodbg_snapshot *snap, const struct task *task)
{
	const struct wait *wait = wait_of(snap, task);
	const struct primitive *object = wait ? wait->kept_in : NULL;
	if (wait && !object)
		object = wait->object;
	return object && object->waiter_count > 1 ? object : NULL;
}

uint64_t chains_hash_reason(const struct aiodbg_snapshot *snap, const struct task *task)
{
	const struct wait *wait = wait_of(snap, task);
	const struct primitive *shared = chains_shared(snap, task);
	uint64_t hash = hash_mix(1, (uint64_t)(uintptr_t)view_state(snap, task));
	hash = hash_mix(hash, task->is_copy);
	if (!wait)
		return hash;
	hash = hash_mix(hash, (uint64_t)wait->kind);
	hash = hash_mix(hash, wait->not_started);
	return hash_mix(hash, shared ? shared->addr : 0);
}

uint64_t chains_hash_request(const struct task *task)
{
	uint64_t hash = 2;
	for (const char *c = task->request; c && *c; c++) {
		size_t digits = strspn(c, "0123456789");
		hash = hash_mix(hash, digits ? '*' : (unsigned char)*c);
		c += digits ? digits - 1 : 0;
	}
	return hash;
}

void chains_visit(struct framing *framing, const struct aiodbg_snapshot *snap,
		  const struct task *task, chains_visit_fn *visit, void *arg)
{
	bool has_own = false;
	ptrdiff_t thread = chains_thread(snap, task);
	for (size_t i = task->depth; i > 0; i--) {
		if (!own_is(&framing->own, task->stack[i - 1]->code))
			continue;
		has_own = true;
		visit(task->stack[i - 1], arg);
	}
	const struct thread_facts *facts = thread >= 0 ? &snap->waits->threads[thread] : NULL;
	for (size_t i = facts ? facts->depth : 0; i > 0; i--) {
		if (!own_is(&framing->own, facts->stack[i - 1]->code))
			continue;
		has_own = true;
		visit(facts->stack[i - 1], arg);
	}
	if (has_own || !task->depth)
		return;
	if (task->depth > 1)
		visit(task->stack[task->depth - 1], arg);
	visit(task->stack[0], arg);
}
