/* SPDX-License-Identifier: MIT */
/*
 * What a snapshot holds, for callers: aiodbg_snapshot_*() of aiodbg.h. Public structs are
 * filled from our own, which can change as they like.
 */
#include "aiodbg.h"

#include "base/error.h"
#include "snapshot/detail.h"
#include "snapshot/find.h"
#include "snapshot/graph.h"

#include <string.h>

/*
 * Hands out info, which is of our size, to a caller whose struct may be of an older or newer
 * header: what it has no room for is left out, what we do not know stays as it is.
 */
#define give(ret, info)                                                                            \
	({                                                                                         \
		size_t size_ = (ret)->size < sizeof(info) ? (ret)->size : sizeof(info);            \
		(info).size = (ret)->size;                                                         \
		memcpy((ret), &(info), size_);                                                     \
		0;                                                                                 \
	})

/* The least that a struct has: its size and what the first header had behind it. */
#define has_size(ret, last)                                                                        \
	((ret)->size >= offsetof(__typeof__(*(ret)), last) + sizeof((ret)->last))

int aiodbg_snapshot_describe(const struct aiodbg_snapshot *snap, struct aiodbg_snapshot_info *ret)
{
	if (!has_size(ret, problems))
		return AIODBG_INVALID;
	struct aiodbg_snapshot_info info = {
		.hexversion = snap->version,
		.free_threaded = snap->free_threaded,
		.debug = snap->debug,
		.kind = snap->target_kind,
		.pid = snap->pid,
		.complete = snapshot_is_complete(snap),
		.task_count = snap->tasks.count,
		.thread_count = snap->threads.count,
		.cycle_count = snap->cycles.count,
		.problems = snap->problems,
	};
	for (size_t i = 0; i < snap->tasks.count; i++)
		info.pending_count += task_is_pending(snap->tasks.items[i]);
	return give(ret, info);
}

/* The task's number, or AIODBG_NONE: finished tasks that nobody awaits are not listed. */
static size_t number_of(const struct aiodbg_snapshot *snap, const struct task *task)
{
	const struct tasks *tasks = &snap->tasks;
	if (!task || task->index >= tasks->count || tasks->items[task->index] != task)
		return AIODBG_NONE;
	return task->index;
}

static int give_task(const struct aiodbg_snapshot *snap, const struct task *task,
		     struct aiodbg_task_info *ret)
{
	struct aiodbg_task_info info = {
		.id = task->id,
		.name = task->name,
		.type = task->type,
		.thread = task->thread >= 0 ? (size_t)task->thread : AIODBG_NONE,
		.interpreter = snapshot_interp_id(snap, task->interp),
		.loop = task->loop,
		.state = task->state,
		.cancel_requests = task->cancel_requests,
		.frame_count = task->depth,
		.awaiter_count = task->awaiter_count,
		.awaited_count = task->awaited_count,
		.problems = task->problems,
		.result = task->result,
		.exception = task->exception,
	};
	return give(ret, info);
}

int aiodbg_snapshot_task(const struct aiodbg_snapshot *snap, size_t index,
			 struct aiodbg_task_info *ret)
{
	if (!has_size(ret, problems))
		return AIODBG_INVALID;
	if (index >= snap->tasks.count)
		return AIODBG_NOT_FOUND;
	return give_task(snap, snap->tasks.items[index], ret);
}

int aiodbg_snapshot_frame(const struct aiodbg_snapshot *snap, size_t task, size_t index,
			  struct aiodbg_frame_info *ret)
{
	if (!has_size(ret, end_column))
		return AIODBG_INVALID;
	if (task >= snap->tasks.count || index >= snap->tasks.items[task]->depth)
		return AIODBG_NOT_FOUND;
	const struct location *location = snap->tasks.items[task]->stack[index];
	struct aiodbg_frame_info info = {
		.place = (uintptr_t)location,
		.function = location->function,
		.file = location->code->filename,
		.kind = location->code->kind,
		.line = location->position.line,
		.end_line = location->position.end_line,
		.column = location->position.column,
		.end_column = location->position.end_column,
	};
	return give(ret, info);
}

static int give_edge(const struct edge *edge, struct aiodbg_edge_info *ret)
{
	struct aiodbg_edge_info info = {
		.task = edge->task->index,
		.awaiter = edge->awaiter ? edge->awaiter->index : AIODBG_NONE,
		.awaiter_id = edge->awaiter_id,
		.source = edge->source,
		.via_count = edge->via_count,
		.via = edge->via,
		.group = edge->group,
		.only_started = !edge_waits(edge),
		.frame = AIODBG_NONE,
	};
	if (!edge_waits(edge) && edge->frame < edge->awaiter->depth)
		info.frame = edge->frame;
	return give(ret, info);
}

int aiodbg_snapshot_awaiter(const struct aiodbg_snapshot *snap, size_t task, size_t index,
			    struct aiodbg_edge_info *ret)
{
	if (!has_size(ret, via))
		return AIODBG_INVALID;
	if (task >= snap->tasks.count || index >= snap->tasks.items[task]->awaiter_count)
		return AIODBG_NOT_FOUND;
	return give_edge(&snap->tasks.items[task]->awaiters[index], ret);
}

