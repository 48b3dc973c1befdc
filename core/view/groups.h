/* SPDX-License-Identifier: MIT */
/* Tasks in groups: by a key, or by what people see of them: view/chains.h. */
#ifndef VIEW_GROUPS_H
#define VIEW_GROUPS_H

#include "view/framing.h"
#include "view/view.h"

struct view_group {
	/* In the order in which they were met. */
	size_t number;
	/* The first of its tasks, and its place among all that are shown. */
	const struct task *first;
	size_t place;
	size_t count;
	/* How much of the address of the first one's peer is that of all of them: all, the part before
	 * the port, or nothing. */
	size_t peer_len;
	/* Its tasks wait for others, which say more. */
	bool leads;
};

ARRAY(view_group_list, struct view_group);

struct view_groups {
	/* NULL: by their chains; and, for "context.", of which variable. */
	const struct view_key *key;
	const char *variable;
	struct view_group_list list;
	/* By index of the task: the number of its group. By that: its place in the list, or SIZE_MAX. */
	size_t *numbers, *places;
	size_t group_count;
	/* Left out by --top: groups, and tasks in them. */
	size_t cut_groups, cut_tasks;
};

/* Put the tasks of a view into groups, the largest first, and keep so many of these, with all that have
 * tasks which run or are damaged. Returns 0, AIODBG_NO_MEMORY, or what work_charge() does;
 * view_groups_deinit() is needed in any case. */
int view_groups_make(const struct view *view, const struct view_key *key, const char *variable,
		     size_t top, struct work *work, struct view_groups *ret);
/* The place of each task's group among all of a query, by its index, for view_query.ranks; to be freed
 * in any case. */
int view_groups_rank(const struct aiodbg_snapshot *snap, const struct view_query *wanted,
		     struct work *work, size_t **ret);

void view_groups_deinit(struct view_groups *groups);

/* Place in the list of a task's group; SIZE_MAX: it is left out, or not shown. */
size_t view_groups_place(const struct view_groups *groups, const struct task *task);

/* Write the value of the key that a group has. */
void view_groups_write(const struct view *view, const struct view_groups *groups,
		       const struct task *task, struct output *out);

#endif
