/* SPDX-License-Identifier: MIT */
/* See render/place.h. */
#include "render/place.h"

#include "base/ceilings.h"
#include "view/framing.h"

#include <string.h>

const char *place_function(const char *function)
{
	static const char inside[] = ".<locals>.";
	const char *found = function, *last = NULL;
	while (found && (found = strstr(found, inside)) != NULL) {
		last = found;
		found += strlen(inside);
	}
	while (last && last > function && last[-1] != '.')
		last--;
	return last ? last : function;
}

void place_write(struct output *out, const char *file, int64_t line, const char *function,
		 const char *source)
{
	output_text(out, "  ");
	output_safe_as(out, AIODBG_ROLE_FUNCTION, function, LIMIT_NAME_SHOWN);
	if (file || line >= 0) {
		output_text(out, " ");
		output_place(out, file, line);
	}
	output_text(out, "\n");
	if (!source)
		return;
	output_text(out, "      ");
	output_safe(out, source, LIMIT_SOURCE_LINE);
	output_text(out, "\n");
}

void place_write_line(struct output *out, const struct location *location)
{
	output_safe_as(out, AIODBG_ROLE_FUNCTION, location->function, LIMIT_NAME_SHOWN);
	if (!location->code->is_compiled) {
		output_text(out, " ");
		output_place(out, location->code->filename, location->position.line);
	}
	output_text(out, "\n");
}

static void write_frame(struct output *out, const struct place_stack *stack, size_t index)
{
	const struct location *location = stack->frames[index];
	place_write(out, location->code->filename, location->position.line, location->function,
		    stack->source[index]);
	for (size_t k = 0; stack->locals && k < stack->locals[index].count; k++) {
		output_text(out, "        ");
		output_safe(out, stack->locals[index].items[k].name, LIMIT_NAME_SHOWN);
		output_text(out, " = ");
		output_safe(out, stack->locals[index].items[k].value, LIMIT_STRING);
		output_text(out, "\n");
	}
}

static bool write_own_frames(struct output *out, const struct place_stack *stack,
			     struct framing *framing)
{
	struct shown_frames shown = {0};
	bool good = framing_apply(framing, stack->frames, stack->depth, NULL, &shown);
	for (size_t i = shown.count; good && i > 0 && !out->status; i--) {
		const struct shown_frame *one = &shown.items[i - 1];
		if (one->count == 1) {
			write_frame(out, stack, one->first);
			continue;
		}
		output_text(out, "  ");
		framing_write_run(out, framing, stack->frames, one);
		output_text(out, "\n");
	}
	array_deinit(&shown);
	return good;
}

bool place_write_stack(struct output *out, const struct place_stack *stack, struct framing *framing)
{
	output_text(out, "\n");
	output_text_as(out, AIODBG_ROLE_HEADING,
		       stack->depth ? "Stack, innermost first:" : "No stack.");
	output_text(out, "\n");
	if (framing)
		return write_own_frames(out, stack, framing);
	for (size_t i = 0; i < stack->depth && !out->status; i++)
		write_frame(out, stack, i);
	return true;
}
