/* SPDX-License-Identifier: MIT */
/* DEADLOCK: circles of tasks and threads that only each other can wake. */
#include "base/error.h"
#include "snapshot/graph.h"
#include "verdicts/finding.h"
#include "verdicts/looks.h"

#include <stdlib.h>

static bool is_member(const struct circle *circle, size_t actor)
{
	const struct actor *found = &circle->stuck->actors[actor];
	return found->knot == circle->knot && !found->follows;
}

static void soonest(struct verdict *verdict, const struct wait *wait, const struct task *task)
{
	if (!wait->has_deadline || (verdict->has_until && verdict->until <= wait->deadline_at))
		return;
	verdict->has_until = true;
	verdict->until = wait->deadline_at;
	verdict->until_task = task;
}

/*
 * A timeout of whoever awaits a member cancels it, and so do those further out. shield stops
 * that.
 */
int circle_deadlines(struct finder *finder, const struct circle *circle, struct verdict *verdict)
{
	struct actor_list todo = {0};
	const struct aiodbg_snapshot *snap = finder->snap;
	size_t search = ++finder->search_count;
	bool good = true;
	for (size_t i = 0; good && i < circle->count; i++) {
		if (circle->members[i] >= circle->stuck->task_count)
			continue;
		finder->seen[circle->members[i]] = search;
		good = array_push(&todo, circle->members[i]);
	}
	while (good && todo.count) {
		const struct task *task = snap->tasks.items[todo.items[--todo.count]];
		/* A timeout is the work of its loop. */
		if (!circle->stuck->actors[task->index].by_thread)
			soonest(verdict, &finder->waits->of_tasks[task->index], task);
		for (size_t i = 0; good && i < task->awaiter_count; i++) {
			const struct task *awaiter = task->awaiters[i].awaiter;
			if (!awaiter || finder->seen[awaiter->index] == search ||
			    finder->waits->of_tasks[awaiter->index].kind == WAIT_SHIELD)
				continue;
			finder->seen[awaiter->index] = search;
			good = array_push(&todo, awaiter->index);
		}
	}
	array_deinit(&todo);
	return good ? 0 : finder_no_memory(finder);
}

/* Tasks that task awaits, or has only started, and that are outside of the circle: if one fails,
 * its wait ends. */
static void add_unless(struct finder *finder, const struct circle *circle, const struct task *task,
		       bool awaited_too, struct verdict *verdict)
{
	for (size_t i = 0; i < task->awaited_count; i++) {
		const struct task *awaited = task->awaited[i]->task;
		if (edge_waits(task->awaited[i]) && !awaited_too)
			continue;
		if (!task_is_pending(awaited) || circle->stuck->actors[awaited->index].is_stuck ||
		    finder->seen[awaited->index] == finder->search_count)
			continue;
		finder->seen[awaited->index] = finder->search_count;
		if (!verdict->unless_count++)
			verdict->unless = awaited;
	}
}

/*
 * A member that waits for several goes on if one of them fails; and a group cancels all of its
 * tasks if one fails.
 */
static void find_unless(struct finder *finder, const struct circle *circle, struct verdict *verdict)
{
	finder->search_count++;
	for (size_t i = 0; i < circle->count; i++) {
		if (circle->members[i] >= circle->stuck->task_count)
			continue;
		const struct task *task = finder->snap->tasks.items[circle->members[i]];
		bool ends_on_failure = finder->waits->of_tasks[task->index].ends_on_failure;
		add_unless(finder, circle, task, ends_on_failure, verdict);
		for (size_t k = 0; k < task->awaiter_count; k++) {
			const struct task *awaiter = task->awaiters[k].awaiter;
			if (awaiter && (task->awaiters[k].group ||
					finder->waits->of_tasks[awaiter->index].kind == WAIT_GROUP))
				add_unless(finder, circle, awaiter, true, verdict);
		}
	}
}

/* Whoever can only be woken by the members, or by those that they keep waiting. Workers without work are
 * idle, also if nobody else has their queue. */
