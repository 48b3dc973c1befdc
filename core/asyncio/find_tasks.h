/* SPDX-License-Identifier: MIT */
/*
 * Where a runtime keeps its tasks: the lists of threads and interpreters (tasks in C,
 * 3.14 and later), and the sets of asyncio.tasks and _asyncio (all others).
 */
#ifndef ASYNCIO_FIND_TASKS_H
#define ASYNCIO_FIND_TASKS_H

#include "cpython/modules.h"

/* Where a task was found, in the order in which they are searched. */
enum task_source {
	/* The list of a thread, and of an interpreter for threads that ended: tasks in C. */
	TASK_IN_THREAD,
	TASK_IN_INTERP,
	/* Sets in the module asyncio.tasks. */
	TASK_IN_SCHEDULED,
	TASK_IN_EAGER,
	TASK_IN_ALL,
	/* Sets in the module _asyncio, of tasks that are none of its own. */
	TASK_IN_FOREIGN,
	TASK_IN_FOREIGN_EAGER,
	/* In none of these, but awaits another, or was asked for. */
	TASK_IN_NONE,
	/* Only a variable leads to it, or an object that one does. */
	TASK_IN_VARIABLE,
	TASK_SOURCE_COUNT,
};

/* True for lists that only tasks in C are in. */
static inline bool task_source_is_list(enum task_source source)
{
	return source <= TASK_IN_INTERP;
}

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
int find_tasks_in_lists(const struct task_search *search, size_t interp);

/* Tasks in the sets of an interpreter's modules. */
int find_tasks_in_sets(const struct task_search *search, const struct modules *modules);

#endif
