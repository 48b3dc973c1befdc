/* SPDX-License-Identifier: MIT */
/*
 * The memory of a target that does not exist: ranges of bytes with holes in them, symbols
 * and sections, and a switch for each way in which a debugger may fail.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "aiodbg.h"

#define MEMORY_PLACES 32

struct memory_range {
	uint64_t start, end;
	uint8_t *bytes;
	bool writable;
};

struct memory_place {
	const char *name;
	uint64_t addr, len;
};

struct memory {
	/* To be passed to the code under test. */
	struct aiodbg_target target;
	/* Calls of the read callback so far. */
	unsigned int reads;
	/* This call of it, from 1 on, and all that follow return failing_status. */
	unsigned int failing_read;
	int failing_status;
	/* Only that one call does. */
	bool fail_once;
	/* Calls of the other callbacks so far, and what they return, unless 0. */
	unsigned int finds, questions;
	/* The question whether to go on that is answered with no, from 1 on. */
	unsigned int interrupt_at;
	/* Reads until the last question, and the most between two of them. */
	unsigned int reads_asked, most_reads;
	int find_status, region_status, interrupted_status;

	/* Sorted. */
	struct memory_range ranges[MEMORY_PLACES];
	struct memory_range holes[MEMORY_PLACES];
	struct memory_place symbols[MEMORY_PLACES], sections[MEMORY_PLACES];
	size_t range_count, hole_count, symbol_count, section_count;
};

/* All callbacks are set, nothing is there. */
void memory_init(struct memory *memory);
void memory_deinit(struct memory *memory);

/* Zeros from start on, writable. Returns the bytes. */
uint8_t *memory_map(struct memory *memory, uint64_t start, uint64_t len);

/* From now on reads of any of these bytes fail. */
void memory_make_hole(struct memory *memory, uint64_t start, uint64_t len);
/* And all of them work again. */
void memory_fill_holes(struct memory *memory);

/* len bytes at addr, for the test to look at or change. */
uint8_t *memory_at(struct memory *memory, uint64_t addr, size_t len);

/* An integer of size bytes, in the byte order of the target. */
void memory_put(struct memory *memory, uint64_t addr, uint64_t value, size_t size);
uint64_t memory_get(struct memory *memory, uint64_t addr, size_t size);

/* The name must outlive the memory. Several of one name are found in this order. */
void memory_add_symbol(struct memory *memory, const char *name, uint64_t addr);
void memory_add_section(struct memory *memory, const char *name, uint64_t addr, uint64_t len);

#endif
