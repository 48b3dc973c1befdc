/* SPDX-License-Identifier: MIT */
/* The list of the tables in layouts/: versions.def, from core/meson.build. */
#include "cpython/layout_table.h"

#define VERSION(name) extern const struct layout_table layout_##name;
#define VERSION_32(name) extern const struct layout_table layout_##name##_32;
#include "versions.def"
#undef VERSION
#undef VERSION_32

const struct layout_table *const layout_tables[] = {
#define VERSION(name) &layout_##name,
#define VERSION_32(name) &layout_##name##_32,
#include "versions.def"
	NULL,
};
