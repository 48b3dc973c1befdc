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
		      const size_t *widths)
{
	for (size_t column = 0; column < grid->columns; column++) {
		size_t width = measure(grid, out, draft, row, column);
		output_bytes(out, draft->words.buffer, draft->words.used);
		if (column + 1 == grid->columns)
			break;
		output_fill(out, ' ', width < widths[column] ? widths[column] - width : 0);
		output_text(out, "  ");
	}
	output_text(out, "\n");
}

static void write_titles(const struct grid *grid, struct output *out, const size_t *widths)
{
	size_t total = 0;
	for (size_t column = 0; column < grid->columns; column++) {
		output_text_as(out, AIODBG_ROLE_HEADING, grid->titles[column]);
		total += widths[column] + (column ? 2 : 0);
		if (column + 1 < grid->columns)
			output_fill(out, ' ', widths[column] - strlen(grid->titles[column]) + 2);
	}
	output_text(out, "\n");
	output_fill(out, '-', total);
	output_text(out, "\n");
}

int grid_write(const struct grid *grid, struct output *out)
{
	size_t widths[GRID_COLUMNS_MAX];
	struct draft *draft = malloc(sizeof(*draft));
	if (!draft)
		return AIODBG_NO_MEMORY;
	for (size_t column = 0; column < grid->columns; column++)
		widths[column] = strlen(grid->titles[column]);
	for (size_t row = 0; row < grid->rows && output_goes_on(out); row++) {
		for (size_t column = 0; column < grid->columns; column++) {
			size_t width = measure(grid, out, draft, row, column);
			if (width > LIMIT_COLUMN)
				width = LIMIT_COLUMN;
			if (width > widths[column])
				widths[column] = width;
		}
	}
	write_titles(grid, out, widths);
	for (size_t row = 0; row < grid->rows && output_goes_on(out); row++)
		write_row(grid, out, draft, row, widths);
	free(draft);
	return 0;
}
