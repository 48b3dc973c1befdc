/* SPDX-License-Identifier: MIT */
/* See view/groups.h. */
#include "view/groups.h"

#include "base/addrmap.h"
#include "base/error.h"
#include "base/sort.h"
#include "view/chains.h"

#include <stdlib.h>
#include <string.h>

struct grouping {
	const struct view *view;
	struct view_groups *groups;
	struct work *work;
	struct addrmap by_hash;
	/* Hashes of chains, by index of the task, without what the last one waits for; 0: not known. */
	uint64_t *chains;
	struct output *words;
};

/* ---- chains ---- */

/* Frames with one function, file and line are one place to people. */
static void mix_place(const struct location *location, void *arg)
{
	uint64_t *hash = arg;
	*hash = hash_mix(*hash, (uint64_t)(uintptr_t)location->code);
	*hash = hash_mix(*hash, (uint64_t)(uint32_t)location->position.line);
}

static uint64_t chain_below(const struct grouping *grouping, const struct task *task,
			    uint64_t above)
{
	uint64_t hash = above;
	chains_visit(grouping->view->framing, grouping->view->snap, task, mix_place, &hash);
	if (task->request)
		hash = hash_mix(hash, chains_hash_request(task));
	return hash > 1 ? hash : 2;
}

ARRAY(chain_tasks, const struct task *);

/* In a circle there is no first one: the chain begins with the task that is asked about. */
#define ON_THE_WAY 1

/* Up to the one that nobody waits for, or that is known, and back. */
static int hash_chain(struct grouping *grouping, const struct task *task, struct chain_tasks *path)
{
	uint64_t *chains = grouping->chains, hash = 3;
	const struct task *one = task;
	path->count = 0;
	for (; one && !chains[one->index]; one = chains_parent(one)) {
		int status = work_step(grouping->work);
		if (status)
			return status;
		chains[one->index] = ON_THE_WAY;
		if (!array_push(path, one))
			return error_no_memory(grouping->work->error);
	}
	if (one && chains[one->index] != ON_THE_WAY)
		hash = chains[one->index];
	while (path->count) {
		one = path->items[--path->count];
		hash = chain_below(grouping, one, hash);
		chains[one->index] = hash;
	}
	return 0;
}

/* ---- groups ---- */

static uint64_t hash_words(const struct output *words)
{
	uint64_t hash = 4;
	for (size_t i = 0; i < words->used; i++)
		hash = hash_mix(hash, (unsigned char)words->buffer[i]);
	return hash;
}

static int hash_task(struct grouping *grouping, const struct task *task, struct chain_tasks *path,
		     uint64_t *ret)
{
	const struct view *view = grouping->view;
	if (grouping->groups->key) {
		output_init(grouping->words, &output_to_memory);
		view_groups_write(view, grouping->groups, task, grouping->words);
		*ret = hash_words(grouping->words);
		return work_step(grouping->work);
	}
	int status = hash_chain(grouping, task, path);
	*ret = hash_mix(chains_hash_reason(view->snap, task), grouping->chains[task->index]);
	return status;
}

static const char *peer_of(const struct aiodbg_snapshot *snap, const struct task *task)
{
	const char *peer = snap->waits ? snap->waits->of_tasks[task->index].peer : NULL;
	return peer && task_is_pending(task) ? peer : "";
}

/* Of "127.0.0.1:9999" and another one. */
static size_t common_peer(const char *a, const char *b, size_t len)
{
	size_t of_b = strlen(b);
	if (of_b >= len && !memcmp(a, b, len) && (!b[len] || b[len] == ':'))
		return len;
	const char *port = memrchr(a, ':', len);
	size_t host = port ? (size_t)(port - a) : 0;
	return host < of_b && !memcmp(a, b, host) && b[host] == ':' ? host : 0;
}

static void add_to_group(struct grouping *grouping, struct view_group *group,
			 const struct task *task)
{
	const struct aiodbg_snapshot *snap = grouping->view->snap;
	group->count++;
	if (group->peer_len)
		group->peer_len = common_peer(peer_of(snap, group->first), peer_of(snap, task),
					      group->peer_len);
}

/* by_hash has the place of the group behind 1. */
static int add_task(struct grouping *grouping, const struct task *task, size_t place, uint64_t hash)
{
	struct view_group_list *list = &grouping->groups->list;
	uint64_t key = hash ? hash : 1;
	void *known = addrmap_get(&grouping->by_hash, key);
	size_t *number = &grouping->groups->numbers[task->index];
	*number = known ? (uintptr_t)known - 1 : list->count;
	if (known) {
		add_to_group(grouping, &list->items[*number], task);
		return 0;
	}
	size_t peer_len = strlen(peer_of(grouping->view->snap, task));
	bool leads = !grouping->groups->key && task->awaited_count;
	const struct view_group group = {*number, task, place, 1, peer_len, leads};
	if (!array_push(list, group) ||
	    !addrmap_put(&grouping->by_hash, key, (void *)(uintptr_t)list->count))
		return error_no_memory(grouping->work->error);
	return 0;
}

