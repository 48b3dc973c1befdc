/* SPDX-License-Identifier: MIT */
/* First lines of verdicts. See render/summaries.h. */
#include "render/summaries.h"

#include "render/reason.h"

#include <inttypes.h>

static void write_tasks(struct output *out, size_t count, const char *one, const char *several)
{
	reason_write_count(out, count);
	output_text(out, count == 1 ? " task " : " tasks ");
	output_text(out, count == 1 ? one : several);
}

/* Who has what all wait for: holders of permits, or the threads of an executor. */
static void write_exhausted(struct output *out, const struct verdict *verdict)
{
	bool has_holders = verdict->parties[0].held_count > 0;
	const char *what = has_holders ? "semaphore" : "executor";
	const char *who = has_holders ? "holder" : "thread";
	write_tasks(out, verdict->behind_count, "waits for ", "wait for ");
	if (verdict->party_count == 1)
		output_format(out, "a%s %s whose only %s stands still", has_holders ? "" : "n",
			      what, who);
	else
		output_format(out, "a%s %s whose %zu %ss stand still", has_holders ? "" : "n", what,
			      verdict->party_count, who);
}

bool summary_counts_behind(const struct verdict *verdict)
{
	return verdict->kind == VERDICT_WONT_CANCEL || verdict->kind == VERDICT_EXHAUSTED ||
	       verdict->kind == VERDICT_CONVOY;
}

void summary_write_crowd(struct output *out, const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_WONT_CANCEL:
		write_tasks(out, verdict->party_count, "was cancelled and does not end; ",
			    "were cancelled and do not end; ");
		write_tasks(out, verdict->behind_count, "waits for that", "wait for that");
		break;
	case VERDICT_CONVOY:
		write_tasks(out, verdict->behind_count, "waits", "wait");
		output_text(out, " behind one that has not moved");
		break;
	default:
		write_exhausted(out, verdict);
		break;
	}
}
