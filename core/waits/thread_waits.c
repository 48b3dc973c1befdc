/* SPDX-License-Identifier: MIT */
/* What threads wait for, and what they hold: Lib/threading.py, Lib/concurrent/futures/_base.py. */
#include "waits/reading.h"

#include "asyncio/future.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/lock.h"
#include "cpython/sequence.h"
#include "cpython/stack.h"
#include "cpython/str.h"
#include "process/syscall.h"
#include "snapshot/graph.h"

#include <string.h>

#define BASE_PY "concurrent/futures/_base.py"
#define IMPORT_PY "<frozen importlib._bootstrap>"

/* Frames next to the innermost in which a wait of the standard library may be. */
#define FRAMES_ASKED 6

/* ---- what a thread waits for ---- */

static int has_value(struct reading *reading, const struct frame *frame, const char *name,
		     bool *ret)
{
	uint64_t value;
	enum kind kind;
	*ret = false;
	int status = locals_get(reading->waiting->decoder, frame, name, &value);
	if (!status && value) {
		status = object_kind(reading->waiting->decoder, value, &kind);
		*ret = !status && kind != KIND_NONE;
	}
	return status;
}

/* It asks for the result of a future: of a task's, or of another thread's work. */
static int read_result(struct reading *reading, const struct frame *frame)
{
	struct decoder *decoder = reading->waiting->decoder;
	struct wait *wait = reading->wait;
	uint64_t future;
	int status = locals_get(decoder, frame, "self", &future);
	if (!status)
		status = has_value(reading, frame, "timeout", &wait->has_timeout);
	if (status || !future)
		return status;
	wait->future = future;
	const struct job *job = addrmap_get(&reading->waiting->jobs, future);
	if (job) {
		wait->kind = WAIT_EXECUTOR;
		wait->blocked = true;
		wait->certainty = job->certainty;
		wait->thread = job->thread;
		wait->queued = job->pool != NULL;
		wait->ahead = job->ahead;
		wait->first_worker = job->pool ? (uint32_t)job->pool->first : 0;
		wait->worker_count = job->pool ? (uint32_t)job->pool->count : 0;
		return 0;
	}
	return chained_read(reading->waiting, future, wait);
}

/* The thread whose identity is that attribute of the variable self. */
static int read_thread(struct reading *reading, const struct frame *frame, const char *name)
{
	struct decoder *decoder = reading->waiting->decoder;
	const struct threads *threads = &reading->waiting->snap->threads;
	struct attr attr = {.name = name};
	enum kind kind = KIND_NONE;
	uint64_t self;
	int64_t ident = 0;
	int status = locals_get(decoder, frame, "self", &self);
	if (!status && self)
		status = attrs_find(decoder, self, &attr, 1);
	if (!status && attr.value)
		status = object_kind(decoder, attr.value, &kind);
	if (!status && kind == KIND_INT)
		status = int_read(decoder, attr.value, &ident);
	for (size_t i = 0; !status && ident && i < threads->count; i++) {
		if (threads->items[i].ident != (uint64_t)ident || i == reading->index)
			continue;
		reading->wait->kind = WAIT_THREAD;
		reading->wait->blocked = true;
		reading->wait->thread = (ptrdiff_t)i;
	}
	return status;
}

static int read_join(struct reading *reading, const struct frame *frame)
{
	int status = has_value(reading, frame, "timeout", &reading->wait->has_timeout);
	return status ? status : read_thread(reading, frame, "_ident");
}

/* It imports a module that another thread is about to import. */
static int read_import(struct reading *reading, const struct frame *frame)
{
	int status = read_thread(reading, frame, "owner");
	reading->wait->for_import = reading->wait->kind == WAIT_THREAD;
	return status;
}

/* ---- locks ---- */

/* A mutex is on the C stack of whoever waits for it. */
#define C_STACK_SEARCHED 1024

