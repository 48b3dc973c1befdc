/* SPDX-License-Identifier: MIT */
/* Which tasks are shown, and in which order. See view/view.h. */
#include "view/view.h"

#include "base/array.h"
#include "base/error.h"
#include "base/sort.h"
#include "base/spell.h"
#include "view/threads.h"

#include <stdlib.h>
#include <string.h>

/* Letters of a name that somebody may have mistyped. */
#define NEAR_MAX 64

/* ---- filters ---- */

static bool same_key(const struct view_filter *a, const struct view_filter *b)
{
	return a->key == b->key && a->without == b->without && !strcmp(a->variable, b->variable);
}

static bool is_first_of_key(const struct view_query *query, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (same_key(&query->filters[i], &query->filters[index]))
			return false;
	}
	return true;
}

/* Whether the task fits any filter that has the key of the index-th. */
static int fits_any(struct view_making *making, const struct task *task, size_t index, bool *ret)
{
	const struct view_query *query = making->query;
	*ret = false;
	int status = 0;
	for (size_t i = index; !status && !*ret && i < query->filter_count; i++) {
		const struct view_filter *filter = &query->filters[i];
		if (!same_key(filter, &query->filters[index]))
			continue;
		making->filter = filter;
		making->place = i;
		status = making->row ? view_thread_match(making, filter->pattern, ret)
				     : filter->key->match(making, task, filter->pattern, ret);
	}
	return status;
}

/* All keys of --with, and none of --without. */
int view_fits(struct view_making *making, const struct task *task, bool *ret)
{
	const struct view_query *query = making->query;
	int status = work_step(making->work);
	*ret = true;
	for (size_t i = 0; !status && *ret && i < query->filter_count; i++) {
		if (!is_first_of_key(query, i))
			continue;
		status = fits_any(making, task, i, ret);
		if (query->filters[i].without)
			*ret = !*ret;
	}
	return status;
}

/* ---- near misses ---- */

/* Where nothing has a name: the task whose name is nearest to what somebody typed, if any is near. */
static int find_near(struct view_making *making)
{
	const struct tasks *tasks = &making->snap->tasks;
	const struct view_filter *filter = NULL;
	for (size_t i = 0; i < making->query->filter_count; i++) {
		const struct view_filter *one = &making->query->filters[i];
		if (!strcmp(one->key->name, "name") && !one->without && one->pattern)
			filter = one;
	}
	size_t len = filter ? strlen(filter->pattern) : 0, least = len / 3 + 1;
	for (size_t i = 0; filter && len <= NEAR_MAX && i < tasks->count && least; i++) {
		const struct task *task = tasks->items[i];
		const char *name = task->short_name ? task->short_name : task->name;
		size_t of_name = name ? strnlen(name, NEAR_MAX + 1) : NEAR_MAX + 1;
		int status = work_charge(making->work, 1 + len / 8);
		if (status)
			return status;
		size_t distance = spell_distance(filter->pattern, len, name, of_name, least);
		if (distance > least || (distance == least && making->selection->near))
			continue;
		least = distance;
		making->selection->near = task;
	}
	return 0;
}

/* ---- the order ---- */

/* As people count: Task-9 before Task-10. */
static int compare_texts(const char *a, const char *b)
{
	while (*a && *b) {
		size_t x = strspn(a, "0123456789"), y = strspn(b, "0123456789");
		if (!x || !y) {
			if (*a != *b)
				return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
			a++;
			b++;
			continue;
		}
		for (; x > 1 && *a == '0'; x--)
			a++;
		for (; y > 1 && *b == '0'; y--)
			b++;
		int order = x != y ? (x < y ? -1 : 1) : memcmp(a, b, x);
		if (order)
			return order;
		a += x;
		b += y;
	}
	return *a ? 1 : *b ? -1 : 0;
}

