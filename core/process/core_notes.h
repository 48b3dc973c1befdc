/* SPDX-License-Identifier: MIT */
/*
 * What the notes of an ELF core say: its process, its threads, and which files were mapped.
 * core(5), elf(5).
 */
#ifndef PROCESS_CORE_NOTES_H
#define PROCESS_CORE_NOTES_H

#include "base/array.h"
#include "process/maps.h"

#include <stdbool.h>
#include <stdint.h>

/* Its note of type NT_PRSTATUS. */
struct core_thread {
	uint64_t tid, offset, size;
};

ARRAY(core_threads, struct core_thread);

struct core_notes {
	/* Ids of the process and of its first thread, which is the one that has crashed; 0: not
	 * known. */
	uint32_t pid, tid;
	/* Sorted by id when core_notes_sort() has been called. */
	struct core_threads threads;
	/* How many were looked at. */
	size_t count;
	/* Where the executable's program headers are, AT_PHDR; 0: not known. */
	uint64_t program_headers;
	/* Mapped files, sorted; none if the core does not say. */
	struct maps maps;
};

/* Where notes are. */
struct core_bytes {
	int fd;
	/* Of the file. */
	uint64_t size;
	/* Of its machine, e_machine. */
	unsigned int word_size, machine;
	bool big_endian;
};

uint64_t core_bytes_uint(const struct core_bytes *bytes, const uint8_t *from, size_t size);

/* All len bytes at an offset, or false. */
bool core_bytes_read(const struct core_bytes *bytes, uint64_t offset, void *buf, size_t len);

/*
 * Add what the notes from an offset on say, of size bytes at most. What is damaged is left out.
 * Returns false only if there is no memory. *notes begins as all zero, and is to be deinitialised.
 */
bool core_notes_add(struct core_notes *notes, const struct core_bytes *bytes, uint64_t offset,
		    uint64_t size);
/* When all notes are there. */
void core_notes_sort(struct core_notes *notes);
void core_notes_deinit(struct core_notes *notes);

#endif
