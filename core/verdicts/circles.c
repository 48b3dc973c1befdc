/* SPDX-License-Identifier: MIT */
/* The circles among those that are stuck: Tarjan's strongly connected components, iterative. See
 * verdicts/stuck.h. */
#include "base/error.h"
#include "verdicts/stuck.h"

ARRAY(actor_stack, size_t);

/* A step of the search: an actor, and which of its wakers comes next. */
struct step {
	size_t actor, next;
};

ARRAY(steps, struct step);

struct search {
	struct stuck *stuck;
	struct steps steps;
	/* Tarjan's stack. */
	struct actor_stack open;
	size_t counter;
};

/* The wakers that keep an actor stuck: its own, or else its thread. */
static void keepers(const struct actor *actor, size_t *first, size_t *end)
{
	bool own = actor_waits_in_vain(actor);
	*first = own ? actor->first : actor->first + actor->count;
	*end = own ? actor->first + actor->count : *first + actor->by_thread;
}

static bool enter(struct search *search, size_t index)
{
	struct actor *actor = &search->stuck->actors[index];
	size_t first, end;
	keepers(actor, &first, &end);
	actor->index = actor->low = ++search->counter;
	actor->on_stack = true;
	return array_push(&search->open, index) &&
	       array_push(&search->steps, ((struct step){index, first}));
}

/* All wakers were seen. The actor is the first of its circle if it reaches none before it. */
static void leave(struct search *search, size_t index)
{
	struct stuck *stuck = search->stuck;
	struct actor *actor = &stuck->actors[index];
	size_t count = 0, first, end, member;
	bool waits_for_itself = false;
	if (search->steps.count) {
		struct actor *before =
			&stuck->actors[search->steps.items[search->steps.count - 1].actor];
		if (actor->low < before->low)
			before->low = actor->low;
	}
	if (actor->low != actor->index)
		return;
	keepers(actor, &first, &end);
	for (size_t i = first; i < end; i++)
		waits_for_itself |= stuck->wakers.items[i].actor == index;
	while (search->open.items[search->open.count - 1 - count] != index)
		count++;
	bool is_circle = count || waits_for_itself;
	stuck->knot_count += is_circle;
	do {
		member = search->open.items[--search->open.count];
		stuck->actors[member].on_stack = false;
		stuck->actors[member].knot = is_circle ? stuck->knot_count : 0;
	} while (member != index);
}

static int search_from(struct search *search, size_t start)
{
	struct stuck *stuck = search->stuck;
	bool good = enter(search, start);
	while (good && search->steps.count) {
		struct step *step = &search->steps.items[search->steps.count - 1];
		struct actor *actor = &stuck->actors[step->actor];
		size_t first, end;
		keepers(actor, &first, &end);
		if (step->next == end) {
			size_t index = step->actor;
			search->steps.count--;
			leave(search, index);
			continue;
		}
		struct actor *waker = &stuck->actors[stuck->wakers.items[step->next].actor];
		size_t index = stuck->wakers.items[step->next++].actor;
		if (!waker->is_stuck)
			continue;
		if (!waker->index)
			good = enter(search, index);
		else if (waker->on_stack && waker->index < actor->low)
			actor->low = waker->index;
	}
	return good ? 0 : error_no_memory(&stuck->reader->error);
}

int circles_find(struct stuck *stuck)
{
	struct search search = {.stuck = stuck};
	int status = 0;
	for (size_t i = 0; !status && i < stuck->count; i++) {
		status = work_charge(&stuck->reader->work, 1);
		if (!status && stuck->actors[i].is_stuck && !stuck->actors[i].index)
			status = search_from(&search, i);
	}
	array_deinit(&search.steps);
	array_deinit(&search.open);
	return status;
}
