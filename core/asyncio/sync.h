/* SPDX-License-Identifier: MIT */
/*
 * What asyncio and threading wait with: their classes, the functions that wait, and where each
 * keeps what matters. Lib/asyncio/locks.py, Lib/asyncio/queues.py, Lib/asyncio/tasks.py,
 * Lib/asyncio/taskgroups.py, Lib/asyncio/timeouts.py, Lib/threading.py.
 *
 * One table each, not a file per class: a new primitive is a row.
 */
#ifndef ASYNCIO_SYNC_H
#define ASYNCIO_SYNC_H

#include "cpython/code.h"
#include "cpython/interp.h"

/* Of which class an object is, subclasses included. */
enum sync_class {
	SYNC_NONE,
	SYNC_LOCK,
	SYNC_SEMAPHORE,
	SYNC_CONDITION,
	SYNC_EVENT,
	SYNC_BARRIER,
	SYNC_QUEUE,
	SYNC_GROUP,
	SYNC_TIMEOUT,
	SYNC_TIMER,
	SYNC_GATHERING,
	/* Where it is no type of C. */
	SYNC_FUTURE,
	/* threading's own, in Python; its Lock and RLock are kinds of object. */
	SYNC_THREAD_RLOCK,
	SYNC_THREAD_CONDITION,
	SYNC_THREAD_SEMAPHORE,
	SYNC_THREAD_EVENT,
	SYNC_THREAD_BARRIER,
	/* concurrent.futures'. */
	SYNC_CONCURRENT_FUTURE,
	SYNC_WORK_ITEM,
	/* What keeps other managers: contextlib. */
	SYNC_EXIT_STACK,
	SYNC_GENERATOR_MANAGER,
	SYNC_CLASS_COUNT,
};

/* Rows of the table of classes. */
#define SYNC_ROWS_MAX 40

/* The classes of an interpreter: by row of the table, 0 for those that are not loaded. */
struct sync_classes {
	uint64_t addr[SYNC_ROWS_MAX];
};

int sync_classes_read(struct decoder *decoder, const struct interp *interp,
		      struct sync_classes *ret);

/* Which of them an object's type is, or derives from. */
int sync_class_of(struct decoder *decoder, const struct sync_classes *classes,
		  const struct type *type, enum sync_class *ret);

/* Whether it is one of them, rather than derived from one. */
bool sync_class_is(const struct sync_classes *classes, const struct type *type);

/* What a coroutine waits for if one of these functions is at its end. */
enum sync_wait {
	SYNC_WAIT_NONE,
	SYNC_WAIT_SLEEP,
	SYNC_WAIT_LOCK,
	SYNC_WAIT_SEMAPHORE,
	SYNC_WAIT_CONDITION,
	SYNC_WAIT_EVENT,
	SYNC_WAIT_BARRIER,
	SYNC_WAIT_QUEUE_GET,
	SYNC_WAIT_QUEUE_PUT,
	SYNC_WAIT_QUEUE_JOIN,
	SYNC_WAIT_GROUP,
	/* asyncio.wait(). */
	SYNC_WAIT_TASKS,
	/* wait_for(): for its variable fut. Up to 3.11 it awaits a future of its own meanwhile. */
	SYNC_WAIT_FOR,
};

struct sync_function {
	/* Qualified name, and the end of the file's name. */
	const char *function, *file;
	enum sync_wait wait;
	/* The variable that has the object; NULL: none. */
	const char *object;
	/* The variable that has the TimerHandle which ends the wait; NULL: none. */
	const char *timer;
};

/*
 * The rule for a frame at that place; NULL if the function is none of these. A frame further out
 * may say more than the innermost one: Queue.join() waits in Event.wait().
 */
const struct sync_function *sync_function_of(const struct location *location);

/* Whether the path ends in these folders and file. */
bool sync_is_file(const char *path, const char *end);

/* Whether the place is in that function of that file. */
bool sync_is_at(const struct location *location, const char *function, const char *file);

/* Whether that function of C is one that is called to wait. asyncio itself, from whose files no call
 * counts, calls them for sockets that do not block. */
bool sync_is_blocking(const char *name, const struct location *caller);

#endif
