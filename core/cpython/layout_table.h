/* SPDX-License-Identifier: MIT */
/* What a file in layouts/ defines: the layout of one CPython version and build. */
#ifndef CPYTHON_LAYOUT_TABLE_H
#define CPYTHON_LAYOUT_TABLE_H

#include "cpython/layout.h"

/* A field that the target publishes: byte offset of its word, member of struct layout. */
struct published_field {
	uint16_t offset;
	uint16_t member;
};

#define MEMBER(struct_name, field) (offsetof(struct layout, struct_name.field) / sizeof(int32_t))

struct published_table {
	/* Bytes, and the fields that the decoders use. */
	size_t size;
	const struct published_field *fields;
	size_t count;
};

struct layout_table {
	/* "CPython 3.14", "CPython 3.14 (32-bit)" */
	const char *name;
	/* Py_Version >> 16. */
	uint32_t version;
	bool free_threaded;
	/* Bytes of a pointer. */
	unsigned int word_size;
	struct layout layout;
	/* _Py_DebugOffsets and Py_AsyncioModuleDebugOffsets. */
	struct published_table runtime, asyncio;
};

/* All of them, ended by NULL: cpython/layout_tables.c. */
extern const struct layout_table *const layout_tables[];

#endif
