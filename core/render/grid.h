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

/* The last column is not padded. Returns 0 or AIODBG_NO_MEMORY. */
int grid_write(const struct grid *grid, struct output *out);

#endif
