/* SPDX-License-Identifier: MIT */
/* Addresses to pointers: open addressing, linear probing. See base/addrmap.h. */
#include "base/addrmap.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

void addrmap_deinit(struct addrmap *map)
{
	free(map->entries);
	memset(map, 0, sizeof(*map));
}

/* The entry of addr, or the free one where it would be. There is one: half are free. */
static struct addrmap_entry *find(const struct addrmap_entry *entries, size_t capacity,
				  uint64_t addr)
{
	size_t at = addrmap_place(capacity, addr);
	while (entries[at].value && entries[at].addr != addr)
		at = (at + 1) & (capacity - 1);
	return (struct addrmap_entry *)&entries[at];
}

void addrmap_prefetch(const struct addrmap *map, uint64_t addr)
{
	if (map->capacity)
		__builtin_prefetch(&map->entries[addrmap_place(map->capacity, addr)]);
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
