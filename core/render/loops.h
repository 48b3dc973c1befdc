/* SPDX-License-Identifier: MIT */
/* Event loops in words: shared by the table and the text of one. */
#ifndef RENDER_LOOPS_H
#define RENDER_LOOPS_H

#include "base/output.h"
#include "loops/loop_detail.h"

/* "idle 1.7 s", "runs Task-3 for 47 s", "starved for 1.2 s", "closed". */
void loop_write_state(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct loop *loop);

/* "in 8.3 s", "overdue by 1.0 s", in a core "in at most 8.3 s"; where nothing is known of now, when it is
 * due on the loop's clock. */
void loop_write_due(struct output *out, const struct waits *waits, double when);

/* "next step of Task-3"; or the name of a function with its file and line. */
void loop_write_entry(struct output *out, const struct loop_entry *entry);

/* Of a task, its name and id. */
void loop_write_task(struct output *out, const struct task *task);

/* The text of loop_list.detail. Returns 0 or AIODBG_NO_MEMORY. */
int loop_write_detail(struct output *out, const struct aiodbg_snapshot *snap, size_t top);

/* Words for programs: "step". NULL: a callback of the program's. */
const char *loop_entry_name(enum handle_kind kind);

#endif
