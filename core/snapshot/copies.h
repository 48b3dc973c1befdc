/* SPDX-License-Identifier: MIT */
/*
 * Tasks that fork(2) has copied. A child has the memory of its parent, and so its loops, their
 * tasks and, of the thread that forked, the frames: nothing of that runs in the child.
 */
#ifndef SNAPSHOT_COPIES_H
#define SNAPSHOT_COPIES_H

#include "snapshot/builder.h"

/*
 * Of the threads from first on, move running loops that another process recorded to copied_loop.
 * To be called before anything asks which thread runs a loop.
 */
void copies_drop_loops(struct builder *builder, size_t first);

/* Mark the tasks of copied loops. To be called once stacks of running tasks are known. */
int copies_find(struct builder *builder);

#endif
