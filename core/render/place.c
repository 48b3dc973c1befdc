/* SPDX-License-Identifier: MIT */
/* See render/place.h. */
#include "render/place.h"

#include "base/ceilings.h"
#include "snapshot/framing.h"

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

static void write_frame(struct output *out, const struct location *location, const char *source)
{
	place_write(out, location->code->filename, location->position.line, location->function,
		    source);
}

static bool write_own_frames(struct output *out, const struct location *const *stack,
			     const char *const *source, size_t depth, struct framing *framing)
{
	struct shown_frames shown = {0};
	bool good = framing_apply(framing, stack, depth, NULL, &shown);
	for (size_t i = shown.count; good && i > 0 && !out->status; i--) {
		const struct shown_frame *one = &shown.items[i - 1];
		if (one->count == 1) {
			write_frame(out, stack[one->first], source[one->first]);
			continue;
		}
		output_text(out, "  ");
		framing_write_run(out, framing, stack, one);
		output_text(out, "\n");
	}
	array_deinit(&shown);
	return good;
}

bool place_write_stack(struct output *out, const struct location *const *stack,
		       const char *const *source, size_t depth, struct framing *framing)
{
	output_text(out, depth ? "\nStack, innermost first:\n" : "\nNo stack.\n");
	if (framing)
		return write_own_frames(out, stack, source, depth, framing);
	for (size_t i = 0; i < depth && !out->status; i++)
		write_frame(out, stack[i], source[i]);
	return true;
}
