/* SPDX-License-Identifier: MIT */
/* An event loop in a heap, and what is decoded of it. */
#ifndef HEAP_LOOP_H
#define HEAP_LOOP_H

#include "heap_process.h"
#include "loops/loop_detail.h"

/* A Handle of asyncio; args may be 0. And one with a time. */
uint64_t heap_handle(struct heap *heap, uint64_t callback, uint64_t args);
uint64_t heap_timer(struct heap *heap, uint64_t callback, uint64_t args, double when);
/* A function of that name in a file of asyncio's: "futures.py". */
uint64_t heap_asyncio_function(struct heap *heap, const char *name, const char *file);
/* What a selector has for a file: a handle of each side, or None. */
uint64_t heap_selector_key(struct heap *heap, uint64_t events, uint64_t reader, uint64_t writer);
/* A selector with a dict of these. */
uint64_t heap_selector(struct heap *heap, const uint64_t *fds, const uint64_t *keys, size_t count);
/* A task that waits for a future. */
uint64_t heap_waiting_task(struct heap *heap, const char *name, uint64_t future);

/* Decodes with these wants, loop and tid: see struct aiodbg_request. */
struct aiodbg_snapshot *heap_decode(struct heap *heap, uint32_t wants, uint64_t loop, uint64_t tid);

static inline void heap_snapshot_destroy(struct aiodbg_snapshot **snap)
{
	aiodbg_snapshot_destroy(*snap);
}

/* Declares a snapshot with everything about heap.loop, which is freed at the end of the scope. */
#define LOOP_SNAPSHOT(name, heap)                                                                  \
	struct aiodbg_snapshot *name                                                               \
		__attribute__((cleanup(heap_snapshot_destroy))) = heap_decode(                     \
			&(heap), AIODBG_WANT_WAITS | AIODBG_WANT_LOOPS, (heap).loop, 0);           \
	ck_assert_ptr_nonnull((name)->loop_list->detail)

#endif
