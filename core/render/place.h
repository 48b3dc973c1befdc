/* SPDX-License-Identifier: MIT */
/* Places in the program, each with the text of its line below. */
#ifndef RENDER_PLACE_H
#define RENDER_PLACE_H

#include "base/output.h"
#include "cpython/code.h"

struct framing;

/* Two lines; the second only if source is not NULL. */
void place_write(struct output *out, const char *file, int64_t line, const char *function,
		 const char *source);

/* A whole stack under its heading; framing is NULL for all of its frames. False: no memory. */
bool place_write_stack(struct output *out, const struct location *const *stack,
		       const char *const *source, size_t depth, struct framing *framing);

#endif
