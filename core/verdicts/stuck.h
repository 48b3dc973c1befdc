/* SPDX-License-Identifier: MIT */
/*
 * Which tasks and threads can only be woken by each other: the greatest set of them in which
 * nobody has a waker outside, and the circles in it.
 *
 * Each task and thread is an actor, tasks first, by their indexes. Behind them come the sets of tasks
 * that alone can wake somebody, which wait for any of theirs. Knows no Python.
 */
#ifndef VERDICTS_STUCK_H
#define VERDICTS_STUCK_H

#include "memory/reader.h"
#include "waits/waits.h"

/* Who can wake an actor. */
struct waker {
	size_t actor;
	/* What it has and the actor waits for; NULL for both if the actor waits for its end, or for
	 * its thread. */
	struct primitive *object;
	struct holder *holder;
};

ARRAY(wakers, struct waker);

struct actor {
	/* Range in stuck.wakers. */
	size_t first, count;
	/* Somebody who is not known can wake it. */
	bool open;
	/* It needs all of its wakers, not any. */
	bool needs_all;
	bool is_stuck;
	bool on_stack;
	/* It can't run before the thread that runs its loop does: the waker after its own. */
	bool by_thread;
	/* It is in the circle only because its frames lead to what others wait for: it awaits these
	 * others itself, has nothing, and nobody in the circle awaits it. */
	bool follows;
	/* Actors with the same number are in a circle; 0: in none. */
	size_t knot;
	/* Working state: wakers that are not stuck; place in Tarjan's stack. */
	size_t free_wakers, low, index;
};

struct stuck {
	const struct aiodbg_snapshot *snap;
	const struct waits *waits;
	struct reader *reader;
	struct actor *actors;
	/* first_set: of the actors, the first that is a set. */
	size_t count, task_count, first_set, knot_count;
	struct wakers wakers;
	/* The other direction, made when it is needed: whom each can wake. */
	size_t *woken_first, *woken;
};

/*
 * Find the actors that are stuck, counting only what is at least that sure, and number their
 * circles from 1. What is possible is what is likely, and that tasks wait for others at the other end of
 * connections. Linear in tasks, threads and what they wait for. Returns 0, AIODBG_NO_MEMORY,
 * or what work_charge() does. stuck_deinit() is needed in any case.
 */
int stuck_find(struct stuck *stuck, const struct aiodbg_snapshot *snap, const struct waits *waits,
	       enum certainty least, struct reader *reader);
void stuck_deinit(struct stuck *stuck);

/* Its wait; NULL for a set. */
struct wait *stuck_wait(const struct stuck *stuck, size_t actor);

/* Its own wakers do not let it go on. */
static inline bool actor_waits_in_vain(const struct actor *actor)
{
	if (actor->open)
		return false;
	return actor->needs_all ? actor->free_wakers < actor->count : !actor->free_wakers;
}

/* circles.c: number the circles of those that are stuck. */
int circles_find(struct stuck *stuck);

#endif
