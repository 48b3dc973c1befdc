/* SPDX-License-Identifier: MIT */
/* What the files that make a snapshot share: its state while it is being built. */
#ifndef SNAPSHOT_BUILDER_H
#define SNAPSHOT_BUILDER_H

#include "snapshot/awaiters.h"
#include "snapshot/graph.h"
#include "snapshot/running.h"
#include "snapshot/stacks.h"

struct builder {
	struct aiodbg_snapshot *snap;
	struct decoder *decoder;
	const struct aiodbg_request *request;
	struct graph *graph;
	/* The target runs on. */
	bool changing;
	/* Index of the interpreter that is being searched. */
	size_t interp;
	/* The node that is being decoded, and who awaits it. */
	struct node *node;
	struct collector collector;
	struct stack stack;
	struct stacks stacks;
	struct executings executing;
	/* The threads that run a loop, by the loop: there may be thousands of both. Each is the
	 * thread's index and 1. */
	struct addrmap loops;
	/* Nodes that were looked at, and frames of all tasks. */
	size_t decoded_count, frame_count;
	/* Tasks that seem to have ended. */
	size_t ended_count;
	/* asyncio is in Python alone, which does not record what loop a thread runs. */
	bool loops_unrecorded;
	/* All of memory was searched for asyncio's offsets: once for all interpreters. */
	bool asyncio_searched;
	/* Where the next of the snapshot's problems goes: there may be very many. */
	struct aiodbg_problem **problems_end;
};

/* Add to the problems of the snapshot. Its type is that of a note_fn; arg is the builder. */
int builder_note(void *arg, const struct aiodbg_error *error);

/* Give the task the last error, with what it is about. Passes fatal ones through. */
int builder_note_task(struct builder *builder, struct task *task, int status, const char *what);

#endif
