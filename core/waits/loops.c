/* SPDX-License-Identifier: MIT */
/* What event loops do: BaseEventLoop._run_once and its variables, Lib/asyncio/base_events.py. */
#include "process/syscall.h"
#include "waits/waiting.h"

#include "asyncio/native_loop.h"
#include "asyncio/uv.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/sequence.h"
#include "process/clock.h"
#include "snapshot/graph.h"
#include "waits/calls.h"

#include <string.h>

static bool is_run_once(const struct location *location)
{
	const char *name = location->code->name;
	return name && !strcmp(name, "_run_once") &&
	       (sync_is_file(location->code->filename, "asyncio/base_events.py") ||
		sync_is_file(location->code->filename, "nest_asyncio.py"));
}

static bool is_select(const struct location *location)
{
	const char *name = location->code->name;
	return name && !strcmp(name, "select") &&
	       sync_is_file(location->code->filename, "selectors.py");
}

static int read_called(struct waiting *waiting, uint64_t addr, struct loop *loop)
{
	struct call call;
	int status = calls_read(waiting->decoder, addr, &call);
	/* What the thread waits for is known only if waits were asked for. */
	const struct wait *wait = waiting->waits->of_threads
					  ? &waiting->waits->of_threads[loop->thread]
					  : NULL;
	loop->calls = call.name;
	loop->calls_certainty = call.certainty;
	/* What it waits for keeps it waiting, whatever it calls; but most have a lock for a moment. */
	bool waits = wait && wait->blocked && wait->kind != WAIT_LOCK &&
		     wait->kind != WAIT_SEMAPHORE && !wait->has_timeout;
	loop->calls_blocking = waits || call.is_blocking;
	return status;
}

/* ---- _run_once ---- */

static int name_handle(struct waiting *waiting, struct loop *loop)
{
	struct attr attr = {.name = "_callback"};
	struct callable callable;
	if (!loop->handle)
		return 0;
	int status = attrs_find(waiting->decoder, loop->handle, &attr, 1);
	if (!status && attr.value)
		status = callable_read(waiting->decoder, attr.value, &callable);
	if (status || !attr.value || !callable.self)
		return status;
	const struct node *node = graph_find(waiting->snap->graph, callable.self);
	loop->task = node ? node->task : NULL;
	return 0;
}

static int read_busy(struct waiting *waiting, const struct frame *frame, struct loop *loop)
{
	struct decoder *decoder = waiting->decoder;
	struct attr vars[] = {
		{.name = "end_time"}, {.name = "i"},  {.name = "ntodo"},
		{.name = "handle"},   {.name = "t0"},
	};
	int64_t index = -1, count = 0;
	int status = locals_get_all(decoder, frame, vars, 5);
	loop->state = LOOP_BUSY;
	if (!status)
		status = polling_double(decoder, vars[0].value, &loop->since, &loop->has_since);
	if (!status && vars[1].value)
		status = int_read(decoder, vars[1].value, &index);
	if (!status && vars[2].value)
		status = int_read(decoder, vars[2].value, &count);
	if (!status)
		status = polling_double(decoder, vars[4].value, &loop->callback_since,
					&loop->has_callback_since);
	if (status)
		return status;
	loop->has_since &= loop->since >= decoder->times_from;
	/* It has polled once this is set: a selector that is wrapped may be what it is in. */
	if (!loop->has_since)
		loop->state = LOOP_UNKNOWN;
	loop->callback = (size_t)(index + 1);
	loop->callback_count = (size_t)count;
	loop->handle = vars[3].value;
	return loop->task ? 0 : name_handle(waiting, loop);
}

/* Frames of the thread on this side of _run_once: those of the callback. */
static int keep_stack(struct waiting *waiting, const struct thread_frames *frames, size_t count,
		      struct loop *loop)
{
	int status = decoder_alloc(waiting->decoder, count * sizeof(*loop->stack),
				   (void **)&loop->stack);
	for (size_t i = 0; !status && i < count; i++)
		loop->stack[i] = frames->items[i].location;
	loop->depth = status ? 0 : count;
	return status;
}

/* The callback's own frames, or the innermost two. */
static int keep_sites(struct waiting *waiting, struct loop *loop)
{
	size_t own = 0;
	for (size_t i = 0; i < loop->depth; i++)
		own += own_is(&waiting->own, loop->stack[i]->code);
	size_t most = own ? own : loop->depth < 2 ? loop->depth : 2;
	int status = decoder_alloc(waiting->decoder, most * sizeof(*loop->sites),
				   (void **)&loop->sites);
	for (size_t i = 0; !status && i < loop->depth && loop->site_count < most; i++) {
		const struct location *location = loop->stack[i];
		if (own && !own_is(&waiting->own, location->code))
			continue;
		loop->sites[loop->site_count++] = (struct site){location, location->position.line,
								NULL};
	}
	return status;
}

