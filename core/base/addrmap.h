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

#include "base/ceilings.h"

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

/*
 * Where the search for addr begins. Objects of one page, as CPython allocates them, are a hundred
 * bytes and more apart, and are looked for one after the other, so their entries are neighbours, each
 * in its place; the pages are anywhere. Those of a hostile core may lie so densely that all of a page
 * are in one run, which is why no more than a page is.
 */
static inline size_t addrmap_place(size_t capacity, uint64_t addr)
{
	uint64_t page = addr / LIMIT_PAGE_SIZE * 0x9e3779b97f4a7c15ull >> 32;
	return (size_t)(page + addr % LIMIT_PAGE_SIZE / 64) & (capacity - 1);
}

/* What was put there last, or NULL. */
static inline void *addrmap_get(const struct addrmap *map, uint64_t addr)
{
	if (!map->capacity)
		return NULL;
	size_t at = addrmap_place(map->capacity, addr);
	/* Half of them are free. */
	while (map->entries[at].value && map->entries[at].addr != addr)
		at = (at + 1) & (map->capacity - 1);
	return map->entries[at].value;
}

/* value is not NULL. Returns false if there is no memory; then nothing has changed. */
bool addrmap_put(struct addrmap *map, uint64_t addr, void *value);

#endif
