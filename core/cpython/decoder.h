/* SPDX-License-Identifier: MIT */
/*
 * What every decoder needs: memory, layout, where to put results, and what was
 * learned about types and code objects on the way. One per snapshot.
 */
#ifndef CPYTHON_DECODER_H
#define CPYTHON_DECODER_H

#include "base/addrmap.h"
#include "base/arena.h"
#include "base/ceilings.h"
#include "cpython/layout.h"
#include "memory/reader.h"

/* A power of two: a hash is cut to its bits. */
#define DECODER_RECENT_BITS 6
#define DECODER_RECENT (1 << DECODER_RECENT_BITS)
/* The same, of short strings, and the longest of them. */
#define DECODER_STRS_BITS 8
#define DECODER_STRS (1 << DECODER_STRS_BITS)
#define DECODER_STR_MAX 23
/* At least as many as enum kind has. */
#define DECODER_KINDS 48

struct code;
struct location;
struct type;

/* An ASCII str without a NUL in it whose text is known. */
struct short_str {
	uint64_t addr;
	char text[DECODER_STR_MAX + 1];
};

struct decoder {
	struct reader reader;
	const struct layout *layout;
	/* Owned by the snapshot; results are allocated here. */
	struct arena *arena;
	/* Values are shown as they are: cpython/repr.h. */
	bool shows_secrets;
	/* Of a process that runs: when it began. A time of a loop before that is no time, but what was
	 * written over it while it was read. 0: not known. */
	double times_from;
	/* Characters of a brief one; 0: as many as usual. */
	uint32_t value_length;
	/* Bytes of text and tables so far: decoder_charge(). */
	uint64_t text_size;
	/* struct type by address: cpython/object.h. */
	htab_t types;
	/* What was found last for each value of some bits: tasks run the same few codes, and
	 * their objects are of the same few types. */
	const struct type *recent_types[DECODER_RECENT];
	struct code *recent_codes[DECODER_RECENT];
	const struct location *recent_locations[DECODER_RECENT];
	/* Names of variables and attributes, which are compared again and again. Not of a target
	 * that runs on, where others may take their place. */
	struct short_str strs[DECODER_STRS];
	/* Addresses of static types that modules export, by their kind: cpython/object.h. */
	uint64_t type_of_kind[DECODER_KINDS];
	/* Codes and names by address, locations by what they are: cpython/code.h. */
	htab_t codes;
	htab_t locations;
	htab_t names;
	/* Places of compiled code by the address of their name. */
	htab_t named;
	/* Memory of cpython/coro.c: the chains of awaits that coro_walk() has walked, by their first
	 * coroutine, and how many frames more are to be kept. */
	struct addrmap chains;
	size_t chains_left;
	/* Memory of cpython/with.c: what was found out of locations, by their own address. */
	struct addrmap withs;
	/* The last attribute that asyncio/callback.c looked up. */
	uint64_t last_self, last_value;
	const char *last_attr;
	/* What could not be read and was left out: how often, and the first. */
	uint64_t missing_count;
	struct aiodbg_error missing;
};

/* Returns 0 or a status; deinit is needed in any case. */
int decoder_init(struct decoder *decoder, const struct aiodbg_target *target,
		 const struct aiodbg_options *options, const struct layout *layout,
		 struct arena *arena);
void decoder_deinit(struct decoder *decoder);

/* Set and return AIODBG_NO_MEMORY, or AIODBG_TOO_MUCH if the arena is full. */
int decoder_no_memory(struct decoder *decoder);

/* Count bytes of text or a table that an object at addr has. Fails behind LIMIT_TEXT_SIZE. */
int decoder_charge(struct decoder *decoder, uint64_t addr, uint64_t size);

/* arena_alloc(), arena_string() with the error set. */
int decoder_alloc(struct decoder *decoder, size_t size, void **ret);

/*
 * Go on without something: returns 0 unless status is fatal. Memory that could not be read or
 * contradicts itself, and what a ceiling has cut off, is counted in missing, so that the result
 * does not pass for complete.
 */
int decoder_go_on_slowly(struct decoder *decoder, int status);
static inline int decoder_go_on(struct decoder *decoder, int status)
{
	return status ? decoder_go_on_slowly(decoder, status) : 0;
}

/* Parts of a table that could not be read, all zero in the beginning, and why the first of them. */
struct gaps {
	unsigned int count;
	struct aiodbg_error first;
};

/*
 * To be called with what reading each part of a table has returned. Returns 0 to go on, also behind
 * a part that cannot be read: what follows may be wanted. LIMIT_TABLE_GAPS of them are passed over.
 */
int decoder_pass_gap(struct decoder *decoder, struct gaps *gaps, int status);

/* What the walk through the table is to return in the end: 0, or why there was the first gap. */
int decoder_gaps(struct decoder *decoder, const struct gaps *gaps);

/* True if addr can be an object: not NULL, aligned. */
static inline bool decoder_plausible(const struct decoder *decoder, uint64_t addr)
{
	return addr >= LIMIT_PAGE_SIZE && !(addr & (decoder->reader.word_size - 1));
}

/* A reference as frames hold it, without its tag bits; 0 if it is no object. */
uint64_t decoder_untag(const struct decoder *decoder, uint64_t word);

/* Hash and equality of things that begin with their address. */
hashval_t address_hash(const void *element);
int address_equal(const void *element, const void *other);

#endif
