/* SPDX-License-Identifier: MIT */
/*
 * From memory to a snapshot. See snapshot.h.
 *
 * Tasks are looked for where CPython keeps them; each becomes a node, with links to the
 * futures and tasks that await it. Those that were not known before become nodes too, so
 * the list of nodes is worked off until it is complete. What a thread runs is taken from
 * the thread's frames afterwards.
 */
#include "snapshot.h"

#include "addrmap.h"
#include "ceilings.h"
#include "discover.h"
#include "error.h"
#include "graph.h"
#include "modules.h"
#include "py_callback.h"
#include "py_dict.h"
#include "py_future.h"
#include "py_str.h"
#include "task_detail.h"
#include "task_find.h"
#include "tasks.h"

#include <inttypes.h>
#include <string.h>

/* A task whose coroutine is on the stack of a thread. */
struct executing {
	struct task *task;
	uint64_t frame;
};

ARRAY(executings, struct executing);

struct builder {
	struct aiodbg_snapshot *snap;
	struct decoder *decoder;
	struct graph *graph;
	struct executings executing;
	struct stack stack;
	/* Where the next of the snapshot's problems goes: there may be very many. */
	struct aiodbg_problem **problems_end;
	/* The node whose links are being collected. */
	struct node *node;
	unsigned int source;
	/* How many of them could not be read, and the first reason. */
	unsigned int bad_links;
	struct aiodbg_error link_error;
	/* Index of the interpreter that is being searched. */
	size_t interp;
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
	struct aiodbg_problem *problem = problem_create(&builder->snap->arena, error);
	if (!problem)
		return decoder_no_memory(builder->decoder);
	*builder->problems_end = problem;
	builder->problems_end = &problem->next;
	builder->snap->problem_count++;
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

/* A node for a task or future that somebody named as awaiter. NULL if it is neither. */
static int add_awaiter(struct builder *builder, uint64_t addr, struct node **ret)
{
	struct future future;
	*ret = graph_find(builder->graph, addr);
	if (*ret)
		return 0;
	int status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
	if (status)
		return status;
	if (future.is_task) {
		builder->snap->sources[TASK_IN_NONE].found++;
		return add_task(builder, addr, -1, TASK_IN_NONE, ret);
	}
	*ret = graph_add(builder->graph, addr, NULL);
	return *ret ? 0 : decoder_no_memory(builder->decoder);
}

/* The current node is awaited by what is at addr. */
static int link_awaiter(struct builder *builder, uint64_t addr)
{
	struct links *links = &builder->graph->links;
	struct node *awaiter;
	int status = add_awaiter(builder, addr, &awaiter);
	if (status)
		return status;
	/* Both sources mostly name the same one. A long list is not searched: resolving
	 * joins the two anyhow. */
	size_t first = builder->node->first_link;
	for (size_t i = first; i < links->count && i < first + 8; i++) {
		if (links->items[i].to == awaiter) {
			links->items[i].source |= builder->source;
			return 0;
		}
	}
	struct link link = {awaiter, builder->source};
	return array_push(links, link) ? 0 : decoder_no_memory(builder->decoder);
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

static int visit_awaiter(struct decoder *decoder, uint64_t addr, void *arg)
{
	(void)decoder;
	return pass_over(arg, link_awaiter(arg, addr));
}

static int visit_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	return pass_over(arg, callback_visit(decoder, addr, visit_awaiter, arg));
}

/* Collects who awaits the current node. */
static int read_links(struct builder *builder, const struct future *future)
{
	struct decoder *decoder = builder->decoder;
	builder->node->first_link = builder->graph->links.count;
	builder->bad_links = 0;
	builder->source = EDGE_AWAITED_BY;
	int status = future_visit_awaited_by(decoder, future, visit_awaiter, builder);
	status = pass_over(builder, status);
	if (error_is_fatal(status))
		return status;
	/* Each source may have as many. */
	builder->bad_links = builder->bad_links != 0;
	builder->source = EDGE_CALLBACK;
	status = future_visit_callbacks(decoder, future, visit_callback, builder);
	status = pass_over(builder, status);
	builder->node->link_count = builder->graph->links.count - builder->node->first_link;
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

/* Each part that cannot be read costs only itself. */
static int decode_task(struct builder *builder, struct task *task)
{
	struct decoder *decoder = builder->decoder;
	struct future future;
	int status = future_read(
		decoder, task->id,
		task_source_is_list(task->source) ? EXPECT_NATIVE_TASK : EXPECT_TASK, &future);
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
	int status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
	if (!status)
		status = read_links(builder, &future);
	if (!status || error_is_fatal(status))
		return status;
	error_prefix(&builder->decoder->reader.error, "awaiters of a future");
	return note(builder, &builder->decoder->reader.error);
}

/* Nodes are appended while this runs. */
static int decode_nodes(struct builder *builder, size_t from)
{
	for (size_t i = from; i < builder->graph->nodes.count; i++) {
		struct node *node = builder->graph->nodes.items[i];
		int status = reader_check_interrupt(&builder->decoder->reader);
		builder->node = node;
		if (!status)
			status = node->task ? decode_task(builder, node->task)
					    : decode_future(builder, node->addr);
		if (status)
			return status;
	}
	return 0;
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
	qsort(executing->items, executing->count, sizeof(executing->items[0]), compare_executing);
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
	int status = dict_get(decoder, modules->tasks, "_current_tasks", &dict);
	if (!status && dict)
		status = dict_visit(decoder, dict, visit_current, builder);
	if (!status || error_is_fatal(status))
		return status;
	error_prefix(&decoder->reader.error, "running tasks");
	return note(builder, &decoder->reader.error);
}

/* The number of a default name such as Task-12; other names come last. */
static uint64_t default_number(const struct task *task)
{
	char *end;
	if (!task->name || strncmp(task->name, "Task-", 5) != 0 || !task->name[5])
		return UINT64_MAX;
	uint64_t number = strtoull(task->name + 5, &end, 10);
	return *end ? UINT64_MAX : number;
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
static void sort_tasks(struct tasks *tasks, size_t from)
{
	if (tasks->count > from)
		qsort(tasks->items + from, tasks->count - from, sizeof(tasks->items[0]),
		      compare_tasks);
	for (size_t i = from; i < tasks->count; i++)
		tasks->items[i]->index = i;
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
	};
	/* Built-in offsets are not worth a try where asyncio was never loaded. */
	if (!status && (snap->asyncio_loaded || runtime->asyncio))
		status = tasks_in_lists(&search, index);
	size_t in_sets = snap->tasks.count;
	if (!status)
		status = tasks_in_sets(&search, &modules);
	if (!status)
		status = read_current_tasks(builder, &modules);
	if (!status)
		status = decode_nodes(builder, from);
	sort_tasks(&snap->tasks, in_sets);
	return status;
}

/* Tasks in sets may be finished, kept by whoever has a reference: all_tasks() has no such. */
static void drop_finished(struct tasks *tasks)
{
	size_t kept = 0;
	for (size_t i = 0; i < tasks->count; i++) {
		struct task *task = tasks->items[i];
		bool done = task->state == TASK_FINISHED || task->state == TASK_CANCELLED;
		if (done && !task->awaited_count && !task->awaiter_count && !task->problems)
			continue;
		task->index = kept;
		tasks->items[kept++] = task;
	}
	tasks->count = kept;
}

/* What the user asked for by its address. */
static int decode_wanted(struct builder *builder)
{
	struct node *node;
	size_t from = builder->graph->nodes.count;
	if (!builder->snap->wanted)
		return 0;
	builder->interp = 0;
	int status = add_awaiter(builder, builder->snap->wanted, &node);
	return status ? status : decode_nodes(builder, from);
}

static int build(struct builder *builder, struct runtime *runtime)
{
	struct aiodbg_snapshot *snap = builder->snap;
	int status = interps_read(builder->decoder, runtime->addr, &snap->interps, note, builder);
	for (size_t i = 0; !status && i < snap->interps.count; i++)
		status = decode_interp(builder, i, runtime);
	if (!status)
		status = decode_wanted(builder);
	if (!status)
		status = decode_running(builder);
	if (status)
		return status;
	struct decoder *decoder = builder->decoder;
	if (decoder->missing_count) {
		error_prefix(&decoder->missing, "%" PRIu64 " times, something was left out, first",
			     decoder->missing_count);
		status = note(builder, &decoder->missing);
	}
	if (status)
		return status;
	status = graph_resolve(builder->graph, &snap->tasks);
	if (status == AIODBG_LIMIT) {
		error_set(&builder->decoder->reader.error, status,
			  "more than %d edges between tasks, or more than %d futures in a row: cut",
			  LIMIT_EDGES, LIMIT_FUTURES_BETWEEN);
		status = note(builder, &builder->decoder->reader.error);
	}
	if (status)
		return decoder_no_memory(builder->decoder);
	drop_finished(&snap->tasks);
	status = graph_find_cycles(&snap->arena, &snap->tasks, &snap->cycles);
	if (status == AIODBG_LIMIT) {
		error_set(&builder->decoder->reader.error, status,
			  "more than %d cycles, the others are not listed", LIMIT_CYCLES);
		status = note(builder, &builder->decoder->reader.error);
	}
	return status ? decoder_no_memory(builder->decoder) : 0;
}

/* The task that is wanted in detail. */
static int find_wanted(struct builder *builder, struct task **ret)
{
	const struct aiodbg_snapshot *snap = builder->snap;
	struct aiodbg_error *error = &builder->decoder->reader.error;
	if (!snap->wanted)
		return task_find(snap, snap->wanted_task, error, ret);
	/* Finished ones are in no list of the snapshot. */
	*ret = graph_find(builder->graph, snap->wanted)->task;
	if (*ret)
		return 0;
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
	return status ? status : task_detail_decode(builder->decoder, snap, task, snap->detail);
}

int snapshot_decode(struct aiodbg_snapshot *snap, struct decoder *decoder, struct runtime *runtime)
{
	struct builder builder = {
		.snap = snap, .decoder = decoder, .problems_end = &snap->problems};
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
	array_deinit(&builder.stack);
	return status;
}
