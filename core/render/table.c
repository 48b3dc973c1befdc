/* SPDX-License-Identifier: MIT */
/*
 * The table of "ps": a row for each task and awaiter, in the columns of python -m asyncio ps. There may be
 * millions of them, so cells are measured without being written, and only until a column is as wide as
 * columns get.
 *
 * On a terminal that is too narrow, awaiters' stacks are left out: each has a row of its own. Then stacks
 * are cut, then other columns are left out.
 */
#include "base/ceilings.h"
#include "base/text.h"
#include "render/grid.h"
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

/* What a narrow terminal does without. */
static const struct grid_order optional = {{AWAITER_ID, AWAITER, TID}, 3};

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
	/* No stack takes more: on a terminal that is for all columns together to say. */
	size_t widest;
	/* Stacks that are wider are cut, which is noted. */
	size_t most;
	bool *is_cut;
};

/* What stays of a stack, at least, also where what is waited for says more; and is left for that, which is
 * not measured. */
#define NARROW_STACK 36
#define NARROW_STACK_BEFORE_REASON 24
#define NARROW_REASON 30

/* Not wider than a stack may be. */
static size_t put_function(const struct pen *pen, const struct location *location)
{
	const char *name = location->function;
	size_t max = LIMIT_NAME_SHOWN;
	if (!pen->measure && pen->most < max && output_safe_width(pen->out, name, max) > pen->most)
		max = pen->most - strlen("...");
	return pen->measure ? output_safe_width(pen->out, name, max)
			    : output_safe_as(pen->out, AIODBG_ROLE_FUNCTION, name, max);
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

/* Of " -> ... -> main", which stands for the rest of a stack; of the mark alone where NULL comes last. */
static size_t rest_width(const struct pen *pen, const struct location *outermost)
{
	size_t width = strlen(" -> ...");
	if (outermost)
		width += 4 + output_safe_width(pen->out, outermost->function, LIMIT_NAME_SHOWN);
	return width;
}

/* Whether another function, NULL being a run of some, would leave no room for the rest. The first one stays,
 * or as much of it as there is room for. */
static bool is_too_wide(const struct pen *pen, size_t width, const struct location *next,
			const struct location *outermost)
{
	if (pen->measure || pen->most == SIZE_MAX || !width)
		return false;
	size_t more = next ? output_safe_width(pen->out, next->function, LIMIT_NAME_SHOWN)
			   : strlen("... 100 frames");
	size_t rest = next && next == outermost ? 0 : rest_width(pen, outermost);
	bool is_wide = width + 4 + more + rest > pen->most;
	*pen->is_cut |= is_wide;
	return is_wide;
}

/* The outermost one says where the program waits; unless the function before it has been cut itself. */
static size_t put_cut(const struct pen *pen, size_t width, const struct location *outermost)
{
	if (width >= pen->most)
		return 0;
	if (width + strlen(" -> ...") > pen->most)
		return put(pen, " ...", 4);
	size_t put_width = put(pen, " -> ...", 7);
	if (!outermost || width + rest_width(pen, outermost) > pen->most)
		return put_width;
	put_width += put(pen, " -> ", 4);
	return put_width + put_function(pen, outermost);
}

/* The same, with the own frames. */
static size_t put_own_stack(const struct pen *pen, const struct task *task)
{
	struct shown_frames *shown = pen->shown;
	size_t width = 0;
	if (!framing_apply(pen->framing, task->stack, task->depth, NULL, shown))
		return put(pen, "?", 1);
	const struct location *outermost = shown->count && shown->items[0].count == 1
						   ? task->stack[shown->items[0].first]
						   : NULL;
	for (size_t i = shown->count; i > 0; i--) {
		const struct shown_frame *one = &shown->items[i - 1];
		const struct location *next = one->count > 1 ? NULL : task->stack[one->first];
		if (is_too_wide(pen, width, next, outermost))
			return width + put_cut(pen, width, outermost);
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
	const struct location *outermost = task->depth ? task->stack[task->depth - 1] : NULL;
	for (size_t i = 0; i < task->depth && (!pen->measure || width < pen->widest); i++) {
		if (is_too_wide(pen, width, task->stack[i], outermost))
			return width + put_cut(pen, width, outermost);
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

typedef void row_fn(const struct row *row, const struct pen *pen, struct grid_shape *shape);

static void measure_row(const struct row *row, const struct pen *pen, struct grid_shape *shape)
{
	size_t *widths = shape->widths;
	for (int column = 0; column < WAITS; column++) {
		size_t most = column == STACK || column == CHAIN ? pen->widest : LIMIT_COLUMN;
		if (widths[column] >= most)
			continue;
		size_t width = put_cell(pen, row, column);
		if (width > most)
			width = most;
		if (width > widths[column])
			widths[column] = width;
	}
}

static void write_row(const struct row *row, const struct pen *pen, struct grid_shape *shape)
{
	struct output *out = pen->out;
	size_t last = grid_shape_last(shape);
	for (size_t column = 0; column <= last; column++) {
		if (shape->is_hidden[column])
			continue;
		size_t width = put_cell(pen, row, (int)column), most = shape->widths[column];
		if (column == last)
			break;
		output_fill(out, ' ', width < most ? most - width : 0);
		output_text(out, "  ");
	}
	output_text(out, "\n");
}

static void each_row(const struct view *view, row_fn *visit, const struct pen *pen,
		     struct grid_shape *shape)
{
	struct output *out = pen->out;
	size_t count = view_count(view);
	for (size_t i = 0; i < count && output_goes_on(out); i++) {
		struct row row = {.snap = view->snap, .task = view_task(view, i)};
		if (!view->selection && !task_is_pending(row.task))
			continue;
		if (!row.task->awaiter_count)
			visit(&row, pen, shape);
		for (size_t k = 0; k < row.task->awaiter_count && output_goes_on(out); k++) {
			row.edge = &row.task->awaiters[k];
			visit(&row, pen, shape);
		}
	}
}

/* Make stacks as wide as there is room for, but not wider than they are. */
static size_t fit_stack(struct grid_shape *shape, size_t whole, size_t width)
{
	shape->widths[STACK] = 0;
	size_t rest = grid_shape_width(shape);
	size_t least = shape->columns > WAITS ? NARROW_STACK_BEFORE_REASON : NARROW_STACK;
	size_t room = rest + least < width ? width - rest : least;
	shape->widths[STACK] = room < whole ? room : whole;
	return room < whole ? room : SIZE_MAX;
}

/* Returns how much of a stack is shown. */
static size_t make_fit(struct grid_shape *shape, size_t width)
{
	size_t whole = shape->widths[STACK], most = SIZE_MAX;
	if (shape->columns > WAITS)
		shape->widths[WAITS] = NARROW_REASON;
	if (width && grid_shape_width(shape) > width) {
		shape->is_hidden[CHAIN] = true;
		fit_stack(shape, whole, width);
		grid_shape_fit(shape, &optional, width);
		most = fit_stack(shape, whole, width);
	}
	if (shape->columns > WAITS)
		shape->widths[WAITS] = strlen(shape->titles[WAITS]);
	return most;
}

static void write_rows(const struct view *view, struct output *out)
{
	struct shown_frames shown = {0};
	bool is_cut = false;
	size_t width = out->sink->width, widest = width > LIMIT_COLUMN ? width : LIMIT_COLUMN;
	struct pen pen = {out, true, view->framing, &shown, widest, SIZE_MAX, &is_cut};
	const char *shown_titles[COLUMNS];
	struct grid_shape shape = {.titles = shown_titles, .columns = WAITS};
	memcpy(shown_titles, titles, sizeof(titles));
	/* What tasks wait for comes last, or how they have ended, if that is known. */
	if (view->snap->waits || view->snap->has_finished)
		shape.columns = COLUMNS;
	if (!view->snap->waits)
		shown_titles[WAITS] = "ended with";
	for (size_t column = 0; column < shape.columns; column++)
		shape.widths[column] = strlen(shape.titles[column]);
	each_row(view, measure_row, &pen, &shape);
	pen.most = make_fit(&shape, width);
	grid_write_titles(&shape, out);
	pen.measure = false;
	each_row(view, write_row, &pen, &shape);
	for (size_t column = 0; column < shape.columns; column++)
		is_cut |= shape.is_hidden[column];
	if (is_cut)
		grid_write_advice(out);
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
