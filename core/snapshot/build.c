/* SPDX-License-Identifier: MIT */
/*
 * From memory to a snapshot. See snapshot/build.h.
 *
 * Tasks are looked for where CPython keeps them; each becomes a node, with links to the
 * futures and tasks that await it. Those that were not known before become nodes too, so
 * the list of nodes is worked off until it is complete. What a thread runs is taken from
 * the thread's frames afterwards.
 */
#include "snapshot/build.h"

#include "asyncio/callback.h"
#include "asyncio/find_tasks.h"
#include "asyncio/future.h"
#include "base/addrmap.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "base/sort.h"
#include "cpython/dict.h"
#include "cpython/discover.h"
#include "cpython/modules.h"
#include "cpython/str.h"
#include "snapshot/detail.h"
#include "snapshot/find.h"
#include "snapshot/graph.h"

#include <inttypes.h>
#include <string.h>

/* A task whose coroutine is on the stack of a thread. */
struct executing {
	struct task *task;
	uint64_t frame;
};

ARRAY(executings, struct executing);

/* Somebody who awaits the node that is being decoded. */
struct awaiter {
	uint64_t addr;
	/* NULL if it was not known before; then is_task says what it is. */
	struct node *node;
	unsigned int source;
	bool is_task;
	uint64_t identity;
};

ARRAY(awaiters, struct awaiter);

/* Addresses of awaiters that are looked up together, since each is anywhere in a large table. */
#define TOGETHER 32

/*
 * What tells a task or future from a later one at the same address. The addresses of all that
 * belongs to it may be the same as well: what ends last is what is made next. So of a task the
 * name counts, and of a future the tasks that await it.
 */
struct identity {
	uint64_t sum;
	/* How many more awaiters are looked at. */
	unsigned int left;
};

struct builder {
	struct aiodbg_snapshot *snap;
	struct decoder *decoder;
	struct graph *graph;
	struct executings executing;
	struct stack stack;
	/* Where the next of the snapshot's problems goes: there may be very many. */
	struct aiodbg_problem **problems_end;
	/* The node whose awaiters are being collected, and those. */
	struct node *node;
	struct awaiters awaiters;
	uint64_t unseen[TOGETHER];
	size_t unseen_count;
	unsigned int source;
	/* The target runs on. */
	bool changing;
	struct identity identity;
	/* Tasks that seem to have ended. */
	size_t ended_count;
	/* How many of them could not be read, and the first reason. */
	unsigned int bad_links;
	struct aiodbg_error link_error;
	/* Index of the interpreter that is being searched. */
	size_t interp;
	/* Nodes that were looked at, and frames of all tasks. */
	size_t decoded_count, frame_count;
	/* The threads that run a loop, by the loop: there may be thousands of both. Each is the
	 * thread's index and 1. */
	struct addrmap loops;
	/* All of memory was searched for asyncio's offsets: once for all interpreters. */
	bool asyncio_searched;
};

/* ---- problems ---- */

struct aiodbg_problem *problem_create(struct arena *arena, const struct aiodbg_error *error)
{
	struct aiodbg_problem *problem = arena_alloc(arena, sizeof(*problem));
	if (!problem)
		return NULL;
	problem->code = error->code;
	problem->has_address = error->has_address;
	problem->address = error->address;
	problem->message = arena_string(arena, error->message, strlen(error->message));
	return problem->message ? problem : NULL;
}

static int note(void *arg, const struct aiodbg_error *error)
{
	struct builder *builder = arg;
	struct aiodbg_problem *problem;
	if (builder->snap->problem_count++ >= LIMIT_PROBLEMS)
		return 0;
	problem = problem_create(&builder->snap->arena, error);
	if (!problem)
		return decoder_no_memory(builder->decoder);
	*builder->problems_end = problem;
	builder->problems_end = &problem->next;
	return 0;
}

/* Gives the task the last error. Passes fatal ones through. */
static int task_problem(struct builder *builder, struct task *task, int status, const char *what)
{
	struct aiodbg_error *error = &builder->decoder->reader.error;
	if (!status || error_is_fatal(status))
		return status;
	error_prefix(error, "%s", what);
	struct aiodbg_problem **end = &task->problems;
	struct aiodbg_problem *problem = problem_create(&builder->snap->arena, error);
	if (!problem)
		return decoder_no_memory(builder->decoder);
	if (!*end)
		builder->snap->damaged_count++;
	while (*end)
		end = &(*end)->next;
	*end = problem;
	return 0;
}

/* ---- nodes ---- */

static int add_task(struct builder *builder, uint64_t addr, ptrdiff_t thread,
		    enum task_source source, struct node **ret)
{
	struct aiodbg_snapshot *snap = builder->snap;
	if (snap->tasks.count >= LIMIT_TASKS)
		return error_at(&builder->decoder->reader.error, AIODBG_LIMIT, addr,
				"more than %d tasks", LIMIT_TASKS);
	struct task *task = arena_alloc(&snap->arena, sizeof(*task));
	if (!task)
		return decoder_no_memory(builder->decoder);
	task->id = addr;
	task->index = snap->tasks.count;
	task->thread = thread;
	task->interp = builder->interp;
	task->state = TASK_UNKNOWN;
	task->source = source;
	snap->sources[source].added++;
	*ret = graph_add(builder->graph, addr, task);
	if (!*ret || !array_push(&snap->tasks, task))
		return decoder_no_memory(builder->decoder);
	return 0;
}

