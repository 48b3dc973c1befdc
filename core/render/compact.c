/* SPDX-License-Identifier: MIT */
/*
 * The compact tree: a level for each task, its own frames below each other, the reason on the innermost
 * one's line, and parts that differ in ids and names only drawn once, with their number.
 *
 * Each task gets a hash of all that is drawn of it and below it. Of siblings with the same hash the first
 * stands for all. What several tasks wait for is drawn once, so it is equal to itself only.
 */
#include "base/addrmap.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "render/place.h"
#include "render/reason.h"
#include "render/render.h"
#include "snapshot/stacks.h"
#include "view/chains.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum hashed { NOT_HASHED, HASHING, HASHED };

enum drawn {
	NOT_DRAWN,
	DRAWN,
	/* Another one stands for it. */
	COVERED,
	TO_CONTINUE,
};

struct visit {
	const struct task *task;
	struct edge **edges;
	size_t next, end;
};

/* Children that are drawn next to each other. */
struct compact_level {
	struct edge **edges;
	size_t next, end, indent;
	/* What is said above already. */
	const char *request;
};

ARRAY(visits, struct visit);
ARRAY(compact_levels, struct compact_level);
ARRAY(task_list, const struct task *);

struct compact {
	const struct view *view;
	const struct aiodbg_snapshot *snap;
	struct output *out;
	/* By index of the task: its hash, how far that is; how many it stands for; enum drawn. */
	uint64_t *hashes;
	uint8_t *hashed, *drawn;
	size_t *counts;
	struct stack_facts hashes_of_stacks;
	struct visits visits;
	struct compact_levels levels;
	struct task_list pile, to_continue;
	struct shown_frames shown;
	bool no_memory;
};

/* ---- what is equal ---- */

static size_t count_awaiters(const struct compact *compact, const struct task *task)
{
	size_t count = 0;
	for (size_t i = 0; i < task->awaiter_count; i++) {
		const struct task *awaiter = task->awaiters[i].awaiter;
		count += awaiter && view_shows(compact->view, awaiter);
	}
	return count;
}

/* Several wait for it: it has an own place in the tree. */
static bool is_shared(const struct compact *compact, const struct task *task)
{
	return task->knot || (task->awaiter_count > 1 && count_awaiters(compact, task) > 1);
}

static void mix_location(const struct location *location, void *arg)
{
	uint64_t *hash = arg;
	*hash = hash_mix(*hash, (uint64_t)(uintptr_t)location);
}

/* The frames that are drawn of it. */
static uint64_t hash_frames(struct compact *compact, const struct task *task)
{
	uint64_t hash = 3;
	if (!framing_apply(compact->view->framing, task->stack, task->depth, NULL, &compact->shown))
		compact->no_memory = true;
	for (size_t i = 0; i < compact->shown.count; i++) {
		const struct shown_frame *one = &compact->shown.items[i];
		hash = hash_mix(hash, one->count);
		if (one->count == 1)
			mix_location(task->stack[one->first], &hash);
	}
	chains_visit(compact->view->framing, compact->snap, task, mix_location, &hash);
	return hash;
}

/* They follow from the stack, unless there is a thread that works for the task. */
static uint64_t hash_frames_once(struct compact *compact, const struct task *task)
{
	struct stack_fact *fact = stack_facts_at(&compact->hashes_of_stacks, task->stack);
	if (chains_thread(compact->snap, task) >= 0 || !task->depth)
		return hash_frames(compact, task);
	if (fact->stack != task->stack)
		*fact = (struct stack_fact){task->stack, hash_frames(compact, task)};
	return fact->value;
}

static uint64_t hash_task(struct compact *compact, const struct task *task)
{
	uint64_t hash = chains_hash_reason(compact->snap, task);
	hash = hash_mix(hash, chains_hash_request(task));
	hash = hash_mix(hash, hash_frames_once(compact, task));
	return task->problems ? hash_mix(hash, task->id) : hash;
}

static uint64_t hash_of_edge(const struct compact *compact, const struct edge *edge)
{
	const struct task *task = edge->task;
	bool whole = compact->hashed[task->index] == HASHED && !is_shared(compact, task);
	return hash_mix(whole ? compact->hashes[task->index] : task->id, edge_waits(edge));
}

static void begin_visit(struct compact *compact, const struct task *task)
{
	struct visit visit = {.task = task};
	visit.end = view_awaited(compact->view, task, &visit.edges);
	compact->hashed[task->index] = HASHING;
	if (!array_push(&compact->visits, visit))
		compact->no_memory = true;
}

