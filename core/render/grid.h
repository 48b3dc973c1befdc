/* SPDX-License-Identifier: MIT */
/* A table whose cells are text of any sort: each is written once to be measured, then in its place. */
#ifndef RENDER_GRID_H
#define RENDER_GRID_H

#include "base/output.h"

#define GRID_COLUMNS_MAX 12

/* Writes a cell; nothing that is longer than a line. */
typedef void grid_cell_fn(struct output *out, const void *arg, size_t row, size_t column);

struct grid {
	const char *const *titles;
	size_t columns, rows;
	grid_cell_fn *cell;
	const void *arg;
	/* Columns, as bits, that a terminal which is too narrow for all does without: first those in which
	 * no row has anything, then the others, from the right. */
	uint32_t optional;
};

/* Which columns are shown, and how wide they are. */
struct grid_shape {
	const char *const *titles;
	size_t columns, widths[GRID_COLUMNS_MAX];
	/* No cell of it has more than "-". */
	bool is_empty[GRID_COLUMNS_MAX], is_hidden[GRID_COLUMNS_MAX];
};

/* Of all columns that are shown, with two blanks between them. */
size_t grid_shape_width(const struct grid_shape *shape);

/* Hide optional columns, as bits, until the rest fits a width, 0 being any. */
void grid_shape_fit(struct grid_shape *shape, uint32_t optional, size_t width);

/* The last one that is shown. */
size_t grid_shape_last(const struct grid_shape *shape);

void grid_write_titles(const struct grid_shape *shape, struct output *out);

/* The last column is not padded. Returns 0 or AIODBG_NO_MEMORY. */
int grid_write(const struct grid *grid, struct output *out);

#endif
