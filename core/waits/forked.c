/* SPDX-License-Identifier: MIT */
/*
 * Locks that were held when a process was forked, by a thread of the parent, and that name no owner: what
 * has been copied is locked for good. That shows where all threads that the process has want such a
 * lock: of these, nobody is seen to have it, and there is nobody else.
 */
#include "base/error.h"
#include "cpython/callable.h"
#include "process/family.h"
#include "waits/waiting.h"

static bool wants_lock(const struct wait *wait)
{
	const struct primitive *lock = wait->object;
	return wait->blocked && !wait->has_timeout && wait->certainty == CERTAINTY_CERTAIN &&
	       lock && lock->kind == PRIMITIVE_THREAD_LOCK && lock->locked == 1 &&
	       !lock->holders.count;
}

/* Whether it was forked, and has no other threads than those, which might be of some library in C. */
static bool is_alone(const struct waiting *waiting)
{
	uint32_t pid = waiting->decoder->reader.cache.target->local_pid;
	return pid && family_is_forked(pid) == 1 &&
	       family_thread_count(pid) == waiting->snap->threads.count;
}

/* Who waits in acquire() rather than in a with statement may do so until a signal comes, whose handler gives
 * the lock back. */
static int may_mean_it(struct waiting *waiting, size_t thread, bool *ret)
{
	const struct thread_facts *facts = &waiting->waits->threads[thread];
	*ret = true;
	if (!facts->depth)
		return 0;
	int status = code_mentions(waiting->decoder, facts->stack[0]->code, "acquire", ret);
	return error_is_fatal(status) ? status : 0;
}

int forked_read(struct waiting *waiting)
{
	const struct aiodbg_snapshot *snap = waiting->snap;
	struct wait *waits = waiting->waits->of_threads;
	bool all = snap->threads.count && !snap->problem_count && !waiting_has_gaps(waiting);
	int status = 0;
	for (size_t i = 0; !status && all && i < snap->threads.count; i++) {
		bool means_it = false;
		all = wants_lock(&waits[i]);
		if (all)
			status = may_mean_it(waiting, i, &means_it);
		all = all && !means_it;
	}
	if (status || !all || !is_alone(waiting))
		return status;
	for (size_t i = 0; i < snap->threads.count; i++)
		waits[i].object->owner_gone = true;
	return 0;
}
