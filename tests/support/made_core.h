/* SPDX-License-Identifier: MIT */
/* ELF cores, and files that they name, made of bytes. */
#ifndef MADE_CORE_H
#define MADE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MADE_CORE_SEGMENTS 16

struct made_core {
	bool wide, big;
	struct made_segment {
		uint64_t addr, file_size, size;
		uint32_t flags;
		const void *bytes;
	} segments[MADE_CORE_SEGMENTS];
	size_t segment_count;
	uint8_t notes[8192];
	size_t notes_size;
	/* After made_core_finish(). */
	uint8_t bytes[65536];
	size_t size;
};

/* Flags as PF_W; file_size bytes of it are in the core. */
void made_core_segment(struct made_core *core, uint64_t addr, const void *bytes, uint64_t file_size,
		       uint64_t size, uint32_t flags);
void made_core_note(struct made_core *core, const char *name, uint32_t type, const void *desc,
		    size_t size);

/* Notes that every core has. */
void made_core_thread(struct made_core *core, uint32_t tid);
/* The same with 27 registers, in the order of x86-64. */
void made_core_thread_at(struct made_core *core, uint32_t tid, const uint64_t *registers);
void made_core_process(struct made_core *core, uint32_t pid);
void made_core_auxv(struct made_core *core, uint64_t program_headers);

struct made_mapping {
	uint64_t start, end, page;
	const char *path;
};
void made_core_files(struct made_core *core, const struct made_mapping *mappings, size_t count);

void made_core_finish(struct made_core *core);

/* A number in the core's byte order. */
void made_core_put(const struct made_core *core, uint8_t *at, uint64_t value, size_t size);

/* size bytes of an ELF file of the core's kind, of which the first page has that build id; "" for
 * none. All other bytes are fill. */
void made_elf_file(const struct made_core *core, const char *id, uint8_t fill, uint8_t *bytes,
		   size_t size);

/* Write bytes to a new file below /tmp, whose path is put in ret, of 64 bytes. */
void made_write(const void *bytes, size_t size, char *ret);

#endif
