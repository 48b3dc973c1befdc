/* SPDX-License-Identifier: MIT */
/*
 * Future and Task, in C (Modules/_asynciomodule.c) and in Python (Lib/asyncio/futures.py,
 * Lib/asyncio/tasks.py), and classes of other projects that behave like a Task.
 */
#ifndef ASYNCIO_FUTURE_H
#define ASYNCIO_FUTURE_H

#include "cpython/object.h"
#include "cpython/sequence.h"

enum future_state {
	FUTURE_PENDING,
	FUTURE_CANCELLED,
	FUTURE_FINISHED,
	FUTURE_STATE_UNKNOWN,
};

struct future {
	uint64_t addr;
	const struct type *type;
	/* Of a class in Python: its fields are attributes. */
	bool is_python;
	/* Has a coroutine. */
	bool is_task;
	enum future_state state;
	uint64_t loop;
	/* The first callback, and a list of (callback, context) of further ones; 0: none. */
	uint64_t callback0, callbacks;
	/* Who awaits it: an object, or a set of objects; 0: nobody, or not recorded. */
	uint64_t awaited_by;
	bool awaited_by_is_set;
	/* Of tasks only. */
	uint64_t coro, name, fut_waiter;
	bool must_cancel;
	/* -1: not counted by this version. */
	int32_t cancel_requests;
};

/* What is known of an object before it is read. */
enum future_expected {
	/* Nothing: it may be neither a future nor a task. */
	EXPECT_NOTHING,
	/* It was registered as a task: of any class, of which nothing else may be known. */
	EXPECT_TASK,
	/* It is in a list that only tasks in C are in, of Task or a subclass. */
	EXPECT_NATIVE_TASK,
};

/* Read the future or task at addr. Fails if it is not what is expected. */
int future_read(struct decoder *decoder, uint64_t addr, enum future_expected expected,
		struct future *ret);

/* What a listing does without. Addresses of objects; 0: there is none. */
struct future_outcome {
	uint64_t result, exception, cancel_message;
	/* The stack that created it, in debug mode. */
	uint64_t source_traceback;
	/* Of tasks only. */
	uint64_t context;
	/*
	 * Of a task that was cancelled: the CancelledError, until somebody asks for it, and in 3.9
	 * and 3.10 its traceback instead.
	 */
	uint64_t cancelled_exception, cancelled_traceback;
	/* It has an exception, or was cancelled, and nobody has asked for that; of what was cancelled
	 * not known in 3.9 and 3.10. */
	bool is_unasked;
};

int future_read_outcome(struct decoder *decoder, const struct future *future,
			struct future_outcome *ret);

/* A task's name: *ret is NULL if it has none. Default names are made from a number. */
int future_name(struct decoder *decoder, const struct future *task, const char **ret);

/* Visit the recorded awaiters. */
int future_visit_awaited_by(struct decoder *decoder, const struct future *future,
			    sequence_visit_fn *visit, void *arg);

/* Visit the callbacks. */
int future_visit_callbacks(struct decoder *decoder, const struct future *future,
			   sequence_visit_fn *visit, void *arg);

#endif
