/* SPDX-License-Identifier: MIT */
/* The list of the tables in layouts/. */
#include "cpython/layout_table.h"

extern const struct layout_table layout_3_8, layout_3_9, layout_3_10, layout_3_11, layout_3_12,
	layout_3_13, layout_3_14, layout_3_14t, layout_3_15, layout_3_15t, layout_3_13t,
	layout_3_11_32, layout_3_13_32, layout_3_14_32, layout_3_15_32;

/* In one line each, in the order of versions; 64-bit ones first. */
// clang-format off
const struct layout_table *const layout_tables[] = {
	&layout_3_8,
	&layout_3_9,
	&layout_3_10,
	&layout_3_11,
	&layout_3_12,
	&layout_3_13,
	&layout_3_14,
	&layout_3_14t,
	&layout_3_15,
	&layout_3_15t,
	&layout_3_13t,
	&layout_3_11_32,
	&layout_3_13_32,
	&layout_3_14_32,
	&layout_3_15_32,
	NULL,
};
// clang-format on
