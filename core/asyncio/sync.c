/* SPDX-License-Identifier: MIT */
/* The tables of what waits. See asyncio/sync.h. */
#include "asyncio/sync.h"

#include "base/error.h"
#include "cpython/dict.h"
#include "cpython/modules.h"
#include "cpython/object.h"

#include <string.h>

/* Rows of one module follow each other: it is looked up once. A class before those it derives
 * from. */
static const struct {
	const char *module, *name;
	enum sync_class class;
} rows[] = {
	{"asyncio.locks", "Lock", SYNC_LOCK},
	{"asyncio.locks", "BoundedSemaphore", SYNC_SEMAPHORE},
	{"asyncio.locks", "Semaphore", SYNC_SEMAPHORE},
	{"asyncio.locks", "Condition", SYNC_CONDITION},
	{"asyncio.locks", "Event", SYNC_EVENT},
	{"asyncio.locks", "Barrier", SYNC_BARRIER},
	{"asyncio.queues", "Queue", SYNC_QUEUE},
	{"asyncio.taskgroups", "TaskGroup", SYNC_GROUP},
	{"asyncio.timeouts", "Timeout", SYNC_TIMEOUT},
	{"asyncio.events", "TimerHandle", SYNC_TIMER},
	{"asyncio.tasks", "_GatheringFuture", SYNC_GATHERING},
	{"asyncio.futures", "_PyFuture", SYNC_FUTURE},
	{"threading", "_RLock", SYNC_THREAD_RLOCK},
	{"threading", "Condition", SYNC_THREAD_CONDITION},
	{"threading", "Semaphore", SYNC_THREAD_SEMAPHORE},
	{"threading", "Event", SYNC_THREAD_EVENT},
	{"threading", "Barrier", SYNC_THREAD_BARRIER},
	{"concurrent.futures._base", "Future", SYNC_CONCURRENT_FUTURE},
	{"concurrent.futures.thread", "_WorkItem", SYNC_WORK_ITEM},
	{"contextlib", "_BaseExitStack", SYNC_EXIT_STACK},
	{"contextlib", "_GeneratorContextManagerBase", SYNC_GENERATOR_MANAGER},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROW_COUNT <= SYNC_ROWS_MAX, "more classes than struct sync_classes has room for");

int sync_classes_read(struct decoder *decoder, const struct interp *interp,
		      struct sync_classes *ret)
{
	uint64_t module = 0;
	*ret = (struct sync_classes){{0}};
	for (size_t i = 0; i < ROW_COUNT; i++) {
		int status = 0;
		if (!i || strcmp(rows[i].module, rows[i - 1].module) != 0)
			status = modules_find(decoder, interp, rows[i].module, &module);
		if (!status && module)
			status = dict_get(decoder, module, rows[i].name, &ret->addr[i]);
		/* A class that can't be found is one that no object is of. */
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

int sync_class_of(struct decoder *decoder, const struct sync_classes *classes,
		  const struct type *type, enum sync_class *ret)
{
	*ret = SYNC_NONE;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		bool is_one = false;
		if (!classes->addr[i])
			continue;
		int status = type_is_subclass(decoder, type, classes->addr[i], &is_one);
		if (error_is_fatal(status))
			return status;
		if (status || !is_one)
			continue;
		*ret = rows[i].class;
		return 0;
	}
	return 0;
}

bool sync_class_is(const struct sync_classes *classes, const struct type *type)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (classes->addr[i] == type->addr)
			return true;
	}
	return false;
}

#define LOCKS "asyncio/locks.py"
#define QUEUES "asyncio/queues.py"
#define TASKS "asyncio/tasks.py"

