/* SPDX-License-Identifier: MIT */
/* What is wrong, on one screen: the verdicts, a census of what the tasks wait for, what to type. */
#include "render/why.h"
#include "base/ceilings.h"
#include "render/census.h"
#include "render/reason.h"
#include "render/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where the text of a line begins, and what is said of it. */
#define SITE_WIDTH 24
#define TEXT_WIDTH 30
/* Own frames of a callback that are shown. */
#define FRAMES_SHOWN 8

/* ---- parties ---- */

/* A path below the folder that all own files are in, or from its last folder on. */
static const char *short_path(const struct aiodbg_snapshot *snap, const char *path)
{
	const struct waits *waits = snap->waits;
	size_t len = waits->own_folder_len;
	if (path && len && !strncmp(path, waits->own_folder, len))
		return path + len;
	return path;
}

static void write_site(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct site *site)
{
	char place[LIMIT_FILE_SHOWN + 32];
	const char *path = short_path(snap, site->location->code->filename);
	snprintf(place, sizeof(place), "%s:%" PRId32, path ? path : "?", site->line);
	output_text(out, "      ");
	size_t width = output_safe(out, place, LIMIT_FILE_SHOWN);
	output_fill(out, ' ', width < SITE_WIDTH ? SITE_WIDTH - width : 1);
	width = output_safe(out, site->text ? site->text : site->location->function,
			    LIMIT_SOURCE_LINE);
	output_fill(out, ' ', width < TEXT_WIDTH ? TEXT_WIDTH - width : 2);
}

static void write_party(struct output *out, const struct aiodbg_snapshot *snap,
			const struct party *party)
{
	output_text(out, "  ");
	reason_write_actor(out, snap, party->task, party->thread);
	if (party->task)
		output_format(out, "  0x%" PRIx64, party->task->id);
	if (party->runs) {
		output_text(out, ", which runs ");
		task_write_name(out, party->runs, false);
		output_format(out, "  0x%" PRIx64 ",", party->runs->id);
	}
	if (party->wait && party->wait->blocked) {
		output_text(out, "  waits for ");
		reason_write(out, snap, party->wait);
	}
	output_text(out, "\n");
	if (party->wait && party->wait->site.location) {
		write_site(out, snap, &party->wait->site);
		output_text(out, "waits here\n");
	}
	for (size_t i = 0; i < party->held_count; i++) {
		const struct held *held = &party->held[i];
		if (!held->holder || !held->holder->site.location)
			continue;
		write_site(out, snap, &held->holder->site);
		output_format(out, "holds %s 0x%" PRIx64 "\n",
			      held->object->type ? held->object->type : "object",
			      held->object->addr);
	}
}

/* ---- summaries ---- */

static void count_parties(const struct verdict *verdict, size_t *tasks, size_t *threads)
{
	*tasks = *threads = 0;
	for (size_t i = 0; i < verdict->party_count; i++) {
		if (verdict->parties[i].task)
			++*tasks;
		else
			++*threads;
	}
}

/* All wait for something that another one holds. */
static bool waits_for_locks(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct wait *wait = verdict->parties[i].wait;
		if (!wait || !wait->object || wait->for_tasks)
			return false;
	}
	return true;
}

static void summarize_deadlock(struct output *out, const struct verdict *verdict)
{
	size_t tasks, threads;
	bool locks = waits_for_locks(verdict);
	count_parties(verdict, &tasks, &threads);
	if (tasks)
		output_format(out, "%zu task%s", tasks, tasks == 1 ? "" : "s");
	if (tasks && threads)
		output_text(out, " and ");
	if (threads)
		output_format(out, "%zu thread%s", threads, threads == 1 ? "" : "s");
	if (tasks + threads == 1)
		output_text(out,
			    locks ? " waits for a lock that it holds itself" : " waits for itself");
	else if (tasks + threads == 2 && locks)
		output_text(out, " wait for a lock that the other holds");
	else
		output_text(out, locks ? " wait for locks that the next one holds"
				       : " wait for each other");
}

static void summarize_blocked(struct output *out, const struct aiodbg_snapshot *snap,
			      const struct verdict *verdict)
{
	const struct loop *loop = verdict->loop;
	output_format(out, "loop 0x%" PRIx64 " of ", loop->addr);
	reason_write_actor(out, snap, NULL, loop->thread);
	if (verdict->has_seconds && verdict->seconds > 0) {
		output_text(out, snap->waits->now_is_least ? " has not polled for at least "
							   : " has not polled for ");
		reason_write_seconds(out, verdict->seconds);
	} else {
		output_text(out, " runs a callback that seems to block");
	}
}

