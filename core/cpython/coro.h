/* SPDX-License-Identifier: MIT */
/*
 * Coroutines, generators and async generators, and what they await:
 * Include/internal/pycore_genobject.h, Objects/genobject.c.
 */
#ifndef CPYTHON_CORO_H
#define CPYTHON_CORO_H

#include "base/array.h"
#include "cpython/frame.h"

ARRAY(stack, const struct location *);

enum coro_state {
	CORO_CREATED,
	CORO_SUSPENDED,
	/* On the stack of a thread, which has the frames. */
	CORO_EXECUTING,
	CORO_FINISHED,
	/* Not a coroutine of CPython's own: what it does cannot be seen. */
	CORO_FOREIGN,
};

struct coro {
	enum coro_state state;
	/* Address of the interpreter frame of the coroutine itself; if it is a compiled one that
	 * runs, of the first in its chain that has one, or 0. */
	uint64_t frame;
	/* The future at the end of the chain; 0 if it ends otherwise. */
	uint64_t future;
	/* How many of the places, from the outermost on, are of coroutines that await each
	 * other directly, which is as far as cr_await leads. */
	size_t coroutines;
	bool is_indirect;
	/* It ends in an object of which nothing is known: the last place stands for it. */
	bool is_cut;
};

/*
 * Follow the coroutine at addr through all that it awaits. The places are appended to
 * stack, outermost first. If this fails, stack has what could be read.
 */
int coro_walk(struct decoder *decoder, uint64_t addr, struct stack *stack, struct coro *ret);

/* A frame of such a chain, with the coroutine or generator that it belongs to. */
struct coro_frame {
	uint64_t object;
	struct frame frame;
};
ARRAY(coro_frames, struct coro_frame);

/* The same, with the frames themselves: their variables and stacks can be read. */
int coro_walk_frames(struct decoder *decoder, uint64_t addr, struct coro_frames *frames,
		     struct coro *ret);

/*
 * The frame of the coroutine, generator or async generator at addr, also of one that runs.
 * frame->location is NULL if it is finished.
 */
int coro_frame(struct decoder *decoder, uint64_t addr, enum coro_state *state, struct frame *frame);

#endif
