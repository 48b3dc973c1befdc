/* SPDX-License-Identifier: MIT */
/* Where each thread is and what it does: the part of a snapshot that `asyncio threads` shows. */
#ifndef WAITS_THREADS_H
#define WAITS_THREADS_H

#include "snapshot/frame_locals.h"
#include "waits/waits.h"

enum thread_state {
	THREAD_UNKNOWN,
	/* It has the global interpreter lock. */
	THREAD_RUNS,
	/* Its loop waits for events. */
	THREAD_SELECTS,
	/* For what, waits.of_threads says. */
	THREAD_WAITS,
	/* Of an executor, and waits for work. */
	THREAD_IDLE_WORKER,
	/* It is in a function of C. */
	THREAD_IN_C,
};

/* A thread of the system. It has a thread state in each interpreter that it has entered. */
struct thread_row {
	/* Index in snapshot.threads of the state whose frames are the innermost: thread_list.next
	 * leads to those around it. */
	size_t first;
	enum thread_state state;
	/* 1 if it has the lock of its interpreter; 0 if not; -1: not known. */
	int has_gil;
	/* The function of C that its innermost frame calls; NULL: none, or not known. */
	const char *calls;
	enum certainty calls_certainty;
	/* Its innermost own frame, or the innermost if none is; NULL: it has none. */
	const struct location *place;
};

/* The stack of one thread, through all of its interpreters, innermost first. */
struct thread_detail {
	const struct thread_row *row;
	size_t depth;
	const struct location **stack;
	/* The text of each line, or NULL. */
	const char **source;
	/* The variables of each frame; NULL unless they were asked for. */
	struct local_values *locals;
};

struct thread_list {
	struct thread_row *rows;
	size_t count;
	/* For each of snapshot.threads the one around it, or -1. */
	ptrdiff_t *next;
	/* Of the thread that was asked for, or NULL. */
	struct thread_detail *detail;
};

/* Decode all threads of a snapshot that has its waits, and the stack of the one that is asked for. AIODBG_NOT_FOUND if there is no such thread. */
int threads_decode(struct decoder *decoder, struct aiodbg_snapshot *snap,
		   const struct aiodbg_request *request);

/* What the thread is called, if any of its interpreters says so; or NULL. */
const char *threads_name(const struct aiodbg_snapshot *snap, const struct thread_row *row);

/* Index in snapshot.threads of the thread's innermost state that has a loop, or -1. */
ptrdiff_t threads_with_loop(const struct aiodbg_snapshot *snap, const struct thread_row *row);

#endif