static const struct sync_function functions[] = {
	{"sleep", TASKS, SYNC_WAIT_SLEEP, "h", NULL},
	{"Lock.acquire", LOCKS, SYNC_WAIT_LOCK, "self", NULL},
	{"Semaphore.acquire", LOCKS, SYNC_WAIT_SEMAPHORE, "self", NULL},
	{"Condition.wait", LOCKS, SYNC_WAIT_CONDITION, "self", NULL},
	{"Event.wait", LOCKS, SYNC_WAIT_EVENT, "self", NULL},
	{"Barrier._wait", LOCKS, SYNC_WAIT_BARRIER, "self", NULL},
	{"Barrier._block", LOCKS, SYNC_WAIT_BARRIER, "self", NULL},
	{"Queue.get", QUEUES, SYNC_WAIT_QUEUE_GET, "self", NULL},
	{"Queue.put", QUEUES, SYNC_WAIT_QUEUE_PUT, "self", NULL},
	{"Queue.join", QUEUES, SYNC_WAIT_QUEUE_JOIN, "self", NULL},
	{"TaskGroup.__aexit__", "asyncio/taskgroups.py", SYNC_WAIT_GROUP, "self", NULL},
	{"TaskGroup._aexit", "asyncio/taskgroups.py", SYNC_WAIT_GROUP, "self", NULL},
	{"TaskGroup.__aexit__", "anyio/_backends/_asyncio.py", SYNC_WAIT_GROUP, "self", NULL},
	{"_wait", TASKS, SYNC_WAIT_TASKS, NULL, "timeout_handle"},
	{"wait_for", TASKS, SYNC_WAIT_FOR, NULL, "timeout_handle"},
	{"_cancel_and_wait", TASKS, SYNC_WAIT_FOR, NULL, "timeout_handle"},
};
#define FUNCTION_COUNT (sizeof(functions) / sizeof(functions[0]))

bool sync_is_file(const char *path, const char *end)
{
	size_t path_len = path ? strlen(path) : 0, end_len = strlen(end);
	if (path_len < end_len || strcmp(path + path_len - end_len, end) != 0)
		return false;
	return path_len == end_len || path[path_len - end_len - 1] == '/';
}

bool sync_is_at(const struct location *location, const char *function, const char *file)
{
	return location->function && !strcmp(location->function, function) &&
	       sync_is_file(location->code->filename, file);
}

const struct sync_function *sync_function_of(const struct location *location)
{
	/* Nearly all frames are of other folders. */
	const char *file = location->code->filename;
	if (!file || (!strstr(file, "asyncio/") && !strstr(file, "anyio/")))
		return NULL;
	for (size_t i = 0; i < FUNCTION_COUNT; i++) {
		if (sync_is_at(location, functions[i].function, functions[i].file))
			return &functions[i];
	}
	return NULL;
}

/* Functions of C that are called to wait. What reads and writes files, which is over at once in most
 * programs, is none of them. */
static const struct {
	const char *name;
	/* Only if called there: str has a join() too, and loops use sockets that do not block. */
	const char *files[2];
} blocking[] = {
	{"sleep", {NULL}},
	{"recv", {"socket.py", "ssl.py"}},
	{"recv_into", {"socket.py", "ssl.py"}},
	{"accept", {"socket.py", NULL}},
	{"_accept", {"socket.py", NULL}},
	{"connect", {"socket.py", NULL}},
	{"read", {"ssl.py", NULL}},
	{"select", {NULL}},
	{"poll", {NULL}},
	{"wait", {NULL}},
	{"waitpid", {NULL}},
	{"wait4", {NULL}},
	{"join", {"threading.py", NULL}},
	{"getaddrinfo", {NULL}},
	{"gethostbyname", {NULL}},
	{"flock", {NULL}},
};

bool sync_is_blocking(const char *name, const struct location *caller)
{
	const char *dot = strrchr(name, '.'), *file = caller ? caller->code->filename : NULL;
	name = dot ? dot + 1 : name;
	for (size_t i = 0; i < sizeof(blocking) / sizeof(blocking[0]); i++) {
		const char *const *files = blocking[i].files;
		if (strcmp(blocking[i].name, name) != 0)
			continue;
		if (!files[0])
			return !file || !strstr(file, "/asyncio/");
		return file &&
		       (sync_is_file(file, files[0]) || (files[1] && sync_is_file(file, files[1])));
	}
	return false;
}