static int task_found(void *arg, uint64_t addr, ptrdiff_t thread, enum task_source source)
{
	struct builder *builder = arg;
	struct node *node;
	builder->snap->sources[source].found++;
	if (graph_find(builder->graph, addr))
		return 0;
	return add_task(builder, addr, thread, source, &node);
}

/* A node for the task or future at addr. NULL if it is neither. */
static int add_future(struct builder *builder, uint64_t addr, bool is_task, struct node **ret)
{
	*ret = graph_find(builder->graph, addr);
	if (*ret)
		return 0;
	if (is_task) {
		builder->snap->sources[TASK_IN_NONE].found++;
		return add_task(builder, addr, -1, TASK_IN_NONE, ret);
	}
	*ret = graph_add(builder->graph, addr, NULL);
	return *ret ? 0 : decoder_no_memory(builder->decoder);
}

static int identify_rest(struct builder *builder, const struct future *future, const char *name);

static int identify_awaiter(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct builder *builder = arg;
	struct identity *identity = &builder->identity;
	struct future future;
	const char *name = NULL;
	identity->sum = identity->sum * 31 + addr;
	if (!identity->left)
		return 0;
	identity->left--;
	int status = future_read(decoder, addr, EXPECT_NOTHING, &future);
	if (!status && future.is_task)
		status = future_name(decoder, &future, &name);
	if (!status)
		status = identify_rest(builder, &future, name);
	return error_is_fatal(status) ? status : 0;
}

static int identify_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	int status = callback_visit(decoder, addr, identify_awaiter, arg);
	return error_is_fatal(status) ? status : 0;
}

static int identify_rest(struct builder *builder, const struct future *future, const char *name)
{
	struct identity *identity = &builder->identity;
	if (future->is_task) {
		identity->sum = identity->sum * 31 + future->coro;
		identity->sum = identity->sum * 31 + (name ? htab_hash_string(name) : 0);
		return 0;
	}
	int status = future_visit_awaited_by(builder->decoder, future, identify_awaiter, builder);
	if (!error_is_fatal(status))
		status = future_visit_callbacks(builder->decoder, future, identify_callback,
						builder);
	return error_is_fatal(status) ? status : 0;
}

/* name is the one of a task. Leaves 0 for a target that does not change. */
static int identify(struct builder *builder, const struct future *future, const char *name,
		    uint64_t *ret)
{
	uint64_t missing_count = builder->decoder->missing_count;
	builder->identity = (struct identity){.left = LIMIT_IDENTITY};
	int status = builder->changing ? identify_rest(builder, future, name) : 0;
	*ret = builder->identity.sum;
	/* Whatever is wrong with an awaiter is seen when it is decoded itself. */
	builder->decoder->missing_count = missing_count;
	return status;
}

/* The current node is awaited by what is at addr. */
static int see_awaiter(struct builder *builder, uint64_t addr)
{
	struct future future;
	struct awaiter awaiter = {
		.addr = addr,
		.node = graph_find(builder->graph, addr),
		.source = builder->source,
	};
	int status = 0;
	if (!awaiter.node || builder->changing) {
		status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
		awaiter.is_task = future.is_task;
	}
	if (!status && builder->changing) {
		const char *name = NULL;
		if (future.is_task)
			status = future_name(builder->decoder, &future, &name);
		if (!status)
			status = identify(builder, &future, name, &awaiter.identity);
	}
	if (status)
		return status;
	/* Both sources mostly name the same one. A long list is not searched: resolving
	 * joins the two anyhow. */
	struct awaiters *awaiters = &builder->awaiters;
	for (size_t i = 0; i < awaiters->count && i < 8; i++) {
		if (awaiters->items[i].addr == addr) {
			awaiters->items[i].source |= builder->source;
			return 0;
		}
	}
	return array_push(awaiters, awaiter) ? 0 : decoder_no_memory(builder->decoder);
}

/* Links the current node to those who await it. */
static int link_awaiters(struct builder *builder)
{
	struct links *links = &builder->graph->links;
	builder->node->first_link = links->count;
	for (size_t i = 0; i < builder->awaiters.count; i++) {
		const struct awaiter *awaiter = &builder->awaiters.items[i];
		struct link link = {awaiter->node, awaiter->source, awaiter->identity};
		int status = link.to ? 0
				     : add_future(builder, awaiter->addr, awaiter->is_task,
						  &link.to);
		if (status)
			return status;
		if (links->count >= LIMIT_EDGES)
			return error_at(&builder->decoder->reader.error, AIODBG_TOO_MUCH,
					builder->node->addr, "more than %d awaiters of all tasks",
					LIMIT_EDGES);
		if (!array_push(links, link))
			return decoder_no_memory(builder->decoder);
	}
	builder->node->link_count = links->count - builder->node->first_link;
	return 0;
}