static int compare_counts(const void *a, const void *b)
{
	const struct view_group *x = a, *y = b;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->leads != y->leads)
		return x->leads ? 1 : -1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void cut(const struct view *view, struct view_groups *groups, size_t top)
{
	size_t count = 0;
	for (size_t i = 0; i < groups->list.count; i++)
		groups->places[i] = SIZE_MAX;
	for (size_t i = 0; i < groups->list.count; i++) {
		const struct view_group *group = &groups->list.items[i];
		const char *state = view_state(view->snap, group->first);
		if (i < top || !strcmp(state, "running") || !strcmp(state, "damaged")) {
			groups->places[group->number] = count;
			groups->list.items[count++] = *group;
			continue;
		}
		groups->cut_groups++;
		groups->cut_tasks += group->count;
	}
	groups->list.count = count;
}

static int make(struct grouping *grouping)
{
	const struct view *view = grouping->view;
	struct chain_tasks path = {0};
	size_t count = view_count(view);
	int status = 0;
	for (size_t i = 0; !status && i < count; i++) {
		const struct task *task = view_task(view, i);
		uint64_t hash;
		if (!view->selection && !task_is_pending(task))
			continue;
		status = hash_task(grouping, task, &path, &hash);
		if (!status)
			status = add_task(grouping, task, i, hash);
	}
	array_deinit(&path);
	/* With --sort the first ones of the groups are in that order already. */
	bool is_sorted = view->selection && view->selection->query->sort;
	if (!status && !is_sorted)
		status = sort_array(grouping->work, &grouping->groups->list, compare_counts);
	return status;
}

int view_groups_make(const struct view *view, const struct view_key *key, const char *variable,
		     size_t top, struct work *work, struct view_groups *ret)
{
	struct grouping grouping = {.view = view, .groups = ret, .work = work};
	size_t count = view->snap->tasks.count + 1;
	*ret = (struct view_groups){.key = key, .variable = variable};
	ret->numbers = calloc(count, sizeof(*ret->numbers));
	ret->places = calloc(count, sizeof(*ret->places));
	grouping.chains = calloc(count, sizeof(*grouping.chains));
	grouping.words = malloc(sizeof(*grouping.words));
	int status = ret->numbers && ret->places && grouping.chains && grouping.words
			     ? make(&grouping)
			     : error_no_memory(work->error);
	free(grouping.chains);
	free(grouping.words);
	addrmap_deinit(&grouping.by_hash);
	ret->group_count = ret->list.count;
	for (size_t i = 0; ret->numbers && i < count; i++) {
		bool shown = i + 1 < count && view_shows(view, view->snap->tasks.items[i]);
		if (!shown || (!view->selection && !task_is_pending(view->snap->tasks.items[i])))
			ret->numbers[i] = SIZE_MAX;
	}
	if (!status)
		cut(view, ret, top);
	return status;
}

/* A view of the same tasks, without an order. */
static int rank(const struct aiodbg_snapshot *snap, const struct selection *selection,
		struct framing *framing, struct work *work, size_t *ret)
{
	const struct view view = {.snap = snap, .selection = selection, .framing = framing};
	struct view_groups groups;
	int status = view_groups_make(&view, NULL, "", SIZE_MAX, work, &groups);
	for (size_t i = 0; !status && i < snap->tasks.count; i++)
		ret[i] = view_groups_place(&groups, snap->tasks.items[i]);
	view_groups_deinit(&groups);
	return status;
}

int view_groups_rank(const struct aiodbg_snapshot *snap, const struct view_query *wanted,
		     struct work *work, size_t **ret)
{
	struct view_query query = *wanted;
	struct selection selection = {0};
	struct framing framing = {0};
	query.sort = NULL;
	query.is_cut = query.with_awaiters = false;
	*ret = calloc(snap->tasks.count + 1, sizeof(**ret));
	int status = *ret ? selection_make(snap, &query, work, &selection)
			  : error_no_memory(work->error);
	if (!status)
		status = framing_init(&framing, snap, true, work);
	if (!status)
		status = rank(snap, &selection, &framing, work, *ret);
	framing_deinit(&framing);
	selection_deinit(&selection);
	return status;
}

void view_groups_deinit(struct view_groups *groups)
{
	array_deinit(&groups->list);
	free(groups->numbers);
	free(groups->places);
	*groups = (struct view_groups){0};
}

size_t view_groups_place(const struct view_groups *groups, const struct task *task)
{
	size_t number = groups->numbers[task->index];
	return number == SIZE_MAX ? SIZE_MAX : groups->places[number];
}

void view_groups_write(const struct view *view, const struct view_groups *groups,
		       const struct task *task, struct output *out)
{
	const struct view_making making = {
		.snap = view->snap,
		.framing = view->framing,
		.variable = groups->variable,
	};
	groups->key->write(&making, task, out);
}
