/* SPDX-License-Identifier: MIT */
/*
 * The with and async with statements whose body a frame is in.
 *
 * What such a statement will call in the end is on the frame's stack at a place that the frame
 * itself tells: up to 3.10 by its blocks, since 3.11 by the exception table of its code. That holds
 * while the frame runs as well. A with that is still being entered, or already left, is none.
 */
#ifndef CPYTHON_WITH_H
#define CPYTHON_WITH_H

#include "cpython/frame.h"

struct with {
	/* What it will call: a bound method, a builtin method, or a function (with self), or any
	 * other object that can be called. */
	uint64_t exit;
	/* The context manager: what the exit is bound to; 0 if it is not known. */
	uint64_t self;
	/* Where on the stack the upper of the one or two values is: stack_get(). */
	uint64_t slot;
	/* Place of the with statement; line is -1 if it is not known. */
	struct position position;
	bool is_async;
};

/* A value other than 0 ends the walk and is returned. */
typedef int with_visit_fn(struct decoder *decoder, const struct with *with, void *arg);

/* Visit them, the innermost first. */
int withs_visit(struct decoder *decoder, const struct frame *frame, with_visit_fn *visit,
		void *arg);

#endif
