/* SPDX-License-Identifier: MIT */
/* Around the objects of a heap: _PyRuntime, interpreters, threads and their lists. */
#ifndef HEAP_PROCESS_H
#define HEAP_PROCESS_H

#include "heap_program.h"

/* The kernel's id of the first thread. */
#define HEAP_TID 4242

/*
 * _PyRuntime, known by its symbol, and asyncio's table, known by its section (3.14); one
 * interpreter with sys.modules, and one thread that runs heap.loop, without a frame.
 * items are modules that are added to the usual ones, or that replace one of the same
 * name.
 */
void heap_start(struct heap *heap, const struct heap_item *items, size_t count);

/* More in front of the lists, as CPython adds them. */
uint64_t heap_add_interp(struct heap *heap, int64_t id);
uint64_t heap_add_thread(struct heap *heap, uint64_t interp, uint64_t tid);

/* What a thread runs: where each version has it; a task is of the first thread. */
void heap_run_loop(struct heap *heap, uint64_t thread, uint64_t loop);
void heap_run_frame(struct heap *heap, uint64_t thread, uint64_t frame);
void heap_run_task(struct heap *heap, uint64_t task);

/* The lists of tasks (3.14), and adding to one at its end. */
uint64_t heap_thread_list(const struct heap *heap, uint64_t thread);
uint64_t heap_interp_list(const struct heap *heap, uint64_t interp);
void heap_link(struct heap *heap, uint64_t list, uint64_t task);

/* heap_task() in the list of the first thread, or before 3.14 in the set of all tasks. */
uint64_t heap_add_task(struct heap *heap, const char *name, uint64_t coro);

/* Words of a published table that say what the layout says. */
void heap_put_published(struct heap *heap, uint64_t addr, const struct published_table *published);

#endif