int circle_behind(struct finder *finder, const struct circle *circle, struct verdict *verdict)
{
	const struct stuck *stuck = circle->stuck;
	struct actor_list todo = {0};
	size_t search = ++finder->search_count;
	bool good = true;
	for (size_t i = 0; good && i < circle->count; i++) {
		finder->seen[circle->members[i]] = search;
		good = array_push(&todo, circle->members[i]);
	}
	while (good && todo.count) {
		size_t actor = todo.items[--todo.count];
		for (size_t i = stuck->woken_first[actor];
		     good && i < stuck->woken_first[actor + 1]; i++) {
			size_t woken = stuck->woken[i];
			const struct wait *wait = stuck_wait(stuck, woken);
			if (!stuck->actors[woken].is_stuck || finder->seen[woken] == search ||
			    (wait && wait->kind == WAIT_QUEUE_GET))
				continue;
			finder->seen[woken] = search;
			verdict->behind_count += woken < stuck->task_count;
			good = array_push(&todo, woken);
		}
	}
	array_deinit(&todo);
	return good ? 0 : finder_no_memory(finder);
}

static struct task *running_task(const struct aiodbg_snapshot *snap, size_t thread)
{
	uint64_t id = snap->threads.items[thread].running_task;
	struct node *node = id ? graph_find(snap->graph, id) : NULL;
	return node ? node->task : NULL;
}

/* Something that an actor holds and a member waits for; order: as it was met. */
struct holding {
	size_t actor, order;
	struct held held;
};

ARRAY(holdings, struct holding);

static int compare_addresses(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_objects(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;
	if (x->actor != y->actor)
		return x->actor < y->actor ? -1 : 1;
	int order = compare_addresses(x->held.object->addr, y->held.object->addr);
	return order ? order : compare_addresses(x->order, y->order);
}

static int compare_order(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;
	if (x->actor != y->actor)
		return x->actor < y->actor ? -1 : 1;
	return compare_addresses(x->order, y->order);
}

/* What the members wait for, sorted by who holds it, each once: of a large circle in one pass. */
static int list_holdings(struct finder *finder, const struct circle *circle, struct holdings *ret)
{
	const struct stuck *stuck = circle->stuck;
	size_t kept = 0;
	int status = 0;
	for (size_t i = 0; !status && i < circle->count; i++) {
		const struct actor *member = &stuck->actors[circle->members[i]];
		status = work_charge(&finder->reader->work, 1 + member->count / 16);
		for (size_t k = member->first; !status && k < member->first + member->count; k++) {
			const struct waker *waker = &stuck->wakers.items[k];
			const struct holding holding = {
				waker->actor, ret->count, {waker->object, waker->holder}};
			if (waker->holder && !array_push(ret, holding))
				status = finder_no_memory(finder);
		}
	}
	if (status || !ret->count)
		return status;
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_objects);
	for (size_t i = 0; i < ret->count; i++) {
		const struct holding *last = kept ? &ret->items[kept - 1] : NULL;
		if (!last || last->actor != ret->items[i].actor ||
		    last->held.object != ret->items[i].held.object)
			ret->items[kept++] = ret->items[i];
	}
	ret->count = kept;
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_order);
	return 0;
}

