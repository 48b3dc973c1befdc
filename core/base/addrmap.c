/* SPDX-License-Identifier: MIT */
/* Addresses to pointers: open addressing, linear probing. See base/addrmap.h. */
#include "base/addrmap.h"

#include "base/ceilings.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

void addrmap_deinit(struct addrmap *map)
{
	free(map->entries);
	memset(map, 0, sizeof(*map));
}

/*
 * Where the search for addr begins. Objects of one page, as CPython allocates them, are a hundred
 * bytes and more apart, and are looked for one after the other, so their entries are neighbours, each
 * in its place; the pages are anywhere. Those of a hostile core may lie so densely that all of a page
 * are in one run, which is why no more than a page is.
 */
static size_t first_place(size_t capacity, uint64_t addr)
{
	uint64_t page = addr / LIMIT_PAGE_SIZE * 0x9e3779b97f4a7c15ull >> 32;
	return (size_t)(page + addr % LIMIT_PAGE_SIZE / 64) & (capacity - 1);
}

/* The entry of addr, or the free one where it would be. There is one: half are free. */
static struct addrmap_entry *find(const struct addrmap_entry *entries, size_t capacity,
				  uint64_t addr)
{
	size_t at = first_place(capacity, addr);
	while (entries[at].value && entries[at].addr != addr)
		at = (at + 1) & (capacity - 1);
	return (struct addrmap_entry *)&entries[at];
}

void addrmap_prefetch(const struct addrmap *map, uint64_t addr)
{
	if (map->capacity)
		__builtin_prefetch(&map->entries[first_place(map->capacity, addr)]);
}

void *addrmap_get(const struct addrmap *map, uint64_t addr)
{
	return map->capacity ? find(map->entries, map->capacity, addr)->value : NULL;
}

static bool grow(struct addrmap *map)
{
	size_t capacity = map->capacity ? 2 * map->capacity : FIRST_CAPACITY;
	struct addrmap_entry *entries = calloc(capacity, sizeof(*entries));
	if (!entries)
		return false;
	for (size_t i = 0; i < map->capacity; i++) {
		if (map->entries[i].value)
			*find(entries, capacity, map->entries[i].addr) = map->entries[i];
	}
	free(map->entries);
	map->entries = entries;
	map->capacity = capacity;
	return true;
}

bool addrmap_put(struct addrmap *map, uint64_t addr, void *value)
{
	if (2 * (map->count + 1) > map->capacity && !grow(map))
		return false;
	struct addrmap_entry *entry = find(map->entries, map->capacity, addr);
	map->count += !entry->value;
	entry->addr = addr;
	entry->value = value;
	return true;
}