static int stack_has(struct waiting *waiting, uint64_t sp, uint64_t wanted, bool *ret)
{
	struct reader *reader = &waiting->decoder->reader;
	for (uint64_t at = 0; at < C_STACK_SEARCHED && !*ret; at += reader->word_size) {
		uint64_t word;
		int status = reader_word(reader, sp + at, &word);
		if (status)
			return error_is_fatal(status) ? status : 0;
		*ret = word == wanted;
	}
	return 0;
}

/* What the system says of a thread that may sleep until a lock is released. */
struct sleep {
	/* It is a process of this machine. */
	bool is_known;
	bool is_confirmed, has_timeout;
};

static int read_sleep(struct waiting *waiting, const struct thread *thread, uint64_t lock_addr,
		      struct sleep *ret)
{
	const struct aiodbg_target *target = waiting->decoder->reader.cache.target;
	struct syscall_state state;
	struct lock lock;
	*ret = (struct sleep){0};
	ret->is_known = syscall_read(target, thread->tid, &state);
	if (!ret->is_known || !state.is_futex)
		return 0;
	ret->has_timeout = state.has_timeout;
	int status = lock_read(waiting->decoder, lock_addr, &lock);
	if (status)
		return error_is_fatal(status) ? status : 0;
	ret->is_confirmed = lock.semaphore && state.first_argument == lock.semaphore;
	return lock.mutex ? stack_has(waiting, state.stack_pointer, lock.mutex, &ret->is_confirmed)
			  : 0;
}

/* Locks that the innermost frame may be waiting for. */
struct candidates {
	struct reading *reading;
	uint64_t lock;
	size_t count;
	/* Index of the value that has it; and whether others follow, which are arguments. */
	uint64_t index;
	bool has_arguments, exact;
};

static int visit_candidate(struct decoder *decoder, const struct stack_value *value, void *arg)
{
	struct candidates *candidates = arg;
	struct callable callable;
	struct lock lock;
	uint64_t addr = value->value;
	enum kind kind;
	int status = object_kind(decoder, addr, &kind);
	/* lock.acquire, or a partial of that. */
	for (int depth = 0; !status && addr && depth < 2; depth++) {
		if (kind != KIND_CFUNCTION && kind != KIND_PARTIAL)
			break;
		status = callable_read(decoder, addr, &callable);
		addr = status ? 0 : kind == KIND_PARTIAL ? callable.function : callable.self;
		if (addr)
			status = object_kind(decoder, addr, &kind);
	}
	if (status || !addr || (kind != KIND_LOCK && kind != KIND_RLOCK)) {
		candidates->has_arguments |= candidates->count && !status;
		return error_is_fatal(status) ? status : 0;
	}
	status = lock_read(decoder, addr, &lock);
	if (status || !lock.locked ||
	    (lock.owner && lock.owner == candidates->reading->thread->ident))
		return error_is_fatal(status) ? status : 0;
	if (candidates->lock != addr)
		candidates->count++;
	candidates->lock = addr;
	candidates->has_arguments = false;
	return 0;
}

/* What the thread is seen to hold it does not wait for, unless the system says so. */
static bool is_held(const struct reading *reading, const struct primitive *primitive)
{
	for (size_t i = 0; i < primitive->holders.count; i++) {
		const struct holder *holder = &primitive->holders.items[i];
		if (holder->thread == (ptrdiff_t)reading->index ||
		    (holder->task && holder->task->thread == (ptrdiff_t)reading->index &&
		     holder->task->state == AIODBG_TASK_RUNNING))
			return true;
	}
	return false;
}

