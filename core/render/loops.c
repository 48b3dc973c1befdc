/* SPDX-License-Identifier: MIT */
/* asyncio loops: a row for each event loop. */
#include "render/loops.h"

#include "asyncio/sync.h"
#include "base/ceilings.h"
#include "render/grid.h"
#include "render/reason.h"
#include "render/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { THREAD, ADDRESS, CLASS, STATE, READY, TIMERS, NEXT, FILES, TASKS, COLUMNS };

static const char *const titles[COLUMNS] = {
	"thread", "loop", "class", "state", "ready", "timers", "next timer", "fds", "tasks",
};

/* Where there is no room for all: for how long it does what stands at the end of a state. */
static const struct grid_order optional = {{CLASS, NEXT, FILES}, 3};
static const struct grid_room rooms[COLUMNS] = {[CLASS] = {22, 12, 0}, [STATE] = {44, 28, 19}};

/* ---- parts ---- */

void loop_write_task(struct output *out, const struct task *task)
{
	task_write_name(out, task, false);
	/* Where it has no name, that is its address. */
	if (!task->name)
		return;
	output_text(out, " ");
	output_id(out, task->id);
}

/* What its thread runs, if that is no task: the function that the handle calls. */
static const struct location *callback_of(const struct loop *loop)
{
	size_t depth = loop->depth;
	while (depth) {
		const struct code *code = loop->stack[--depth]->code;
		if (!sync_is_file(code->filename, "asyncio/events.py"))
			return loop->stack[depth];
	}
	return loop->depth ? loop->stack[0] : NULL;
}

static void write_for(struct output *out, const struct waits *waits, const struct loop *loop)
{
	double seconds = waits->now - loop->since;
	if (!loop->has_since || !waits->has_now || seconds < 0)
		return;
	/* In a core it is only known what time it was when others were last seen. */
	if (waits->now_is_least && seconds <= 0)
		return;
	output_text(out, waits->now_is_least ? " for at least " : " for ");
	reason_write_seconds(out, seconds);
}

static void write_busy(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct loop *loop)
{
	const struct location *callback = callback_of(loop);
	output_text(out, "runs ");
	if (loop->task)
		task_write_name(out, loop->task, false);
	else if (callback)
		reason_write_location(out, callback);
	else
		output_text(out, "?");
	write_for(out, snap->waits, loop);
}

static void write_idle(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct loop *loop)
{
	const struct waits *waits = snap->waits;
	double late = loop_late_by(waits, loop), seconds = waits->now - loop->since;
	bool known = loop->has_since && waits->has_now && !waits->now_is_least && seconds >= 0;
	if (late > 0) {
		output_text(out, "starved for ");
		reason_write_seconds(out, late);
		return;
	}
	output_text(out, "idle");
	if (!known)
		return;
	output_text(out, " ");
	reason_write_seconds(out, seconds);
}

void loop_write_state(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct loop *loop)
{
	switch (loop->state) {
	case LOOP_IDLE:
		write_idle(out, snap, loop);
		return;
	case LOOP_BUSY:
		write_busy(out, snap, loop);
		return;
	case LOOP_CLOSED:
		output_text(out, "closed");
		return;
	case LOOP_NOT_RUNNING:
		output_text(out, "not running");
		return;
	case LOOP_COPY:
		output_text(out, "copied by fork");
		return;
	default:
		output_text(out, loop->thread >= 0 ? "runs" : "?");
		return;
	}
}

void loop_write_due(struct output *out, const struct waits *waits, double when)
{
	bool is_over = when < waits->now, is_least = waits->now_is_least;
	if (!waits->has_now) {
		output_format(out, "at %.3f", when);
		return;
	}
	output_text(out, is_over ? "overdue by " : "in ");
	/* It was later than any loop has seen. */
	if (is_least)
		output_text(out, is_over ? "at least " : "at most ");
	reason_write_seconds(out, is_over ? waits->now - when : when - waits->now);
}

static void write_number(struct output *out, int64_t number)
{
	if (number < 0)
		output_text(out, "?");
	else
		reason_write_count(out, (uint64_t)number);
}

static void write_thread(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct loop *loop)
{
	if (loop->thread >= 0)
		output_format(out, "%" PRIu64, snap->threads.items[loop->thread].tid);
	else
		output_text(out, "-");
}

static void write_cell(struct output *out, const void *arg, size_t index, size_t column)
{
	const struct aiodbg_snapshot *snap = arg;
	const struct loop *loop = &snap->waits->loops.items[index];
	const struct loop_row *row = &snap->loop_list->rows[index];
	switch (column) {
	case THREAD:
		write_thread(out, snap, loop);
		return;
	case ADDRESS:
		output_id(out, loop->addr);
		return;
	case CLASS:
		output_safe(out, loop->type, LIMIT_C_STRING);
		return;
	case STATE:
		loop_write_state(out, snap, loop);
		return;
	case READY:
		write_number(out, row->ready_count);
		return;
	case TIMERS:
		write_number(out, row->timer_count);
		return;
	case NEXT:
		if (row->has_first_timer)
			loop_write_due(out, snap->waits, row->first_timer_at);
		else
			output_text(out, row->timer_count ? "?" : "-");
		return;
	case FILES:
		write_number(out, row->fd_count);
		return;
	default:
		reason_write_count(out, row->task_count);
		return;
	}
}

int render_loops(const struct view *view, struct output *out)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct grid grid = {
		.titles = titles,
		.columns = COLUMNS,
		.rows = snap->waits->loops.count,
		.cell = write_cell,
		.arg = snap,
		.optional = &optional,
		.rooms = rooms,
	};
	if (snap->loop_list->detail)
		return loop_write_detail(out, snap, view->top);
	if (!grid.rows && !snap->tasks.count)
		render_empty(snap, out);
	int status = grid.rows ? grid_write(&grid, out) : 0;
	if (!grid.rows && snap->tasks.count)
		output_text(out, "No event loop could be read.\n");
	render_stopped(snap, out);
	render_problems(snap, out);
	return status;
}
