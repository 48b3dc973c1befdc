/* SPDX-License-Identifier: MIT */
/*
 * Where a runtime keeps its tasks: the lists of threads and interpreters (tasks in C,
 * 3.14 and later), and the sets of asyncio.tasks and _asyncio (all others).
 */
#ifndef ASYNCIO_FIND_TASKS_H
#define ASYNCIO_FIND_TASKS_H

#include "cpython/modules.h"
#include "snapshot/build.h"

/* Called for each task that is found; one may be found twice. thread is an index, or -1. */
typedef int task_found_fn(void *arg, uint64_t addr, ptrdiff_t thread, enum task_source source);

struct task_search {
	struct decoder *decoder;
	const struct interps *interps;
	const struct threads *threads;
	task_found_fn *found;
	note_fn *note;
	void *arg;
	/* Those before are of other interpreters: there may be thousands of both. */
	size_t first_thread;
};

/* Tasks in the lists of the index-th interpreter and its threads. */
int tasks_in_lists(const struct task_search *search, size_t interp);

/* Tasks in the sets of an interpreter's modules. */
int tasks_in_sets(const struct task_search *search, const struct modules *modules);

#endif
