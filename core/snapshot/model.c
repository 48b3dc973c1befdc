/* SPDX-License-Identifier: MIT */
/* What everyone asks a snapshot. See snapshot/model.h. */
#include "snapshot/model.h"

#include "base/ceilings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct aiodbg_problem *problem_create(struct arena *arena, const struct aiodbg_error *error)
{
	struct aiodbg_problem *problem = arena_alloc(arena, sizeof(*problem));
	if (!problem)
		return NULL;
	problem->code = error->code;
	problem->has_address = error->has_address;
	problem->address = error->address;
	problem->message = arena_string(arena, error->message, strlen(error->message));
	return problem->message ? problem : NULL;
}

bool snapshot_is_complete(const struct aiodbg_snapshot *snap)
{
	return !snap->problems && !snap->damaged_count && !snap->cut_count;
}

int64_t snapshot_interp_id(const struct aiodbg_snapshot *snap, size_t index)
{
	return index < snap->interps.count ? snap->interps.items[index].id : -1;
}

size_t task_write_name(struct output *out, const struct task *task, bool measure)
{
	char unnamed[LIMIT_C_STRING + 32];
	const char *name = task->short_name ? task->short_name : task->name;
	if (!name) {
		snprintf(unnamed, sizeof(unnamed), "<%s at 0x%" PRIx64 ">",
			 task->type ? task->type : "task", task->id);
		name = unnamed;
	}
	return measure ? output_safe_width(out, name, LIMIT_NAME_SHOWN)
		       : output_safe_as(out, AIODBG_ROLE_TASK, name, LIMIT_NAME_SHOWN);
}

const char *task_state_name(enum aiodbg_task_state state)
{
	static const char *const names[] = {
		[AIODBG_TASK_UNKNOWN] = "unreadable",  [AIODBG_TASK_PENDING] = "pending",
		[AIODBG_TASK_RUNNING] = "running",     [AIODBG_TASK_FINISHED] = "finished",
		[AIODBG_TASK_CANCELLED] = "cancelled",
	};
	return names[state];
}

bool edge_waits(const struct edge *edge)
{
	return edge->in_group != EDGE_STARTED;
}

bool task_is_awaited(const struct task *task)
{
	for (size_t i = 0; i < task->awaiter_count; i++) {
		if (task->awaiters[i].awaiter && edge_waits(&task->awaiters[i]))
			return true;
	}
	return false;
}

bool task_is_pending(const struct task *task)
{
	return task->state != AIODBG_TASK_FINISHED && task->state != AIODBG_TASK_CANCELLED;
}