static int read_lock(struct reading *reading, const struct frame *frame)
{
	struct candidates candidates = {.reading = reading};
	struct wait *wait = reading->wait;
	struct waiting *waiting = reading->waiting;
	int status = stack_visit(waiting->decoder, frame, &candidates.exact, visit_candidate,
				 &candidates);
	if (status || !candidates.count)
		return status;
	struct sleep sleep;
	status = read_sleep(waiting, reading->thread, candidates.lock, &sleep);
	if (status || (!sleep.is_confirmed && (candidates.count > 1 || sleep.is_known)))
		return status;
	struct primitive *primitive = NULL;
	status = primitive_get(waiting, reading->thread->interp, candidates.lock, &primitive);
	if (status || !primitive || (!sleep.is_confirmed && is_held(reading, primitive)))
		return status;
	wait->object = primitive;
	wait->kind = WAIT_LOCK;
	wait->blocked = true;
	wait->certainty = sleep.is_confirmed ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY;
	/* acquire(timeout=...), acquire(False): it goes on by itself. What lies above the lock may
	 * be stale as well. */
	wait->has_timeout = sleep.is_confirmed ? sleep.has_timeout
					       : candidates.exact && candidates.has_arguments;
	if (!sleep.is_confirmed && !candidates.exact && candidates.has_arguments)
		wait->certainty = CERTAINTY_POSSIBLE;
	return primitive_name(waiting, primitive, frame);
}

/* It waits in Condition.wait(): at a Condition, or in the name of an Event or Semaphore. */
static int read_primitive(struct reading *reading, const struct frame *frame)
{
	static const struct {
		enum primitive_kind primitive;
		enum wait_kind wait;
	} meanings[] = {
		{PRIMITIVE_THREAD_CONDITION, WAIT_CONDITION},
		{PRIMITIVE_THREAD_SEMAPHORE, WAIT_SEMAPHORE},
		{PRIMITIVE_THREAD_EVENT, WAIT_EVENT},
	};
	struct wait *wait = reading->wait;
	uint64_t self;
	int status = locals_get(reading->waiting->decoder, frame, "self", &self);
	if (!status)
		status = has_value(reading, frame, "timeout", &wait->has_timeout);
	if (!status && self)
		status = primitive_get(reading->waiting, reading->thread->interp, self,
				       &wait->object);
	wait->kind = WAIT_CONDITION;
	wait->certainty = CERTAINTY_LIKELY;
	wait->blocked = true;
	for (size_t i = 0; wait->object && i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].primitive == wait->object->kind)
			wait->kind = meanings[i].wait;
	}
	return status;
}

/* Up to 3.10 the name of an Event's wait() is that of a Condition's. */
static int is_of_class(struct reading *reading, const struct frame *frame, enum sync_class wanted,
		       bool *ret)
{
	enum sync_class class = SYNC_NONE;
	uint64_t self;
	*ret = true;
	if (wanted == SYNC_NONE)
		return 0;
	int status = locals_get(reading->waiting->decoder, frame, "self", &self);
	if (!status && self)
		status = waiting_class(reading->waiting, reading->thread->interp, self, &class);
	*ret = class == wanted;
	return error_is_fatal(status) ? status : 0;
}

