/* SPDX-License-Identifier: MIT */
/*
 * The values that a frame's expressions have left on its stack, above its variables: what it
 * calls, iterates over, has entered with a with statement.
 */
#ifndef CPYTHON_STACK_H
#define CPYTHON_STACK_H

#include "cpython/frame.h"

struct stack_value {
	/* Counted from the bottom, and where it is. */
	uint64_t index, addr;
	/* The object; never 0. */
	uint64_t value;
	/* The frame does not own a reference to it: it is not counted in the object. */
	bool borrowed;
};

/* A value other than 0 ends the walk and is returned. */
typedef int stack_visit_fn(struct decoder *decoder, const struct stack_value *value, void *arg);

/*
 * Visit what is on the stack of a frame, from the bottom. *exact is whether its depth is known:
 * if not, all that it may have is visited, of which some are left from before and may be anything.
 * Slots without an object are left out.
 */
int stack_visit(struct decoder *decoder, const struct frame *frame, bool *exact,
		stack_visit_fn *visit, void *arg);

/* The index-th value from the bottom; 0 if it is no object. Fails if the stack has no room for it. */
int stack_get(struct decoder *decoder, const struct frame *frame, uint64_t index, uint64_t *ret);

#endif