/* ---- uvloop ---- */

/* The time is that of the clock of all loops, in ms. */
static int read_uv_time(struct waiting *waiting, struct loop *loop)
{
	struct reader *reader = &waiting->decoder->reader;
	uint64_t uv, ms = 0;
	int status = native_loop_find_uv(reader, loop->addr, &uv);
	if (!status && uv)
		status = reader_word(reader, uv + UV_TIME, &ms);
	if (status || !uv)
		return error_is_fatal(status) ? status : 0;
	double since = (double)ms / 1000;
	/* Anything else would be another field. */
	if (!waiting->waits->has_now || since > waiting->waits->now || since <= 0)
		return 0;
	loop->since = since;
	loop->has_since = true;
	return 0;
}

static bool is_runner(const struct location *location)
{
	return sync_is_file(location->code->filename, "asyncio/runners.py") ||
	       sync_is_file(location->code->filename, "uvloop/__init__.py");
}

/* It has no frame of its own: what is above the one that runs it is a callback. */
static int read_native_state(struct waiting *waiting, const struct thread_frames *frames,
			     struct loop *loop)
{
	size_t at = 0;
	loop->is_native = loop->type && !strcmp(loop->type, "Loop");
	while (at < frames->count && !is_runner(frames->items[at].location))
		at++;
	if (!loop->is_native || at == frames->count)
		return 0;
	loop->state = at ? LOOP_BUSY : LOOP_IDLE;
	if (!at)
		return 0;
	for (size_t i = 0; i < at; i++) {
		struct task *task = addrmap_get(&waiting->executing, frames->items[i].addr);
		loop->task = task ? task : loop->task;
	}
	int status = read_uv_time(waiting, loop);
	if (!status)
		status = keep_stack(waiting, frames, at, loop);
	return status ? status : read_called(waiting, frames->items[0].addr, loop);
}

/* ---- what the loop's thread does ---- */

static bool has_loop(const struct thread_frames *frames, uint64_t addr)
{
	for (size_t i = 0; i < frames->count; i++) {
		const struct thread_frame *item = &frames->items[i];
		if (item->addr == addr || is_run_once(item->location) || is_runner(item->location))
			return true;
	}
	return false;
}

/* The frames of a greenlet end where it was begun. Those of the loop are around the task that has
 * gone on in it. */
static int read_frames(struct waiting *waiting, const struct thread *of, struct thread_frames *ret)
{
	const struct node *node = NULL;
	enum coro_state state;
	struct frame frame;
	int status = thread_frames_read(waiting->decoder, of, ret);
	if (!status && of->running_task && waiting->snap->graph)
		node = graph_find(waiting->snap->graph, of->running_task);
	if (status || !node || !node->task || !node->task->coro || has_loop(ret, 0))
		return status;
	status = coro_frame(waiting->decoder, node->task->coro, &state, &frame);
	if (status || state != CORO_EXECUTING || has_loop(ret, frame.addr))
		return error_is_fatal(status) ? status : 0;
	struct thread around = *of;
	size_t count = ret->count;
	around.current_frame = frame.addr;
	status = thread_frames_read(waiting->decoder, &around, ret);
	ret->count = status ? count : ret->count;
	return error_is_fatal(status) ? status : 0;
}

static int read_state(struct waiting *waiting, const struct thread_frames *frames,
		      struct loop *loop)
{
	struct frame frame;
	size_t at = 0;
	while (at < frames->count && !is_run_once(frames->items[at].location))
		at++;
	if (at == frames->count)
		return read_native_state(waiting, frames, loop);
	int status = frame_read_any(waiting->decoder, frames->items[at].addr, &frame);
	if (status)
		return status;
	/* Between the poll and the first callback it is neither; nor is what can't be told. */
	if (!at || !frames->items[at - 1].location->code->name ||
	    !frames->items[at - 1].location->code->filename)
		return 0;
	if (is_select(frames->items[at - 1].location))
		return polling_read(waiting, &frame, loop);
	/* _process_events and its like are the loop's own. */
	if (sync_is_file(frames->items[at - 1].location->code->filename,
			 "asyncio/selector_events.py"))
		return 0;
	/* The outermost task on this side of it: an eager one may run on top. Where tasks can't be
	 * read it may be further out than those that are known. */
	for (size_t i = waiting_has_gaps(waiting) && at > 2 ? at - 2 : 0; i < at; i++) {
		struct task *task = addrmap_get(&waiting->executing, frames->items[i].addr);
		loop->task = task ? task : loop->task;
	}
	status = read_busy(waiting, &frame, loop);
	if (!status)
		status = keep_stack(waiting, frames, at, loop);
	return status ? status : read_called(waiting, frames->items[0].addr, loop);
}

