/* SPDX-License-Identifier: MIT */
/*
 * Two looks at a process that runs: what was the same both times may be judged.
 *
 * The second snapshot knows the first while it is made. Each task is compared with itself, and
 * then each verdict: one that the first look did not give as well, word by word, is not given.
 */
#ifndef VERDICTS_LOOKS_H
#define VERDICTS_LOOKS_H

#include "memory/reader.h"
#include "verdicts/verdicts.h"

/*
 * Of a snapshot that has its waits: fill in waits.moved, if there was a look before. Returns 0,
 * AIODBG_NO_MEMORY, or what work_charge() does.
 */
int looks_compare(struct aiodbg_snapshot *snap, struct reader *reader);

/* Drop the verdicts that the look before does not bear out, and limit the others. Returns the
 * same. */
int looks_judge(struct aiodbg_snapshot *snap, struct reader *reader);

/* Whether the first look says of a loop that it does not come to its work, and that was not watched
 * for so long yet. */
bool looks_want_loop_watched(const struct aiodbg_snapshot *first, double seconds);

/* For how many seconds, of those that the process could use, the two looks have to be apart for all that
 * the second one says. */
double looks_wanted(const struct aiodbg_snapshot *second);

/* There were two looks, and this task was at the same place at both. */
bool looks_task_stood_still(const struct aiodbg_snapshot *snap, const struct task *task);

/* It was at the same place at the first one and is so now, wherever it was in between. */
bool looks_task_is_the_same(const struct aiodbg_snapshot *snap, const struct task *task);

/* Whether a thread, by its index, was at the same place at all looks. */
bool looks_thread_stood_still(const struct aiodbg_snapshot *snap, ptrdiff_t thread);

/* And it has neither run nor begun to wait anew meanwhile, as far as the system tells. */
bool looks_thread_did_nothing(const struct aiodbg_snapshot *snap, ptrdiff_t thread);

/* What the look before saw; NULL if there was none, or it was not there. */
const struct wait *looks_wait_before(const struct aiodbg_snapshot *snap, const struct task *task);
const struct thread_facts *looks_thread_before(const struct aiodbg_snapshot *snap,
					       ptrdiff_t thread);
const struct loop *looks_loop_before(const struct aiodbg_snapshot *snap, const struct loop *loop);

#endif
