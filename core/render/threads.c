/* SPDX-License-Identifier: MIT */
/* asyncio threads: a row for each, or all that is known of one. */
#include "render/threads.h"

#include "base/ceilings.h"
#include "render/grid.h"
#include "render/place.h"
#include "render/reason.h"
#include "render/render.h"
#include "snapshot/graph.h"
#include "view/threads.h"

#include <inttypes.h>

/* Where values stand. */
#define LABEL_WIDTH 14

enum { TID, NAME, STATE, GIL, LOOP, TASK, PLACE, COLUMNS };

static const char *const titles[COLUMNS] = {
	"tid", "name", "state", "GIL", "loop", "running task", "innermost own frame",
};

/* Where there is no room for all: the object that it waits for stays, and file and line. */
static const struct grid_order optional = {{LOOP, TASK, GIL}, 3};
static const struct grid_room rooms[COLUMNS] = {
	[NAME] = {16, 10, 0},
	[STATE] = {40, 37, 0},
	[TASK] = {16, 12, 0},
	[PLACE] = {30, 20, UINT8_MAX},
};

static void write_wait(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct wait *wait)
{
	if (wait->certainty < CERTAINTY_CERTAIN && wait->kind == WAIT_UNKNOWN) {
		output_text(out, "waits");
		return;
	}
	if (reason_needs_verb(wait))
		output_text(out, "waits for ");
	reason_write(out, snap, wait);
	if (wait->has_timeout)
		output_text(out, ", with a timeout");
}

void threads_write_state(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct thread_row *row)
{
	bool sure = row->calls_certainty == CERTAINTY_CERTAIN;
	switch (row->state) {
	case THREAD_RUNS:
		output_text(out, "runs");
		return;
	case THREAD_SELECTS:
		output_text(out, "in select");
		return;
	case THREAD_WAITS:
		write_wait(out, snap, &snap->waits->of_threads[row->first]);
		return;
	case THREAD_IDLE_WORKER:
		output_text(out, "idle worker");
		return;
	case THREAD_IN_C:
		output_text(out, sure ? "in " : "probably in ");
		output_safe(out, row->calls, LIMIT_C_STRING);
		return;
	default:
		output_text(out, row->place ? "waits for the GIL or is in C code" : "?");
		return;
	}
}

static void write_gil(struct output *out, const struct thread_row *row)
{
	output_text(out, row->has_gil < 0 ? "?" : row->has_gil ? "yes" : "no");
}

static const struct task *task_with_id(const struct aiodbg_snapshot *snap, uint64_t id)
{
	const struct node *node = graph_find(snap->graph, id);
	return node ? node->task : NULL;
}

static void write_running(struct output *out, const struct aiodbg_snapshot *snap, uint64_t id)
{
	const struct task *task = task_with_id(snap, id);
	if (task)
		task_write_name(out, task, false);
	else
		output_format(out, "0x%" PRIx64, id);
}

static void write_cell(struct output *out, const void *arg, size_t index, size_t column)
{
	const struct view *view = arg;
	const struct aiodbg_snapshot *snap = view->snap;
	const struct thread_row *row = view->threads ? view->threads->rows[index]
						     : &snap->thread_list->rows[index];
	const struct thread *thread = &snap->threads.items[row->first];
	ptrdiff_t with_loop = threads_with_loop(snap, row);
	const struct thread *looping = with_loop < 0 ? NULL : &snap->threads.items[with_loop];
	const char *name = threads_name(snap, row);
	switch (column) {
	case TID:
		if (thread->tid)
			output_format(out, "%" PRIu64, thread->tid);
		else
			output_text(out, "-");
		return;
	case NAME:
		output_safe(out, name ? name : "-", LIMIT_NAME_SHOWN);
		return;
	case STATE:
		threads_write_state(out, snap, row);
		return;
	case GIL:
		write_gil(out, row);
		return;
	case LOOP:
		if (looping)
			output_id(out, looping->running_loop);
		else
			output_text(out, "-");
		return;
	case TASK:
		if (looping && looping->running_task)
			write_running(out, snap, looping->running_task);
		else
			output_text(out, "-");
		return;
	default:
		if (row->place)
			reason_write_location(out, row->place);
		return;
	}
}