/* ---- what the loop itself has ---- */

struct timers {
	struct waiting *waiting;
	struct loop *loop;
};

/* call_later(10, task.cancel) ends whatever the task waits for. */
static int note_cancel(struct waiting *waiting, uint64_t callback, double when)
{
	struct callable callable = {0};
	enum kind kind;
	int status = object_kind(waiting->decoder, callback, &kind);
	if (status || (kind != KIND_CFUNCTION && kind != KIND_METHOD))
		return status;
	status = callable_read(waiting->decoder, callback, &callable);
	const char *name = callable.code ? callable.code->name : callable.name;
	if (status || !callable.self || !name || strcmp(name, "cancel") != 0)
		return status;
	const struct node *node = graph_find(waiting->snap->graph, callable.self);
	if (!node || !node->task || node->task->index >= waiting->snap->tasks.count)
		return 0;
	struct wait *wait = &waiting->waits->of_tasks[node->task->index];
	if (!wait->has_deadline || when < wait->deadline_at)
		wait->deadline_at = when;
	wait->has_deadline = true;
	return 0;
}

static int visit_timer(struct decoder *decoder, uint64_t item, void *arg)
{
	struct timers *timers = arg;
	struct attr attrs[] = {{.name = "_when"}, {.name = "_cancelled"}, {.name = "_callback"}};
	int64_t cancelled = 0;
	double when;
	bool known;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = attrs_find(decoder, item, attrs, 3);
	if (!status && attrs[1].value)
		status = int_read(decoder, attrs[1].value, &cancelled);
	if (!status)
		status = polling_double(decoder, attrs[0].value, &when, &known);
	if (status || cancelled || !known)
		return error_is_fatal(status) ? status : 0;
	struct loop *loop = timers->loop;
	loop->timer_count++;
	if (when < decoder->times_from)
		return 0;
	if (!loop->has_first_timer || when < loop->first_timer_at)
		loop->first_timer_at = when;
	loop->has_first_timer = true;
	status = attrs[2].value ? note_cancel(timers->waiting, attrs[2].value, when) : 0;
	return error_is_fatal(status) ? status : 0;
}

int loops_read_queues(struct waiting *waiting, struct loop *loop)
{
	struct decoder *decoder = waiting->decoder;
	struct attr attrs[] = {{.name = "_ready"}, {.name = "_scheduled"}, {.name = "_closed"}};
	struct timers timers = {waiting, loop};
	const struct type *type;
	uint64_t count = 0;
	int64_t closed = 0;
	int status = object_type(decoder, loop->addr, &type);
	if (!status)
		loop->type = type->name;
	if (!status)
		status = attrs_find(decoder, loop->addr, attrs, 3);
	if (!status && attrs[0].value)
		status = container_length(decoder, attrs[0].value, &count);
	loop->ready_count = count;
	loop->has_queues = !status && attrs[0].value && attrs[1].value;
	if (!status && attrs[2].value)
		status = int_read(decoder, attrs[2].value, &closed);
	if (!status && closed)
		loop->state = LOOP_CLOSED;
	if (!status && attrs[1].value)
		status = sequence_visit(decoder, attrs[1].value, visit_timer, &timers);
	return error_is_fatal(status) ? status : 0;
}

static int read_loop(struct waiting *waiting, size_t thread)
{
	const struct thread *of = &waiting->snap->threads.items[thread];
	struct loop loop = {.addr = of->running_loop, .thread = (ptrdiff_t)thread};
	struct thread_frames frames = {0};
	if (!loop.addr)
		return 0;
	int status = loops_read_queues(waiting, &loop);
	if (!status)
		status = read_frames(waiting, of, &frames);
	if (!status)
		status = read_state(waiting, &frames, &loop);
	if (!status)
		status = keep_sites(waiting, &loop);
	if (!error_is_fatal(status))
		status = ready_list(waiting, &loop);
	array_deinit(&frames);
	if (error_is_fatal(status))
		return status;
	return array_push(&waiting->waits->loops, loop) ? 0 : waiting_no_memory(waiting);
}

