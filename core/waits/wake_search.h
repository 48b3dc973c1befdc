/* SPDX-License-Identifier: MIT */
/* Whom something wakes: the tasks whose futures it leads to. */
#ifndef WAITS_WAKE_SEARCH_H
#define WAITS_WAKE_SEARCH_H

#include "base/addrmap.h"
#include "waits/waits.h"

ARRAY(loop_tasks, const struct task *);

/* Tasks of by_future that wait for a future that references lead to from an object, but through the
 * loop. */
int wake_search(struct decoder *decoder, uint64_t loop, const struct addrmap *by_future,
		uint64_t from, struct loop_tasks *found);

#endif
