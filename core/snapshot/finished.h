/* SPDX-License-Identifier: MIT */
/*
 * Tasks that have ended, as far as memory still leads to them: in variables of frames, in what these
 * refer to a few steps further, and in what somebody awaits. CPython itself keeps no list of them.
 */
#ifndef SNAPSHOT_FINISHED_H
#define SNAPSHOT_FINISHED_H

#include "snapshot/builder.h"

/*
 * Add a node for each task, ended or not, that the frames of the tasks and threads of an interpreter
 * lead to: threads from first_thread, tasks from first_task on. The nodes are not decoded yet. What
 * can't be read leads nowhere. Fails only fatally.
 */
int finished_find(struct builder *builder, size_t first_thread, size_t first_task);

/* How the tasks of the snapshot that have ended did so: task.result, task.exception. */
int finished_read_outcomes(struct decoder *decoder, struct aiodbg_snapshot *snap);

#endif
