/* SPDX-License-Identifier: MIT */
/*
 * Source text that is in no file: what the module linecache has of a notebook's cells, of code that
 * a library has generated, and from 3.13 on of what was typed or given to -c.
 */
#ifndef CPYTHON_LINECACHE_H
#define CPYTHON_LINECACHE_H

#include "base/array.h"
#include "cpython/code.h"
#include "cpython/interp.h"

struct linecache_entry {
	const char *file;
	/* Of an entry for one code only: its qualified name and first line. Else NULL. */
	const char *function;
	int64_t firstlineno;
	/* A list of str. */
	uint64_t lines;
};

ARRAY(linecache, struct linecache_entry);

/* Append what an interpreter has. What cannot be read is left out; fails only fatally. */
int linecache_read(struct decoder *decoder, const struct interp *interp, struct linecache *ret);

/*
 * The text of a line (from 1) of a file, in the arena; NULL if there is none. code may be NULL; then
 * entries for one code are left out. Fails only fatally.
 */
int linecache_line(struct decoder *decoder, const struct linecache *cache, const char *file,
		   const struct code *code, int64_t line, const char **ret);

#endif
