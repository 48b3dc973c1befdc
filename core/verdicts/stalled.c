/* SPDX-License-Identifier: MIT */
/* STALLED: tasks that somebody outside keeps waiting, who takes nothing any more. */
#include "base/array.h"
#include "base/error.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

/* Those that are named; others are counted. */
#define STALLED_NAMED 64

static bool is_stalled(const struct wait *wait)
{
	if (!wait->blocked)
		return false;
	if (wait->kind == WAIT_WRITE)
		return wait->paused && wait->unsent > 0 && !wait->has_reader;
	return wait->kind == WAIT_PROCESS && wait->pipe >= 0 && !wait->has_reader;
}

/* Whatever is seen of it was so at the look before. */
static bool was_the_same(const struct aiodbg_snapshot *snap, const struct task *task,
			 const struct wait *wait)
{
	const struct wait *before = looks_wait_before(snap, task);
	return before && looks_task_stood_still(snap, task) && is_stalled(before) &&
	       before->kind == wait->kind && before->future == wait->future &&
	       before->fd == wait->fd && before->unsent == wait->unsent &&
	       before->backlog == wait->backlog && before->pid == wait->pid &&
	       before->pipe == wait->pipe;
}

static enum certainty certainty_of(const struct aiodbg_snapshot *snap, const struct wait *wait)
{
	if (!snap->before || snap->before->waits->stopped)
		return CERTAINTY_POSSIBLE;
	/* A process whose output nobody reads may have nothing to say for now, and one that takes no input
	 * may be at work. */
	if (wait->kind == WAIT_PROCESS || wait->pid >= 0)
		return wait->child_blocked ? CERTAINTY_LIKELY : CERTAINTY_POSSIBLE;
	return CERTAINTY_LIKELY;
}

/* Who is to take it may be a task of this process, that reads on after a while. */
static int will_be_taken(struct finder *finder, const struct wait *wait, bool *ret)
{
	enum progress progress = PROGRESS_NONE;
	int status = wait->peer_task ? progress_find(finder, wait->peer_task, -1, &progress) : 0;
	*ret = progress == PROGRESS_SOON;
	return status;
}

/*
 * A healthy peer takes something now and then, and then fewer bytes are unsent, or first of all
 * fewer are on their way; a healthy process whose output has been paused is read again once that is
 * wanted, by a task that leads to it. What timeout there is ends the wait, and is shown.
 */
static int find_kind(struct finder *finder, enum wait_kind kind, enum certainty certainty)
{
	const struct aiodbg_snapshot *snap = finder->snap;
	struct verdict verdict = {.kind = VERDICT_STALLED, .certainty = certainty, .settled = true};
	int status = work_charge(&finder->reader->work, snap->tasks.count / 16 + 1);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		struct wait *wait = &finder->waits->of_tasks[i];
		struct task *task = snap->tasks.items[i];
		bool is_taken = false;
		if (wait->kind != kind || !is_stalled(wait) ||
		    certainty_of(snap, wait) != certainty ||
		    (snap->before && !was_the_same(snap, task, wait)))
			continue;
		status = will_be_taken(finder, wait, &is_taken);
		if (!status && is_taken)
			continue;
		if (!status && !verdict.parties)
			status = finder_alloc_parties(finder, &verdict, STALLED_NAMED);
		if (status)
			break;
		if (verdict.party_count == STALLED_NAMED)
			verdict.behind_count++;
		else
			verdict.parties[verdict.party_count++] = (struct party){
				.task = task, .thread = -1, .wait = wait};
	}
	return status || !verdict.party_count ? status : finder_add(finder, &verdict);
}

int stalled_find(struct finder *finder)
{
	static const struct {
		enum wait_kind kind;
		enum certainty certainty;
	} sorts[] = {
		{WAIT_WRITE, CERTAINTY_LIKELY},
		{WAIT_WRITE, CERTAINTY_POSSIBLE},
		{WAIT_PROCESS, CERTAINTY_LIKELY},
		{WAIT_PROCESS, CERTAINTY_POSSIBLE},
	};
	int status = 0;
	for (size_t i = 0;
	     !status && !finder->waits->stopped && i < sizeof(sorts) / sizeof(sorts[0]); i++)
		status = find_kind(finder, sorts[i].kind, sorts[i].certainty);
	return status;
}
