/* SPDX-License-Identifier: MIT */
/* Tasks that have ended. See render/ended.h. */
#include "render/ended.h"

#include "base/ceilings.h"
#include "render/render.h"

#include <inttypes.h>
#include <string.h>

/* The others are counted. */
#define SHOWN 2
/* As much of a text as an exception needs to be known by. */
#define EXCEPTION_WIDTH 40

static size_t shown_of(const struct verdict *verdict)
{
	return verdict->ended_count < SHOWN ? verdict->ended_count : SHOWN;
}

size_t ended_lines(const struct verdict *verdict)
{
	size_t shown = shown_of(verdict), lines = verdict->ended_count > shown;
	for (size_t i = 0; i < shown; i++)
		lines += verdict->ended[i]->site.location ? 2 : 1;
	return lines;
}

void ended_add_columns(struct columns *columns, const struct output *out,
		       const struct aiodbg_snapshot *snap, const struct verdict *verdict)
{
	for (size_t i = 0; i < shown_of(verdict); i++)
		columns_add_site(columns, out, snap, &verdict->ended[i]->site);
}

static void write_exception(struct output *out, const char *text)
{
	size_t len = strlen(text);
	if (len > EXCEPTION_WIDTH) {
		len = EXCEPTION_WIDTH - 3;
		/* Not within a character. */
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	output_bytes(out, text, len);
	output_text(out, text[len] ? "..." : "");
}

static void write_end(struct output *out, const struct ended_task *ended)
{
	if (ended->is_cancelled) {
		output_text(out, "was cancelled\n");
		return;
	}
	output_text(out, "has ended: ");
	write_exception(out, ended->text ? ended->text : "an exception");
	output_text(out, "\n");
}

void ended_write(struct output *out, const struct aiodbg_snapshot *snap,
		 const struct verdict *verdict, const struct columns *columns)
{
	size_t shown = shown_of(verdict);
	for (size_t i = 0; i < shown; i++) {
		const struct ended_task *ended = verdict->ended[i];
		output_text(out, "  ");
		output_safe(out, ended->name ? ended->name : "a task", LIMIT_NAME_SHOWN);
		output_format(out, "  0x%" PRIx64 "  ", ended->id);
		write_end(out, ended);
		if (!ended->site.location)
			continue;
		party_write_site(out, snap, columns, &ended->site);
		output_text(out, ended->is_cancelled ? "cancelled here\n" : "ended here\n");
	}
	if (verdict->ended_count > shown)
		output_format(out, "  %zu more have ended.\n", verdict->ended_count - shown);
}
