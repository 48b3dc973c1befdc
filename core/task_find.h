/* SPDX-License-Identifier: MIT */
/* Finding the task that a user means. */
#ifndef TASK_FIND_H
#define TASK_FIND_H

#include "snapshot.h"

/* The task with that id, or NULL. */
struct task *task_with_id(const struct aiodbg_snapshot *snap, uint64_t id);

/*
 * The task that text means: an id ("0x7f..."), or a name that one task has, as it is or as
 * it is shown, escaped and shortened. Errors: AIODBG_NOT_FOUND with the nearest names,
 * AIODBG_USAGE with the ids if several tasks have that name, AIODBG_NO_MEMORY. A
 * well-formed id that no task has sets err->address.
 */
int task_find(const struct aiodbg_snapshot *snap, const char *text, struct aiodbg_error *err,
	      struct task **ret);

/* True if text is a number in hexadecimal, "0x..."; it is then in *ret. */
bool task_parse_id(const char *text, uint64_t *ret);

#endif
