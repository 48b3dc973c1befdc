/* SPDX-License-Identifier: MIT */
/*
 * The table of "ps": a row for each task and awaiter, in the columns of
 * python -m asyncio ps.
 */
#include "base/ceilings.h"
#include "base/text.h"
#include "render/reason.h"
#include "render/render.h"
#include "view/framing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TID, ID, NAME, STACK, CHAIN, AWAITER, AWAITER_ID, WAITS, COLUMNS };

static const char *const titles[COLUMNS] = {
	"tid",		 "task id",	 "task name",  "coroutine stack",
	"awaiter chain", "awaiter name", "awaiter id", "waits for",
};

struct row {
	const struct aiodbg_snapshot *snap;
	const struct task *task;
	/* NULL if nobody awaits the task. */
	const struct edge *edge;
};

/* Writes a text, or only measures it. */
struct pen {
	struct output *out;
	bool measure;
	/* NULL: all frames; and room for those of one task. */
	struct framing *framing;
	struct shown_frames *shown;
};

static size_t put_function(const struct pen *pen, const struct location *location)
{
	const char *name = location->function;
	return pen->measure
		       ? output_safe_width(pen->out, name, LIMIT_NAME_SHOWN)
		       : output_safe_as(pen->out, AIODBG_ROLE_FUNCTION, name, LIMIT_NAME_SHOWN);
}

static size_t put(const struct pen *pen, const char *text, size_t max)
{
	return pen->measure ? output_safe_width(pen->out, text, max)
			    : output_safe(pen->out, text, max);
}

/* A number, or an address, as text_decimal() or text_hex() writes it. */
static size_t put_number(const struct pen *pen, size_t (*write)(uint64_t, char *), uint64_t number)
{
	char text[TEXT_NUMBER_MAX];
	size_t len = write(number, text);
	if (pen->measure)
		return len;
	if (write == text_hex)
		output_role(pen->out, AIODBG_ROLE_ID);
	output_bytes(pen->out, text, len);
	if (write == text_hex)
		output_plain(pen->out);
	return len;
}

/* Instead of so many frames. */
static size_t put_rest(const struct pen *pen, size_t count)
{
	char text[TEXT_NUMBER_MAX + 16];
	snprintf(text, sizeof(text), "... (%zu more)", count);
	return put(pen, text, sizeof(text));
}

/* Instead of so many of libraries. */
static size_t put_run(const struct pen *pen, size_t count)
{
	char text[TEXT_NUMBER_MAX + 16];
	snprintf(text, sizeof(text), "... %zu frames", count);
	return put(pen, text, sizeof(text));
}

/* The same, with the own frames. */
static size_t put_own_stack(const struct pen *pen, const struct task *task)
{
	struct shown_frames *shown = pen->shown;
	size_t width = 0;
	if (!framing_apply(pen->framing, task->stack, task->depth, NULL, shown))
		return put(pen, "?", 1);
	for (size_t i = shown->count; i > 0; i--) {
		const struct shown_frame *one = &shown->items[i - 1];
		if (i < shown->count)
			width += put(pen, " -> ", 4);
		width += one->count > 1 ? put_run(pen, one->count)
					: put_function(pen, task->stack[one->first]);
	}
	return width;
}

/* Of a measured stack only the widest that a column gets to be counts. */
static size_t put_stack(const struct pen *pen, const struct task *task)
{
	if (pen->framing)
		return put_own_stack(pen, task);
	size_t width = 0;
	for (size_t i = 0; i < task->depth && (!pen->measure || width < LIMIT_COLUMN); i++) {
		if (i)
			width += put(pen, " -> ", 4);
		if (i == LIMIT_ROW_FRAMES)
			return width + put_rest(pen, task->depth - i);
		width += put_function(pen, task->stack[i]);
	}
	return width;
}

static size_t put_name(const struct pen *pen, const struct task *task)
{
	size_t width = task_write_name(pen->out, task, pen->measure);
	return task->is_copy ? width + put(pen, " [copied by fork]", LIMIT_NAME_SHOWN) : width;
}

