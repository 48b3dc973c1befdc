/* SPDX-License-Identifier: MIT */
/* What is wrong. See snapshot/verdicts.h. */
#include "snapshot/verdicts.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "snapshot/graph.h"
#include "snapshot/source.h"
#include "snapshot/stuck.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *heading, *name;
} kinds[] = {
	[VERDICT_STOPPED] = {"STOPPED", "stopped"},
	[VERDICT_DEADLOCK] = {"DEADLOCK", "deadlock"},
	[VERDICT_LOOP_BLOCKED] = {"LOOP BLOCKED", "loop-blocked"},
};

const char *verdict_heading(enum verdict_kind kind)
{
	return kinds[kind].heading;
}

const char *verdict_name(enum verdict_kind kind)
{
	return kinds[kind].name;
}

void verdicts_deinit(struct verdicts *verdicts)
{
	array_deinit(&verdicts->list);
}

struct finder {
	struct aiodbg_snapshot *snap;
	const struct waits *waits;
	struct reader *reader;
	struct verdicts *verdicts;
	/* By actor: a verdict names it. */
	bool *named;
	/* By actor: the number of the last search that came by. */
	size_t *seen, search_count;
};

static int no_memory(struct finder *finder)
{
	return error_no_memory(&finder->reader->error);
}

static int add_verdict(struct finder *finder, const struct verdict *verdict)
{
	return array_push(&finder->verdicts->list, *verdict) ? 0 : no_memory(finder);
}

static int alloc_parties(struct finder *finder, struct verdict *verdict, size_t count)
{
	verdict->parties = arena_alloc(finder->verdicts->arena, count * sizeof(struct party));
	return verdict->parties ? 0 : no_memory(finder);
}

/* ---- DEADLOCK ---- */

ARRAY(actor_list, size_t);

/* A circle, while it is made a verdict. */
struct circle {
	const struct stuck *stuck;
	size_t knot;
	const size_t *members;
	size_t count;
};

static bool is_member(const struct circle *circle, size_t actor)
{
	return circle->stuck->actors[actor].knot == circle->knot;
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
static int find_deadlines(struct finder *finder, const struct circle *circle,
			  struct verdict *verdict)
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
	return good ? 0 : no_memory(finder);
}

/* Tasks that task awaits and that are outside of the circle: if one fails, its wait ends. */
static void add_unless(struct finder *finder, const struct circle *circle, const struct task *task,
		       struct verdict *verdict)
{
	for (size_t i = 0; i < task->awaited_count; i++) {
		const struct task *awaited = task->awaited[i]->task;
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
		if (finder->waits->of_tasks[task->index].ends_on_failure)
			add_unless(finder, circle, task, verdict);
		for (size_t k = 0; k < task->awaiter_count; k++) {
			const struct task *awaiter = task->awaiters[k].awaiter;
			if (awaiter && finder->waits->of_tasks[awaiter->index].kind == WAIT_GROUP)
				add_unless(finder, circle, awaiter, verdict);
		}
	}
}

/* Whoever can only be woken by the members, or by those that they keep waiting. */
static int count_behind(struct finder *finder, const struct circle *circle, struct verdict *verdict)
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
			if (!stuck->actors[woken].is_stuck || finder->seen[woken] == search)
				continue;
			finder->seen[woken] = search;
			verdict->behind_count += woken < stuck->task_count;
			good = array_push(&todo, woken);
		}
	}
	array_deinit(&todo);
	return good ? 0 : no_memory(finder);
}

static struct task *running_task(const struct aiodbg_snapshot *snap, size_t thread)
{
	uint64_t id = snap->threads.items[thread].running_task;
	struct node *node = id ? graph_find(snap->graph, id) : NULL;
	return node ? node->task : NULL;
}

/* What the actor holds that a member waits for. */
static int fill_party(struct finder *finder, const struct circle *circle, size_t actor,
		      struct party *party)
{
	const struct stuck *stuck = circle->stuck;
	ARRAY(, struct held) held = {0};
	bool is_task = actor < stuck->task_count, good = true;
	party->task = is_task ? finder->snap->tasks.items[actor] : NULL;
	party->thread = is_task ? -1 : (ptrdiff_t)(actor - stuck->task_count);
	/* The task that it runs, if it does. */
	if (!is_task)
		party->runs = running_task(finder->snap, (size_t)party->thread);
	party->wait = stuck_wait(stuck, actor);
	for (size_t i = 0; good && i < circle->count; i++) {
		const struct actor *member = &stuck->actors[circle->members[i]];
		for (size_t k = member->first; good && k < member->first + member->count; k++) {
			const struct waker *waker = &stuck->wakers.items[k];
			bool known = !waker->holder || waker->actor != actor;
			for (size_t n = 0; !known && n < held.count; n++)
				known = held.items[n].object == waker->object;
			if (!known)
				good = array_push(&held,
						  ((struct held){waker->object, waker->holder}));
		}
	}
	if (good && held.count) {
		party->held = arena_copy(finder->verdicts->arena, held.items,
					 held.count * sizeof(*held.items));
		party->held_count = held.count;
		good = party->held != NULL;
	}
	array_deinit(&held);
	return good ? 0 : no_memory(finder);
}

