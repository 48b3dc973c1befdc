/* SPDX-License-Identifier: MIT */
/* A target that does not exist. See memory.h. */
#include "memory.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The first range that ends above addr. */
static const struct memory_range *find_range(const struct memory *memory, uint64_t addr)
{
	for (size_t i = 0; i < memory->range_count; i++) {
		if (memory->ranges[i].end > addr)
			return &memory->ranges[i];
	}
	return NULL;
}

static bool in_hole(const struct memory *memory, uint64_t addr, size_t len)
{
	for (size_t i = 0; i < memory->hole_count; i++) {
		if (addr < memory->holes[i].end && addr + len > memory->holes[i].start)
			return true;
	}
	return false;
}

static int read_callback(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct memory *memory = ctx;
	const struct memory_range *range = find_range(memory, addr);
	memory->reads++;
	bool failing = memory->failing_read && memory->reads >= memory->failing_read;
	if (failing && (!memory->fail_once || memory->reads == memory->failing_read))
		return memory->failing_status;
	if (!range || addr < range->start || len > range->end - addr || in_hole(memory, addr, len))
		return AIODBG_FAULT;
	memcpy(buf, range->bytes + (addr - range->start), len);
	return 0;
}

static const struct memory_place *find_place(const struct memory_place *places, size_t count,
					     const char *name, unsigned int index)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(places[i].name, name) && index-- == 0)
			return &places[i];
	}
	return NULL;
}

static int find_symbol_callback(void *ctx, const char *name, unsigned int index, uint64_t *ret)
{
	struct memory *memory = ctx;
	memory->finds++;
	if (memory->find_status)
		return memory->find_status;
	const struct memory_place *place = find_place(memory->symbols, memory->symbol_count, name,
						      index);
	if (!place)
		return AIODBG_NOT_FOUND;
	*ret = place->addr;
	return 0;
}

static int find_section_callback(void *ctx, const char *name, unsigned int index, uint64_t *addr,
				 uint64_t *len)
{
	struct memory *memory = ctx;
	memory->finds++;
	if (memory->find_status)
		return memory->find_status;
	const struct memory_place *place = find_place(memory->sections, memory->section_count, name,
						      index);
	if (!place)
		return AIODBG_NOT_FOUND;
	*addr = place->addr;
	*len = place->len;
	return 0;
}

static int next_region_callback(void *ctx, uint64_t addr, struct aiodbg_region *ret)
{
	struct memory *memory = ctx;
	if (memory->region_status)
		return memory->region_status;
	const struct memory_range *range = find_range(memory, addr);
	if (!range)
		return AIODBG_NOT_FOUND;
	*ret = (struct aiodbg_region){range->start, range->end, range->writable};
	return 0;
}

static int interrupted_callback(void *ctx)
{
	struct memory *memory = ctx;
	unsigned int reads = memory->reads - memory->reads_asked;
	memory->reads_asked = memory->reads;
	if (reads > memory->most_reads)
		memory->most_reads = reads;
	if (++memory->questions == memory->interrupt_at)
		return 1;
	return memory->interrupted_status;
}

void memory_init(struct memory *memory)
{
	*memory = (struct memory){
		.target =
			{
				.size = sizeof(memory->target),
				.ctx = memory,
				.word_size = 8,
				.byte_order = AIODBG_LITTLE_ENDIAN,
				.kind = AIODBG_TARGET_PROCESS,
				.read = read_callback,
				.find_symbol = find_symbol_callback,
				.find_section = find_section_callback,
				.next_region = next_region_callback,
				.interrupted = interrupted_callback,
			},
		.failing_status = AIODBG_FAULT,
	};
}

void memory_deinit(struct memory *memory)
{
	for (size_t i = 0; i < memory->range_count; i++)
		free(memory->ranges[i].bytes);
	memory->range_count = 0;
}

uint8_t *memory_map(struct memory *memory, uint64_t start, uint64_t len)
{
	size_t at = 0;
	struct memory_range range = {start, start + len, calloc(1, len), true};
	ck_assert(range.bytes && memory->range_count < MEMORY_PLACES);
	while (at < memory->range_count && memory->ranges[at].start < start)
		at++;
	memmove(&memory->ranges[at + 1], &memory->ranges[at],
		(memory->range_count - at) * sizeof(range));
	memory->ranges[at] = range;
	memory->range_count++;
	return range.bytes;
}

void memory_make_hole(struct memory *memory, uint64_t start, uint64_t len)
{
	ck_assert(memory->hole_count < MEMORY_PLACES);
	memory->holes[memory->hole_count++] = (struct memory_range){.start = start,
								    .end = start + len};
}

void memory_fill_holes(struct memory *memory)
{
	memory->hole_count = 0;
}

uint8_t *memory_at(struct memory *memory, uint64_t addr, size_t len)
{
	const struct memory_range *range = find_range(memory, addr);
	if (!range || addr < range->start || len > range->end - addr)
		ck_abort_msg("the test has no memory at %#" PRIx64, addr);
	return range->bytes + (addr - range->start);
}

/* Where in an integer the byte is that counts 256 to the power of index. */
static size_t byte_at(const struct memory *memory, size_t index, size_t size)
{
	return memory->target.byte_order == AIODBG_BIG_ENDIAN ? size - 1 - index : index;
}

void memory_put(struct memory *memory, uint64_t addr, uint64_t value, size_t size)
{
	uint8_t *bytes = memory_at(memory, addr, size);
	for (size_t i = 0; i < size; i++)
		bytes[byte_at(memory, i, size)] = (uint8_t)(value >> 8 * i);
}

uint64_t memory_get(struct memory *memory, uint64_t addr, size_t size)
{
	const uint8_t *bytes = memory_at(memory, addr, size);
	uint64_t value = 0;
	for (size_t i = size; i-- > 0;)
		value = value << 8 | bytes[byte_at(memory, i, size)];
	return value;
}

void memory_add_symbol(struct memory *memory, const char *name, uint64_t addr)
{
	ck_assert(memory->symbol_count < MEMORY_PLACES);
	memory->symbols[memory->symbol_count++] = (struct memory_place){name, addr, 0};
}

void memory_add_section(struct memory *memory, const char *name, uint64_t addr, uint64_t len)
{
	ck_assert(memory->section_count < MEMORY_PLACES);
	memory->sections[memory->section_count++] = (struct memory_place){name, addr, len};
}