int view_compare_orders(const void *a, const void *b)
{
	const struct view_order *x = a, *y = b;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	int order = x->text && y->text ? compare_texts(x->text, y->text) : 0;
	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int sort_tasks(struct view_making *making)
{
	struct selection *selection = making->selection;
	const struct view_key *key = making->query->sort;
	if (!key)
		return 0;
	struct view_order *orders = calloc(selection->count + 1, sizeof(*orders));
	if (!orders)
		return error_no_memory(making->work->error);
	for (size_t i = 0; i < selection->count; i++) {
		orders[i].task = selection->tasks[i];
		orders[i].index = i;
		key->order(making, selection->tasks[i], &orders[i]);
	}
	int status = sort_items(making->work, orders, selection->count, sizeof(*orders),
				view_compare_orders);
	for (size_t i = 0; !status && i < selection->count; i++)
		selection->tasks[i] = orders[i].task;
	free(orders);
	return status;
}

/* ---- what is left out ---- */

/* Whatever somebody looks for is there, or near there. */
static bool is_never_cut(const struct task *task)
{
	return task->state == AIODBG_TASK_RUNNING || task->state == AIODBG_TASK_UNKNOWN ||
	       task->problems;
}

static void cut(struct selection *selection, size_t top)
{
	size_t count = 0;
	for (size_t i = 0; i < selection->count; i++) {
		if (i < top || is_never_cut(selection->tasks[i]))
			selection->tasks[count++] = selection->tasks[i];
	}
	selection->cut = selection->count - count;
	selection->count = count;
}

static bool asks_for_ended(const struct view_query *query)
{
	for (size_t i = 0; i < query->filter_count; i++) {
		const struct view_filter *filter = &query->filters[i];
		if (!filter->without && !strcmp(filter->key->name, "state"))
			return true;
	}
	return false;
}

static int choose(struct view_making *making)
{
	const struct tasks *tasks = &making->snap->tasks;
	struct selection *selection = making->selection;
	bool pending_only = making->query->pending_only && !asks_for_ended(making->query);
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		bool good = true;
		if (pending_only && !task_is_pending(tasks->items[i]))
			continue;
		status = view_fits(making, tasks->items[i], &good);
		if (good)
			selection->tasks[selection->count++] = tasks->items[i];
		else
			selection->filtered++;
	}
	if (!status)
		status = sort_tasks(making);
	if (!status && making->query->is_cut)
		cut(selection, making->query->top);
	return status;
}

/* ---- who leads to it ---- */

ARRAY(selected, const struct task *);

/* Mark all that wait for the pile's tasks, and add them to found. */
static int keep_awaiters_of(struct view_making *making, struct selected *pile,
			    struct selected *found)
{
	struct selection *selection = making->selection;
	while (pile->count) {
		const struct task *task = pile->items[--pile->count];
		int status = work_charge(making->work, 1 + task->awaiter_count);
		if (status)
			return status;
		for (size_t i = 0; i < task->awaiter_count; i++) {
			const struct task *awaiter = task->awaiters[i].awaiter;
			if (!awaiter || selection->chosen[awaiter->index] ||
			    selection->kept[awaiter->index])
				continue;
			selection->kept[awaiter->index] = true;
			if (!array_push(pile, awaiter) || !array_push(found, awaiter))
				return error_no_memory(making->work->error);
		}
	}
	return 0;
}

/* Those that lead to a task come where that does: a tree begins with one of them. */
static int keep_awaiters(struct view_making *making)
{
	struct selection *selection = making->selection;
	struct selected pile = {0}, found = {0};
	int status = 0;
	for (size_t i = 0; !status && i < selection->count; i++) {
		if (!array_push(&pile, selection->tasks[i]))
			status = error_no_memory(making->work->error);
		if (!status)
			status = keep_awaiters_of(making, &pile, &found);
		if (!status && !array_push(&found, selection->tasks[i]))
			status = error_no_memory(making->work->error);
	}
	for (size_t i = 0; !status && i < found.count; i++)
		selection->tasks[i] = found.items[i];
	if (!status)
		selection->count = found.count;
	array_deinit(&pile);
	array_deinit(&found);
	return status;
}

/* Left out is what is neither chosen nor leads to that. Without sorting all are in the order of ps. */
static int settle_kept(struct view_making *making)
{
	const struct tasks *tasks = &making->snap->tasks;
	struct selection *selection = making->selection;
	size_t count = 0;
	for (size_t i = 0; i < tasks->count; i++) {
		bool good = true;
		int status = selection->kept[i] ? view_fits(making, tasks->items[i], &good) : 0;
		if (status)
			return status;
		if (selection->kept[i] && good)
			selection->cut--;
		else if (selection->kept[i])
			selection->filtered--;
		if (!making->query->sort && (selection->kept[i] || selection->chosen[i]))
			selection->tasks[count++] = tasks->items[i];
	}
	return 0;
}

/* ---- edges ---- */