/* An awaiter that cannot be read does not cost the others. */
static int pass_over(struct builder *builder, int status)
{
	if (!status || error_is_fatal(status))
		return status;
	if (builder->bad_links++ == 0)
		builder->link_error = builder->decoder->reader.error;
	return builder->bad_links > LIMIT_BAD_AWAITERS ? status : 0;
}

static int see_awaiters(struct builder *builder)
{
	int status = 0;
	for (size_t i = 0; i < builder->unseen_count; i++)
		addrmap_prefetch(&builder->graph->index, builder->unseen[i]);
	for (size_t i = 0; !status && i < builder->unseen_count; i++)
		status = pass_over(builder, see_awaiter(builder, builder->unseen[i]));
	builder->unseen_count = 0;
	return status;
}

static int visit_awaiter(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct builder *builder = arg;
	(void)decoder;
	builder->unseen[builder->unseen_count++] = addr;
	return builder->unseen_count == TOGETHER ? see_awaiters(builder) : 0;
}

static int visit_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	return pass_over(arg, callback_visit(decoder, addr, visit_awaiter, arg));
}

/* What a source says in the end, and those that it has named and were not yet looked up. */
static int end_source(struct builder *builder, int status)
{
	status = pass_over(builder, status);
	return error_is_fatal(status) ? status : see_awaiters(builder);
}

/* Collects who awaits the current node. */
static int read_links(struct builder *builder, const struct future *future)
{
	struct decoder *decoder = builder->decoder;
	builder->awaiters.count = 0;
	builder->unseen_count = 0;
	builder->bad_links = 0;
	builder->source = EDGE_AWAITED_BY;
	int status = future_visit_awaited_by(decoder, future, visit_awaiter, builder);
	status = end_source(builder, status);
	if (error_is_fatal(status))
		return status;
	/* Each source may have as many. */
	builder->bad_links = builder->bad_links != 0;
	builder->source = EDGE_CALLBACK;
	status = future_visit_callbacks(decoder, future, visit_callback, builder);
	status = end_source(builder, status);
	if (error_is_fatal(status) || !builder->bad_links)
		return status;
	decoder->reader.error = builder->link_error;
	return builder->link_error.code;
}

/* ---- one task ---- */

/* The thread that runs a loop, or -1. */
static ptrdiff_t thread_of_loop(const struct builder *builder, uint64_t loop)
{
	return (ptrdiff_t)(uintptr_t)addrmap_get(&builder->loops, loop) - 1;
}

static bool is_running_task(const struct builder *builder, const struct task *task)
{
	if (task->thread < 0)
		return false;
	return builder->snap->threads.items[task->thread].running_task == task->id;
}

static int read_stack(struct builder *builder, struct task *task, uint64_t coro_addr)
{
	struct aiodbg_snapshot *snap = builder->snap;
	struct coro coro;
	builder->stack.count = 0;
	if (!coro_addr)
		return 0;
	int status = coro_walk(builder->decoder, coro_addr, &builder->stack, &coro);
	if (!status && coro.state == CORO_EXECUTING) {
		struct executing executing = {task, coro.frame};
		if (!array_push(&builder->executing, executing))
			return decoder_no_memory(builder->decoder);
		return 0;
	}
	builder->frame_count += builder->stack.count;
	if (builder->frame_count > LIMIT_FRAMES_OF_ALL)
		return error_at(&builder->decoder->reader.error, AIODBG_TOO_MUCH, task->id,
				"more than %d frames of all tasks", LIMIT_FRAMES_OF_ALL);
	task->depth = builder->stack.count;
	task->stack = arena_alloc(&snap->arena, task->depth * sizeof(*task->stack));
	if (!task->stack)
		return decoder_no_memory(builder->decoder);
	for (size_t i = 0; i < task->depth; i++)
		task->stack[i] = builder->stack.items[task->depth - 1 - i];
	task->coroutines = coro.coroutines;
	return status;
}

static enum task_state state_of_task(const struct builder *builder, const struct task *task,
				     const struct future *future)
{
	switch (future->state) {
	case FUTURE_FINISHED:
		return TASK_FINISHED;
	case FUTURE_CANCELLED:
		return TASK_CANCELLED;
	case FUTURE_PENDING:
		return is_running_task(builder, task) ? TASK_RUNNING : TASK_PENDING;
	default:
		return TASK_UNKNOWN;
	}
}

/*
 * Whether a task that was in a list has left it. What is freed stays as it is for a while,
 * but not the links.
 */
static bool has_left_list(struct builder *builder, const struct task *task)
{
	uint64_t next;
	struct decoder *decoder = builder->decoder;
	return builder->changing && task_source_is_list(task->source) &&
	       !reader_word(&decoder->reader,
			    task->id + (uint64_t)decoder->layout->task.node +
				    (uint64_t)decoder->layout->node.next,
			    &next) &&
	       !next;
}

