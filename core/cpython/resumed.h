/* SPDX-License-Identifier: MIT */
/*
 * What a coroutine that runs has resumed: the next one of its chain, which runs as well. It is on
 * the stack of the frame, and up to the innermost frame of the thread that would be all there is
 * to know, but for compiled coroutines, which have no frame, and greenlets, whose frames are a
 * chain of their own.
 */
#ifndef CPYTHON_RESUMED_H
#define CPYTHON_RESUMED_H

#include "cpython/coro.h"

/*
 * Append the compiled coroutines that the coroutine with this frame has resumed, the outermost
 * first, and a foreign place where it is not known what the last one has called. *ret is the frame of the first other one, 0 if there is none. What cannot be read is
 * passed over.
 */
int resumed_read(struct decoder *decoder, const struct frame *frame, struct stack *compiled,
		 uint64_t *ret);

#endif