static void end_visit(struct compact *compact)
{
	const struct visit *visit = &compact->visits.items[--compact->visits.count];
	size_t index = visit->task->index;
	/* In whichever order they have been started. */
	uint64_t below = 0, hash = hash_task(compact, visit->task);
	for (size_t i = 0; i < visit->end; i++)
		below += hash_mix(1, hash_of_edge(compact, visit->edges[i]));
	hash = hash_mix(hash, below);
	compact->hashes[index] = hash ? hash : 1;
	compact->hashed[index] = HASHED;
}

static void hash_tree(struct compact *compact, const struct task *root)
{
	begin_visit(compact, root);
	while (compact->visits.count && output_goes_on(compact->out) && !compact->no_memory) {
		struct visit *visit = &compact->visits.items[compact->visits.count - 1];
		if (visit->next == visit->end) {
			end_visit(compact);
			continue;
		}
		const struct task *child = visit->edges[visit->next++]->task;
		if (compact->hashed[child->index] == NOT_HASHED)
			begin_visit(compact, child);
	}
}

/* Neither it nor what hangs from it alone is drawn. */
static void cover(struct compact *compact, const struct task *task)
{
	if (!array_push(&compact->pile, task))
		compact->no_memory = true;
	while (compact->pile.count && output_goes_on(compact->out) && !compact->no_memory) {
		struct edge **edges;
		task = compact->pile.items[--compact->pile.count];
		if (compact->drawn[task->index] != NOT_DRAWN)
			continue;
		compact->drawn[task->index] = COVERED;
		size_t count = view_awaited(compact->view, task, &edges);
		for (size_t i = 0; i < count; i++) {
			if (!is_shared(compact, edges[i]->task) &&
			    !array_push(&compact->pile, edges[i]->task))
				compact->no_memory = true;
		}
	}
}

/* Count a sibling: it stands for itself, or the first one with its hash does. */
static void fold(struct compact *compact, struct addrmap *first, const struct task *task,
		 uint64_t hash)
{
	if (is_shared(compact, task) || compact->drawn[task->index] != NOT_DRAWN) {
		compact->counts[task->index] = 1;
		return;
	}
	const struct task *known = addrmap_get(first, hash);
	if (known) {
		compact->counts[known->index]++;
		cover(compact, task);
		return;
	}
	compact->counts[task->index] = 1;
	if (!addrmap_put(first, hash, (void *)(uintptr_t)task))
		compact->no_memory = true;
}

static void fold_edges(struct compact *compact, struct edge **edges, size_t count)
{
	struct addrmap first = {0};
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = hash_of_edge(compact, edges[i]);
		if (count == 1)
			compact->counts[edges[i]->task->index] = 1;
		else
			fold(compact, &first, edges[i]->task, hash ? hash : 1);
	}
	addrmap_deinit(&first);
}

/* ---- lines ---- */

static void begin_line(struct compact *compact, size_t indent)
{
	output_fill(compact->out, ' ', 4 * indent);
}

static void write_place(struct compact *compact, const struct location *location)
{
	struct output *out = compact->out;
	output_safe_as(out, AIODBG_ROLE_FUNCTION, place_function(location->function),
		       LIMIT_NAME_SHOWN);
	if (!location->code->is_compiled) {
		output_text(out, " ");
		output_place(out, framing_path(compact->view->framing, location->code),
			     location->position.line);
	} else if (location->position.line >= 0) {
		output_format(out, ":%" PRId32, location->position.line);
	}
}

/* What it waits for may be what hangs below it, in a roundabout way: of an event that has no name that
 * is all there is to say. */
static bool is_seen_below(const struct compact *compact, const struct task *task)
{
	struct edge **edges;
	if (!view_awaited(compact->view, task, &edges))
		return false;
	const struct wait *wait = &compact->snap->waits->of_tasks[task->index];
	switch (wait->kind) {
	case WAIT_TASK:
	case WAIT_GATHER:
	case WAIT_GROUP:
	case WAIT_SHIELD:
		return edge_waits(edges[0]);
	case WAIT_FUTURE:
	case WAIT_EVENT:
	case WAIT_UNKNOWN:
		return !wait->object || !wait->object->expression;
	default:
		return false;
	}
}

/* Wider lines are two; those that are wider than the terminal, too. */
#define WIDE 100

static size_t wide(const struct output *out)
{
	uint32_t width = out->sink->width;
	return width && width < WIDE ? width : WIDE;
}

static const char arrow[] = "    <- ";

/* Bytes up to the last comma within so many columns; 0: there is none. */
static size_t up_to_comma(const char *text, size_t len, size_t room)
{
	size_t found = 0;
	for (size_t i = 1; i + 1 < len && output_width(text, i) <= room; i++) {
		if (text[i - 1] == ',' && text[i] == ' ')
			found = i;
	}
	return found;
}

