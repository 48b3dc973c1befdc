/* SPDX-License-Identifier: MIT */
/* What everyone asks a snapshot. See snapshot/model.h. */
#include "snapshot/model.h"

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

int64_t snapshot_interp_id(const struct aiodbg_snapshot *snap, size_t index)
{
	return index < snap->interps.count ? snap->interps.items[index].id : -1;
}