/* The first of the actor's; the others follow. */
static size_t first_holding(const struct holdings *holdings, size_t actor)
{
	size_t low = 0, high = holdings->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (holdings->items[middle].actor < actor)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What the actor holds that a member waits for. */
static int fill_party(struct finder *finder, const struct circle *circle,
		      const struct holdings *holdings, size_t actor, struct party *party)
{
	const struct stuck *stuck = circle->stuck;
	bool is_task = actor < stuck->task_count;
	party->task = is_task ? finder->snap->tasks.items[actor] : NULL;
	party->thread = is_task ? -1 : (ptrdiff_t)(actor - stuck->task_count);
	/* The task that it runs, if it does. */
	if (!is_task)
		party->runs = running_task(finder->snap, (size_t)party->thread);
	party->wait = stuck_wait(stuck, actor);
	size_t first = first_holding(holdings, actor), end = first;
	while (end < holdings->count && holdings->items[end].actor == actor)
		end++;
	if (end == first)
		return 0;
	party->held = arena_alloc(finder->verdicts->arena, (end - first) * sizeof(*party->held));
	if (!party->held)
		return finder_no_memory(finder);
	for (size_t i = first; i < end; i++)
		party->held[party->held_count++] = holdings->items[i].held;
	return 0;
}

/* The first member that has what another one waits for: where to begin to read. */
static size_t first_holder(const struct circle *circle)
{
	const struct stuck *stuck = circle->stuck;
	size_t first = SIZE_MAX;
	for (size_t i = 0; i < circle->count; i++) {
		const struct actor *member = &stuck->actors[circle->members[i]];
		for (size_t k = member->first; k < member->first + member->count; k++) {
			const struct waker *waker = &stuck->wakers.items[k];
			if (waker->holder && waker->actor < first &&
			    is_member(circle, waker->actor))
				first = waker->actor;
		}
	}
	return first < SIZE_MAX ? first : circle->members[0];
}

/* It waits for what one that was met has. */
static bool closes_circle(const struct finder *finder, const struct stuck *stuck, size_t index)
{
	const struct actor *actor = &stuck->actors[index];
	/* Of what many have, the first few. */
	for (size_t i = 0; i < actor->count && i < 4; i++) {
		const struct waker *waker = &stuck->wakers.items[actor->first + i];
		if (waker->holder && finder->seen[waker->actor] == finder->search_count)
			return true;
	}
	return false;
}

/* The next member that was not met: of several that could wake it, one that the circle is closed by.
 * SIZE_MAX: none. */
static size_t next_member(const struct finder *finder, const struct circle *circle, size_t at)
{
	const struct stuck *stuck = circle->stuck;
	const struct actor *actor = &stuck->actors[at];
	size_t first = SIZE_MAX;
	for (size_t k = actor->first; k < actor->first + actor->count + actor->by_thread; k++) {
		size_t waker = stuck->wakers.items[k].actor;
		if (!is_member(circle, waker) || finder->seen[waker] == finder->search_count)
			continue;
		if (at < stuck->first_set || closes_circle(finder, stuck, waker))
			return waker;
		first = first < SIZE_MAX ? first : waker;
	}
	return first;
}

/* Its members, in the order in which each waits for the next, as far as they have one. */
static int order_members(struct finder *finder, struct circle *circle, struct actor_list *ret)
{
	size_t search = ++finder->search_count, next = first_holder(circle);
	bool good = true;
	for (size_t i = 0; good && i < circle->count; i++) {
		for (size_t at = next; good && at < SIZE_MAX && finder->seen[at] != search;) {
			finder->seen[at] = search;
			good = array_push(ret, at);
			at = next_member(finder, circle, at);
		}
		next = circle->members[i];
	}
	for (size_t i = 0; good && i < circle->count; i++) {
		if (finder->seen[circle->members[i]] != search)
			good = array_push(ret, circle->members[i]);
	}
	return good ? 0 : finder_no_memory(finder);
}

/* A thread that does work for a task has no name that anybody knows: the task has. */
static int add_clients(struct finder *finder, const struct circle *circle, struct actor_list *ret)
{
	const struct stuck *stuck = circle->stuck;
	size_t members = ret->count;
	for (size_t i = 0; i < members; i++) {
		size_t actor = ret->items[i];
		if (actor < stuck->task_count || actor >= stuck->first_set)
			continue;
		for (size_t k = stuck->woken_first[actor]; k < stuck->woken_first[actor + 1]; k++) {
			size_t client = stuck->woken[k];
			if (client >= stuck->task_count)
				continue;
			const struct wait *wait = stuck_wait(stuck, client);
			bool is_client = !wait->queued &&
					 wait->thread == (ptrdiff_t)(actor - stuck->task_count);
			if (is_client && !is_member(circle, client) && !array_push(ret, client))
				return finder_no_memory(finder);
		}
	}
	return 0;
}

static int make_deadlock(struct finder *finder, struct circle *circle, enum certainty certainty,
			 bool by_peers)
{
	struct verdict verdict = {.kind = VERDICT_DEADLOCK,
				  .certainty = certainty,
				  .by_peers = by_peers,
				  .settled = by_peers && certainty > CERTAINTY_POSSIBLE};
	struct actor_list ordered = {0};
	struct holdings holdings = {0};
	int status = order_members(finder, circle, &ordered);
	size_t members = ordered.count, clients = 0;
	if (!status)
		status = add_clients(finder, circle, &ordered);
	if (!status)
		status = finder_alloc_parties(finder, &verdict, ordered.count);
	if (!status)
		status = list_holdings(finder, circle, &holdings);
	for (size_t i = 0; !status && i < ordered.count; i++) {
		size_t actor = ordered.items[i];
		finder->named[actor] = true;
		if (actor >= circle->stuck->first_set)
			continue;
		clients += i >= members;
		status = fill_party(finder, circle, &holdings, actor,
				    &verdict.parties[verdict.party_count++]);
	}
	array_deinit(&holdings);
	array_deinit(&ordered);
	if (!status)
		status = circle_deadlines(finder, circle, &verdict);
	if (!status)
		status = circle_behind(finder, circle, &verdict);
	/* Those that are named are not counted as well. */
	verdict.behind_count -= clients < verdict.behind_count ? clients : verdict.behind_count;
	if (status)
		return status;
	find_unless(finder, circle, &verdict);
	return finder_add(finder, &verdict);
}

static int compare_knots(const void *a, const void *b)
{
	const size_t *x = a, *y = b;
	return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x[1] > y[1]) - (x[1] < y[1]);
}

