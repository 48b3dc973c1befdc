/* SPDX-License-Identifier: MIT */
/* Edges and cycles. See snapshot/graph.h. */
#include "snapshot/graph.h"

#include "base/ceilings.h"
#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

void graph_init(struct graph *graph, struct arena *arena)
{
	memset(graph, 0, sizeof(*graph));
	graph->arena = arena;
}

void graph_deinit(struct graph *graph)
{
	addrmap_deinit(&graph->index);
	array_deinit(&graph->nodes);
	array_deinit(&graph->links);
}

struct node *graph_find(struct graph *graph, uint64_t addr)
{
	return addrmap_get(&graph->index, addr);
}

struct node *graph_add(struct graph *graph, uint64_t addr, struct task *task)
{
	struct node *node = arena_alloc(graph->arena, sizeof(*node));
	if (!node)
		return NULL;
	node->addr = addr;
	node->task = task;
	node->index = (uint32_t)graph->nodes.count;
	if (!array_push(&graph->nodes, node) || !addrmap_put(&graph->index, addr, node))
		return NULL;
	return node;
}

/* ---- what call graphs show ---- */

const struct aiodbg_graph_options graph_defaults = {
	.size = sizeof(graph_defaults),
	.depth = 1,
};

bool graph_shows(const struct aiodbg_snapshot *snap, const struct link *link)
{
	return !snap->records_awaiters || link->source & AIODBG_SOURCE_AWAITED_BY;
}

void graph_call_stack(const struct task *task, const struct aiodbg_graph_options *options,
		      bool is_root, size_t *first, size_t *end)
{
	bool running = task->state == AIODBG_TASK_RUNNING;
	*first = 0;
	*end = task->depth;
	if (!running)
		*first = task->depth - task->coroutines;
	else if (is_root && options->depth > 1)
		*first = options->depth - 1 < *end ? options->depth - 1 : *end;
	size_t limit = (size_t)llabs(options->limit);
	if (options->has_limit && *end - *first > limit) {
		if (options->limit < 0)
			*end = *first + limit;
		else
			*first = *end - limit;
	}
}

/* ---- from nodes to edges ---- */

/* A future on the way from a task to those who are woken by it. */
struct step {
	struct node *node;
	size_t next_link;
	/* What all links so far have in common. */
	unsigned int source;
};

/* Where an edge goes among those of its task. */
struct place {
	uint64_t key;
	size_t edge;
};

ARRAY(steps, struct step);
ARRAY(edges, struct edge);
ARRAY(places, struct place);

struct resolver {
	struct graph *graph;
	struct reader *reader;
	struct steps steps;
	/* Of the task at hand. */
	struct edges edges;
	struct places places;
	size_t edge_count;
	bool limit_reached;
	/* Why it cannot go on, unless that is memory. */
	int status;
};

static int no_memory(const struct arena *arena)
{
	return arena->full ? AIODBG_TOO_MUCH : AIODBG_NO_MEMORY;
}

/*
 * The source of a way of several links: what all of them agree in. Where they do not, the
 * first decides, since it is the task's own.
 */
static unsigned int join_sources(unsigned int way, unsigned int link)
{
	return way & link ? way & link : way;
}

/* The futures that the way has come through. */
static bool copy_via(struct resolver *resolver, struct edge *edge)
{
	size_t count = resolver->steps.count - 1;
	if (!count)
		return true;
	uint64_t *via = arena_alloc(resolver->graph->arena, count * sizeof(*via));
	if (!via)
		return false;
	for (size_t i = 0; i < count; i++)
		via[i] = resolver->steps.items[i + 1].node->addr;
	edge->via = via;
	edge->via_count = count;
	return true;
}

static bool add_edge(struct resolver *resolver, struct task *task, const struct link *link,
		     unsigned int source)
{
	struct node *to = link->to;
	/* Only the task itself is of a group, no future on the way. */
	uint64_t group = resolver->steps.count == 1 ? link->group : 0;
	if (to->reached_for == task) {
		struct edge *known = &resolver->edges.items[to->edge];
		/* The way through futures is the one that tells more. */
		if (!known->via_count && !copy_via(resolver, known))
			return false;
		known->source |= source;
		/* What awaits it in another way as well waits for it. */
		if (!group)
			known->group = 0;
		return true;
	}
	if (resolver->edge_count >= LIMIT_EDGES) {
		resolver->limit_reached = true;
		return true;
	}
	struct edge edge = {
		.task = task,
		.awaiter = to->task,
		.awaiter_id = to->addr,
		.source = source,
		.group = group,
	};
	if (!copy_via(resolver, &edge) || !array_push(&resolver->edges, edge))
		return false;
	to->reached_for = task;
	to->edge = (uint32_t)resolver->edges.count - 1;
	resolver->edge_count++;
	return true;
}

