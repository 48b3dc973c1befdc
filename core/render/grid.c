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

/* Which columns are shown, and how wide they are. */
struct shape {
	size_t widths[GRID_COLUMNS_MAX];
	/* No cell of it has more than "-". */
	bool is_empty[GRID_COLUMNS_MAX], is_hidden[GRID_COLUMNS_MAX];
	size_t last;
};

static void write_row(const struct grid *grid, struct output *out, struct draft *draft, size_t row,
		      const struct shape *shape)
{
	for (size_t column = 0; column <= shape->last; column++) {
		if (shape->is_hidden[column])
			continue;
		size_t width = measure(grid, out, draft, row, column);
		output_bytes(out, draft->words.buffer, draft->words.used);
		if (column == shape->last)
			break;
		size_t most = shape->widths[column];
		output_fill(out, ' ', width < most ? most - width : 0);
		output_text(out, "  ");
	}
	output_text(out, "\n");
}

static size_t total_width(const struct grid *grid, const struct shape *shape)
{
	size_t total = 0;
	for (size_t column = 0; column < grid->columns; column++)
		total += shape->is_hidden[column] ? 0 : shape->widths[column] + (total ? 2 : 0);
	return total;
}

static void write_titles(const struct grid *grid, struct output *out, const struct shape *shape)
{
	for (size_t column = 0; column <= shape->last; column++) {
		if (shape->is_hidden[column])
			continue;
		const char *title = grid->titles[column];
		output_text_as(out, AIODBG_ROLE_HEADING, title);
		if (column < shape->last)
			output_fill(out, ' ', shape->widths[column] - strlen(title) + 2);
	}
	output_text(out, "\n");
	output_fill(out, '-', total_width(grid, shape));
	output_text(out, "\n");
}

static void measure_all(const struct grid *grid, struct output *out, struct draft *draft,
			struct shape *shape)
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

/* Hide columns until the rest fits a terminal. */
static void make_fit(const struct grid *grid, const struct output *out, struct shape *shape)
{
	for (int pass = 0; pass < 2 && out->sink->width; pass++) {
		for (size_t column = grid->columns; column-- > 0;) {
			if (total_width(grid, shape) <= out->sink->width)
				break;
			shape->is_hidden[column] |= (grid->optional >> column & 1) &&
						    (pass || shape->is_empty[column]);
		}
	}
	for (size_t column = 0; column < grid->columns; column++)
		shape->last = shape->is_hidden[column] ? shape->last : column;
}

int grid_write(const struct grid *grid, struct output *out)
{
	struct shape shape = {.last = 0};
	struct draft *draft = malloc(sizeof(*draft));
	if (!draft)
		return AIODBG_NO_MEMORY;
	measure_all(grid, out, draft, &shape);
	make_fit(grid, out, &shape);
	write_titles(grid, out, &shape);
	for (size_t row = 0; row < grid->rows && output_goes_on(out); row++)
		write_row(grid, out, draft, row, &shape);
	free(draft);
	return 0;
}
