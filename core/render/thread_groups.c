/* SPDX-License-Identifier: MIT */
/* threads --group: a row for each group of threads. */
#include "base/ceilings.h"
#include "render/grid.h"
#include "render/place.h"
#include "render/reason.h"
#include "render/threads.h"
#include "view/threads.h"

#include <inttypes.h>
#include <stdio.h>

enum { COUNT, TID, STATE, VALUE, COLUMNS };

/* "serve > handle", with the place of the last one */
static void write_functions(struct output *out, const struct view *view,
			    const struct thread_row *row)
{
	const struct view_making *making = &view->threads->writing;
	const struct location *location, *next;
	struct own_walk walk = {0};
	location = view_thread_next_own(making, row, &walk);
	while (location && (next = view_thread_next_own(making, row, &walk))) {
		output_safe_as(out, AIODBG_ROLE_FUNCTION, place_function(location->function),
			       LIMIT_NAME_SHOWN);
		output_text(out, " > ");
		location = next;
	}
	if (location)
		reason_write_location(out, location);
}

static void write_cell(struct output *out, const void *arg, size_t index, size_t column)
{
	const struct view *view = arg;
	const struct thread_group *group = &view->threads->groups.items[index];
	const char *name = threads_name(view->snap, group->first);
	size_t begun = out->used;
	if (column == VALUE && !view->threads->query->group) {
		write_functions(out, view, group->first);
		return;
	}
	switch (column) {
	case COUNT:
		output_format(out, "%6zu", group->count);
		return;
	case TID:
		output_format(out, "%" PRIu64, view->snap->threads.items[group->first->first].tid);
		return;
	case STATE:
		/* With a key that is what the first one is called. */
		if (view->threads->query->group)
			output_safe(out, name ? name : "-", LIMIT_NAME_SHOWN);
		else
			threads_write_state(out, view->snap, group->first);
		return;
	default:
		view_thread_write(&view->threads->writing, group->first, out);
		if (out->used == begun)
			output_text(out, "-");
		return;
	}
}

static void write_total(const struct view_threads *threads, struct output *out)
{
	size_t count = threads->cut_threads, left = threads->cut_groups;
	for (size_t i = 0; i < threads->groups.count; i++)
		count += threads->groups.items[i].count;
	output_format(out, "%6zu  thread%s in %zu group%s", count, count == 1 ? "" : "s",
		      threads->group_count, threads->group_count == 1 ? "" : "s");
	if (left)
		output_format(out, "; left out %zu group%s of %zu thread%s: --top 0 shows them",
			      left, left == 1 ? "" : "s", threads->cut_threads,
			      threads->cut_threads == 1 ? "" : "s");
	output_text(out, "\n");
}

int thread_groups_write(const struct view *view, struct output *out)
{
	const struct view_key *key = view->threads->query->group;
	const char *titles[COLUMNS] = {" count", "tid", key ? "first thread" : "state",
				       key ? key->name : "own functions"};
	const struct grid grid = {
		.titles = titles,
		.columns = COLUMNS,
		.rows = view->threads->groups.count,
		.cell = write_cell,
		.arg = view,
	};
	int status = grid_write(&grid, out);
	write_total(view->threads, out);
	return status;
}
