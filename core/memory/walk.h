/* SPDX-License-Identifier: MIT */
/*
 * Following pointers from object to object, in memory that may hold anything: every such
 * loop of ours is one walk, which ends at a ceiling, and notices when it goes in circles.
 */
#ifndef MEMORY_WALK_H
#define MEMORY_WALK_H

#include "memory/reader.h"

struct walk {
	/* What the objects are, for messages: "threads". */
	const char *what;
	uint64_t max;
	/* Brent's algorithm: an object met before is compared with all that follow, and
	 * replaced by a later one at ever longer distances. */
	uint64_t before, steps, turn;
	/* Objects in the circle, once it was noticed. Then all of them have been seen, some more
	 * than once. */
	uint64_t circle;
};

static inline struct walk walk_begin(const char *what, uint64_t max)
{
	return (struct walk){.what = what, .max = max, .turn = 1};
}

/*
 * To be called with the address of each object before it is looked at. Returns 0 to go
 * on; AIODBG_LIMIT, AIODBG_CORRUPT for a circle, AIODBG_INTERRUPTED, with the error set.
 */
int walk_step(struct reader *reader, struct walk *walk, uint64_t addr);

#endif
