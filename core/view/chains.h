/* SPDX-License-Identifier: MIT */
/*
 * What tells two tasks apart for somebody who reads a list of groups, or a tree in which equal parts are
 * drawn once: their own frames, what they wait for and the request they serve, but no ids, names, files
 * and peers.
 */
#ifndef VIEW_CHAINS_H
#define VIEW_CHAINS_H

#include "view/framing.h"
#include "view/view.h"
#include "waits/waits.h"

/* Mix another value into a hash. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

/* The first task that waits for this one, or else that has started it; NULL: there is none. That may
 * go round in a circle. */
const struct task *chains_parent(const struct task *task);

/* The request that a task serves, or those who wait for it; NULL: none is known. */
const char *chains_request(const struct task *task);

/* The thread that works for a task which waits for that, an index; or -1. */
ptrdiff_t chains_thread(const struct aiodbg_snapshot *snap, const struct task *task);

/* What a task waits for, if others wait for the same: an address, or 0. */
const struct primitive *chains_shared(const struct aiodbg_snapshot *snap, const struct task *task);

/* Of its state and reason; and of its request, in which numbers are the same. */
uint64_t chains_hash_reason(const struct aiodbg_snapshot *snap, const struct task *task);
uint64_t chains_hash_request(const struct task *task);

/* Visit the frames of a chain's link, outermost first: the own ones of the task, then those of the thread
 * that works for it; or, if there are none, its outermost and its innermost one. */
typedef void chains_visit_fn(const struct location *location, void *arg);
void chains_visit(struct framing *framing, const struct aiodbg_snapshot *snap,
		  const struct task *task, chains_visit_fn *visit, void *arg);

#endif
