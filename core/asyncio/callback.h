/* SPDX-License-Identifier: MIT */
/*
 * Callbacks of futures, and whom they wake: the only record of who waits that every
 * version has. The functions are those of Lib/asyncio; each is known by its name, the
 * file it is from, and the variable that it closes over.
 */
#ifndef ASYNCIO_CALLBACK_H
#define ASYNCIO_CALLBACK_H

#include "cpython/decoder.h"
#include "cpython/sequence.h"

/*
 * Visit the tasks and futures that are woken when the callback at addr runs: none for a
 * callback of the user's, several where a queue is in between (as_completed). *group is the task
 * group that owns the task which has the callback, or 0: then the one that is visited owns the
 * group, and waits for the task only when it leaves that.
 */
int callback_visit(struct decoder *decoder, uint64_t addr, uint64_t *group,
		   sequence_visit_fn *visit, void *arg);

#endif
