/* SPDX-License-Identifier: MIT */
/* Which of several snapshots to show. See retry.h. */
#include "retry.h"

#include <string.h>

bool retry_is_whole(const struct aiodbg_snapshot *snap)
{
	return !snap->problem_count && !snap->damaged_count;
}

bool retry_is_better(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second)
{
	if (retry_is_whole(first) || retry_is_whole(second))
		return !retry_is_whole(second);
	size_t whole = first->tasks.count - first->damaged_count;
	size_t other = second->tasks.count - second->damaged_count;
	if (whole != other)
		return whole > other;
	return first->problem_count + first->damaged_count <
	       second->problem_count + second->damaged_count;
}

static bool same_list(const struct aiodbg_problem *first, const struct aiodbg_problem *second)
{
	while (first && second && first->code == second->code &&
	       first->address == second->address && !strcmp(first->message, second->message)) {
		first = first->next;
		second = second->next;
	}
	return !first && !second;
}

bool retry_same_problems(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second)
{
	if (first->tasks.count != second->tasks.count ||
	    first->damaged_count != second->damaged_count ||
	    !same_list(first->problems, second->problems))
		return false;
	for (size_t i = 0; i < first->tasks.count; i++) {
		const struct task *task = first->tasks.items[i], *other = second->tasks.items[i];
		if (task->id != other->id || !same_list(task->problems, other->problems))
			return false;
	}
	return true;
}