/* Goes on to a future that was not yet reached for this task, or ends there. */
static bool enter_future(struct resolver *resolver, struct task *task, const struct link *link,
			 unsigned int source)
{
	struct node *to = link->to;
	if (!to->link_count)
		return add_edge(resolver, task, link, source);
	if (to->reached_for == task)
		return true;
	if (resolver->steps.count > LIMIT_FUTURES_BETWEEN) {
		resolver->limit_reached = true;
		return true;
	}
	to->reached_for = task;
	struct step step = {.node = to, .source = source};
	return array_push(&resolver->steps, step);
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->key < y->key ? -1 : x->key > y->key;
}

/* The edges of one task go by the order of the tasks that await it, which were found in another;
 * what is no task comes last, by its address. */
static bool copy_edges(struct resolver *resolver, struct task *task)
{
	const struct edge *edges = resolver->edges.items;
	size_t count = resolver->edges.count;
	resolver->places.count = 0;
	for (size_t i = 0; i < count; i++) {
		struct place place = {edges[i].awaiter_id | 1ull << 63, i};
		if (edges[i].awaiter)
			place.key = edges[i].awaiter->index;
		if (!array_push(&resolver->places, place))
			return false;
	}
	if (count > 1)
		resolver->status = sort_array(&resolver->reader->work, &resolver->places,
					      compare_places);
	if (resolver->status)
		return false;
	task->awaiters = arena_alloc(resolver->graph->arena, count * sizeof(struct edge));
	if (!task->awaiters)
		return false;
	for (size_t i = 0; i < count; i++)
		task->awaiters[i] = edges[resolver->places.items[i].edge];
	task->awaiter_count = count;
	return true;
}

/* All who await one task, depth first, each future once. */
static bool resolve_task(struct resolver *resolver, struct node *start)
{
	struct task *task = start->task;
	struct step first = {.node = start,
			     .source = AIODBG_SOURCE_AWAITED_BY | AIODBG_SOURCE_CALLBACK};
	resolver->edges.count = 0;
	resolver->steps.count = 0;
	if (!array_push(&resolver->steps, first))
		return false;
	while (resolver->steps.count) {
		struct step *step = &resolver->steps.items[resolver->steps.count - 1];
		if (step->next_link == step->node->link_count) {
			resolver->steps.count--;
			continue;
		}
		const struct link *link =
			&resolver->graph->links.items[step->node->first_link + step->next_link++];
		unsigned int source = join_sources(step->source, link->source);
		bool done = link->to->task ? add_edge(resolver, task, link, source)
					   : enter_future(resolver, task, link, source);
		if (done)
			resolver->status = work_step(&resolver->reader->work);
		if (!done || resolver->status)
			return false;
	}
	return !resolver->edges.count || copy_edges(resolver, task);
}

int graph_resolve(struct graph *graph, struct reader *reader)
{
	struct resolver resolver = {.graph = graph, .reader = reader};
	bool done = true;
	for (size_t i = 0; done && i < graph->nodes.count; i++) {
		if (graph->nodes.items[i]->task)
			done = resolve_task(&resolver, graph->nodes.items[i]);
	}
	array_deinit(&resolver.steps);
	array_deinit(&resolver.edges);
	array_deinit(&resolver.places);
	if (!done)
		return resolver.status ? resolver.status : no_memory(graph->arena);
	return resolver.limit_reached ? AIODBG_LIMIT : 0;
}

static int collect_awaited(struct arena *arena, const struct tasks *tasks, struct reader *reader)
{
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		const struct task *task = tasks->items[i];
		status = work_charge(&reader->work, 1 + task->awaiter_count / 16);
		for (size_t k = 0; k < task->awaiter_count; k++) {
			if (task->awaiters[k].awaiter)
				task->awaiters[k].awaiter->awaited_count++;
		}
	}
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		status = work_step(&reader->work);
		if (status || !task->awaited_count)
			continue;
		task->awaited = arena_alloc(arena, task->awaited_count * sizeof(struct edge *));
		if (!task->awaited)
			return no_memory(arena);
		task->awaited_count = 0;
	}
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		status = work_charge(&reader->work, 1 + task->awaiter_count / 16);
		for (size_t k = 0; k < task->awaiter_count; k++) {
			struct task *awaiter = task->awaiters[k].awaiter;
			if (awaiter)
				awaiter->awaited[awaiter->awaited_count++] = &task->awaiters[k];
		}
	}
	return status;
}

int graph_collect_awaited(struct arena *arena, const struct tasks *tasks, struct reader *reader)
{
	int status = collect_awaited(arena, tasks, reader);
	for (size_t i = 0; status && i < tasks->count; i++) {
		tasks->items[i]->awaited = NULL;
		tasks->items[i]->awaited_count = 0;
	}
	return status;
}

/* ---- cycles ---- */

/*
 * Tarjan's strongly connected components, iterative: a task is in a knot if it can reach
 * itself. On the way, an edge to a task that is still on the path closes a cycle, which
 * is the path from there on.
 */
struct visit {
	struct task *task;
	size_t next;
};

ARRAY(visits, struct visit);