static const struct {
	const char *function, *file;
	/* Of which self has to be; SYNC_NONE: of any. */
	enum sync_class class;
	int (*read)(struct reading *reading, const struct frame *frame);
} rules[] = {
	{"Future.result", BASE_PY, SYNC_NONE, read_result},
	{"Future.exception", BASE_PY, SYNC_NONE, read_result},
	{"Thread.join", "threading.py", SYNC_NONE, read_join},
	{"Event.wait", "threading.py", SYNC_THREAD_EVENT, read_primitive},
	{"Semaphore.acquire", "threading.py", SYNC_THREAD_SEMAPHORE, read_primitive},
	{"Condition.wait", "threading.py", SYNC_NONE, read_primitive},
	{"_ModuleLock.acquire", IMPORT_PY, SYNC_NONE, read_import},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

/* How many of the innermost frames are the library's. On top of them may be a signal handler, in
 * which nothing is waited for. */
static size_t count_library(const struct reading *reading)
{
	size_t count = 0;
	while (count < reading->frames.count && count < FRAMES_ASKED) {
		const struct location *location = reading->frames.items[count].location;
		if (!sync_is_file(location->code->filename, "threading.py") &&
		    !sync_is_file(location->code->filename, BASE_PY) &&
		    !sync_is_file(location->code->filename, IMPORT_PY))
			break;
		count++;
	}
	return count;
}

/* By how the frame below the library's has reached it, or else one of those: a Barrier has its own. */
static int name_object(struct reading *reading, size_t below)
{
	struct primitive *object = reading->wait->object;
	struct frame frame;
	int status = 0;
	for (size_t i = below + 1; !status && object && !object->expression && i-- > 1;) {
		if (i >= reading->frames.count)
			continue;
		status = reading_frame(reading, i, &frame);
		if (!status)
			status = primitive_name(reading->waiting, object, &frame);
	}
	return status;
}

/* The one of the frames next to the innermost that comes first in the table. */
static int read_wait(struct reading *reading)
{
	size_t count = reading->frames.count, library = count_library(reading);
	struct frame frame;
	for (size_t rule = 0; rule < RULE_COUNT; rule++) {
		for (size_t i = 0; i < library; i++) {
			if (!reading_is_at(reading->frames.items[i].location, rules[rule].function,
					   rules[rule].file))
				continue;
			bool is_one = false;
			int status = reading_frame(reading, i, &frame);
			if (!status)
				status = is_of_class(reading, &frame, rules[rule].class, &is_one);
			if (status)
				return status;
			if (is_one)
				status = rules[rule].read(reading, &frame);
			if (is_one)
				return status ? status : name_object(reading, library);
		}
	}
	if (!count)
		return 0;
	int status = reading_frame(reading, 0, &frame);
	return status ? status : read_lock(reading, &frame);
}

/* ---- what a thread holds ---- */

/*
 * The frames of a thread belong to the tasks that run there, from the innermost to that of each
 * task's coroutine, and what remains to the thread.
 */
static int read_holds(struct reading *reading)
{
	struct waiting *waiting = reading->waiting;
	size_t start = 0;
	holders_begin(waiting);
	for (size_t i = 0; i < reading->frames.count; i++) {
		struct task *task = addrmap_get(&waiting->executing, reading->frames.items[i].addr);
		bool is_last = i + 1 == reading->frames.count;
		if (!task && !is_last)
			continue;
		for (; start <= i; start++) {
			struct frame frame;
			struct wait *wait = task ? &waiting->waits->of_tasks[task->index]
						 : reading->wait;
			int status = reading_frame(reading, start, &frame);
			if (!status)
				status = holders_read_frame(waiting, reading->thread->interp, task,
							    (ptrdiff_t)reading->index, &frame,
							    wait);
			if (error_is_fatal(status))
				return status;
		}
	}
	return 0;
}

static void find_site(struct reading *reading)
{
	for (size_t i = 0; i < reading->frames.count; i++) {
		const struct location *location = reading->frames.items[i].location;
		if (!own_is(&reading->waiting->own, location->code))
			continue;
		reading->wait->site.location = location;
		reading->wait->site.line = location->position.line;
		return;
	}
}

int thread_waits_read(struct waiting *waiting)
{
	int status = 0;
	for (size_t i = 0; !status && i < waiting->snap->threads.count; i++) {
		struct reading reading;
		status = reading_begin(waiting, i, &reading);
		if (!status)
			find_site(&reading);
		if (!status)
			status = read_holds(&reading);
		uint64_t faults = waiting->decoder->reader.fault_count;
		if (!error_is_fatal(status))
			status = read_wait(&reading);
		/* What lies on a stack of unknown depth may be anything. */
		waiting->faults_before += waiting->decoder->reader.fault_count - faults;
		if (!error_is_fatal(status))
			status = 0;
		array_deinit(&reading.frames);
		if (reading.wait->object)
			reading.wait->object->waiter_count++;
	}
	return status;
}