/* Its members, in the order in which each waits for the next, as far as they have one. */
static int order_members(struct finder *finder, struct circle *circle, struct actor_list *ret)
{
	const struct stuck *stuck = circle->stuck;
	size_t search = ++finder->search_count, next = circle->members[0];
	bool good = true;
	for (size_t i = 0; good && i < circle->count; i++) {
		for (size_t at = next; good && finder->seen[at] != search;) {
			const struct actor *actor = &stuck->actors[at];
			finder->seen[at] = search;
			good = array_push(ret, at);
			for (size_t k = actor->first;
			     k < actor->first + actor->count + actor->by_thread; k++) {
				size_t waker = stuck->wakers.items[k].actor;
				if (is_member(circle, waker) && finder->seen[waker] != search) {
					at = waker;
					break;
				}
			}
		}
		next = circle->members[i];
	}
	for (size_t i = 0; good && i < circle->count; i++) {
		if (finder->seen[circle->members[i]] != search)
			good = array_push(ret, circle->members[i]);
	}
	return good ? 0 : no_memory(finder);
}

/* A thread that does work for a task has no name that anybody knows: the task has. */
static int add_clients(struct finder *finder, const struct circle *circle, struct actor_list *ret)
{
	const struct stuck *stuck = circle->stuck;
	size_t members = ret->count;
	for (size_t i = 0; i < members; i++) {
		size_t actor = ret->items[i];
		if (actor < stuck->task_count)
			continue;
		for (size_t k = stuck->woken_first[actor]; k < stuck->woken_first[actor + 1]; k++) {
			size_t client = stuck->woken[k];
			const struct wait *wait = stuck_wait(stuck, client);
			bool is_client = client < stuck->task_count && !wait->queued &&
					 wait->thread == (ptrdiff_t)(actor - stuck->task_count);
			if (is_client && !is_member(circle, client) && !array_push(ret, client))
				return no_memory(finder);
		}
	}
	return 0;
}

