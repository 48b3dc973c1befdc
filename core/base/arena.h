/* SPDX-License-Identifier: MIT */
/*
 * Memory that lives as long as a snapshot: pieces of large chunks, freed as a whole. obstack would
 * do, but ends the process if there is no memory, and not every C library has it.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

struct arena {
	/* All of them; the first one has room from next up to end. */
	struct arena_chunk *chunks;
	char *next, *end;
	/* Bytes of all chunks. */
	uint64_t used, limit;
	/* It ended at the limit. */
	bool full;
	bool ready;
};

/* Of at most LIMIT_ARENA_SIZE. Returns false if there is no memory; arena_deinit() is harmless then. */
bool arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);

/* How large it may get from now on. */
void arena_set_limit(struct arena *arena, uint64_t limit);

/* size bytes, zeroed, aligned for numbers and pointers of up to 64 bits; or NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies; NULL if there is no memory. */
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_string(struct arena *arena, const char *text, size_t len);

#endif
