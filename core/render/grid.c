/* SPDX-License-Identifier: MIT */
/* See render/grid.h. */
#include "render/grid.h"

#include "base/ceilings.h"
#include "render/party.h"

#include <stdlib.h>
#include <string.h>

static size_t measure(const struct grid *grid, const struct output *out, struct draft *draft,
		      size_t row, size_t column)
{
	draft_begin(draft, out);
	grid->cell(&draft->words, grid->arg, row, column);
	return draft_width(draft);
}

static bool can_be_cut(const struct grid *grid, size_t column, const struct output *out)
{
	return out->sink->width && grid->rooms && grid->rooms[column].least;
}

static void write_row(const struct grid *grid, struct output *out, struct draft *draft, size_t row,
		      const struct grid_shape *shape)
{
	size_t last = grid_shape_last(shape);
	for (size_t column = 0; column <= last; column++) {
		if (shape->is_hidden[column])
			continue;
		size_t width = measure(grid, out, draft, row, column);
		size_t most = shape->widths[column];
		if (width > most && can_be_cut(grid, column, out))
			output_shortened(out, draft->words.buffer, draft->words.used, most,
					 grid->rooms[column].tail);
		else
			output_bytes(out, draft->words.buffer, draft->words.used);
		if (column == last)
			break;
		output_fill(out, ' ', width < most ? most - width : 0);
		output_text(out, "  ");
	}
	output_text(out, "\n");
}

size_t grid_shape_width(const struct grid_shape *shape)
{
	size_t total = 0;
	for (size_t column = 0; column < shape->columns; column++)
		total += shape->is_hidden[column] ? 0 : shape->widths[column] + (total ? 2 : 0);
	return total;
}

size_t grid_shape_last(const struct grid_shape *shape)
{
	size_t last = 0;
	for (size_t column = 0; column < shape->columns; column++)
		last = shape->is_hidden[column] ? last : column;
	return last;
}

void grid_write_titles(const struct grid_shape *shape, struct output *out)
{
	size_t last = grid_shape_last(shape);
	for (size_t column = 0; column <= last; column++) {
		if (shape->is_hidden[column])
			continue;
		const char *title = shape->titles[column];
		output_text_as(out, AIODBG_ROLE_HEADING, title);
		if (column < last)
			output_fill(out, ' ', shape->widths[column] - strlen(title) + 2);
	}
	output_text(out, "\n");
	output_fill(out, '-', grid_shape_width(shape));
	output_text(out, "\n");
}

static void measure_all(const struct grid *grid, struct output *out, struct draft *draft,
			struct grid_shape *shape)
{
	for (size_t column = 0; column < grid->columns; column++) {
		shape->widths[column] = strlen(grid->titles[column]);
		shape->is_empty[column] = true;
	}
	for (size_t row = 0; row < grid->rows && output_goes_on(out); row++) {
		for (size_t column = 0; column < grid->columns; column++) {
			size_t width = measure(grid, out, draft, row, column);
			size_t *most = &shape->widths[column];
			shape->is_empty[column] &= width == 1 && draft->words.buffer[0] == '-';
			if (width > LIMIT_COLUMN)
				width = LIMIT_COLUMN;
			if (width > *most)
				*most = width;
		}
	}
}

void grid_shape_fit(struct grid_shape *shape, const struct grid_order *optional, size_t width)
{
	for (int pass = 0; pass < 2 && width; pass++) {
		for (size_t i = 0; i < optional->count; i++) {
			uint8_t column = optional->columns[i];
			if (grid_shape_width(shape) <= width)
				break;
			shape->is_hidden[column] |= pass || shape->is_empty[column];
		}
	}
}

/* Give each column that may be cut as much as is enough, or what it keeps at least. */
static void narrow(const struct grid *grid, struct grid_shape *shape, bool is_enough)
{
	for (size_t column = 0; grid->rooms && column < shape->columns; column++) {
		const struct grid_room *room = &grid->rooms[column];
		size_t most = is_enough ? room->enough : room->least;
		if (room->least && most < shape->widths[column])
			shape->widths[column] = most;
	}
}

/* Give what is left to those that lack most. */
static void widen(struct grid_shape *shape, const size_t *wanted, size_t width)
{
	for (size_t left = grid_shape_width(shape); left < width; left++) {
		size_t most = 0, first = 0;
		for (size_t column = 0; column < shape->columns; column++) {
			size_t lacks = wanted[column] - shape->widths[column];
			if (shape->is_hidden[column] || lacks <= most)
				continue;
			most = lacks;
			first = column;
		}
		if (!most)
			return;
		shape->widths[first]++;
	}
}

/* Returns whether anything is missing. */
static bool make_fit(const struct grid *grid, struct grid_shape *shape, size_t width)
{
	size_t wanted[GRID_COLUMNS_MAX];
	if (!width || grid_shape_width(shape) <= width)
		return false;
	memcpy(wanted, shape->widths, sizeof(wanted));
	narrow(grid, shape, true);
	if (grid->optional)
		grid_shape_fit(shape, grid->optional, width);
	if (grid_shape_width(shape) > width)
		narrow(grid, shape, false);
	widen(shape, wanted, width);
	bool is_missing = false;
	for (size_t column = 0; column < shape->columns; column++) {
		bool is_hidden = shape->is_hidden[column];
		is_missing |= is_hidden ? !shape->is_empty[column]
					: shape->widths[column] < wanted[column];
	}
	return is_missing;
}

void grid_write_advice(struct output *out)
{
	output_text(out, "\nMade to fit the terminal; all of it with --output FILE.\n");
}

int grid_write(const struct grid *grid, struct output *out)
{
	struct grid_shape shape = {.titles = grid->titles, .columns = grid->columns};
	struct draft *draft = malloc(sizeof(*draft));
	if (!draft)
		return AIODBG_NO_MEMORY;
	measure_all(grid, out, draft, &shape);
	bool is_cut = make_fit(grid, &shape, out->sink->width);
	grid_write_titles(&shape, out);
	for (size_t row = 0; row < grid->rows && output_goes_on(out); row++)
		write_row(grid, out, draft, row, &shape);
	if (is_cut)
		grid_write_advice(out);
	free(draft);
	return 0;
}
