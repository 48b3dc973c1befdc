/* SPDX-License-Identifier: MIT */
/*
 * Which thread does the work that a future stands for, or has it queued:
 * Lib/concurrent/futures/thread.py. And what each thread is called.
 */
#include "asyncio/future.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "cpython/str.h"
#include "cpython/threading.h"
#include "waits/reading.h"

#include <inttypes.h>
#include <string.h>

#define BASE_PY "concurrent/futures/_base.py"
#define THREAD_PY "concurrent/futures/thread.py"

bool reading_is_at(const struct location *location, const char *qualname, const char *file)
{
	const char *name = strrchr(qualname, '.');
	if (sync_is_at(location, qualname, file))
		return true;
	return !location->code->qualname && sync_is_at(location, name ? name + 1 : qualname, file);
}

int reading_frame(struct reading *reading, size_t index, struct frame *ret)
{
	return frame_read_any(reading->waiting->decoder, reading->frames.items[index].addr, ret);
}

int reading_begin(struct waiting *waiting, size_t index, struct reading *ret)
{
	*ret = (struct reading){
		.waiting = waiting,
		.index = index,
		.thread = &waiting->snap->threads.items[index],
		.wait = &waiting->waits->of_threads[index],
	};
	int status = thread_frames_read(waiting->decoder, ret->thread, &ret->frames);
	ret->is_cut = status != 0;
	return error_is_fatal(status) ? status : 0;
}

static bool is_loop(const struct location *location)
{
	const char *name = location ? location->code->name : NULL;
	return name && !strcmp(name, "run_forever") &&
	       sync_is_file(location->code->filename, "asyncio/base_events.py");
}

int reading_visit_inner(struct waiting *waiting, size_t thread, frame_visit_fn *visit, void *arg)
{
	struct reading reading;
	int status = reading_begin(waiting, thread, &reading);
	for (size_t i = 0; !status && i < reading.frames.count; i++) {
		struct frame frame;
		status = reading_frame(&reading, i, &frame);
		if (!status && is_loop(frame.location))
			break;
		if (!status)
			status = visit(arg, &frame);
	}
	array_deinit(&reading.frames);
	return status;
}

/* ---- work of executors ---- */

static int add_job(struct waiting *waiting, uint64_t future, const struct job *job)
{
	struct job *copy = future ? addrmap_get(&waiting->jobs, future) : NULL;
	if (!future || copy)
		return 0;
	int status = decoder_alloc(waiting->decoder, sizeof(*copy), (void **)&copy);
	if (status)
		return status;
	*copy = *job;
	return addrmap_put(&waiting->jobs, future, copy) ? 0 : waiting_no_memory(waiting);
}

/* Threads of other projects that set the future in their variable of that name. */
static const struct {
	const char *function, *file;
} other_workers[] = {
	{"WorkerThread.run", "anyio/_backends/_asyncio.py"},
	{"Connection.run", "aiosqlite/core.py"},
	{"_connection_worker_thread", "aiosqlite/core.py"},
};

static bool is_other_worker(const struct location *location)
{
	for (size_t i = 0; i < sizeof(other_workers) / sizeof(other_workers[0]); i++) {
		if (reading_is_at(location, other_workers[i].function, other_workers[i].file))
			return true;
	}
	return false;
}

/* A future that a thread has in a variable: alone, first in a tuple, or as an attribute. */
static int visit_local(struct decoder *decoder, const struct local *local, void *arg)
{
	struct reading *reading = arg;
	const struct job job = {
		.thread = (ptrdiff_t)reading->index,
		.ahead = -1,
		.certainty = reading->of_executors ? CERTAINTY_CERTAIN : CERTAINTY_POSSIBLE,
	};
	struct attr attr = {.name = "future"};
	enum sync_class class = SYNC_NONE;
	enum kind kind;
	if (!local->value)
		return 0;
	int status = object_kind(decoder, local->value, &kind);
	if (!status && kind == KIND_OTHER)
		status = waiting_class(reading->waiting, reading->thread->interp, local->value,
				       &class);
	if (status)
		return error_is_fatal(status) ? status : 0;
	bool is_own = false;
	if (reading->is_worker && kind == KIND_FUTURE)
		status = str_equals(decoder, local->name, "future", &is_own);
	if (status || (reading->of_executors && class != SYNC_WORK_ITEM && !is_own))
		return error_is_fatal(status) ? status : 0;
	if (kind == KIND_FUTURE || class == SYNC_CONCURRENT_FUTURE)
		return add_job(reading->waiting, local->value, &job);
	if (class == SYNC_WORK_ITEM)
		status = attrs_find(decoder, local->value, &attr, 1);
	else if (kind == KIND_TUPLE)
		for (uint64_t i = 0; !status && !attr.value && i < 4; i++) {
			uint64_t item;
			status = tuple_item(decoder, local->value, i, &item);
			if (!status)
				status = object_kind(decoder, item, &kind);
			if (!status && kind == KIND_FUTURE)
				attr.value = item;
		}
	if (!error_is_fatal(status) && attr.value)
		status = add_job(reading->waiting, attr.value, &job);
	return error_is_fatal(status) ? status : 0;
}