/* A reason; what a terminal has no room for goes on below. */
static void write_folded(struct compact *compact, const char *text, size_t len, size_t indent)
{
	struct output *out = compact->out;
	size_t width = out->sink->width, room = width > 4 * indent ? width - 4 * indent : 0;
	while (output_width(text, len) > room) {
		size_t part = up_to_comma(text, len, room);
		if (!part)
			break;
		output_bytes(out, text, part);
		output_text(out, "\n");
		begin_line(compact, indent);
		output_fill(out, ' ', sizeof(arrow) - 1);
		if (room == width - 4 * indent)
			room -= sizeof(arrow) - 1 < room ? sizeof(arrow) - 1 : room;
		text += part + 1;
		len -= part + 1;
	}
	output_bytes(out, text, len);
}

/* On the line that begins there, or on one of its own if that would get too wide. */
static void write_reason(struct compact *compact, const struct task *task, size_t indent,
			 size_t start)
{
	struct output *out = compact->out;
	char reason[2048];
	if (!compact->snap->waits || !task_is_pending(task) || is_seen_below(compact, task))
		return;
	size_t before = out->used, flushes = out->flushes;
	output_text(out, arrow);
	reason_write_task(out, compact->snap, task);
	size_t len = out->used - before;
	if (out->flushes != flushes || before < start || before - start <= 4 * indent ||
	    len > sizeof(reason) ||
	    output_width(out->buffer + start, out->used - start) <= wide(out))
		return;
	memcpy(reason, out->buffer + before, len);
	out->used = before;
	output_text(out, "\n");
	begin_line(compact, indent);
	write_folded(compact, reason, len, indent);
}

/* Where the thread is that works for a task. */
static void write_thread(struct compact *compact, const struct task *task, size_t indent)
{
	ptrdiff_t thread = chains_thread(compact->snap, task);
	const struct thread_facts *facts = thread >= 0 ? &compact->snap->waits->threads[thread]
						       : NULL;
	for (size_t i = facts ? facts->depth : 0; i > 0; i--) {
		const struct location *location = facts->stack[i - 1];
		if (!own_is(&compact->view->framing->own, location->code))
			continue;
		begin_line(compact, indent);
		write_place(compact, location);
		output_text(compact->out, "\n");
	}
}

static void write_frames(struct compact *compact, const struct task *task, size_t indent)
{
	struct framing *framing = compact->view->framing;
	if (!framing_apply(framing, task->stack, task->depth, NULL, &compact->shown))
		compact->no_memory = true;
	for (size_t i = 0; i < compact->shown.count; i++) {
		const struct shown_frame *one = &compact->shown.items[i];
		size_t start = compact->out->used;
		begin_line(compact, indent);
		if (one->count == 1)
			write_place(compact, task->stack[one->first]);
		else
			framing_write_run(compact->out, framing, task->stack, one);
		if (!one->first)
			write_reason(compact, task, indent, start);
		output_text(compact->out, "\n");
	}
	write_thread(compact, task, indent + 1);
}

static void write_called(struct compact *compact, const struct task *task)
{
	output_text(compact->out, "(T) ");
	task_write_name(compact->out, task, false);
	if (task->has_namesake || task->problems)
		output_format(compact->out, " 0x%" PRIx64, task->id);
}

static void write_marks(struct compact *compact, const struct task *task, const struct edge *edge)
{
	struct output *out = compact->out;
	const char *state = view_state(compact->snap, task);
	if (task->state != AIODBG_TASK_PENDING || task->cancel_requests > 0)
		output_format(out, " [%s]", state);
	if (task->is_copy)
		output_text(out, " [copied by fork]");
	if (edge && !edge_waits(edge))
		output_text(out, " [started here]");
	if (edge && is_shared(compact, task) && !task->knot)
		output_format(out, " [awaited by %zu tasks]", count_awaiters(compact, task));
	if (!task->problems)
		return;
	output_text(out, ": ");
	output_safe(out, task->problems->message, AIODBG_MESSAGE_MAX);
}

/* ---- tasks ---- */

static bool is_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void push_children(struct compact *compact, const struct task *task, size_t indent,
			  const char *request)
{
	struct compact_level level = {.indent = indent, .request = request};
	level.end = view_awaited(compact->view, task, &level.edges);
	if (!level.end)
		return;
	fold_edges(compact, level.edges, level.end);
	if (!array_push(&compact->levels, level))
		compact->no_memory = true;
}

static void write_reference(struct compact *compact, const struct task *task,
			    const struct edge *edge)
{
	bool cycle = task->knot && edge && edge->awaiter && task->knot == edge->awaiter->knot;
	write_called(compact, task);
	if (compact->drawn[task->index] == TO_CONTINUE)
		output_text(compact->out, " [see below]\n");
	else
		output_text(compact->out, cycle ? " [cycle: see above]\n" : " [see above]\n");
}

