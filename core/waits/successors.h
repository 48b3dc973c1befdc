/* SPDX-License-Identifier: MIT */
/*
 * Who may still do what somebody waits for: a task, thread or callback of a loop that leads there and
 * does such things.
 */
#ifndef WAITS_SUCCESSORS_H
#define WAITS_SUCCESSORS_H

#include "waits/deeds.h"
#include "waits/leads.h"

/* Any that leads there may do it. */
#define DEED_ANY (~0u)

struct target {
	struct primitive *object;
	/* The kind of what is waited for. */
	enum wait_kind kind;
	/* Index in waits.ended, from 1, of the last that did it. */
	size_t ended;
	/* Somebody else may do it. */
	bool is_doubtful;
};

ARRAY(targets, struct target *);

/* What is looked for: the object itself, or a generator that has it. */
struct goal {
	struct target *target;
	unsigned int deeds;
};

struct abandoning {
	struct waiting *waiting;
	struct leads leads;
	struct targets targets;
	/* By task: what it waits for, or a task that it awaits. */
	struct target **stuck_at;
	/* Who is looked at: a task or NULL, a code or NULL; an ended one, from 1. */
	const struct task *task;
	const struct code *code;
	size_t ended;
	/* The names that the code has, and the class and deeds that are asked for. */
	const struct type *type;
	unsigned int deeds;
	bool found;
	/* The generator whose with statements are looked at. */
	uint64_t generator;
};

/* What those do who may end such a wait: bits of enum deed. */
unsigned int successors_wanted(enum wait_kind kind);

/* Doubt all targets that one of these may still release, set, or the like. */
int successors_read_tasks(struct abandoning *abandoning);
int successors_read_threads(struct abandoning *abandoning);
int successors_read_loops(struct abandoning *abandoning);

#endif
