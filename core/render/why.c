/* SPDX-License-Identifier: MIT */
/* What is wrong, on one screen: the verdicts, a census of what the tasks wait for, what to type. */
#include "render/why.h"
#include "base/ceilings.h"
#include "render/alike.h"
#include "render/census.h"
#include "render/chain.h"
#include "render/crowds.h"
#include "render/ended.h"
#include "render/idle.h"
#include "render/party.h"
#include "render/reason.h"
#include "render/render.h"
#include "render/summaries.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns between two hints on one line. */
#define GAP 5

/* Addresses of a verdict's evidence that are listed. */
#define EVIDENCE_SHOWN 3

/* ---- verdicts ---- */

struct why {
	const struct view *view;
	const struct aiodbg_snapshot *snap;
	struct output *out;
	bool all;
	/* Lines of a section. */
	size_t top;
	struct draft *draft;
};

static void write_callback(struct why *why, const struct verdict *verdict)
{
	struct output *out = why->out;
	const struct loop *loop = verdict->loop;
	output_text(out, "  ");
	if (loop->task)
		party_write_name(out, why->snap, loop->task, -1, NULL);
	else
		output_text(out, "a callback");
	output_text(out, verdict->culprit == CERTAINTY_CERTAIN ? "  runs"
							       : "  runs, probably all that time");
	if (loop->callback && loop->callback_count)
		output_format(out, ": callback %zu of %zu", loop->callback, loop->callback_count);
	const struct wait *wait = verdict->party_count ? verdict->parties[0].wait : NULL;
	if (loop->calls && !wait) {
		output_text(out, loop->calls_certainty == CERTAINTY_CERTAIN ? ", calls "
									    : ", probably calls ");
		output_safe(out, loop->calls, LIMIT_C_STRING);
		output_text(out, "()");
	}
	output_text(out, "\n");
	if (wait) {
		output_text(out, reason_needs_verb(wait) ? "    waits for " : "    ");
		reason_write_parts(out, why->snap, wait, REASON_OWNER | REASON_HOLDERS);
		output_text(out, "\n");
	}
	/* The heading and the line above are of the section, too. */
	size_t room = why->top > 4 ? why->top - 2 - (wait != NULL) : 1;
	size_t shown = loop->site_count <= room ? loop->site_count : room - 1;
	struct columns columns = {0};
	for (size_t i = 0; i < shown; i++)
		columns_add_site(&columns, out, why->snap, &loop->sites[i]);
	for (size_t i = 1; i < verdict->party_count; i++)
		columns_add_party(&columns, out, why->snap, &verdict->parties[i]);
	for (size_t i = 0; i < shown; i++) {
		party_write_site(out, why->snap, &columns, &loop->sites[i]);
		output_text(out, i ? "called it\n" : "is here\n");
	}
	if (loop->site_count > shown)
		output_format(out, "      %zu more frames: --top 0\n", loop->site_count - shown);
	for (size_t i = 1; i < verdict->party_count; i++)
		party_write(out, why->snap, verdict, &verdict->parties[i], PARTY_SITE, &columns,
			    why->draft);
}

static void write_behind(struct why *why, const struct verdict *verdict)
{
	if (!verdict->behind_count || summary_counts_behind(verdict))
		return;
	output_text(why->out, "  ");
	reason_write_count(why->out, verdict->behind_count);
	output_text(why->out, verdict->behind_count == 1 ? " more task waits" : " more tasks wait");
	bool locks = summary_waits_for_locks(verdict) && !summary_shared(verdict);
	output_text(why->out, locks ? " for these locks.\n" : " behind them.\n");
}

/* How many there are from the one with this index on that get lines of their own. */
static size_t count_shown(const struct verdict *verdict, size_t other, size_t from)
{
	size_t count = 0;
	for (size_t i = from; i < verdict->party_count; i++)
		count += !party_is_told(verdict, party_in_order(verdict, other, i));
	return count;
}

/* Those that there was no room for: their names, as many as fit. */
static void write_rest(struct why *why, const struct verdict *verdict, size_t other, size_t from)
{
	size_t count = count_shown(verdict, other, from), written = 0;
	struct output *words = &why->draft->words;
	if (!count)
		return;
	output_format(why->out, "  %zu more: ", count);
	draft_begin(why->draft, why->out);
	for (size_t i = from; i < verdict->party_count; i++) {
		const struct party *party = party_in_order(verdict, other, i);
		if (party_is_told(verdict, party))
			continue;
		if (written++)
			output_text(words, ", ");
		size_t used = words->used;
		reason_write_actor(words, why->snap, party->task, party->thread);
		if (draft_width(why->draft) <= SCREEN_WIDTH - 30 || written == 1)
			continue;
		words->used = used;
		output_text(words, "...");
		break;
	}
	output_bytes(why->out, words->buffer, words->used);
	output_text(why->out, " (--top 0)\n");
}

