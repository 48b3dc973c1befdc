/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of a process that runs on: which one of several to show.
 *
 * What was read in the middle of a change contradicts itself: lists are broken, objects are
 * none. Such a snapshot is torn, and taken anew as a whole.
 */
#ifndef RETRY_H
#define RETRY_H

#include "snapshot.h"

/* Nothing is missing, nothing is damaged. */
bool retry_is_whole(const struct aiodbg_snapshot *snap);

/* More of the tasks in first are whole than of those in second; if as many, less is missing. */
bool retry_is_better(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second);

/* The same is wrong with both, so it was not for the process running on. */
bool retry_same_problems(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second);

#endif