void why_write_summary(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_DEADLOCK:
		summarize_deadlock(out, verdict);
		break;
	case VERDICT_LOOP_BLOCKED:
		summarize_blocked(out, snap, verdict);
		break;
	case VERDICT_STOPPED:
		output_format(out,
			      "process %" PRIu32 " is stopped by a signal or its control group",
			      snap->pid);
		break;
	default:
		break;
	}
	if (verdict->has_until && verdict->until_task) {
		output_text(out, ", until ");
		task_write_name(out, verdict->until_task, false);
		output_text(out, " times out");
		if (snap->waits->has_now && !snap->waits->now_is_least) {
			output_text(out, " in ");
			reason_write_left(out, verdict->until - snap->waits->now);
		}
	}
	if (verdict->unless) {
		output_text(out, ", unless ");
		task_write_name(out, verdict->unless, false);
		if (verdict->unless_count > 1)
			output_format(out, " or one of %zu others", verdict->unless_count - 1);
		output_text(out, " fails");
	}
}

/* ---- verdicts ---- */

static void write_callback(struct output *out, const struct aiodbg_snapshot *snap,
			   const struct verdict *verdict)
{
	const struct loop *loop = verdict->loop;
	size_t shown = 0;
	if (loop->task) {
		output_text(out, "  ");
		task_write_name(out, loop->task, false);
		output_format(out, "  0x%" PRIx64, loop->task->id);
	} else {
		output_text(out, "  a callback");
	}
	output_text(out,
		    verdict->culprit == CERTAINTY_CERTAIN ? "  runs" : "  runs, probably since");
	if (loop->callback && loop->callback_count)
		output_format(out, ": callback %zu of %zu", loop->callback, loop->callback_count);
	if (loop->calls) {
		output_text(out, loop->calls_certainty == CERTAINTY_CERTAIN ? ", calls "
									    : ", probably calls ");
		output_safe(out, loop->calls, LIMIT_C_STRING);
		output_text(out, "()");
	}
	output_text(out, "\n");
	for (size_t i = 0; i < loop->site_count && shown < FRAMES_SHOWN; i++, shown++) {
		write_site(out, snap, &loop->sites[i]);
		output_text(out, i ? "\n" : "is here\n");
	}
}

static void write_behind(struct output *out, const struct verdict *verdict)
{
	if (!verdict->behind_count)
		return;
	output_text(out, "  ");
	reason_write_count(out, verdict->behind_count);
	output_format(out, " more task%s behind them.\n",
		      verdict->behind_count == 1 ? " waits" : "s wait");
}

static void write_verdict(struct output *out, const struct aiodbg_snapshot *snap,
			  const struct verdict *verdict)
{
	output_format(out, "%s (%s): ", verdict_heading(verdict->kind),
		      certainty_name(verdict->certainty));
	why_write_summary(out, snap, verdict);
	output_text(out, ".\n");
	if (verdict->kind == VERDICT_LOOP_BLOCKED) {
		write_callback(out, snap, verdict);
		return;
	}
	for (size_t i = 0; i < verdict->party_count; i++)
		write_party(out, snap, &verdict->parties[i]);
	write_behind(out, verdict);
}

static void write_next(struct output *out, const struct aiodbg_snapshot *snap)
{
	const struct verdict_list *list = &snap->verdicts->list;
	const struct task *task = NULL;
	for (size_t i = 0; !task && i < list->count; i++) {
		const struct verdict *verdict = &list->items[i];
		for (size_t k = 0; !task && k < verdict->party_count; k++)
			task = verdict->parties[k].task;
	}
	for (size_t i = 0; !task && i < snap->tasks.count; i++)
		task = snap->tasks.items[i];
	if (!task)
		return;
	output_format(out,
		      "\nOne task: asyncio why 0x%" PRIx64 "     All of them: asyncio ps --waits\n",
		      task->id);
}

int render_why(const struct view *view, struct output *out)
{
	const struct aiodbg_snapshot *snap = view->snap;
	const struct verdict_list *list = &snap->verdicts->list;
	size_t shown = 0, hidden = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct verdict *verdict = &list->items[i];
		if (verdict->certainty == CERTAINTY_POSSIBLE && !snap->wants_all) {
			hidden++;
			continue;
		}
		if (shown++)
			output_text(out, "\n");
		write_verdict(out, snap, verdict);
	}
	if (!shown)
		output_text(out, "IDLE: no task is seen to wait in vain.\n");
	if (hidden)
		output_format(out, "%zu more possible: --all shows them.\n", hidden);
	output_text(out, "\n");
	census_write(out, snap);
	if (snap->tasks.count)
		write_next(out, snap);
	else
		render_empty(snap, out);
	render_problems(snap, out);
	return 0;
}
