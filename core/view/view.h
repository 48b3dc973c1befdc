/* SPDX-License-Identifier: MIT */
/*
 * A view: which tasks are shown, in which order, grouped and cut how, and which of their frames. It is
 * made once, of what the command line asks for, and every renderer shows that.
 *
 * What tasks can be filtered, grouped and sorted by are keys: one entry each of the table in
 * view/keys.c, which help, completion and messages come from.
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "base/array.h"
#include "base/output.h"
#include "snapshot/model.h"

struct doctor;
struct framing;
struct thread_row;
struct verdict;
struct view_groups;
struct view_making;
struct view_thread_key;
struct view_threads;

/* Of --with and --without. */
#define VIEW_FILTERS 32

/* Bytes of the name of a context variable. */
#define VIEW_VARIABLE_MAX 64

/* What a task is sorted by: the number first, then the text, in which numbers count as such. */
struct view_order {
	int64_t number;
	const char *text;
	const struct task *task;
	/* Place without sorting. */
	size_t index;
};

/*
 * A key. match() says whether a task has it with the pattern, NULL being anything. write() writes
 * the value by which tasks are grouped, nothing if there is none; order() fills in what they are sorted
 * by. NULL: it is not for that.
 */
struct view_key {
	/* "name"; "context." for all variables of that kind. */
	const char *name;
	/* What it is, in a few words, for help. */
	const char *help;
	/* All values, if they are few, ended by NULL. */
	const char *const *values;
	/* Bits of enum aiodbg_want: for a pattern, which may be NULL, and for its other uses. */
	uint32_t (*wants)(const char *pattern);
	uint32_t group_wants;
	int (*match)(struct view_making *making, const struct task *task, const char *pattern,
		     bool *ret);
	void (*write)(const struct view_making *making, const struct task *task,
		      struct output *words);
	void (*order)(const struct view_making *making, const struct task *task,
		      struct view_order *ret);
	/* Its patterns are compared with the whole value, if they are no globs. */
	bool whole;
	/* What it is of a thread; NULL: nothing. See view/threads.h. */
	const struct view_thread_key *of_threads;
};

/* Ended by a NULL name. */
extern const struct view_key view_keys[];

/* One --with or --without. Strings are those of the caller. */
struct view_filter {
	const struct view_key *key;
	/* What follows "context.", else "". */
	char variable[VIEW_VARIABLE_MAX];
	/* NULL: any value. */
	const char *pattern;
	/* As it was given. */
	const char *text;
	bool without;
};

/* What the command line asks for. All zero: every task. */
struct view_query {
	struct view_filter filters[VIEW_FILTERS];
	size_t filter_count;
	/* NULL: the order of ps. */
	const struct view_key *sort;
	/* Tasks that are shown at least; SIZE_MAX or 0: all. */
	size_t top;
	bool is_cut;
	/* Those who wait for what is shown are shown too: a tree hangs from them. */
	bool with_awaiters;
	/* Tasks that have ended are not shown, unless a filter asks for them. */
	bool pending_only;
	/* Frames of libraries are counted only; a tree has a level for each task. */
	bool own_frames, compact;
	/* Tasks are shown in groups: by a key or, if that is NULL, by what people see of them. */
	bool is_grouped;
	const struct view_key *group;
	/* To sort by "stack": the place of each task's group, by index. */
	const size_t *ranks;
	char sort_variable[VIEW_VARIABLE_MAX], group_variable[VIEW_VARIABLE_MAX];
	/* More own files, which the snapshot is made with: see struct own. */
	const char *own_patterns;
};

ARRAY(view_edges, struct edge *);

/* Tasks of a snapshot. */
struct selection {
	const struct view_query *query;
	const struct task **tasks;
	size_t count;
	/* By index of the task: it is one of them; it only leads to one. */
	bool *chosen, *kept;
	/* What each task awaits, of those that are shown, in their order: ranges of edges, by index of
	 * the task; NULL: it is as the snapshot has it. */
	struct {
		size_t first, count;
	} * awaited;
	struct view_edges edges;
	/* Those that are not shown: by a filter, and by --top. */
	size_t filtered, cut;
	/* Where there are none: the task that a name was likely meant for, or NULL. */
	const struct task *near;
	/* The order of the verdicts: places in the snapshot's list; NULL: as they are there. */
	size_t *verdicts;
};

