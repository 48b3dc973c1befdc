/* SPDX-License-Identifier: MIT */
/*
 * What an exception keeps of the functions that it ended: Include/cpython/pyerrors.h,
 * Include/cpython/traceback.h.
 */
#ifndef CPYTHON_TRACEBACK_H
#define CPYTHON_TRACEBACK_H

#include "cpython/frame.h"

/* object is the frame object, which is what has references. A value other than 0 ends the walk and
 * is returned. */
typedef int traceback_visit_fn(struct decoder *decoder, uint64_t object, const struct frame *frame,
			       void *arg);

/*
 * Visit the frames in the tracebacks of an exception, of what caused it and of what was handled
 * when it was raised: only frames that have ended, whose variables are theirs alone, each traceback
 * from the outermost on. A frame may be in several.
 */
int exception_visit_frames(struct decoder *decoder, uint64_t exception, traceback_visit_fn *visit,
			   void *arg);

/* The same of one traceback, of which the exception is not known; 0 has none. */
int traceback_visit_frames(struct decoder *decoder, uint64_t traceback, traceback_visit_fn *visit,
			   void *arg);

#endif