int aiodbg_snapshot_awaited(const struct aiodbg_snapshot *snap, size_t task, size_t index,
			    struct aiodbg_edge_info *ret)
{
	if (!has_size(ret, via))
		return AIODBG_INVALID;
	if (task >= snap->tasks.count || index >= snap->tasks.items[task]->awaited_count)
		return AIODBG_NOT_FOUND;
	return give_edge(snap->tasks.items[task]->awaited[index], ret);
}

int aiodbg_snapshot_thread(const struct aiodbg_snapshot *snap, size_t index,
			   struct aiodbg_thread_info *ret)
{
	if (!has_size(ret, running_task))
		return AIODBG_INVALID;
	if (index >= snap->threads.count)
		return AIODBG_NOT_FOUND;
	const struct thread *thread = &snap->threads.items[index];
	struct aiodbg_thread_info info = {
		.tid = thread->tid,
		.interpreter = snapshot_interp_id(snap, thread->interp),
		.loop = thread->running_loop,
		.running_task = thread->running_task,
	};
	return give(ret, info);
}

int aiodbg_snapshot_local(const struct aiodbg_snapshot *snap, size_t frame, size_t index,
			  struct aiodbg_local_info *ret)
{
	const struct task_detail *detail = snap->detail;
	if (!has_size(ret, value))
		return AIODBG_INVALID;
	if (!detail || !detail->locals || frame >= detail->task->depth ||
	    index >= detail->locals[frame].count)
		return AIODBG_NOT_FOUND;
	struct aiodbg_local_info info = {
		.name = detail->locals[frame].items[index].name,
		.value = detail->locals[frame].items[index].value,
	};
	return give(ret, info);
}

int aiodbg_snapshot_cycle(const struct aiodbg_snapshot *snap, size_t index,
			  struct aiodbg_cycle_info *ret)
{
	if (!has_size(ret, deadlock))
		return AIODBG_INVALID;
	if (index >= snap->cycles.count)
		return AIODBG_NOT_FOUND;
	const struct cycle *cycle = &snap->cycles.items[index];
	struct aiodbg_cycle_info info = {.task_count = cycle->count, .deadlock = cycle->deadlock};
	return give(ret, info);
}

int aiodbg_snapshot_cycle_task(const struct aiodbg_snapshot *snap, size_t cycle, size_t index,
			       size_t *ret)
{
	if (cycle >= snap->cycles.count || index >= snap->cycles.items[cycle].count)
		return AIODBG_NOT_FOUND;
	*ret = snap->cycles.items[cycle].tasks[index]->index;
	return 0;
}

int aiodbg_snapshot_find(const struct aiodbg_snapshot *snap, const char *text,
			 struct aiodbg_error *err, size_t *ret)
{
	struct work work = {0};
	struct task *task;
	int status = find_task(snap, text, &work, err, &task);
	if (!status)
		*ret = task->index;
	return status;
}

int aiodbg_snapshot_complete(const struct aiodbg_snapshot *snap, const char *word, int unicode,
			     size_t *from, char *buf, size_t size)
{
	return find_completion(snap, word, unicode, from, buf, size);
}

int aiodbg_graph_node(const struct aiodbg_snapshot *snap, uint64_t id,
		      const struct aiodbg_graph_options *options, int is_root,
		      struct aiodbg_graph_node *ret)
{
	if (!has_size(ret, link_count) || (options && options->size < sizeof(*options)))
		return AIODBG_INVALID;
	const struct node *node = graph_find(snap->graph, id);
	if (!node)
		return AIODBG_NOT_FOUND;
	struct aiodbg_graph_node info = {
		.id = node->addr,
		.is_task = node->task != NULL,
		.task = number_of(snap, node->task),
		.link_count = node->link_count,
	};
	if (node->task)
		graph_call_stack(node->task, options ? options : &graph_defaults, is_root,
				 &info.first_frame, &info.end_frame);
	return give(ret, info);
}

int aiodbg_graph_task(const struct aiodbg_snapshot *snap, uint64_t id, struct aiodbg_task_info *ret)
{
	if (!has_size(ret, problems))
		return AIODBG_INVALID;
	const struct node *node = graph_find(snap->graph, id);
	return node && node->task ? give_task(snap, node->task, ret) : AIODBG_NOT_FOUND;
}

int aiodbg_graph_link(const struct aiodbg_snapshot *snap, uint64_t id, size_t index,
		      struct aiodbg_graph_link *ret)
{
	if (!has_size(ret, is_shown))
		return AIODBG_INVALID;
	const struct node *node = graph_find(snap->graph, id);
	if (!node || index >= node->link_count)
		return AIODBG_NOT_FOUND;
	const struct link *link = &snap->graph->links.items[node->first_link + index];
	struct aiodbg_graph_link info = {
		.awaiter_id = link->to->addr,
		.source = link->source,
		.is_shown = graph_shows(snap, link),
	};
	return give(ret, info);
}
