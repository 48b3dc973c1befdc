/* SPDX-License-Identifier: MIT */
/* Tasks that a thread runs: their stacks are taken from the thread's frames. */
#ifndef SNAPSHOT_RUNNING_H
#define SNAPSHOT_RUNNING_H

#include "base/array.h"

struct builder;
struct task;

/* A task whose coroutine is on the stack of a thread. */
struct executing {
	struct task *task;
	/* 0 if it has none, or none is known. */
	uint64_t frame;
	/* Places outside of that frame, outermost first: compiled coroutines. */
	const struct location **outer;
	size_t outer_count;
};

ARRAY(executings, struct executing);

/* Give stacks to all tasks in the builder's list of those that are executing. */
int running_decode(struct builder *builder);

#endif
