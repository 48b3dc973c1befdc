/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a process: verdicts, each with its evidence, from what its tasks and threads
 * wait for. Nothing is decoded here.
 *
 * A verdict about a healthy program is worse than none. So each function that gives one says
 * which healthy program looks the same, and what tells the two apart.
 */
#ifndef VERDICTS_VERDICTS_H
#define VERDICTS_VERDICTS_H

#include "memory/reader.h"
#include "waits/waits.h"

/* The worst first: the order in which they are shown. */
enum verdict_kind {
	VERDICT_STOPPED,
	VERDICT_DEADLOCK,
	VERDICT_LOOP_BLOCKED,
	VERDICT_LOOP_STARVED,
	VERDICT_LOST_WAKEUP,
	VERDICT_LOOP_GONE,
	VERDICT_STUCK_AT_EXIT,
	VERDICT_NEVER_RELEASED,
	VERDICT_NOTHING_CAN_WAKE,
	VERDICT_NO_CONSUMER,
	VERDICT_NO_PRODUCER,
	VERDICT_FAILED,
	VERDICT_WONT_CANCEL,
	VERDICT_EXHAUSTED,
	VERDICT_CONVOY,
	VERDICT_STALLED,
	VERDICT_KIND_COUNT,
};

/* "DEADLOCK", and "deadlock" for programs. */
const char *verdict_heading(enum verdict_kind kind);
const char *verdict_name(enum verdict_kind kind);

/* Something that a party has and others in the verdict wait for. */
struct held {
	struct primitive *object;
	struct holder *holder;
};

/* A task or thread that a verdict names. */
struct party {
	/* NULL if it is a thread. */
	struct task *task;
	/* Index of the thread, or -1; and the task that it runs, or NULL. */
	ptrdiff_t thread;
	struct task *runs;
	/* Why it does not go on; NULL: it runs. */
	struct wait *wait;
	/* Who called the function that waits, if no party has anything: verdicts_read_sources(). */
	struct site caller;
	/* Where the thread is that it waits for, if it has no place of its own. */
	struct site worker;
	struct held *held;
	size_t held_count;
};

struct verdict {
	enum verdict_kind kind;
	enum certainty certainty;
	struct party *parties;
	size_t party_count;
	/* Tasks that did what the parties wait for, and have ended. */
	struct ended_task **ended;
	size_t ended_count;
	/* Tasks that can't go on because of these, and are not named. */
	size_t behind_count;
	/* What is crowded, of verdicts.crowds. */
	const struct primitive *object;
	/* It ends then: somebody's timeout, unless that is gone by. */
	bool has_until;
	double until;
	const struct task *until_task;
	/* It ends if one of these fails; the first of them. */
	size_t unless_count;
	const struct task *unless;
	/* LOOP BLOCKED, LOOP STARVED: the loop, for how long at least, and whether the callback that runs is the
	 * one that blocks it. */
	struct loop *loop;
	double seconds;
	bool has_seconds;
	enum certainty culprit;
	/* LOOP STARVED: how many fill its queue, and the function of most, if these are no tasks. */
	size_t spinning;
	struct site filler;
	/* NOTHING CAN WAKE and its like: a collection of garbage ends the tasks. */
	bool is_garbage;
	/* DEADLOCK: some wait for others at the other end of connections. */
	bool by_peers;
	/* Whoever found it has compared it with the look before. */
	bool settled;
	/* It would be surer after more time. */
	bool hasty;
};

ARRAY(verdict_list, struct verdict);

struct verdicts {
	struct arena *arena;
	struct verdict_list list;
	/* No verdicts: what many wait for, and some of those who have it, most waiters first; of kind
	 * CONVOY or EXHAUSTED. And one of kind FAILED, of those who have ended by an exception. */
	struct verdict_list crowds;
};

void verdicts_deinit(struct verdicts *verdicts);

/* Draw the verdicts of a snapshot whose waits were decoded for that. Returns 0 or an error that is fatal. */
int verdicts_decode(struct aiodbg_snapshot *snap, struct decoder *decoder);

/* Get the text of the lines that verdicts name, and who called those. */
int verdicts_read_sources(struct aiodbg_snapshot *snap, struct decoder *decoder);

/*
 * Draw all verdicts of a snapshot that has its waits, the worst first, into its arena. Returns 0,
 * AIODBG_NO_MEMORY, or what work_charge() does.
 */
int verdicts_find(struct aiodbg_snapshot *snap, struct reader *reader, struct verdicts *ret);

#endif
