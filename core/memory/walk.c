/* SPDX-License-Identifier: MIT */
/* Bounded walks. See memory/walk.h. */
#include "memory/walk.h"

#include "base/error.h"

#include <inttypes.h>

int walk_step(struct reader *reader, struct walk *walk, uint64_t addr)
{
	if (walk->steps >= walk->max)
		return error_at(&reader->error, AIODBG_LIMIT, addr, "more than %" PRIu64 " %s, cut",
				walk->max, walk->what);
	if (walk->steps > 0 && addr == walk->before) {
		walk->circle = walk->steps + 1 - walk->turn / 2;
		return error_at(&reader->error, AIODBG_CORRUPT, addr, "%s in a circle", walk->what);
	}
	if (++walk->steps == walk->turn) {
		walk->before = addr;
		walk->turn *= 2;
	}
	return work_step(&reader->work);
}
