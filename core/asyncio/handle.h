/* SPDX-License-Identifier: MIT */
/* What an event loop is to call: Handle and TimerHandle of Lib/asyncio/events.py. */
#ifndef ASYNCIO_HANDLE_H
#define ASYNCIO_HANDLE_H

#include "cpython/callable.h"

/* What calling it means. */
enum handle_kind {
	/* Anything of the program's. */
	HANDLE_CALLBACK,
	/* The next step of a task. */
	HANDLE_STEP,
	/* Its first one: only whoever knows the task can tell. */
	HANDLE_FIRST_STEP,
	/* What a task waits for is done, and wakes it. */
	HANDLE_WAKES,
	/* It completes a future: the sleep of whoever waits for that. */
	HANDLE_ENDS_SLEEP,
	/* It ends a wait of a task by a timeout; of whoever waits for a future. */
	HANDLE_TIMES_OUT,
	HANDLE_ENDS_WAIT,
	/* The loop's own: somebody has woken it. */
	HANDLE_SELF_PIPE,
	/* A connection is there to be accepted; one is made. */
	HANDLE_ACCEPTS,
	HANDLE_CONNECTS,
	/* A future of a socket. */
	HANDLE_SOCKET,
};

struct handle {
	enum handle_kind kind;
	uint64_t addr;
	bool is_cancelled;
	/* When it is due, on the loop's clock. */
	double when;
	bool has_when;
	/* The task that it is about, or the future that somebody waits for; 0: none is known. */
	uint64_t task, future;
	/* What is called, and a tuple of arguments; 0: it is cancelled. */
	uint64_t callback, args;
	struct callable callable;
	/* A str that is the name of what is called, if nothing more is known of it; 0: there is none. */
	uint64_t name;
};

int handle_read(struct decoder *decoder, uint64_t addr, struct handle *ret);

/*
 * Where a loop that is written in Python has its handles: a list, a deque, a dict of these by signal, and one of
 * SelectorKeys by file, whose data are two handles. 0: there is none.
 */
struct loop_handles {
	uint64_t timers, ready, signals, files;
};

int loop_handles_find(struct decoder *decoder, uint64_t loop, struct loop_handles *ret);

/* When it is due and whether it is cancelled, and nothing else. */
int handle_read_time(struct decoder *decoder, uint64_t addr, struct handle *ret);

#endif
