/* SPDX-License-Identifier: MIT */
/* Why a task or thread does not go on, in a few words: for a column, a leaf, a line. */
#ifndef RENDER_REASON_H
#define RENDER_REASON_H

#include "base/output.h"
#include "waits/waits.h"

/* "Lock 0x7f.. (self.lock of Stock), place 2 of 3, held by req-4702": for people. */
void reason_write(struct output *out, const struct aiodbg_snapshot *snap, const struct wait *wait);

/* Whether "waits for" goes before that: "sleeps 29 s more" says it itself. */
bool reason_needs_verb(const struct wait *wait);

/* What may be left out of it. */
enum {
	REASON_PLACE = 1,
	REASON_HOLDERS = 2,
	/* Whose attribute the object is. */
	REASON_OWNER = 4,
	REASON_DEADLINE = 8,
	REASON_ALL = REASON_PLACE | REASON_HOLDERS | REASON_OWNER | REASON_DEADLINE,
};

/* The same with those parts only. */
void reason_write_parts(struct output *out, const struct aiodbg_snapshot *snap,
			const struct wait *wait, unsigned int parts);

/*
 * The same in three parts, of waits whose place among those that wait for the object is said: all
 * waits for the object have the first and the last in common, unless they have a deadline.
 */
bool reason_has_place(const struct wait *wait);
void reason_write_before_place(struct output *out, const struct wait *wait, unsigned int parts);
void reason_write_place(struct output *out, const struct wait *wait);
void reason_write_behind_place(struct output *out, const struct aiodbg_snapshot *snap,
			       const struct wait *wait, unsigned int parts);

/* The same for a task of the snapshot, whatever its state. Of a task that has ended: how
 * it did so, if that is known. */
void reason_write_task(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct task *task);

/* "Lock 0x7f.. (self.lock of Stock)". */
void reason_write_object(struct output *out, const struct primitive *object);

/* "self.lock of Stock": its expression is known. */
void reason_write_expression(struct output *out, const struct primitive *object,
			     unsigned int parts);

/* Function, file and line. */
void reason_write_location(struct output *out, const struct location *location);

/* The name of a task, or "thread 4711 worker_0". */
void reason_write_actor(struct output *out, const struct aiodbg_snapshot *snap,
			const struct task *task, ptrdiff_t thread);

/* A duration as it is read aloud: "0.08 s", "29 s", "3,540 s", "59 min". */
void reason_write_seconds(struct output *out, double seconds);

/* The same of what is left; 0 of what is over. */
void reason_write_left(struct output *out, double seconds);

/* 1234567 as "1,234,567". */
void reason_write_count(struct output *out, uint64_t count);

#endif
