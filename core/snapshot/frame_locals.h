/* SPDX-License-Identifier: MIT */
/* The local variables of each frame of a stack, as text. */
#ifndef SNAPSHOT_FRAME_LOCALS_H
#define SNAPSHOT_FRAME_LOCALS_H

#include "cpython/interp.h"

struct local_value {
	const char *name, *value;
};

/* In the arena. */
struct local_values {
	struct local_value *items;
	size_t count;
};

/*
 * The variables of a stack, innermost first: one entry of ret, which has room, for each place. frames
 * are those that the stack was made from, in the same order; it may lack some of them, and have
 * others, of which nothing is known. What can't be read is left out. Fails only fatally.
 */
int frame_locals_read(struct decoder *decoder, const struct thread_frames *frames,
		      const struct location *const *stack, size_t depth, struct local_values *ret);

#endif
