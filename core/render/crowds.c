/* SPDX-License-Identifier: MIT */
/* What many wait for. See render/crowds.h. */
#include "render/crowds.h"

#include "render/reason.h"

/* More do not fit on a screen. */
#define CROWDS_WRITTEN 2

static void write_executor(struct output *out, const struct verdict *crowd)
{
	output_text(out, crowd->behind_count == 1 ? " waits" : " wait");
	output_text(out, " for a thread of an executor, all of which are at work:\n");
}

static void write_object(struct output *out, const struct verdict *crowd)
{
	size_t count = crowd->object->holders.count;
	output_text(out, " wait for ");
	reason_write_object(out, crowd->object);
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

static bool names(const struct verdict *verdict, const struct verdict *crowd)
{
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct party *party = &verdict->parties[i];
		if (!crowd->object && !party->task && party->thread == crowd->parties[0].thread)
			return true;
		if (crowd->object && party->wait && party->wait->object == crowd->object)
			return true;
		for (size_t k = 0; crowd->object && k < party->held_count; k++) {
			if (party->held[k].object == crowd->object)
				return true;
		}
	}
	return false;
}

static bool is_said(const struct verdict_list *list, enum certainty shown,
		    const struct verdict *crowd)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].certainty >= shown && names(&list->items[i], crowd))
			return true;
	}
	return false;
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
		write_executor(out, crowd);
	for (size_t i = 0; i < crowd->party_count; i++)
		party_write(out, snap, crowd, &crowd->parties[i], PARTY_SITE, &columns, draft);
}

void crowds_write(struct output *out, const struct aiodbg_snapshot *snap, enum certainty shown,
		  struct draft *draft)
{
	const struct verdict_list *crowds = &snap->verdicts->crowds;
	size_t written = 0;
	for (size_t i = 0; i < crowds->count && written < CROWDS_WRITTEN; i++) {
		if (is_said(&snap->verdicts->list, shown, &crowds->items[i]))
			continue;
		write_crowd(out, snap, &crowds->items[i], draft);
		written++;
	}
}
