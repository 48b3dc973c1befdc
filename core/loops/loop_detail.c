/* SPDX-License-Identifier: MIT */
/* Event loops in detail. See loops/loop_detail.h. */
#include "loops/loop_detail.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/sort.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "loops/detailing.h"
#include "snapshot/graph.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

int detailing_pass_over(struct detailing *detailing, int status, const char *what)
{
	struct aiodbg_error *error = &detailing->decoder->reader.error;
	if (!status || error_is_fatal(status))
		return status;
	error_prefix(error, "%s", what);
	struct aiodbg_problem *problem = problem_create(detailing->decoder->arena, error);
	if (!problem)
		return decoder_no_memory(detailing->decoder);
	problem->next = detailing->detail->problems;
	detailing->detail->problems = problem;
	return 0;
}

static const struct task *task_at(struct detailing *detailing, uint64_t addr)
{
	const struct node *node = addr ? graph_find(detailing->snap->graph, addr) : NULL;
	return node ? node->task : NULL;
}

static bool is_new(const struct aiodbg_snapshot *snap, const struct task *task)
{
	return task && task->index < snap->tasks.count && snap->tasks.items[task->index] == task &&
	       snap->waits->of_tasks[task->index].not_started;
}

/* A class is called by its name, an instance of one by that of its class. */
static int name_object(struct decoder *decoder, uint64_t callback, struct loop_entry *entry)
{
	const struct type *type;
	int status = callback ? object_type(decoder, callback, &type) : 0;
	if (!status && callback && type->kind == KIND_TYPE)
		status = type_get(decoder, callback, &type);
	if (!status && callback)
		entry->function = type->name;
	return error_is_fatal(status) ? status : 0;
}

int detailing_entry(struct detailing *detailing, uint64_t addr, struct loop_entry *ret)
{
	struct handle handle;
	const struct type *type;
	*ret = (struct loop_entry){.handle = addr};
	int status = handle_read(detailing->decoder, addr, &handle);
	if (status)
		return error_is_fatal(status) ? status : 0;
	ret->kind = handle.kind;
	ret->is_cancelled = handle.is_cancelled;
	ret->when = handle.when;
	ret->has_when = handle.has_when;
	ret->function = handle.callable.name;
	ret->code = handle.callable.code;
	ret->task = task_at(detailing, handle.task);
	if (!ret->task && handle.future)
		ret->task = addrmap_get(&detailing->by_future, handle.future);
	if (ret->kind == HANDLE_STEP && is_new(detailing->snap, ret->task))
		ret->kind = HANDLE_FIRST_STEP;
	if (!ret->function && ret->kind == HANDLE_CALLBACK)
		return name_object(detailing->decoder, handle.callback, ret);
	if (!ret->function || ret->code || !handle.callable.self)
		return 0;
	/* Methods of C have no qualified name. */
	status = object_type(detailing->decoder, handle.callable.self, &type);
	if (!status && type->kind != KIND_MODULE)
		ret->self_type = type->name;
	return error_is_fatal(status) ? status : 0;
}

/* ---- what is ready ---- */

static int visit_ready(struct decoder *decoder, uint64_t item, void *arg)
{
	struct detailing *detailing = arg;
	struct loop_detail *detail = detailing->detail;
	struct loop_entry entry;
	/* Ends the walk. */
	if (detail->ready.count == LIMIT_LOOP_ENTRIES)
		return AIODBG_LIMIT;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = detailing_entry(detailing, item, &entry);
	if (!status && !array_push(&detail->ready, entry))
		status = decoder_no_memory(decoder);
	return status;
}

static int read_ready(struct detailing *detailing, uint64_t queue)
{
	struct loop_detail *detail = detailing->detail;
	uint64_t count = 0;
	int status = queue ? container_length(detailing->decoder, queue, &count) : 0;
	detail->ready_count = count;
	if (!status && queue)
		status = sequence_visit(detailing->decoder, queue, visit_ready, detailing);
	bool is_cut = detail->ready.count == LIMIT_LOOP_ENTRIES && status == AIODBG_LIMIT;
	return is_cut ? 0 : status;
}

/* ---- timers ---- */

struct due {
	double when;
	uint64_t handle;
};

ARRAY(dues, struct due);

struct timer_walk {
	struct detailing *detailing;
	struct dues dues;
};

static int visit_timer(struct decoder *decoder, uint64_t item, void *arg)
{
	struct timer_walk *walk = arg;
	struct handle handle;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = handle_read_time(decoder, item, &handle);
	if (status)
		return error_is_fatal(status) ? status : 0;
	if (handle.is_cancelled) {
		walk->detailing->detail->cancelled_count++;
		return 0;
	}
	/* Those without a time come last. */
	const struct due due = {handle.has_when ? handle.when : HUGE_VAL, item};
	return array_push(&walk->dues, due) ? 0 : decoder_no_memory(decoder);
}

