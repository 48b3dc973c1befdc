/* SPDX-License-Identifier: MIT */
/*
 * tuple, list and collections.deque: Include/cpython/tupleobject.h, Include/cpython/listobject.h,
 * Modules/_collectionsmodule.c.
 */
#ifndef CPYTHON_SEQUENCE_H
#define CPYTHON_SEQUENCE_H

#include "cpython/decoder.h"

/* Called for each item. A value other than 0 ends the walk and is returned. */
typedef int sequence_visit_fn(struct decoder *decoder, uint64_t item, void *arg);

/*
 * Visit the items of the tuple, list or deque at addr, in order. Items that are NULL are
 * left out. Fails with AIODBG_LIMIT behind LIMIT_SEQUENCE items.
 */
int sequence_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg);

/* Visit the items of the _queue.SimpleQueue at addr, in the order in which they will be taken. */
int simple_queue_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg);

/* How many items the tuple, list, deque, set or dict at addr has, or says that it has. */
int container_length(struct decoder *decoder, uint64_t addr, uint64_t *ret);

/* The index-th item of the tuple at addr. Fails if there are fewer. */
int tuple_item(struct decoder *decoder, uint64_t addr, uint64_t index, uint64_t *ret);

#endif
