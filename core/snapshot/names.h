/* SPDX-License-Identifier: MIT */
/* How tasks are called where people read it. */
#ifndef SNAPSHOT_NAMES_H
#define SNAPSHOT_NAMES_H

#include "snapshot/model.h"

struct reader;

/*
 * Give short names to tasks that are named by the module and qualified name of their coroutine, and
 * mark those whose name another one has. Returns 0, AIODBG_NO_MEMORY, or what work_step() does.
 */
int names_settle(struct aiodbg_snapshot *snap, struct reader *reader);

/* The last two parts of a dotted name, "<locals>" left out, if it is a module and qualname; else
 * NULL. Lives in the arena; *full is set if that has no room. */
const char *names_shorten(struct arena *arena, const char *name, const char *qualname, bool *full);

#endif
