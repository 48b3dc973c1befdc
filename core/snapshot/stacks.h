/* SPDX-License-Identifier: MIT */
/*
 * Stacks of tasks, most of which stand where others stand: one array for each different stack. Who looks
 * at stacks knows one again by its address.
 */
#ifndef SNAPSHOT_STACKS_H
#define SNAPSHOT_STACKS_H

#include "base/addrmap.h"
#include "base/arena.h"
#include "cpython/code.h"

struct shared_stack;

struct stacks {
	/* By a hash of what they are. */
	struct addrmap known;
	/* What was asked for last. */
	struct shared_stack *last;
};

/*
 * The stack of these places, in the other order: the first is the outermost. NULL: no memory. What it
 * returns is shared and stays as it is.
 */
const struct location **stacks_get(struct stacks *stacks, struct arena *arena,
				   const struct location *const *places, size_t count);
void stacks_deinit(struct stacks *stacks);

/* What was found out of a stack, for the next task that has it. */
struct stack_fact {
	/* NULL: nothing. */
	const struct location *const *stack;
	uint64_t value;
};

#define STACK_FACTS 256

/* All zero is empty. As many as fit: another stack may take the place. */
struct stack_facts {
	struct stack_fact items[STACK_FACTS];
};

/* Its place: what is there is about this stack if fact->stack says so. */
static inline struct stack_fact *stack_facts_at(struct stack_facts *facts,
						const struct location *const *stack)
{
	uint64_t hash = (uint64_t)(uintptr_t)stack * 0x9e3779b97f4a7c15;
	return &facts->items[hash >> 32 & (STACK_FACTS - 1)];
}

#endif
