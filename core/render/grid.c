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

static void write_row(const struct grid *grid, struct output *out, struct draft *draft, size_t row,
		      const struct grid_shape *shape)
{
	size_t last = grid_shape_last(shape);
	for (size_t column = 0; column <= last; column++) {
		if (shape->is_hidden[column])
			continue;
		size_t width = measure(grid, out, draft, row, column);
		output_bytes(out, draft->words.buffer, draft->words.used);
		if (column == last)
			break;
		size_t most = shape->widths[column];
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

void grid_shape_fit(struct grid_shape *shape, uint32_t optional, size_t width)
{
	for (int pass = 0; pass < 2 && width; pass++) {
		for (size_t column = shape->columns; column-- > 0;) {
			if (grid_shape_width(shape) <= width)
				break;
			shape->is_hidden[column] |= (optional >> column & 1) &&
						    (pass || shape->is_empty[column]);
		}
	}
}

int grid_write(const struct grid *grid, struct output *out)
{
	struct grid_shape shape = {.titles = grid->titles, .columns = grid->columns};
	struct draft *draft = malloc(sizeof(*draft));
	if (!draft)
		return AIODBG_NO_MEMORY;
	measure_all(grid, out, draft, &shape);
	grid_shape_fit(&shape, grid->optional, out->sink->width);
	grid_write_titles(&shape, out);
	for (size_t row = 0; row < grid->rows && output_goes_on(out); row++)
		write_row(grid, out, draft, row, &shape);
	free(draft);
	return 0;
}