/* Now is known of a process that runs. Else the latest time that any loop has seen is past. */
static void find_now(struct waiting *waiting)
{
	struct waits *waits = waiting->waits;
	if (waits->has_now)
		return;
	for (size_t i = 0; i < waits->loops.count; i++) {
		const struct loop *loop = &waits->loops.items[i];
		if (!loop->has_since || (waits->has_now && waits->now >= loop->since))
			continue;
		waits->has_now = waits->now_is_least = true;
		waits->now = loop->since;
	}
}

int loops_read(struct waiting *waiting)
{
	int status = 0;
	leaving_read(waiting);
	status = readers_find(waiting);
	for (size_t i = 0; !status && i < waiting->snap->threads.count; i++)
		status = read_loop(waiting, i);
	if (!status)
		status = loops_read_copied(waiting);
	find_now(waiting);
	return status ? status : loops_read_idle(waiting);
}

/* ---- without the rest of waits ---- */

/* Between two callbacks there is only the loop's own frame. */
static int read_busy_thread(struct waiting *waiting, const struct thread *thread, struct loop *loop)
{
	struct thread_frames frames = {0};
	int status = read_frames(waiting, thread, &frames);
	if (!status)
		status = read_state(waiting, &frames, loop);
	if (!status && loop->state == LOOP_UNKNOWN && frames.count &&
	    is_run_once(frames.items[0].location)) {
		loop->state = LOOP_BUSY;
		status = keep_stack(waiting, &frames, 1, loop);
	}
	array_deinit(&frames);
	return status;
}

/* What a handle runs is a callback. Anything else that the loop calls may be its way to poll, unless
 * that is in C. */
static bool is_in_callback(const struct loop *loop)
{
	if (loop->is_native)
		return true;
	const struct code *code = loop->stack[loop->depth - 1]->code;
	return code->name && !strcmp(code->name, "_run") &&
	       sync_is_file(code->filename, "asyncio/events.py");
}

/* What runs on has to stand still for it: else it polls. */
static int read_busy_loop(struct waiting *waiting, size_t thread, struct busy_loops *ret)
{
	struct reader *reader = &waiting->decoder->reader;
	const struct thread *of = &waiting->snap->threads.items[thread];
	struct loop loop = {.addr = of->running_loop, .thread = (ptrdiff_t)thread};
	const struct type *type;
	bool same;
	reader_begin(reader);
	int status = object_type(waiting->decoder, loop.addr, &type);
	if (!status)
		loop.type = type->name;
	if (!status)
		status = read_busy_thread(waiting, of, &loop);
	if (error_is_fatal(status))
		return status;
	int verified = reader_verify(reader, &same);
	if (verified || status || !same || loop.state != LOOP_BUSY)
		return verified;
	const struct busy_loop busy = {
		.addr = loop.addr,
		.thread = thread,
		.in_callback = is_in_callback(&loop),
		.since = loop.since,
		.has_since = loop.has_since && is_in_callback(&loop),
		.stack = loop.stack,
		.depth = loop.depth,
		.calls = loop.calls,
		.calls_exactly = loop.calls_certainty == CERTAINTY_CERTAIN,
	};
	return array_push(ret, busy) ? 0 : waiting_no_memory(waiting);
}

int loops_read_busy(struct aiodbg_snapshot *snap, struct decoder *decoder)
{
	struct waits waits = {0};
	struct waiting waiting = {.decoder = decoder, .snap = snap, .waits = &waits};
	uint64_t missing_count = decoder->missing_count;
	size_t asked = 0;
	int status = 0;
	waits.has_now = snap->runs_on && clock_now(snap->pid, &waits.now);
	for (size_t i = 0; !status && i < snap->threads.count && asked < LIMIT_LOOPS_ASKED; i++) {
		if (!snap->threads.items[i].running_loop)
			continue;
		asked++;
		status = read_busy_loop(&waiting, i, &snap->busy_loops);
	}
	decoder->missing_count = missing_count;
	/* After the frames: it is not too early for any of them. */
	if (!status && snap->runs_on && snap->busy_loops.count && !clock_is_stopped(snap->pid))
		snap->has_now = clock_now(snap->pid, &snap->now);
	return status == AIODBG_TOO_MUCH || status == AIODBG_LIMIT ? 0 : status;
}
