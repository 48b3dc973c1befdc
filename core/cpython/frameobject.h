/* SPDX-License-Identifier: MIT */
/* Frame objects, which all frames were up to 3.10: Include/cpython/frameobject.h. */
#ifndef CPYTHON_FRAMEOBJECT_H
#define CPYTHON_FRAMEOBJECT_H

#include "cpython/frame.h"

/* What a frame object's state fields add up to. */
enum frameobject_state {
	FRAMEOBJECT_CREATED,
	FRAMEOBJECT_SUSPENDED,
	FRAMEOBJECT_EXECUTING,
	FRAMEOBJECT_FINISHED,
};

/*
 * Read the frame object at addr. qualname is the address of its generator's, or 0 if that
 * is still to be looked up. Fills what struct frame has; stackpointer is behind the topmost
 * value of a suspended frame.
 */
int frameobject_read(struct decoder *decoder, uint64_t addr, uint64_t qualname, struct frame *ret,
		     enum frameobject_state *state);

#endif