static void write_parties(struct why *why, const struct verdict *verdict)
{
	/* The heading is one of its lines, and so is the count of those behind. */
	size_t used = 1 + (size_t)summary_has_limits(verdict) + (verdict->behind_count > 0), i;
	size_t count = verdict->party_count, other = count ? party_find_other(verdict) : 0;
	struct columns columns = {.all_frames = why->view->all_frames};
	size_t left = count_shown(verdict, other, 0);
	used += ended_lines(verdict) + verdict->is_garbage;
	bool is_elsewhere = other && party_parts(&verdict->parties[other], &verdict->parties[0]) ==
					     PARTY_ALL;
	ended_add_columns(&columns, why->out, why->snap, verdict);
	for (i = 0; i < verdict->party_count; i++)
		columns_add_party(&columns, why->out, why->snap, &verdict->parties[i]);
	ended_write(why->out, why->snap, verdict, &columns);
	for (i = 0; i < verdict->party_count; i++) {
		const struct party *party = party_in_order(verdict, other, i);
		unsigned int parts = party_parts(party, &verdict->parties[0]);
		if (party_is_told(verdict, party))
			continue;
		/* Two places where tasks wait say more than one and who called it. */
		if (is_elsewhere)
			parts &= ~(unsigned int)PARTY_CALLER;
		size_t lines = party_lines(verdict, party, parts), rest = --left;
		/* The others get a line each, if there is room; else one for all. */
		size_t least = used + 1 + rest <= why->top ? rest : rest > 0;
		if (i && used + 1 + least > why->top)
			break;
		if (i && used + lines + least > why->top) {
			party_write_head(why->out, why->snap, verdict, party, why->draft);
			used++;
			continue;
		}
		party_write(why->out, why->snap, verdict, party, parts, &columns, why->draft);
		used += lines;
	}
	write_rest(why, verdict, other, i);
}

static void write_address(struct output *out, size_t *count, uint64_t address)
{
	if (address && (*count)++ < EVIDENCE_SHOWN)
		output_format(out, "%s0x%" PRIx64, *count > 1 ? ", " : "  evidence: ", address);
}

static void write_evidence(struct why *why, const struct verdict *verdict)
{
	size_t count = 0;
	for (size_t i = 0; i < verdict->party_count; i++) {
		if (verdict->parties[i].wait)
			write_address(why->out, &count, verdict->parties[i].wait->future);
	}
	if (verdict->loop)
		write_address(why->out, &count, verdict->loop->handle);
	if (count > EVIDENCE_SHOWN)
		output_format(why->out, " and %zu more in --json", count - EVIDENCE_SHOWN);
	if (count)
		output_text(why->out, "\n");
}

static void write_verdict(struct why *why, const struct verdict *verdict)
{
	struct output *words = &why->draft->words;
	draft_begin(why->draft, why->out);
	output_text_as(words, AIODBG_ROLE_VERDICT, verdict_heading(verdict->kind));
	output_format(words, " (%s): ", certainty_name(verdict->certainty));
	size_t begun = words->used;
	summary_write(words, why->snap, verdict);
	summary_write_limits(words, why->snap, verdict, ", ");
	bool fits = draft_width(why->draft) < SCREEN_WIDTH || !summary_has_limits(verdict);
	if (!fits) {
		words->used = begun;
		summary_write(words, why->snap, verdict);
	}
	output_bytes(why->out, words->buffer, words->used);
	output_text(why->out, ".\n");
	if (verdict->is_garbage)
		output_text(why->out, "  A collection will destroy them.\n");
	if (!fits) {
		summary_write_limits(why->out, why->snap, verdict, "  That lasts ");
		output_text(why->out, ".\n");
	}
	if (verdict->kind == VERDICT_LOOP_BLOCKED)
		write_callback(why, verdict);
	else
		write_parties(why, verdict);
	if (verdict->filler.location) {
		struct columns columns = {0};
		columns_add_site(&columns, why->out, why->snap, &verdict->filler);
		party_write_site(why->out, why->snap, &columns, &verdict->filler);
		output_text(why->out, "is ready again\n");
	}
	write_behind(why, verdict);
	if (why->all)
		write_evidence(why, verdict);
}

/* ---- the whole ---- */

/* " --pid 4711", for commands on a process that was read by its PID. */
static void pid_option(const struct aiodbg_snapshot *snap, const char *format, char *buf,
		       size_t size)
{
	buf[0] = '\0';
	if (snap->runs_on)
		snprintf(buf, size, format, snap->pid);
}

