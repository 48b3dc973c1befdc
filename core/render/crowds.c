/* SPDX-License-Identifier: MIT */
/* What many wait for. See render/crowds.h. */
#include "render/crowds.h"

#include "render/ended.h"
#include "render/reason.h"

/* More do not fit on a screen. */
#define CROWDS_WRITTEN 2

static void write_executor(struct output *out)
{
	output_text(out, " wait for a thread of an executor, all of which are at work:\n");
}

static void write_object(struct output *out, const struct verdict *crowd)
{
	size_t count = crowd->object->holders.count;
	bool is_queue = crowd->object->kind == PRIMITIVE_QUEUE;
	output_text(out, is_queue ? " wait to put into " : " wait for ");
	reason_write_object(out, crowd->object);
	if (is_queue) {
		output_text(out, ", which is full, such as:\n");
		return;
	}
	if (crowd->object->is_pool)
		output_text(out, ", which is used up");
	if (!count) {
		output_text(out, ". Who holds it is not seen.\n");
		return;
	}
	output_text(out, ", held by");
	if (count > 1)
		output_format(out, " %zu", count);
	output_text(out, count > crowd->party_count ? ", such as:\n" : ":\n");
}

static void write_crowd(struct output *out, const struct aiodbg_snapshot *snap,
			const struct verdict *crowd, struct draft *draft)
{
	struct columns columns = {0};
	for (size_t i = 0; i < crowd->party_count; i++)
		columns_add_party(&columns, out, snap, &crowd->parties[i]);
	output_text(out, "\n");
	reason_write_count(out, crowd->behind_count);
	if (crowd->object)
		write_object(out, crowd);
	else
		write_executor(out);
	for (size_t i = 0; i < crowd->party_count; i++)
		party_write(out, snap, crowd, &crowd->parties[i], PARTY_SITE, &columns, draft);
}

static void write_ended(struct output *out, const struct aiodbg_snapshot *snap,
			const struct verdict *crowd)
{
	struct columns columns = {0};
	ended_add_columns(&columns, out, snap, crowd);
	output_text(out, "\n");
	reason_write_count(out, crowd->ended_count);
	output_text(out, crowd->ended_count == 1 ? " task has" : " tasks have");
	output_text(out, " ended by an exception that nobody has asked for:\n");
	ended_write(out, snap, crowd, &columns);
}

void crowds_write(struct output *out, const struct aiodbg_snapshot *snap, struct draft *draft)
{
	const struct verdict_list *crowds = &snap->verdicts->crowds;
	size_t written = 0;
	for (size_t i = 0; i < crowds->count; i++) {
		const struct verdict *crowd = &crowds->items[i];
		if (crowd->ended_count)
			write_ended(out, snap, crowd);
		else if (written++ < CROWDS_WRITTEN)
			write_crowd(out, snap, crowd, draft);
	}
}
