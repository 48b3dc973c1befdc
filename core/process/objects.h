/* SPDX-License-Identifier: MIT */
/* The ELF files that a process has mapped: what has been found of them, and their names. */
#ifndef PROCESS_OBJECTS_H
#define PROCESS_OBJECTS_H

#include "base/array.h"
#include "process/elf_file.h"

struct mapping;
struct process;

/* From where the ELF file of a mapping is read, in the order in which they are tried. */
enum source {
	/* Not tried yet. */
	SOURCE_UNKNOWN,
	/* /proc/PID/map_files: what is mapped, whatever became of its name; for root. */
	SOURCE_MAP_FILES,
	/* /proc/PID/exe: the same for the executable, for everybody. */
	SOURCE_EXE,
	/* By its name, below the root folder of the process. */
	SOURCE_ROOT,
	/* By its name, as we see it. */
	SOURCE_PATH,
	/* Put together from what of it is mapped. */
	SOURCE_MEMORY,
	/* There is no ELF file, or none of the kind of the others. */
	SOURCE_NONE,
};

struct object {
	/* Of the start of the file. */
	const struct mapping *mapping;
	enum source source;
	/* It was not looked into, or not to its end, because it was too much. */
	bool skipped;
	/* For SOURCE_MEMORY. */
	struct elf_file image;
};

ARRAY(objects, struct object);

/* What one file has of that name. */
typedef bool lookup_fn(struct elf_file *file, const char *name, uint64_t *addr, uint64_t *len);

/*
 * What is known of the answers for a name, since to begin anew for each takes as long as the square
 * of the number of files.
 */
struct answers {
	lookup_fn *lookup;
	char name[32];
	/* How many there are among the first objects, and the last one. */
	unsigned int count;
	size_t object_count;
	uint64_t addr, len;
	/* Bytes that were looked through. */
	uint64_t looked;
};

/* Names that are remembered. */
#define NAMES 8

/* List the files that the process has mapped. */
int objects_collect(struct process *process, struct aiodbg_error *err);
void objects_deinit(struct process *process);

/* Callbacks of the target: the index-th (from 0) symbol or section of that name in any file. */
int objects_find_symbol(void *ctx, const char *name, unsigned int index, uint64_t *ret);
int objects_find_section(void *ctx, const char *name, unsigned int index, uint64_t *addr,
			 uint64_t *len);

#endif