/* ---- one thread ---- */

static void write_label(struct output *out, const char *label)
{
	output_format(out, "%-*s", LABEL_WIDTH, label);
}

static void write_loop(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct thread *thread)
{
	const struct loops *loops = &snap->waits->loops;
	const char *type = NULL;
	for (size_t i = 0; i < loops->count && !type; i++) {
		if (loops->items[i].addr == thread->running_loop)
			type = loops->items[i].type;
	}
	write_label(out, "loop");
	output_safe(out, type ? type : "loop", LIMIT_C_STRING);
	output_format(out, " at 0x%" PRIx64 "\n", thread->running_loop);
	if (!thread->running_task)
		return;
	write_label(out, "running task");
	output_id(out, thread->running_task);
	if (task_with_id(snap, thread->running_task)) {
		output_text(out, "  ");
		write_running(out, snap, thread->running_task);
	}
	output_text(out, "\n");
}

static void write_interpreters(struct output *out, const struct aiodbg_snapshot *snap,
			       const struct thread_row *row)
{
	const char *before = "";
	write_label(out, "interpreter");
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at]) {
		int64_t id = snapshot_interp_id(snap, snap->threads.items[at].interp);
		output_format(out, "%s%" PRId64, before, id);
		before = ", in ";
	}
	output_text(out, "\n");
}

static void write_holds(struct output *out, const struct aiodbg_snapshot *snap,
			const struct thread_row *row)
{
	const struct waits *waits = snap->waits;
	for (ptrdiff_t at = (ptrdiff_t)row->first; at >= 0; at = snap->thread_list->next[at]) {
		size_t index = snap->tasks.count + (size_t)at;
		for (size_t i = waits->first_hold[index]; i < waits->first_hold[index + 1]; i++) {
			write_label(out, "holds");
			reason_write_object(out, waits->holds[i]);
			output_text(out, "\n");
		}
	}
}

static bool write_detail(struct output *out, const struct view *view)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct thread_detail *detail = snap->thread_list->detail;
	const struct thread_row *row = detail->row;
	ptrdiff_t with_loop = threads_with_loop(snap, row);
	const char *name = threads_name(snap, row);
	write_label(out, "thread");
	output_format(out, "%" PRIu64 "\n", snap->threads.items[row->first].tid);
	if (name) {
		write_label(out, "name");
		output_safe(out, name, LIMIT_STRING);
		output_text(out, "\n");
	}
	write_label(out, "state");
	threads_write_state(out, snap, row);
	output_text(out, "\n");
	if (row->calls && row->state != THREAD_IN_C) {
		write_label(out, "calls");
		output_safe(out, row->calls, LIMIT_C_STRING);
		output_text(out, row->calls_certainty == CERTAINTY_CERTAIN ? "\n" : ", probably\n");
	}
	write_label(out, "GIL");
	write_gil(out, row);
	output_text(out, "\n");
	write_interpreters(out, snap, row);
	if (with_loop >= 0)
		write_loop(out, snap, &snap->threads.items[with_loop]);
	write_holds(out, snap, row);
	const struct place_stack stack = {detail->stack, detail->source, detail->locals,
					  detail->depth};
	return place_write_stack(out, &stack, view->framing);
}

int render_threads(const struct view *view, struct output *out)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct grid grid = {
		.titles = titles,
		.columns = COLUMNS,
		.rows = view->threads ? view->threads->count : snap->thread_list->count,
		.cell = write_cell,
		.arg = view,
		.optional = &optional,
		.rooms = rooms,
	};
	int status = 0;
	if (snap->thread_list->detail)
		status = write_detail(out, view) ? 0 : AIODBG_NO_MEMORY;
	else if (view->threads && view->threads->places)
		status = thread_groups_write(view, out);
	else
		status = grid_write(&grid, out);
	render_stopped(snap, out);
	render_problems(snap, out);
	if (view->threads)
		render_counts_left_out(view->threads->query, "thread", view->threads->filtered,
				       view->threads->cut, out);
	return status;
}