/* Whether the thread waits for the future rather than does its work. */
static bool is_asking(const struct location *location)
{
	return reading_is_at(location, "Future.result", BASE_PY) ||
	       reading_is_at(location, "Future.exception", BASE_PY) ||
	       reading_is_at(location, "wait", BASE_PY);
}

static int read_work(struct reading *reading)
{
	/* The loop's own thread has all kinds of futures in its frames, and works for none. */
	if (reading->thread->running_loop)
		return 0;
	for (size_t i = 0; i < reading->frames.count; i++) {
		struct frame frame;
		if (is_asking(reading->frames.items[i].location))
			continue;
		/* Whoever called that has the future in a variable as well. */
		if (i && is_asking(reading->frames.items[i - 1].location))
			continue;
		reading->is_worker = reading->of_executors &&
				     is_other_worker(reading->frames.items[i].location);
		int status = reading_frame(reading, i, &frame);
		if (!status)
			status = locals_visit(reading->waiting->decoder, &frame, visit_local,
					      reading);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

/* ---- queues of executors ---- */

ARRAY(pools, struct pool *);

struct queued {
	struct waiting *waiting;
	struct pool *pool;
	int64_t ahead;
};

static int visit_queued(struct decoder *decoder, uint64_t item, void *arg)
{
	struct queued *queued = arg;
	struct attr attr = {.name = "future"};
	const struct job job = {-1, queued->pool, queued->ahead, CERTAINTY_CERTAIN};
	enum kind kind;
	int status = object_kind(decoder, item, &kind);
	if (status || kind == KIND_NONE)
		return status;
	status = attrs_find(decoder, item, &attr, 1);
	queued->ahead++;
	queued->pool->queued++;
	if (!status && attr.value)
		status = add_job(queued->waiting, attr.value, &job);
	return error_is_fatal(status) ? status : 0;
}

/* The queue that the thread takes its work from, if it is a worker. */
static int find_queue(struct reading *reading, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = reading->frames.count; i > 0; i--) {
		struct frame frame;
		if (!reading_is_at(reading->frames.items[i - 1].location, "_worker", THREAD_PY))
			continue;
		int status = reading_frame(reading, i - 1, &frame);
		if (!status)
			status = locals_get(reading->waiting->decoder, &frame, "work_queue", ret);
		return error_is_fatal(status) ? status : 0;
	}
	return 0;
}

struct worker {
	uint64_t queue;
	size_t thread;
};

ARRAY(workers, struct worker);

static int compare_workers(const void *a, const void *b)
{
	const struct worker *x = a, *y = b;
	if (x->queue != y->queue)
		return x->queue < y->queue ? -1 : 1;
	return (x->thread > y->thread) - (x->thread < y->thread);
}

static int read_pools(struct waiting *waiting, struct workers *workers)
{
	struct worker_indexes *indexes = &waiting->waits->workers;
	if (workers->count)
		qsort(workers->items, workers->count, sizeof(*workers->items), compare_workers);
	for (size_t i = 0; i < workers->count;) {
		struct pool *pool;
		int status = decoder_alloc(waiting->decoder, sizeof(*pool), (void **)&pool);
		if (status)
			return status;
		*pool = (struct pool){workers->items[i].queue, indexes->count, 0, 0};
		for (; i < workers->count && workers->items[i].queue == pool->queue; i++) {
			if (!array_push(indexes, workers->items[i].thread))
				return waiting_no_memory(waiting);
			pool->count++;
		}
		struct queued queued = {waiting, pool, 0};
		status = simple_queue_visit(waiting->decoder, pool->queue, visit_queued, &queued);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

/* ---- all threads ---- */

static int keep_stack(struct reading *reading)
{
	struct thread_facts *facts = &reading->waiting->waits->threads[reading->index];
	size_t count = reading->frames.count;
	int status = decoder_alloc(reading->waiting->decoder, count * sizeof(*facts->stack),
				   (void **)&facts->stack);
	if (status)
		return status;
	for (size_t i = 0; i < count; i++)
		facts->stack[i] = reading->frames.items[i].location;
	facts->depth = count;
	return 0;
}

static int read_names(struct waiting *waiting, size_t interp)
{
	struct threading_threads known = {0};
	const struct threads *threads = &waiting->snap->threads;
	struct addrmap by_ident = {0};
	int status = threading_read(waiting->decoder, &waiting->snap->interps.items[interp],
				    &known);
	for (size_t i = 0; !status && i < threads->count; i++) {
		if (threads->items[i].interp == interp && threads->items[i].ident &&
		    !addrmap_put(&by_ident, threads->items[i].ident, &waiting->waits->threads[i]))
			status = waiting_no_memory(waiting);
	}
	for (size_t i = 0; !status && i < known.count; i++) {
		struct thread_facts *facts = addrmap_get(&by_ident, known.items[i].ident);
		if (facts)
			status = threading_name(waiting->decoder, known.items[i].object,
						&facts->name);
		if (facts && !error_is_fatal(status))
			status = threading_is_daemon(waiting->decoder, known.items[i].object,
						     &facts->is_daemon);
		if (!error_is_fatal(status))
			status = 0;
	}
	addrmap_deinit(&by_ident);
	array_deinit(&known);
	return error_is_fatal(status) ? status : 0;
}

/* Frames are missing: the error that has just been met says why. */
static int note_cut(const struct reading *reading)
{
	struct waiting *waiting = reading->waiting;
	struct aiodbg_snapshot *snap = waiting->snap;
	struct reader *reader = &waiting->decoder->reader;
	/* Of one that runs on that is no surprise; and a task that it runs has said so. */
	if (!reading->is_cut || reader->cache.changing || reading->thread->running_task ||
	    snap->problem_count++ >= LIMIT_PROBLEMS)
		return 0;
	error_prefix(&reader->error, "thread %" PRIu64 ": stack", reading->thread->tid);
	struct aiodbg_problem *problem = problem_create(&snap->arena, &reader->error);
	if (!problem)
		return waiting_no_memory(waiting);
	problem->next = snap->problems;
	snap->problems = problem;
	return 0;
}

/* Each thread: its stack, and what its worker does; the queue that it takes its work from. */
static int read_thread(struct waiting *waiting, size_t index, bool of_executors,
		       struct workers *workers)
{
	struct reading reading;
	uint64_t queue = 0;
	int status = reading_begin(waiting, index, &reading);
	reading.of_executors = of_executors;
	if (!status && of_executors)
		status = note_cut(&reading);
	if (!status && of_executors) {
		*reading.wait = wait_none();
		status = keep_stack(&reading);
	}
	if (!status)
		status = read_work(&reading);
	if (!status && of_executors)
		status = find_queue(&reading, &queue);
	if (!status && queue && !array_push(workers, ((struct worker){queue, index})))
		status = waiting_no_memory(waiting);
	array_deinit(&reading.frames);
	return status;
}

/*
 * What workers do is certain. A future in a variable of any other thread may be one that it is to
 * set, or that it only writes to a log.
 */
int executors_read(struct waiting *waiting)
{
	struct workers workers = {0};
	size_t count = waiting->snap->threads.count;
	int status = 0;
	for (size_t i = 0; i < count; i++)
		waiting->waits->threads[i].is_daemon = -1;
	for (size_t i = 0; !status && i < waiting->snap->interps.count; i++)
		status = read_names(waiting, i);
	for (size_t i = 0; !status && i < count; i++)
		status = read_thread(waiting, i, true, &workers);
	if (!status)
		status = read_pools(waiting, &workers);
	for (size_t i = 0; !status && i < count; i++)
		status = read_thread(waiting, i, false, NULL);
	array_deinit(&workers);
	return status;
}