static void write_task(struct compact *compact, const struct task *task, const struct edge *edge,
		       size_t indent, const char *request)
{
	struct output *out = compact->out;
	bool continued = compact->drawn[task->index] == TO_CONTINUE;
	begin_line(compact, indent);
	if (edge && compact->drawn[task->index] != NOT_DRAWN) {
		write_reference(compact, task, edge);
		return;
	}
	if (compact->counts[task->index] > 1)
		output_format(out, "%zu x ", compact->counts[task->index]);
	write_called(compact, task);
	if (task->request && !is_same(task->request, request)) {
		output_text(out, "  ");
		output_safe(out, task->request, LIMIT_NAME_SHOWN);
	}
	write_marks(compact, task, edge);
	if (edge && indent >= LIMIT_TREE_LEVELS) {
		output_text(out, " [continued below]\n");
		compact->drawn[task->index] = TO_CONTINUE;
		if (!array_push(&compact->to_continue, task))
			compact->no_memory = true;
		return;
	}
	if (continued)
		output_text(out, " [continued from above]");
	if (!task->depth)
		write_reason(compact, task, indent + 1, out->used);
	output_text(out, "\n");
	compact->drawn[task->index] = DRAWN;
	write_frames(compact, task, indent + 1);
	push_children(compact, task, indent + 1, task->request ? task->request : request);
}

static void write_root(struct compact *compact, const struct task *root)
{
	write_task(compact, root, NULL, 0, NULL);
	while (compact->levels.count && output_goes_on(compact->out) && !compact->no_memory) {
		struct compact_level *level = &compact->levels.items[compact->levels.count - 1];
		if (level->next == level->end) {
			compact->levels.count--;
			continue;
		}
		const struct edge *edge = level->edges[level->next++];
		size_t indent = level->indent;
		const char *request = level->request;
		if (compact->drawn[edge->task->index] != COVERED)
			write_task(compact, edge->task, edge, indent, request);
	}
}

static void write_tree(struct compact *compact, const struct task *root)
{
	size_t next = 0;
	write_root(compact, root);
	while (next < compact->to_continue.count && !compact->out->status && !compact->no_memory)
		write_root(compact, compact->to_continue.items[next++]);
	compact->to_continue.count = 0;
}

static bool is_root(const struct compact *compact, const struct task *task)
{
	for (size_t i = 0; i < task->awaiter_count; i++) {
		const struct task *awaiter = task->awaiters[i].awaiter;
		if (awaiter && view_shows(compact->view, awaiter))
			return false;
	}
	return true;
}

static void hash_all(struct compact *compact)
{
	size_t count = view_count(compact->view);
	for (size_t i = 0; i < count && output_goes_on(compact->out) && !compact->no_memory; i++) {
		const struct task *task = view_task(compact->view, i);
		compact->counts[task->index] = 1;
		if (compact->hashed[task->index] == NOT_HASHED)
			hash_tree(compact, task);
	}
}

static void fold_roots(struct compact *compact)
{
	struct addrmap first = {0};
	size_t count = view_count(compact->view);
	for (size_t i = 0; i < count && output_goes_on(compact->out) && !compact->no_memory; i++) {
		const struct task *task = view_task(compact->view, i);
		if (is_root(compact, task))
			fold(compact, &first, task, compact->hashes[task->index]);
	}
	addrmap_deinit(&first);
}

/* As the other tree: roots, then circles, then what only these lead to. */
static void write_all(struct compact *compact)
{
	size_t count = view_count(compact->view);
	hash_all(compact);
	fold_roots(compact);
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < count && output_goes_on(compact->out) && !compact->no_memory;
		     i++) {
			const struct task *task = view_task(compact->view, i);
			bool wanted = pass == 2 ||
				      (pass ? task->knot != 0 : is_root(compact, task));
			if (wanted && compact->drawn[task->index] == NOT_DRAWN)
				write_tree(compact, task);
		}
	}
}

int render_compact(const struct view *view, struct output *out)
{
	size_t count = view->snap->tasks.count + 1;
	struct compact compact = {
		.view = view,
		.snap = view->snap,
		.out = out,
		.hashes = calloc(count, sizeof(*compact.hashes)),
		.hashed = calloc(count, sizeof(*compact.hashed)),
		.drawn = calloc(count, sizeof(*compact.drawn)),
		.counts = calloc(count, sizeof(*compact.counts)),
	};
	if (!compact.hashes || !compact.hashed || !compact.drawn || !compact.counts)
		compact.no_memory = true;
	else
		write_all(&compact);
	free(compact.hashes);
	free(compact.hashed);
	free(compact.drawn);
	free(compact.counts);
	array_deinit(&compact.visits);
	array_deinit(&compact.levels);
	array_deinit(&compact.pile);
	array_deinit(&compact.to_continue);
	array_deinit(&compact.shown);
	return compact.no_memory ? AIODBG_NO_MEMORY : 0;
}
