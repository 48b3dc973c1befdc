/* SPDX-License-Identifier: MIT */
/* Settling what changes while it is read. See snapshot/settle.h. */
#include "snapshot/settle.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "snapshot/builder.h"
#include "snapshot/decode.h"

/* A task that is found once more has not ended. */
static int task_found_again(void *arg, uint64_t addr, ptrdiff_t thread, enum task_source source)
{
	struct builder *builder = arg;
	struct node *node = graph_find(builder->graph, addr);
	(void)thread;
	(void)source;
	if (!node || !node->task || !node->task->ended)
		return 0;
	node->task->found_again = true;
	return decode_again(builder, node);
}

/* Those that were found once more, and could not be read then either, may have ended since. */
static void let_damaged_end(struct builder *builder)
{
	const struct tasks *tasks = &builder->snap->tasks;
	for (size_t i = 0; i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		if (!task->found_again || !task->problems)
			continue;
		task->problems = NULL;
		task->found_again = false;
		task->ended = true;
		builder->snap->damaged_count--;
		builder->ended_count++;
	}
}

int settle_ended(struct builder *builder, const struct task_search *search, size_t interp,
		 const struct modules *modules)
{
	struct task_search again = *search;
	size_t from = builder->graph->nodes.count;
	if (!builder->ended_count)
		return 0;
	again.found = task_found_again;
	int status = 0;
	for (int i = 0; !status && builder->ended_count && i < LIMIT_TRIES; i++) {
		let_damaged_end(builder);
		status = find_tasks_in_lists(&again, interp);
		if (!status)
			status = find_tasks_in_sets(&again, modules);
		if (!status)
			status = decode_nodes(builder, from);
		from = builder->graph->nodes.count;
		if (!builder->snap->damaged_count)
			break;
	}
	return status;
}

/* An awaiter that has ended, or is another one by now, at the same address. */
static bool is_stale(const struct link *link)
{
	const struct task *awaiter = link->to->task;
	return link->to->identity != link->identity || (awaiter && awaiter->ended);
}

static size_t count_stale(const struct builder *builder, const struct node *node)
{
	const struct link *links = builder->graph->links.items + node->first_link;
	size_t count = 0;
	for (size_t i = 0; i < node->link_count; i++)
		count += is_stale(&links[i]);
	return count;
}

static int drop_stale(struct builder *builder, struct node *node)
{
	struct reader *reader = &builder->decoder->reader;
	struct link *links = builder->graph->links.items + node->first_link;
	size_t kept = 0;
	for (size_t i = 0; i < node->link_count; i++) {
		if (!is_stale(&links[i]))
			links[kept++] = links[i];
	}
	node->link_count = (uint32_t)kept;
	int status = error_at(&reader->error, AIODBG_CORRUPT, node->addr,
			      "an awaiter has changed meanwhile: awaited");
	return node->task ? builder_note_task(builder, node->task, status, "awaiters")
			  : builder_note(builder, &reader->error);
}

int settle_links(struct builder *builder)
{
	struct nodes *nodes = &builder->graph->nodes;
	int status = 0;
	for (int round = 0; round < LIMIT_TRIES; round++) {
		size_t count = nodes->count, stale = 0;
		for (size_t i = 0; !status && i < count; i++) {
			struct node *node = nodes->items[i];
			status = work_step(&builder->decoder->reader.work);
			if (status || !count_stale(builder, node))
				continue;
			stale++;
			size_t first = node->first_link, links = node->link_count;
			for (size_t k = 0; !status && k < links; k++)
				status = decode_again(builder,
						      builder->graph->links.items[first + k].to);
			if (!status)
				status = decode_again(builder, node);
		}
		if (!status)
			status = decode_nodes(builder, count);
		if (status || !stale)
			return status;
	}
	for (size_t i = 0; !status && i < nodes->count; i++) {
		if (count_stale(builder, nodes->items[i]))
			status = drop_stale(builder, nodes->items[i]);
	}
	return status;
}