static int make_deadlock(struct finder *finder, struct circle *circle, enum certainty certainty)
{
	struct verdict verdict = {.kind = VERDICT_DEADLOCK, .certainty = certainty};
	struct actor_list ordered = {0};
	int status = order_members(finder, circle, &ordered);
	if (!status)
		status = add_clients(finder, circle, &ordered);
	if (!status)
		status = alloc_parties(finder, &verdict, ordered.count);
	for (size_t i = 0; !status && i < ordered.count; i++) {
		finder->named[ordered.items[i]] = true;
		status = fill_party(finder, circle, ordered.items[i],
				    &verdict.parties[verdict.party_count++]);
	}
	array_deinit(&ordered);
	if (!status)
		status = find_deadlines(finder, circle, &verdict);
	if (!status)
		status = count_behind(finder, circle, &verdict);
	/* Those that are named are not counted as well. */
	verdict.behind_count -= verdict.party_count - circle->count < verdict.behind_count
					? verdict.party_count - circle->count
					: verdict.behind_count;
	if (status)
		return status;
	find_unless(finder, circle, &verdict);
	return add_verdict(finder, &verdict);
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
		return no_memory(finder);
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

static int make_deadlocks(struct finder *finder, const struct stuck *stuck,
			  enum certainty certainty)
{
	size_t(*pairs)[2], count;
	int status = list_members(finder, stuck, &pairs, &count);
	struct actor_list members = {0};
	for (size_t i = 0; !status && i < count;) {
		bool all_named = true;
		members.count = 0;
		size_t knot = pairs[i][0];
		for (; !status && i < count && pairs[i][0] == knot; i++) {
			all_named &= finder->named[pairs[i][1]];
			if (!array_push(&members, pairs[i][1]))
				status = no_memory(finder);
		}
		struct circle circle = {stuck, knot, members.items, members.count};
		if (!status && !all_named)
			status = make_deadlock(finder, &circle, certainty);
	}
	array_deinit(&members);
	free(pairs);
	return status;
}

/*
 * A circle of tasks and threads that only each other can wake. A healthy program in which tasks
 * take and give locks has no circle at any moment: whoever is woken is not blocked, and whoever
 * has a lock and runs is not either. What may be seen in the middle of an update is a lock that
 * nobody holds, which leaves its waiters open.
 */
static int find_deadlocks(struct finder *finder)
{
	static const enum certainty levels[] = {CERTAINTY_CERTAIN, CERTAINTY_LIKELY};
	int status = 0;
	for (size_t i = 0; !status && i < sizeof(levels) / sizeof(levels[0]); i++) {
		struct stuck stuck;
		status = stuck_find(&stuck, finder->snap, finder->waits, levels[i], finder->reader);
		if (!status)
			status = make_deadlocks(finder, &stuck, levels[i]);
		stuck_deinit(&stuck);
	}
	return status;
}

/* ---- LOOP BLOCKED ---- */

/* A callback that runs for less is a busy program's. */
#define BLOCKED_SECONDS 1.0

/*
 * A loop that has not polled for long, while a callback runs. A loop under load polls between the
 * rounds of its ready queue, so that the time since it did is that of one round. Where the time is
 * not known, only a function that is known to block tells a callback that hangs from one that was
 * just called.
 */
static int judge_loop(struct finder *finder, struct loop *loop)
{
	const struct waits *waits = finder->waits;
	struct verdict verdict = {
		.kind = VERDICT_LOOP_BLOCKED,
		.loop = loop,
		.has_seconds = waits->has_now && loop->has_since,
		.seconds = waits->now - loop->since,
	};
	if (loop->state != LOOP_BUSY || loop->thread < 0)
		return 0;
	bool is_timed = verdict.has_seconds && !waits->now_is_least;
	if (is_timed && verdict.seconds <= BLOCKED_SECONDS)
		return 0;
	if (is_timed)
		verdict.certainty = CERTAINTY_CERTAIN;
	else if (loop->calls_blocking)
		verdict.certainty = CERTAINTY_LIKELY;
	else
		verdict.certainty = CERTAINTY_POSSIBLE;
	bool is_culprit = loop->callback == 1 ||
			  (loop->has_callback_since &&
			   waits->now - loop->callback_since > BLOCKED_SECONDS);
	verdict.culprit = is_timed && is_culprit ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY;
	int status = alloc_parties(finder, &verdict, 1);
	if (status)
		return status;
	verdict.parties[0] = (struct party){.task = loop->task, .thread = loop->thread};
	verdict.party_count = 1;
	return add_verdict(finder, &verdict);
}

static int find_blocked_loops(struct finder *finder)
{
	int status = 0;
	/* Nothing of a process that somebody has stopped says for how long it would have run. */
	if (finder->waits->stopped)
		return 0;
	for (size_t i = 0; !status && i < finder->waits->loops.count; i++)
		status = judge_loop(finder, &finder->waits->loops.items[i]);
	return status;
}

/* ---- sources ---- */

static int read_site(struct decoder *decoder, struct site *site)
{
	if (!site->location || site->text)
		return 0;
	return source_read(decoder, site->location->code->filename, site->line, &site->text);
}

static int read_party_sources(struct decoder *decoder, const struct party *party)
{
	int status = party->wait ? read_site(decoder, &party->wait->site) : 0;
	for (size_t i = 0; !status && i < party->held_count; i++) {
		if (party->held[i].holder)
			status = read_site(decoder, &party->held[i].holder->site);
	}
	return status;
}

int verdicts_read_sources(struct aiodbg_snapshot *snap, struct decoder *decoder)
{
	int status = 0;
	const struct verdict_list *list = &snap->verdicts->list;
	for (size_t i = 0; !status && i < list->count; i++) {
		const struct verdict *verdict = &list->items[i];
		for (size_t k = 0; !status && k < verdict->party_count; k++)
			status = read_party_sources(decoder, &verdict->parties[k]);
		for (size_t k = 0; !status && verdict->loop && k < verdict->loop->site_count; k++)
			status = read_site(decoder, &verdict->loop->sites[k]);
	}
	return status;
}

/* ---- the whole ---- */

static int find_stopped(struct finder *finder)
{
	const struct verdict verdict = {.kind = VERDICT_STOPPED, .certainty = CERTAINTY_CERTAIN};
	return finder->waits->stopped ? add_verdict(finder, &verdict) : 0;
}

static int compare_verdicts(const void *a, const void *b)
{
	const struct verdict *x = a, *y = b;
	if (x->certainty != y->certainty)
		return x->certainty > y->certainty ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->behind_count != y->behind_count)
		return x->behind_count > y->behind_count ? -1 : 1;
	return 0;
}

int verdicts_find(struct aiodbg_snapshot *snap, struct reader *reader, struct verdicts *ret)
{
	size_t count = snap->tasks.count + snap->threads.count;
	struct finder finder = {
		.snap = snap,
		.waits = snap->waits,
		.reader = reader,
		.verdicts = ret,
		.named = calloc(count + 1, sizeof(bool)),
		.seen = calloc(count + 1, sizeof(size_t)),
	};
	static int (*const find[])(struct finder *) = {
		find_stopped,
		find_deadlocks,
		find_blocked_loops,
	};
	int status = finder.named && finder.seen ? 0 : no_memory(&finder);
	ret->arena = &snap->arena;
	for (size_t i = 0; !status && i < sizeof(find) / sizeof(find[0]); i++)
		status = find[i](&finder);
	if (!status && ret->list.count)
		qsort(ret->list.items, ret->list.count, sizeof(*ret->list.items), compare_verdicts);
	free(finder.named);
	free(finder.seen);
	return status;
}

int verdicts_decode(struct aiodbg_snapshot *snap, struct decoder *decoder)
{
	int status = decoder_alloc(decoder, sizeof(*snap->waits), (void **)&snap->waits);
	if (!status)
		status = decoder_alloc(decoder, sizeof(*snap->verdicts), (void **)&snap->verdicts);
	if (!status)
		status = waits_read(snap, decoder, snap->waits);
	if (!status)
		status = verdicts_find(snap, &decoder->reader, snap->verdicts);
	return status ? status : verdicts_read_sources(snap, decoder);
}