/* Pairs of knot and actor, sorted: each circle is a run. */
static int list_members(struct finder *finder, const struct stuck *stuck, size_t (**ret)[2],
			size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < stuck->count; i++)
		*count += stuck->actors[i].knot != 0;
	*ret = calloc(*count + 1, sizeof(**ret));
	if (!*ret)
		return finder_no_memory(finder);
	size_t used = 0;
	for (size_t i = 0; i < stuck->count; i++) {
		if (!stuck->actors[i].knot)
			continue;
		(*ret)[used][0] = stuck->actors[i].knot;
		(*ret)[used++][1] = i;
	}
	qsort(*ret, *count, sizeof(**ret), compare_knots);
	return 0;
}

/* ---- those who only follow ---- */

/* For each member of a circle, how many others need it, sets apart. */
static void count_needs(const struct circle *circle, size_t *needs)
{
	const struct stuck *stuck = circle->stuck;
	for (size_t i = 0; i < circle->count; i++)
		needs[circle->members[i]] = 0;
	for (size_t i = 0; i < circle->count; i++) {
		const struct actor *actor = &stuck->actors[circle->members[i]];
		const struct wait *wait = stuck_wait(stuck, circle->members[i]);
		const struct primitive *object = wait ? wait->object : NULL;
		if (circle->members[i] >= stuck->first_set)
			continue;
		for (size_t k = actor->first; k < actor->first + actor->count + actor->by_thread;
		     k++)
			needs[stuck->wakers.items[k].actor]++;
		for (size_t k = 0; object && k < object->holders.count; k++) {
			const struct task *task = object->holders.items[k].task;
			if (task)
				needs[task->index]++;
		}
	}
}

static bool may_follow(const struct stuck *stuck, size_t actor)
{
	const struct wait *wait = stuck_wait(stuck, actor);
	return actor < stuck->task_count && (wait->for_tasks || wait->task);
}

/*
 * A main task that gathers its requests and has their lock in a variable could release it, so it is in
 * the circle of those that wait for the lock; but it is behind them. Take such tasks out, the outermost
 * first.
 */
static int leave_followers(struct finder *finder, const struct stuck *stuck, struct circle *circle,
			   struct actor_list *members, size_t *needs)
{
	struct actor_list todo = {0};
	size_t kept = 0;
	bool good = true;
	count_needs(circle, needs);
	for (size_t i = 0; good && i < circle->count; i++) {
		if (may_follow(stuck, circle->members[i]) && !needs[circle->members[i]])
			good = array_push(&todo, circle->members[i]);
	}
	while (good && todo.count) {
		struct actor *actor = &stuck->actors[todo.items[--todo.count]];
		actor->follows = true;
		for (size_t k = actor->first; good && k < actor->first + actor->count; k++) {
			size_t waker = stuck->wakers.items[k].actor;
			if (stuck->actors[waker].knot == circle->knot && !--needs[waker] &&
			    may_follow(stuck, waker))
				good = array_push(&todo, waker);
		}
	}
	for (size_t i = 0; i < members->count; i++) {
		if (!stuck->actors[members->items[i]].follows)
			members->items[kept++] = members->items[i];
	}
	circle->count = members->count = kept;
	array_deinit(&todo);
	return good ? 0 : finder_no_memory(finder);
}

