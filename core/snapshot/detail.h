/* SPDX-License-Identifier: MIT */
/* All that is known of one task, beyond what a listing shows. */
#ifndef SNAPSHOT_DETAIL_H
#define SNAPSHOT_DETAIL_H

#include "snapshot/frame_locals.h"
#include "snapshot/model.h"

/* A place in a source file, and the text of its line; NULL where it is not known. */
struct source_place {
	const char *file, *function;
	int64_t line;
	const char *text;
};

ARRAY(source_places, struct source_place);
ARRAY(context_variables, struct context_variable);

/* Strings are in the snapshot's arena; NULL where there is nothing, or it cannot be read. */
struct task_detail {
	const struct task *task;
	/* Class of its event loop. */
	const char *loop_type;
	/* cancel() was called, and the task does not know yet. */
	bool must_cancel;
	const char *cancel_message;
	/* What it waits for: a future or task, or 0. */
	uint64_t waits_for;
	const char *waits_for_type;
	enum aiodbg_task_state waits_for_state;
	/* If that is a task. */
	const struct task *waits_for_task;
	/* Of a finished task. */
	const char *result, *exception;
	/* For each frame of task->stack the text of its line, or NULL. */
	const char **source;
	/* The variables of each; NULL unless they were asked for. */
	struct local_values *locals;
	struct context_variables context;
	/* Where it was created, the innermost last; in asyncio's debug mode only. */
	struct source_places created;
	struct aiodbg_problem *problems;
};

/*
 * Decode the details of the snapshot's subject into its arena, after build_snapshot(). Fails if that
 * is no task, and fatally; what else cannot be read is in problems. On failure the result is still
 * to be destroyed, with the snapshot.
 */
int detail_decode(struct decoder *decoder, struct aiodbg_snapshot *snap, uint32_t wants);
void detail_deinit(struct task_detail *detail);

#endif
