/* SPDX-License-Identifier: MIT */
/* The mappings of a process: /proc/PID/maps, as described in proc(5). */
#ifndef PROCESS_MAPS_H
#define PROCESS_MAPS_H

#include "base/array.h"

struct mapping {
	uint64_t start, end;
	/* Of the file's bytes. */
	uint64_t offset;
	bool readable, writable, shared;
	/* What is mapped, as far as the kernel says: "/usr/bin/python3.11", "[heap]", or empty;
	 * " (deleted)" stands behind a file that has lost its name. */
	const char *path;
};

ARRAY(mappings, struct mapping);

struct maps {
	/* Sorted, not touching each other's addresses. */
	struct mappings mappings;
	/* What the paths are in. */
	char *text;
};

/* Read them. proc is an open folder /proc/PID. Returns 0 or an errno value. */
int maps_read(int proc, struct maps *ret);

/* Take them from text, NUL-terminated, which is freed with ret, and with it on failure. */
int maps_parse(char *text, struct maps *ret);
void maps_deinit(struct maps *maps);

/* Index of the first mapping that ends above addr; the number of mappings if there is none. */
size_t maps_find(const struct maps *maps, uint64_t addr);

/* A file, not memory that has a name in brackets or none. */
bool mapping_is_file(const struct mapping *mapping);
bool mapping_is_deleted(const struct mapping *mapping);

#endif
