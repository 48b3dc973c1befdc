/* SPDX-License-Identifier: MIT */
/* Places in the program, each with the text of its line below. */
#ifndef RENDER_PLACE_H
#define RENDER_PLACE_H

#include "base/output.h"
#include "cpython/code.h"
#include "snapshot/frame_locals.h"

struct framing;

/* Two lines; the second only if source is not NULL. */
void place_write(struct output *out, const char *file, int64_t line, const char *function,
		 const char *source);

/* "sleep /usr/lib/python3.14/asyncio/tasks.py:716", in a line. */
void place_write_line(struct output *out, const struct location *location);

/* A function in a function, without what is around both. */
const char *place_function(const char *function);

struct place_stack {
	const struct location *const *frames;
	/* The text of each line, or NULL. */
	const char *const *source;
	/* The variables of each frame; NULL: they are not shown. */
	const struct local_values *locals;
	size_t depth;
};

/* A whole stack under its heading; framing is NULL for all of its frames. False: no memory. */
bool place_write_stack(struct output *out, const struct place_stack *stack,
		       struct framing *framing);

#endif
