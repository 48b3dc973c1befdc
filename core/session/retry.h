/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of a process that runs on: taken anew until one is whole.
 *
 * What was read in the middle of a change contradicts itself: lists are broken, objects are
 * none. Such a snapshot is torn. The first one is decoded as that of a stopped process; if the
 * process did not run meanwhile, it is exact. In the others each task is decoded until it stays
 * the same while that is done.
 */
#ifndef SESSION_RETRY_H
#define SESSION_RETRY_H

#include "session/session.h"
#include "snapshot/model.h"

/*
 * A snapshot of the target, or the best of 1 + options.retries. request may be NULL; so may
 * before, an earlier one that it is compared with. Errors of all but the last are forgotten,
 * unless there is no point in going on.
 */
int retry_snapshot(struct aiodbg *dbg, const struct aiodbg_request *request,
		   const struct aiodbg_snapshot *before, struct aiodbg_error *err,
		   struct aiodbg_snapshot **ret);

/* Nothing is missing, nothing is damaged. */
bool retry_is_whole(const struct aiodbg_snapshot *snap);

/* More of the tasks in first are whole than of those in second; if as many, less is missing. */
bool retry_is_better(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second);

/* The same is wrong with both, so it was not for the process running on. */
bool retry_same_problems(const struct aiodbg_snapshot *first, const struct aiodbg_snapshot *second);

#endif