struct cycle_finder {
	struct arena *arena;
	struct reader *reader;
	struct cycles *cycles;
	/* Per task, by index: order of discovery from 1 on, and the lowest that it reaches. */
	size_t *order, *low;
	/* Per task: place in path from 1 on while it is there. */
	size_t *place;
	size_t next_order;
	/* The path from the start, and Tarjan's stack. */
	struct visits path;
	struct tasks open;
	bool *is_open;
	size_t listed_tasks;
	bool limit_reached;
	int status;
};

/* Whether the edge that the path has followed from here is a real wait: callbacks wake, records
 * may be stale; that of a group wakes its owner where that waits for the group. */
static bool is_real_wait(const struct visit *visit)
{
	const struct edge *edge = visit->task->awaited[visit->next - 1];
	return edge->source & AIODBG_SOURCE_CALLBACK && edge->in_group != EDGE_IN_GROUP;
}

static bool list_cycle(struct cycle_finder *finder, size_t from)
{
	size_t count = finder->path.count - from;
	if (finder->cycles->count >= LIMIT_CYCLES ||
	    finder->listed_tasks + count > LIMIT_CYCLE_TASKS) {
		finder->limit_reached = true;
		return true;
	}
	struct cycle cycle = {.count = count, .deadlock = true};
	cycle.tasks = arena_alloc(finder->arena, count * sizeof(struct task *));
	if (!cycle.tasks)
		return false;
	for (size_t i = 0; i < count; i++)
		cycle.tasks[i] = finder->path.items[from + i].task;
	for (size_t i = 0; i < count; i++) {
		if (!is_real_wait(&finder->path.items[from + i]))
			cycle.deadlock = false;
	}
	finder->listed_tasks += count;
	return array_push(finder->cycles, cycle);
}

static bool enter(struct cycle_finder *finder, struct task *task)
{
	struct visit visit = {.task = task};
	finder->order[task->index] = finder->low[task->index] = ++finder->next_order;
	finder->is_open[task->index] = true;
	if (!array_push(&finder->path, visit) || !array_push(&finder->open, task))
		return false;
	finder->place[task->index] = finder->path.count;
	return true;
}

static void lower(size_t *low, size_t value)
{
	if (value < *low)
		*low = value;
}

/* All that the last task of the path awaits was seen: is it the root of a knot? */
static void leave(struct cycle_finder *finder)
{
	struct task *task = finder->path.items[--finder->path.count].task;
	finder->place[task->index] = 0;
	if (finder->path.count) {
		const struct task *parent = finder->path.items[finder->path.count - 1].task;
		lower(&finder->low[parent->index], finder->low[task->index]);
	}
	if (finder->low[task->index] != finder->order[task->index])
		return;
	bool alone = finder->open.items[finder->open.count - 1] == task;
	struct task *member;
	do {
		member = finder->open.items[--finder->open.count];
		finder->is_open[member->index] = false;
		if (!alone)
			member->knot = task->index + 1;
	} while (member != task);
}

static bool follow(struct cycle_finder *finder, struct task *start)
{
	bool done = enter(finder, start);
	while (done && finder->path.count) {
		finder->status = work_step(&finder->reader->work);
		if (finder->status)
			return false;
		struct visit *visit = &finder->path.items[finder->path.count - 1];
		struct task *task = visit->task;
		if (visit->next == task->awaited_count) {
			leave(finder);
			continue;
		}
		const struct edge *edge = task->awaited[visit->next++];
		struct task *to = edge->task;
		if (!edge_waits(edge))
			continue;
		if (!finder->order[to->index]) {
			done = enter(finder, to);
			continue;
		}
		if (finder->is_open[to->index])
			lower(&finder->low[task->index], finder->order[to->index]);
		if (finder->place[to->index])
			done = list_cycle(finder, finder->place[to->index] - 1);
		/* A task that awaits itself is a cycle of one. */
		if (to == task)
			task->knot = task->index + 1;
	}
	return done;
}

int graph_find_cycles(struct arena *arena, const struct tasks *tasks, struct reader *reader,
		      struct cycles *ret)
{
	struct cycle_finder finder = {.arena = arena, .reader = reader, .cycles = ret};
	size_t count = tasks->count + 1;
	finder.order = calloc(count, sizeof(size_t));
	finder.low = calloc(count, sizeof(size_t));
	finder.place = calloc(count, sizeof(size_t));
	finder.is_open = calloc(count, sizeof(bool));
	bool done = finder.order && finder.low && finder.place && finder.is_open;
	for (size_t i = 0; done && i < tasks->count; i++) {
		if (!finder.order[i])
			done = follow(&finder, tasks->items[i]);
	}
	free(finder.order);
	free(finder.low);
	free(finder.place);
	free(finder.is_open);
	array_deinit(&finder.path);
	array_deinit(&finder.open);
	if (!done)
		return finder.status ? finder.status : no_memory(arena);
	return finder.limit_reached ? AIODBG_LIMIT : 0;
}