/* Each part that cannot be read costs only itself. */
static int decode_task(struct builder *builder, struct task *task)
{
	struct decoder *decoder = builder->decoder;
	struct future future;
	int status = future_read(
		decoder, task->id,
		task_source_is_list(task->source) ? EXPECT_NATIVE_TASK : EXPECT_TASK, &future);
	if (!status && has_left_list(builder, task))
		status = reader_corrupt(&decoder->reader, task->id, "has left its list");
	/* As it is before it is set up, and when it is taken apart. Of other classes nothing may
	 * be known. */
	if (!status && !future.name &&
	    (future.type->kind == KIND_TASK || (builder->changing && !future.coro)))
		status = reader_corrupt(&decoder->reader, task->id, "has no name yet, or no more");
	if (status)
		return task_problem(builder, task, status, "task");
	task->type = future.type->name;
	task->loop = future.loop;
	ptrdiff_t thread = thread_of_loop(builder, task->loop);
	if (thread >= 0)
		task->thread = thread;
	task->state = state_of_task(builder, task, &future);
	task->cancel_requests = future.cancel_requests;
	status = future_name(decoder, &future, &task->name);
	status = task_problem(builder, task, status, "name");
	if (!status)
		status = identify(builder, &future, task->name, &builder->node->identity);
	if (!status) {
		status = read_stack(builder, task, future.coro);
		status = task_problem(builder, task, status, "stack");
	}
	if (!status) {
		status = read_links(builder, &future);
		status = task_problem(builder, task, status, "awaiters");
	}
	return status;
}

static int decode_future(struct builder *builder, uint64_t addr)
{
	struct future future;
	uint64_t missing_count = builder->decoder->missing_count;
	int status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
	if (!status)
		status = identify(builder, &future, NULL, &builder->node->identity);
	if (!status)
		status = read_links(builder, &future);
	if (!status || error_is_fatal(status))
		return status;
	/* It has ended. Those who are awaited by it know it as something else. */
	if (builder->changing) {
		builder->node->identity = 0;
		builder->decoder->missing_count = missing_count;
		return 0;
	}
	error_prefix(&builder->decoder->reader.error, "awaiters of a future");
	return note(builder, &builder->decoder->reader.error);
}

/* What decoding a node adds to, besides the node. */
struct before {
	struct aiodbg_problem **problems_end;
	size_t problem_count, damaged_count, executing_count, ended_count;
	uint64_t missing_count;
};

static struct before before_decoding(struct builder *builder)
{
	struct decoder *decoder = builder->decoder;
	reader_begin(&decoder->reader);
	decoder->last_self = 0;
	builder->awaiters.count = 0;
	return (struct before){
		.problems_end = builder->problems_end,
		.problem_count = builder->snap->problem_count,
		.damaged_count = builder->snap->damaged_count,
		.executing_count = builder->executing.count,
		.ended_count = builder->ended_count,
		.missing_count = decoder->missing_count,
	};
}

/* As if the current node had not been decoded. */
static void undo_decoding(struct builder *builder, const struct before *before)
{
	struct task *task = builder->node->task;
	builder->problems_end = before->problems_end;
	*builder->problems_end = NULL;
	builder->snap->problem_count = before->problem_count;
	builder->snap->damaged_count = before->damaged_count;
	builder->executing.count = before->executing_count;
	builder->ended_count = before->ended_count;
	builder->decoder->missing_count = before->missing_count;
	if (!task)
		return;
	task->name = task->type = NULL;
	task->stack = NULL;
	task->depth = task->coroutines = 0;
	task->problems = NULL;
	task->ended = false;
}

/*
 * What cannot be read where a task was has ended since it was found, or since somebody was
 * awaited by it. So has what is no task any more; unless it is found once more.
 */
static void let_end(struct builder *builder, const struct before *before)
{
	struct task *task = builder->node->task;
	if (!builder->changing || !task || !task->problems || task->found_again)
		return;
	undo_decoding(builder, before);
	builder->awaiters.count = 0;
	builder->ended_count++;
	task->ended = true;
}

/* A target that runs on may change it meanwhile: then once more. */
static int decode_node(struct builder *builder, struct node *node)
{
	struct decoder *decoder = builder->decoder;
	int status = reader_check_interrupt(&decoder->reader);
	builder->node = node;
	for (int i = 1; !status; i++) {
		bool same;
		struct before before = before_decoding(builder);
		status = node->task ? decode_task(builder, node->task)
				    : decode_future(builder, node->addr);
		if (!status)
			status = reader_verify(&decoder->reader, &same);
		if (status)
			break;
		if (same) {
			let_end(builder, &before);
			break;
		}
		undo_decoding(builder, &before);
		if (i == LIMIT_TRIES) {
			/* Nothing is known of it that fits together. */
			builder->awaiters.count = 0;
			status = error_at(&decoder->reader.error, AIODBG_CORRUPT, node->addr,
					  "changes all the time");
			status = node->task ? task_problem(builder, node->task, status, "task")
					    : note(builder, &decoder->reader.error);
			break;
		}
	}
	return status ? status : link_awaiters(builder);
}