static int compare_dues(const void *a, const void *b)
{
	const struct due *x = a, *y = b;
	return x->when < y->when ? -1 : x->when > y->when;
}

/* Of a list, or of a set. */
static int read_timers(struct detailing *detailing, uint64_t heap)
{
	struct loop_detail *detail = detailing->detail;
	struct decoder *decoder = detailing->decoder;
	struct timer_walk walk = {.detailing = detailing};
	enum kind kind = KIND_NONE;
	int status = heap ? object_kind(decoder, heap, &kind) : 0;
	if (!status && kind == KIND_SET)
		status = set_visit(decoder, heap, visit_timer, &walk);
	else if (!status && heap)
		status = sequence_visit(decoder, heap, visit_timer, &walk);
	if (!status && walk.dues.count)
		status = sort_items(&decoder->reader.work, walk.dues.items, walk.dues.count,
				    sizeof(walk.dues.items[0]), compare_dues);
	detail->timer_count = walk.dues.count;
	for (size_t i = 0; !status && i < walk.dues.count && i < LIMIT_LOOP_ENTRIES; i++) {
		struct loop_entry entry;
		status = detailing_entry(detailing, walk.dues.items[i].handle, &entry);
		if (!status && !array_push(&detail->timers, entry))
			status = decoder_no_memory(decoder);
	}
	array_deinit(&walk.dues);
	return status;
}

/* ---- signals ---- */

static int visit_signal(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct detailing *detailing = arg;
	struct loop_signal signal;
	int status = int_read(decoder, key, &signal.number);
	if (!status)
		status = detailing_entry(detailing, value, &signal.entry);
	if (status)
		return error_is_fatal(status) ? status : 0;
	return array_push(&detailing->detail->signals, signal) ? 0 : decoder_no_memory(decoder);
}

/* ---- one loop ---- */

static int note_futures(struct detailing *detailing)
{
	const struct tasks *tasks = &detailing->snap->tasks;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		status = work_step(&detailing->decoder->reader.work);
		if (!status && task->fut_waiter && task_is_pending(task) &&
		    !addrmap_put(&detailing->by_future, task->fut_waiter, task))
			status = decoder_no_memory(detailing->decoder);
	}
	return status;
}

static int read_native(struct detailing *detailing)
{
	struct loop_native native;
	int status = loop_native_read(detailing->decoder, detailing->detail->loop->addr, &native);
	detailing->detail->is_native = true;
	if (!status)
		status = detailing_pass_over(detailing, read_ready(detailing, native.ready),
					     "what is ready");
	if (!status)
		status = detailing_pass_over(detailing, read_timers(detailing, native.timers),
					     "timers");
	if (!status)
		status = detailing_pass_over(detailing, loop_native_files(detailing, &native),
					     "files");
	if (!status && native.executor)
		status = detailing_pass_over(
			detailing, loop_executor_read(detailing, native.executor), "executor");
	return status;
}

static int read_parts(struct detailing *detailing)
{
	struct decoder *decoder = detailing->decoder;
	struct attr attrs[] = {
		{.name = "_ready"},	      {.name = "_scheduled"},	     {.name = "_selector"},
		{.name = "_signal_handlers"}, {.name = "_default_executor"},
	};
	int status = attrs_find(decoder, detailing->detail->loop->addr, attrs, 5);
	if (!status && !attrs[0].value && !attrs[1].value && !attrs[2].value)
		return read_native(detailing);
	status = detailing_pass_over(detailing, status, "attributes of the loop");
	if (!status)
		status = detailing_pass_over(detailing, read_ready(detailing, attrs[0].value),
					     "what is ready");
	if (!status)
		status = detailing_pass_over(detailing, read_timers(detailing, attrs[1].value),
					     "timers");
	if (!status && attrs[2].value)
		status = detailing_pass_over(detailing, loop_files_read(detailing, attrs[2].value),
					     "files");
	if (!status && attrs[3].value)
		status = detailing_pass_over(
			detailing, dict_visit(decoder, attrs[3].value, visit_signal, detailing),
			"signal handlers");
	if (!status && attrs[4].value)
		status = detailing_pass_over(
			detailing, loop_executor_read(detailing, attrs[4].value), "executor");
	return status;
}

static int read_detail(struct decoder *decoder, struct aiodbg_snapshot *snap,
		       const struct loop *loop)
{
	struct detailing detailing = {.decoder = decoder, .snap = snap};
	struct loop_list *list = snap->loop_list;
	int status = decoder_alloc(decoder, sizeof(*list->detail), (void **)&list->detail);
	if (status)
		return status;
	detailing.detail = list->detail;
	list->detail->loop = loop;
	status = note_futures(&detailing);
	if (!status)
		status = read_parts(&detailing);
	addrmap_deinit(&detailing.by_future);
	addrmap_deinit(&detailing.seen);
	return status;
}

