/* SPDX-License-Identifier: MIT */
/* Memory of a snapshot. See base/arena.h. */
#include "base/arena.h"

#include "base/ceilings.h"

#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct arena_chunk {
	struct arena_chunk *next;
	alignas(max_align_t) char bytes[];
};

#define CHUNK_SIZE (256 * 1024)

/* Makes room for size bytes in a chunk of its own. */
static bool add_chunk(struct arena *arena, size_t size)
{
	size_t need = size + sizeof(struct arena_chunk);
	if (need < CHUNK_SIZE)
		need = CHUNK_SIZE;
	arena->full = arena->used + need > arena->limit;
	if (arena->full)
		return false;
	struct arena_chunk *chunk = malloc(need);
	if (!chunk)
		return false;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->next = chunk->bytes;
	arena->end = (char *)chunk + need;
	arena->used += need;
	return true;
}

bool arena_init(struct arena *arena)
{
	memset(arena, 0, sizeof(*arena));
	arena_set_limit(arena, LIMIT_ARENA_SIZE);
	arena->ready = add_chunk(arena, 0);
	return arena->ready;
}

void arena_deinit(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;
		arena->chunks = chunk->next;
		free(chunk);
	}
	memset(arena, 0, sizeof(*arena));
}

void arena_set_limit(struct arena *arena, uint64_t limit)
{
	arena->limit = limit;
	arena->full = false;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = sizeof(uint64_t);
	/* Nothing that we hold is that large. */
	if (size > INT_MAX - CHUNK_SIZE)
		return NULL;
	size_t taken = (size + align - 1) / align * align;
	if (taken > (size_t)(arena->end - arena->next) && !add_chunk(arena, taken))
		return NULL;
	void *memory = arena->next;
	arena->next += taken;
	return memset(memory, 0, size);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *memory = arena_alloc(arena, size);
	if (memory && size)
		memcpy(memory, data, size);
	return memory;
}

char *arena_string(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);
	if (copy)
		memcpy(copy, text, len);
	return copy;
}
