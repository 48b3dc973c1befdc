/* SPDX-License-Identifier: MIT */
/* Snapshots made by hand. See snapshots.h. */
#include "snapshots.h"

#include "snapshot/graph.h"

static void *allocate(struct aiodbg_snapshot *snap, size_t size)
{
	void *memory = arena_alloc(&snap->arena, size);
	ck_assert_ptr_nonnull(memory);
	return memory;
}

/* count items and one more. */
static void *longer(struct aiodbg_snapshot *snap, const void *items, size_t count, size_t size)
{
	void *copy = allocate(snap, (count + 1) * size);
	if (count)
		memcpy(copy, items, count * size);
	return copy;
}

void snapshot_init(struct aiodbg_snapshot *snap)
{
	memset(snap, 0, sizeof(*snap));
	ck_assert(arena_init(&snap->arena));
	snap->version = 0x030e0af0;
	snap->target_kind = AIODBG_TARGET_PROCESS;
	snap->pid = 4242;
	snap->asyncio_loaded = true;
	struct interp interp = {.addr = 0x100, .id = 0};
	struct thread thread = {.addr = 0x200, .tid = 4242, .running_loop = 0x300};
	snap->records_awaiters = true;
	snap->graph = allocate(snap, sizeof(*snap->graph));
	graph_init(snap->graph, &snap->arena);
	ck_assert(array_push(&snap->interps, interp) && array_push(&snap->threads, thread));
}

void snapshot_deinit(struct aiodbg_snapshot *snap)
{
	array_deinit(&snap->interps);
	array_deinit(&snap->threads);
	array_deinit(&snap->tasks);
	array_deinit(&snap->cycles);
	array_deinit(&snap->busy_loops);
	graph_deinit(snap->graph);
	arena_deinit(&snap->arena);
}

struct task *snapshot_task(struct aiodbg_snapshot *snap, const char *name)
{
	struct task *task = allocate(snap, sizeof(*task));
	task->index = snap->tasks.count;
	task->id = 0x1000 * (task->index + 1);
	task->name = name;
	task->type = "Task";
	task->loop = 0x300;
	task->state = AIODBG_TASK_PENDING;
	ck_assert_ptr_nonnull(graph_add(snap->graph, task->id, task));
	ck_assert(array_push(&snap->tasks, task));
	return task;
}

struct location *snapshot_frame(struct aiodbg_snapshot *snap, struct task *task,
				const char *function, const char *file, int line)
{
	struct code *code = allocate(snap, sizeof(*code));
	code->kind = AIODBG_FRAME_COROUTINE;
	code->name = function;
	code->filename = file;
	struct location *location = allocate(snap, sizeof(*location));
	location->code = code;
	location->function = function;
	location->position = (struct position){line, line, 4, 8};
	task->stack = longer(snap, task->stack, task->depth, sizeof(*task->stack));
	task->stack[task->depth++] = location;
	task->coroutines = task->depth;
	return location;
}

struct edge *snapshot_edge(struct aiodbg_snapshot *snap, struct task *task, struct task *awaiter,
			   unsigned int source)
{
	task->awaiters = longer(snap, task->awaiters, task->awaiter_count, sizeof(struct edge));
	struct edge *edge = &task->awaiters[task->awaiter_count++];
	*edge = (struct edge){
		.task = task,
		.awaiter = awaiter,
		.awaiter_id = awaiter ? awaiter->id : 0xf00,
		.source = source,
	};
	return edge;
}

void snapshot_problem(struct aiodbg_snapshot *snap, struct aiodbg_problem **list, uint64_t addr,
		      const char *message)
{
	struct aiodbg_problem *problem = allocate(snap, sizeof(*problem));
	*problem = (struct aiodbg_problem){
		.code = AIODBG_CORRUPT,
		.has_address = addr != 0,
		.address = addr,
		.message = message,
	};
	while (*list)
		list = &(*list)->next;
	*list = problem;
}

void snapshot_cycle(struct aiodbg_snapshot *snap, bool deadlock, struct task **tasks, size_t count)
{
	struct cycle cycle = {.count = count, .deadlock = deadlock};
	cycle.tasks = allocate(snap, count * sizeof(*cycle.tasks));
	memcpy(cycle.tasks, tasks, count * sizeof(*cycle.tasks));
	for (size_t i = 0; i < count; i++)
		tasks[i]->knot = tasks[0]->index + 1;
	ck_assert(array_push(&snap->cycles, cycle));
}

/* The links that the edges of a task would come from. */
static void add_links(struct aiodbg_snapshot *snap, const struct task *task)
{
	struct graph *graph = snap->graph;
	/* The id may have been changed since it was added. */
	struct node *node = graph->nodes.items[task->index];
	node->first_link = (uint32_t)graph->links.count;
	node->link_count = (uint32_t)task->awaiter_count;
	for (size_t i = 0; i < task->awaiter_count; i++) {
		const struct edge *edge = &task->awaiters[i];
		struct link link = {.source = edge->source};
		if (edge->awaiter)
			link.to = graph->nodes.items[edge->awaiter->index];
		else
			link.to = graph_find(graph, edge->awaiter_id);
		if (!link.to)
			link.to = graph_add(graph, edge->awaiter_id, NULL);
		ck_assert(link.to && array_push(&graph->links, link));
	}
}

void snapshot_finish(struct aiodbg_snapshot *snap)
{
	for (size_t i = 0; i < snap->tasks.count; i++) {
		struct task *task = snap->tasks.items[i];
		add_links(snap, task);
		for (size_t k = 0; k < task->awaiter_count; k++) {
			struct edge *edge = &task->awaiters[k];
			struct task *awaiter = edge->awaiter;
			if (!awaiter)
				continue;
			awaiter->awaited = longer(snap, awaiter->awaited, awaiter->awaited_count,
						  sizeof(struct edge *));
			awaiter->awaited[awaiter->awaited_count++] = edge;
		}
	}
}
