/* SPDX-License-Identifier: MIT */
/* Finding the task that a user means. */
#ifndef SNAPSHOT_FIND_H
#define SNAPSHOT_FIND_H

#include "snapshot/model.h"

/* The task with that id, or NULL. */
struct task *find_task_with_id(const struct aiodbg_snapshot *snap, uint64_t id);

/*
 * The task that text means: an id ("0x7f..."), or a name that one task has, as it is or as
 * it is shown, escaped and shortened. Errors: AIODBG_NOT_FOUND with the nearest names,
 * AIODBG_USAGE with the ids if several tasks have that name, AIODBG_NO_MEMORY, and what
 * work_step() returns. A well-formed id that no task has sets err->address.
 */
int find_task(const struct aiodbg_snapshot *snap, const char *text, struct work *work,
	      struct aiodbg_error *err, struct task **ret);

/*
 * Write into buf, of size bytes and NUL-terminated, the next text that means a task and begins
 * with word: an id if word could be the start of one, else a name as it is shown (in ASCII if
 * unicode is false). *from is the index of the first task to look at, and is moved behind the
 * one that was found. Returns 0, AIODBG_NOT_FOUND, or AIODBG_NO_MEMORY. What does not fit into
 * buf is left out. After LIMIT_COMPLETION_STEPS tasks the text is empty, so that the caller may
 * stop.
 */
int find_completion(const struct aiodbg_snapshot *snap, const char *word, bool unicode,
		    size_t *from, char *buf, size_t size);

/* True if text is a number in hexadecimal, "0x..."; it is then in *ret. */
bool find_parse_id(const char *text, uint64_t *ret);

#endif
