/* SPDX-License-Identifier: MIT */
/* Which threads are shown, in which order, grouped and cut how: what view/view.h is for tasks. */
#ifndef VIEW_THREADS_H
#define VIEW_THREADS_H

#include "base/text.h"
#include "view/framing.h"
#include "view/view.h"
#include "waits/threads.h"

/* What a key is of a thread. */
struct view_thread_key {
	/* All values, if they are few, ended by NULL. */
	const char *const *values;
	/* The index-th value that a thread has, or NULL: patterns are compared with each. */
	const char *(*value)(const struct view_making *making, const struct thread_row *row,
			     size_t index, char number[TEXT_NUMBER_MAX]);
	/* As in struct view_key: NULL if it is not for that. */
	void (*write)(const struct view_making *making, const struct thread_row *row,
		      struct output *words);
	void (*order)(const struct view_making *making, const struct thread_row *row,
		      struct view_order *ret);
};

extern const struct view_thread_key view_thread_name, view_thread_function, view_thread_file,
	view_thread_state, view_thread_thread, view_thread_loop, view_thread_waits,
	view_thread_object, view_thread_stack;

struct thread_group {
	const struct thread_row *first;
	size_t count;
	/* Place of the first one among all that are shown. */
	size_t place;
};

ARRAY(thread_groups, struct thread_group);

struct view_threads {
	const struct view_query *query;
	const struct thread_row **rows;
	size_t count;
	/* Those that are not shown: by a filter, and by --top. */
	size_t filtered, cut;
	/* The largest first; NULL unless they are asked for. */
	struct thread_groups groups;
	/* By index of the row in the snapshot: the place of its group, or SIZE_MAX. */
	size_t *places;
	/* To write what those of a group have in common with. */
	struct view_making writing;
	/* All groups; and left out by --top: groups, and threads in them. */
	size_t group_count, cut_groups, cut_threads;
};

/*
 * Make it of a snapshot with its threads. top is how many groups are shown at least. Returns 0,
 * AIODBG_NO_MEMORY, or what work_charge() does; view_threads_deinit() is needed in any case.
 */
int view_threads_make(const struct aiodbg_snapshot *snap, const struct view_query *query,
		      struct framing *framing, size_t top, struct work *work,
		      struct view_threads *ret);
void view_threads_deinit(struct view_threads *threads);

/* Whether a thread has the key of making->filter with the pattern. */
int view_thread_match(struct view_making *making, const char *pattern, bool *ret);

/* All zero: begin. */
struct own_walk {
	bool begun;
	size_t left, found;
};

/* A thread's next own frame, the outermost first; of a library's thread its innermost one. NULL: no more. */
const struct location *view_thread_next_own(const struct view_making *making,
					    const struct thread_row *row, struct own_walk *walk);

/* Write what threads of one group have in common: the value of the key or, without one, their own functions,
 * the outermost first. */
void view_thread_write(const struct view_making *making, const struct thread_row *row,
		       struct output *words);

/* "runs": what a thread's state is called in documents and patterns. */
const char *view_thread_state_name(const struct thread_row *row);

#endif
