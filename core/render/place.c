/* SPDX-License-Identifier: MIT */
/* See render/place.h. */
#include "render/place.h"

#include "base/ceilings.h"

#include <inttypes.h>

void place_write(struct output *out, const char *file, int64_t line, const char *function,
		 const char *source)
{
	output_text(out, "  ");
	output_safe(out, function, LIMIT_NAME_SHOWN);
	if (file || line >= 0) {
		output_text(out, " ");
		output_safe(out, file, LIMIT_FILE_SHOWN);
	}
	if (line >= 0)
		output_format(out, ":%" PRId64, line);
	output_text(out, "\n");
	if (!source)
		return;
	output_text(out, "      ");
	output_safe(out, source, LIMIT_SOURCE_LINE);
	output_text(out, "\n");
}

void place_write_stack(struct output *out, const struct location *const *stack,
		       const char *const *source, size_t depth)
{
	output_text(out, depth ? "\nStack, innermost first:\n" : "\nNo stack.\n");
	for (size_t i = 0; i < depth && !out->status; i++)
		place_write(out, stack[i]->code->filename, stack[i]->position.line,
			    stack[i]->function, source[i]);
}