/* Nodes are appended while this runs. */
static int decode_nodes(struct builder *builder, size_t from)
{
	int status = 0;
	for (size_t i = from; !status && i < builder->graph->nodes.count; i++) {
		status = decode_node(builder, builder->graph->nodes.items[i]);
		builder->decoded_count += !status;
	}
	return status;
}

/* ---- what has changed since it was decoded ---- */

/* Decodes a node that was decoded before. */
static int decode_again(struct builder *builder, struct node *node)
{
	struct executings *executing = &builder->executing;
	struct before before = before_decoding(builder);
	size_t kept = 0;
	builder->node = node;
	int status = reader_work(&builder->decoder->reader, executing->count / 16);
	if (status)
		return status;
	for (size_t i = 0; i < executing->count; i++) {
		if (executing->items[i].task != node->task)
			executing->items[kept++] = executing->items[i];
	}
	before.executing_count = kept;
	if (node->task) {
		before.damaged_count -= node->task->problems != NULL;
		before.ended_count -= node->task->ended;
	}
	undo_decoding(builder, &before);
	return decode_node(builder, node);
}

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

/*
 * Tasks that were found where no task is any more have ended meanwhile, unless they are still
 * to be found: then they are damaged.
 */
static int decode_damaged(struct builder *builder, const struct task_search *search, size_t interp,
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
	node->link_count = kept;
	int status = error_at(&reader->error, AIODBG_CORRUPT, node->addr,
			      "an awaiter has changed meanwhile: awaited");
	return node->task ? task_problem(builder, node->task, status, "awaiters")
			  : note(builder, &reader->error);
}

/*
 * Each node was right when it was decoded. Where it does not fit to what its awaiters were
 * later, it is decoded again, and they are.
 */
