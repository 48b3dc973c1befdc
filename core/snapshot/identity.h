/* SPDX-License-Identifier: MIT */
/*
 * What tells a task or future from a later one at the same address. The addresses of all that
 * belongs to it may be the same as well: what ends last is what is made next. So of a task the
 * name counts, and of a future the tasks that await it.
 */
#ifndef SNAPSHOT_IDENTITY_H
#define SNAPSHOT_IDENTITY_H

#include "asyncio/future.h"

/* name is the one of a task. Leaves 0 for a target that does not change. */
int identity_read(struct decoder *decoder, const struct future *future, const char *name,
		  uint64_t *ret);

#endif
