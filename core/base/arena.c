/* SPDX-License-Identifier: MIT */
/* Memory of a snapshot. See base/arena.h. */
#include "base/arena.h"

#include "base/ceilings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE (256 * 1024)
/* More than obstack adds to a chunk for its own header, alignment and rounding:
 * _obstack_newchunk() asks for the object, an eighth of what is there of it, and 100. */
#define CHUNK_OVERHEAD 512

static void *arena_chunk_get(void *arg, long size)
{
	struct arena *arena = arg;
	if (size < 0 || (size_t)size > arena->reserve_size)
		return NULL;
	void *chunk = arena->reserve;
	arena->reserve = NULL;
	arena->reserve_size = 0;
	return chunk;
}

static void arena_chunk_free(void *arg, void *chunk)
{
	(void)arg;
	free(chunk);
}

/* Makes sure that obstack finds a chunk for size bytes. */
static bool arena_prepare(struct arena *arena, size_t size)
{
	size_t need = size + CHUNK_OVERHEAD;
	if (need < CHUNK_SIZE)
		need = CHUNK_SIZE;
	if (arena->reserve_size >= need)
		return true;
	arena->full = need < size || arena->used + need > arena->limit;
	if (arena->full)
		return false;
	void *chunk = malloc(need);
	if (!chunk)
		return false;
	free(arena->reserve);
	arena->reserve = chunk;
	arena->reserve_size = need;
	arena->used += need;
	return true;
}

bool arena_init(struct arena *arena)
{
	memset(arena, 0, sizeof(*arena));
	arena_set_limit(arena, LIMIT_ARENA_SIZE);
	if (!arena_prepare(arena, 0))
		return false;
	obstack_specify_allocation_with_arg(&arena->obstack, CHUNK_SIZE - CHUNK_OVERHEAD, 0,
					    arena_chunk_get, arena_chunk_free, arena);
	arena->ready = true;
	return true;
}

void arena_deinit(struct arena *arena)
{
	if (arena->ready)
		obstack_free(&arena->obstack, NULL);
	free(arena->reserve);
	memset(arena, 0, sizeof(*arena));
}

void arena_set_limit(struct arena *arena, uint64_t limit)
{
	arena->limit = limit;
	arena->full = false;
}

/* glibc's obstack aligns pointers relative to NULL, which clang's UBSan takes for a fault. */
__attribute__((no_sanitize("pointer-overflow"))) void *arena_alloc(struct arena *arena, size_t size)
{
	/* obstack counts in int. */
	if (size > INT_MAX - CHUNK_OVERHEAD)
		return NULL;
	/* Alignment may take a few bytes more than size. */
	if (size + CHUNK_OVERHEAD > (size_t)obstack_room(&arena->obstack) &&
	    !arena_prepare(arena, size))
		return NULL;
	void *memory = obstack_alloc(&arena->obstack, (int)size);
	memset(memory, 0, size);
	return memory;
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