static size_t put_cell(const struct pen *pen, const struct row *row, int column)
{
	const struct task *task = row->task;
	const struct task *awaiter = row->edge ? row->edge->awaiter : NULL;
	switch (column) {
	case TID:
		if (task->thread < 0 || !row->snap->threads.items[task->thread].tid)
			return put(pen, "-", 1);
		return put_number(pen, text_decimal, row->snap->threads.items[task->thread].tid);
	case ID:
		return put_number(pen, text_hex, task->id);
	case NAME:
		return put_name(pen, task);
	case STACK:
		return put_stack(pen, task);
	case CHAIN:
		return awaiter ? put_stack(pen, awaiter) : 0;
	case AWAITER:
		if (!row->edge)
			return 0;
		return awaiter ? task_write_name(pen->out, awaiter, pen->measure)
			       : put(pen, "(future)", LIMIT_NAME_SHOWN);
	case AWAITER_ID:
		return put_number(pen, text_hex, row->edge ? row->edge->awaiter_id : 0);
	default:
		/* The last one need not be measured. */
		if (!pen->measure)
			reason_write_task(pen->out, row->snap, row->task);
		return 0;
	}
}

/* What tasks wait for comes last, or how they have ended, if that is known. */
static int column_count(const struct aiodbg_snapshot *snap)
{
	return snap->waits || snap->has_finished ? COLUMNS : WAITS;
}

static const char *title_of(const struct aiodbg_snapshot *snap, int column)
{
	return column == WAITS && !snap->waits ? "ended with" : titles[column];
}

typedef void row_fn(const struct row *row, const struct pen *pen, size_t *widths);

static void measure_row(const struct row *row, const struct pen *pen, size_t *widths)
{
	for (int column = 0; column < WAITS; column++) {
		if (widths[column] >= LIMIT_COLUMN)
			continue;
		size_t width = put_cell(pen, row, column);
		if (width > LIMIT_COLUMN)
			width = LIMIT_COLUMN;
		if (width > widths[column])
			widths[column] = width;
	}
}

static void write_row(const struct row *row, const struct pen *pen, size_t *widths)
{
	struct output *out = pen->out;
	int count = column_count(row->snap);
	for (int column = 0; column < count; column++) {
		size_t width = put_cell(pen, row, column);
		if (column == count - 1)
			break;
		output_fill(out, ' ', width < widths[column] ? widths[column] - width : 0);
		output_text(out, "  ");
	}
	output_text(out, "\n");
}

static void each_row(const struct view *view, row_fn *visit, const struct pen *pen, size_t *widths)
{
	struct output *out = pen->out;
	size_t count = view_count(view);
	for (size_t i = 0; i < count && output_goes_on(out); i++) {
		struct row row = {.snap = view->snap, .task = view_task(view, i)};
		if (!view->selection && !task_is_pending(row.task))
			continue;
		if (!row.task->awaiter_count)
			visit(&row, pen, widths);
		for (size_t k = 0; k < row.task->awaiter_count && output_goes_on(out); k++) {
			row.edge = &row.task->awaiters[k];
			visit(&row, pen, widths);
		}
	}
}

static void write_header(const struct view *view, struct output *out, const size_t *widths)
{
	size_t total = 0;
	int count = column_count(view->snap);
	for (int column = 0; column < count; column++) {
		output_text_as(out, AIODBG_ROLE_HEADING, title_of(view->snap, column));
		total += widths[column];
		if (column == count - 1)
			break;
		output_fill(out, ' ', widths[column] - strlen(titles[column]) + 2);
		total += 2;
	}
	output_text(out, "\n");
	output_fill(out, '-', total);
	output_text(out, "\n");
}

static void write_rows(const struct view *view, struct output *out)
{
	size_t widths[COLUMNS];
	struct shown_frames shown = {0};
	struct pen pen = {out, true, view->framing, &shown};
	for (int column = 0; column < COLUMNS; column++)
		widths[column] = strlen(titles[column]);
	each_row(view, measure_row, &pen, widths);
	write_header(view, out, widths);
	pen.measure = false;
	each_row(view, write_row, &pen, widths);
	array_deinit(&shown);
}

int render_table(const struct view *view, struct output *out)
{
	const struct aiodbg_snapshot *snap = view->snap;
	if (!snap->tasks.count) {
		render_empty(snap, out);
		render_stopped(snap, out);
		render_problems(snap, out);
		render_not_polled(snap, out);
		return 0;
	}
	int status = 0;
	if (view->groups)
		status = render_groups(view, out);
	else
		write_rows(view, out);
	render_stopped(snap, out);
	render_problems(snap, out);
	render_not_polled(snap, out);
	render_left_out(view, out);
	return status;
}
