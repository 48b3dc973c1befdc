/* SPDX-License-Identifier: MIT */
/* A table whose cells are text of any sort: each is written once to be measured, then in its place. */
#ifndef RENDER_GRID_H
#define RENDER_GRID_H

#include "base/output.h"

#define GRID_COLUMNS_MAX 12

/* Writes a cell; nothing that is longer than a line. */
typedef void grid_cell_fn(struct output *out, const void *arg, size_t row, size_t column);

/* Columns that a narrow terminal does without: first those in which no row has anything, then the others,
 * in this order. */
struct grid_order {
	uint8_t columns[GRID_COLUMNS_MAX];
	size_t count;
};

/* How a cell of a column is cut, if least is not 0: optional columns go until it has enough; then it keeps
 * so many characters at least, and so many of those at its end. Of several the widest give way first. */
struct grid_room {
	uint8_t enough, least, tail;
};

struct grid {
	const char *const *titles;
	size_t columns, rows;
	grid_cell_fn *cell;
	const void *arg;
	/* What gives way on a terminal which is too narrow for all. Either may be NULL. */
	const struct grid_order *optional;
	const struct grid_room *rooms;
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

/* Hide columns until the rest fits a width, 0 being any. */
void grid_shape_fit(struct grid_shape *shape, const struct grid_order *optional, size_t width);

/* The last one that is shown. */
size_t grid_shape_last(const struct grid_shape *shape);

void grid_write_titles(const struct grid_shape *shape, struct output *out);

/* Below a table of which something is missing. */
void grid_write_advice(struct output *out);

/* The last column is not padded. Returns 0 or AIODBG_NO_MEMORY. */
int grid_write(const struct grid *grid, struct output *out);

#endif
