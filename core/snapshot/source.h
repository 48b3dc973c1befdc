/* SPDX-License-Identifier: MIT */
/*
 * The text of a line of source, as the debugger finds the file, or else as the program's own
 * linecache has it. Instead of the text of a file that has changed since there is a word for that.
 */
#ifndef SNAPSHOT_SOURCE_H
#define SNAPSHOT_SOURCE_H

#include "cpython/linecache.h"
#include "snapshot/model.h"

/* A line that was asked for: in a verdict many tasks are at the same one. */
struct source_known {
	const struct code *code;
	int64_t line;
	const char *text;
};
#define SOURCES_KNOWN 64

struct sources {
	struct decoder *decoder;
	const struct aiodbg_snapshot *snap;
	/* Read when a file is not found for the first time. */
	struct linecache cache;
	bool has_cache;
	struct source_known known[SOURCES_KNOWN];
};

void sources_init(struct sources *sources, struct decoder *decoder,
		  const struct aiodbg_snapshot *snap);
void sources_deinit(struct sources *sources);

/*
 * In the arena, without its indentation; NULL if it is not found. code is what the line belongs to,
 * and is NULL if only the file is known.
 */
int source_read(struct sources *sources, const char *file, const struct code *code, int64_t line,
		const char **ret);

/* The same of a line of a frame's code. */
static inline int source_of(struct sources *sources, const struct location *location, int64_t line,
			    const char **ret)
{
	return source_read(sources, location->code->filename, location->code, line, ret);
}

/* The same for each frame of a stack, in which those of a recursion follow each other. */
int source_read_stack(struct sources *sources, const struct location *const *stack, size_t depth,
		      const char **ret);

#endif