/* ---- the whole ---- */

static bool are_named(const struct finder *finder, const struct circle *circle)
{
	for (size_t i = 0; i < circle->count; i++) {
		if (!finder->named[circle->members[i]])
			return false;
	}
	return true;
}

static bool waits_for_peer(const struct wait *wait)
{
	return wait && wait->peer_task && (wait->kind == WAIT_READ || wait->kind == WAIT_WRITE);
}

/*
 * A circle that goes through connections within the process: a client has a lock and waits for an
 * answer, and who is to give it waits for the lock. What the system keeps is not seen: an answer may be
 * on its way, so that it takes two looks, or else is only possible. Tasks that only read from each
 * other are idle. Returns whether it is one.
 */
static bool goes_through_peers(const struct finder *finder, const struct circle *circle,
			       enum certainty *level)
{
	size_t reads = 0, writes = 0;
	*level = CERTAINTY_LIKELY;
	for (size_t i = 0; i < circle->count; i++) {
		size_t member = circle->members[i];
		const struct wait *wait = stuck_wait(circle->stuck, member);
		/* Neither sets nor threads. */
		if (member >= circle->stuck->task_count)
			return false;
		if (!looks_task_stood_still(finder->snap, finder->snap->tasks.items[member]))
			*level = CERTAINTY_POSSIBLE;
		reads += waits_for_peer(wait) && wait->kind == WAIT_READ;
		writes += waits_for_peer(wait) && wait->kind == WAIT_WRITE;
	}
	return reads + writes && (reads + writes < circle->count || !reads);
}

static int make_deadlocks(struct finder *finder, const struct stuck *stuck,
			  enum certainty certainty)
{
	size_t(*pairs)[2], count;
	int status = list_members(finder, stuck, &pairs, &count);
	size_t *needs = calloc(stuck->count + 1, sizeof(*needs));
	struct actor_list members = {0};
	if (!status && !needs)
		status = finder_no_memory(finder);
	for (size_t i = 0; !status && i < count;) {
		members.count = 0;
		size_t knot = pairs[i][0];
		for (; !status && i < count && pairs[i][0] == knot; i++) {
			if (!array_push(&members, pairs[i][1]))
				status = finder_no_memory(finder);
		}
		struct circle circle = {stuck, knot, members.items, members.count};
		if (!status)
			status = leave_followers(finder, stuck, &circle, &members, needs);
		enum verdict_kind kind = vain_kind(&circle);
		enum certainty level = certainty;
		bool by_peers = certainty < CERTAINTY_LIKELY;
		if (by_peers)
			kind = goes_through_peers(finder, &circle, &level) ? VERDICT_DEADLOCK
									   : VERDICT_KIND_COUNT;
		if (status || kind == VERDICT_KIND_COUNT || are_named(finder, &circle))
			continue;
		status = kind == VERDICT_DEADLOCK ? make_deadlock(finder, &circle, level, by_peers)
						  : vain_add(finder, &circle, kind);
	}
	if (!status)
		status = vain_make(finder, stuck, certainty);
	array_deinit(&members);
	free(needs);
	free(pairs);
	return status;
}

/*
 * A circle of tasks and threads that only each other can wake. A healthy program in which tasks
 * take and give locks has no circle at any moment: whoever is woken is not blocked, and whoever
 * has a lock and runs is not either. What may be seen in the middle of an update is a lock that
 * nobody holds, which leaves its waiters open.
 */
int deadlocks_find(struct finder *finder)
{
	static const enum certainty levels[] = {CERTAINTY_CERTAIN, CERTAINTY_LIKELY,
						CERTAINTY_POSSIBLE};
	size_t count = sizeof(levels) / sizeof(levels[0]) - !finder->waits->has_peers;
	int status = 0;
	for (size_t i = 0; !status && i < count; i++) {
		struct stuck stuck;
		status = stuck_find(&stuck, finder->snap, finder->waits, levels[i], finder->reader);
		if (!status)
			status = make_deadlocks(finder, &stuck, levels[i]);
		stuck_deinit(&stuck);
	}
	return status;
}