struct ranked {
	struct edge *edge;
	size_t frame, rank;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

ARRAY(ranked_edges, struct ranked);

/* What a task awaits, of what is shown, in the order of the selection; each under its frame still. */
static int collect_edges(struct view_making *making, const struct task *task, const size_t *ranks,
			 struct ranked_edges *found)
{
	found->count = 0;
	for (size_t i = 0; i < task->awaited_count; i++) {
		struct edge *edge = task->awaited[i];
		size_t rank = ranks[edge->task->index];
		const struct ranked item = {edge, edge_waits(edge) ? 0 : edge->frame + 1, rank};
		if (rank && !array_push(found, item))
			return error_no_memory(making->work->error);
	}
	int status = work_charge(making->work, 1 + task->awaited_count);
	if (status || found->count < 2 || !making->query->sort)
		return status;
	return sort_items(making->work, found->items, found->count, sizeof(*found->items),
			  compare_ranked);
}

static int select_edges(struct view_making *making, const size_t *ranks)
{
	struct selection *selection = making->selection;
	struct ranked_edges found = {0};
	int status = 0;
	for (size_t i = 0; !status && i < selection->count; i++) {
		const struct task *task = selection->tasks[i];
		status = collect_edges(making, task, ranks, &found);
		selection->awaited[task->index].first = selection->edges.count;
		selection->awaited[task->index].count = found.count;
		for (size_t k = 0; !status && k < found.count; k++) {
			if (!array_push(&selection->edges, found.items[k].edge))
				status = error_no_memory(making->work->error);
		}
	}
	array_deinit(&found);
	return status;
}

static int rank_edges(struct view_making *making)
{
	struct selection *selection = making->selection;
	size_t *ranks = calloc(making->snap->tasks.count + 1, sizeof(*ranks));
	selection->awaited = calloc(making->snap->tasks.count + 1, sizeof(*selection->awaited));
	int status = ranks && selection->awaited ? 0 : error_no_memory(making->work->error);
	for (size_t i = 0; !status && i < selection->count; i++)
		ranks[selection->tasks[i]->index] = i + 1;
	if (!status)
		status = select_edges(making, ranks);
	free(ranks);
	return status;
}

/* ---- the whole ---- */

static int make(struct view_making *making)
{
	struct selection *selection = making->selection;
	size_t count = making->snap->tasks.count + 1;
	selection->tasks = calloc(count, sizeof(*selection->tasks));
	selection->chosen = calloc(count, sizeof(*selection->chosen));
	selection->kept = calloc(count, sizeof(*selection->kept));
	if (!selection->tasks || !selection->chosen || !selection->kept)
		return error_no_memory(making->work->error);
	int status = choose(making);
	for (size_t i = 0; !status && i < selection->count; i++)
		selection->chosen[selection->tasks[i]->index] = true;
	if (!status && !selection->count)
		status = find_near(making);
	if (!status)
		status = selection_order_verdicts(making);
	if (status || !making->query->with_awaiters)
		return status;
	status = keep_awaiters(making);
	if (!status)
		status = settle_kept(making);
	return status ? status : rank_edges(making);
}

int selection_make(const struct aiodbg_snapshot *snap, const struct view_query *query,
		   struct work *work, struct selection *ret)
{
	struct view_making making = {
		.snap = snap,
		.query = query,
		.work = work,
		.selection = ret,
		.variable = query->sort_variable,
	};
	*ret = (struct selection){.query = query};
	int status = make(&making);
	for (size_t i = 0; i < VIEW_FILTERS; i++)
		free(making.awaited_by[i]);
	return status;
}

void selection_deinit(struct selection *selection)
{
	array_deinit(&selection->edges);
	free(selection->awaited);
	free(selection->tasks);
	free(selection->chosen);
	free(selection->kept);
	free(selection->verdicts);
	*selection = (struct selection){0};
}

bool view_shows(const struct view *view, const struct task *task)
{
	const struct selection *selection = view->selection;
	return !selection || selection->chosen[task->index] || selection->kept[task->index];
}

size_t view_awaited(const struct view *view, const struct task *task, struct edge ***ret)
{
	const struct selection *selection = view->selection;
	*ret = task->awaited;
	if (!selection || !selection->awaited)
		return task->awaited_count;
	*ret = selection->edges.items + selection->awaited[task->index].first;
	return selection->awaited[task->index].count;
}
