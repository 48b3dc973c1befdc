/* SPDX-License-Identifier: MIT */
/* Program headers of a core. See process/core_headers.h. */
#include "process/core_headers.h"

#include "aiodbg.h"
#include "base/ceilings.h"

#include <elf.h>
#include <stdlib.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int compare_segments(const void *first, const void *second)
{
	const struct core_segment *a = first, *b = second;
	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

/* No segment ends behind the start of the next one, nor of memory. */
static void sort_segments(struct core_segments *segments)
{
	if (segments->count)
		qsort(segments->items, segments->count, sizeof(*segments->items), compare_segments);
	for (size_t i = 0; i < segments->count; i++) {
		struct core_segment *segment = &segments->items[i];
		bool is_last = i + 1 == segments->count;
		uint64_t next = is_last ? UINT64_MAX : segments->items[i + 1].addr;
		segment->size = least(segment->size, next - segment->addr);
		segment->file_size = least(segment->file_size, segment->size);
	}
}

/* A program header; its fields in the order of either class. */
struct header {
	uint32_t type, flags;
	uint64_t offset, addr, file_size, size;
};

static struct header parse_header(const struct core_bytes *bytes, const uint8_t *from)
{
	bool is_wide = bytes->word_size == 8;
	size_t word = bytes->word_size, first = is_wide ? 8 : 4;
	struct header ret = {
		.type = (uint32_t)core_bytes_uint(bytes, from, 4),
		.flags = (uint32_t)core_bytes_uint(bytes, from + (is_wide ? 4 : 24), 4),
		.offset = core_bytes_uint(bytes, from + first, word),
		.addr = core_bytes_uint(bytes, from + first + word, word),
		.file_size = core_bytes_uint(bytes, from + first + 3 * word, word),
		.size = core_bytes_uint(bytes, from + first + 4 * word, word),
	};
	return ret;
}

static bool add_segment(struct core_segments *segments, const struct header *header)
{
	const struct core_segment segment = {
		.addr = header->addr,
		.offset = header->offset,
		.file_size = header->file_size,
		/* What is in the file is in memory. */
		.size = header->size > header->file_size ? header->size : header->file_size,
		.writable = header->flags & PF_W,
	};
	return !segment.size || array_push(segments, segment);
}

/* Where the program headers are. More than fit into the header are counted elsewhere: PN_XNUM of
 * elf(5). */
struct table {
	uint64_t offset, count;
	size_t entry_size;
};

static bool find_table(const struct core_bytes *bytes, struct table *ret)
{
	uint8_t header[sizeof(Elf64_Ehdr)], section[sizeof(Elf64_Shdr)];
	bool is_wide = bytes->word_size == 8;
	size_t word = bytes->word_size;
	size_t size = is_wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	if (!core_bytes_read(bytes, 0, header, size))
		return false;
	ret->offset = core_bytes_uint(bytes, header + 24 + word, word);
	ret->entry_size = core_bytes_uint(bytes, header + (is_wide ? 54 : 42), 2);
	ret->count = core_bytes_uint(bytes, header + (is_wide ? 56 : 44), 2);
	size_t least_size = is_wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	size_t section_size = is_wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	uint64_t sections = core_bytes_uint(bytes, header + 24 + 2 * word, word);
	if (ret->count == PN_XNUM && core_bytes_read(bytes, sections, section, section_size))
		ret->count = core_bytes_uint(bytes, section + (is_wide ? 44 : 28), 4);
	if (ret->count > LIMIT_REGIONS)
		ret->count = LIMIT_REGIONS;
	return ret->entry_size >= least_size;
}

static bool add_header(const struct core_bytes *bytes, const struct header *header,
		       struct core_segments *segments, struct core_notes *notes)
{
	if (header->type == PT_LOAD)
		return add_segment(segments, header);
	if (header->type == PT_NOTE)
		return core_notes_add(notes, bytes, header->offset, header->file_size);
	return true;
}

/* Headers that are read at a time. */
#define HEADERS 512

int core_headers_read(const struct core_bytes *bytes, struct core_segments *segments,
		      struct core_notes *notes)
{
	struct table table;
	uint8_t buf[HEADERS * sizeof(Elf64_Phdr)];
	if (!find_table(bytes, &table))
		return AIODBG_UNSUPPORTED;
	size_t at_a_time = sizeof(buf) / table.entry_size;
	for (uint64_t i = 0; at_a_time && i < table.count;) {
		size_t count = least(at_a_time, table.count - i);
		/* The rest of them is cut off, and with it all that they describe. */
		if (!core_bytes_read(bytes, table.offset + i * table.entry_size, buf,
				     count * table.entry_size))
			count = 0;
		for (size_t k = 0; k < count; k++) {
			struct header header = parse_header(bytes, buf + k * table.entry_size);
			if (!add_header(bytes, &header, segments, notes))
				return AIODBG_NO_MEMORY;
		}
		if (!count)
			break;
		i += count;
	}
	sort_segments(segments);
	core_notes_sort(notes);
	return 0;
}
