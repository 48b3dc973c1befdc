/* SPDX-License-Identifier: MIT */
/* What the files that find verdicts share: verdicts/verdicts.c calls each of them in turn. */
#ifndef VERDICTS_FINDING_H
#define VERDICTS_FINDING_H

#include "base/array.h"
#include "verdicts/stuck.h"
#include "verdicts/verdicts.h"

ARRAY(actor_list, size_t);

/* One whom only those can wake that wait for the same. */
struct lone {
	enum verdict_kind kind;
	/* The first of those that it is found with stands for them. */
	size_t actor, first;
	/* Somebody else has it, who waits for ever. */
	bool is_kept;
};
ARRAY(lone_list, struct lone);

struct finder {
	struct aiodbg_snapshot *snap;
	const struct waits *waits;
	struct reader *reader;
	struct verdicts *verdicts;
	/* By actor: a verdict names it. */
	bool *named;
	/* By actor: the number of the last search that came by. */
	size_t *seen, search_count;
	/* Found and not yet made verdicts. */
	struct lone_list lone;
};

/* A circle, while it is made a verdict: actors with the number knot, or whatever else keep others
 * waiting. */
struct circle {
	const struct stuck *stuck;
	size_t knot;
	const size_t *members;
	size_t count;
};

int finder_no_memory(struct finder *finder);
int finder_add(struct finder *finder, const struct verdict *verdict);
int finder_alloc_parties(struct finder *finder, struct verdict *verdict, size_t count);

/* ---- deadlocks.c ---- */

int deadlocks_find(struct finder *finder);

/* What ends the waiting of a circle's members; and how many wait for them. */
int circle_deadlines(struct finder *finder, const struct circle *circle, struct verdict *verdict);
int circle_behind(struct finder *finder, const struct circle *circle, struct verdict *verdict);

/* ---- vain.c ---- */

/* What to say of a circle with sets in it; VERDICT_KIND_COUNT: nothing. */
enum verdict_kind vain_kind(const struct circle *circle);

/* Note its members, and make verdicts of all that were noted: those that wait at one place are one. */
int vain_add(struct finder *finder, const struct circle *circle, enum verdict_kind kind);
int vain_make(struct finder *finder, const struct stuck *stuck, enum certainty certainty);

/* Locks whose owner is gone. */
int vain_find_unreleased(struct finder *finder);

/* Locks that are free and that tasks wait for. */
int vain_find_lost(struct finder *finder);

/* ---- abandoned.c ---- */

/* What nobody is left to give back or to do. */
int abandoned_find(struct finder *finder);

/* ---- kept.c ---- */

/* Futures that only a container keeps. */
int kept_find(struct finder *finder);

/* ---- cancelling.c ---- */

/* Tasks that were told to end and have not, while others wait for that. */
int cancelling_find(struct finder *finder);

/* ---- crowds.c ---- */

/* Those who wait for what few have, and these do not go on. */
int crowds_find(struct finder *finder);

/* The largest of them, whatever they do, for verdicts.crowds. */
int crowds_note(struct finder *finder);

/* ---- progress.c ---- */

/* The order counts: the highest is found of those it depends on. */
enum progress {
	PROGRESS_NONE,
	/* It sleeps for days, as it may be meant to. */
	PROGRESS_LATE,
	/* It has moved between two looks, if there were, or is to be woken by time within a minute. */
	PROGRESS_SOON,
};

/* What is known of a task, or of the thread at that index if it is NULL: of itself or of any that it
 * waits for. */
int progress_find(struct finder *finder, const struct task *task, ptrdiff_t thread,
		  enum progress *ret);

/* ---- loops.c ---- */

int loops_find_blocked(struct finder *finder);
int loops_find_gone(struct finder *finder);

/* ---- starved.c ---- */

int starved_find(struct finder *finder);

/* ---- spinning.c ---- */

int spinning_find(struct finder *finder);

/* ---- exits.c ---- */

int exits_find(struct finder *finder);

/* ---- stalled.c ---- */

int stalled_find(struct finder *finder);

/* ---- unwoken.c ---- */

int unwoken_find(struct finder *finder);

#endif