/* ---- all of them ---- */

static int count_native(struct decoder *decoder, uint64_t loop, struct loop_row *row)
{
	struct loop_native native;
	int status = loop_native_read(decoder, loop, &native);
	if (status)
		return status;
	row->ready_count = native.ready_count;
	row->timer_count = native.timer_count;
	row->fd_count = native.fd_count;
	row->first_timer_at = native.first_timer_at;
	row->has_first_timer = native.has_first_timer;
	return 0;
}

/* Files are those that the selector watches, without those that the loop has for itself. */
static int read_row(struct decoder *decoder, const struct loop *loop, struct loop_row *row)
{
	struct attr attrs[] = {
		{.name = "_selector"}, {.name = "_internal_fds"}, {.name = "_ready"}};
	uint64_t files = 0, count = 0;
	int64_t own = 0;
	enum kind kind = KIND_OTHER;
	int status = attrs_find(decoder, loop->addr, attrs, 3);
	*row = (struct loop_row){.fd_count = -1, .ready_count = -1, .timer_count = -1};
	if (!status && !attrs[2].value)
		return count_native(decoder, loop->addr, row);
	if (!status) {
		row->ready_count = (int64_t)loop->ready_count;
		row->timer_count = (int64_t)loop->timer_count;
		row->first_timer_at = loop->first_timer_at;
		row->has_first_timer = loop->has_first_timer;
	}
	if (!status && attrs[0].value)
		status = attr_find(decoder, attrs[0].value, "_fd_to_key", &files);
	if (!status && files)
		status = object_kind(decoder, files, &kind);
	if (status || kind != KIND_DICT)
		return error_is_fatal(status) ? status : 0;
	status = container_length(decoder, files, &count);
	if (!status && attrs[1].value)
		status = int_read(decoder, attrs[1].value, &own);
	if (!status)
		row->fd_count = (int64_t)count >= own ? (int64_t)count - own : 0;
	return error_is_fatal(status) ? status : 0;
}

static int read_rows(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	const struct loops *loops = &snap->waits->loops;
	struct loop_list *list = snap->loop_list;
	struct addrmap rows = {0};
	int status = 0;
	for (size_t i = 0; !status && i < loops->count; i++) {
		status = read_row(decoder, &loops->items[i], &list->rows[i]);
		if (!status && !addrmap_put(&rows, loops->items[i].addr, &list->rows[i]))
			status = decoder_no_memory(decoder);
	}
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		struct loop_row *row = addrmap_get(&rows, task->loop);
		status = work_step(&decoder->reader.work);
		if (row && task_is_pending(task))
			row->task_count++;
	}
	addrmap_deinit(&rows);
	return status;
}

static int read_wanted(struct decoder *decoder, struct aiodbg_snapshot *snap, uint64_t addr)
{
	const struct loops *loops = &snap->waits->loops;
	struct aiodbg_error *error = &decoder->reader.error;
	for (size_t i = 0; i < loops->count; i++) {
		if (loops->items[i].addr == addr)
			return read_detail(decoder, snap, &loops->items[i]);
	}
	if (!loops->count)
		return error_at(error, AIODBG_NOT_FOUND, addr, "no event loop");
	return error_set(error, AIODBG_NOT_FOUND,
			 "no event loop at 0x%" PRIx64
			 ": there %s %zu, which `asyncio loops` lists",
			 addr, loops->count == 1 ? "is" : "are", loops->count);
}

int loops_decode(struct decoder *decoder, struct aiodbg_snapshot *snap, uint64_t addr)
{
	int status = decoder_alloc(decoder, sizeof(*snap->loop_list), (void **)&snap->loop_list);
	if (!status)
		status = decoder_alloc(decoder,
				       snap->waits->loops.count * sizeof(*snap->loop_list->rows),
				       (void **)&snap->loop_list->rows);
	if (!status)
		status = read_rows(decoder, snap);
	return status || !addr ? status : read_wanted(decoder, snap, addr);
}

void loop_list_deinit(struct loop_list *list)
{
	struct loop_detail *detail = list->detail;
	if (!detail)
		return;
	array_deinit(&detail->ready);
	array_deinit(&detail->timers);
	for (size_t i = 0; i < detail->files.count; i++)
		array_deinit(&detail->files.items[i].waiters);
	array_deinit(&detail->files);
	array_deinit(&detail->signals);
	array_deinit(&detail->executor.workers);
	array_deinit(&detail->executor.queued);
}

/* By as much a timer may be late if the machine is busy. */
#define LATE_SECONDS 0.1

double loop_late_by(const struct waits *waits, const struct loop *loop)
{
	bool known = waits->has_now && !waits->now_is_least;
	if (loop->state != LOOP_IDLE || loop->is_asleep || !known || !loop->has_first_timer)
		return -1;
	double late = waits->now - loop->first_timer_at;
	return late > LATE_SECONDS ? late : -1;
}
