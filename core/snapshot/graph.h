/* SPDX-License-Identifier: MIT */
/*
 * Who awaits whom: futures and tasks as they were found, brought down to edges between
 * tasks; and the cycles among those. Knows no layout of Python's.
 */
#ifndef SNAPSHOT_GRAPH_H
#define SNAPSHOT_GRAPH_H

#include "base/addrmap.h"
#include "base/array.h"
#include "snapshot/model.h"

/* A task, or a future that stands between tasks. */
struct node {
	uint64_t addr;
	/* Place in graph.nodes. */
	uint32_t index;
	/* The edge that the node of a task got when it was last reached. */
	uint32_t edge;
	/* NULL for a plain future. */
	struct task *task;
	/* Range in graph.links of those who await it. */
	uint32_t first_link, link_count;
	/* The task for which this node was last reached. */
	const struct task *reached_for;
	/* Of a target that runs on: what it was when it was decoded. */
	uint64_t identity;
};

/* to awaits the node that has this link. */
struct link {
	struct node *to;
	/* enum aiodbg_edge_source. */
	unsigned int source;
	/* What the awaiter was then. */
	uint64_t identity;
	/* The awaiter's task group that owns the node; or 0. */
	uint64_t group;
};

ARRAY(nodes, struct node *);
ARRAY(links, struct link);

struct graph {
	struct arena *arena;
	/* Nodes by address. */
	struct addrmap index;
	struct nodes nodes;
	struct links links;
	/* There is a link with a group. */
	bool has_groups;
};

void graph_init(struct graph *graph, struct arena *arena);
void graph_deinit(struct graph *graph);

/* The node at addr, or NULL. */
struct node *graph_find(struct graph *graph, uint64_t addr);

/* A new node. NULL: no memory. */
struct node *graph_add(struct graph *graph, uint64_t addr, struct task *task);

/*
 * Fill in the awaiters of all tasks, from nodes that have all their links. The edges of a task
 * are in the order of the tasks that await it. The reader is asked whether to go on. Returns 0,
 * AIODBG_NO_MEMORY, what the reader does, or if some were left out AIODBG_LIMIT or
 * AIODBG_TOO_MUCH; the others are there.
 */
int graph_resolve(struct graph *graph, struct reader *reader);

/*
 * The other direction: fill in what each task awaits, from the awaiters of all. Returns the
 * same, but that none is there then.
 */
int graph_collect_awaited(struct arena *arena, const struct tasks *tasks, struct reader *reader);

/* Find the knots and list the cycles. Returns the same. */
int graph_find_cycles(struct arena *arena, const struct tasks *tasks, struct reader *reader,
		      struct cycles *ret);

/* Options of a call graph where the caller gave none. */
extern const struct aiodbg_graph_options graph_defaults;

/* Whether call graphs have that link: CPython's do not have those that only callbacks tell. */
bool graph_shows(const struct aiodbg_snapshot *snap, const struct link *link);

/* The frames of a task that its call graph has: those from *first up to *end. */
void graph_call_stack(const struct task *task, const struct aiodbg_graph_options *options,
		      bool is_root, size_t *first, size_t *end);

#endif