/* Make a selection; selection_deinit() is needed in any case. Returns 0, AIODBG_NO_MEMORY, or what
 * work_charge() does. */
int selection_make(const struct aiodbg_snapshot *snap, const struct view_query *query,
		   struct work *work, struct selection *ret);
void selection_deinit(struct selection *selection);

/* What is to be shown, and how. */
struct view {
	const struct aiodbg_snapshot *snap;
	/* NULL: all as usual. */
	const struct aiodbg_render_options *options;
	/* NULL: all tasks. */
	const struct selection *selection;
	/* Threads, where those are shown. */
	const struct view_threads *threads;
	/* NULL: all frames. */
	struct framing *framing;
	/* A tree has a level for each task. */
	bool compact;
	/* Where own frames are usual: all were asked for. */
	bool all_frames;
	/* NULL: the tasks themselves are shown. */
	const struct view_groups *groups;
	/* For AIODBG_SHOW_WHY: verdicts that are only possible too; lines of a section, 0 being as
	 * many as usual. */
	bool all;
	size_t top;
	/* For SHOW_DOCTOR. */
	const struct doctor *doctor;
};

/* How many tasks are shown, and the index-th. */
static inline size_t view_count(const struct view *view)
{
	return view->selection ? view->selection->count : view->snap->tasks.count;
}
static inline const struct task *view_task(const struct view *view, size_t index)
{
	return view->selection ? view->selection->tasks[index] : view->snap->tasks.items[index];
}

/* Whether a task is one of those, or leads to one. */
bool view_shows(const struct view *view, const struct task *task);

/* What a task awaits, of that: count edges in *ret. */
size_t view_awaited(const struct view *view, const struct task *task, struct edge ***ret);

/* The index-th verdict. */
const struct verdict *view_verdict(const struct view *view, size_t index);

/* The key that a word names, of len bytes; *variable is what follows "context.", else "". NULL if there is
 * none. */
const struct view_key *view_key_find(const char *word, size_t len, const char **variable);

/* Whether tasks can be sorted by it only if view_query.ranks is set. */
bool view_key_needs_ranks(const struct view_key *key);

/* What a task is: "running", and what else "state" can be. */
const char *view_state(const struct aiodbg_snapshot *snap, const struct task *task);

/* ---- for keys ---- */

struct view_making {
	const struct aiodbg_snapshot *snap;
	const struct view_query *query;
	struct work *work;
	/* The filter that match() is called for, and its place in the query. */
	const struct view_filter *filter;
	size_t place;
	/* For "awaited-by": by index of the task, whether one that fits awaits it; made at its first
	 * use, for each filter. */
	bool *awaited_by[VIEW_FILTERS];
	struct selection *selection;
	/* What is matched is this thread, and no task; NULL: it is a task. */
	const struct thread_row *row;
	/* To write groups with, or to sort by: which frames are own, and which variable it is. */
	struct framing *framing;
	const char *variable;
};

/* Whether a value fits a pattern, NULL being no value and any pattern: for making->filter. */
int view_match_text(struct view_making *making, const char *value, const char *pattern, bool *ret);

/* Whether a task, or making->row, fits all filters. */
int view_fits(struct view_making *making, const struct task *task, bool *ret);

/* For sort_items(): by number, text and index. */
int view_compare_orders(const void *a, const void *b);

/* Kinds of waits, ended by NULL. */
extern const char *const view_wait_kinds[];

/* Write a name with * for each number: what is named alike differs in these. */
void view_write_alike(const char *name, struct output *words);

/* Put the verdicts that are equally bad into the order of their tasks: view/verdict_order.c. */
int selection_order_verdicts(struct view_making *making);

#endif
