/* SPDX-License-Identifier: MIT */
/* What the program headers of an ELF core lead to: its segments and notes. elf(5). */
#ifndef PROCESS_CORE_HEADERS_H
#define PROCESS_CORE_HEADERS_H

#include "base/array.h"
#include "process/core_notes.h"

/* What was mapped, of which the core may have the beginning, or nothing. */
struct core_segment {
	uint64_t addr, offset, file_size, size;
	bool writable;
};

ARRAY(core_segments, struct core_segment);

/*
 * Add all segments, sorted, none of which ends behind the start of the next; and what the notes
 * say. Returns 0, AIODBG_UNSUPPORTED if there are no such headers, or AIODBG_NO_MEMORY.
 */
int core_headers_read(const struct core_bytes *bytes, struct core_segments *segments,
		      struct core_notes *notes);

#endif