static void write_next(struct why *why)
{
	const struct aiodbg_snapshot *snap = why->snap;
	const struct verdict_list *list = &snap->verdicts->list;
	const struct task *task = NULL;
	bool locks = false;
	char pid[24], operand[24];
	for (size_t i = 0; !task && i < list->count; i++) {
		const struct verdict *verdict = view_verdict(why->view, i);
		locks = verdict->kind == VERDICT_DEADLOCK && summary_waits_for_locks(verdict) &&
			!summary_shared(verdict);
		for (size_t k = 0; !task && k < verdict->party_count; k++)
			task = verdict->parties[k].task;
	}
	if (!task && view_count(why->view))
		task = view_task(why->view, 0);
	if (!task)
		return;
	pid_option(snap, " --pid %" PRIu32, pid, sizeof(pid));
	pid_option(snap, " %" PRIu32, operand, sizeof(operand));
	const char *all = locks ? "All that wait for a lock" : "All tasks";
	const char *command = locks ? "asyncio ps --with waits=lock" : "asyncio ps --waits";
	draft_begin(why->draft, why->out);
	output_format(&why->draft->words, "One task: asyncio why%s 0x%" PRIx64, pid, task->id);
	size_t width = draft_width(why->draft) + strlen(all) + strlen(": ") + strlen(command) +
		       strlen(operand);
	output_text(why->out, "\n");
	output_bytes(why->out, why->draft->words.buffer, why->draft->words.used);
	output_format(why->out, "%s%s: %s%s\n", width + GAP <= SCREEN_WIDTH ? "     " : "\n", all,
		      command, operand);
}

bool why_shows(const struct view *view, const struct verdict *verdict)
{
	bool is_of_tasks = false;
	if (!view->selection)
		return true;
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct task *task = verdict->parties[i].task;
		is_of_tasks = is_of_tasks || task;
		if (task && view_shows(view, task))
			return true;
	}
	return !is_of_tasks;
}

static bool is_hidden(const struct why *why, const struct verdict *verdict)
{
	return verdict->certainty == CERTAINTY_POSSIBLE && !why->all;
}

/* Which kinds there are says whether to look at them. */
static void write_hidden(struct why *why, size_t count)
{
	const struct verdict_list *list = &why->snap->verdicts->list;
	const char *before = " (";
	unsigned int named = 0;
	output_format(why->out, "%zu more possible", count);
	for (size_t i = 0; i < list->count; i++) {
		const struct verdict *verdict = &list->items[i];
		if (!is_hidden(why, verdict) || !why_shows(why->view, verdict) ||
		    named & 1u << verdict->kind)
			continue;
		named |= 1u << verdict->kind;
		output_format(why->out, "%s%s", before, verdict_heading(verdict->kind));
		before = ", ";
	}
	output_text(why->out, count == 1 ? "): --all shows it.\n" : "): --all shows them.\n");
}

static void write_verdicts(struct why *why)
{
	const struct verdict_list *list = &why->snap->verdicts->list;
	size_t shown = 0, hidden = 0, cut = 0, filtered = 0;
	for (size_t i = 0; i < list->count && output_goes_on(why->out); i++) {
		const struct verdict *verdict = view_verdict(why->view, i);
		if (!why_shows(why->view, verdict)) {
			filtered++;
			continue;
		}
		if (is_hidden(why, verdict)) {
			hidden++;
			continue;
		}
		bool is_short = why->top < SIZE_MAX && !why->view->selection;
		if (is_short && alike_is_repeated(list, i))
			continue;
		if (shown == why->top) {
			cut++;
			continue;
		}
		if (shown++)
			output_text(why->out, "\n");
		write_verdict(why, verdict);
		if (is_short)
			alike_write(why->out, why->snap, i);
	}
	if (!shown && !filtered)
		idle_write(why->out, why->snap);
	else if (shown && why->all && idle_unproven(why->snap))
		output_format(why->out, "\nNot examined: %s.\n", idle_unproven(why->snap));
	if (filtered)
		output_format(why->out, "%s%zu more about other tasks.\n", shown ? "\n" : "",
			      filtered);
	if (cut)
		output_format(why->out, "\n%zu more of these: --top 0 shows them.\n", cut);
	if (hidden)
		write_hidden(why, hidden);
}

static bool has_verdicts(const struct aiodbg_snapshot *snap)
{
	const struct verdict_list *list = &snap->verdicts->list;
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].certainty > CERTAINTY_POSSIBLE)
			return true;
	}
	return false;
}

static void write_screen(struct why *why)
{
	write_verdicts(why);
	if (!view_count(why->view) && why->snap->tasks.count)
		return;
	output_text(why->out, "\n");
	census_write(why->out, why->view, why->draft, why->top);
	/* Whoever has been told what is wrong needs no more. */
	bool is_whole = !why->view->selection || !why->view->selection->filtered;
	if (is_whole && !has_verdicts(why->snap))
		crowds_write(why->out, why->snap, why->draft);
	if (!why->snap->tasks.count) {
		render_empty(why->snap, why->out);
		return;
	}
	write_next(why);
	/* What is waited for may be theirs to do. */
	render_children(why->snap, "why", why->out);
}

int render_why(const struct view *view, struct output *out)
{
	int status = 0;
	struct why why = {
		.view = view,
		.snap = view->snap,
		.out = out,
		.all = view->all,
		.top = view->top ? view->top : SECTION_LINES,
		.draft = malloc(sizeof(*why.draft)),
	};
	if (!why.draft)
		return AIODBG_NO_MEMORY;
	if (why.snap->chain)
		status = chain_write(out, view, why.top);
	else
		write_screen(&why);
	free(why.draft);
	render_problems(view->snap, out);
	render_left_out(view, out);
	return status;
}
