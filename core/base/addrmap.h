/* SPDX-License-Identifier: MIT */
/*
 * A map from target addresses to pointers. All zero is empty.
 *
 * For as many entries as there are tasks: the key lies in the table, so that looking for it
 * touches one line of memory where libiberty's table, which holds pointers to elements,
 * touches one more for each element that it compares.
 */
#ifndef BASE_ADDRMAP_H
#define BASE_ADDRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addrmap_entry {
	uint64_t addr;
	/* NULL: the entry is free. */
	void *value;
};

struct addrmap {
	struct addrmap_entry *entries;
	/* capacity is 0 or a power of two. */
	size_t count, capacity;
};

void addrmap_deinit(struct addrmap *map);

/* Tells the processor that addr will be looked for: of many addresses that are known beforehand,
 * it can fetch several at a time. */
void addrmap_prefetch(const struct addrmap *map, uint64_t addr);

/* What was put there last, or NULL. */
void *addrmap_get(const struct addrmap *map, uint64_t addr);

/* value is not NULL. Returns false if there is no memory; then nothing has changed. */
bool addrmap_put(struct addrmap *map, uint64_t addr, void *value);

#endif
