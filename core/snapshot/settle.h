/* SPDX-License-Identifier: MIT */
/* What has changed since it was decoded, of a target that runs on. */
#ifndef SNAPSHOT_SETTLE_H
#define SNAPSHOT_SETTLE_H

#include "asyncio/find_tasks.h"

struct builder;

/*
 * Tasks that were found where no task is any more have ended meanwhile, unless they are still
 * to be found: then they are damaged.
 */
int settle_ended(struct builder *builder, const struct task_search *search, size_t interp,
		 const struct modules *modules);

/*
 * Each node was right when it was decoded. Where it does not fit to what its awaiters were
 * later, it is decoded again, and they are.
 */
int settle_links(struct builder *builder);

#endif
