/* SPDX-License-Identifier: MIT */
/* What the files that make a process share. */
#ifndef PROCESS_INSIDE_H
#define PROCESS_INSIDE_H

#include "base/work.h"
#include "process/maps.h"
#include "process/objects.h"
#include "process/process.h"

#include <limits.h>

struct process {
	uint32_t pid;
	/* /proc/PID, and /proc/PID/mem. */
	int folder, memory;
	struct maps maps;
	struct objects objects;
	/* What the links of that name lead to, empty if that is not known. */
	char exe[PATH_MAX], root[PATH_MAX];
	struct aiodbg_target target;
	/* Of the caller. */
	struct work work;
	/* ELF files among the objects, as far as is known, and bytes of those that were put
	 * together from memory. */
	size_t elf_count;
	uint64_t images_size;
	struct answers answers[NAMES];
	size_t next_answers;
	/* A read found no memory any more; and the user wanted no more of it. */
	bool gone, stopped;
};

/* What callbacks return then, so that all work ends. process_check() replaces it. */
#define READ_GONE (-AIODBG_NO_PROCESS)
#define STOPPED (-AIODBG_INTERRUPTED)

/* The callback of the target. */
int process_read(void *ctx, uint64_t addr, void *buf, size_t len);

/* What a callback is to return if the work is to end. */
int process_check_interrupt(struct process *process);

#endif
