/* SPDX-License-Identifier: MIT */
/* What tables of threads share. */
#ifndef RENDER_THREADS_H
#define RENDER_THREADS_H

#include "view/view.h"

/* "waits for Lock 0x7f..". */
void threads_write_state(struct output *out, const struct aiodbg_snapshot *snap,
			 const struct thread_row *row);

/* A row for each group of the view's threads. Returns 0 or AIODBG_NO_MEMORY. */
int thread_groups_write(const struct view *view, struct output *out);

#endif
