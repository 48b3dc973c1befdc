/* SPDX-License-Identifier: MIT */
/* The order of verdicts, where tasks are sorted. See view/view.h. */
#include "base/error.h"
#include "base/sort.h"
#include "verdicts/verdicts.h"
#include "view/view.h"

#include <stdlib.h>

/* The first of its tasks that is shown; without one it comes last. */
static size_t first_rank(const struct verdict *verdict, const size_t *ranks)
{
	size_t first = SIZE_MAX;
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct task *task = verdict->parties[i].task;
		size_t rank = task && ranks[task->index] ? ranks[task->index] : SIZE_MAX;
		first = rank < first ? rank : first;
	}
	return first;
}

static bool as_bad(const struct verdict *a, const struct verdict *b)
{
	return a->kind == b->kind && a->certainty == b->certainty;
}

struct ordered {
	/* Those that are as bad as each other have one. */
	size_t block, rank, place;
};

static int compare_ordered(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int order(struct view_making *making, const size_t *ranks, struct ordered *items)
{
	const struct verdict_list *list = &making->snap->verdicts->list;
	size_t block = 0;
	for (size_t i = 0; i < list->count; i++) {
		int status = work_charge(making->work, 1 + list->items[i].party_count);
		if (status)
			return status;
		if (i && !as_bad(&list->items[i - 1], &list->items[i]))
			block = i;
		items[i] = (struct ordered){block, first_rank(&list->items[i], ranks), i};
	}
	return sort_items(making->work, items, list->count, sizeof(*items), compare_ordered);
}

int selection_order_verdicts(struct view_making *making)
{
	struct selection *selection = making->selection;
	const struct aiodbg_snapshot *snap = making->snap;
	size_t count = snap->verdicts ? snap->verdicts->list.count : 0;
	if (!making->query->sort || !count)
		return 0;
	size_t *ranks = calloc(snap->tasks.count + 1, sizeof(*ranks));
	struct ordered *items = calloc(count, sizeof(*items));
	selection->verdicts = calloc(count, sizeof(*selection->verdicts));
	bool good = ranks && items && selection->verdicts;
	for (size_t i = 0; good && i < selection->count; i++)
		ranks[selection->tasks[i]->index] = i + 1;
	int status = good ? order(making, ranks, items) : error_no_memory(making->work->error);
	for (size_t i = 0; !status && i < count; i++)
		selection->verdicts[i] = items[i].place;
	free(ranks);
	free(items);
	return status;
}

const struct verdict *view_verdict(const struct view *view, size_t index)
{
	const size_t *order = view->selection ? view->selection->verdicts : NULL;
	return &view->snap->verdicts->list.items[order ? order[index] : index];
}
