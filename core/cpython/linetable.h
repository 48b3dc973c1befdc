/* SPDX-License-Identifier: MIT */
/*
 * Location tables of code objects: InternalDocs/code_objects.md, Objects/codeobject.c.
 * Works on bytes already read.
 */
#ifndef CPYTHON_LINETABLE_H
#define CPYTHON_LINETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What code.co_positions() yields for an instruction. -1 stands for None. */
struct position {
	int32_t line, end_line, column, end_column;
};

/* How a table is written: the values of layout's fact.linetable. */
enum linetable_format {
	/* co_lnotab, up to 3.9: lines, and where they begin. */
	LINETABLE_LNOTAB = 1,
	/* co_linetable of 3.10: ranges with lines. */
	LINETABLE_RANGES = 2,
	/* 3.11 and later: ranges with lines and columns. */
	LINETABLE_LOCATIONS = 3,
};

/*
 * The position of the instruction that is unit code units (of 2 bytes each) from the
 * start. Returns false, and a position of -1s, if the table ends before it or is damaged.
 */
bool linetable_find(enum linetable_format format, const uint8_t *table, size_t size,
		    int32_t firstlineno, uint32_t unit, struct position *ret);

#endif
