/* SPDX-License-Identifier: MIT */
/*
 * Why one task does not go on: what it waits for, who has that, what that one waits for, and so on
 * to the end, or to one that was there before. Or, for an object, what is known of it.
 */
#ifndef WAITS_CHAIN_H
#define WAITS_CHAIN_H

#include "waits/waits.h"

/* How a link can wake the one before it. */
enum relation {
	/* The first link. */
	RELATION_NONE,
	/* It holds link.object. */
	RELATION_HOLDS,
	/* It is a task that is waited for. */
	RELATION_AWAITED,
	/* It is a thread that does the work, or could. */
	RELATION_WORKS,
	/* It is a task at the other end of its connection. */
	RELATION_PEER,
	/* It is the thread that runs its loop, and that is busy. */
	RELATION_RUNS_LOOP,
};

/* A task or a thread. */
struct chain_link {
	enum relation relation;
	/* NULL if it is a thread. */
	struct task *task;
	/* Index in snapshot.threads, or -1. */
	ptrdiff_t thread;
	/* Why it does not go on; NULL: it runs, or that is not known. */
	struct wait *wait;
	/* What it holds, and how that is known. */
	struct primitive *object;
	struct holder *holder;
	/* How many others could wake the one before as well. */
	size_t others;
};

ARRAY(chain_links, struct chain_link);

/* A task, or else one of the others, is not NULL or 0. */
struct chain {
	struct chain_links links;
	/* The last link waits for the one with this index; -1: for none of them. */
	ptrdiff_t circle;
	struct primitive *object;
	struct loop *loop;
	/* A future that somebody waits for. */
	uint64_t future;
	/* A task that has ended. */
	const struct task *ended;
};

/*
 * Decode the chain of the snapshot's subject, which has its waits: into snapshot.chain, with
 * the source of its lines. AIODBG_NOT_FOUND if the subject is nothing that waits or is waited for.
 */
int chain_decode(struct decoder *decoder, struct aiodbg_snapshot *snap);
void chain_deinit(struct chain *chain);

#endif
