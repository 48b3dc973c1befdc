/* SPDX-License-Identifier: MIT */
/*
 * Exception tables, since 3.11: InternalDocs/exception_handling.md. Works on bytes already held.
 */
#ifndef CPYTHON_EXCTABLE_H
#define CPYTHON_EXCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an exception raised in the code units from start to end, exclusive, is handled. */
struct exctable_entry {
	uint32_t start, end, target;
	/* Values that stay on the stack, and whether the handler gets the place as well. */
	uint32_t depth;
	bool lasti;
};

/* The entry that covers this unit; false if none does. */
bool exctable_find(const uint8_t *table, size_t size, uint32_t unit, struct exctable_entry *ret);

/* The lowest start of the entries that are handled there as this one is. */
uint32_t exctable_begin(const uint8_t *table, size_t size, const struct exctable_entry *like);

#endif
