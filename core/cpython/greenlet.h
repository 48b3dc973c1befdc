/* SPDX-License-Identifier: MIT */
/*
 * Greenlets, with which SQLAlchemy calls plain functions that await: greenlet's
 * PyGreenlet and TGreenlet (greenlet 2 and later).
 *
 * The coroutine greenlet_spawn has the greenlet in its variable "context". While that is
 * suspended, the C++ object that it points to has its innermost frame; where, differs from
 * version to version, so it is found by its type.
 */
#ifndef CPYTHON_GREENLET_H
#define CPYTHON_GREENLET_H

#include "cpython/coro.h"

/*
 * Append the frames of the greenlet that the frame of greenlet_spawn runs, the innermost first;
 * none while the greenlet itself runs, or is finished. *greenlet is its address, 0 if it is none.
 */
int greenlet_frames(struct decoder *decoder, const struct frame *spawn, struct coro_frames *ret,
		    uint64_t *greenlet);

#endif
