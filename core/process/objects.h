/* SPDX-License-Identifier: MIT */
/* The ELF files that a process has mapped, or had when its core was written: what has been found of
 * them, and their names. */
#ifndef PROCESS_OBJECTS_H
#define PROCESS_OBJECTS_H

#include "base/array.h"
#include "process/elf_file.h"

struct maps;
struct mapping;

/* From where the ELF file of a mapping is read, in the order in which they are tried. */
enum source {
	/* Not tried yet. */
	SOURCE_UNKNOWN,
	/* /proc/PID/map_files: what is mapped, whatever became of its name; for root. */
	SOURCE_MAP_FILES,
	/* /proc/PID/exe: the same for the executable, for everybody. */
	SOURCE_EXE,
	/* By its name, below the root folder of the process, or the one that was given for a core. */
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

ARRAY(object_list, struct object);

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

/* What has mapped them, with the first argument of each function. */
struct objects_owner {
	void *ctx;
	uint32_t word_size, byte_order;
	/* As aiodbg_read_fn, of memory that is really there. */
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t len);
	/* Open the file whose start is mapped there, from that source. Returns -1 if there is none,
	 * or another one. */
	int (*open)(void *ctx, const struct mapping *mapping, enum source source);
	/* What a callback is to return if the work is to end, else 0. */
	int (*check)(void *ctx);
};

struct objects {
	struct object_list list;
	/* ELF files among them, as far as is known, and bytes of those that were put together from
	 * memory. */
	size_t elf_count;
	uint64_t images_size;
	struct answers answers[NAMES];
	size_t next_answers;
};

/* List the files that are mapped. */
int objects_collect(struct objects *objects, const struct maps *maps, struct aiodbg_error *err);
void objects_deinit(struct objects *objects);

/* The index-th (from 0) symbol or section of that name in any file, as callbacks of a target tell
 * it. */
int objects_find_symbol(struct objects *objects, const struct objects_owner *owner,
			const char *name, unsigned int index, uint64_t *ret);
int objects_find_section(struct objects *objects, const struct objects_owner *owner,
			 const char *name, unsigned int index, uint64_t *addr, uint64_t *len);

/* Whether there were too many, or too large ones, to look into all of them: then *err says so. */
bool objects_skipped(const struct objects *objects, struct aiodbg_error *err);

#endif
