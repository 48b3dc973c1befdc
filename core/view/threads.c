/* SPDX-License-Identifier: MIT */
/* See view/threads.h. */
#include "view/threads.h"

#include "base/error.h"
#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

int view_thread_match(struct view_making *making, const char *pattern, bool *ret)
{
	const struct view_thread_key *key = making->filter->key->of_threads;
	char number[TEXT_NUMBER_MAX];
	const char *value;
	*ret = false;
	for (size_t i = 0; !*ret && (value = key->value(making, making->row, i, number)); i++) {
		int status = work_step(making->work);
		if (!status)
			status = view_match_text(making, value, pattern, ret);
		if (status)
			return status;
	}
	return 0;
}

/* ---- groups ---- */

/* What those of a group have in common, as text. */
struct described {
	char *text;
	size_t index;
};

static int compare_described(const void *a, const void *b)
{
	const struct described *x = a, *y = b;
	int order = strcmp(x->text, y->text);
	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* In front of the functions: what it waits for, if others do so too. */
static void write_reason(const struct view_making *making, const struct thread_row *row,
			 struct output *words)
{
	const struct wait *wait = &making->snap->waits->of_threads[row->first];
	const char *state = view_thread_state_name(row);
	output_text(words, state ? state : "");
	if (row->state != THREAD_WAITS)
		return;
	output_format(words, " %s", wait_kind_name(wait->kind));
	if (wait->object && wait->object->waiter_count > 1)
		output_format(words, " 0x%llx", (unsigned long long)wait->object->addr);
}

void view_thread_write(const struct view_making *making, const struct thread_row *row,
		       struct output *words)
{
	const struct view_key *key = making->query->group;
	(key ? key->of_threads : &view_thread_stack)->write(making, row, words);
}

static int describe(struct view_making *making, const struct view_threads *threads,
		    struct output *words, struct described *found)
{
	for (size_t i = 0; i < threads->count; i++) {
		int status = work_step(making->work);
		if (status)
			return status;
		output_init(words, &output_to_memory);
		if (!making->query->group) {
			write_reason(making, threads->rows[i], words);
			output_text(words, "\n");
		}
		view_thread_write(making, threads->rows[i], words);
		found[i].index = i;
		found[i].text = strndup(words->buffer, words->used);
		if (!found[i].text)
			return error_no_memory(making->work->error);
	}
	return sort_items(making->work, found, threads->count, sizeof(*found), compare_described);
}

static int compare_groups(const void *a, const void *b)
{
	const struct thread_group *x = a, *y = b;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int compare_places(const void *a, const void *b)
{
	const struct thread_group *x = a, *y = b;
	return x->place < y->place ? -1 : x->place > y->place;
}

static size_t row_index(const struct aiodbg_snapshot *snap, const struct thread_row *row)
{
	return (size_t)(row - snap->thread_list->rows);
}

/* Of a thread that runs somebody may want to know, whatever the others do. */
static bool is_never_cut(const struct thread_row *row)
{
	return row->state == THREAD_RUNS;
}

/* By the place of its first thread, a group is found again after sorting. */
static void settle_groups(const struct aiodbg_snapshot *snap, struct view_threads *threads,
			  const size_t *firsts, size_t top)
{
	size_t kept = 0;
	size_t *places = threads->places, *by_first = places + snap->thread_list->count;
	threads->group_count = threads->groups.count;
	for (size_t i = 0; i < snap->thread_list->count; i++)
		places[i] = SIZE_MAX;
	for (size_t i = 0; i < threads->groups.count; i++) {
		const struct thread_group group = threads->groups.items[i];
		bool stays = i < top || is_never_cut(group.first);
		by_first[group.place] = stays ? kept : SIZE_MAX;
		if (stays) {
			threads->groups.items[kept++] = group;
			continue;
		}
		threads->cut_groups++;
		threads->cut_threads += group.count;
	}
	threads->groups.count = kept;
	for (size_t i = 0; i < threads->count; i++)
		places[row_index(snap, threads->rows[i])] = by_first[firsts[i]];
}

static int group(struct view_making *making, struct view_threads *threads, struct described *found,
		 size_t *firsts, size_t top)
{
	struct thread_groups *groups = &threads->groups;
	for (size_t i = 0; i < threads->count; i++) {
		size_t index = found[i].index;
		bool same = i && !strcmp(found[i].text, found[i - 1].text);
		const struct thread_group begun = {threads->rows[index], 0, index};
		if (!same && !array_push(groups, begun))
			return error_no_memory(making->work->error);
		groups->items[groups->count - 1].count++;
		firsts[index] = groups->items[groups->count - 1].place;
	}
	int status = sort_array(making->work, groups,
				making->query->sort ? compare_places : compare_groups);
	if (!status)
		settle_groups(making->snap, threads, firsts, top);
	return status;
}

static int make_groups(struct view_making *making, struct view_threads *threads, size_t top)
{
	size_t count = threads->count + 1;
	struct output *words = malloc(sizeof(*words));
	struct described *found = calloc(count, sizeof(*found));
	size_t *firsts = calloc(count, sizeof(*firsts));
	threads->places = calloc(2 * (making->snap->thread_list->count + 1), sizeof(size_t));
	int status = words && found && firsts && threads->places
			     ? describe(making, threads, words, found)
			     : error_no_memory(making->work->error);
	if (!status)
		status = group(making, threads, found, firsts, top);
	for (size_t i = 0; found && i < threads->count; i++)
		free(found[i].text);
	free(firsts);
	free(found);
	free(words);
	return status;
}

/* ---- the order ---- */

static int sort_rows(struct view_making *making, struct view_threads *threads)
{
	const struct view_key *key = making->query->sort;
	const struct thread_row **rows = threads->rows;
	if (!key)
		return 0;
	struct view_order *orders = calloc(threads->count + 1, sizeof(*orders));
	const struct thread_row **sorted = calloc(threads->count + 1, sizeof(*sorted));
	int status = orders && sorted ? 0 : error_no_memory(making->work->error);
	for (size_t i = 0; !status && i < threads->count; i++) {
		orders[i].index = i;
		if (key->of_threads->order)
			key->of_threads->order(making, rows[i], &orders[i]);
		else
			orders[i].number =
				(int64_t)threads->places[row_index(making->snap, rows[i])];
	}
	if (!status)
		status = sort_items(making->work, orders, threads->count, sizeof(*orders),
				    view_compare_orders);
	for (size_t i = 0; !status && i < threads->count; i++)
		sorted[i] = rows[orders[i].index];
	if (!status)
		memcpy(rows, sorted, threads->count * sizeof(*rows));
	free(sorted);
	free(orders);
	return status;
}

/* "stack": by the size of the group that it would be in. */
static int rank(struct view_making *making, struct view_threads *threads)
{
	struct view_query query = *making->query;
	struct view_making plain = *making;
	if (!query.sort || query.sort->of_threads->order)
		return 0;
	query.sort = query.group = NULL;
	plain.query = &query;
	return make_groups(&plain, threads, SIZE_MAX);
}

static void forget_groups(struct view_threads *threads)
{
	array_deinit(&threads->groups);
	free(threads->places);
	threads->places = NULL;
	threads->group_count = 0;
}

static void cut(struct view_threads *threads, size_t top)
{
	size_t count = 0;
	for (size_t i = 0; i < threads->count; i++) {
		if (i < top || is_never_cut(threads->rows[i]))
			threads->rows[count++] = threads->rows[i];
	}
	threads->cut = threads->count - count;
	threads->count = count;
}

/* ---- the whole ---- */

static int choose(struct view_making *making, struct view_threads *threads)
{
	const struct thread_list *list = making->snap->thread_list;
	for (size_t i = 0; i < list->count; i++) {
		bool good;
		making->row = &list->rows[i];
		int status = view_fits(making, NULL, &good);
		if (status)
			return status;
		if (good)
			threads->rows[threads->count++] = making->row;
		else
			threads->filtered++;
	}
	return 0;
}

int view_threads_make(const struct aiodbg_snapshot *snap, const struct view_query *query,
		      struct framing *framing, size_t top, struct work *work,
		      struct view_threads *ret)
{
	struct view_making making = {
		.snap = snap,
		.query = query,
		.work = work,
		.framing = framing,
	};
	*ret = (struct view_threads){
		.query = query,
		.writing = {.snap = snap, .query = query, .framing = framing},
	};
	ret->rows = calloc(snap->thread_list->count + 1, sizeof(struct thread_row *));
	int status = ret->rows ? choose(&making, ret) : error_no_memory(work->error);
	if (!status)
		status = rank(&making, ret);
	if (!status)
		status = sort_rows(&making, ret);
	forget_groups(ret);
	if (!status && query->is_grouped)
		status = make_groups(&making, ret, top);
	else if (!status && query->is_cut)
		cut(ret, query->top);
	return status;
}

void view_threads_deinit(struct view_threads *threads)
{
	forget_groups(threads);
	free(threads->rows);
	*threads = (struct view_threads){0};
}
