/* SPDX-License-Identifier: MIT */
/* Source files of a process, as it sees them, and others. */
#ifndef PROCESS_SOURCE_H
#define PROCESS_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The text of a line (from 1) of the file with that absolute path in the root folder of a process,
 * whose folder in /proc is open: without its newline, NUL-terminated, cut to size bytes. Returns 0
 * or AIODBG_NOT_FOUND, also for what is no regular file; AIODBG_CORRUPT if the file was changed after
 * newest, in seconds since 1970, unless that is 0.
 */
int source_read_line(int folder, const char *path, uint32_t line, double newest, char *buf,
		     size_t size);

/* The same of the file of that name, in the open folder if it is no absolute path. */
int source_read_file(int folder, const char *name, uint32_t line, double newest, char *buf,
		     size_t size);

#endif