static int settle_links(struct builder *builder)
{
	struct nodes *nodes = &builder->graph->nodes;
	int status = 0;
	for (int round = 0; round < LIMIT_TRIES; round++) {
		size_t count = nodes->count, stale = 0;
		for (size_t i = 0; !status && i < count; i++) {
			struct node *node = nodes->items[i];
			status = reader_check_interrupt(&builder->decoder->reader);
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

/* ---- running tasks ---- */

static int compare_executing(const void *a, const void *b)
{
	const struct executing *x = a, *y = b;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static int give_stack(struct builder *builder, struct task *task, const struct thread_frame *frames,
		      size_t count)
{
	task->stack = arena_alloc(&builder->snap->arena, count * sizeof(*task->stack));
	if (!task->stack)
		return decoder_no_memory(builder->decoder);
	for (size_t i = 0; i < count; i++)
		task->stack[i] = frames[i].location;
	task->depth = count;
	task->coroutines = count;
	return 0;
}

/*
 * Cuts a thread's frames into those of the tasks that run there. Usually there is one;
 * an eager task in its first step runs on top of the task that created it.
 */
static int cut_thread(struct builder *builder, size_t thread)
{
	struct thread_frames frames = {0};
	size_t start = 0;
	int status = thread_frames_read(builder->decoder, &builder->snap->threads.items[thread],
					&frames);
	/* What runs is seen as far as it keeps still. */
	if (status && !error_is_fatal(status) && builder->changing)
		status = 0;
	if (status && !error_is_fatal(status)) {
		error_prefix(&builder->decoder->reader.error, "stack of a thread");
		status = note(builder, &builder->decoder->reader.error);
	}
	for (size_t i = 0; !status && i < frames.count; i++) {
		struct executing key = {.frame = frames.items[i].addr};
		struct executing *found = bsearch(&key, builder->executing.items,
						  builder->executing.count, sizeof(key),
						  compare_executing);
		if (!found)
			continue;
		/* Frames in a circle lead to where we were before. */
		if (found->task->stack)
			break;
		found->task->thread = (ptrdiff_t)thread;
		if (found->task->state == TASK_PENDING)
			found->task->state = TASK_RUNNING;
		status = give_stack(builder, found->task, frames.items + start, i + 1 - start);
		start = i + 1;
	}
	array_deinit(&frames);
	return status;
}

/* A coroutine that claims to run, but on no thread: the target was stopped in between. */
static int give_own_frame(struct builder *builder, const struct executing *executing)
{
	struct frame frame;
	struct task *task = executing->task;
	int status = frame_read_any(builder->decoder, executing->frame, &frame);
	if (!status && frame.location) {
		struct thread_frame found = {frame.addr, frame.location};
		status = give_stack(builder, task, &found, 1);
	}
	/* It has gone on since it was decoded. */
	if (!status && builder->changing)
		return 0;
	if (!status)
		status = error_at(&builder->decoder->reader.error, AIODBG_CORRUPT, executing->frame,
				  "coroutine is executing but on the stack of no thread");
	return task_problem(builder, task, status, "stack");
}

static int decode_running(struct builder *builder)
{
	struct executings *executing = &builder->executing;
	int status = 0;
	if (!executing->count)
		return 0;
	status = sort_array(&builder->decoder->reader, executing, compare_executing);
	for (size_t i = 0; !status && i < builder->snap->threads.count; i++)
		status = cut_thread(builder, i);
	for (size_t i = 0; !status && i < executing->count; i++) {
		if (!executing->items[i].task->stack)
			status = give_own_frame(builder, &executing->items[i]);
	}
	return status;
}

/* ---- the whole ---- */

/* A debug build says so in sys.abiflags. */
static int read_build(struct builder *builder, const struct modules *modules)
{
	uint64_t flags;
	const char *text;
	struct decoder *decoder = builder->decoder;
	if (builder->snap->debug >= 0 || !modules->sys)
		return 0;
	int status = dict_get(decoder, modules->sys, "abiflags", &flags);
	if (!status && flags)
		status = str_read(decoder, flags, &text);
	if (!status && flags)
		builder->snap->debug = strchr(text, 'd') != NULL;
	return decoder_go_on(decoder, status);
}

/* An entry of asyncio.tasks._current_tasks: the loop, and the task that it runs. */
static int visit_current(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct builder *builder = arg;
	(void)decoder;
	ptrdiff_t thread = thread_of_loop(builder, key);
	if (thread >= 0)
		builder->snap->threads.items[thread].running_task = value;
	return 0;
}

/* Up to 3.13 all running tasks are in a dict, later only those of other classes. */
static int read_current_tasks(struct builder *builder, const struct modules *modules)
{
	struct decoder *decoder = builder->decoder;
	uint64_t dict = 0;
	if (!modules->tasks)
		return 0;
	int status = 0;
	bool same = false;
	for (int i = 0; !same && i < LIMIT_TRIES; i++) {
		reader_begin(&decoder->reader);
		status = dict_get(decoder, modules->tasks, "_current_tasks", &dict);
		if (!status && dict)
			status = dict_visit(decoder, dict, visit_current, builder);
		if (error_is_fatal(status))
			return status;
		struct aiodbg_error error = decoder->reader.error;
		int verified = reader_verify(&decoder->reader, &same);
		if (verified)
			return verified;
		decoder->reader.error = error;
	}
	if (!status)
		return 0;
	error_prefix(&decoder->reader.error, "running tasks");
	return note(builder, &decoder->reader.error);
}

/* The number of a default name such as Task-12; other names come last. */
static uint64_t default_number(const struct task *task)
{
	if (!task->name || strncmp(task->name, "Task-", 5) != 0)
		return UINT64_MAX;
	uint64_t number = 0;
	size_t digits = 0;
	/* So many fit. */
	for (const char *digit = task->name + 5; *digit; digit++, digits++) {
		if (*digit < '0' || *digit > '9' || digits == 19)
			return UINT64_MAX;
		number = number * 10 + (uint64_t)(*digit - '0');
	}
	return digits ? number : UINT64_MAX;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct task *x = *(struct task *const *)a, *y = *(struct task *const *)b;
	uint64_t first = default_number(x), second = default_number(y);
	if (first != second)
		return first < second ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/*
 * Sets have no order. Tasks that were found in one are put into the order of their
 * creation, as far as default names tell it, then of their addresses.
 */
static int sort_tasks(struct builder *builder, size_t from)
{
	struct tasks *tasks = &builder->snap->tasks;
	size_t count = tasks->count - from;
	int status = count ? sort_items(&builder->decoder->reader, tasks->items + from, count,
					sizeof(tasks->items[0]), compare_tasks)
			   : 0;
	for (size_t i = from; i < tasks->count; i++)
		tasks->items[i]->index = i;
	return status;
}

/* asyncio is in use but says nowhere where its state is. */
static int find_asyncio(struct builder *builder, struct runtime *runtime)
{
	struct reader *reader = &builder->decoder->reader;
	builder->asyncio_searched = true;
	int status = discover_asyncio(reader, runtime);
	if (status || runtime->asyncio)
		return status;
	const char *why = runtime->asyncio_error.code
				  ? runtime->asyncio_error.message
				  : "no such section, nothing like it in memory";
	error_set(&reader->error, AIODBG_NOT_FOUND,
		  "offsets of asyncio (.AsyncioDebug) not found, built-in ones used: %.200s", why);
	return note(builder, &reader->error);
}

/* Which loops the threads from first on run. */
static int note_loops(struct builder *builder, size_t first)
{
	const struct threads *threads = &builder->snap->threads;
	for (size_t i = first; i < threads->count; i++) {
		uint64_t loop = threads->items[i].running_loop;
		if (loop && !addrmap_put(&builder->loops, loop, (void *)(uintptr_t)(i + 1)))
			return decoder_no_memory(builder->decoder);
	}
	return 0;
}

static int decode_interp(struct builder *builder, size_t index, struct runtime *runtime)
{
	struct aiodbg_snapshot *snap = builder->snap;
	struct decoder *decoder = builder->decoder;
	size_t from = builder->graph->nodes.count;
	struct modules modules;
	builder->interp = index;
	size_t first_thread = snap->threads.count;
	int status = modules_read(decoder, &snap->interps.items[index], &modules, note, builder);
	if (!status)
		status = read_build(builder, &modules);
	if (!status && (modules.asyncio || modules.tasks || !modules.complete))
		snap->asyncio_loaded = true;
	if (!status && modules.asyncio && !runtime->asyncio && !builder->asyncio_searched &&
	    layout_asyncio_size(runtime->table))
		status = find_asyncio(builder, runtime);
	if (!status)
		status = threads_read(decoder, &snap->interps, index, &snap->threads, note,
				      builder);
	if (!status)
		status = note_loops(builder, first_thread);
	struct task_search search = {
		.decoder = decoder,
		.interps = &snap->interps,
		.threads = &snap->threads,
		.found = task_found,
		.note = note,
		.arg = builder,
		.first_thread = first_thread,
	};
	/* Built-in offsets are not worth a try where asyncio was never loaded. */
	if (!status && (snap->asyncio_loaded || runtime->asyncio))
		status = find_tasks_in_lists(&search, index);
	size_t in_sets = snap->tasks.count;
	if (!status)
		status = find_tasks_in_sets(&search, &modules);
	if (!status)
		status = read_current_tasks(builder, &modules);
	if (!status)
		status = decode_nodes(builder, from);
	if (!status)
		status = decode_damaged(builder, &search, index, &modules);
	return status ? status : sort_tasks(builder, in_sets);
}

/* Tasks in sets may be finished, kept by whoever has a reference: all_tasks() has no such. */
static int drop_finished(struct tasks *tasks, struct reader *reader)
{
	size_t kept = 0;
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		status = reader_check_interrupt(reader);
		if (task->ended)
			continue;
		bool done = task->state == TASK_FINISHED || task->state == TASK_CANCELLED;
		if (done && !task->awaited_count && !task->awaiter_count && !task->problems)
			continue;
		task->index = kept;
		tasks->items[kept++] = task;
	}
	tasks->count = kept;
	return status;
}

/* What the user asked for by its address. */
static int decode_wanted(struct builder *builder)
{
	struct node *node;
	size_t from = builder->graph->nodes.count;
	if (!builder->snap->wanted)
		return 0;
	builder->interp = 0;
	struct future future;
	int status = future_read(builder->decoder, builder->snap->wanted, EXPECT_NOTHING, &future);
	if (!status)
		status = add_future(builder, future.addr, future.is_task, &node);
	/* It may be among those that were cut. */
	if (!status && node->index < from && node->index >= builder->decoded_count)
		status = decode_node(builder, node);
	return status ? status : decode_nodes(builder, from);
}

/* All objects of the target. */
static int decode_objects(struct builder *builder, struct runtime *runtime)
{
	struct aiodbg_snapshot *snap = builder->snap;
	int status = interps_read(builder->decoder, runtime->addr, &snap->interps, note, builder);
	for (size_t i = 0; !status && i < snap->interps.count; i++)
		status = decode_interp(builder, i, runtime);
	return status;
}

/* Where it was too much, what was found until then is kept: the last error says what is cut. What
 * follows may be as much again, and use so much of the arena. */
static int cut(struct builder *builder, int status, uint64_t arena_limit)
{
	struct decoder *decoder = builder->decoder;
	reader_begin_work(&decoder->reader);
	arena_set_limit(decoder->arena, arena_limit);
	if (status == AIODBG_TOO_MUCH || status == AIODBG_LIMIT)
		return note(builder, &decoder->reader.error);
	return status == AIODBG_NO_MEMORY ? decoder_no_memory(decoder) : status;
}

static int build_objects(struct builder *builder, struct runtime *runtime)
{
	const struct aiodbg_snapshot *snap = builder->snap;
	struct decoder *decoder = builder->decoder;
	int status = decode_objects(builder, runtime);
	if (status == AIODBG_TOO_MUCH)
		error_prefix(&decoder->reader.error,
			     "cut: %zu of %zu tasks and futures that were found, in %zu of %zu "
			     "interpreters",
			     builder->graph->nodes.count - builder->decoded_count,
			     builder->graph->nodes.count, builder->interp + 1, snap->interps.count);
	status = cut(builder, status, LIMIT_ARENA_RUNNING);
	if (!status)
		status = decode_wanted(builder);
	if (!status && builder->changing)
		status = settle_links(builder);
	if (!status)
		status = decode_running(builder);
	if (status == AIODBG_TOO_MUCH)
		error_prefix(&decoder->reader.error, "cut: stacks of running tasks");
	status = cut(builder, status, LIMIT_ARENA_EDGES);
	if (status || !decoder->missing_count)
		return status;
	error_prefix(&decoder->missing, "left out %" PRIu64 " time%s, first",
		     decoder->missing_count, decoder->missing_count == 1 ? "" : "s");
	return note(builder, &decoder->missing);
}

static int build_edges(struct builder *builder)
{
	struct reader *reader = &builder->decoder->reader;
	struct tasks *tasks = &builder->snap->tasks;
	int status = graph_resolve(builder->graph, reader);
	if (status == AIODBG_LIMIT || status == AIODBG_TOO_MUCH)
		error_set(
			&reader->error, status,
			"cut: more than %d edges between tasks, or more than %d futures in a row, "
			"or more work or memory than that",
			LIMIT_EDGES, LIMIT_FUTURES_BETWEEN);
	status = cut(builder, status, LIMIT_ARENA_CYCLES);
	if (status)
		return status;
	status = graph_collect_awaited(builder->graph->arena, tasks, reader);
	if (status == AIODBG_TOO_MUCH)
		error_set(&reader->error, status,
			  "cut: what each task awaits: more work or memory");
	status = cut(builder, status, LIMIT_ARENA_CYCLES);
	if (!status)
		status = drop_finished(tasks, reader);
	if (status)
		return status;
	status = graph_find_cycles(builder->graph->arena, tasks, reader, &builder->snap->cycles);
	if (status == AIODBG_LIMIT || status == AIODBG_TOO_MUCH)
		error_set(&reader->error, status, "more than %d cycles, the others are not listed",
			  LIMIT_CYCLES);
	return cut(builder, status, LIMIT_ARENA_SIZE);
}

/* What did not get into the list of problems is at least counted there. */
static int note_unlisted(struct builder *builder)
{
	size_t count = builder->snap->problem_count;
	if (count <= LIMIT_PROBLEMS)
		return 0;
	error_set(&builder->decoder->reader.error, AIODBG_LIMIT,
		  "%zu problems more than the %d that are listed", count - LIMIT_PROBLEMS,
		  LIMIT_PROBLEMS);
	builder->snap->problem_count = 0;
	int status = note(builder, &builder->decoder->reader.error);
	builder->snap->problem_count = count;
	return status;
}

static int build(struct builder *builder, struct runtime *runtime)
{
	arena_set_limit(builder->decoder->arena, LIMIT_ARENA_TASKS);
	int status = build_objects(builder, runtime);
	if (!status)
		status = build_edges(builder);
	return status ? status : note_unlisted(builder);
}

/* The task that is wanted in detail. */
static int find_wanted(struct builder *builder, struct task **ret)
{
	const struct aiodbg_snapshot *snap = builder->snap;
	struct aiodbg_error *error = &builder->decoder->reader.error;
	const struct aiodbg_target *target = builder->decoder->reader.cache.target;
	if (!snap->wanted)
		return find_task(snap, snap->wanted_task, target->interrupted, target->ctx, error,
				 ret);
	/* Finished ones are in no list of the snapshot. */
	const struct node *node = graph_find(builder->graph, snap->wanted);
	*ret = node ? node->task : NULL;
	if (*ret)
		return 0;
	if (!node)
		return error_at(error, AIODBG_TOO_MUCH, snap->wanted,
				"there was too much to read before the task");
	return error_at(error, AIODBG_NOT_FOUND, snap->wanted,
			"a future, which `asyncio graph` shows, but no task");
}

static int decode_detail(struct builder *builder)
{
	struct aiodbg_snapshot *snap = builder->snap;
	struct task *task;
	if (!snap->wanted_task)
		return 0;
	int status = find_wanted(builder, &task);
	if (!status)
		status = decoder_alloc(builder->decoder, sizeof(*snap->detail),
				       (void **)&snap->detail);
	return status ? status : detail_decode(builder->decoder, snap, task, snap->detail);
}

int64_t snapshot_interp_id(const struct aiodbg_snapshot *snap, size_t index)
{
	return index < snap->interps.count ? snap->interps.items[index].id : -1;
}

int build_snapshot(struct aiodbg_snapshot *snap, struct decoder *decoder, struct runtime *runtime)
{
	struct builder builder = {
		.snap = snap,
		.decoder = decoder,
		.problems_end = &snap->problems,
		.changing = decoder->reader.cache.changing,
	};
	snap->version = runtime->version;
	snap->free_threaded = runtime->free_threaded;
	snap->borrowed_layout = runtime->is_newer ? layout_name(runtime->table) : NULL;
	snap->debug = -1;
	snap->records_awaiters = decoder->layout->future.awaited_by != LAYOUT_NONE;
	snap->graph = arena_alloc(&snap->arena, sizeof(*snap->graph));
	builder.graph = snap->graph;
	int status = snap->graph ? 0 : decoder_no_memory(decoder);
	if (!status) {
		graph_init(snap->graph, &snap->arena);
		status = build(&builder, runtime);
	}
	if (!status)
		status = decode_detail(&builder);
	addrmap_deinit(&builder.loops);
	array_deinit(&builder.executing);
	array_deinit(&builder.awaiters);
	array_deinit(&builder.stack);
	return status;
}
